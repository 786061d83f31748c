"""A project with hls4ml's own convolutions: their headers are followed, their findings counted."""

from __future__ import annotations

from pathlib import Path

import pytest
from sample_graphs import tiny_graph

from fcn_hw.backend.hls4ml_bridge import ap_types_folder
from fcn_hw.backend.project import plan_project
from fcn_hw.boards import load_board
from fcn_hw.design import Hls
from fcn_hw.lint import lint_project
from fcn_hw.tools.runner import write_files


@pytest.mark.parametrize("conv", ["fcn_hw", "hls4ml"])
def test_only_hls4mls_headers_break_rules(tmp_path: Path, conv: str) -> None:
    hls = Hls(Conv=conv)  # type: ignore[arg-type]
    write_files(plan_project(tiny_graph(), load_board("pynq-z2"), hls), tmp_path)
    report = lint_project(tmp_path, [ap_types_folder()])
    assert report.findings == ()
    assert (report.left_out > 0) == (conv == "hls4ml")
