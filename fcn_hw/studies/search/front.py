"""The Pareto front: which trials no other beats, as JSON and as a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from fcn_hw.studies.search.pricing import UNITS, Costs
from fcn_hw.studies.search.space import Configuration

_BLUE, _VERMILLION, _GREY = "#0072B2", "#D55E00", "#6B7280"
"""Okabe and Ito's, as in ``report/colours.py``, which stands higher."""


@dataclass(frozen=True)
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
        design: its ``design.yaml``; None for what is not on the front.
    """

    number: int
    configuration: Configuration
    metric: float
    costs: Costs
    average_bits: float
    fits: bool = True
    is_front: bool = False
    design: Path | None = None

    @property
    def name(self) -> str:
        return f"trial {self.number}"


@dataclass(frozen=True)
class SearchResult:
    """What a search found.

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
    failed: Mapping[str, str]

    @property
    def front(self) -> tuple[Point, ...]:
        """The cheapest first."""
        chosen = [point for point in self.points if point.is_front]
        return tuple(sorted(chosen, key=lambda point: getattr(point.costs, self.cost)))

    def to_json(self, folder: Path) -> dict[str, Any]:
        """What ``search.json`` holds; paths are below ``folder``."""
        return {
            "metric": self.metric,
            "cost": UNITS[self.cost],
            "design": self.design,
            "board": self.board,
            "study": self.study,
            "split": "val",
            "as_designed": {
                "metric": self.metric_as_designed,
                "costs": vars(self.as_designed),
                "average_bits": self.average_bits_as_designed,
            },
            "points": [
                {
                    "name": point.name,
                    "cost": getattr(point.costs, self.cost),
                    "metric": point.metric,
                    "fits": point.fits,
                    "front": point.is_front,
                    "costs": vars(point.costs),
                    "average_bits": point.average_bits,
                    **point.configuration.to_json(),
                    **(
                        {"design": str(point.design.relative_to(folder))}
                        if point.design is not None
                        else {}
                    ),
                }
                for point in self.points
            ],
            "failed": dict(self.failed),
        }


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


def picture(result: SearchResult) -> bytes:
    """Metric over cost, as PNG; the same result gives the same bytes."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    front = result.front
    others = [point for point in result.points if not point.is_front]
    with mpl.rc_context({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(7, 4.5), layout="constrained", dpi=150)
        axes = figure.add_subplot()

        def at(points: Sequence[Point]) -> tuple[list[float], list[float]]:
            return (
                [getattr(point.costs, result.cost) for point in points],
                [100 * point.metric for point in points],
            )

        axes.plot(*at(others), "o", color=_GREY, markersize=5, label="other trials")
        axes.plot(
            *at(front), "D-", color=_VERMILLION, markersize=6, drawstyle="steps-post",
            label="Pareto front",
        )  # fmt: skip
        axes.plot(
            getattr(result.as_designed, result.cost), 100 * result.metric_as_designed, "s",
            color=_BLUE, markersize=7, label="the design, fully retrained",
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
        data = BytesIO()
        figure.savefig(data, format="png", metadata={"Software": None})
    return data.getvalue()
