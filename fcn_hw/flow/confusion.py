"""A confusion matrix as an SVG picture: part of each true class that is taken for each class.

Colours are those of cividis (Nunez, Anderton, Renslow, "Optimizing colormaps with consideration for
color vision deficiency", PLOS ONE 2018), read the same with and without colour blindness; numbers
say it too where there is room for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from fcn_hw.figures.drawing import draw_svg
from fcn_hw.flow.evaluation import MODELS, Evaluation

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_CELL_IN = 0.42
_MOST_NUMBERED = 32
"""Classes up to which each cell has its number."""


def confusion_svg(result: Evaluation) -> str:
    """The picture of the last model: the C++ if it ran, else the retrained one.

    The same result gives the same bytes. A row is a true class; the row of an absent one is empty.
    """
    key = "retrained" if result.hardware is None else "hardware"
    metrics = result.models[key]
    names, shares = list(metrics.iou), row_shares(np.array(metrics.confusion, np.int64))
    side = 2.2 + _CELL_IN * len(names)

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        edges = np.arange(len(names) + 1) - 0.5
        shown = np.ma.masked_invalid(shares)
        mesh = axes.pcolormesh(edges, edges, shown, cmap="cividis", vmin=0, vmax=1)
        axes.set_aspect("equal")
        axes.spines[["top", "right"]].set_visible(True)
        axes.invert_yaxis()
        axes.set_xticks(range(len(names)), names, rotation=90)
        axes.set_yticks(range(len(names)), names)
        axes.set_xlabel("predicted class")
        axes.set_ylabel("true class")
        title = f"{result.design} on {result.name}, {result.images} images: {MODELS[key]}"
        axes.set_title(title)
        figure.colorbar(mesh, ax=axes, label="part of the true class", shrink=0.8)
        if len(names) <= _MOST_NUMBERED:
            for row, column in np.argwhere(shares >= 0.005):  # below, it would read 0
                share = float(shares[row, column])
                colour = "black" if share > 0.5 else "white"
                number = f"{100 * share:.0f}"
                axes.text(column, row, number, ha="center", va="center", color=colour, fontsize=8)

    return draw_svg(draw, side + 1, side)


def row_shares(confusion: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Each row over its sum, (C, C); NaN in the row of a class that the truth does not hold."""
    sums = confusion.sum(axis=1, keepdims=True)
    shares = np.full(confusion.shape, np.nan)
    np.divide(confusion, sums, out=shares, where=sums > 0)
    return shares
