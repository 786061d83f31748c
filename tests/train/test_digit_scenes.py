"""The embedded data set: same bytes everywhere, disjoint splits, sane masks; and MNIST's files."""

from __future__ import annotations

import gzip
import hashlib
import struct
from pathlib import Path

import numpy as np
import pytest

from fcn_hw.design import DigitScenes
from fcn_hw.errors import DataError
from fcn_hw.train.datasets import DataSet, dataset_digest, load_dataset
from fcn_hw.train.datasets.digit_scenes import CLASSES, Draws, source_digits, spline
from fcn_hw.train.datasets.mnist import read_idx, read_mnist


def scenes(**changes: int | str) -> DigitScenes:
    return DigitScenes.model_validate(
        {"kind": "digit_scenes", "train_images": 40, "val_images": 24, **changes}
    )


@pytest.fixture(scope="module")
def data() -> DataSet:
    return load_dataset(scenes())


def test_shapes_and_names(data: DataSet) -> None:
    assert data.train.images.shape == (40, 64, 96, 3) and data.val.masks.shape == (24, 64, 96)
    assert data.train.images.dtype == data.train.masks.dtype == np.uint8
    assert (data.name, data.void, data.n_classes) == ("digit_scenes", None, 11)
    assert data.classes == ("background", *"0123456789") == CLASSES
    assert data.val.names[:2] == ("val_00000", "val_00001")


def test_the_bytes_are_the_same_on_every_machine(data: DataSet) -> None:
    """Integers only, from a stream that NumPy guarantees; a change must raise VERSION."""
    digest = hashlib.sha256(data.val.images.tobytes() + data.val.masks.tobytes()).hexdigest()
    assert digest[:16] == "093d6eb2f077eb36"


def test_a_scene_depends_on_seed_split_and_index_only(data: DataSet) -> None:
    fewer = load_dataset(scenes(val_images=3, train_images=1), splits=("val",))
    assert len(fewer.train) == 0 and fewer.train.images.shape == (0, 64, 96, 3)
    assert (fewer.val.images == data.val.images[:3]).all()
    other = load_dataset(scenes(val_images=3, seed=2), splits=("val",))
    assert (other.val.images != data.val.images[:3]).mean() > 0.5
    assert (data.train.images[:3] != data.val.images[:3]).mean() > 0.5


def test_masks_hold_digits_on_background(data: DataSet) -> None:
    masks = np.concatenate([data.train.masks, data.val.masks])
    assert set(np.unique(masks)) == set(range(11))
    covered = (masks != 0).mean(axis=(1, 2))
    assert covered.min() > 0.005 and covered.max() < 0.5
    kinds = [len(np.unique(mask)) - 1 for mask in masks]
    assert min(kinds) == 1 and max(kinds) <= 4


def test_digits_stand_out_from_what_is_beneath(data: DataSet) -> None:
    """Inside a digit the colour is one colour and noise; around it, another."""
    for image, mask in zip(data.val.images, data.val.masks, strict=True):
        ys, xs = np.nonzero(mask)
        top, left = max(0, ys.min() - 3), max(0, xs.min() - 3)
        box = np.s_[top : ys.max() + 4, left : xs.max() + 4]
        inside = image[box][mask[box] != 0].astype(int)
        outside = image[box][mask[box] == 0].astype(int)
        assert abs(np.median(inside, axis=0) - np.median(outside, axis=0)).max() > 20


def test_no_digit_is_in_both_splits() -> None:
    train, val = (source_digits(split, None) for split in ("train", "val"))
    assert len(train.labels) + len(val.labels) == 1797
    assert 0.19 < len(val.labels) / 1797 < 0.21
    assert set(val.labels.tolist()) == set(range(10))


@pytest.mark.parametrize(("height", "width"), [(8, 8), (9, 200), (200, 13), (97, 131)])
def test_any_size(height: int, width: int) -> None:
    split = load_dataset(scenes(height=height, width=width, val_images=6), splits=("val",)).val
    assert split.images.shape == (6, height, width, 3)
    assert split.masks.any()


def test_draws_cover_their_range() -> None:
    draws = Draws(7)
    assert {draws.between(-1, 2) for _ in range(100)} == {-1, 0, 1, 2}
    assert draws.bytes(3, 5).shape == (3, 5)
    assert set(draws.bytes(20_000).tolist()) == set(range(256))
    assert sum(draws.chance(30) for _ in range(1000)) == pytest.approx(300, abs=60)


def test_spline_against_its_formula() -> None:
    """The tensor product of cubic B-splines, by their definition in fractions."""
    rng = np.random.default_rng(0)
    ink = rng.integers(0, 17, (7, 8))

    def basis(t: float) -> float:
        t = abs(t)
        return (4 - 6 * t**2 + 3 * t**3) / 6 if t < 1 else max(0.0, 2 - t) ** 3 / 6

    row, column = np.meshgrid(np.arange(16, 80), np.arange(16, 96), indexing="ij")
    rows = np.array([[basis(r / 16 - i) for i in range(7)] for r in range(16, 80)])
    columns = np.array([[basis(c / 16 - i) for i in range(8)] for c in range(16, 96)])
    exact = rows @ ink @ columns.T
    assert np.allclose(spline(ink, row, column) / (6 * 16**3) ** 2, exact, rtol=0, atol=1e-9)


# --- MNIST --------------------------------------------------------------------------------------


def idx(array: np.ndarray) -> bytes:
    header = struct.pack(f">{1 + array.ndim}I", 0x0800 + array.ndim, *array.shape)
    return header + array.astype(np.uint8).tobytes()


@pytest.fixture
def mnist(tmp_path: Path) -> Path:
    """Six digits in each part; the test images are gzipped."""
    rng = np.random.default_rng(1)
    folder = tmp_path / "mnist"
    folder.mkdir()
    for part in ("train", "t10k"):
        images = np.zeros((6, 28, 28))
        images[:, 4:24, 6:22] = rng.integers(0, 2, (6, 20, 16)) * 255
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(idx(np.arange(6)))
        path = folder / f"{part}-images-idx3-ubyte"
        if part == "train":
            path.write_bytes(idx(images))
        else:
            path.with_name(path.name + ".gz").write_bytes(gzip.compress(idx(images)))
    return folder


def test_scenes_from_mnist(mnist: Path) -> None:
    config = scenes(mnist="mnist", train_images=4, val_images=4)
    data = load_dataset(config, root=mnist.parent)
    assert data.train.masks.any() and data.val.masks.max() <= 6
    absolute = load_dataset(config.model_copy(update={"mnist": str(mnist)}))
    assert (absolute.val.images == data.val.images).all()


def test_a_blank_digit_is_left_out(mnist: Path) -> None:
    images = np.zeros((6, 28, 28))
    images[:5, 9, 9] = 255
    (mnist / "train-images-idx3-ubyte").write_bytes(idx(images))
    assert len(read_mnist(mnist, "train")[0]) == 5


IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        (IMAGES, None, "no such file, with or without .gz"),
        (IMAGES, b"\0\0\x08", "3 bytes are too few for an idx header"),
        (IMAGES, idx(np.zeros(4)), "12 bytes are too few for an idx header"),
        (
            IMAGES,
            idx(np.zeros((2, 2, 2, 2))),
            "magic number 0x0804, expected 0x0803: not idx bytes in 3 dimensions",
        ),
        (LABELS, idx(np.zeros((6, 4))), "expected 0x0801: not idx bytes in 1 dimension"),
        (IMAGES, idx(np.ones((6, 5, 5)))[:-1], "header says 6x5x5 bytes, file has 149"),
        (IMAGES, idx(np.ones((6, 5, 5))) + b"x", "header says 6x5x5 bytes, file has 151"),
        (IMAGES, idx(np.ones((0, 5, 5))), "holds no data"),
        (LABELS, idx(np.ones(5)), "5 labels for 6 images"),
        (LABELS, idx(np.full(6, 10)), "label 10 is outside 0 to 9"),
        (IMAGES, idx(np.zeros((6, 28, 28))), "every image is blank"),
    ],
)
def test_broken_mnist(mnist: Path, name: str, content: bytes | None, expected: str) -> None:
    path = mnist / name
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        load_dataset(scenes(mnist=str(mnist)))
    assert caught.value.message.startswith(f"{path}: ") and expected in caught.value.message


def test_broken_gzip(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    whole = gzip.compress(idx(np.arange(250)))
    for broken in (whole[:-10], b"not gzip", whole[:20] + b"\xff\xff\xff" + whole[23:]):
        path.write_bytes(broken)
        with pytest.raises(DataError, match=r"a\.gz: can't be read: "):
            read_idx(path, 1)


# --- digest -------------------------------------------------------------------------------------


def test_digest_follows_the_configuration_and_the_files(
    mnist: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = dataset_digest(scenes())
    assert plain == dataset_digest(scenes()) and len(plain) == 64
    assert len({plain, dataset_digest(scenes(seed=2)), dataset_digest(scenes(height=32))}) == 3
    config = scenes(mnist=str(mnist))
    with_mnist = dataset_digest(config)
    assert with_mnist != plain
    (mnist / LABELS).write_bytes(idx(np.arange(6)[::-1]))
    assert dataset_digest(config) != with_mnist
    monkeypatch.setattr("fcn_hw.train.datasets.digit_scenes.VERSION", 0)
    assert dataset_digest(scenes()) != plain
