"""What the verb ``csim`` prints for people."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich import box
from rich.markup import escape
from rich.table import Table

from fcn_hw.cli.printers.common import console, percent, print_table

if TYPE_CHECKING:  # `fcn-hw --help` loads none
    from fcn_hw.flow import BoundedResult, CsimResult
    from fcn_hw.flow.csim_report import LayerResult


def print_csim(result: CsimResult, report: Path) -> None:
    """The layers, the verdict, and what it means for the segmentation where it is a design's."""
    images = f"{result.images} of {result.of_images}" if result.is_partial else f"{result.images}"
    frames = f"{images} frames ({escape(result.data)})" if result.data else f"{images} images"
    print_layers(f"C simulation of {frames}: integer codes, tolerance 0", result.layers)
    out = console()
    scored = result.score_csim is not None
    equal = "integer oracle = C++"  # export compared the model on all images: a part says nothing
    if scored and not result.is_partial:
        rounds = "integer oracle = C++; the model itself rounds in some layers"
        equal = rounds if result.measured else "model = integer oracle = C++"
    verdict = f"[bold green]exact[/]: {equal}" if result.exact else "[bold red]NOT exact[/]"
    flips = f", {result.argmax_flips:,} arg-max flips" if scored else ""
    out.print(
        f"{verdict}; {result.values_compared:,} values, {result.mismatches:,} mismatches{flips}",
        highlight=False,
    )
    scores = ""
    if scored:
        these = f" of these {result.images} images" if result.is_partial else ""
        before = "" if result.score_float is None else f"float {percent(result.score_float)}, "
        scores = (
            f"{result.metric}{these}: {before}"
            f"quantized {percent(result.score_quantized)}, C++ {percent(result.score_csim)}; "
        )
    compiled = "" if result.compile_s is None else f"compiled in {result.compile_s:.1f} s, "
    out.print(f"{scores}{compiled}{result.csim_images_per_s:.1f} images/s", highlight=False)
    if result.edited:
        out.print(f"edited by hand: {escape(', '.join(result.edited))}", highlight=False)
    if result.conv == "hls4ml":
        line = "convolutions: hls4ml's own; cycles and FIFO depths are not proved"
        out.print(line, highlight=False)
    out.print(f"report: {escape(str(report))}", highlight=False)


def print_bounded(result: BoundedResult) -> None:
    """The verdict on FIFOs of their real depths."""
    verdict = "[bold red]NOT exact[/]" if result.mismatches else "[bold green]no deadlock[/]"
    console().print(
        f"{verdict}: {result.images} images back to back through {len(result.fifos)} FIFOs; "
        f"outputs = integer oracle: {result.values_compared:,} values, "
        f"{result.mismatches:,} mismatches; {result.images / result.simulate_s:.1f} images/s",
        highlight=False,
    )


def print_layers(title: str, rows: Sequence[LayerResult]) -> None:
    """A row a layer: format, models compared, values, mismatches."""
    table = Table(title=title, box=box.SIMPLE_HEAD)
    for column in ("layer", "format", "models", "values", "mismatches", "first mismatch"):
        number = column in ("values", "mismatches")
        table.add_column(column, justify="right" if number else "left", no_wrap=True)
    for row in rows:
        first = "-"
        if row.first is not None:
            place = ",".join(str(i) for i in row.first.index)
            first = f"[{place}] expected {row.first.expected}, got {row.first.actual}"
        table.add_row(
            row.layer, row.format, row.models, f"{row.values:,}",
            f"{row.mismatches:,}", escape(first),
        )  # fmt: skip
    out = console()
    print_table(table)
    out.print("models: Q quantized model, O integer oracle, C emitted C++", highlight=False)
