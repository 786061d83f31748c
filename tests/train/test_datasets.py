"""Data sets from files: layouts, sizes, and an error that names the file for all that can break."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from fcn_hw.design import CamVid, Dataset, Design, Voc
from fcn_hw.errors import DataError
from fcn_hw.train.datasets import Split, camvid, dataset_digest, load_dataset, voc
from fcn_hw.train.datasets.images import Fit, fit_pair, in_own_size
from fcn_hw.train.datasets.pairs import Pair, spread

RNG = np.random.default_rng(5)


def dataset(**section: Any) -> Dataset:
    """A dataset section, checked as a design checks it."""
    return Design.model_validate(
        {"name": "a", "dataset": section, "network": {"kind": "fcn32s", "filters": [1, 1]}}
    ).dataset


def listed(**changes: Any) -> Dataset:
    section = {
        "kind": "list",
        "path": "things",
        "height": 8,
        "width": 12,
        "train_list": "train.txt",
        "val_list": "val.txt",
        "classes": ["ground", "thing"],
        **changes,
    }
    return dataset(**section)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """``things``: three pairs for training, two for validation, of 12 x 8 pixels."""
    folder = tmp_path / "things"
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True)
    for split, count in (("train", 3), ("val", 2)):
        lines = []
        for index in range(count):
            name = f"{split}{index}.png"
            pixels = RNG.integers(0, 256, (8, 12, 3)).astype(np.uint8)
            Image.fromarray(pixels).save(folder / "images" / name)
            Image.fromarray(pixels[..., 0] % 2).save(folder / "masks" / name)
            lines.append(f"images/{name} masks/{name}\n")
        (folder / f"{split}.txt").write_text("".join(lines))
    return tmp_path


def refused(root: Path | None, config: Dataset | None = None) -> DataError:
    with pytest.raises(DataError) as caught:
        load_dataset(config or listed(), root=root)
    return caught.value


# --- pairs that load ----------------------------------------------------------------------------


def test_listed_pairs(root: Path) -> None:
    data = load_dataset(listed(), root=root)
    assert (data.name, data.classes, data.void) == ("list", ("ground", "thing"), 255)
    assert data.train.images.shape == (3, 8, 12, 3) and data.val.masks.shape == (2, 8, 12)
    assert data.train.names == ("train0", "train1", "train2")
    assert (data.train.masks == data.train.images[..., 0] % 2).all()
    only = load_dataset(listed(), root=root, splits=("val",))
    assert len(only.train) == 0 and (only.val.images == data.val.images).all()


def test_grey_images(root: Path) -> None:
    data = load_dataset(listed(channels=1), root=root)
    grey = Image.open(root / "things" / "images" / "val1.png").convert("L")
    assert (data.val.images[1, ..., 0] == np.asarray(grey)).all()


def test_masks_as_palette_or_one_bit_count_by_index(root: Path) -> None:
    path = root / "things" / "masks" / "val0.png"
    mask = Image.open(path)
    expected = np.asarray(mask)
    palette = mask.convert("P")
    palette.putdata(mask.getdata())
    palette.putpalette([9, 9, 9, 200, 0, 0])
    palette.save(path)
    assert (load_dataset(listed(), root=root).val.masks[0] == expected).all()
    Image.fromarray(expected.astype(bool)).save(path)
    assert (load_dataset(listed(), root=root).val.masks[0] == expected).all()


def test_names_with_blanks_are_parted_by_a_tab(root: Path) -> None:
    things = root / "things"
    (things / "images" / "val0.png").rename(things / "images" / "val 0.png")
    (things / "val.txt").write_text("images/val 0.png\tmasks/val0.png\n\n")
    assert load_dataset(listed(), root=root).val.names == ("val 0",)


def test_paths(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = load_dataset(listed(), root=root).val.images
    monkeypatch.setenv("FCN_HW_DATA", str(root))
    below = listed(path=None, train_list="things/train.txt", val_list="things/val.txt")
    for split in ("train", "val"):
        path = root / "things" / f"{split}.txt"
        (root / f"{split}2.txt").write_text(
            path.read_text().replace("images/", "things/images/").replace("masks/", "things/masks/")
        )
    flat = below.model_copy(update={"train_list": "train2.txt", "val_list": "val2.txt"})
    for config in (listed(), listed(path=str(root / "things")), flat):
        assert (load_dataset(config).val.images == expected).all()


def test_limits_are_spread_over_the_list(root: Path) -> None:
    assert load_dataset(listed(train_limit=2), root=root).train.names == ("train0", "train1")
    assert load_dataset(listed(val_limit=9), root=root).val.names == ("val0", "val1")
    pairs = [Pair(str(i), Path(), Path(), "") for i in range(100)]
    assert [pair.name for pair in spread(pairs, 4)] == ["0", "25", "50", "75"]


# --- sizes --------------------------------------------------------------------------------------


def picture(height: int, width: int) -> tuple[Image.Image, Image.Image]:
    """Left half class 1 in bright, right half class 0 in dark."""
    mask = np.zeros((height, width), np.uint8)
    mask[:, : width // 2] = 1
    return Image.fromarray(np.stack([mask * 200] * 3, axis=-1)), Image.fromarray(mask)


def test_resize_stretches_and_averages() -> None:
    image, mask = picture(8, 16)
    pixels, labels = fit_pair(image, mask, 4, 4, fit="resize", void=None)
    assert pixels[..., 0].tolist() == [[200, 200, 0, 0]] * 4
    assert labels.tolist() == [[1, 1, 0, 0]] * 4
    checks = np.indices((8, 8)).sum(axis=0) % 2
    board = Image.fromarray((checks * 200).astype(np.uint8))
    assert (fit_pair(board, board, 4, 4, fit="resize", void=None)[0] == 100).all()


def test_masks_never_get_values_between() -> None:
    mask = Image.fromarray(RNG.choice([0, 7, 255], (33, 47)).astype(np.uint8))
    for fit, size in (("resize", (20, 90)), ("crop", (50, 20)), ("pad", (64, 64))):
        labels = fit_pair(mask, mask, *size, fit=fit, void=255)[1]  # type: ignore[arg-type]
        assert set(np.unique(labels)) <= {0, 7, 255}


@pytest.mark.parametrize(
    ("fit", "size", "rows", "columns"),
    [
        ("resize", (8, 3), [0, 0, 1, 1, 2, 2, 3, 3], [0, 2, 3]),
        ("resize", (4, 4), [0, 1, 2, 3], [0, 1, 2, 3]),
        ("resize", (2, 5), [1, 3], [0, 1, 2, 2, 3]),
        ("pad", (8, 4), [0, 0, 1, 1, 2, 2, 3, 3], [0, 0, 1, 1]),  # two columns are border
        ("pad", (2, 4), [0, 1], [0, 1, 2, 3]),  # two rows are
    ],
)
def test_class_maps_in_the_size_of_an_image(
    fit: Fit, size: tuple[int, int], rows: list[int], columns: list[int]
) -> None:
    classes = np.arange(16, dtype=np.uint8).reshape(4, 4)
    found = in_own_size(classes, size, fit)
    np.testing.assert_array_equal(found, classes[np.ix_(rows, columns)])


def test_crop_takes_the_centre_in_its_own_aspect() -> None:
    image, mask = picture(8, 32)
    pixels, labels = fit_pair(image, mask, 8, 4, fit="crop", void=None)
    assert labels.tolist() == [[1, 1, 0, 0]] * 8 and pixels.shape == (8, 4, 3)
    larger = fit_pair(image, mask, 16, 16, fit="crop", void=None)[1]  # enlarged to 16 x 64 first
    assert (larger[:, :8] == 1).all() and (larger[:, 8:] == 0).all()


def test_pad_adds_void_at_the_right_and_the_bottom() -> None:
    image, mask = picture(4, 8)
    pixels, labels = fit_pair(image, mask, 6, 8, fit="pad", void=255)
    assert (labels[:4] == np.asarray(mask)).all() and (labels[4:] == 255).all()
    assert (pixels[:4] == np.asarray(image)).all() and (pixels[4:] == 0).all()
    smaller = fit_pair(image, mask, 4, 4, fit="pad", void=255)[1]  # shrunk to 2 x 4 first
    assert smaller.tolist() == [[1, 1, 0, 0]] * 2 + [[255] * 4] * 2


@pytest.mark.parametrize("fit", ["resize", "crop", "pad"])
@pytest.mark.parametrize("size", [(1, 1), (1, 50), (3, 2), (50, 7), (16, 16)])
def test_any_size_fits(fit: str, size: tuple[int, int]) -> None:
    image, mask = picture(*size)
    pixels, labels = fit_pair(image, mask, 16, 11, fit=fit, void=255)  # type: ignore[arg-type]
    assert pixels.shape == (16, 11, 3) and labels.shape == (16, 11)


def test_pad_without_void_is_refused(root: Path) -> None:
    error = refused(root, listed(fit="pad", void=None, height=20))
    assert error.message == (
        f"{root}/things/images/train0.png: fit 'pad' needs a void value for the border"
    )
    assert error.hint == "Set dataset.void, or dataset.fit to resize or crop."


# --- errors -------------------------------------------------------------------------------------


def test_missing_folder(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    error = refused(root, listed(path="thingz"))
    assert error.message == f"{root}/thingz: no such folder, needed by data set 'list'"
    assert error.hint == (
        "Set dataset.path in the design, or FCN_HW_DATA to the folder that holds it."
    )
    monkeypatch.delenv("FCN_HW_DATA", raising=False)
    error = refused(None, dataset(kind="camvid", height=8, width=8))
    assert error.message == "data set 'camvid': 'camvid' is relative, and FCN_HW_DATA is not set"
    assert error.hint.startswith("Set FCN_HW_DATA to the folder that holds it")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, "val.txt: no such list of images"),
        (b"", "val.txt: the list is empty"),
        (b"\n  \n", "val.txt: the list is empty"),
        (b"\xff\xfe", "val.txt: the list can't be read: 'utf-8' codec can't decode"),
        (b"\n\nimages/val0.png\n", "val.txt:3: expected 'image mask', found 1 fields"),
        (b"a b c\n", "val.txt:1: expected 'image mask', found 3 fields"),
        (b"a\t\n", "val.txt:1: expected 'image mask', found 1 fields"),
        (b"a\t\tb\n", "val.txt:1: expected 'image mask', found 3 fields"),
    ],
)
def test_broken_lists(root: Path, text: bytes | None, expected: str) -> None:
    path = root / "things" / "val.txt"
    path.unlink()
    if text is not None:
        path.write_bytes(text)
    error = refused(root)
    assert error.message.startswith(f"{root}/things/{expected}")
    if "3 fields" in expected:
        assert error.hint == "Part names that hold blanks by a tab."


def test_missing_files_are_named_and_counted(root: Path) -> None:
    things = root / "things"
    (things / "masks" / "train1.png").unlink()
    expected = f"{things}/masks/train1.png: no such mask, listed in {things}/train.txt:2"
    assert refused(root).message == expected
    (things / "images" / "train2.png").unlink()
    assert refused(root).message == expected + "; 1 more missing"
    with pytest.raises(DataError, match="no such mask"):
        dataset_digest(listed(), root)


def break_file(path: Path, how: str) -> None:
    whole = path.read_bytes()
    if how == "truncated":
        path.write_bytes(whole[: len(whole) // 2])
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "text":
        path.write_bytes(b"hello")
    elif how == "flipped":
        path.write_bytes(whole[:50] + bytes([whole[50] ^ 255]) + whole[51:])
    elif how == "jpeg":
        noise = RNG.integers(0, 256, (64, 64, 3)).astype(np.uint8)
        Image.fromarray(noise).save(path.with_suffix(".jpg"))
        path.write_bytes(path.with_suffix(".jpg").read_bytes()[:2000])


@pytest.mark.parametrize("how", ["truncated", "empty", "text", "flipped", "jpeg"])
@pytest.mark.parametrize("what", ["image", "mask"])
def test_undecodable_files(root: Path, what: str, how: str) -> None:
    path = root / "things" / f"{what}s" / "val1.png"
    break_file(path, how)
    error = refused(root)
    assert error.message.startswith(f"{path}: the {what} can't be decoded: ")
    assert "\n" not in error.message and "0x" not in error.message


def test_sizes_of_image_and_mask_differ(root: Path) -> None:
    path = root / "things" / "masks" / "val1.png"
    Image.new("L", (11, 8)).save(path)
    assert refused(root).message == f"{path}: the mask is 11x8, its image val1.png is 12x8"


@pytest.mark.parametrize(
    ("void", "expected"),
    [(255, "allowed are 0 to 1, and 255 for void"), (None, "allowed are 0 to 1")],
)
def test_wrong_mask_value(root: Path, void: int | None, expected: str) -> None:
    path = root / "things" / "masks" / "val1.png"
    mask = np.asarray(Image.open(path)).copy()
    mask[7, 11] = 2
    Image.fromarray(mask).save(path)
    message = refused(root, listed(void=void)).message
    assert message == f"{path}: mask value 2 is no class; {expected}"


def test_the_mask_is_checked_before_it_shrinks(root: Path) -> None:
    """One wrong pixel that resizing would drop is still wrong."""
    mask = np.zeros((80, 120), np.uint8)
    mask[1, 1] = 9
    Image.fromarray(mask).save(root / "things" / "masks" / "val1.png")
    Image.new("RGB", (120, 80)).save(root / "things" / "images" / "val1.png")
    assert "mask value 9 is no class" in refused(root).message


def test_masks_in_colour_and_deep_images_are_refused(root: Path) -> None:
    mask = root / "things" / "masks" / "val1.png"
    Image.new("RGB", (12, 8)).save(mask)
    error = refused(root)
    assert error.message == f"{mask}: the mask's mode is RGB, not class indices"
    assert error.hint == "write in section dataset: masks: {channel: red}"
    image = root / "things" / "images" / "val0.png"
    Image.fromarray(np.zeros((8, 12), np.uint16)).save(image)
    assert refused(root).message == (
        f"{image}: the image has more than 8 bits a channel; store bytes"
    )


# --- the official layouts -----------------------------------------------------------------------


@pytest.fixture
def tiny_voc(tmp_path: Path) -> Path:
    folder = tmp_path / "voc"
    for part in voc.LAYOUT:
        (folder / part).mkdir(parents=True)
    for split in ("train", "val"):
        name = f"2007_{split}"
        (folder / voc.LAYOUT[0] / f"{split}.txt").write_text(f"{name}\n")
        pixels = RNG.integers(0, 256, (30, 40, 3)).astype(np.uint8)
        Image.fromarray(pixels).save(folder / "JPEGImages" / f"{name}.jpg")
        mask = Image.fromarray(RNG.choice([0, 20, 255], (30, 40)).astype(np.uint8), "L")
        mask.putpalette([index % 256 for index in range(768)])
        mask.save(folder / "SegmentationClass" / f"{name}.png")
    return folder


VOC = {"kind": "voc", "height": 32, "width": 32}


def test_voc_layout(tiny_voc: Path) -> None:
    data = load_dataset(dataset(**VOC), root=tiny_voc.parent)
    assert (data.void, data.n_classes, data.classes[20]) == (255, 21, "tvmonitor")
    assert data.val.names == ("2007_val",)
    assert set(np.unique(data.val.masks)) == {0, 20, 255}


def test_chosen_classes_and_lists_of_voc(tiny_voc: Path) -> None:
    lists = tiny_voc / voc.LAYOUT[0]
    (lists / "train_aug.txt").write_text("2007_train\n2007_val\n")
    (lists / "val_all.txt").write_text("2007_val\n")
    whole = load_dataset(dataset(**VOC), root=tiny_voc.parent)
    config = dataset(
        **VOC, train_list="train_aug", val_list="val_all", classes=["tvmonitor", "cow"]
    )
    assert config.n_classes == 2
    data = load_dataset(config, root=tiny_voc.parent)
    assert (data.classes, data.void) == (("tvmonitor", "cow"), 255)
    assert (data.train.names, data.val.names) == (("2007_train", "2007_val"), ("2007_val",))
    assert (data.val.masks == np.where(whole.val.masks == 20, 0, 255)).all()
    (lists / "val_all.txt").write_text("2007_val\n2007_lost\n")
    assert refused(tiny_voc.parent, config).message == (
        f"{tiny_voc}/JPEGImages/2007_lost.jpg: no such image, listed in {lists}/val_all.txt:2; "
        "1 more missing"
    )
    (lists / "val_all.txt").unlink()
    assert refused(tiny_voc.parent, config).message == (
        f"{lists}/val_all.txt: no such list of images"
    )
    with pytest.raises(ValidationError, match="'cow' is there twice"):
        dataset(**VOC, classes=["cow", "dog", "cow"])


def test_voc_errors(tiny_voc: Path) -> None:
    config, root = dataset(**VOC), tiny_voc.parent
    names = tiny_voc / voc.LAYOUT[0] / "val.txt"
    names.write_text("2007_val  1\n")
    assert refused(root, config).message == f"{names}:1: expected one image name, found 2 fields"
    names.write_text("2007_other\n")
    assert refused(root, config).message == (
        f"{tiny_voc}/JPEGImages/2007_other.jpg: no such image, listed in {names}:1; 1 more missing"
    )
    (tiny_voc / "JPEGImages").rename(tiny_voc / "Images")
    error = refused(root, config)
    assert error.message == f"{tiny_voc}/JPEGImages: no such folder, needed by data set 'voc'"
    assert error.hint == (
        "The folder needs VOC's layout: ImageSets/Segmentation, JPEGImages, SegmentationClass."
    )


def test_camvid_layout(tmp_path: Path) -> None:
    folder = tmp_path / "camvid"
    for split in ("train", "val"):
        (folder / f"{split}annot").mkdir(parents=True)
        (folder / split).mkdir()
        Image.new("RGB", (20, 10), (9, 8, 7)).save(folder / split / "a.png")
        Image.new("L", (20, 10), 11).save(folder / f"{split}annot" / "a.png")
        (folder / f"{split}.txt").write_text(f"{split}/a.png {split}annot/a.png\n")
    config = dataset(kind="camvid", height=8, width=16)
    data = load_dataset(config, root=tmp_path)
    assert (data.void, data.n_classes) == (11, 11)
    assert (data.val.masks == 11).all() and data.val.images[0, 0, 0].tolist() == [9, 8, 7]
    mask = folder / "valannot" / "a.png"
    Image.new("L", (20, 10), 12).save(mask)
    assert refused(tmp_path, config).message == (
        f"{mask}: mask value 12 is no class; allowed are 0 to 10, and 11 for void"
    )


def drives(folder: Path, *drives_of_train: str) -> None:
    """A CamVid of one picture a drive."""
    for split, names in (("train", drives_of_train), ("val", ("0016E5",))):
        (folder / split).mkdir(parents=True)
        lines = []
        for name in names:
            Image.new("RGB", (20, 10), (9, 8, 7)).save(folder / split / f"{name}_1.png")
            Image.new("L", (20, 10), 3).save(folder / split / f"{name}_m.png")
            lines.append(f"{split}/{name}_1.png {split}/{name}_m.png\n")
        (folder / f"{split}.txt").write_text("".join(lines))


def test_held_out_drives_of_camvid_are_the_test_split(tmp_path: Path) -> None:
    drives(tmp_path / "camvid", "0001TP", "0006R0", "0016E5")
    plain = dataset(kind="camvid", height=8, width=16)
    assert len(load_dataset(plain, root=tmp_path).test) == 0
    config = dataset(kind="camvid", height=8, width=16, held_out=["0006R0"])
    data = load_dataset(config, root=tmp_path)
    assert (data.train.names, data.test.names) == (("0001TP_1", "0016E5_1"), ("0006R0_1",))
    assert data.val.names == ("0016E5_1",)
    assert dataset_digest(config, tmp_path) != dataset_digest(plain, tmp_path)
    wrong = dataset(kind="camvid", height=8, width=16, held_out=["0007TP"])
    error = refused(tmp_path, wrong)
    assert error.message == (
        f"dataset.held_out: '0007TP' is no sequence of {tmp_path}/camvid/train.txt"
    )
    assert error.hint == "it has 0001TP, 0006R0, 0016E5"
    every = dataset(kind="camvid", height=8, width=16, held_out=["0001TP", "0006R0", "0016E5"])
    assert refused(tmp_path, every).message == ("dataset.held_out: no sequence is left to train on")


# --- one class an image ---------------------------------------------------------------------------


def idx(array: np.ndarray) -> bytes:
    """An idx file: magic number, sizes, bytes."""
    head = np.array([0x0800 + array.ndim, *array.shape], ">u4").tobytes()
    return head + array.astype(np.uint8).tobytes()


@pytest.fixture
def mnist(tmp_path: Path) -> Path:
    """Twelve images to train and choose by, four to test."""
    folder = tmp_path / "mnist"
    folder.mkdir()
    for part, count in (("train", 12), ("t10k", 4)):
        images = RNG.integers(1, 256, (count, 28, 28))
        (folder / f"{part}-images-idx3-ubyte").write_bytes(idx(images))
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(idx(np.arange(count) % 10))
    return tmp_path


def digits(**section: Any) -> Dataset:
    return Design.model_validate(
        {
            "name": "a",
            "dataset": {"kind": "mnist", **section},
            "network": {"kind": "cnn", "filters": [1, 1]},
        }
    ).dataset


def test_mnist_has_one_class_an_image_and_three_splits(mnist: Path) -> None:
    data = load_dataset(digits(val_images=5), root=mnist)
    assert (len(data.train), len(data.val), len(data.test)) == (7, 5, 4)
    assert data.train.images.shape == (7, 28, 28, 1) and data.val.masks.shape == (5, 1, 1)
    assert (data.metric, data.n_classes, data.void) == ("accuracy", 10, None)
    assert data.train.masks.ravel().tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert data.val.masks.ravel().tolist() == [7, 8, 9, 0, 1]
    assert data.val.names[0] == "val_00007" and data.test.names[0] == "test_00000"
    fewer = load_dataset(digits(val_images=5, train_limit=2), root=mnist)
    assert (len(fewer.train), len(fewer.val)) == (2, 5)
    only = load_dataset(digits(val_images=5), root=mnist, splits=("test",))
    assert len(only.train) == 0 and (only.test.images == data.test.images).all()
    assert only.metric == "accuracy"


def test_mnist_must_leave_images_to_train_on(mnist: Path) -> None:
    assert refused(mnist, digits(val_images=12)).message == (
        "dataset.val_images: 12 of 12 images leave none to train on"
    )


def test_mnist_of_another_size_is_refused(mnist: Path) -> None:
    path = mnist / "mnist" / "train-images-idx3-ubyte"
    path.write_bytes(idx(RNG.integers(1, 256, (12, 28, 20))))
    assert refused(mnist, digits(val_images=5)).message == (
        f"{mnist}/mnist: images of 28 x 20, not 28 x 28"
    )


def test_maps_and_classes_are_not_mixed() -> None:
    with pytest.raises(ValidationError, match="mnist and cnn go together"):
        dataset(kind="mnist")


# --- digest -------------------------------------------------------------------------------------


def test_digest_follows_content_not_place(root: Path, tmp_path: Path) -> None:
    first = dataset_digest(listed(), root)
    (root / "things").rename(root / "moved")
    assert dataset_digest(listed(path="moved"), root) == first
    assert dataset_digest(listed(path=str(root / "moved"))) == first
    config = listed(path="moved")
    seen = {first, dataset_digest(listed(path="moved", height=16), root)}

    def digest_after(change: Callable[[], object]) -> str:
        change()
        return dataset_digest(config, root)

    image, mask = (root / "moved" / kind / "val1.png" for kind in ("images", "masks"))
    seen.add(digest_after(lambda: Image.new("RGB", (12, 8), (1, 2, 3)).save(image)))
    seen.add(digest_after(lambda: Image.new("RGB", (12, 8), (1, 2, 4)).save(image)))
    seen.add(digest_after(lambda: Image.new("L", (12, 8)).save(mask)))
    lines = root / "moved" / "val.txt"
    seen.add(digest_after(lambda: lines.write_text(lines.read_text().splitlines()[0])))
    assert len(seen) == 6


# --- the real ones ------------------------------------------------------------------------------


def real(name: str, folder: str) -> pytest.MarkDecorator:
    path = Path(os.environ.get("FCN_HW_DATA", "")) / folder
    missing = not os.environ.get("FCN_HW_DATA") or not path.is_dir()
    return pytest.mark.skipif(missing, reason=f"{name} not at FCN_HW_DATA/{folder}")


def check_real(split: Split, n_classes: int, void: int) -> None:
    assert len(split) == len(split.names) > 0
    assert set(np.unique(split.masks)) <= {*range(n_classes), void}
    assert split.images.std() > 20


@real("CamVid", "camvid")
def test_real_camvid() -> None:
    config = CamVid(kind="camvid", height=48, width=64, train_limit=20)
    data = load_dataset(config)
    check_real(data.train, 11, camvid.VOID)
    check_real(data.val, 11, camvid.VOID)
    road = (data.val.masks == 3).mean()
    assert 0.1 < road < 0.5 and len(data.val) == 101


@real("PASCAL VOC", "voc")
def test_real_voc() -> None:
    config = Voc(kind="voc", height=64, width=64, fit="pad", train_limit=20, val_limit=20)
    data = load_dataset(config)
    check_real(data.train, 21, voc.VOID)
    check_real(data.val, 21, voc.VOID)


@real("MNIST", "mnist")
def test_real_mnist() -> None:
    data = load_dataset(dataset(kind="digit_scenes", mnist="mnist", val_images=20), splits=["val"])
    assert set(np.unique(data.val.masks)) == set(range(11))
