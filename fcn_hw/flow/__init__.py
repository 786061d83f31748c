"""Named stages, each skipped when its inputs' digest is that of its last finished run."""

from fcn_hw.flow.bounded import BoundedResult, bounded_stage
from fcn_hw.flow.csim_report import CsimResult
from fcn_hw.flow.pipeline import csim_stage, export_stage, hls_stage
from fcn_hw.flow.train import train_stage
from fcn_hw.flow.worker import work_for_chief
from fcn_hw.flow.workspace import Workspace, open_workspace

__all__ = [
    "BoundedResult",
    "CsimResult",
    "Workspace",
    "bounded_stage",
    "csim_stage",
    "export_stage",
    "hls_stage",
    "open_workspace",
    "train_stage",
    "work_for_chief",
]
