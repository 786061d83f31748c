"""The Pareto front: which trials no other beats, as JSON and as a picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from pydantic.dataclasses import dataclass

from fcn_hw import colours
from fcn_hw.figures.drawing import draw_png, draw_svg
from fcn_hw.results import STRICT
from fcn_hw.studies.search.pricing import UNITS, Costs
from fcn_hw.studies.search.space import Configuration

if TYPE_CHECKING:
    from matplotlib.figure import Figure


_SIZE_IN = (7.0, 4.5)


@dataclass(frozen=True, config=STRICT)
class Point:
    """An evaluated configuration.

    Args:
        number: of its trial.
        configuration: bits.
        metric: 0 to 1, on the validation split, after the short retraining.
        costs: see :class:`Costs`.
        average_bits: of a weight.
        fits: whether the board has as much, at the folds of the design.
        is_front: it fits, and no other point that does is as good and cheaper, or as cheap and
            better.
        design: the path of its ``design.yaml`` below the design's folder; None for what is not on
            the front.
    """

    number: int
    configuration: Configuration
    metric: float
    costs: Costs
    average_bits: float
    fits: bool = True
    is_front: bool = False
    design: str | None = None

    @property
    def name(self) -> str:
        return f"trial {self.number}"


@dataclass(frozen=True, config=STRICT)
class SearchResult:
    """What a search found: ``model/search.json``.

    Args:
        design: its name.
        metric: ``"mIoU"`` or ``"accuracy"``.
        cost: which of the costs was minimised.
        board: whose.
        study: name of the study.
        points: in the order of their trials.
        as_designed: costs of the design as it stands.
        metric_as_designed: of the fully retrained design, on the same split.
        average_bits_as_designed: of a weight of the design.
        failed: trials without a value, and why.
    """

    design: str
    metric: str
    cost: str
    board: str
    study: str
    points: tuple[Point, ...]
    as_designed: Costs
    metric_as_designed: float
    average_bits_as_designed: float
    failed: dict[str, str]

    @property
    def front(self) -> tuple[Point, ...]:
        """The cheapest first."""
        chosen = [point for point in self.points if point.is_front]
        return tuple(sorted(chosen, key=lambda point: getattr(point.costs, self.cost)))


def front_of(points: Sequence[Point], cost: str) -> set[int]:
    """Numbers of the trials on the front; of equal ones the first."""
    found: set[int] = set()
    best = float("-inf")
    ordered = sorted(points, key=lambda p: (getattr(p.costs, cost), -p.metric, p.number))
    for point in ordered:
        if point.metric > best:
            best = point.metric
            found.add(point.number)
    return found


def front_svg(result: SearchResult) -> str:
    """Metric over cost: the text of an SVG file."""
    return draw_svg(_drawing(result), *_SIZE_IN)


def front_png(result: SearchResult) -> bytes:
    """The same picture as the content of a PNG file."""
    return draw_png(_drawing(result), *_SIZE_IN)


def _drawing(result: SearchResult) -> Callable[[Figure], None]:
    front = result.front
    others = [point for point in result.points if not point.is_front]

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()

        def at(points: Sequence[Point]) -> tuple[list[float], list[float]]:
            return (
                [getattr(point.costs, result.cost) for point in points],
                [100 * point.metric for point in points],
            )

        axes.plot(*at(others), "o", color=colours.GREY, markersize=5, label="other trials")
        axes.plot(
            *at(front), "D-", color=colours.VERMILLION, markersize=6, drawstyle="steps-post",
            label="Pareto front",
        )  # fmt: skip
        axes.plot(
            getattr(result.as_designed, result.cost), 100 * result.metric_as_designed, "s",
            color=colours.BLUE, markersize=7, label="the design, fully retrained",
        )  # fmt: skip
        for point in front:
            axes.annotate(
                f"{point.number}: {point.average_bits:.1f} bits",
                (getattr(point.costs, result.cost), 100 * point.metric),
                xytext=(4, -10), textcoords="offset points", fontsize=7,
            )  # fmt: skip
        axes.set_xlabel(f"{UNITS[result.cost]} on {result.board}")
        axes.set_ylabel(f"{result.metric} on the validation split (%)")
        axes.set_title(f"{result.design}: precision search, {len(result.points)} trials")
        axes.grid(alpha=0.25)
        figure.legend(loc="outside lower center", ncols=3)  # beside the points: it hides none

    return draw
