"""The emitted driver moves real bytes through the compiled firmware; then everything breaks."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from axi_device import Device, build_device
from axi_model import frame_bytes_of
from bundles import wide_graph
from fake_pynq import Faults, fake_pynq
from PIL import Image
from random_graphs import random_frames

import fcn_hw
from fcn_hw.backend.axi_interface import axi_interface
from fcn_hw.backend.driver import driver_files, labels_text
from fcn_hw.boards import Board, load_board
from fcn_hw.fixed import FixedFormat
from fcn_hw.flow.labels import graph_labels, labels_of, labels_told, store_labels
from fcn_hw.flow.workspace import GraphWorkspace
from fcn_hw.ir import Graph
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ir.labels import ClassLabel, Labels
from fcn_hw.ir.serialize import save
from fcn_hw.reference import evaluate
from fcn_hw.scaling import Scaling

pytestmark = pytest.mark.gxx
FRAMES = 3
PYNQ = load_board("pynq-z2")
PLAIN = PYNQ.model_copy(update={"axi_stream_width_bits": 128, "control": "none"})


def classes() -> Graph:
    """An image of 3 channels in, a class map out; 105 bytes and 35 a frame, both ragged."""
    build = GraphBuilder("seg")
    image = build.input("image", (5, 7, 3), FixedFormat(False, 8, 0))
    return build.finish(build.arg_max("class_map", image))


class Bench:
    """A compiled design, its driver and golden vectors."""

    def __init__(
        self, graph: Graph, board: Board, folder: Path, labels: Labels | None = None
    ) -> None:
        self.graph, self.board, self.folder = graph, board, folder
        self.device = Device(build_device(graph, board, folder), axi_interface(graph, board))
        for name, text in driver_files(graph, board, labels).items():
            (folder / name).write_text(text)
        self.codes = random_frames(graph, 3, FRAMES)
        self.expected = evaluate(graph, self.codes, keep=graph.outputs)
        self.golden, self.bit = folder / "golden", folder / f"{graph.name}.bit"
        for path in (self.bit, self.bit.with_suffix(".hwh")):
            path.write_bytes(b"")
        for kind, tensors in (("inputs", self.codes), ("layers", self.expected)):
            (self.golden / kind).mkdir(parents=True)
            for name, codes in tensors.items():
                data = b"".join(frame_bytes_of(frame, graph.tensor(name)) for frame in codes)
                (self.golden / kind / f"{name}.bin").write_bytes(data)
        spec = importlib.util.spec_from_file_location(
            f"driver_of_{graph.name}", folder / "driver" / "driver.py"
        )
        assert spec is not None and spec.loader is not None
        self.driver: ModuleType = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self.driver)


@pytest.fixture(scope="module")
def seg(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    folder = tmp_path_factory.mktemp("graph")
    store_labels(folder, graph_labels(classes(), {}, BLUE_FIRST))
    return Bench(classes(), PYNQ, tmp_path_factory.mktemp("seg"), labelled(classes(), folder))


BLUE_FIRST = labels_told("crop", "bgr")


def labelled(graph: Graph, folder: Path = Path()) -> Labels:
    """The labels of a graph without a design, in its folder."""
    found = labels_of(GraphWorkspace(folder, Path()), graph)
    assert found is not None
    return found


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    def overlay(bench: Bench, faults: Faults | None = None, **kwargs: Any) -> Any:
        monkeypatch.setitem(sys.modules, "pynq", fake_pynq(bench.device, faults or Faults()))
        return bench.driver.FcnOverlay(str(bench.bit), **kwargs)

    return overlay


def test_class_maps_are_the_oracles(seg: Bench, load: Callable[..., Any]) -> None:
    overlay = load(seg)
    images = seg.codes["image"].astype(np.uint8)
    maps = overlay.predict(images)
    assert maps.dtype == np.uint8
    assert np.array_equal(maps, seg.expected["class_map"][..., 0])
    assert np.array_equal(overlay.predict(images[1]), maps[1])
    assert overlay.predict(images[:0]).shape == (0, 5, 7)


def test_self_test_and_throughput(
    seg: Bench, load: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    overlay = load(seg)
    values = FRAMES * 35
    assert overlay.self_test(seg.golden) == {"frames": FRAMES, "values": values, "differences": 0}
    assert overlay.counters()["design_id"] == seg.driver.DESIGN_ID
    tested = overlay.throughput_test(7)
    assert tested["frames"] == 7 and tested["frames_per_s"] > 0
    load(seg)
    assert seg.driver.main([str(seg.bit), "--golden", str(seg.golden), "--frames", "5"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"self test: 3 frames, {values} values, 0 differences"
    assert lines[1].startswith("throughput: 5 frames in ")


def test_a_mask_and_the_scores_behind_it(tmp_path: Path, load: Callable[..., Any]) -> None:
    build = GraphBuilder("mask")
    scaling = Scaling((Fraction(1, 31),), (Fraction(1, 2),))
    image = build.input("image", (5, 7, 1), FixedFormat(True, 6, 2), scaling=scaling)
    scores = build.crop2d("scores", image, (0, 1), (5, 6))
    bench = Bench(build.finish(build.above_zero("class_map", scores), scores), PYNQ, tmp_path / "m")
    overlay = load(bench)
    codes = bench.codes["image"].astype(np.int8)
    cropped = codes[:, :, 1:]
    masks = overlay.predict(codes)
    assert masks.dtype == np.uint8
    assert np.array_equal(masks, cropped[..., 0] > 0)
    found = overlay.run({"image": codes})
    assert np.array_equal(found["scores"], cropped)
    assert np.array_equal(found["class_map"][..., 0], masks)
    assert overlay.self_test(bench.golden)["values"] == FRAMES * 2 * 30
    for name in ("driver.py", "mask_axi_hw.h"):
        text = (tmp_path / "m" / "driver" / name).read_text()
        assert "code * 1/31 + 1/2" in text
        assert "class: 1 where the score is above 0" in text
        assert "code * 1/16" in text


def test_two_inputs_two_outputs_no_registers(tmp_path: Path, load: Callable[..., Any]) -> None:
    bench = Bench(wide_graph(), PLAIN, tmp_path / "wide")
    overlay = load(bench)
    assert overlay.counters() == {}
    frames = {
        "left": bench.codes["left"].astype("<i2"),
        "frames": bench.codes["frames"].astype("<i4"),
    }
    found = overlay.run(frames)
    assert {name: np.array_equal(codes, bench.expected[name]) for name, codes in found.items()} == {
        "total": True, "padded": True,
    }  # fmt: skip
    assert overlay.self_test(bench.golden)["differences"] == 0
    assert overlay.throughput_test(3)["frames"] == 3
    with pytest.raises(bench.driver.WrongImages) as caught:
        overlay.run({"left": frames["left"]})
    assert str(caught.value) == "inputs are ['frames', 'left'], given: ['left']"
    with pytest.raises(bench.driver.WrongImages, match="different numbers of frames: \\[2, 3\\]"):
        overlay.run({"left": frames["left"], "frames": frames["frames"][:2]})
    with pytest.raises(
        bench.driver.WrongImages, match=r"'left' holds codes from .* to 1024, fixed"
    ):
        overlay.run({**frames, "left": np.full_like(frames["left"], 1024)})


def drawn(folder: Path) -> dict[str, bytes]:
    """The pictures of a folder."""
    return {path.name: path.read_bytes() for path in folder.glob("*.png")}


def test_pictures_of_image_files_are_those_of_predict(
    seg: Bench, load: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.syspath_prepend(str(seg.folder / "driver"))
    monkeypatch.delitem(sys.modules, "pictures", raising=False)
    photos = tmp_path / "photos"
    photos.mkdir()
    rng = np.random.default_rng(8)
    noise = [rng.integers(0, 256, (11, 9, 3), dtype=np.uint8) for _ in range(3)]
    Image.fromarray(noise[0]).save(photos / "photo.jpg")
    frames = [Image.fromarray(item) for item in noise[1:]]
    frames[0].save(photos / "clip.gif", save_all=True, append_images=frames[1:])
    save(seg.graph, tmp_path / "graph")
    store_labels(tmp_path / "graph", graph_labels(seg.graph, {}, BLUE_FIRST))
    found = fcn_hw.predict_graph(tmp_path / "graph", photos, tmp_path / "predict")
    load(seg)
    words = [str(seg.bit), "--image", str(photos / "photo.jpg"), str(photos / "clip.gif")]
    assert seg.driver.main([*words, "--output", str(tmp_path / "board")]) == 0
    assert len(found.images) == 3 and drawn(tmp_path / "board") == drawn(tmp_path / "predict")
    first = capsys.readouterr().out.splitlines()[0]
    assert first == " ".join(
        str(tmp_path / "board" / f"photo.{kind}.png") for kind in ("classes", "overlay")
    )
    assert {
        output: [name for name, _ in classes] for output, classes in seg.driver.CLASSES.items()
    } == {output: list(colours) for output, colours in found.colours.items()}
    load(seg)
    (photos / "photo.jpg").write_bytes(b"none")
    assert seg.driver.main(words[:3]) == 1
    assert "photo.jpg: the image can't be decoded: not an image" in capsys.readouterr().err


def test_pictures_of_two_inputs_and_two_class_maps(
    tmp_path: Path, load: Callable[..., Any], monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    build = GraphBuilder("eyes")
    depth = build.input("depth", (4, 6, 1), FixedFormat(False, 8, 0))
    rgb = build.input("rgb", (4, 6, 3), FixedFormat(False, 8, 0))
    scores = build.skip_concat("scores", rgb, depth)
    graph = build.finish(scores, build.arg_max("kinds", scores), build.arg_max("colour", rgb))
    bench = Bench(graph, PYNQ, tmp_path / "eyes", labelled(graph))
    monkeypatch.syspath_prepend(str(tmp_path / "eyes" / "driver"))
    monkeypatch.delitem(sys.modules, "pictures", raising=False)
    rng = np.random.default_rng(9)
    words = []
    for name, shape in (("rgb", (8, 12, 3)), ("depth", (4, 6))):
        path = tmp_path / "photos" / name / "scene.png"
        path.parent.mkdir(parents=True)
        Image.fromarray(rng.integers(0, 256, shape, dtype=np.uint8)).save(path)
        words.append(f"{name}={path}")
    save(graph, tmp_path / "graph")
    fcn_hw.predict_graph(tmp_path / "graph", tmp_path / "photos", tmp_path / "predict")
    load(bench)
    where = [str(bench.bit), "--output", str(tmp_path / "board"), "--image"]
    assert bench.driver.main([*where, *words]) == 0
    assert sorted(drawn(tmp_path / "board")) == sorted(
        f"scene.{name}.{kind}.png"
        for name in ("kinds", "colour")
        for kind in ("classes", "overlay")
    )
    assert drawn(tmp_path / "board") == drawn(tmp_path / "predict")
    load(bench)
    assert bench.driver.main([*where, words[0]]) == 1
    assert "error: --image needs depth=FILE rgb=FILE" in capsys.readouterr().err


def test_image_files_only_where_they_are_codes() -> None:
    """A network that takes no bytes has no labels, and its driver no --image."""
    build = GraphBuilder("words")
    image = build.input("image", (5, 7, 3), FixedFormat(True, 8, 1))
    signed = build.finish(build.arg_max("class_map", image))
    assert labels_of(GraphWorkspace(Path(), Path()), signed) is None
    files = driver_files(signed, PYNQ)
    assert "driver/pictures.py" not in files and "--image" not in files["driver/driver.py"]


def test_stalled_output_says_how_far_it_came(seg: Bench, load: Callable[..., Any]) -> None:
    overlay = load(seg, Faults(stalled={"out_class_map"}, beats=2), timeout_s=0.2)
    begin = time.monotonic()
    with pytest.raises(seg.driver.Stalled) as caught:
        overlay.self_test(seg.golden)
    assert time.monotonic() - begin < 5
    assert caught.value.channels == [("axi_dma_0.recvchannel", 5, 2)]
    assert str(caught.value).startswith(
        "no progress for 0.2 s: axi_dma_0.recvchannel (out_class_map): expected 5 beats, "
        "2 seen in memory; registers: frames "
    )
    with pytest.raises(seg.driver.DriverError, match="load the overlay again"):
        overlay.predict(seg.codes["image"].astype(np.uint8))


def test_stalled_input(seg: Bench, load: Callable[..., Any]) -> None:
    for call in ("self_test", "throughput_test"):
        overlay = load(seg, Faults(stalled={"in_image"}), timeout_s=0.1)
        with pytest.raises(seg.driver.Stalled) as caught:
            getattr(overlay, call)(*([seg.golden] if call == "self_test" else [2]))
        names = [name for name, *_ in caught.value.channels]
        assert names == ["axi_dma_0.recvchannel", "axi_dma_0.sendchannel"]
        assert "axi_dma_0.sendchannel (in_image): expected 14 beats, not all were taken" in str(
            caught.value
        )


def test_stopped_channel(seg: Bench, load: Callable[..., Any]) -> None:
    overlay = load(seg, Faults(stopped={"out_class_map"}))
    with pytest.raises(seg.driver.DriverError) as caught:
        overlay.predict(seg.codes["image"].astype(np.uint8))
    assert str(caught.value) == (
        "the DMA channel of out_class_map has stopped with an error: "
        "a packet of the wrong length, or wrong memory"
    )
    seg.device.step()  # the frame that nobody took is no concern of the tests that follow
    while seg.device.receive("out_class_map", 64) is not None:
        pass


def test_first_wrong_pixel(
    seg: Bench, load: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    faults = Faults(wrong=(9, 1))
    overlay = load(seg, faults)
    with pytest.raises(seg.driver.WrongPixel) as caught:
        overlay.self_test(seg.golden)
    right = int(seg.expected["class_map"][0, 1, 2, 0])
    assert caught.value.index == (0, 1, 2, 0)
    assert (caught.value.expected, caught.value.actual, caught.value.count) == (right, right + 1, 1)
    load(seg, faults)
    assert seg.driver.main([str(seg.bit), "--golden", str(seg.golden)]) == 1
    assert "error: 'class_map' differs at (frame, row, column, channel) (0, 1, 2, 0)" in (
        capsys.readouterr().err
    )


@pytest.mark.parametrize(
    ("registers", "message"),
    [
        ({0x30: 7}, "another version of seg: design_id is 0x00000007, must be 0x"),
        ({0x20: 5}, "3 frames were sent, the hardware counted 0"),
    ],
)
def test_wrong_counters(
    seg: Bench, load: Callable[..., Any], registers: dict[int, int], message: str
) -> None:
    with pytest.raises(seg.driver.DriverError, match=message):
        load(seg, Faults(registers=registers)).self_test(seg.golden)


def test_wrong_packet_is_counted(seg: Bench, load: Callable[..., Any]) -> None:
    overlay = load(seg)
    overlay.self_test(seg.golden)
    before = overlay.counters()
    seg.device.send("in_image", bytes(20))  # too short
    seg.device.step()
    assert seg.device.receive("out_class_map", 64) == bytes(35)
    after = overlay.counters()
    assert after["errors_image"] - before["errors_image"] == 1
    assert after["frames"] - before["frames"] == 1
    assert overlay.self_test(seg.golden)["differences"] == 0


def test_wrong_bitfile(seg: Bench, load: Callable[..., Any], tmp_path: Path) -> None:
    wrong, make = seg.driver.WrongBitfile, seg.driver.FcnOverlay
    with pytest.raises(wrong, match=r"'seg\.xsa' is no bitstream: its name must end in \.bit"):
        make("seg.xsa")
    (tmp_path / "other.bit").write_bytes(b"")
    with pytest.raises(wrong, match=r"no file '.*seg\.bit'; bitstreams in that folder: other\.bit"):
        make(tmp_path / "seg.bit")
    with pytest.raises(wrong, match=r"there is no file '.*other\.hwh'"):
        make(tmp_path / "other.bit")
    with pytest.raises(
        wrong, match=r"no IP 'axi_dma_0', so it is not the bitstream of seg; it has: ps"
    ):
        load(seg, Faults(cells=["ps", "seg_axi"]))


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((1, 5, 7, 1), np.uint8), "shape (1, 5, 7, 1), must be (N, 5, 7, 3)"),
        (np.zeros((7, 5, 3), np.uint8), "shape (7, 5, 3), must be (N, 5, 7, 3)"),
        (np.zeros((1, 5, 7, 3)), "dtype float64, must be uint8: codes of ufixed<8,0>, not real"),
    ],
)
def test_wrong_images(
    seg: Bench, load: Callable[..., Any], images: np.ndarray[Any, Any], message: str
) -> None:
    with pytest.raises(seg.driver.WrongImages) as caught:
        load(seg).predict(images)
    assert message in str(caught.value)


def test_wrong_golden_folder(seg: Bench, load: Callable[..., Any], tmp_path: Path) -> None:
    with pytest.raises(seg.driver.DriverError, match=r"there is no golden file '.*image\.bin'"):
        load(seg).self_test(tmp_path)


HEADERS = {
    "xaxidma.h": """#pragma once
#include <stdint.h>
typedef uint32_t u32; typedef uint8_t u8; typedef uintptr_t UINTPTR;
typedef struct { int busy; } XAxiDma; typedef struct { int id; } XAxiDma_Config;
#define XAXIDMA_DMA_TO_DEVICE 0
#define XAXIDMA_DEVICE_TO_DMA 1
#define XAxiDma_HasSg(dma) 0
XAxiDma_Config *XAxiDma_LookupConfig(UINTPTR id);
u32 XAxiDma_CfgInitialize(XAxiDma *dma, XAxiDma_Config *config);
u32 XAxiDma_SimpleTransfer(XAxiDma *dma, UINTPTR memory, u32 bytes, int direction);
u32 XAxiDma_Busy(XAxiDma *dma, int direction);
""",
    "xil_cache.h": "#pragma once\nvoid Xil_DCacheFlushRange(UINTPTR at, u32 bytes);\n"
    "void Xil_DCacheInvalidateRange(UINTPTR at, u32 bytes);\n",
    "xil_io.h": "#pragma once\nvoid Xil_Out32(UINTPTR at, u32 word);\nu32 Xil_In32(UINTPTR at);\n",
    "xil_printf.h": "#pragma once\nvoid xil_printf(const char *text, ...);\n",
    "xparameters.h": "#define XPAR_AXI_DMA_0_DEVICE_ID 0\n#define XPAR_AXI_DMA_1_DEVICE_ID 1\n"
    "#define XPAR_SEG_AXI_S_AXI_CONTROL_BASEADDR 0x40010000u\n",
    "xstatus.h": "#define XST_SUCCESS 0\n#define XST_FAILURE 1\n",
}


@pytest.mark.parametrize(("graph", "board"), [(classes(), PYNQ), (wide_graph(), PLAIN)])
def test_bare_metal_example_compiles(tmp_path: Path, graph: Graph, board: Board) -> None:
    """Against declarations of the standalone driver's functions."""
    for name, text in {**HEADERS, **driver_files(graph, board)}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    done = subprocess.run(
        ["gcc", "-std=c99", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-I.", "-Idriver",
         "driver/bare_metal.c"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_labels_have_the_order_of_a_manifest() -> None:
    """``MANIFEST.json`` has its keys in alphabetical order, and ``verify`` compares the texts."""
    ground = (ClassLabel("ground", (0, 0, 0)), ClassLabel("wall", (1, 2, 3)))
    maps, channels = {"kinds": ground, "edges": ground[:1]}, {"rgb": "RGB", "depth": "grey"}
    text = labels_text(Labels(maps, "crop", channels))
    assert text == labels_text(
        Labels(dict(sorted(maps.items())), "crop", dict(sorted(channels.items())))
    )
    assert text.index("'edges'") < text.index("'kinds'")
    assert "CHANNELS = {'depth': 'grey', 'rgb': 'RGB'}" in text
