"""What the verb ``sparsity`` prints for people."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich import box
from rich.markup import escape
from rich.table import Table

from fcn_hw.cli.printers.common import console, print_table

if TYPE_CHECKING:  # `fcn-hw --help` loads none
    from fcn_hw.backend.zero_worth import NetworkWorth
    from fcn_hw.studies.sparsity.result import SparsityRun
    from fcn_hw.studies.sparsity.sweep import StepZeros


EXPLOITED = (
    "Steps whose weights are all zero are not emitted where they are an eighth of a layer's steps. "
    "All else is there: every multiplier and tap. In a ROM of one word the weights are constants "
    "of the source, and a synthesis tool may drop products by zero."
)


def print_sparsity(run: SparsityRun, result: Path, picture: Path) -> None:
    """Zeros by step, by pruning, by what they save."""
    _print_precisions(run)
    _print_steps(run)
    if run.levels:
        _print_levels(run)
    if run.hardware is not None:
        _print_worth(run.hardware)
    out = console()
    out.print(f"all grids: {escape(str(result))}", highlight=False)
    out.print(f"picture: {escape(str(picture))}", highlight=False)


def _print_precisions(run: SparsityRun) -> None:
    """A row a layer, a column a precision."""
    precisions = list(dict.fromkeys(row.precision for row in run.steps))
    title = f"{run.design}: zeros at the step of least squared error, float weights, %"
    labels = [name if name.isalpha() else f"{name} bits" for name in precisions]
    table = _table(title, ["layer", "weights", *labels])
    chosen = {(row.layer, row.precision): row for row in run.steps if row.chosen}
    weights = [
        next(row.weights for row in run.steps if row.layer == name) for name in run.precisions
    ]
    for name, count in zip(run.precisions, weights, strict=True):
        cells = [
            f"{_percent(chosen[name, precision].zeros, count)}" if (name, precision) in chosen
            else "" for precision in precisions
        ]  # fmt: skip
        table.add_row(name, f"{count:,}", *cells)
    print_table(table)


def _print_steps(run: SparsityRun) -> None:
    """The grids of each layer at its own precision."""
    own = [row for row in run.steps if row.precision == run.precisions[row.layer]]
    scored = any(row.score is not None for row in own)
    title = "each layer at the design's bits: zeros %, relative error %"
    title += f", {run.metric} % with only this layer quantized" if scored else ""
    shifts = ["step / 4", "step / 2", "least error", "2 step", "4 step"]
    table = _table(title, ["layer", "bits", "step", *shifts])
    for name, precision in run.precisions.items():
        rows = [row for row in own if row.layer == name]
        best = next(row.step_log2 for row in rows if row.chosen)
        cells = {row.step_log2 - best: _grid(row) for row in rows}
        table.add_row(
            name, precision, f"2^{best}", *(cells.get(shift, "") for shift in range(-2, 3))
        )
    print_table(table)


def _grid(row: StepZeros) -> str:
    score = "" if row.score is None else f" {100 * row.score:6.2f}"
    return f"{_percent(row.zeros, row.weights):>5} {100 * row.error:5.1f}{score}"


def _print_levels(run: SparsityRun) -> None:
    """A row a level of pruning."""
    valued = run.hardware is not None
    names = [
        "zeros asked",
        "block",
        "direct: zeros",
        run.metric,
        "retrained: zeros",
        run.metric,
        "epochs",
    ]
    names += (
        ["idle multipliers", "zeros that save", "cycles", "with all steps", "frames/s", "LUT"]
        if valued
        else []
    )
    table = _table(f"magnitude pruning; float {run.metric} {100 * run.float_score:.2f} %", names)
    for level in run.levels:
        cells = [f"{100 * level.sparsity:g} %", level.block]
        for part in (level.direct, level.retrained):
            cells += [f"{100 * part.zeros_total:.1f} %", f"{100 * part.score:.2f} %"]
        cells.append(str(level.retrained.epochs))
        if level.hardware is not None:
            cells += [*_saved(level.hardware), f"{level.fps:,.0f}", f"{level.lut:,}"]
        table.add_row(*cells)
    print_table(table)
    if run.fps is not None:
        console().print(
            "cycles at the folds of the trained design; frames/s and LUTs with folds chosen for "
            f"pruned weights; the trained design has {run.fps:,.0f} frames/s, {run.lut:,} LUTs",
            highlight=False,
        )


def _saved(worth: NetworkWorth) -> list[str]:
    total = worth.total
    return [
        f"{total['idle']:,} of {total['multipliers']:,}",
        f"{_percent(total['zeros'] - total['unused'], total['zeros'])} %",
        f"{worth.interval:,}",
        f"{worth.interval_dense:,}",
    ]


def _print_worth(worth: NetworkWorth) -> None:
    """A row a layer: what its zeros save."""
    columns = "layer,PE x SIMD,words,zeros,save mult.,save steps,save nothing,idle mult.,LUT,DSP"
    title = f"zeros of the trained design on {worth.board}, and multipliers that see zeros only"
    table = _table(title, columns.split(","))
    for row in worth.layers:
        idle = row.idle_resources
        table.add_row(
            row.name, str(row.fold), f"{row.words:,}", f"{row.zeros:,}",
            f"{row.in_multipliers:,}", f"{row.in_steps:,}", f"{row.unused:,}",
            f"{row.idle} of {row.multipliers}", f"{idle.lut:,}", f"{idle.dsp:,}",
        )  # fmt: skip
    print_table(table)
    columns = "layer,ROM bits,removable,BRAM18,needed,zero words,cycles,all steps,packed,quiet %"
    table = _table("ROM, clocks and energy", [*columns.split(","), "energy %"])
    for row in worth.layers:
        table.add_row(
            row.name, f"{row.rom_bits:,}", f"{row.rom_bits_removable:,}", f"{row.bram18}",
            f"{row.bram18_needed}", f"{row.zero_words:,}", f"{row.cycles:,}",
            f"{row.cycles_dense:,}", f"{row.cycles_packed:,}", f"{100 * row.quiet:.1f}",
            f"{100 * row.zero_energy_pj / row.energy_pj:.1f}",
        )  # fmt: skip
    print_table(table)
    out = console()
    dead = [
        f"{row.name}: {', '.join(_parts(row.taps, row.channels_in, row.channels_out))}"
        for row in worth.layers
        if row.taps or row.channels_in or row.channels_out
    ]
    for line in dead:
        out.print(f"all zero in {line}", highlight=False)
    zeros, unused = (sum(getattr(x, name) for x in worth.layers) for name in ("zeros", "unused"))
    out.print(
        f"{zeros - unused:,} of {zeros:,} zeros can save a multiplier or a cycle; a frame every "
        f"{worth.interval:,} cycles, {worth.interval_dense:,} if no zero step was left out",
        highlight=False,
    )
    out.print(EXPLOITED, highlight=False)


def _parts(taps: int, channels_in: int, channels_out: int) -> list[str]:
    counts = (("tap", taps), ("channel in", channels_in), ("channel out", channels_out))
    return [f"{count} x {name}" for name, count in counts if count]


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}" if whole else "-"


def _table(title: str, columns: Sequence[str]) -> Table:
    table = Table(title=title, box=box.SIMPLE_HEAD)
    for column in columns:
        table.add_column(column, justify="left" if column == "layer" else "right", no_wrap=True)
    return table
