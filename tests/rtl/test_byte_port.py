"""A network behind its serial line in Verilator, bit by bit; the host is the emitted script."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import tty
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from seeded_design import HEIGHT, WIDTH, quiet, seed_design, seeded_graph

from fcn_hw.backend.serial_board import SERIAL
from fcn_hw.boards import load_board
from fcn_hw.flow.rtl import compiled_project
from fcn_hw.plan import Command, Plan
from fcn_hw.reference import evaluate
from fcn_hw.tools.runner import run

BOARD = load_board("ulx3s-85f")
DIVIDER = 16
BENCH = Path(__file__).parents[1] / "support" / "serial_bench.cpp"
PASSED, LOST = 0, 255
BLOCK = 256

pytestmark = [pytest.mark.rtl, pytest.mark.gxx]


@dataclass(frozen=True)
class Machine:
    """The Verilated ``fcn_hw_serial``, and the script of its project."""

    bench: Path
    script: Path
    image: bytes
    classes: bytes

    def events(self, *events: str, period: float = DIVIDER) -> bytes:
        """What the port sends after some events on its line."""
        done = subprocess.run(
            [self.bench, str(period), *events], capture_output=True, timeout=60, check=True
        )
        return done.stdout

    @contextmanager
    def at_a_port(self) -> Iterator[str]:
        """The machine behind a terminal, whose path it gives."""
        master, slave = os.openpty()
        tty.setraw(slave)
        bench = subprocess.Popen([self.bench, str(DIVIDER)], stdin=master, stdout=master)
        try:
            yield os.ttyname(slave)
        finally:
            bench.kill()
            bench.wait()
            os.close(master)
            os.close(slave)

    def segment(self, *words: str) -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, str(self.script), *words]
        return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    workspace = seed_design(tmp_path_factory.mktemp("serial"))
    project, verilog = compiled_project(workspace, BOARD, quiet())
    folder = project.folder
    sources = [f"rtl/verilog/{name}" for name in verilog]
    sources += [f"hdl/{path.name}" for path in (folder / "hdl").glob("fcn_hw_[!b]*.v")]
    sources += ["hdl/fcn_hw_byte_port.v"]
    command = Command(
        "verilate",
        (
            "verilator", "--cc", "--exe", "--build", "--no-timing", "-Wall", "-Wno-DECLFILENAME",
            "--top-module", SERIAL, "--Mdir", "bench", f"-GDIVIDER={DIVIDER}", "-MAKEFLAGS",
            f"OPT_FAST=-O1 CFG_CXXFLAGS_PCH_I=-include PYTHON3={sys.executable}", *sources,
            str(BENCH), "-o", "bench",
        ),
        300.0,
        ("bench/bench",),
    )  # fmt: skip
    run(Plan(stages=((command,),)), folder)
    graph = seeded_graph()
    codes = np.random.default_rng(5).integers(0, 256, (1, HEIGHT, WIDTH, 3))
    classes = evaluate(graph, {"image": codes})["class_map"]
    return Machine(
        folder / "bench" / "bench", folder / "host" / "segment.py",
        codes.astype(np.uint8).tobytes(), classes.astype(np.uint8).tobytes(),
    )  # fmt: skip


def parts(messages: bytes) -> tuple[bytes, int, int]:
    """The bytes of the result, the blocks that were told, and how often a byte was lost."""
    result, passed, lost = b"", 0, 0
    while messages:
        first, messages = messages[0], messages[1:]
        if first == PASSED:
            passed += 1
        elif first == LOST:
            lost += 1
        else:
            assert len(messages) >= first, "a message is cut short"
            result, messages = result + messages[:first], messages[first:]
    return result, passed, lost


def test_the_script_sends_an_image_and_writes_the_class_map(
    machine: Machine, tmp_path: Path
) -> None:
    image, raw = tmp_path / "image.ppm", tmp_path / "codes.bin"
    image.write_bytes(b"P6\n# of a test\n%d %d\n255\n" % (WIDTH, HEIGHT) + machine.image)
    raw.write_bytes(machine.image)
    assert len(set(machine.classes)) > 1, "a constant map proves nothing"
    with machine.at_a_port() as port:
        # three frames one after another, each by a process of its own
        for source, name in ((image, "map.png"), (image, "map.pgm"), (raw, "map.bin")):
            done = machine.segment(port, str(source), str(tmp_path / name))
            assert done.returncode == 0, done.stderr
            assert f"{port}: 1000000 baud, {len(machine.image)} bytes to send" in done.stdout
    assert (tmp_path / "map.bin").read_bytes() == machine.classes
    pgm = b"P5\n%d %d\n255\n" % (WIDTH, HEIGHT) + machine.classes
    assert (tmp_path / "map.pgm").read_bytes() == pgm
    png = (tmp_path / "map.png").read_bytes()
    assert png[:8] == b"\x89PNG\r\n\x1a\n" and struct.unpack(">II", png[16:24]) == (WIDTH, HEIGHT)
    at = png.index(b"IDAT")
    (size,) = struct.unpack(">I", png[at - 4 : at])
    rows = zlib.decompress(png[at + 4 : at + 4 + size])
    assert b"".join(rows[n + 1 : n + 1 + WIDTH] for n in range(0, len(rows), WIDTH + 1)) == (
        machine.classes
    )


@pytest.mark.parametrize("period", [0.98 * DIVIDER, DIVIDER, 1.02 * DIVIDER])
def test_frames_by_bytes_and_a_host_whose_clock_differs(machine: Machine, period: float) -> None:
    bytes_ = [f"{byte:02x}" for byte in 2 * machine.image]
    result, passed, lost = parts(machine.events(*bytes_, period=period))
    assert result == 2 * machine.classes
    assert (passed, lost) == (2 * len(machine.image) // BLOCK, 0)


def test_a_break_begins_anew(machine: Machine) -> None:
    frame = [f"{byte:02x}" for byte in machine.image]
    sent = [*frame[:20], "wait", "break", *frame]  # less than a row: nothing comes out of it
    result, passed, lost = parts(machine.events(*sent))
    assert result == machine.classes
    assert (passed, lost) == (1, 0), "the bytes before the break do not count"


def test_a_wrong_stop_bit_is_told_once(machine: Machine) -> None:
    frame = [f"{byte:02x}" for byte in machine.image]
    sent = [*frame[:7], "a5!", "a5!", *frame[7:]]
    assert parts(machine.events(*sent)) == (machine.classes, 1, 1)
    _, _, lost = parts(machine.events("a5!", "break", *frame))
    assert lost in (0, 1), "told before the break, or forgotten"


def test_what_the_script_refuses(machine: Machine, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.ppm"
    wrong.write_bytes(b"P6 8 11 255\n" + machine.image)
    good = tmp_path / "good.bin"
    good.write_bytes(machine.image)
    with machine.at_a_port() as port:
        for words, expected in (
            (
                (port, str(wrong), "map.png"),
                "has 11 rows, 8 columns, 3 channels; the network takes",
            ),
            ((port, "none.ppm", "map.png"), "'none.ppm' can't be read: No such file"),
            ((port, str(good), str(tmp_path / "map.gif")), "ends neither in .png nor in .pgm"),
            (("/dev/null", str(good), "map.png"), "'/dev/null' is no serial port"),
        ):
            done = machine.segment(*words)
            assert done.returncode == 1 and expected in done.stderr, done.stderr
    master, slave = os.openpty()
    done = machine.segment(os.ttyname(slave), str(good), "map.png", "--timeout", "0.2")
    os.close(master)
    os.close(slave)
    assert "the board was silent for 0.2 s: 264 of 264 bytes sent, 0 of 88 received" in done.stderr
