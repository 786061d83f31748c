"""fcn_hw: from a quantized segmentation network to a verified FPGA hand-off.

The verbs of the command line are functions here, of ``fcn_hw.api``: ``fcn_hw.export_model``,
``fcn_hw.csim_design``, ... They are loaded when they are first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fcn_hw.api import *  # noqa: F403

__version__ = "0.2.0"

_FUNCTIONS = frozenset(
    """
    SearchOptions
    bitstream_design clean_design compare cosim_design csim_bounded csim_design csim_graph
    csynth_design diagnose estimate_design estimate_graph evaluate evaluate_design export_design
    export_model fifo_design handoff_design hls_design hls_graph levels_design lint_project
    list_boards load_board load_design load_graph new_design regression_design report_design
    save_graph search_design sensitivity_design show_graph sparsity_design train_design
    verify_bundle
    """.split()
)


def __getattr__(name: str) -> Any:
    if name in _FUNCTIONS:
        return getattr(import_module("fcn_hw.api"), name)
    raise AttributeError(f"module 'fcn_hw' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted({*globals(), *_FUNCTIONS})
