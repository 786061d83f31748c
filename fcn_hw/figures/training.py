"""How a training went: loss and validation score by epoch, the phases one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from fcn_hw import colours
from fcn_hw.figures.drawing import draw_svg
from fcn_hw.train.result import Epoch

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_WIDTH_IN, _HEIGHT_IN = 9.0, 4.2
_COLOURS = (colours.BLUE, colours.VERMILLION)


def training_svg(history: Mapping[str, Sequence[Epoch]], metric: str, name: str) -> str:
    """Two panels over one axis of epochs: the loss, on a logarithmic axis, and the score.

    Args:
        history: epochs by phase, in the order in which they ran; at least one.
        metric: what the score is, for its axis.
        name: of the design.
    """

    def draw(figure: Figure) -> None:
        from matplotlib.ticker import LogFormatter, MaxNLocator

        losses, scores = figure.subplots(2, 1, sharex=True)
        start = 0
        for index, (phase, epochs) in enumerate(history.items()):
            if not epochs:
                continue
            numbers = range(start + 1, start + len(epochs) + 1)
            look = {"color": _COLOURS[index % len(_COLOURS)], "marker": ".", "linewidth": 1}
            losses.plot(numbers, [epoch.loss for epoch in epochs], label=phase, **look)
            scores.plot(numbers, [100 * epoch.score for epoch in epochs], **look)
            if start:
                for axes in (losses, scores):
                    axes.axvline(start + 0.5, color=colours.GREY, linestyle=":", linewidth=0.8)
            start += len(epochs)
        if all(epoch.loss > 0 for epochs in history.values() for epoch in epochs):
            losses.set_yscale("log")
            for which in (losses.yaxis.set_major_formatter, losses.yaxis.set_minor_formatter):
                which(LogFormatter())  # the default one writes TeX
        losses.set_ylabel("loss")
        scores.set_ylabel(f"validation {metric}, %")
        scores.xaxis.set_major_locator(MaxNLocator(integer=True))
        scores.set_xlabel("epochs, of all phases")
        losses.legend(fontsize=8)
        figure.suptitle(f"{name}: training")

    return draw_svg(draw, _WIDTH_IN, _HEIGHT_IN)
