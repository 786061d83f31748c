"""What the verb ``sensitivity`` prints for people."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from rich import box
from rich.markup import escape
from rich.table import Table

from fcn_hw.cli.printers.common import console, print_table

if TYPE_CHECKING:  # `fcn-hw --help` loads none
    from fcn_hw.studies.sensitivity.result import Finding, Kind, Level, Sensitivity


def print_sensitivity(found: Sensitivity, folder: Path) -> None:
    """A table a kind: a row a layer, a column for each number of bits."""
    out = console()
    for kind in found.kinds:
        direct = f"{kind}: {found.metric} in %, one layer quantized"
        _print_scores(found, kind, direct, lambda item: item.direct.score)
        if found.retrain_epochs:
            title = f"{kind}: after {found.retrain_epochs} epochs of retraining"
            _print_scores(found, kind, title, _retrained)
        _print_errors(found, kind)
    text = f"float: {100 * found.baseline:.2f} % on {found.images:,} images"
    if found.baseline_retrained is not None:
        text += f", {100 * found.baseline_retrained:.2f} % after as much retraining"
    out.print(f"{text}; * is the worst of a column", highlight=False)
    out.print(f"{escape(str(folder))}/sensitivity.json, .svg, .png", highlight=False)


def _retrained(item: Finding) -> float:
    assert item.retrained is not None
    return item.retrained.score


def _print_scores(
    found: Sensitivity, kind: Kind, title: str, score: Callable[[Finding], float]
) -> None:
    values = _by_place(found, kind, lambda item: 100 * score(item))
    levels = _levels(found, kind)
    worst = {level: min(v for (_, at), v in values.items() if at == level) for level in levels}
    several = len({layer for layer, _ in values}) > 1
    table = _table(title, levels)
    for layer in found.layers:
        cells = []
        for level in levels:
            value = values.get((layer, level))
            is_worst = several and value == worst[level]
            text = "-" if value is None else f"{value:.2f}"
            cells.append(f"[bold red]{text}*[/]" if is_worst else f"{text} ")
        if any(cell != "- " for cell in cells):
            table.add_row(escape(layer), *cells)
    print_table(table)


def _print_errors(found: Sensitivity, kind: Kind) -> None:
    """Relative squared error, and divergence of the network's classes."""
    levels = _levels(found, kind)
    for title, value in _ERRORS:
        values = _by_place(found, kind, value)
        table = _table(f"{kind}: {title}", levels)
        for layer in found.layers:
            row = [values.get((layer, level)) for level in levels]
            if any(cell is not None for cell in row):
                cells = ("-" if cell is None else f"{cell:.2g}" for cell in row)
                table.add_row(escape(layer), *cells)
        print_table(table)


_ERRORS: tuple[tuple[str, Callable[[Finding], float]], ...] = (
    ("relative squared error (l2)", lambda item: item.l2),
    ("divergence of the values (kl), nats", lambda item: item.kl),
    ("divergence of the network's classes (output_kl), nats", lambda item: item.direct.output_kl),
)


def _by_place(
    found: Sensitivity, kind: Kind, value: Callable[[Finding], float]
) -> dict[tuple[str, Level], float]:
    return {
        (item.point.layer, item.point.level): value(item)
        for item in found.findings
        if item.point.kind == kind
    }


def _levels(found: Sensitivity, kind: Kind) -> list[Level]:
    """In the order of their bits, as the findings are."""
    return list(
        dict.fromkeys(item.point.level for item in found.findings if item.point.kind == kind)
    )


def _table(title: str, levels: list[Level]) -> Table:
    table = Table(title=title, box=box.SIMPLE_HEAD)
    table.add_column("layer", no_wrap=True)
    for level in levels:
        name = "ternary" if level == "ternary" else f"{level} bit{'s' if level > 1 else ''}"
        table.add_column(name, justify="right", no_wrap=True)
    return table
