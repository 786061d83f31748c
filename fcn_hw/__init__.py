"""fcn_hw: from a quantized segmentation network to a verified FPGA hand-off.

The verbs of the command line are functions here, of ``fcn_hw.api``: ``fcn_hw.export_model``,
``fcn_hw.csim_design``, ... They are loaded when they are first used.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fcn_hw.api import *  # noqa: F403

__version__ = "0.2.0"


def __getattr__(name: str) -> Any:
    # the import system asks for submodules here too, api itself among them
    if not name.startswith("_") and find_spec(f"{__name__}.{name}") is None:
        api = import_module("fcn_hw.api")
        if name in api.__all__:
            return getattr(api, name)
    raise AttributeError(f"module 'fcn_hw' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted({*globals(), *import_module("fcn_hw.api").__all__})
