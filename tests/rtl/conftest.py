"""What several files of tests of the compiler need."""

from __future__ import annotations

import fcntl
import subprocess

import pytest

from fcn_hw.errors import ToolNotFound
from fcn_hw.tools.find import find_tool


@pytest.fixture(scope="session")
def yosys(tmp_path_factory: pytest.TempPathFactory) -> None:
    """yosys is there. The one of PyPI compiles itself at its first start, a minute of processor
    time: one process of tests does that, and the others wait for it."""
    try:
        program = find_tool("yosys")
    except ToolNotFound:
        pytest.skip("yosys is missing")
    with (tmp_path_factory.getbasetemp().parent / "yosys.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        subprocess.run([program, "-V"], check=True, stdout=subprocess.DEVNULL)
