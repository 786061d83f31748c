"""Runs that are cut off, run side by side, or meet a full disk, a read-only or an odd folder.

Nothing half-written may be taken for finished, and the next run must come to the same result as one
that was never disturbed.
"""

from __future__ import annotations

import errno
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from command_line import call
from sample_graphs import tiny_graph

from fcn_hw.dataflow import engine
from fcn_hw.errors import DataError, FcnHwError
from fcn_hw.fixed import parse_format
from fcn_hw.flow.frames import load_frames
from fcn_hw.flow.stage import StageRecord
from fcn_hw.ir import Graph
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ir.serialize import digest, load, save

ODD = "ein Ordner é 空 $HOME [x] 'q'"


def small_graph(name: str = "little") -> Graph:
    build = GraphBuilder(name)
    build.input("image", (5, 7, 1), parse_format("ufixed<8,0>"))
    build.relu("out", "image", parse_format("ufixed<4,0,RND,SAT>"))
    return build.finish("out")


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def command(folder: Path, verb: str, *words: str) -> list[str]:
    where = ["--graph", str(folder / "graph"), "--output", str(folder / "project")]
    return [sys.executable, "-m", "fcn_hw", verb, *where, "--board", "pynq-z2", *words]


def limit_files(size: int) -> Callable[[], None]:
    """A file can't grow over ``size`` bytes: a write fails halfway, as on a full disk."""

    def apply() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return apply


@pytest.mark.gxx
def test_a_project_survives_interruption_a_full_disk_and_damage(tmp_path: Path) -> None:
    """In a folder whose name has blanks, quotes and letters beyond ASCII."""
    folder = tmp_path / ODD
    save(small_graph(), folder / "graph")
    words = command(folder, "csim", "--images", "2")
    assert call(*command(folder, "hls")[3:]).status == 0  # compiles the simulator of FIFO depths
    endless = tmp_path / "endless"
    endless.write_text("#!/bin/sh\nexec sleep 60\n")
    endless.chmod(0o755)
    child = subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1", "FCN_HW_GXX": str(endless)},
    )  # fmt: skip
    assert child.stdout is not None
    while not (line := child.stdout.readline()).startswith("build"):
        assert line, child.communicate()
    second = subprocess.run(words, capture_output=True, text=True, check=False)
    assert second.returncode == 1
    assert f"process {child.pid} (fcn-hw csim) is at work there" in second.stderr
    child.send_signal(signal.SIGINT)
    _, errors = child.communicate(timeout=300)
    assert child.returncode == 130
    assert errors == "interrupted; what was finished is kept\n"
    assert not (folder / ".project.lock").exists()

    full = subprocess.run(
        words, capture_output=True, text=True, check=False, preexec_fn=limit_files(12 << 10)
    )
    assert full.returncode == 1, full.stdout
    assert full.stderr.startswith("error: "), full.stderr
    assert "Traceback" not in full.stderr

    done = subprocess.run([*words, "--json"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["mismatches"] == 0
    program = folder / "project" / "csim" / "simulate"
    raw = bytearray(program.read_bytes())
    raw[len(raw) // 2] ^= 0xFF
    program.write_bytes(raw)
    known = subprocess.run(words, capture_output=True, text=True, check=False)
    assert "csim    up to date" in known.stdout  # and needs no program
    runs = [
        subprocess.run(
            command(folder, "csim", "--images", count), capture_output=True, text=True, check=False
        )
        for count in ("3", "4")
    ]
    assert [done.returncode for done in runs] == [0, 0], runs
    # the damaged program was not taken for the finished one
    assert ["build" in done.stdout for done in runs] == [True, False]


def test_interrupted_at_every_write_of_a_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tiny_graph(), tmp_path / "graph")
    where = ("--graph", str(tmp_path / "graph"), "--board", "pynq-z2")
    assert call("hls", *where, "--output", str(tmp_path / "whole")).status == 0
    whole = contents(tmp_path / "whole")
    replace, writes = Path.replace, 0

    def interrupted(self: Path, target: Path) -> Path:
        nonlocal writes
        writes += 1
        if writes == 8:
            raise KeyboardInterrupt
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", interrupted)
    statuses = []
    while not statuses or statuses[-1] == 130:
        writes = 0
        statuses.append(call("hls", *where, "--output", str(tmp_path / "cut")).status)
        for name, data in contents(tmp_path / "cut").items():
            if not name.endswith(".stage.json"):  # that says what was being written
                assert whole[name] == data, name  # whole files only
    assert statuses[-1] == 0
    assert len(statuses) > len(whole) // 8
    assert contents(tmp_path / "cut") == whole


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
def test_a_full_disk_is_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    save(tiny_graph(), tmp_path / "graph")
    where = ("--graph", str(tmp_path / "graph"), "--board", "pynq-z2")
    output = ("--output", str(tmp_path / "project"))
    replace, left = Path.replace, 20

    def full(self: Path, target: Path) -> Path:
        nonlocal left
        left -= 1
        if left < 0:
            raise OSError(number, os.strerror(number), str(self))
        return replace(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full)
        called = call("hls", *where, *output)
    assert called.status == 1
    message, hint = called.err.splitlines()
    assert message.startswith("error: ")
    assert message.endswith(os.strerror(number))
    assert hint == "What was finished is kept; run it again."
    assert not [name for name in contents(tmp_path / "project") if name.endswith(".part")]
    assert call("hls", *where, *output).status == 0


def test_a_read_only_folder(tmp_path: Path) -> None:
    prefix: list[str] = []
    if os.geteuid() == 0:  # root may write everywhere, unless it drops the right to
        if shutil.which("setpriv") is None:
            pytest.skip("setpriv is not on PATH")
        prefix = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"]
    save(small_graph(), tmp_path / "graph")
    project = tmp_path / "project"
    words = [*prefix, *command(tmp_path, "hls")]
    project.mkdir()
    project.chmod(0o555)
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert done.stderr.startswith("error: ")
        assert "Permission denied" in done.stderr.splitlines()[0]
        assert str(project) in done.stderr.splitlines()[0]
        assert list(project.iterdir()) == []
        project.chmod(0o755)
        assert subprocess.run(words, capture_output=True, check=False).returncode == 0
        for path in (*project.rglob("*"), project, tmp_path):
            path.chmod(path.stat().st_mode & ~0o222)
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr  # all is there already
        assert "hls     up to date" in done.stdout
    finally:
        for path in (tmp_path, project, *project.rglob("*")):
            path.chmod(path.stat().st_mode | 0o700)


def test_two_runs_on_one_graph_folder_at_once(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from fcn_hw.locks import locked\n"
        "with locked(Path(sys.argv[1]), 'fcn-hw hls'):\n"
        "    print('held', flush=True); time.sleep(60)\n"
    )
    save(small_graph(), tmp_path / "graph")
    words = command(tmp_path, "hls")[3:]
    other = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "project")], stdout=subprocess.PIPE, text=True
    )
    assert other.stdout is not None
    try:
        assert other.stdout.readline() == "held\n"
        called = call(*words)
        assert called.status == 1
        assert f"process {other.pid} (fcn-hw hls) is at work there" in called.err
        assert not (tmp_path / "project").exists()
    finally:
        other.kill()
        other.wait()
        other.stdout.close()
    assert call(*words).status == 0  # the dead one's lock is taken over


def test_a_damaged_output_of_the_same_size_is_made_again(tmp_path: Path) -> None:
    output, record = tmp_path / "out.bin", StageRecord("x", tmp_path, "d")
    output.write_bytes(b"0123456789" * 1000)
    os.utime(output, (1, 1))
    record.finish([output])
    assert record.is_current()
    raw = bytearray(output.read_bytes())
    raw[5000] ^= 1
    output.write_bytes(raw)
    os.utime(output, (1, 1))
    assert not record.is_current()


@pytest.mark.parametrize("name", ["graph.json", "weights.npz"])
def test_a_damaged_graph_is_refused_in_words(tmp_path: Path, name: str) -> None:
    graph = tiny_graph()
    save(graph, tmp_path)
    raw, rng = (tmp_path / name).read_bytes(), np.random.default_rng(5)
    refused = 0
    for case in range(60):
        damaged = bytearray(raw)
        if case % 3 == 0:
            damaged = damaged[: rng.integers(0, len(raw))]
        else:
            damaged[rng.integers(0, len(raw))] ^= 1 << rng.integers(0, 8)
        (tmp_path / name).write_bytes(damaged)
        try:
            assert digest(load(tmp_path)) == digest(graph)  # a blank, a time stamp, a key's name
        except FcnHwError as error:
            refused += 1
            assert str(error)
    assert refused > 40


@pytest.mark.gxx
@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "no digest"])
def test_a_damaged_cache_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    """The compiled simulator of FIFO depths, which lies in the user's cache and is loaded."""
    whole = b"\x7fELF" + bytes(range(256)) * 8
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(engine, "run", lambda plan, folder: _written(folder / "engine.so", whole))
    loaded = []
    monkeypatch.setattr(engine.ctypes, "CDLL", lambda path: loaded.append(path) or _Library())
    engine._library.__wrapped__()
    (library,) = tmp_path.rglob("*.so")
    if damage == "no digest":
        library.with_suffix(".sha256").unlink()
    else:
        cut = {"cut": whole[:-1], "flipped": whole[:-1] + b"\0", "empty": b""}[damage]
        library.write_bytes(cut)
    engine._library.__wrapped__()
    assert library.read_bytes() == whole
    monkeypatch.setattr(engine, "run", None)  # a third time, nothing is compiled
    engine._library.__wrapped__()
    assert loaded == [str(library)] * 3


class _Library:
    """Stands for a loaded library."""

    class _Function:
        restype: object = None

    run = _Function()
    run_in_order = _Function()
    least_depth = _Function()
    occupancy = _Function()
    relax = _Function()


def _written(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def test_damaged_frames_are_refused_in_words(tmp_path: Path) -> None:
    path, rng = tmp_path / "frames.npy", np.random.default_rng(2)
    tensor = small_graph().inputs[0].output
    np.save(path, rng.integers(0, 256, (2, 5, 7, 1), dtype=np.uint8))
    raw, refused = path.read_bytes(), 0
    cases = [raw[:size] for size in range(len(raw))]
    for _ in range(300):
        flipped = bytearray(raw)
        flipped[rng.integers(0, 128)] ^= 1 << rng.integers(0, 8)
        cases.append(bytes(flipped))
    for damaged in (*cases, b"PK\x03\x04" + raw, b"PK\x03\x04"):
        path.write_bytes(damaged)
        try:
            assert load_frames(path, tensor).codes.shape == (2, 5, 7, 1)
        except DataError:
            refused += 1
    assert refused > len(raw)


def test_a_long_name(tmp_path: Path) -> None:
    words = ("--graph", str(tmp_path / "graph"), "--board", "pynq-z2", "--output")
    save(small_graph("n" * 128), tmp_path / "graph")
    assert call("hls", *words, str(tmp_path / "project")).status == 0
    assert (tmp_path / "project" / "firmware" / f"{'n' * 128}.cpp").is_file()
    with pytest.raises(FcnHwError, match="has 129 characters, 128 is the limit"):
        small_graph("n" * 129)
    too_long = call("hls", *words, str(tmp_path / ("p" * 256)))
    assert too_long.status == 1
    assert "File name too long" in too_long.err
    assert "Traceback" not in too_long.err


def test_no_left_over_after_a_kill_is_in_the_way(tmp_path: Path) -> None:
    """SIGKILL while files are written: what is left are whole files and temporaries."""
    save(tiny_graph(), tmp_path / "graph")
    child = subprocess.Popen(command(tmp_path, "hls"), stdout=subprocess.DEVNULL)
    end = time.monotonic() + 60
    while not (tmp_path / "project" / "firmware").exists():
        assert time.monotonic() < end
        assert child.poll() is None
        time.sleep(0.001)
    child.kill()
    child.wait()
    assert call(*command(tmp_path, "hls")[3:]).status == 0
    (tmp_path / "project").rename(tmp_path / "killed")
    assert call(*command(tmp_path, "hls")[3:]).status == 0
    whole = contents(tmp_path / "project")
    left = {n: d for n, d in contents(tmp_path / "killed").items() if not n.endswith(".part")}
    assert left == whole
