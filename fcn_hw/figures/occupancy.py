"""What FIFOs hold over time: a panel for each FIFO, one axis of time for all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from fcn_hw import colours
from fcn_hw.dataflow.occupancy import Occupancy
from fcn_hw.figures.drawing import draw_svg

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_WIDTH_IN, _PANEL_IN = 9.0, 1.1


def occupancy_svg(found: Occupancy, depths: Mapping[str, int], name: str) -> str:
    """Pixels in FIFOs over the simulated frames, with the depth of each as its limit.

    Args:
        found: what at least one FIFO holds.
        depths: of each FIFO, in pixels.
        name: what the title names: a design on a board.
    """

    def draw(figure: Figure) -> None:
        panels = figure.subplots(len(found.fifos), 1, sharex=True, squeeze=False)[:, 0]
        for axes, (fifo, held) in zip(panels, found.fifos.items(), strict=True):
            depth, peak = depths[fifo], max(held.pixels)
            axes.stairs(
                held.pixels, [*held.cycles, found.cycles], baseline=0, fill=True,
                facecolor=colours.SKY, edgecolor=colours.BLUE, linewidth=0.6,
            )  # fmt: skip
            axes.axhline(depth, color=colours.VERMILLION, linestyle="--", linewidth=1)
            for end in found.frame_ends:
                axes.axvline(end, color=colours.GREY, linestyle=":", linewidth=0.8)
            axes.set_ylim(0, 1.1 * max(depth, peak, 1))
            axes.set_yticks([0, depth], ["0", f"{depth:,}"])
            axes.set_title(f"{fifo}: at most {peak:,} of {depth:,} pixels", loc="left", fontsize=9)
        panels[-1].set_xlim(0, found.cycles)
        panels[-1].set_xlabel(
            f"cycles; {_counted(found.frame_ends)}, whose ends are dotted; a dashed line is a depth"
        )
        figure.suptitle(f"{name}: pixels in the FIFOs of skip connections")

    return draw_svg(draw, _WIDTH_IN, 0.9 + _PANEL_IN * len(found.fifos))


def _counted(frame_ends: Sequence[int]) -> str:
    return f"{len(frame_ends)} frames" if len(frame_ends) > 1 else "1 frame"
