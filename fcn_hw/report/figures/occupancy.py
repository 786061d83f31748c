"""What a FIFO holds over some frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from fcn_hw.report.render import markup

WIDTH, HEIGHT, TOP = 800, 90, 4


@dataclass(frozen=True)
class OccupancyFigure:
    """``figures/occupancy.svg.j2``; the text is outside the picture, which is stretched."""

    id: str
    fifo: str
    caption: str
    description: str
    width: int
    height: int
    area: str
    limit_y: str
    frame_ends: tuple[str, ...]


def occupancy_figure(
    figure_id: str,
    fifo: str,
    *,
    depth: int,
    cycles: Sequence[int],
    pixels: Sequence[int],
    end: int,
    frame_ends: Sequence[int],
) -> Markup:
    """The picture.

    Args:
        figure_id: unique in the page.
        depth: of the FIFO, in pixels.
        cycles, pixels: the most pixels that it holds from each of these cycles to the next.
        end: cycles in all.
        frame_ends: the cycle in which each frame ends.
    """
    peak = max(pixels)
    high = max(depth, peak, 1)

    def y(count: int) -> str:
        return f"{TOP + (HEIGHT - TOP) * (1 - count / high):.1f}"

    def x(cycle: int) -> str:
        return f"{WIDTH * cycle / end:.1f}"

    steps = [f"M0 {HEIGHT}"]
    for cycle, count, following in zip(cycles, pixels, [*cycles[1:], end], strict=True):
        steps.append(f"L{x(cycle)} {y(count)} L{x(following)} {y(count)}")
    steps.append(f"L{WIDTH} {HEIGHT}Z")
    text = f"at most {peak:,} of {depth:,} pixels"
    return markup(
        "figures/occupancy.svg.j2",
        OccupancyFigure(
            id=figure_id,
            fifo=fifo,
            caption=text,
            description=f"Pixels in the FIFO {fifo} over {end:,} cycles and {len(frame_ends)} "
            f"frames: {text}. The dashed line is its depth, thin lines are ends of frames.",
            width=WIDTH,
            height=HEIGHT,
            area=" ".join(steps),
            limit_y=y(depth),
            frame_ends=tuple(x(cycle) for cycle in frame_ends),
        ),
    )
