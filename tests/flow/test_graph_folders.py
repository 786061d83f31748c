"""A graph without a design goes through the stages of a board as a design does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from command_line import call

import fcn_hw
from fcn_hw.errors import ConfigError, DataError
from fcn_hw.fixed import from_quantized_bits, from_quantized_relu, parse_format
from fcn_hw.flow.frames import graph_frames, load_inputs
from fcn_hw.frontend.qkeras import export
from fcn_hw.ir import Graph
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ir.serialize import save
from fcn_hw.keras_env import keras_env
from fcn_hw.ops import Constant, Padding
from fcn_hw.resources import data_folder

BOARD = "pynq-z2"


def two_inputs() -> Graph:
    """Colours and depth in other formats, joined."""
    rng, weights = np.random.default_rng(1), parse_format("fixed<4,1>")
    build = GraphBuilder("rgbd")
    build.input("rgb", (5, 6, 3), parse_format("ufixed<8,0>"))
    build.input("depth", (5, 6, 1), parse_format("ufixed<4,4>"))
    for name, channels in (("rgb", 3), ("depth", 1)):
        build.conv2d(
            f"of_{name}", name, Constant(rng.integers(-8, 8, (3, 3, channels, 2)), weights),
            padding=Padding(1, 1, 1, 1), fmt=from_quantized_relu(4, 2),
        )  # fmt: skip
    build.skip_concat("both", "of_rgb", "of_depth")
    build.conv2d(
        "scores", "both", Constant(rng.integers(-8, 8, (1, 1, 4, 3)), weights),
        fmt=from_quantized_bits(6, 3),
    )  # fmt: skip
    return build.finish(build.arg_max("class_map", "scores"))


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    """The folder of the graph; frames of both inputs lie beside it."""
    save(two_inputs(), tmp_path / "graph")
    (tmp_path / "frames").mkdir()
    rng = np.random.default_rng(2)
    np.save(tmp_path / "frames/rgb.npy", rng.integers(0, 256, (3, 5, 6, 3), dtype=np.uint8))
    np.save(tmp_path / "frames/depth.npy", rng.integers(0, 16, (3, 5, 6, 1), dtype=np.int16))
    return tmp_path / "graph"


@pytest.mark.gxx
def test_two_inputs_from_the_graph_to_a_verified_bundle(graph: Path, tmp_path: Path) -> None:
    """On a board of the user's own."""
    project, frames = tmp_path / "project", tmp_path / "frames"
    for path in data_folder("constraints").glob(f"{BOARD}.*"):
        text = path.read_text().replace(f"name: {BOARD}", "name: mine")
        (tmp_path / f"mine{path.suffix}").write_text(text)
    board = str(tmp_path / "mine.yaml")
    sized = fcn_hw.fifo_graph(graph, board, project)
    assert (project / "report/fifo_certificate.json").is_file()
    assert "both" in fcn_hw.explain_fifo(sized, "both").sentences[0]
    layout = (project / "layout.json").stat().st_mtime_ns

    found = fcn_hw.csim_graph(graph, board, project, data=frames)
    sizes = sum(op.output.size for op in two_inputs().computed)
    assert (found.images, found.mismatches, found.values_compared) == (3, 0, 3 * sizes)
    assert (found.data, found.score_csim, found.argmax_flips) == ("frames", None, 0)
    again = fcn_hw.csim_graph(graph, board, project, data=frames)
    assert again.compile_s is None and again.csim_images_per_s == found.csim_images_per_s

    bounded = fcn_hw.csim_bounded_graph(graph, board, project, data=frames, images=2)
    assert (bounded.images, bounded.mismatches) == (2, 0)
    assert {item.name for item in bounded.fifos} >= {"rgb", "depth", "both"}

    made = fcn_hw.handoff_graph(graph, board, project, output=tmp_path, data=frames)
    assert made.path.name == "rgbd-mine.tar.gz"
    verified = fcn_hw.verify_bundle(made.path)
    assert (verified.mismatches, verified.values_compared) == (0, 3 * sizes)

    written = fcn_hw.estimate_graph(graph, board, output=project)
    latency = fcn_hw.estimate_graph(graph, board).frame_latency_cycles
    assert latency == written.frame_latency_cycles == sized.times.frame_latency
    report, path = fcn_hw.report_graph(graph, board, project)
    assert path == project / "report/report.html"
    assert report.problems == ()
    assert [section.id for section in report.sections] == [
        "exactness", "network", "cycles", "resources", "fifos", "rtl", "precision", "weights",
        "versions",
    ]  # fmt: skip
    (missing,) = [section for section in report.sections if not section.is_ready]
    where = "--graph graph --board mine.yaml --output project"
    assert missing.id == "rtl"
    assert f"fcn-hw cosim {where} --compiler fcn_hw" in missing.commands
    assert report.tiles[0].label == "graph = C++" and report.tiles[0].value == "✓ exact"
    assert "graph of &#39;rgb&#39; 6 × 5, &#39;depth&#39; 6 × 5 pixels" in report.html
    assert "fcn-hw report --graph graph --board mine.yaml --output project" in report.html
    assert str(tmp_path) not in report.html
    # folds and FIFOs were chosen once
    assert (project / "layout.json").stat().st_mtime_ns == layout


def test_a_report_without_results_says_how_to_get_them(graph: Path, tmp_path: Path) -> None:
    report, _ = fcn_hw.report_graph(graph, BOARD, tmp_path / "project")
    commands = {section.id: section.commands for section in report.sections}
    where = "--graph graph --board pynq-z2 --output project"
    assert commands["fifos"] == (f"fcn-hw fifo {where}",)
    assert commands["cycles"] == (f"fcn-hw estimate {where}",)
    assert not {"scenes", "accuracy", "exploration"} & set(commands)


def test_frames_of_each_input_by_its_name(graph: Path, tmp_path: Path) -> None:
    made, frames = two_inputs(), tmp_path / "frames"
    found = load_inputs(frames, made, 2)
    assert {name: item.codes.shape for name, item in found.items()} == {
        "rgb": (2, 5, 6, 3), "depth": (2, 5, 6, 1),
    }  # fmt: skip
    assert {name: len(item) for name, item in graph_frames(made, None).items()} == {
        "rgb": 8, "depth": 8,
    }  # fmt: skip
    np.save(frames / "depth.npy", np.zeros((2, 5, 6, 1), np.int16))
    with pytest.raises(DataError, match="different numbers of frames: 3 of 'rgb', 2 of 'depth'"):
        load_inputs(frames, made)
    (frames / "depth.npy").unlink()
    with pytest.raises(DataError, match="there are no frames of the input 'depth'") as caught:
        load_inputs(frames, made)
    assert caught.value.hint.startswith("the graph has the inputs 'rgb', 'depth': give a folder")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("fifo",), "fifo needs DESIGN or --graph"),
        (("bitstream", "--graph", "g"), "--graph needs --output"),
        (("csynth", "d", "--graph", "g"), "both a design and --graph are given"),
        (("handoff", "--graph", "g"), "--graph needs --project"),
        (("cosim", "d", "--data", "f"), "--data has no effect without --graph"),
        (("handoff", "d", "--data", "f"), "--data has no effect without --graph"),
    ],
)
def test_wrong_calls_get_one_line(words: tuple[str, ...], message: str) -> None:
    called = call(*words, "--board", BOARD)
    assert called.status == 2
    assert message in called.err.splitlines()[0]


def test_a_format_for_each_input(tmp_path: Path) -> None:
    env = keras_env()
    layers = env.keras.layers
    rgb, depth = layers.Input((4, 4, 3), name="rgb"), layers.Input((4, 4, 1), name="depth")
    joined = layers.Concatenate(name="joined")([rgb, depth])
    model = env.keras.Model([rgb, depth], joined)
    wide, narrow = parse_format("ufixed<8,0>"), parse_format("ufixed<4,0>")
    found = export(model, {"depth": narrow, "rgb": wide}).graph
    assert [(op.name, op.output.format) for op in found.inputs] == [
        ("rgb", wide),
        ("depth", narrow),
    ]
    with pytest.raises(ConfigError, match="the model has no input 'dept'"):
        export(model, {"rgb": wide, "dept": narrow})
    with pytest.raises(ConfigError, match="the input 'depth' has no format"):
        export(model, {"rgb": wide})
    path = tmp_path / "two.h5"
    model.save(path)
    with pytest.raises(ConfigError, match="a scale or an offset of the input needs one format"):
        fcn_hw.export_model(
            path, tmp_path / "g", input_format={"rgb": "ufixed<8,0>"}, input_scale="1/255"
        )
    frames = tmp_path / "frames"
    frames.mkdir()
    np.save(frames / "rgb.npy", np.full((1, 4, 4, 3), 255))
    np.save(frames / "depth.npy", np.full((1, 4, 4, 1), 15))
    formats = {"rgb": str(wide), "depth": str(narrow)}
    _, agreement = fcn_hw.export_model(path, tmp_path / "g", input_format=formats, check=frames)
    assert agreement.holds and agreement.frames == 1
    called = call("export", "--model", str(path), "--output", "g", "--input-format", "a=")
    assert called.status == 2
    assert "--input-format: 'a=' is no NAME=FORMAT" in called.err
