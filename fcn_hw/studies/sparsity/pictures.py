"""Pictures of zeros, as SVG: by step, by pruning, and what they are worth.

Colours are Okabe and Ito's; markers and hatching say the same. The same numbers give the same
bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from fcn_hw.colours import class_colours, css
from fcn_hw.figures.drawing import draw_svg
from fcn_hw.studies.sparsity.result import SparsityRun
from fcn_hw.studies.sparsity.sweep import REACH

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from fcn_hw.backend.zero_worth import ZeroWorth

_COLOURS = [css(tuple(colour)) for colour in class_colours(8)]
_MARKERS = "osD^vPX*"
_HEIGHT_IN = 3.4
_LAYER_IN = 0.22


def sparsity_svg(run: SparsityRun) -> str:
    """One column of plots: what was asked for."""
    plots: list[tuple[Callable[[Axes, SparsityRun], None], float]] = [
        (_by_step, _HEIGHT_IN),
        (_by_layer, 1 + _LAYER_IN * len(run.precisions)),
    ]
    if run.levels:
        plots.append((_by_level, _HEIGHT_IN))
    if run.hardware is not None:
        bars = len(run.hardware.layers) + 1 + len(run.levels)
        plots.append((_worth, 1.4 + _LAYER_IN * bars))
    heights = [height for _, height in plots]

    def draw(figure: Figure) -> None:
        axes = figure.subplots(len(plots), 1, height_ratios=heights, squeeze=False)[:, 0]
        for place, (plot, _) in zip(axes, plots, strict=True):
            plot(place, run)

    return draw_svg(draw, 9, sum(heights))


def _by_step(axes: Axes, run: SparsityRun) -> None:
    """Zeros of all layers together against the distance from the step of least error."""
    for index, precision in enumerate(dict.fromkeys(row.precision for row in run.steps)):
        sums: dict[int, list[int]] = {}
        for layer in run.precisions:
            rows = [row for row in run.steps if (row.layer, row.precision) == (layer, precision)]
            best = next((row.step_log2 for row in rows if row.chosen), 0)
            for row in rows:
                both = sums.setdefault(row.step_log2 - best, [0, 0])
                both[0] += row.zeros
                both[1] += row.weights
        if precision == "binary":
            continue  # has no zero
        shifts = sorted(sums)
        axes.plot(
            shifts,
            [100 * sums[shift][0] / sums[shift][1] for shift in shifts],
            color=_COLOURS[index % 8],
            marker=_MARKERS[index % 8],
            label=precision if precision == "ternary" else f"{precision} bits",
        )
    axes.axvline(0, color="#6b7280", linewidth=0.8, linestyle=":")
    axes.set_xticks(range(-REACH, REACH + 1))
    axes.set_xlabel("log2(step / step of least squared error)")
    axes.set_ylabel("% of the weights")
    axes.set_title(f"{run.design}: zeros by step, all layers")
    axes.legend(loc="upper left", fontsize=8)


def _by_layer(axes: Axes, run: SparsityRun) -> None:
    """Zeros of each layer at the step of least error."""
    names = list(run.precisions)
    for index, precision in enumerate(dict.fromkeys(row.precision for row in run.steps)):
        rows = [
            row
            for row in run.steps
            if row.precision == precision and row.chosen and precision != "binary"
        ]
        axes.plot(
            [100 * row.zeros / row.weights for row in rows],
            [names.index(row.layer) for row in rows],
            color=_COLOURS[index % 8],
            marker=_MARKERS[index % 8],
            linestyle="",
        )
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.grid(axis="y", linewidth=0.3)
    axes.set_xlabel("% of the weights")
    axes.set_title("zeros at the step of least squared error, colours as above")


def _by_level(axes: Axes, run: SparsityRun) -> None:
    """Score against zeros."""
    for block, what, style in (("weight", "weights", "-"), ("fold", "blocks", "--")):
        levels = [level for level in run.levels if level.block == block]
        for label, marker, colour, found in (
            ("pruned and quantized directly", "s", _COLOURS[1], [x.direct for x in levels]),
            ("pruned while retrained", "o", _COLOURS[5], [x.retrained for x in levels]),
        ):
            if levels:
                axes.plot(
                    [100 * item.zeros_total for item in found],
                    [100 * item.score for item in found],
                    color=colour, marker=marker, linestyle=style, label=f"{what} {label}",
                )  # fmt: skip
    axes.axhline(
        100 * run.float_score, color="#000000", linewidth=0.8, linestyle="--", label="float"
    )
    axes.set_xlabel("% of the weights that are zero")
    axes.set_ylabel(f"{run.metric}, %")
    axes.set_title("magnitude pruning")
    axes.legend(loc="lower left", fontsize=8)


def _worth(axes: Axes, run: SparsityRun) -> None:
    """A bar a layer, and one for all of each network: zeros by what they save."""
    rows = _worth_rows(run)
    names, places, left = list(rows), range(len(rows)), [0.0] * len(rows)
    for index, (label, colour, hatch) in enumerate(
        (
            ("a multiplier", _COLOURS[3], ""),
            ("a cycle", _COLOURS[2], "//"),
            ("nothing but toggling", _COLOURS[6], ".."),
        )
    ):
        widths = [rows[name][index] for name in names]
        axes.barh(
            places, widths, left=left, label=label, color=colour, hatch=hatch, edgecolor="white"
        )
        left = [a + b for a, b in zip(left, widths, strict=True)]
    axes.set_yticks(places, names)
    axes.invert_yaxis()
    axes.set_xlabel("% of the weights")
    assert run.hardware is not None
    axes.set_title(f"zeros on {run.hardware.board}: one saves ...")
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize=8)


def _worth_rows(run: SparsityRun) -> dict[str, list[float]]:
    """Percent of the weights whose zeros save a multiplier, a cycle, nothing."""
    assert run.hardware is not None
    groups: dict[str, tuple[ZeroWorth, ...]] = {x.name: (x,) for x in run.hardware.layers}
    groups["all layers"] = run.hardware.layers
    for level in run.levels:
        if level.hardware is not None:
            what = "blocks" if level.block == "fold" else "weights"
            groups[f"all, {100 * level.sparsity:g} % of {what} pruned"] = level.hardware.layers
    return {
        name: [
            100 * sum(getattr(layer, what) for layer in layers) / sum(x.weights for x in layers)
            for what in ("in_multipliers", "in_steps", "unused")
        ]
        for name, layers in groups.items()
    }
