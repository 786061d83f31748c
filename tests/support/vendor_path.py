"""PATH with some of AMD's tools faked and the others missing, whatever the machine has."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

FAKES = Path(__file__).parents[1] / "fake_tools" / "xilinx"
PROGRAMS = ("vitis_hls", "vitis-run", "vivado_hls", "vivado")
BASIC = ("sh", "python3", "tclsh", "g++", "as", "ld", "readlink", "dirname", "seq", "sleep")


def put_on_path(monkeypatch: pytest.MonkeyPatch, folder: Path, *programs: str) -> Path:
    """Makes PATH a folder that holds these fakes and what tests need of the system.

    Args:
        folder: is made anew.
        programs: of :data:`PROGRAMS`.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in BASIC:
        found = shutil.which(name, path=os.defpath + os.pathsep + os.environ["PATH"])
        if found is not None:
            (folder / name).symlink_to(found)
    for name in programs:
        assert name in PROGRAMS
        (folder / name).symlink_to(FAKES / name)
    monkeypatch.setenv("PATH", str(folder))
    return folder
