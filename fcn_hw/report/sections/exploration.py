"""What other precisions would give: sensitivity of each layer, Pareto front of the search."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from fcn_hw.report.chart import chart
from fcn_hw.report.section import Section, made, missing
from fcn_hw.report.sources import Sources
from fcn_hw.studies.search.front import SearchResult, front_svg
from fcn_hw.studies.search.pricing import UNITS
from fcn_hw.studies.sensitivity.picture import sensitivity_svg
from fcn_hw.studies.sensitivity.result import Sensitivity, bits_of

ID, TITLE = "exploration", "Sensitivity and Pareto front"


@dataclass(frozen=True)
class SensitivityRow:
    """A point of a curve, as text."""

    layer: str
    kind: str
    bits: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class SearchRow:
    """A trial of the search; ``metric`` is a share of 1."""

    name: str
    cost: float
    metric: float
    is_front: bool


@dataclass(frozen=True)
class ExplorationContext:
    """``exploration.html.j2``; what is missing is None, and a command says how to get it."""

    curves: Markup | None
    front: Markup | None
    metric: str
    reference: float
    columns: list[tuple[str, bool]]
    rows: tuple[SensitivityRow, ...]
    cost: str
    trials: tuple[SearchRow, ...]
    commands: tuple[str, ...]


def exploration(sources: Sources) -> Section:
    """How the metric falls with the bits of each layer, and the best trades against hardware."""
    found, search = sources.sensitivity, sources.search
    commands = [] if found else [sources.command("sensitivity", board=False)]
    commands += [] if search else [sources.command("search", board=False)]
    if found is None and search is None:
        return missing(
            ID,
            TITLE,
            "How far mIoU falls when one layer gets fewer bits, and the designs of which none is "
            "both more accurate and cheaper.",
            *commands,
        )
    columns, rows = ((), ()) if found is None else _rows(found)
    return made(
        ID,
        TITLE,
        ExplorationContext(
            curves=None if found is None else _curves(found),
            front=None if search is None else _front(search),
            metric=found.metric if found else search.metric if search else "",
            reference=found.baseline if found else 0.0,
            columns=[(name, True) for name in columns],
            rows=rows,
            cost="" if search is None else UNITS[search.cost],
            trials=() if search is None else _trials(search),
            commands=tuple(commands),
        ),
    )


def _rows(found: Sensitivity) -> tuple[tuple[str, ...], tuple[SensitivityRow, ...]]:
    """Columns of numbers, and a row a point."""
    retrained = found.baseline_retrained is not None
    rows = []
    for item in found.findings:
        values = [f"{item.direct.score:.4g}"]
        if retrained:
            values.append("" if item.retrained is None else f"{item.retrained.score:.4g}")
        values += [f"{value:.3g}" for value in (item.l2, item.kl, item.direct.output_kl)]
        point = item.point
        rows.append(
            SensitivityRow(point.layer, point.kind, f"{bits_of(point.level):.3g}", tuple(values))
        )
    after = ("retrained",) if retrained else ()
    return (found.metric, *after, "l2", "kl", "output_kl"), tuple(rows)


def _curves(found: Sensitivity) -> Markup:
    lowest = min(found.findings, key=lambda item: item.direct.score, default=None)
    said = f"{found.metric} over bits for {len(found.layers)} layers"
    if lowest is not None:
        point = lowest.point
        said += f"; the lowest is {lowest.direct.score:.4g}, {point.kind} of {point.layer} at "
        said += f"{bits_of(point.level):.3g} bits"
    return chart(sensitivity_svg(found), f"Sensitivity: {said}.")


def _front(search: SearchResult) -> Markup:
    said = "; ".join(
        f"{point.name}: {UNITS[search.cost]} {getattr(point.costs, search.cost):,g}, "
        f"{search.metric} {point.metric:.4g}"
        for point in search.front
    )
    return chart(front_svg(search), f"Pareto front of the search. {said}.")


def _trials(search: SearchResult) -> tuple[SearchRow, ...]:
    return tuple(
        SearchRow(point.name, getattr(point.costs, search.cost), point.metric, point.is_front)
        for point in search.points
    )
