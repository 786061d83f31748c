"""Graph folders through fcn_hw's own compiler: several inputs and outputs, an op from outside, a
FIFO that is too short."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from axi_model import frame_bytes_of
from axi_top_bench import beats_of_frames, plan_axi_top, said
from rich.console import Console
from typer.testing import CliRunner

import fcn_hw
from fcn_hw.backend.axi_interface import axi_interface, design_id
from fcn_hw.backend.hls4ml_bridge import ap_types_folder
from fcn_hw.boards import load_board
from fcn_hw.cli import app
from fcn_hw.dataflow.fifos import size_fifos
from fcn_hw.errors import Deadlock
from fcn_hw.fixed import from_quantized_relu, parse_format
from fcn_hw.flow import rtl
from fcn_hw.flow.frames import random_codes
from fcn_hw.flow.progress import Progress
from fcn_hw.flow.workspace import GraphWorkspace
from fcn_hw.harness.bounded import plan_build, simulate
from fcn_hw.ir import Graph
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ir.serialize import digest, save
from fcn_hw.ops import Constant, Padding
from fcn_hw.reference import evaluate
from fcn_hw.rtl.bench import IDLE_CLOCKS
from fcn_hw.rtl.reports import RtlCosim
from fcn_hw.tools.runner import run

pytestmark = [pytest.mark.rtl, pytest.mark.gxx]

EXAMPLE = Path(__file__).parent.parent.parent / "examples" / "custom_operator.py"
QUIET = Progress(Console(quiet=True), quiet=True)
SKIP = "left_to_both"


def pair() -> Graph:
    """Two inputs, two outputs, and an op from outside; a skip around the convolution."""
    spec = importlib.util.spec_from_file_location("custom_operator", EXAMPLE)
    assert spec is not None and spec.loader is not None
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    build = GraphBuilder("pair")
    build.input("left", (6, 7, 2), parse_format("ufixed<4,0>"))
    build.input("right", (6, 7, 1), parse_format("fixed<3,1>"))
    codes = np.random.default_rng(3).integers(-8, 8, (3, 3, 2, 2))
    build.conv2d(
        "deep", "left", Constant(codes, parse_format("fixed<4,1>")),
        padding=Padding(1, 1, 1, 1), fmt=from_quantized_relu(4, 2),
    )  # fmt: skip
    build.skip_concat("both", "deep", "left")
    build.add(example.Absolute, "strength", "right")
    build.skip_concat("all", "both", "strength")
    build.arg_max("classes", "both")
    return build.finish("all", "classes")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("graphs")
    fcn_hw.save_graph(pair(), made / "graph")
    return made


def test_several_inputs_and_outputs_and_an_op_from_outside(folder: Path) -> None:
    words = ["--graph", str(folder / "graph"), "--board", "pynq-z2"]
    words += ["--output", str(folder / "project"), "--json"]
    called = CliRunner().invoke(app, ["csynth", *words])
    assert called.exit_code == 0, called.output
    processes = {
        item["process"]: item["function"] for item in json.loads(called.stdout)["processes"]
    }
    assert processes["strength"] == "absolute"
    called = CliRunner().invoke(app, ["cosim", *words])
    assert called.exit_code == 0, called.output
    found = json.loads(called.stdout)
    # eleven streams of pixels, the beats of two outputs, four registers
    assert found["streams"] == 11 + 2 + 4
    # two images: those that are forked count once more; a beat is eight bytes and TLAST
    pixels, beats = 2 * 6 * 7, 2 * (-(-6 * 7 * 5 // 8) + -(-6 * 7 // 8))
    of_pixels = pixels * (2 + 1 + 2 + 2 + 2 + 3 * 4 + 1 + 5 + 1)
    assert found["values_compared"] == of_pixels + beats * 9 + 2 * 4
    # two rows to fill, then a clock a pixel
    assert found["interval"] == 2 * 7 + 42 <= found["modelled_interval"]


def test_the_wrapper_starts_frames_and_counts_them(folder: Path) -> None:
    fcn_hw.csynth_graph(folder / "graph", "pynq-z2", folder / "project")
    graph = fcn_hw.load_graph(folder / "graph")
    modules = {path.name: path.read_text() for path in (folder / "project/rtl/verilog").iterdir()}
    ports = axi_interface(graph, load_board("pynq-z2"))
    codes = random_codes(graph, 4)
    known = {**codes, **evaluate(graph, codes)}
    packets = {
        port.name: beats_of_frames(
            [frame_bytes_of(frame, graph.tensor(port.tensor)) for frame in known[port.tensor]],
            port.data_width_bits // 8,
        )
        for port in (*ports.inputs, *ports.outputs)
    }
    plan = plan_axi_top(
        ports.top, modules, {port.name: packets[port.name] for port in ports.inputs},
        {port.name: packets[port.name] for port in ports.outputs},
        {port.name: port.beats_per_frame for port in ports.outputs}, 0x50,
    )  # fmt: skip
    bench = folder / "axi_top"
    run(plan, bench)
    idle, done = 4, 2
    assert said(bench)[-6:] == [
        f"idle {idle}", f"after one frame {idle | done:x} {idle}",
        "20 4", f"30 {design_id(digest(graph)):x}", "40 0", "50 0",
    ]  # fmt: skip


def test_a_fifo_that_is_too_short_is_told_as_by_csim_bounded(folder: Path) -> None:
    alone = GraphWorkspace(folder / "graph", folder / "short")
    project = rtl._project(alone, load_board("pynq-z2"), QUIET)
    sized = size_fifos(project.layout.dataflow, project.layout.folding.folds)
    depth = sized.deadlock_minimum[SKIP] - 1
    streams = dict(project.network.streams)
    streams[SKIP] = replace(streams[SKIP], depth=depth)
    network = replace(project.network, streams=streams)
    short = replace(project, axi=replace(project.axi, network=network))
    codes = random_codes(project.graph, 2)
    rtl._compiled(short, short.network.calls, QUIET)
    rtl._build(short, rtl._simulator(short), QUIET)
    with pytest.raises(Deadlock) as in_rtl:
        rtl._simulated(short, codes)

    run(plan_build(ap_types_folder(), optimize="-O0"), short.folder)
    with pytest.raises(Deadlock) as in_cpp:
        simulate(short.graph, short.folder, codes, depths={SKIP: depth})
    assert in_rtl.value.message == in_cpp.value.message
    assert in_rtl.value.waits == in_cpp.value.waits
    assert in_rtl.value.full == in_cpp.value.full == (SKIP,)
    assert set(in_rtl.value.fills) <= set(in_cpp.value.fills)
    assert len(in_rtl.value.waits) == 3


@pytest.mark.slow  # 30 s of processor time for one layer
def test_a_process_that_computes_long_for_a_pixel_does_not_stand_still(tmp_path: Path) -> None:
    """With a single multiplier, nothing is read or written for 6,400 clocks."""
    build = GraphBuilder("slow")
    build.input("pixels", (1, 2, 80), parse_format("ufixed<4,0>"))
    codes = np.random.default_rng(4).integers(-8, 8, (1, 1, 80, 80))
    build.conv2d(
        "deep", "pixels", Constant(codes, parse_format("fixed<4,1>")), fmt=from_quantized_relu(4, 2)
    )
    save(build.finish("deep"), tmp_path / "graph")
    found = fcn_hw.cosim_graph(
        tmp_path / "graph", "ulx3s-85f", tmp_path / "project", compiler="fcn_hw", images=2
    )
    assert isinstance(found, RtlCosim)
    assert found.interval == found.estimated_interval >= 2 * 80 * 80 > 2 * IDLE_CLOCKS
