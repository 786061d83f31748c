"""Pictures of an estimate, as SVG: cycles by layer, resources against the board.

The same estimate gives the same bytes: identifiers are hashed with a fixed salt, no date is
written, text stays text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from io import StringIO
from typing import TYPE_CHECKING, Any

from fcn_hw.estimate.fit import RESOURCES
from fcn_hw.estimate.network import Estimate
from fcn_hw.estimate.resources import Resources

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STYLE: dict[str, Any] = {
    "svg.hashsalt": "fcn_hw",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
"""Of every picture: text stays text, the same data give the same bytes."""
_IDEAL, _ACTUAL, _LIMIT = "#4c78a8", "#f2a65a", "#b22222"
_LAYER_HEIGHT_IN = 0.22


def pictures(result: Estimate) -> dict[str, str]:
    """File names and SVG texts."""
    return {"cycles.svg": cycles_svg(result), "resources.svg": resources_svg(result)}


def cycles_svg(result: Estimate) -> str:
    """A bar for each layer: the cycles that its work needs, and those on top of it."""
    layers = [layer for layer in result.layers if layer.cycles > 0]
    names = [layer.name for layer in layers]

    def draw(axes: Axes) -> None:
        ideal = [min(layer.ideal_cycles, layer.cycles) for layer in layers]
        rest = [layer.cycles - least for layer, least in zip(layers, ideal, strict=True)]
        places = range(len(layers))
        axes.barh(places, ideal, color=_IDEAL, label="ideal: work / multipliers, or beats")
        axes.barh(places, rest, left=ideal, color=_ACTUAL, label="actual: fill and drain on top")
        axes.axvline(
            result.limit.cycles, color=_LIMIT, linewidth=1, label=f"limit: {result.limit.cause}"
        )
        axes.set_yticks(places, names)
        axes.margins(y=0.01)
        axes.invert_yaxis()
        axes.set_xlabel("cycles a frame")
        axes.set_title(
            f"{result.design} on {result.board}: {result.interval_cycles:,} cycles a frame, "
            f"{result.fps:.4g} frames/s (limit {result.limit_fps:.4g})"
        )
        axes.legend(loc="lower right", fontsize=8)

    return _svg(draw, height_in=1.2 + _LAYER_HEIGHT_IN * len(layers))


def resources_svg(result: Estimate) -> str:
    """A bar for each resource: what the layers use of the board, the largest layers apart."""
    have = _values(result.available)
    layers = sorted(result.layers, key=lambda layer: (-_share(layer.resources, have), layer.name))
    shown, others = layers[:8], layers[8:]
    parts = [(layer.name, _values(layer.resources)) for layer in shown]
    if others:
        summed = [sum(_values(layer.resources)[i] for layer in others) for i in range(4)]
        parts.append((f"{len(others)} others", summed))

    def draw(axes: Axes) -> None:
        left = [0.0] * len(RESOURCES)
        for index, (name, values) in enumerate(parts):
            shares = [_percent(value, most) for value, most in zip(values, have, strict=True)]
            axes.barh(RESOURCES, shares, left=left, label=name, color=f"C{index}")
            left = [a + b for a, b in zip(left, shares, strict=True)]
        for place, (share, most) in enumerate(zip(left, have, strict=True)):
            axes.text(share + 1, place, f"{share:.0f} % of {most:,}", va="center")
        axes.axvline(100, color=_LIMIT, linewidth=1)
        axes.set_xlim(0, max(125.0, 1.25 * max(left)))
        axes.invert_yaxis()
        axes.set_xlabel("% of the board")
        axes.set_title(f"{result.design} on {result.board}")
        axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize=8)

    return _svg(draw, height_in=3.2)


def _values(amount: Resources) -> list[int]:
    """In the order of RESOURCES."""
    return [amount.lut, amount.ff, amount.dsp, amount.bram18]


def _percent(value: int, most: int) -> float:
    return 100 * value / most if most else 0.0


def _share(amount: Resources, have: Sequence[int]) -> float:
    return sum(_percent(value, most) for value, most in zip(_values(amount), have, strict=True))


def _svg(draw: Callable[[Axes], None], *, height_in: float) -> str:
    """Draws into a figure of its own; no display, no global state."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(STYLE):  # type: ignore[arg-type]
        figure = Figure(figsize=(9, height_in), layout="constrained")
        draw(figure.add_subplot())
        text = StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    return text.getvalue()
