"""``Conv: hls4ml``: what the stages say of it, and what they can't do with it."""

from __future__ import annotations

from fcn_hw.backend.hls4ml_conv import convolutions_that_stay
from fcn_hw.design import Hls
from fcn_hw.errors import ConfigError
from fcn_hw.flow.progress import Progress
from fcn_hw.ir import Graph


def say_own_convolutions(graph: Graph, hls: Hls, progress: Progress) -> None:
    """One line where hls4ml's convolutions are emitted: what is not proved, what stays ours."""
    if hls.Conv == "fcn_hw":
        return
    stay = convolutions_that_stay(graph)
    kept = f"; fcn_hw's stay: {', '.join(stay)}" if stay else ""
    progress.say(f"        hls4ml's convolutions: cycles and FIFO depths are not proved{kept}")


def refuse_hls4ml(hls: Hls, what: str) -> None:
    """Stops a command that stands on the cycles of fcn_hw's convolutions.

    Args:
        what: the command.

    Raises:
        ConfigError: the design asks for hls4ml's convolutions.
    """
    if hls.Conv != "fcn_hw":
        raise ConfigError(
            f"hls.Conv is hls4ml: '{what}' stands on the cycles of fcn_hw's convolutions, those of "
            "hls4ml are not known",
            hint="Set hls.Conv to fcn_hw, or run csim, which compares the codes of both.",
        )
