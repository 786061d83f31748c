"""What the verb ``estimate`` prints for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.table import Table

from fcn_hw.cli.printers.common import console, print_table

if TYPE_CHECKING:  # `fcn-hw --help` loads none
    from fcn_hw.estimate.design_folds import NextFolds
    from fcn_hw.estimate.network import Estimate, LayerEstimate
    from fcn_hw.flow.estimate import EstimateRun


def print_estimate(run: EstimateRun) -> None:
    """A row a layer, the board, the times of a frame, and the limit of the folds."""
    result = run.estimate
    table = Table(title=f"{result.design} on {result.board}: estimate", box=box.SIMPLE_HEAD)
    columns = "layer,PE x SIMD,cycles,ideal,LUT,FF,DSP,BRAM36,weight bits,activ. bits,MACs,uJ"
    for column in columns.split(","):
        table.add_column(column, justify="left" if column == "layer" else "right", no_wrap=True)
    for layer in result.layers:
        table.add_row(
            layer.name, str(layer.fold or ""), f"{layer.cycles:,}", f"{layer.ideal_cycles:,}",
            *_amounts(layer), f"{layer.energy_pj / 1e6:.2f}",
        )  # fmt: skip
    table.add_section()
    interval = f"{result.interval_cycles:,}", f"{result.limit.cycles:,}"
    table.add_row("total", "", *interval, *_amounts(result), f"{result.energy_pj / 1e6:.2f}")
    have, need = result.available, result.resources
    pairs = [(need.lut, have.lut), (need.ff, have.ff), (need.dsp, have.dsp)]
    shares = [f"{100 * n / h:.0f} %" if h else "-" for n, h in [*pairs, (need.bram18, have.bram18)]]
    board = [f"{have.lut:,}", f"{have.ff:,}", f"{have.dsp:,}", f"{have.bram36:g}"]
    table.add_row(result.board, "", "", "", *board)
    table.add_row("used", "", "", "", *shares)
    out = console()
    print_table(table)
    out.print(
        f"{result.fps:.4g} frames/s at {1e3 / result.clock_period_ns:g} MHz: "
        f"{result.interval_cycles:,} cycles a frame, set by {result.bottleneck}",
        highlight=False,
    )
    latency = run.frame_latency_cycles
    out.print(
        f"latency of a frame: {latency:,} cycles, {result.milliseconds(latency):.4g} ms, "
        "from its first pixel in to its last pixel out of the empty design",
        highlight=False,
    )
    limit = result.limit
    out.print(
        f"limit of these folds: {limit.cycles:,} cycles, {result.limit_fps:.4g} "
        f"frames/s = max(input {limit.input_beats:,}, output {limit.output_beats:,}, MACs / "
        f"multipliers); set by {limit.cause}",
        highlight=False,
    )
    bound = result.bound
    out.print(
        f"bound of the board: {bound.cycles:,} cycles, {result.bound_fps:.4g} frames/s = "
        f"max(beats, {bound.macs:,} MACs / ({bound.lanes} x {bound.dsp:,} DSP + "
        f"{bound.lut:,} LUT / {bound.luts_a_mac})); this design reaches "
        f"{result.fps / result.bound_fps:.0%} of it",
        highlight=False,
    )
    out.print("a model of the core alone; its error: docs/estimates.md", highlight=False)


def print_next(found: NextFolds | None) -> None:
    """What stops the next faster folds, where folds were free."""
    if found is not None:
        console().print(
            f"the next faster folds, {found.cycles:,} cycles, need {found.need:,} "
            f"{found.resource}; {found.have:,} are allowed",
            highlight=False,
        )


def print_measured(run: EstimateRun) -> None:
    """The estimate beside C synthesis, where that has run."""
    from fcn_hw.estimate.compare import compare

    if not run.measured:
        return
    title = "estimate beside C synthesis"
    table = Table(title=f"{title}, {run.stale}" if run.stale else title, box=box.SIMPLE_HEAD)
    for column in ("quantity", "estimate", "C synthesis", "error"):
        table.add_column(column, justify="left" if column == "quantity" else "right")
    for row in compare(run.estimate, run.measured):
        error = "-" if row.error is None else f"{100 * row.error:+.0f} %"
        table.add_row(row.quantity, f"{row.estimated:,g}", f"{row.measured:,g}", error)
    print_table(table)


def _amounts(item: Estimate | LayerEstimate) -> list[str]:
    """Resources, stored bits and multiplications of a layer or of all."""
    amount = item.resources
    return [
        f"{amount.lut:,}", f"{amount.ff:,}", f"{amount.dsp:,}", f"{amount.bram36:g}",
        f"{item.weight_bits:,}", f"{item.activation_bits:,}", f"{item.macs:,}",
    ]  # fmt: skip
