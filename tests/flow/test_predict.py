"""Class pictures of images without masks: the same by the oracle and by the emitted C++."""

from __future__ import annotations

import io
import os
import shutil
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from command_line import call
from PIL import Image
from seeded_design import HEIGHT, WIDTH, quiet, seed_design, seeded_graph

import fcn_hw
from fcn_hw.colours import class_colours
from fcn_hw.errors import ConfigError, DataError
from fcn_hw.fixed import FixedFormat
from fcn_hw.flow import Workspace, predict
from fcn_hw.flow.images import input_frames
from fcn_hw.flow.labels import ClassNames, graph_labels, labels_of, labels_told, store_labels
from fcn_hw.flow.predict import PREDICTIONS, Predictions, predict_stage
from fcn_hw.flow.workspace import GraphWorkspace
from fcn_hw.harness.compare import Comparison, Difference
from fcn_hw.ir import Graph
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ir.outputs import class_count
from fcn_hw.ir.serialize import save
from fcn_hw.pictures import decode_image, fitted, fitted_frames
from fcn_hw.reference import evaluate
from fcn_hw.results import read_result
from fcn_hw.train.datasets import digit_scenes
from fcn_hw.train.palette import colourise

Bytes = npt.NDArray[np.uint8]
BYTES = FixedFormat(False, 8, 0)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return seed_design(tmp_path_factory.mktemp("predict"))


def noise(seed: int, *shape: int) -> Bytes:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """One of the network's size, a grey one of another, and an animation of three frames."""
    folder = tmp_path / "photos"
    folder.mkdir()
    Image.fromarray(noise(1, HEIGHT, WIDTH, 3)).save(folder / "a.png")
    twice_as_large = noise(2, HEIGHT, WIDTH).repeat(2, axis=0).repeat(2, axis=1)
    Image.fromarray(twice_as_large).save(folder / "b.png")
    frames = [Image.fromarray(noise(seed, HEIGHT, WIDTH, 3)) for seed in (3, 4, 5)]
    frames[0].save(folder / "c.apng", format="PNG", save_all=True, append_images=frames[1:])
    (folder / "notes.txt").write_text("no image\n")
    return folder


def expected_frames() -> Bytes:
    """What the network sees of the photos."""
    grey = noise(2, HEIGHT, WIDTH)[..., None]
    return np.stack(
        [
            noise(1, HEIGHT, WIDTH, 3),
            grey.repeat(3, axis=2),
            *(noise(seed, HEIGHT, WIDTH, 3) for seed in (3, 4, 5)),
        ]
    )


def maps_of(graph: Graph, frames: dict[str, Bytes]) -> Bytes:
    return evaluate(graph, frames, keep=graph.outputs[:1])[graph.outputs[0]][..., 0].astype(
        np.uint8
    )


def test_pictures_by_the_oracle(workspace: Workspace, photos: Path, tmp_path: Path) -> None:
    found = predict_stage(workspace, quiet(), images=photos, output=tmp_path / "seen")
    names = ["a", "b", "c_00000", "c_00001", "c_00002"]
    assert [item.name for item in found.images] == names
    frames = expected_frames()
    maps = maps_of(seeded_graph(), {"image": frames})
    assert len(np.unique(maps)) > 1, "a map of one class would show no mistake"
    for item, frame, classes in zip(found.images, frames, maps, strict=True):
        (drawn,) = item.maps.values()
        with Image.open(tmp_path / "seen" / drawn.classes) as picture:
            assert picture.mode == "P" and np.array_equal(np.asarray(picture), classes)
            assert np.array_equal(np.asarray(picture.convert("RGB")), colourise(classes))
        with Image.open(tmp_path / "seen" / drawn.overlay) as picture:
            half = (frame.astype(int) + colourise(classes)) // 2
            assert np.array_equal(np.asarray(picture), half)
        assert sum(drawn.shares.values()) == pytest.approx(1)
        assert drawn.shares["background"] == np.mean(classes == 0)
    assert read_result(tmp_path / "seen" / PREDICTIONS, Predictions) == found
    (colours,) = found.colours.values()
    assert list(colours) == list(digit_scenes.CLASSES)
    assert list(colours.values())[1] == "#" + bytes(class_colours(2)[1].tolist()).hex()
    assert (found.network, found.fit, found.channels) == ("seeded", "resize", {"image": "RGB"})
    assert (found.board, found.layers) == (None, ())


@pytest.mark.gxx
def test_the_emitted_cpp_draws_the_same_pictures(
    workspace: Workspace, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predict, "_CHUNK_IMAGES", 2)  # three batches
    root = workspace.folder.parents[1]
    fcn_hw.predict_design("seeded", photos, tmp_path / "oracle", root)
    words = ("predict", "seeded", "--images", str(photos), "--root", str(root), "--csim")
    words += ("--board", "pynq-z2", "--output", str(tmp_path / "cpp"))
    done = call(*words)
    assert done.status == 0, done.err
    lines = done.out.splitlines()
    assert any(line.startswith("a: background ") for line in lines)
    values = 5 * HEIGHT * WIDTH * (2 + 4 + 1)
    assert f"exact: C++ for pynq-z2 = integer oracle: {values:,} values, 0 mismatches" in lines, (
        done.out
    )
    driver = (workspace.folder / "pynq-z2/driver/driver.py").read_text()
    assert "CLASSES = {\n    'class_map': (\n        ('background', (0, 0, 0)),\n" in driver
    assert "FIT = 'resize'" in driver
    pictures = sorted(path.name for path in (tmp_path / "oracle").glob("*.png"))
    assert len(pictures) == 10
    for name in pictures:
        same = (tmp_path / "oracle" / name).read_bytes()
        assert (tmp_path / "cpp" / name).read_bytes() == same, name

    wrong = Comparison("score", 9, 1, Difference((0, 0, 0, 0), 1, 2))

    class Wrong(predict.Simulation):
        def run(self, *given: object) -> dict[str, Bytes]:
            maps = super().run(*given)  # type: ignore[arg-type]
            self.compared["score"] = wrong
            return maps

    monkeypatch.setattr(predict, "Simulation", Wrong)
    done = call(*words)
    assert done.status == 1 and "NOT exact" in done.out
    assert "'score': 1 of 9 codes differ, first at (0,0,0,0): expected 1, got 2" in done.out


def two_eyes() -> Graph:
    """RGB and depth in, a class map and its scores out."""
    build = GraphBuilder("eyes")
    image, depth = build.input("rgb", (4, 6, 3), BYTES), build.input("depth", (4, 6, 1), BYTES)
    scores = build.skip_concat("scores", image, depth)
    return build.finish(build.arg_max("class_map", scores), scores)


def test_a_graph_of_two_inputs(tmp_path: Path) -> None:
    save(two_eyes(), tmp_path / "eyes")
    for name, shape in (("rgb", (4, 6, 3)), ("depth", (4, 6))):
        (tmp_path / "seen" / name).mkdir(parents=True)
        for number in range(2):
            path = tmp_path / "seen" / name / f"{number}.png"
            Image.fromarray(noise(number, *shape)).save(path)
    found = fcn_hw.predict_graph(tmp_path / "eyes", tmp_path / "seen", tmp_path / "out")
    frames = {
        "rgb": np.stack([noise(number, 4, 6, 3) for number in range(2)]),
        "depth": np.stack([noise(number, 4, 6)[..., None] for number in range(2)]),
    }
    for item, classes in zip(found.images, maps_of(two_eyes(), frames), strict=True):
        with Image.open(tmp_path / "out" / item.maps["class_map"].classes) as picture:
            assert np.array_equal(np.asarray(picture), classes)
    assert list(found.colours["class_map"]) == ["class 0", "class 1", "class 2", "class 3"]
    assert found.channels == {"rgb": "RGB", "depth": "grey"}
    (tmp_path / "seen" / "depth" / "1.png").unlink()
    with pytest.raises(DataError, match="different numbers of images: 2 of 'rgb', 1 of 'depth'"):
        fcn_hw.predict_graph(tmp_path / "eyes", tmp_path / "seen", tmp_path / "out")
    shutil.rmtree(tmp_path / "seen" / "depth")
    with pytest.raises(DataError, match="there are no images of the input 'depth'"):
        fcn_hw.predict_graph(tmp_path / "eyes", tmp_path / "seen", tmp_path / "out")


def test_pages_of_a_tiff_without_thumbnails(tmp_path: Path) -> None:
    pages = [Image.fromarray(noise(seed, 4, 6, 3)) for seed in range(3)]
    pages[1].encoderinfo = {"tiffinfo": {254: 1}}  # NewSubfileType: a smaller version
    pages[0].save(tmp_path / "stack.tif", save_all=True, append_images=pages[1:])
    found = list(fitted_frames(tmp_path / "stack.tif", (4, 6, 3), "resize"))
    assert [name for name, _ in found] == ["stack_00000", "stack_00001"]
    for (_, pixels), seed in zip(found, (0, 2), strict=True):
        assert np.array_equal(pixels, noise(seed, 4, 6, 3))


def test_names_of_the_classes_of_a_graph(tmp_path: Path, photos: Path) -> None:
    graph, names = two_heads(), {"hues": ["red", "green", "blue"]}
    labels = graph_labels(graph, names, labels_told("pad", None))
    assert labels.classes["kinds"] == ("class 0", "class 1", "class 2", "class 3")
    save(graph, tmp_path / "heads")
    store_labels(tmp_path / "heads", labels)
    found = labels_of(GraphWorkspace(tmp_path / "heads", tmp_path), graph)
    assert found is not None and found.fit == "pad"
    assert [item.name for item in found.classes["hues"]] == names["hues"]
    store_labels(tmp_path / "heads", None)
    found = labels_of(GraphWorkspace(tmp_path / "heads", tmp_path), graph)
    assert found is not None and found.fit == "resize"

    single = seeded_graph()
    count = class_count(single, "class_map")
    save(single, tmp_path / "net")
    named = [f"kind {index}" for index in range(count)]
    store_labels(tmp_path / "net", graph_labels(single, named, labels_told("crop", None)))
    seen = fcn_hw.predict_graph(tmp_path / "net", photos, tmp_path / "out")
    assert (list(seen.colours["class_map"]), seen.fit) == (named, "crop")
    frames = input_frames(GraphWorkspace(tmp_path / "net", tmp_path, data=photos), single, 9)
    middle = fitted(decode_image(photos / "b.png", 3), HEIGHT, WIDTH, "crop")
    assert np.array_equal(frames["image"][1], middle)
    assert not np.array_equal(middle, expected_frames()[1])


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["a", "b"], "the class maps of 'heads' are: 'kinds', 'hues'"),
        ({"hue": ["a"]}, "'hue' is no class map of 'heads'; near: 'hues'"),
        ({"hues": ["a", "b"]}, "'hues' has 3 classes, and 2 names are given"),
        ({"hues": ["a", "b", "a"]}, "two classes of 'hues' have the name 'a'"),
        ({"hues": ["a", "b", ""]}, "'' is no name of a class"),
        ({"hues": ["a", "b", "c\n"]}, r"'c\\n' is no name of a class"),
    ],
)
def test_wrong_names_of_classes(given: ClassNames, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        graph_labels(two_heads(), given)


def test_wrong_words_about_images() -> None:
    with pytest.raises(ConfigError, match="--fit is resize, crop, pad, not 'stretch'"):
        labels_told("stretch", None)
    with pytest.raises(ConfigError, match="--channel-order is rgb or bgr, not 'BGR'"):
        labels_told(None, "BGR")
    build = GraphBuilder("grey")
    grey = build.finish(
        build.crop2d("middle", build.input("depth", (4, 6, 1), BYTES), (0, 0), (2, 6))
    )
    with pytest.raises(ConfigError, match="bgr: no input of 'grey' has 3 channels"):
        graph_labels(grey, {}, labels_told(None, "bgr"))


def test_a_graph_that_wants_blue_first(tmp_path: Path, photos: Path) -> None:
    graph = seeded_graph()
    save(graph, tmp_path / "net")
    store_labels(tmp_path / "net", graph_labels(graph, {}, labels_told(None, "bgr")))
    found = fcn_hw.predict_graph(tmp_path / "net", photos, tmp_path / "out")
    assert found.channels == {"image": "BGR"}
    frames = expected_frames()
    maps = maps_of(graph, {"image": frames[..., ::-1]})
    assert not np.array_equal(maps, maps_of(graph, {"image": frames}))
    for item, frame, classes in zip(found.images, frames, maps, strict=True):
        (drawn,) = item.maps.values()
        with Image.open(tmp_path / "out" / drawn.classes) as picture:
            assert np.array_equal(np.asarray(picture), classes)
        with Image.open(tmp_path / "out" / drawn.overlay) as picture:
            half = (frame.astype(int) + colourise(classes)) // 2
            assert np.array_equal(np.asarray(picture), half)
    given = input_frames(GraphWorkspace(tmp_path / "net", tmp_path, data=photos), graph, 9)["image"]
    assert np.array_equal(given[0], frames[0][..., ::-1])


def test_what_is_refused(tmp_path: Path, photos: Path) -> None:
    build = GraphBuilder("plain")
    image = build.input("image", (4, 6, 3), BYTES)
    save(build.finish(build.crop2d("scores", image, (0, 1), (4, 5))), tmp_path / "plain")
    with pytest.raises(ConfigError) as caught:
        fcn_hw.predict_graph(tmp_path / "plain", photos, tmp_path / "out")
    assert str(caught.value) == "no output of 'plain' is a class map: 'scores'"
    build = GraphBuilder("words")
    image = build.input("image", (4, 6, 3), FixedFormat(True, 6, 2))
    save(build.finish(build.arg_max("class_map", image)), tmp_path / "words")
    with pytest.raises(
        DataError, match="they don't fit the input 'image' of 3 channels fixed<6,2>"
    ):
        fcn_hw.predict_graph(tmp_path / "words", photos, tmp_path / "out")
    save(seeded_graph(), tmp_path / "net")
    twice = tmp_path / "twice.txt"
    twice.write_text("photos/a.png\nphotos/a.png\n")
    with pytest.raises(DataError, match="two images have the name 'a'"):
        fcn_hw.predict_graph(tmp_path / "net", twice, tmp_path / "out")
    (photos / "a.png").write_bytes(b"no image")
    with pytest.raises(DataError, match=r"a\.png: the image can't be decoded: not an image"):
        fcn_hw.predict_graph(tmp_path / "net", photos, tmp_path / "out")


def two_heads() -> Graph:
    """Scores, and two class maps."""
    build = GraphBuilder("heads")
    image = build.input("image", (4, 6, 3), BYTES)
    depth = build.crop2d("middle", build.input("depth", (6, 6, 1), BYTES), (1, 0), (4, 6))
    scores = build.skip_concat("scores", image, depth)
    return build.finish(scores, build.arg_max("kinds", scores), build.arg_max("hues", image))


def video(path: Path, frames: list[Bytes]) -> Path:
    """A video for the ffmpeg of tests/fake_tools."""
    stream = io.BytesIO()
    for frame in frames:
        Image.fromarray(frame).convert("RGB").save(stream, "PPM")
    path.write_bytes(stream.getvalue())
    return path


@pytest.fixture
def ffmpeg(monkeypatch: pytest.MonkeyPatch) -> None:
    fakes = Path(__file__).parents[1] / "fake_tools" / "video"
    monkeypatch.setenv("PATH", f"{fakes}{os.pathsep}{os.environ['PATH']}")


@pytest.mark.usefixtures("ffmpeg")
def test_videos_of_two_inputs_as_two_class_maps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predict, "_CHUNK_IMAGES", 3)
    graph = two_heads()
    save(graph, tmp_path / "heads")
    (tmp_path / "seen").mkdir()
    images = [noise(seed, 4, 6, 3) for seed in range(5)]
    depths = [noise(seed, 6, 6) for seed in range(5)]
    video(tmp_path / "seen/image.mp4", images)
    video(tmp_path / "seen/depth.MKV", depths)
    done = call(
        *("predict", "--graph", str(tmp_path / "heads"), "--images", str(tmp_path / "seen")),
        *("--output", str(tmp_path / "out")),
    )
    assert done.status == 0, done.err
    lines = done.out.splitlines()
    assert len([line for line in lines if line.startswith("image_00004, hues: class ")]) == 1
    frames = {"image": np.stack(images), "depth": np.stack(depths)[..., None]}
    expected = evaluate(graph, frames, keep=graph.outputs)
    found = read_result(tmp_path / "out" / PREDICTIONS, Predictions)
    assert [item.name for item in found.images] == [f"image_{number:05d}" for number in range(5)]
    for number, item in enumerate(found.images):
        assert list(item.maps) == ["kinds", "hues"]
        for name, drawn in item.maps.items():
            assert drawn.classes == f"image_{number:05d}.{name}.classes.png"
            with Image.open(tmp_path / "out" / drawn.classes) as picture:
                assert np.array_equal(np.asarray(picture), expected[name][number, ..., 0])
    assert {name: len(item) for name, item in found.colours.items()} == {"kinds": 4, "hues": 3}

    video(tmp_path / "seen/depth.MKV", depths[:4])
    with pytest.raises(DataError, match="different numbers of images: 'depth' ends after 4"):
        fcn_hw.predict_graph(tmp_path / "heads", tmp_path / "seen", tmp_path / "out")
    (tmp_path / "seen/depth").mkdir()
    with pytest.raises(
        DataError, match=r"which of 'depth', 'depth\.MKV' is of the input 'depth'\?"
    ):
        fcn_hw.predict_graph(tmp_path / "heads", tmp_path / "seen", tmp_path / "out")


@pytest.mark.usefixtures("ffmpeg")
def test_frames_of_a_video_are_fitted_as_images_are(tmp_path: Path) -> None:
    save(seeded_graph(), tmp_path / "net")
    frames = [noise(seed, 2 * HEIGHT + 1, WIDTH - 3, 3) for seed in range(2)]
    clip = video(tmp_path / "clip.avi", frames)
    (tmp_path / "frames").mkdir()
    for number, frame in enumerate(frames):
        Image.fromarray(frame).save(tmp_path / f"frames/clip_{number:05d}.png")
    for images, output in ((clip, "one"), (tmp_path / "frames", "two")):
        fcn_hw.predict_graph(tmp_path / "net", images, tmp_path / output)
    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert len(names) == 5
    for name in names:
        same = (tmp_path / "two" / name).read_bytes()
        assert (tmp_path / "one" / name).read_bytes() == same, name


def test_a_video_needs_ffmpeg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(seeded_graph(), tmp_path / "net")
    where = ("--graph", str(tmp_path / "net"), "--output", str(tmp_path / "out"))
    done = call("predict", *where, "--images", str(tmp_path / "clip.mp4"))
    assert done.status == 2 and "clip.mp4: there is no such file" in done.err
    (tmp_path / "clip.mp4").write_bytes(b"")
    monkeypatch.setenv("PATH", str(tmp_path))
    done = call("predict", *where, "--images", str(tmp_path / "clip.mp4"))
    assert done.status == 2 and "'ffmpeg' was not found on PATH" in done.err
    assert "Install the Debian package ffmpeg." in done.err
    done = call("predict", *where, "--images", str(tmp_path), "--board", "pynq-z2")
    assert done.status == 2 and "have no effect without --csim" in done.err
    done = call("predict", *where, "--images", str(tmp_path), "--board", "pynq-z2", "--csim")
    assert done.status == 2 and "--csim with --graph needs --project" in done.err
