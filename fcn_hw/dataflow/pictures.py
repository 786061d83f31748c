"""What FIFOs hold over time, drawn as SVG. One panel a FIFO, one axis of time for all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

import numpy as np

from fcn_hw.dataflow.engine import Longs
from fcn_hw.dataflow.simulate import Simulation

WIDTH, PANEL, LEFT, RIGHT, TOP, GAP = 860, 84, 64, 20, 44, 40
_INK, _FRAME, _FILL, _LIMIT = "#1f2430", "#7c8594", "#3a76b0", "#c2452d"


def occupancy_svg(
    simulation: Simulation, depths: Mapping[str, int], names: Sequence[str], title: str
) -> str:
    """Pixels in FIFOs over the simulated frames, with the depth of each as its limit.

    Args:
        depths: of each FIFO.
        names: of the FIFOs to draw, at least one.
        title: of the picture.
    """
    end = simulation.frame_ends[-1] + 1
    inner = WIDTH - LEFT - RIGHT
    height = TOP + len(names) * (PANEL + GAP) + 16
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="12" fill="{_INK}">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="24" font-size="15">{escape(title)}</text>',
    ]
    for index, name in enumerate(names):
        top = TOP + index * (PANEL + GAP) + 18
        cycles, pixels = simulation.occupancy(name, inner)
        parts += _panel(name, depths[name], cycles, pixels, end, top)
        for frame_end in simulation.frame_ends:
            x = LEFT + inner * frame_end / end
            parts.append(_line(x, top, x, top + PANEL, _FRAME, "2,3"))
    bottom = TOP + (len(names) - 1) * (PANEL + GAP) + 18 + PANEL
    parts.append(
        f'<text x="{LEFT}" y="{bottom + 16}">0</text>'
        f'<text x="{WIDTH - RIGHT}" y="{bottom + 16}" text-anchor="end">{end:,} cycles, '
        f"{len(simulation.frame_ends)} frames</text>"
    )
    return "\n".join([*parts, "</svg>", ""])


def _panel(name: str, depth: int, cycles: Longs, pixels: Longs, end: int, top: int) -> list[str]:
    inner, high = WIDTH - LEFT - RIGHT, max(depth, int(pixels.max()), 1)
    x = LEFT + inner * cycles / end
    y = top + PANEL * (1 - pixels / high)
    edge = np.append(x[1:], LEFT + inner)
    outline = " ".join(
        f"{a:.1f},{level:.1f} {b:.1f},{level:.1f}" for a, b, level in zip(x, edge, y, strict=True)
    )
    limit = top + PANEL * (1 - depth / high)
    return [
        f'<text x="{LEFT}" y="{top - 6}">{escape(name)}: at most {int(pixels.max()):,} of '
        f"{depth:,} pixels</text>",
        f'<polygon points="{LEFT},{top + PANEL} {outline} {LEFT + inner},{top + PANEL}" '
        f'fill="{_FILL}" fill-opacity="0.35" stroke="{_FILL}" stroke-width="0.8"/>',
        _line(LEFT, limit, LEFT + inner, limit, _LIMIT, "5,3"),
        _line(LEFT, top + PANEL, LEFT + inner, top + PANEL, _INK),
        f'<text x="{LEFT - 6}" y="{limit + 4:.1f}" text-anchor="end">{depth:,}</text>',
        f'<text x="{LEFT - 6}" y="{top + PANEL + 4}" text-anchor="end">0</text>',
    ]


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, dashes: str = "") -> str:
    dash = f' stroke-dasharray="{dashes}"' if dashes else ""
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"{dash}/>'
    )
