"""The shipped designs, whole: trained from scratch, then every validation image, code for code."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from rich.console import Console

from fcn_hw.boards import load_board
from fcn_hw.flow import csim_stage, open_workspace
from fcn_hw.flow.progress import Progress
from fcn_hw.flow.rtl import rtl_cosim
from fcn_hw.rtl.front_end import CLANG

pytestmark = [pytest.mark.gxx, pytest.mark.slow]

PROJECTS = Path(__file__).parent.parent.parent / "hls_projects"
POINTS = 0.02
"""What quantization may cost: two points of mIoU."""


@pytest.mark.parametrize("name", ["digits_fcn8s", "camvid_fcn8s"])
def test_exact_and_within_two_points_of_float(tmp_path: Path, name: str) -> None:
    if name.startswith("camvid") and not Path(os.environ.get("FCN_HW_DATA", "-")).is_dir():
        pytest.skip("CamVid is not at FCN_HW_DATA")
    folder = tmp_path / "hls_projects" / name
    folder.mkdir(parents=True)
    shutil.copy(PROJECTS / name / "design.yaml", folder)
    workspace = open_workspace(name, tmp_path)
    result = csim_stage(workspace, load_board("pynq-z2"), Progress(Console(), quiet=True))
    training = json.loads((workspace.model / "training.json").read_text())
    if name == "digits_fcn8s" and shutil.which(CLANG):
        simulated = rtl_cosim(workspace, load_board("pynq-z2"), Progress(Console(), quiet=True))
        assert simulated.interval == simulated.estimated_interval
        assert simulated.streams == 25 + 1 + 3  # of pixels, of beats, of words of registers
    assert result.mismatches == 0
    assert result.argmax_flips == 0
    assert result.score_csim == training["retrained"]["miou"]
    assert result.score_float == training["float"]["miou"]
    assert training["retrained"]["miou"] > training["float"]["miou"] - POINTS
    assert training["retrained"]["miou"] > training["direct"]["miou"]
