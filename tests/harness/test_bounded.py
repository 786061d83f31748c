"""Bounded simulation of a small network with two skips, and of networks that are wrong."""

from __future__ import annotations

import json
import re
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from bounded_bench import FRAMES, Bench, compiled, emit

from fcn_hw.errors import ConfigError, Deadlock, ReportError, StreamError, ToolFailed
from fcn_hw.fixed import FixedFormat, parse_format
from fcn_hw.harness.bounded import check_depths, plan_run, read_report
from fcn_hw.ir import Graph
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ops import Constant, Padding
from fcn_hw.resources import data_folder
from fcn_hw.tools.runner import run

HEIGHT, WIDTH = 9, 12
ACTIVATION = parse_format("ufixed<4,2,RND_CONV,SAT>")


def two_skips() -> Graph:
    """Two ways around a U, one joined, one added; an output that is read as well."""
    generator = np.random.default_rng(5)
    build = GraphBuilder("skips")
    image = build.input("image", (HEIGHT, WIDTH, 2), FixedFormat(False, 8, 0))

    def conv(name: str, source: str, filters: int) -> str:
        shape = (3, 3, build.tensor(source).channels, filters)
        weight = Constant(generator.integers(-8, 8, shape), FixedFormat(True, 4, 1))
        padding = Padding(1, 1, 1, 1)
        return build.conv2d(name, source, weight, padding=padding, fmt=ACTIVATION)

    first = conv("first", image, 3)
    pool = build.max_pool2d("pool", build.crop2d("even", first, (0, 0), (8, WIDTH)), (2, 2))
    up = build.upsample_nearest("up", conv("deep", pool, 3), (2, 2))
    wide = build.zero_pad2d("wide", up, Padding(0, 1, 0, 0))
    joined = build.skip_concat("joined", wide, first)
    last = conv("last", joined, 3)
    total = build.skip_add("total", last, first)
    return build.finish(build.arg_max("classes", total), total)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return compiled(emit(two_skips(), tmp_path_factory.mktemp("bounded") / "skips"))


@pytest.mark.gxx
def test_emitted_depths_pass(bench: Bench) -> None:
    frames: list[int] = []
    finished = bench.run(on_frame=frames.append)
    assert frames == [1, 2, 3]
    assert finished.frames == FRAMES
    assert bench.mismatches(finished) == 0
    assert all(fifo.fill == 0 and 0 < fifo.peak <= fifo.depth for fifo in finished.fifos)
    top = (bench.project / "firmware" / "skips.cpp").read_text()
    pragmas = dict(re.findall(r"#pragma HLS STREAM variable=(\w+) depth=(\d+)", top))
    depths = {fifo.name: str(fifo.depth) for fifo in finished.fifos}
    ports = {"image", "classes", "total_out"}
    assert depths == {**pragmas, **dict.fromkeys(ports, "2")}
    assert finished.fifos[0].writer == "source_of_image"
    assert {fifo.reader for fifo in finished.fifos} >= {"sink_of_classes", "sink_of_total_out"}


@pytest.mark.gxx
def test_oracle_notices_a_wrong_code(bench: Bench) -> None:
    finished = bench.run()
    wrong = {"image": bench.codes["image"].copy()}
    wrong["image"][1] = 255 - wrong["image"][1]
    assert replace(bench, codes=wrong).mismatches(finished) > 0


@pytest.mark.gxx
def test_emitted_cpp_has_no_warning(bench: Bench) -> None:
    (log,) = (bench.project / "logs").glob("compile-*bounded*.log")
    assert "warning" not in log.read_text()


@pytest.mark.gxx
@pytest.mark.parametrize("skip", ["first_to_joined", "first_to_total"])
def test_planted_depth_deadlocks(bench: Bench, skip: str) -> None:
    """The least depth that does not deadlock is found by running the C++; one less is caught."""
    too_few, enough = 0, HEIGHT * WIDTH
    while enough - too_few > 1:
        depth = (too_few + enough) // 2
        too_few, enough = (depth, enough) if bench.deadlocks({skip: depth}) else (too_few, depth)
    assert enough > WIDTH  # it waits for rows of windows
    started = time.monotonic()
    with pytest.raises(Deadlock) as caught:
        bench.run({skip: enough - 1})
    assert time.monotonic() - started < 10
    error = caught.value
    assert error.exit_status == 1
    assert skip in error.full
    assert any(
        f"{skip}: full, {enough - 1} of {enough - 1}, frame 0" in wait for wait in error.waits
    )
    assert bench.mismatches(bench.run({skip: enough})) == 0


@pytest.mark.gxx
def test_deadlock_says_who_waits_for_whom(bench: Bench) -> None:
    with pytest.raises(Deadlock) as caught:
        short = dict.fromkeys(("even", "pool", "deep", "up", "wide", "joined", "last"), 2)
        bench.run({**short, "first_to_joined": 5, "first_to_even": 7, "first_to_total": 108})
    error = caught.value
    assert error.message == (
        "'skips' deadlocks: 7 processes wait for one another, 'first_to_joined' is full"
    )
    *waits, advice, fills = error.hint.splitlines()
    assert waits == [
        "first_fork1 waits for joined to read first_to_joined: full, 5 of 5, frame 0",
        "joined waits for wide to write wide: empty, 0 of 2, frame 0",
        "wide waits for up to write up: empty, 0 of 2, frame 0",
        "up waits for deep to write deep: empty, 0 of 2, frame 0",
        "deep waits for pool to write pool: empty, 0 of 2, frame 0",
        "pool waits for even to write even: empty, 0 of 2, frame 0",
        "even waits for first_fork1 to write first_to_even: empty, 0 of 7, frame 0",
    ]
    assert advice == "make 'first_to_joined' deeper"
    assert fills.startswith("FIFOs: image 2 of 2, ")
    assert "first_to_joined 5 of 5" in fills


@pytest.mark.gxx
def test_one_frame_tells_for_all(bench: Bench) -> None:
    """FIFOs are empty between frames, so a network that passes one frame passes any number."""
    one_frame = replace(bench, codes={"image": bench.codes["image"][:1]})
    found = set()
    for depth in range(20, 108, 8):
        cut = {"first_to_joined": depth}
        found.add(bench.deadlocks(cut))
        assert one_frame.deadlocks(cut) == bench.deadlocks(cut)
    assert found == {True, False}


@pytest.mark.gxx
def test_program_checks_its_arguments(bench: Bench) -> None:
    def failed(*words: str) -> tuple[int, str]:
        program = bench.project / "bounded" / "simulate"
        done = subprocess.run(
            [program, *words], cwd=program.parent, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stderr

    assert failed() == (2, failed()[1])
    assert failed()[1].endswith("simulate FRAMES IMAGE_FILE [FIFO=DEPTH ...]\n")
    for word in ("firs=3", "first", "first=0", "first=-2", "first=2x", "first=", "=2"):
        status, text = failed("1", "image.in.bin", word)
        assert status == 2, word
        assert text == f"{word} is not the name of a FIFO = a depth of 1 or more\n"
    assert failed("1", "nothing.bin") == (1, "nothing.bin: No such file or directory\n")
    assert failed("99", "image.in.bin") == (1, "the file of image ends before its last frame\n")


@pytest.mark.gxx
def test_stale_report_is_not_believed(bench: Bench) -> None:
    """A program that fails before it writes its report is not judged by the last one's."""
    assert bench.deadlocks({"first_to_joined": 1})
    with pytest.raises(ToolFailed, match=r"'simulate' failed: exit status 2"):
        run(plan_run(bench.graph, FRAMES, {"nowhere": 3}, 60), bench.project)
    assert not (bench.project / "bounded" / "bounded.json").exists()


def test_depths_are_checked() -> None:
    fifos = ("pool1_to_conv2", "pool1_to_add1", "conv2")
    check_depths({"conv2": 1, "pool1_to_add1": 500}, fifos)
    with pytest.raises(ConfigError) as caught:
        check_depths({"pool1_to_ad1": 3}, fifos)
    assert caught.value.message == "the project has no FIFO 'pool1_to_ad1'"
    assert caught.value.hint.startswith("nearest: 'pool1_to_add1'")
    with pytest.raises(ConfigError) as caught:
        check_depths({"conv2": 0}, fifos)
    assert caught.value.message == "FIFO 'conv2' can't hold 0 pixels"
    assert caught.value.hint == "the least is 1"


# -- networks written by hand ----------------------------------------------------------------------

PROGRAM = """
#include "hls_stream.h"
int main() {
    fcn_hw::sim::network net("hand", 2);
    hls::stream<int> a("a"), b("b");
    net.add_fifo(a, 3);
    net.add_fifo(b, 1);
    int next = 0, sum = 0;
    net.add_process("source", {}, {&a}, [&] { for (int n = 0; n < 10; ++n) a << next++; });
    net.add_process("%(middle)s", {&a}, {&b}, [&] {
        for (int n = 0; n < %(reads)d; ++n) { int pixel; a >> pixel; if (n < 10) b.write(pixel); }
    });
    net.add_process("sink", {&b}, {}, [&] { for (int n = 0; n < %(takes)d; ++n) sum += b.read(); });
    %(more)s
    const int status = net.run("bounded.json");
    if (status == 0) std::printf("%%d", sum);
    return status;
}
"""


def hand_made(
    folder: Path, *flags: str, reads: int = 10, takes: int = 10, more: str = ""
) -> subprocess.CompletedProcess[str]:
    """Compiles and runs source -> middle -> sink, two frames of ten numbers."""
    source = folder / "hand.cpp"
    source.write_text(PROGRAM % {"middle": "middle", "reads": reads, "takes": takes, "more": more})
    sim = data_folder("templates") / "sim"
    command = ["g++", "-std=c++14", "-O1", "-Wall", "-Wextra", "-Werror", "-U_FORTIFY_SOURCE"]
    compiled = subprocess.run(
        [*command, *flags, "-I", str(sim), str(source), "-o", str(folder / "hand")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if compiled.returncode:
        return compiled
    return subprocess.run(
        [folder / "hand"], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.mark.gxx
def test_hand_made_network_runs(tmp_path: Path) -> None:
    done = hand_made(tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "190", "hand: finished\n")
    fifos = read_report(tmp_path / "bounded.json")
    assert [(item.name, item.depth, item.peak) for item in fifos] == [("a", 3, 3), ("b", 1, 1)]


@pytest.mark.gxx
@pytest.mark.parametrize(
    ("reads", "takes", "message"),
    [
        (11, 10, "'hand': 'middle' reads more pixels from 'a' than 'source' writes"),
        (8, 8, "'hand': 'source' writes more pixels to 'a' than 'middle' reads"),
        (9, 9, "'hand': 'source' writes more pixels to 'a' than 'middle' reads"),
        (10, 9, "'hand': 'middle' writes more pixels to 'b' than 'sink' reads"),
        (9, 10, "'hand': 'sink' reads more pixels from 'b' than 'middle' writes"),
    ],
)
def test_unequal_counts_are_told(tmp_path: Path, reads: int, takes: int, message: str) -> None:
    done = hand_made(tmp_path, reads=reads, takes=takes)
    assert done.returncode == 1
    with pytest.raises(StreamError) as caught:
        read_report(tmp_path / "bounded.json")
    assert caught.value.message == message
    assert caught.value.hint.startswith("FIFOs: a ")
    assert caught.value.exit_status == 1


@pytest.mark.gxx
@pytest.mark.parametrize(
    ("more", "message"),
    [
        (
            'net.add_process("thief", {&a}, {}, [] {});',
            "FIFO 'a' is read by 'middle' and by 'thief'",
        ),
        (
            'net.add_process("copy", {}, {&b}, [] {});',
            "FIFO 'b' is written by 'middle' and by 'copy'",
        ),
        (
            'hls::stream<int> c("c"); net.add_fifo(c, 1);'
            'net.add_process("alone", {&c}, {}, [&] { c.read(); });',
            "FIFO 'c' has no writer",
        ),
        (
            'net.add_process("thief", {}, {}, [&] { for (;;) a.read(); });',
            "process 'thief' uses FIFO 'a', which belongs to 'middle'",
        ),
        (
            'hls::stream<int> c("c"); net.add_process("alone", {}, {}, [&] { c.write(1); });',
            "process 'alone' uses FIFO 'c', which belongs to no process",
        ),
    ],
)
def test_second_user_of_a_fifo_is_told(tmp_path: Path, more: str, message: str) -> None:
    done = hand_made(tmp_path, more=more)
    assert (done.returncode, done.stderr) == (1, f"{message}\n")


@pytest.mark.gxx
def test_checked_longjmp_is_refused(tmp_path: Path) -> None:
    done = hand_made(tmp_path, "-D_FORTIFY_SOURCE=2")
    assert done.returncode != 0
    assert "Compile with -U_FORTIFY_SOURCE" in done.stderr


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "Expecting property name"),
        ("{}", "'fifos'"),
        ('{"fifos": [{}], "waits": []}', "missing 6 required positional arguments"),
        ('{"fifos": [], "waits": []}', "'state'"),
        ("[]", "list indices must be integers"),
    ],
)
def test_broken_report(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "bounded.json").write_text(text)
    with pytest.raises(ReportError) as caught:
        read_report(tmp_path / "bounded.json")
    assert caught.value.message.startswith("'bounded.json' is no report of a bounded simulation: ")
    assert reason in caught.value.message


def test_two_full_fifos_are_named(tmp_path: Path) -> None:
    def wait(process: str, action: str, fifo: str, other: str) -> dict[str, object]:
        return {
            "process": process, "frame": 2, "action": action, "fifo": fifo, "waits_for": other,
        }  # fmt: skip

    def fifo(name: str, fill: int, writer: str, reader: str) -> dict[str, object]:
        ends = {"writer": writer, "reader": reader}
        return {"name": name, "depth": 4, "fill": fill, "peak": 4, **ends}

    report = {
        "network": "net", "state": "deadlock", "frames": 3,
        "waits": [
            wait("a", "write", "p", "b"), wait("b", "write", "q", "c"), wait("c", "read", "r", "a"),
        ],
        "fifos": [fifo("p", 4, "a", "b"), fifo("q", 4, "b", "c"), fifo("r", 0, "a", "c")],
    }  # fmt: skip
    (tmp_path / "bounded.json").write_text(json.dumps(report))
    with pytest.raises(Deadlock) as caught:
        read_report(tmp_path / "bounded.json")
    assert caught.value.message == (
        "'net' deadlocks: 3 processes wait for one another, 'p' and 'q' are full"
    )
    assert caught.value.hint.splitlines() == [
        "a waits for b to read p: full, 4 of 4, frame 2",
        "b waits for c to read q: full, 4 of 4, frame 2",
        "c waits for a to write r: empty, 0 of 4, frame 2",
        "make 'p' and 'q' deeper",
        "FIFOs: p 4 of 4, q 4 of 4, r 0 of 4",
    ]
