"""Pictures of a sensitivity analysis, SVG and PNG: a small chart a layer, all on one scale.

The same result gives the same bytes: identifiers are hashed with a fixed salt, no date is written.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fcn_hw import colours
from fcn_hw.figures.drawing import draw_png, draw_svg
from fcn_hw.studies.sensitivity.result import Finding, Kind, Sensitivity, bits_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLUMNS = 4
_CHART_IN = (2.5, 1.9)


@dataclass(frozen=True)
class _Look:
    colour: str
    marker: str
    line: str


_LOOKS: dict[tuple[Kind, bool], _Look] = {
    ("weights", False): _Look(colours.BLUE, "o", "-"),
    ("activations", False): _Look(colours.VERMILLION, "s", "--"),
    ("weights", True): _Look(colours.SKY, "^", "-"),
    ("activations", True): _Look(colours.ORANGE, "D", "--"),
}
"""By kind and whether it was retrained; the marker tells what the colour tells."""


def sensitivity_svg(found: Sensitivity) -> str:
    """The text of an SVG file."""
    return draw_svg(*_drawing(found))


def sensitivity_png(found: Sensitivity) -> bytes:
    """The same picture as the content of a PNG file."""
    return draw_png(*_drawing(found))


def _drawing(found: Sensitivity) -> tuple[Callable[[Figure], None], float, float]:
    """What draws the picture, and its width and height in inches."""
    layers = found.layers
    columns = min(_COLUMNS, len(layers))
    rows = -(-len(layers) // columns)
    width, height = max(5.0, columns * _CHART_IN[0]), rows * _CHART_IN[1] + 0.8

    def draw(figure: Figure) -> None:
        grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
        for number, axes in enumerate(grid.flat):
            if number < len(layers):
                _draw(axes, found, layers[number])
                if number + columns >= len(layers):  # nothing is below it
                    axes.tick_params(labelbottom=True)
                    axes.set_xlabel("bits")
            else:
                axes.set_axis_off()
        lines: dict[Any, Any] = {}
        for axes in grid.flat[: len(layers)]:
            drawn, names = axes.get_legend_handles_labels()
            lines.update(zip(names, drawn, strict=True))
        figure.legend(lines.values(), lines.keys(), loc="outside lower center", ncols=len(lines))
        figure.suptitle(
            f"{found.design}: {found.metric} with one layer quantized, all others float"
        )
        figure.supylabel(f"{found.metric}, %")

    return draw, width, height


def _draw(axes: Axes, found: Sensitivity, layer: str) -> None:
    axes.set_title(layer, fontsize=9)
    axes.axhline(
        100 * found.baseline, color=colours.GREY, linewidth=1, linestyle=":", label="float"
    )
    for kind in found.kinds:
        curve = found.curve(layer, kind)
        for retrained in (False, True):
            points = [(x, y) for x, y in (_point(item, retrained) for item in curve) if y >= 0]
            if points:
                look = _LOOKS[kind, retrained]
                axes.plot(
                    *zip(*points, strict=True),
                    color=look.colour, marker=look.marker, linestyle=look.line, markersize=4,
                    linewidth=1.2, label=f"{kind}, retrained" if retrained else kind,
                )  # fmt: skip
    axes.set_xticks(sorted({bits_of(item.point.level) for item in found.findings}))
    axes.xaxis.set_major_formatter(lambda x, _: f"{x:.3g}" if x != round(x) else f"{x:.0f}")


def _point(item: Finding, retrained: bool) -> tuple[float, float]:
    """Bits and score in %; a negative score where there is none."""
    verdict = item.retrained if retrained else item.direct
    return bits_of(item.point.level), -1.0 if verdict is None else 100 * verdict.score
