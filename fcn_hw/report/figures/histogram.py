"""Weights of a layer before and after quantization, in the same bins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from fcn_hw.fixed import to_float
from fcn_hw.ops import Constant
from fcn_hw.report.render import markup

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 280, 150, 8, 8, 10, 22
MOST_BINS = 40
OUTLIERS = 0.001
"""Share of float weights on each side that may lie outside the picture; the text counts them."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class HistogramBar:
    x: str
    y: str
    width: str
    height: str


@dataclass(frozen=True)
class Tick:
    x: str
    text: str


@dataclass(frozen=True)
class HistogramFigure:
    """``figures/histogram.svg.j2``: bars after, a stepped line before quantization."""

    id: str
    layer: str
    caption: str
    description: str
    width: int
    height: int
    floor: int
    label_y: int
    bars: tuple[HistogramBar, ...]
    outline: str
    ticks: tuple[Tick, ...]


def histogram_figure(figure_id: str, layer: str, after: Constant, before: Floats | None) -> Markup:
    """The picture.

    A bin is as wide as the step of the format, or as some steps of it where it has many codes; it
    is centred on a code. So the line shows how many float weights each bar would get if they were
    rounded only; the difference is what retraining changed.

    Args:
        figure_id: unique in the page.
        before: weights of the float model, or None.
    """
    fmt = after.format
    values = to_float(after.codes, fmt).ravel()
    shown = values if before is None else np.concatenate([values, _inner(before)])
    width, edges = _bins(fmt.step, float(shown.min()), float(shown.max()))
    high = np.histogram(values, edges)[0] / values.size
    low = None if before is None else np.histogram(before, edges)[0] / before.size
    most = max(float(high.max()), 0.0 if low is None else float(low.max()))
    left, span = edges[0], edges[-1] - edges[0]

    def x(value: float) -> str:
        return f"{LEFT + (WIDTH - LEFT - RIGHT) * (value - left) / span:.1f}"

    floor = HEIGHT - BOTTOM

    def y(share: float) -> str:
        return f"{floor - (floor - TOP) * share / most:.1f}"

    wide = (WIDTH - LEFT - RIGHT) * width / span
    bars = tuple(
        HistogramBar(
            x(edge + 0.15 * width), y(share), f"{0.7 * wide:.1f}",
            f"{(floor - TOP) * share / most:.1f}",
        )
        for edge, share in zip(edges[:-1].tolist(), high.tolist(), strict=True)
        if share
    )  # fmt: skip
    outline = ""
    if low is not None:
        points = [f"M{x(left)} {floor}"]
        for edge, share in zip(edges[:-1].tolist(), low.tolist(), strict=True):
            points.append(f"L{x(edge)} {y(share)} L{x(edge + width)} {y(share)}")
        outline = " ".join([*points, f"L{x(float(edges[-1]))} {floor}"])
    zeros = float(np.mean(after.codes == 0))
    used = len(np.unique(after.codes))
    text = f"{values.size:,} weights, {fmt}: {used} different values, {100 * zeros:.1f} % zero"
    return markup(
        "figures/histogram.svg.j2",
        HistogramFigure(
            id=figure_id,
            layer=layer,
            caption=text,
            description=f"Histogram of the weights of {layer}. {text}; from {values.min():.4g} to "
            f"{values.max():.4g}. {_said(before, edges)}",
            width=WIDTH,
            height=HEIGHT,
            floor=floor,
            label_y=HEIGHT - 6,
            bars=bars,
            outline=outline,
            ticks=tuple(Tick(x(value), f"{value:.3g}") for value in _ticks(edges)),
        ),
    )


def _inner(before: Floats) -> Floats:
    low, high = np.quantile(before, [OUTLIERS, 1 - OUTLIERS])
    return np.array([low, high])


def _bins(step: float, low: float, high: float) -> tuple[float, Floats]:
    """Width and edges of bins that are centred on multiples of the width."""
    width = step
    while (high - low) / width + 1 > MOST_BINS:
        width *= 2
    first, last = np.floor(low / width + 0.5), np.floor(high / width + 0.5)
    if last - first < 4:  # all weights alike
        first, last = first - 2, last + 2
    return width, (np.arange(first, last + 2) - 0.5) * width


def _ticks(edges: Floats) -> list[float]:
    """0 and the ends, where they are apart."""
    low, high = float(edges[0]), float(edges[-1])
    ends = [low, high]
    inside = low + 0.15 * (high - low) < 0 < high - 0.15 * (high - low)
    return [low, 0.0, high] if inside else ends


def _said(before: Floats | None, edges: Floats) -> str:
    if before is None:
        return "The float model is not there to compare with."
    outside = int(np.count_nonzero((before < edges[0]) | (before > edges[-1])))
    text = f"Float weights before quantization: from {before.min():.4g} to {before.max():.4g}"
    return f"{text}, {outside:,} of them outside the picture."
