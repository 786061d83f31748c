"""Real photographs through the whole flow: exact on each of them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from rich.console import Console

from fcn_hw.boards import load_board
from fcn_hw.flow import csim_stage, open_workspace
from fcn_hw.flow.progress import Progress

IMAGES = 8

DESIGN = f"""
name: streets
dataset:
  kind: camvid
  height: 48
  width: 62            # no multiple of the stride
  train_limit: 16
  val_limit: {IMAGES}
network: {{kind: fcn8s, filters: [4, 6, 8], upsampling: bilinear}}
training: {{batch_size: 4, float_epochs: 2, retrain_epochs: 1, calibration_images: 8}}
hls: {{ReuseFactor: 36}}
"""


@pytest.mark.gxx
@pytest.mark.skipif(
    not (Path(os.environ.get("FCN_HW_DATA", "-")) / "camvid").is_dir(),
    reason="CamVid is not at FCN_HW_DATA",
)
def test_street_scenes_are_exact(tmp_path: Path) -> None:
    folder = tmp_path / "hls_projects" / "streets"
    folder.mkdir(parents=True)
    (folder / "design.yaml").write_text(DESIGN)
    result = csim_stage(
        open_workspace("streets", tmp_path), load_board("zcu104"), Progress(Console(), quiet=True)
    )
    assert result.images == IMAGES
    assert result.mismatches == 0
    assert result.argmax_flips == 0
    assert result.score_csim == result.score_quantized > 0
