"""Points and lines over two axes, small enough to be read on a phone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup

from fcn_hw.report.render import markup

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 300, 190, 46, 12, 10, 34
MARGIN = 0.06
"""Share of the range that is left free on each side."""
SIZE = 3.5

Shape = Literal["circle", "square", "diamond", "triangle"]


@dataclass(frozen=True)
class Series:
    """What is drawn alike.

    Args:
        points: (x, y), in the order of the line.
        shape: of the marks; what the colour says, the shape says too.
        line: whether it joins them.
        titles: of the points, or none.
    """

    name: str
    points: tuple[tuple[float, float], ...]
    colour: str
    shape: Shape
    line: bool
    dash: str = ""
    titles: tuple[str, ...] = ()


@dataclass(frozen=True)
class ChartMark:
    path: str
    colour: str
    title: str


@dataclass(frozen=True)
class ChartLine:
    path: str
    colour: str
    dash: str


@dataclass(frozen=True)
class AxisTick:
    x: str
    y: str
    text: str


@dataclass(frozen=True)
class ChartFigure:
    """``figures/chart.svg.j2``."""

    id: str
    title: str
    description: str
    caption: str
    width: int
    height: int
    frame: str
    x_label: str
    x_ticks: tuple[AxisTick, ...]
    y_ticks: tuple[AxisTick, ...]
    lines: tuple[ChartLine, ...]
    marks: tuple[ChartMark, ...]


def chart_figure(
    figure_id: str,
    title: str,
    caption: str,
    *,
    x_label: str,
    y_label: str,
    series: Sequence[Series],
    level: float | None = None,
) -> Markup:
    """The picture.

    Args:
        figure_id: unique in the page.
        series: at least one point in all.
        level: a value of y to draw across.
    """
    xs = [x for item in series for x, _ in item.points]
    ys = [y for item in series for _, y in item.points] + ([] if level is None else [level])
    x_low, x_high = _range(xs)
    y_low, y_high = _range(ys)
    right, floor = WIDTH - RIGHT, HEIGHT - BOTTOM

    def place(x: float, y: float) -> tuple[float, float]:
        across = LEFT + (right - LEFT) * (x - x_low) / (x_high - x_low)
        return across, floor - (floor - TOP) * (y - y_low) / (y_high - y_low)

    lines = (
        []
        if level is None
        else [ChartLine(f"M{LEFT} {place(0, level)[1]:.1f}H{right}", "#6B7280", "2 3")]
    )
    marks = []
    for item in series:
        places = [place(x, y) for x, y in item.points]
        if item.line and len(places) > 1:
            path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
            lines.append(ChartLine(path, item.colour, item.dash))
        for number, (x, y) in enumerate(places):
            at_x, at_y = item.points[number]
            named = f"{item.titles[number]}: " if item.titles else f"{item.name}: "
            text = f"{named}{x_label} {at_x:,g}, {y_label} {at_y:.4g}"
            marks.append(ChartMark(_mark(item.shape, x, y), item.colour, text))
    said = "; ".join(
        f"{item.name}: " + ", ".join(f"{x:,g} gives {y:.4g}" for x, y in item.points[:12])
        for item in series
    )
    figure = ChartFigure(
        id=figure_id,
        title=title,
        description=f"{y_label} over {x_label}. {said}.",
        caption=caption,
        width=WIDTH,
        height=HEIGHT,
        frame=f"M{LEFT} {TOP}V{floor}H{right}",
        x_label=x_label,
        x_ticks=tuple(
            AxisTick(f"{place(value, y_low)[0]:.1f}", str(floor + 13), _number(value))
            for value in sorted({min(xs), max(xs)})
        ),
        y_ticks=tuple(
            AxisTick(str(LEFT - 5), f"{place(x_low, value)[1] + 4:.1f}", f"{value:.3g}")
            for value in sorted({min(ys), max(ys)})
        ),
        lines=tuple(lines),
        marks=tuple(marks),
    )
    return markup("figures/chart.svg.j2", figure)


def _range(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    margin = MARGIN * (high - low) or abs(high) or 1.0
    return low - margin, high + margin


def _number(value: float) -> str:
    return f"{value:,g}" if abs(value) < 1e6 else f"{value:.3g}"


def _mark(shape: Shape, x: float, y: float) -> str:
    size = SIZE
    if shape == "square":
        return f"M{x - size:.1f} {y - size:.1f}h{2 * size}v{2 * size}h{-2 * size}z"
    if shape == "diamond":
        size = 1.4 * size
        return f"M{x:.1f} {y - size:.1f}l{size} {size}l{-size} {size}l{-size} {-size}z"
    if shape == "triangle":
        size = 1.2 * size
        return f"M{x:.1f} {y - size:.1f}l{size:g} {2 * size:g}h{-2 * size:g}z"
    return (
        f"M{x - size:.1f} {y:.1f}a{size} {size} 0 1 0 {2 * size} 0"
        f"a{size} {size} 0 1 0 {-2 * size} 0z"
    )
