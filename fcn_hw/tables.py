"""Tables of the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich import box
from rich.markup import escape
from rich.table import Table

from fcn_hw.terminal import Terminal

if TYPE_CHECKING:  # printing must not load what the verbs load
    from fcn_hw.estimate.network import Estimate, LayerEstimate
    from fcn_hw.flow import CsimResult
    from fcn_hw.flow.agreement import Agreement
    from fcn_hw.flow.csim_report import LayerResult
    from fcn_hw.flow.estimate import EstimateRun
    from fcn_hw.flow.handoff import Handoff
    from fcn_hw.flow.hardware import HardwareRun
    from fcn_hw.flow.implementation import Implementation
    from fcn_hw.flow.layout import FifoResult
    from fcn_hw.flow.regression import Row
    from fcn_hw.flow.standalone import GraphCsim
    from fcn_hw.handoff.verify import Verified
    from fcn_hw.harness.compare import Difference
    from fcn_hw.lint import Report
    from fcn_hw.report import DesignReport
    from fcn_hw.rtl.reports import Gates, RtlCosim, RtlSynthesis
    from fcn_hw.studies.levels import Levels
    from fcn_hw.vendor_reports.records import CsynthReport, CycleRange, HlsResources

WIDEST_TABLE = 10_000
"""Columns of the terminal that a table is laid out for: more than any table has."""


def console(*, stderr: bool = False) -> Terminal:
    """Where to print; long lines are left to the terminal."""
    return Terminal(stderr=stderr, soft_wrap=True)


def print_table(table: Table) -> None:
    """Prints a table as wide as its cells are: a terminal wraps its lines, no number is cut."""
    Terminal(width=WIDEST_TABLE, soft_wrap=True).print(table)


def print_training(stored: Mapping[str, Any]) -> None:
    """``training.json``: the three models side by side."""
    for title, scores in (("validation split", stored), ("test split", stored.get("test"))):
        if scores is None:
            continue
        columns = {"accuracy": "pixel_accuracy"}
        if scores["float"]["metric"] != "accuracy":
            columns = {"mIoU": "miou", "pixel accuracy": "pixel_accuracy"}
        table = Table("model", title=f"training, {title}")
        for column in columns:
            table.add_column(column, justify="right")
        for label, key in (
            ("float", "float"), ("directly quantized", "direct"), ("retrained", "retrained"),
        ):  # fmt: skip
            cells = [f"{100 * scores[key][name]:.2f} %" for name in columns.values()]
            table.add_row(label, *cells)
        print_table(table)
    console().print(
        f"{100 * stored['zeros_total']:.1f} % of the weights are zero; weights take "
        f"{stored['weight_bits'] / 8192:.1f} KiB",
        highlight=False,
    )


def print_levels(result: Levels) -> None:
    """A row a level: means over the seeds, with the standard deviation where there are several."""
    from fcn_hw.studies.levels import level_title

    several = any(mean.seeds > 1 for mean in result.means())
    on_test = all(mean.test for mean in result.means())
    title = f"{result.metric} in %, {'test' if on_test else 'validation'} split"
    table = Table("level", title=title + (", mean ± standard deviation of the seeds" * several))
    for column in ("seeds", "float", "directly quantized", "retrained", "zeros", "weights KiB"):
        table.add_column(column, justify="right")
    for mean in result.means():
        scores = mean.test if on_test else mean.scores
        cells = [
            f"{100 * value:.2f}" + (f" ± {100 * spread:.2f}" if mean.seeds > 1 else "")
            for value, spread in scores.values()
        ]
        table.add_row(
            level_title(mean.level), str(mean.seeds), *cells, f"{100 * mean.zeros:.1f} %",
            f"{mean.weight_bits / 8192:.1f}",
        )  # fmt: skip
    print_table(table)


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
    out.print("models: Q QKeras, O integer oracle, C emitted C++", highlight=False)


def print_csim(result: CsimResult, report: Path) -> None:
    """The layers, the verdict, and what it means for the segmentation."""
    images = f"{result.images} of {result.of_images}" if result.is_partial else f"{result.images}"
    print_layers(f"C simulation of {images} images: integer codes, tolerance 0", result.layers)
    out = console()
    equal = "QKeras model = integer oracle = C++"
    if result.is_partial:  # export compared QKeras on all images: a part says nothing about it
        equal = "integer oracle = C++"
    elif result.measured:
        equal = "integer oracle = C++; QKeras itself rounds in some layers"
    verdict = f"[bold green]exact[/]: {equal}" if result.exact else "[bold red]NOT exact[/]"
    out.print(
        f"{verdict}; {result.values_compared:,} values, {result.mismatches:,} mismatches, "
        f"{result.argmax_flips:,} arg-max flips",
        highlight=False,
    )
    these = f" of these {result.images} images" if result.is_partial else ""
    out.print(
        f"{result.metric}{these}: float {100 * result.score_float:.2f} %, "
        f"quantized {100 * result.score_quantized:.2f} %, "
        f"C++ {100 * result.score_csim:.2f} %; "
        f"{_compiled(result.compile_s)}{result.csim_images_per_s:.1f} images/s",
        highlight=False,
    )
    if result.edited:
        out.print(f"edited by hand: {escape(', '.join(result.edited))}", highlight=False)
    print_conv(result.conv)
    out.print(f"report: {escape(str(report))}", highlight=False)


def _compiled(seconds: float | None) -> str:
    """What compiling took, where this run compiled."""
    return "" if seconds is None else f"compiled in {seconds:.1f} s, "


def print_agreement(result: Agreement) -> None:
    """A row a Keras layer: how it is known that the graph has its codes, and what was compared."""
    compared = result.frames > 0
    title = f"QKeras = graph, {result.frames} frames" if compared else "QKeras = graph"
    table = Table(title=title, box=box.SIMPLE_HEAD)
    columns = ["layer", "format", "status", "as", "near ties"]
    columns += ["codes", "differ", "by at most"] if compared else []
    for column in columns:
        right = column in ("near ties", "codes", "differ", "by at most")
        table.add_column(column, justify="right" if right else "left", no_wrap=True)
    for row in result.layers:
        most = f"{row.most_steps:.3g} steps" if row.differ else ""
        counts = [f"{row.values:,}", f"{row.differ:,}", most] if compared else []
        near = f"{row.near_ties:,}" if row.form else ""
        table.add_row(escape(row.layer), row.format, row.status, row.form, near, *counts)
    out = console()
    print_table(table)
    for row in result.layers:
        if row.form:
            out.print(f"{escape(row.layer)}: {row.how}", highlight=False)
    if result.class_pixels:
        share = 100 * result.class_differ / result.class_pixels
        out.print(
            f"class maps: {result.class_differ:,} of {result.class_pixels:,} pixels differ "
            f"({share:.3f} %)",
            highlight=False,
        )
    if not result.holds:
        out.print("[bold red]NOT equal[/] where it must be", highlight=False)


def print_conv(conv: str) -> None:
    """What a simulation of hls4ml's convolutions does not show."""
    if conv == "hls4ml":
        console().print(
            "convolutions: hls4ml's own; cycles and FIFO depths are not proved", highlight=False
        )


def print_graph_csim(result: GraphCsim, report: Path) -> None:
    """The layers and the verdict of a graph without a design."""
    print_layers(
        f"C simulation of {result.images} frames ({escape(result.data)}): "
        "integer codes, tolerance 0",
        result.layers,
    )
    verdict = "[bold red]NOT exact[/]" if result.mismatches else "[bold green]exact[/]"
    out = console()
    out.print(
        f"{verdict}: integer oracle = C++; {result.values_compared:,} values, "
        f"{result.mismatches:,} mismatches; {_compiled(result.compile_s)}"
        f"{result.images / result.simulate_s:.1f} images/s",
        highlight=False,
    )
    if result.edited:
        out.print(f"edited by hand: {escape(', '.join(result.edited))}", highlight=False)
    print_conv(result.conv)
    out.print(f"report: {escape(str(report))}", highlight=False)


def print_lint(report: Report) -> None:
    """Every finding with its hint, and what was looked at."""
    out = console()
    for finding in report.findings:
        out.print(escape(str(finding)), highlight=False, style="red")
        out.print(escape(f"    {finding.hint}"), highlight=False)
    count = len(report.findings)
    plural = "s" if count > 1 else ""
    verdict = f"[bold red]{count} finding{plural}[/]" if count else "[bold green]clean[/]"
    out.print(
        f"{verdict}: '{report.project}', {report.rules} rules, {report.files} files, "
        f"{report.functions} functions",
        highlight=False,
    )
    if report.left_out:
        out.print(f"{report.left_out} more in hls4ml's own headers, left as they are")


def print_estimate(result: Estimate) -> None:
    """A row a layer, the board, and the limit of the folds."""
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
    limit = result.limit
    out.print(
        f"limit of these folds: {limit.cycles:,} cycles, {result.limit_fps:.4g} "
        f"frames/s = max(input {limit.input_beats:,}, output {limit.output_beats:,}, MACs / "
        f"multipliers); set by {limit.cause}",
        highlight=False,
    )
    out.print("a model of the core alone; its error: docs/estimates.md", highlight=False)


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


def print_fifos(result: FifoResult, report: Path) -> None:
    """A row a FIFO, and the time of a frame."""
    table = Table(title="FIFOs: pixels", box=box.SIMPLE_HEAD)
    for column in ("FIFO", "bits", "whole frames", "needed", "depth", "peak", "storage", "BRAM36"):
        left = column in ("FIFO", "storage")
        table.add_column(column, justify="left" if left else "right", no_wrap=True)
    sized, run = result.structure.fifos, result.simulation
    for name, row in result.table.items():
        table.add_row(
            name, str(row["width_bits"]), f"{row['initial']:,}", f"{sized.minimum[name]:,}",
            f"{row['optimized']:,}", f"{run.peaks[name]:,}", row["storage"], f"{row['bram36']:g}",
        )  # fmt: skip
    out = console()
    print_table(table)
    out.print(
        f"{sized.bits:,} bits, {result.bram36:g} BRAM36 (whole frames: "
        f"{result.initial_bram36:g}); certificate: no order of reads and writes deadlocks",
        highlight=False,
    )
    out.print(
        f"first output after {run.first_output:,} cycles, then a frame every {run.interval:,}; "
        f"the slowest is {run.bottleneck.process}",
        highlight=False,
    )
    out.print(f"report: {escape(str(report))}", highlight=False)


def print_report(result: DesignReport, path: Path) -> None:
    """What the report shows and what it lacks, with the commands that make it."""
    out = console()
    for problem in result.problems:
        out.print(f"[yellow]not used:[/] {escape(problem)}", highlight=False)
    for section in result.sections:
        if section.is_ready:
            out.print(f"[green]shown[/]   {section.title}", highlight=False)
            for reason in section.stale:
                out.print(f"        [yellow]stale:[/] {escape(reason)}", highlight=False)
        else:
            commands = "; ".join(section.commands)
            out.print(f"[yellow]missing[/] {section.title}: {escape(commands)}", highlight=False)
    out.print(f"report: {path}", highlight=False)


def print_hardware(run: HardwareRun) -> None:
    """C synthesis by function, then what RTL cosimulation and Vivado say, then the last run."""
    print_csynth(run.csynth)
    out = console()
    if run.cosim is not None:
        out.print(
            f"[bold green]exact[/]: RTL = C++ on {run.cosim.images} images, "
            f"{run.cosim.values_compared:,} codes",
            highlight=False,
        )
        for item in run.cosim.report.languages:
            words = [
                f"{name} {cycles.min:,} / {cycles.avg:,} / {cycles.max:,}"
                for name, cycles in (("latency", item.latency), ("interval", item.interval))
                if cycles is not None
            ]
            numbers = ", ".join(words) or "no numbers of cycles"
            out.print(f"{item.language}: {numbers} cycles, min / avg / max", highlight=False)
    if run.bitstream is not None:
        print_implementation(run.bitstream.implementation)
        out.print(f"bitstream: {run.bitstream.bit} and .hwh", highlight=False)
    print_regression(run.rows)
    out.print(f"report: {run.folder}", highlight=False)


def print_rtl_csynth(found: RtlSynthesis, folder: Path) -> None:
    """A row a process, of fcn_hw's own compiler."""
    table = Table(
        title=f"{found.design}: C++ to Verilog by fcn_hw's compiler, {found.family} at "
        f"{found.period_ns:g} ns",
        box=box.SIMPLE_HEAD,
    )
    for column in (
        "process",
        "function",
        "stages",
        "latency",
        "II",
        "recurrence ns",
        "of",
        "memories",
    ):
        left = column in ("process", "function", "of", "memories")
        table.add_column(column, justify="left" if left else "right", no_wrap=True)
    for item in found.processes:
        memories = ", ".join(f"{m.name} {m.depth}x{m.width} {m.kind}" for m in item.memories)
        of = ", ".join(item.critical_registers[:2])
        table.add_row(
            item.process, item.function, str(item.stages), str(item.latency), str(item.interval),
            f"{item.critical_ns:.2f}", f"{of} {item.critical_line}", memories,
        )  # fmt: skip
    out = console()
    print_table(table)
    if found.gates:
        print_table(_gates_table(found.gates, found.family))
    slowest = found.slowest
    out.print(
        f"one iteration a clock everywhere; longest way in a stage {slowest.path_ns:.2f} ns "
        f"({slowest.process}) of {slowest.limit_ns:.2f} ns, by fcn_hw's delay model",
        highlight=False,
    )
    out.print(f"report: {folder}", highlight=False)


def _gates_table(rows: Sequence[Gates], family: str) -> Table:
    """What yosys counted, the estimate behind it."""
    table = Table(title=f"yosys for {family}, unplaced / estimate", box=box.SIMPLE_HEAD)
    table.add_column("process", no_wrap=True)
    for column in ("LUT", "FF", "DSP", "BRAM36"):
        table.add_column(column, justify="right", no_wrap=True)
    for row in rows:
        pairs = (
            (row.lut, row.estimated_lut), (row.ff, row.estimated_ff),
            (row.dsp, row.estimated_dsp), (row.bram36, row.estimated_bram36),
        )  # fmt: skip
        cells = [f"{a:,g}" if b is None else f"{a:,g} / {b:,.6g}" for a, b in pairs]
        table.add_row(row.process, *cells)
    return table


def print_rtl_cosim(found: RtlCosim, folder: Path) -> None:
    """Codes and clocks that the RTL in Verilator gave, beside those of the dataflow model."""
    out = console()
    out.print(
        f"[bold green]exact[/]: RTL of fcn_hw's compiler = oracle on {found.images} images, "
        f"{found.streams} streams, {found.values_compared:,} codes",
        highlight=False,
    )
    table = Table(box=box.SIMPLE_HEAD)
    for column in ("clocks", "RTL", "dataflow model"):
        table.add_column(column, justify="left" if column == "clocks" else "right")
    interval = "" if found.interval is None else f"{found.interval:,}"
    table.add_row("frame to frame", interval, f"{found.modelled_interval:,}")
    table.add_row("first frame", f"{found.first_frame:,}", f"{found.modelled_first_frame:,}")
    print_table(table)
    table = Table(title="most pixels in a FIFO", box=box.SIMPLE_HEAD)
    for column in ("FIFO", "depth", "RTL", "dataflow model"):
        table.add_column(column, justify="left" if column == "FIFO" else "right", no_wrap=True)
    for fifo in found.fifos:
        if fifo.depth > 2:
            model = "" if fifo.modelled_peak is None else f"{fifo.modelled_peak:,}"
            table.add_row(fifo.name, f"{fifo.depth:,}", f"{fifo.peak:,}", model)
    if table.rows:
        print_table(table)
    out.print(
        f"{found.clocks:,} clocks in {found.seconds:.1f} s, Verilator; report: {folder}",
        highlight=False,
    )


def print_csynth(report: CsynthReport) -> None:
    """A row a function, and the top."""
    table = Table(title=f"C synthesis of {report.top}: {report.version}", box=box.SIMPLE_HEAD)
    for column in ("function", "latency", "interval", "LUT", "FF", "DSP", "BRAM18", "URAM"):
        left = column == "function"
        table.add_column(column, justify="left" if left else "right", no_wrap=True)
    for module in report.modules:
        table.add_row(
            module.name, _cycles(module.latency), _cycles(module.interval),
            *_hls_amounts(module.resources),
        )  # fmt: skip
    table.add_section()
    table.add_row(
        "top", _cycles(report.latency), _cycles(report.interval), *_hls_amounts(report.resources)
    )
    table.add_row("available", "", "", *_hls_amounts(report.available))
    out = console()
    print_table(table)
    clock = report.clock
    verdict = "" if clock.fits else "; [bold red]too slow[/]"
    out.print(
        f"clock: {clock.estimated_ns:g} ns estimated, {clock.target_ns:g} ns asked for with "
        f"{clock.uncertainty_ns:g} ns of reserve{verdict}",
        highlight=False,
    )


def print_implementation(routed: Implementation) -> None:
    """What the routed design takes, and its slacks."""
    table = Table(title="routed by Vivado", box=box.SIMPLE_HEAD)
    for column in ("resource", "used", "available", "share"):
        table.add_column(column, justify="left" if column == "resource" else "right")
    for name, usage in vars(routed.utilization).items():
        if usage is not None:
            table.add_row(
                name.upper(), f"{usage.used:,g}", f"{usage.available:,}", f"{usage.percent:.2f} %"
            )
    out = console()
    print_table(table)
    timing = routed.timing
    out.print(
        f"timing met: WNS {timing.setup.worst_ns:g} ns, WHS {timing.hold.worst_ns:g} ns, "
        f"{timing.setup.endpoints:,} endpoints",
        highlight=False,
    )


def print_regression(rows: Sequence[Row]) -> None:
    """This run against the last; nothing where there was none."""
    if not rows:
        return
    table = Table(title="against the last run", box=box.SIMPLE_HEAD)
    for column in ("quantity", "last", "now", "allowed", ""):
        left = column in ("quantity", "")
        table.add_column(column, justify="left" if left else "right", no_wrap=True)
    for row in rows:
        table.add_row(
            row.quantity, f"{row.before:,.10g}", f"{row.now:,.10g}", f"{row.allowed:,.10g}",
            "[bold red]worse[/]" if row.worse else "",
        )  # fmt: skip
    print_table(table)


def _cycles(found: CycleRange) -> str:
    if found.min is None or found.max is None:
        return "?"
    return f"{found.max:,}" if found.min == found.max else f"{found.min:,} to {found.max:,}"


def _hls_amounts(amount: HlsResources) -> list[str]:
    numbers = (amount.lut, amount.ff, amount.dsp, amount.bram18, amount.uram)
    return ["-" if number is None else f"{number:,}" for number in numbers]


def _amounts(item: Estimate | LayerEstimate) -> list[str]:
    """Resources, stored bits and multiplications of a layer or of all."""
    amount = item.resources
    return [
        f"{amount.lut:,}", f"{amount.ff:,}", f"{amount.dsp:,}", f"{amount.bram36:g}",
        f"{item.weight_bits:,}", f"{item.activation_bits:,}", f"{item.macs:,}",
    ]  # fmt: skip


def print_handoff(made: Handoff) -> None:
    """Where a bundle is, and what is not in it."""
    out = console()
    out.print(f"bundle: {made.path}, {made.files} files, {made.bytes:,} bytes", highlight=False)
    out.print(f"sha256: {made.sha256}", highlight=False)
    absent = [what for what, file in made.vendor.items() if file == "absent"]
    if absent:
        out.print(f"absent, their stages have not run: {', '.join(absent)}", highlight=False)


def print_difference(tensor: str, values: int, mismatches: int, first: Difference | None) -> None:
    """A line where a tensor differs; none where it does not."""
    if first is not None:
        place = ",".join(str(index) for index in first.index)
        console().print(
            f"'{tensor}': {mismatches:,} of {values:,} codes differ, "
            f"first at ({place}): expected {first.expected}, got {first.actual}",
            highlight=False,
        )


def print_verified(found: Verified) -> None:
    """The verdict on a bundle, what of its manifest was checked how, and tensors that differ."""
    from fcn_hw.handoff.verify import AS_STATED, COMPARED, RECOMPUTED

    out = console()
    for how, what in (
        ("recomputed", RECOMPUTED),
        ("compared with other files of the bundle", COMPARED),
        ("as stated, nothing can prove it", AS_STATED),
        ("files that say what the manifest says", found.agreeing),
    ):
        out.print(f"{how}: {', '.join(what)}", highlight=False)
    for layer in found.layers:
        print_difference(layer.tensor, layer.values, layer.mismatches, layer.first)
    verdict = "[bold red]NOT verified[/]" if found.mismatches else "[bold green]verified[/]"
    out.print(
        f"{verdict}: {found.name}, {found.files} files unchanged; C++ = golden codes: "
        f"{found.manifest.frames} frames, {len(found.layers)} tensors, "
        f"{found.values_compared:,} values, {found.mismatches:,} mismatches",
        highlight=False,
    )
    out.print(f"sha256: {found.sha256}", highlight=False)
