"""One process at a time writes to a folder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fcn_hw.errors import Busy
from fcn_hw.locks import locked

HOLD = """
import sys, time
from pathlib import Path
from fcn_hw.locks import locked
with locked(Path(sys.argv[1]), "fcn-hw csim"):
    print("held", flush=True)
    time.sleep(60)
"""


@contextmanager
def holder(folder: Path) -> Iterator[subprocess.Popen[str]]:
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    try:
        assert child.stdout.readline() == "held\n"
        yield child
    finally:
        child.kill()
        child.wait()
        child.stdout.close()


def test_the_second_is_told_who_holds_it(tmp_path: Path) -> None:
    folder = tmp_path / "a design é" / "pynq-z2"
    with holder(folder) as child:
        with pytest.raises(Busy) as caught, locked(folder, "fcn-hw hls"):
            pass
        assert caught.value.message == (
            f"{folder}: process {child.pid} (fcn-hw csim) is at work there"
        )
        assert "Wait until it has ended" in caught.value.hint
        assert caught.value.exit_status == 1
        with locked(folder.with_name("zcu104"), "fcn-hw hls"):  # another board is free
            pass
        link = tmp_path / "link"
        link.symlink_to(folder.parent)
        with pytest.raises(Busy), locked(link / "pynq-z2", "fcn-hw hls"):
            pass


def test_a_dead_process_holds_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    with holder(folder) as child:
        child.send_signal(signal.SIGKILL)
        child.wait()
        assert (tmp_path / ".out.lock").exists()  # what it left
        with locked(folder, "fcn-hw hls"):
            assert str(os.getpid()) in (tmp_path / ".out.lock").read_text()
    assert not (tmp_path / ".out.lock").exists()


def test_nested_in_one_process(tmp_path: Path) -> None:
    with locked(tmp_path / "a", "x"):
        with locked(tmp_path / "a", "y"):
            pass
        assert (tmp_path / ".a.lock").exists()  # still held by the outer one
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ValueError, match="inside"), locked(tmp_path / "a", "x"):
        raise ValueError("inside")
    with locked(tmp_path / "a", "x"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_many_at_once_are_never_two(tmp_path: Path) -> None:
    """Each process takes the lock in a loop and writes a file that no other may see."""
    code = """
import sys
from pathlib import Path
from fcn_hw.errors import Busy
from fcn_hw.locks import locked
root, done = Path(sys.argv[1]), 0
while done < 150:
    try:
        with locked(root / "out", "x"):
            with (root / "alone").open("x"):
                pass
            (root / "alone").unlink()
            done += 1
    except Busy:
        pass
"""
    children = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    deadline = time.monotonic() + 60
    for child in children:
        _, errors = child.communicate(timeout=max(1, deadline - time.monotonic()))
        assert child.returncode == 0, errors
    assert list(tmp_path.iterdir()) == []
