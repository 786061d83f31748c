"""Frames side by side against ap_types, and whole sets of frames part by part."""

from __future__ import annotations

import os
import shutil
import subprocess
import tracemalloc
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from fcn_hw.backend.hls4ml_bridge import ap_types_folder
from fcn_hw.backend.project import plan_project
from fcn_hw.boards import load_board
from fcn_hw.design import Hls
from fcn_hw.errors import ToolFailed
from fcn_hw.fixed import from_quantized_bits, from_quantized_relu, parse_format
from fcn_hw.harness.csim import (
    RUN_FOLDER,
    SIGN_OFF_FOLDER,
    plan_build,
    plan_lanes_build,
    simulate,
    traced,
)
from fcn_hw.harness.lanes import MEMORY_BYTES, MOST_LANES, lanes_of
from fcn_hw.harness.whole_set import simulate_set
from fcn_hw.ir import Graph
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ops import Constant, Padding
from fcn_hw.ops.conv2d import Conv2D
from fcn_hw.reference import evaluate
from fcn_hw.tools.runner import run, write_files

pytestmark = pytest.mark.gxx


def live_graph() -> Graph:
    """A small network with a skip; every tensor takes many values on random frames."""
    rng = np.random.default_rng(1)

    def weight(*shape: int) -> Constant:
        return Constant(rng.integers(-8, 8, shape), parse_format("fixed<4,1>"))

    build = GraphBuilder("live")
    build.input("image", (6, 8, 1), parse_format("ufixed<8,0>"))
    build.conv2d(
        "conv1", "image", weight(3, 3, 1, 4), padding=Padding(1, 1, 1, 1),
        fmt=from_quantized_relu(4, 0),
    )  # fmt: skip
    build.max_pool2d("pool", "conv1", (2, 2))
    build.conv2d("conv2", "pool", weight(1, 1, 4, 3), fmt=from_quantized_bits(5, 0))
    build.upsample_bilinear("up", "conv2", (2, 2))
    build.conv2d("side", "conv1", weight(1, 1, 4, 3), fmt=from_quantized_bits(5, 0))
    build.average_pool2d("mean", "side", (3, 3), (1, 1), Padding(1, 1, 1, 1))
    build.skip_add("skip", "up", "mean")
    build.quantize("coarse", "skip", from_quantized_bits(7, 1))
    return build.finish(build.arg_max("class_map", "coarse"))


@dataclass(frozen=True)
class Bench:
    """A project, built in both ways."""

    graph: Graph
    project: Path


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    graph, project = live_graph(), tmp_path_factory.mktemp("project")
    write_files(plan_project(graph, load_board("pynq-z2"), Hls(ReuseFactor=4)), project)
    run(plan_lanes_build(graph, optimize="-O1"), project, jobs=2)
    sign_off = plan_build(graph, ap_types_folder(), optimize="-O0", folder=SIGN_OFF_FOLDER)
    run(sign_off, project, jobs=2)
    return Bench(graph, project)


def frames(graph: Graph, count: int) -> np.ndarray:
    return np.random.default_rng(4).integers(
        0, 256, (count, *graph.inputs[0].output.shape), np.uint8
    )


def test_sign_off_gives_the_same_bytes(bench: Bench) -> None:
    """75 frames: two calls with all lanes and one with a few, and what static memory is left."""
    codes = frames(bench.graph, 2 * MOST_LANES + 11)
    codes[1], codes[2] = 0, 255
    lanes = simulate(bench.graph, bench.project, {"image": codes})
    official = simulate(bench.graph, bench.project, {"image": codes}, folder=SIGN_OFF_FOLDER)
    assert all(
        len(np.unique(item)) > 2 for item in evaluate(bench.graph, {"image": codes}).values()
    )
    for name in traced(bench.graph):
        found, expected = ((item.folder / f"{name}.bin").read_bytes() for item in (lanes, official))
        assert len(found) >= len(codes)
        assert found == expected, name


@pytest.mark.parametrize("count", [1, 7, 150])
def test_every_frame_is_compared(bench: Bench, count: int) -> None:
    codes, seen = frames(bench.graph, count), []
    whole = simulate_set(
        bench.graph, bench.project, {"image": codes}, part_frames=32, on_frame=seen.append
    )
    assert set(whole.compared) == set(traced(bench.graph))
    for name, found in whole.compared.items():
        assert found.mismatches == 0, found
        assert found.values == count * bench.graph.tensor(name).size
    expected = evaluate(bench.graph, {"image": codes}, keep=["class_map"])["class_map"]
    assert np.array_equal(whole.class_maps["class_map"], expected[..., 0])
    assert max(seen) == count == whole.frames
    assert not list((bench.project / RUN_FOLDER).glob("part*"))


def test_first_difference_is_the_first_of_all_parts(bench: Bench) -> None:
    """An oracle whose first layer differs where a pixel is not 0: from frame 70 on."""
    codes = frames(bench.graph, 150)
    codes[:70] = 0
    conv = bench.graph["conv1"]
    assert isinstance(conv, Conv2D)
    weight = replace(conv.weight, codes=-conv.weight.codes.clip(-7))
    ops = tuple(replace(conv, weight=weight) if op is conv else op for op in bench.graph.ops)
    other = Graph(bench.graph.name, ops, bench.graph.outputs)
    found = simulate_set(other, bench.project, {"image": codes}, part_frames=32).compared["conv1"]
    assert found.values == 150 * other.tensor("conv1").size
    assert found.mismatches > 0
    assert found.first is not None
    assert found.first.index[0] == 70


def test_a_failed_part_ends_the_run(bench: Bench, tmp_path: Path) -> None:
    folder = tmp_path / RUN_FOLDER
    folder.mkdir()
    (folder / "simulate").write_text("#!/bin/sh\necho out of luck\nexit 3\n")
    (folder / "simulate").chmod(0o755)
    with pytest.raises(ToolFailed, match="exit status 3") as failed:
        simulate_set(bench.graph, tmp_path, {"image": frames(bench.graph, 150)}, part_frames=16)
    assert "out of luck" in failed.value.hint


def test_a_stream_that_is_misused_is_found(bench: Bench, tmp_path: Path) -> None:
    """A test bench that feeds 40 of 48 pixels."""
    for folder in ("firmware", "tb"):
        shutil.copytree(bench.project / folder, tmp_path / folder)
    main = tmp_path / "tb" / "lanes_main.cpp"
    text = main.read_text()
    assert "image_stream, 48)" in text
    main.write_text(text.replace("image_stream, 48)", "image_stream, 40)"))
    run(plan_lanes_build(bench.graph, optimize="-O0"), tmp_path, jobs=2)
    with pytest.raises(ToolFailed, match="a stream was misused"):
        simulate(bench.graph, tmp_path, {"image": frames(bench.graph, 3)})


def test_memory_does_not_grow_with_the_number_of_frames(bench: Bench) -> None:
    peaks = []
    for count in (128, 1280):
        codes = np.lib.stride_tricks.as_strided(  # as many frames, the bytes of one
            frames(bench.graph, 1), (count, 6, 8, 1), (0, 8, 1, 1)
        )
        tracemalloc.start()
        simulate_set(bench.graph, bench.project, {"image": codes}, jobs=1)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.25 * peaks[0], peaks


def test_memory_of_the_program_does_not_grow(bench: Bench) -> None:
    folder = bench.project / RUN_FOLDER
    codes = frames(bench.graph, 40 * MOST_LANES)
    (folder / "image.in.bin").write_bytes(codes.tobytes())
    peaks = []
    for count in (MOST_LANES, len(codes)):
        child = subprocess.Popen(
            ["./simulate", str(count), "image.in.bin"], cwd=folder, stdout=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = status
        assert status == 0
        peaks.append(usage.ru_maxrss)
    assert peaks[1] < peaks[0] + 1024, peaks  # kB


def wide_graph(height: int, width: int, channels: int) -> Graph:
    build = GraphBuilder("wide")
    build.input("image", (height, width, channels), parse_format("ufixed<8,0>"))
    return build.finish(build.relu("positive", "image"))


def test_fewer_lanes_for_large_frames() -> None:
    assert lanes_of(live_graph()) == MOST_LANES
    assert lanes_of(wide_graph(1080, 1920, 3)) == 16
    assert lanes_of(wide_graph(1, 1, 1 << 13)) == 16  # a pixel of all lanes fits in a block
    frame_bytes = 2 * 1080 * 1920 * 3
    assert 16 * frame_bytes <= MEMORY_BYTES < 32 * frame_bytes
