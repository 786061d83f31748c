"""What other precisions would give: sensitivity of each layer, Pareto front of the search."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from fcn_hw import colours
from fcn_hw.report.documents import ERRORS, Front, Sensitivity
from fcn_hw.report.figures.chart import Series, Shape, chart_figure
from fcn_hw.report.figures.legend import Key
from fcn_hw.report.section import Section, made, missing
from fcn_hw.report.sources import Sources

ID, TITLE = "exploration", "Sensitivity and Pareto front"

_STYLES: tuple[tuple[str, Shape, str], ...] = (
    (colours.BLUE, "circle", ""),
    (colours.VERMILLION, "square", "5 3"),
    (colours.GREEN, "diamond", "2 2"),
)
_RETRAINED_STYLES: tuple[tuple[str, Shape, str], ...] = (
    (colours.SKY, "triangle", ""),
    (colours.ORANGE, "diamond", "5 3"),
    (colours.PURPLE, "circle", "2 2"),
)


@dataclass(frozen=True)
class SensitivityRow:
    """A point of a curve, as text."""

    layer: str
    kind: str
    bits: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class ExplorationContext:
    """``exploration.html.j2``; what is missing is None, and a command says how to get it."""

    curves: tuple[Markup, ...]
    legend: tuple[Key, ...]
    front: Markup | None
    sensitivity: Sensitivity | None
    columns: list[tuple[str, bool]]
    rows: tuple[SensitivityRow, ...]
    search: Front | None
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
            curves=() if found is None else _curves(found),
            legend=() if found is None else _legend(found),
            front=None if search is None else _front(search),
            sensitivity=found,
            columns=[(name, True) for name in columns],
            rows=rows,
            search=search,
            commands=tuple(commands),
        ),
    )


def _style(number: int, *, retrained: bool = False) -> tuple[str, Shape, str]:
    styles = _RETRAINED_STYLES if retrained else _STYLES
    return styles[number % len(styles)]


def _legend(found: Sensitivity) -> tuple[Key, ...]:
    keys = []
    for index, kind in enumerate(found.kinds):
        keys.append(Key(kind, _style(index)[0]))
        if any(curve.retrained for curve in found.curves if curve.kind == kind):
            keys.append(Key(f"{kind}, retrained", _style(index, retrained=True)[0]))
    return tuple(keys)


def _rows(found: Sensitivity) -> tuple[tuple[str, ...], tuple[SensitivityRow, ...]]:
    """Columns of numbers, and a row a point; none where the file has curves only."""
    errors = [name for name in ERRORS if any(name in curve.errors for curve in found.curves)]
    retrained = any(curve.retrained for curve in found.curves)
    if not errors and not retrained:
        return (), ()
    rows = []
    for curve in found.curves:
        again = dict(curve.retrained)
        for bits, value in curve.points:
            values = [f"{value:.4g}"]
            values += [_number(again.get(bits))] if retrained else []
            values += [_number(curve.errors.get(name, {}).get(bits)) for name in errors]
            rows.append(SensitivityRow(curve.layer, curve.kind, f"{bits:.3g}", tuple(values)))
    columns = (found.metric, *(("retrained",) if retrained else ()), *errors)
    return columns, tuple(rows)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"


def _curves(found: Sensitivity) -> tuple[Markup, ...]:
    """A picture a layer, a line for weights and one for activations."""
    pictures = []
    for number, layer in enumerate(found.layers, start=1):
        series = []
        for index, kind in enumerate(found.kinds):
            for curve in found.curves:
                if (curve.layer, curve.kind) == (layer, kind):
                    colour, shape, dash = _style(index)
                    series.append(Series(kind, curve.points, colour, shape, True, dash))
                    if curve.retrained:
                        colour, shape, dash = _style(index, retrained=True)
                        name = f"{kind}, retrained"
                        series.append(Series(name, curve.retrained, colour, shape, True, dash))
        picture = chart_figure(
            f"sensitivity-{number}",
            f"Sensitivity of {layer}",
            layer,
            x_label="bits",
            y_label=found.metric,
            series=series,
            level=found.reference,
        )
        pictures.append(picture)
    return tuple(pictures)


def _front(search: Front) -> Markup:
    best = sorted(
        (point for point in search.points if point.is_front), key=lambda point: point.cost
    )
    others = [point for point in search.points if not point.is_front]
    series = [
        Series(
            name,
            tuple((point.cost, point.metric) for point in points),
            colour,
            shape,
            line,
            titles=tuple(point.name for point in points),
        )
        for name, points, colour, shape, line in (
            ("others", others, colours.GREY, _STYLES[0][1], False),
            ("Pareto front", best, colours.VERMILLION, _STYLES[2][1], True),
        )
        if points
    ]
    caption = f"{search.metric} over {search.cost}: diamonds are the Pareto front"
    return chart_figure(
        "pareto",
        "Pareto front of the search",
        caption,
        x_label=search.cost,
        y_label=search.metric,
        series=series,
    )
