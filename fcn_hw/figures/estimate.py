"""Charts of an estimate: cycles by layer, resources against the board."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fcn_hw import colours
from fcn_hw.costs.resources import Resources
from fcn_hw.estimate.fit import RESOURCES
from fcn_hw.estimate.network import Estimate
from fcn_hw.figures.drawing import draw_svg

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_WIDTH_IN = 9.0
_LAYER_HEIGHT_IN = 0.22
_LARGEST_LAYERS = 8
"""Layers that have a part of their own in the bars of :func:`resources_svg`."""


def cycles_svg(result: Estimate) -> str:
    """A bar for each layer: the cycles of a frame that its work needs, and those on top of it."""
    layers = [layer for layer in result.layers if layer.cycles > 0]
    names = [layer.name for layer in layers]

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        ideal = [min(layer.ideal_cycles, layer.cycles) for layer in layers]
        rest = [layer.cycles - least for layer, least in zip(layers, ideal, strict=True)]
        places = range(len(layers))
        axes.barh(
            places, ideal, color=colours.BLUE, label="ideal: work over multipliers, or pixels"
        )
        axes.barh(
            places, rest, left=ideal, color=colours.ORANGE, hatch="//", edgecolor="white",
            label="on top of it: filling and draining",
        )  # fmt: skip
        axes.axvline(
            result.limit.cycles, color=colours.VERMILLION, linewidth=1,
            label=f"limit of the frame: {result.limit.cause}",
        )  # fmt: skip
        axes.set_yticks(places, names)
        axes.margins(y=0.01)
        axes.invert_yaxis()
        axes.set_xlabel("cycles a frame")
        axes.set_title(
            f"{result.design} on {result.board}: {result.interval_cycles:,} cycles a frame, "
            f"{result.fps:.4g} frames/s (limit {result.limit_fps:.4g})"
        )
        figure.legend(loc="outside lower center", ncols=3, fontsize=8)

    return draw_svg(draw, _WIDTH_IN, 1.4 + _LAYER_HEIGHT_IN * len(layers))


def resources_svg(result: Estimate) -> str:
    """A bar for each resource: what the layers use of the board, the largest layers apart."""
    have = _values(result.available)
    layers = sorted(result.layers, key=lambda layer: (-_share(layer.resources, have), layer.name))
    shown, others = layers[:_LARGEST_LAYERS], layers[_LARGEST_LAYERS:]
    parts = [(layer.name, _values(layer.resources)) for layer in shown]
    if others:
        summed = [sum(_values(layer.resources)[i] for layer in others) for i in range(4)]
        parts.append((f"{len(others)} others", summed))

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        left = [0.0] * len(RESOURCES)
        for index, (name, values) in enumerate(parts):
            shares = [_percent(value, most) for value, most in zip(values, have, strict=True)]
            axes.barh(RESOURCES, shares, left=left, label=name, color=f"C{index}")
            left = [a + b for a, b in zip(left, shares, strict=True)]
        for place, (share, most) in enumerate(zip(left, have, strict=True)):
            axes.text(share + 1, place, f"{share:.0f} % of {most:,}", va="center")
        axes.axvline(100, color=colours.VERMILLION, linewidth=1)
        axes.set_xlim(0, max(125.0, 1.25 * max(left)))
        axes.invert_yaxis()
        axes.set_xlabel("% of the board")
        axes.set_title(f"{result.design} on {result.board}, estimate")
        axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize=8)

    return draw_svg(draw, _WIDTH_IN, 3.2)


def _values(amount: Resources) -> list[int]:
    """In the order of RESOURCES."""
    return [amount.lut, amount.ff, amount.dsp, amount.bram18]


def _percent(value: int, most: int) -> float:
    return 100 * value / most if most else 0.0


def _share(amount: Resources, have: Sequence[int]) -> float:
    return sum(_percent(value, most) for value, most in zip(_values(amount), have, strict=True))
