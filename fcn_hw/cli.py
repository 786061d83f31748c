"""The command line. It prints; everything else is done below it.

Exit status: 0 done, 1 a check or a tool failed, 2 a mistake in what was given, 130 interrupted.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn, TypeVar, cast

import typer
from rich.markup import escape

import fcn_hw
from fcn_hw.errors import ConfigError, FcnHwError
from fcn_hw.tables import (
    console,
    print_agreement,
    print_csim,
    print_estimate,
    print_fifos,
    print_graph_csim,
    print_handoff,
    print_hardware,
    print_lint,
    print_measured,
    print_regression,
    print_report,
    print_training,
    print_verified,
)

if TYPE_CHECKING:  # `fcn-hw --help` loads neither
    from fcn_hw.boards import Board
    from fcn_hw.design import ConvEmitter
    from fcn_hw.flow import Workspace
    from fcn_hw.flow.hardware import HardwareRun
    from fcn_hw.flow.progress import Progress

app = typer.Typer(
    name="fcn-hw",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="From a quantized segmentation network to a verified FPGA hand-off.",
)

DesignArgument = Annotated[
    str, typer.Argument(help="A design below hls_projects/, or the path of a design.yaml.")
]
BoardOption = Annotated[str, typer.Option("--board", "-b", help="A board below constraints/.")]
RootOption = Annotated[
    Path, typer.Option("--root", help="The folder that holds hls_projects/.", show_default="here")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON only.")]
ImagesOption = Annotated[
    int | None, typer.Option("--images", min=1, help="Simulate the first N images only.")
]  # fmt: skip
HoursOption = Annotated[
    float | None, typer.Option("--timeout-hours", min=0, help="Time-out of each tool.")
]
BoundedOption = Annotated[
    bool, typer.Option("--bounded", help="Run the processes on FIFOs of their real depths.")
]
DepthOption = Annotated[
    list[str] | None,
    typer.Option("--depth", metavar="FIFO=PIXELS", help="Another depth, with --bounded."),
]

OptionalDesign = Annotated[
    str | None, typer.Argument(help="A design below hls_projects/, or the path of a design.yaml.")
]
GraphOption = Annotated[
    Path | None, typer.Option("--graph", help="A folder that holds a graph.json, instead.")
]
OutputOption = Annotated[
    Path | None, typer.Option("--output", help="With --graph: folder of the HLS project.")
]
ConvOption = Annotated[
    str | None,
    typer.Option(
        "--conv",
        metavar="fcn_hw|hls4ml",
        help="Whose convolutions: fcn_hw's, or hls4ml's own for comparison.",
        show_default="the design's",
    ),
]

HERE = Path()
INTERRUPTED = 130
"""Exit status after Ctrl-C: 128 + SIGINT."""

T = TypeVar("T")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"fcn-hw {fcn_hw.__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """From a quantized segmentation network to a verified FPGA hand-off."""


@app.command(epilog="Example: fcn-hw train digits_fcn8s")
def train(design: DesignArgument, root: RootOption = HERE, as_json: JsonOption = False) -> None:
    """Train a design: in float, then quantized with float shadow weights.

    An interrupted training goes on where it stopped; a finished one is not repeated.
    """
    from fcn_hw.flow import open_workspace, train_stage

    progress = _progress(as_json)
    folder = train_stage(open_workspace(design, root), progress)
    text = (folder / "training.json").read_text(encoding="utf-8")
    if as_json:
        typer.echo(text.rstrip())
    else:
        print_training(json.loads(text))


@app.command(
    epilog="Examples: fcn-hw export digits_fcn8s; "
    "fcn-hw export --model mine.h5 --input-format 'ufixed<8,0>' --output mine_graph"
)
def export(
    design: OptionalDesign = None,
    model: Annotated[
        Path | None, typer.Option("--model", help="A QKeras model, .h5 or .keras, instead.")
    ] = None,
    input_format: Annotated[
        str, typer.Option("--input-format", help="With --model: format of the input codes.")
    ] = "ufixed<8,0>",
    output: Annotated[
        Path | None, typer.Option("--output", help="With --model: folder of the graph.")
    ] = None,
    check: Annotated[
        Path | None,
        typer.Option(
            "--check",
            help="With --model: compare with QKeras on these images: a folder, a list, or a .npy.",
        ),
    ] = None,
    images: Annotated[
        int | None, typer.Option("--images", min=1, help="With --check: the first N images only.")
    ] = None,
    root: RootOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Export a trained design as an integer graph and compare it with QKeras, layer by layer.

    With --model, export any QKeras model file. A layer that can't be expressed exactly is refused.
    With --check, every layer says how many of its codes differ from QKeras. Exit status 1 if one
    differs that is exact or proved.
    """
    if model is not None:
        _only_one(design, "--model")
        from fcn_hw.flow import agreement
        from fcn_hw.flow.standalone import export_model

        folder = _needed(output, "--output", "--model")
        graph, found = export_model(
            model, input_format, folder, _progress(as_json), check=check, images=images
        )
        if as_json:
            typer.echo(json.dumps(agreement.to_json(found), indent=1))
        else:
            typer.echo((folder / "graph.txt").read_text(encoding="utf-8").rstrip())
            print_agreement(found)
            console().print(f"graph '{graph.name}' is in {folder}", highlight=False)
        if not found.holds:
            raise typer.Exit(1)
        return
    else:
        from fcn_hw.flow import export_stage, open_workspace

        workspace = open_workspace(_needed(design, "DESIGN", "export"), root)
        graph, folder = export_stage(workspace, _progress(False)), workspace.graph
    typer.echo((folder / "graph.txt").read_text(encoding="utf-8").rstrip())
    console().print(f"graph '{graph.name}' is in {folder}", highlight=False)


@app.command(
    epilog="Examples: fcn-hw hls digits_fcn8s --board pynq-z2; "
    "fcn-hw hls --graph mine_graph --board zcu104 --output mine_project"
)
def hls(
    board: BoardOption,
    design: OptionalDesign = None,
    graph: GraphOption = None,
    output: OutputOption = None,
    root: RootOption = HERE,
    conv: ConvOption = None,
    prove: Annotated[
        bool, typer.Option("--csim/--no-csim", help="Prove the project by C simulation.")
    ] = True,
    as_json: JsonOption = False,
) -> None:
    """Emit the HLS project for a board and prove it, bit for bit, by C simulation.

    With --graph, of an exported graph; it is proved by `fcn-hw csim --graph`.
    """
    from fcn_hw.flow import hls_stage, open_workspace
    from fcn_hw.flow.workspace import open_board

    target, chosen = open_board(board), _conv(conv)
    if graph is not None:
        _only_one(design, "--graph")
        from fcn_hw.flow.standalone import emit_graph

        folder = _needed(output, "--output", "--graph")
        emit_graph(graph, target, folder, _progress(as_json), chosen or "fcn_hw")
        console().print(f"project: {folder}", highlight=False)
        return
    workspace = open_workspace(_needed(design, "DESIGN", "hls"), root).with_conv(chosen)
    if prove:
        _csim(workspace, target, None, as_json)
        return
    hls_stage(workspace, target, _progress(as_json))
    console().print(f"project: {workspace.project(target)}", highlight=False)


@app.command(
    epilog="Examples: fcn-hw csim digits_fcn8s --board pynq-z2 --images 8; "
    "fcn-hw csim --graph mine_graph --board zcu104 --output mine_project --images 4"
)
def csim(
    board: BoardOption,
    design: OptionalDesign = None,
    graph: GraphOption = None,
    output: OutputOption = None,
    root: RootOption = HERE,
    images: ImagesOption = None,
    data: Annotated[
        Path | None,
        typer.Option("--data", help="With --graph: a folder of images, a list, or a .npy."),
    ] = None,
    conv: ConvOption = None,
    bounded: BoundedOption = False,
    depth: DepthOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare the compiled HLS sources with the oracle and QKeras, every layer, code for code.

    With --bounded, prove instead that no FIFO is too short: the processes run side by side, some
    images back to back, and the outputs are compared. With --graph, compare an exported graph with
    the oracle, on random frames or on those of --data. Exit status 1 if a single code differs, or
    if processes wait for one another.
    """
    from fcn_hw.flow import open_workspace
    from fcn_hw.flow.workspace import open_board

    target, chosen = open_board(board), _conv(conv)
    if data is not None and graph is None:
        raise ConfigError("--data has no effect without --graph", hint="a design has its own data")
    if depth and not bounded:
        raise ConfigError("--depth has no effect without --bounded", hint="add --bounded")
    if graph is not None:
        _only_one(design, "--graph")
        if bounded:
            raise ConfigError("--bounded takes a design, not --graph")
        folder = _needed(output, "--output", "--graph")
        _csim_graph(graph, target, folder, images, data, chosen or "fcn_hw", as_json)
        return
    workspace = open_workspace(_needed(design, "DESIGN", "csim"), root).with_conv(chosen)
    if bounded:
        _bounded(workspace, target, images, depth or [], as_json)
        return
    _csim(workspace, target, images, as_json)


@app.command(epilog="Example: fcn-hw estimate digits_fcn8s --board pynq-z2")
def estimate(
    board: BoardOption,
    design: Annotated[
        str | None, typer.Argument(help="A design, as for the other commands.")
    ] = None,
    graph: Annotated[
        Path | None, typer.Option("--graph", help="A folder that holds a graph.json, instead.")
    ] = None,
    root: RootOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Resources, cycles and energy by layer, against the board and the physical limit: a model.

    The report's files and pictures go to the design's report folder. With --graph alone the folds
    are chosen for the board and nothing is written. Exit status 1 if it does not fit.
    """
    from fcn_hw.estimate.reports import report_data
    from fcn_hw.flow.estimate import estimate_design

    run = estimate_design(design, graph, board, root, _progress(as_json))
    if as_json:
        typer.echo(json.dumps(report_data(run.estimate), indent=1))
    else:
        print_estimate(run.estimate)
        print_measured(run)
    run.check()


@app.command(epilog="Example: fcn-hw fifo digits_fcn8s --board pynq-z2 --explain skip_pool2")
def fifo(
    design: DesignArgument,
    board: BoardOption,
    explain: Annotated[
        str | None,
        typer.Option("--explain", help="Say why this FIFO, or this op's skip, is so deep."),
    ] = None,
    root: RootOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Size the FIFOs: the smallest depths that lose no throughput and never deadlock, proved.

    The depths, a certificate and a picture of the skip FIFOs go to the design's report folder.
    """
    from fcn_hw.flow import open_workspace
    from fcn_hw.flow.fifos import explain_fifo, fifo_stage, fifo_to_json
    from fcn_hw.flow.workspace import open_board

    target, workspace = open_board(board), open_workspace(design, root)
    result = fifo_stage(workspace, target, _progress(as_json))
    found = None if explain is None else explain_fifo(result, explain)
    if as_json:
        typer.echo(json.dumps(fifo_to_json(result, found), indent=1))
    elif found is not None:
        typer.echo("\n".join(found.sentences))
    else:
        print_fifos(result, workspace.report(target))


@app.command(epilog="Example: fcn-hw report digits_fcn8s --board pynq-z2")
def report(
    design: DesignArgument,
    board: BoardOption,
    root: RootOption = HERE,
    conv: ConvOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write one HTML file that shows all results of a design on a board.

    It opens from disk, without network. No stage is run: a section whose stage has not run says
    which command makes it. With --json, print what the file shows, pictures left out.
    """
    from fcn_hw.flow import open_workspace
    from fcn_hw.flow.workspace import open_board
    from fcn_hw.report import make_report, report_to_json, write_report

    target = open_board(board)
    workspace = open_workspace(design, root).with_conv(_conv(conv))
    made = make_report(workspace, target)
    path = write_report(made, workspace, target)
    if as_json:
        typer.echo(json.dumps(report_to_json(made, path), indent=1))
    else:
        print_report(made, path)


@app.command(
    epilog="Examples: fcn-hw lint digits_fcn8s --board pynq-z2; fcn-hw lint --project mine_project"
)
def lint(
    design: OptionalDesign = None,
    board: Annotated[
        str | None, typer.Option("--board", "-b", help="With a design: a board below constraints/.")
    ] = None,
    project: Annotated[
        Path | None, typer.Option("--project", help="The folder of an HLS project, instead.")
    ] = None,
    root: RootOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Check an HLS project against the documented rules of Vitis HLS (UG1399), without Vitis HLS.

    All findings are printed. Exit status 1 if there is an error among them.
    """
    from fcn_hw.flow.lint import lint_folder, lint_stage, needs_one
    from fcn_hw.lint import Severity
    from fcn_hw.lint.check import to_json

    needs_one(design, project)
    if project is not None:
        report = lint_folder(project)
    else:
        from fcn_hw.flow import open_workspace
        from fcn_hw.flow.pipeline import emit_stage
        from fcn_hw.flow.workspace import open_board

        target = open_board(_needed(board, "--board", "a design"))
        workspace, progress = open_workspace(design or "", root), _progress(as_json)
        _, plan = emit_stage(workspace, target, progress)
        report = lint_stage(workspace.project(target), plan, progress)
    if as_json:
        typer.echo(json.dumps(to_json(report), indent=1))
    else:
        print_lint(report)
    if report.count(Severity.ERROR):
        raise typer.Exit(1)


@app.command(epilog="Example: fcn-hw csynth digits_fcn8s --board pynq-z2")
def csynth(
    design: DesignArgument,
    board: BoardOption,
    root: RootOption = HERE,
    hours: HoursOption = None,
    as_json: JsonOption = False,
) -> None:
    """C synthesis by Vitis HLS (or Vivado HLS) of the network with its AXI ports.

    Compared with the last run: exit status 1 if it is worse than section 'regression' of the design
    allows. Exit status 2 where the tool or its licence is missing.
    """
    from fcn_hw.flow.hardware import run_csynth

    _hardware(run_csynth(*_open(design, board, root), _progress(as_json), hours=hours), as_json)


@app.command(epilog="Example: fcn-hw cosim digits_fcn8s --board pynq-z2 --images 2")
def cosim(
    design: DesignArgument,
    board: BoardOption,
    root: RootOption = HERE,
    images: ImagesOption = None,
    hours: HoursOption = None,
    as_json: JsonOption = False,
) -> None:
    """RTL cosimulation: the RTL's codes on validation images against those of the C++, each one.

    Two images where no number is given. Exit status 1 at a single code that differs.
    """
    from fcn_hw.flow.hardware import run_cosim

    workspace, target = _open(design, board, root)
    found = run_cosim(workspace, target, _progress(as_json), images=images, hours=hours)
    _hardware(found, as_json)


@app.command(epilog="Example: fcn-hw bitstream digits_fcn8s --board pynq-z2")
def bitstream(
    design: DesignArgument,
    board: BoardOption,
    root: RootOption = HERE,
    hours: HoursOption = None,
    as_json: JsonOption = False,
) -> None:
    """C synthesis, IP, block design placed and routed by Vivado; its .bit and .hwh.

    No bitstream is written of a design that misses its timing; then the exit status is 1.
    """
    from fcn_hw.flow.hardware import run_bitstream

    workspace, target = _open(design, board, root)
    _hardware(run_bitstream(workspace, target, _progress(as_json), hours=hours), as_json)


@app.command(epilog="Example: fcn-hw regression digits_fcn8s --board pynq-z2 --accept")
def regression(
    design: DesignArgument,
    board: BoardOption,
    root: RootOption = HERE,
    accept: Annotated[
        bool, typer.Option("--accept", help="From now on compare with this run, worse or not.")
    ] = False,
) -> None:
    """Show how the last run of csynth, cosim or bitstream compares with the one before."""
    from fcn_hw.flow.regression import accept as take
    from fcn_hw.flow.regression import check, last_rows

    workspace, target = _open(design, board, root)
    folder = workspace.report(target)
    if accept:
        count = len(take(folder))
        console().print(f"the next run is compared with these {count} quantities", highlight=False)
        return
    rows = last_rows(folder)
    print_regression(rows)
    check(folder, rows)


@app.command(epilog="Example: fcn-hw handoff digits_fcn8s --board pynq-z2")
def handoff(
    design: DesignArgument,
    board: BoardOption,
    output: Annotated[
        Path | None, typer.Option("--output", help="Folder of the bundle; handoff/ by default.")
    ] = None,
    images: Annotated[
        int | None, typer.Option("--images", min=1, help="Golden frames; 3 by default.")
    ] = None,
    root: RootOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Pack a proved design for the engineer who builds the bitstream.

    Sources, scripts, constraints, driver, golden vectors, expected numbers and what vendor tools
    left, in handoff/DESIGN-BOARD.tar.gz. The same input gives the same bytes. Check it anywhere by
    `fcn-hw verify`.
    """
    from fcn_hw.flow import open_workspace
    from fcn_hw.flow.handoff import FOLDER, handoff_stage
    from fcn_hw.flow.workspace import open_board

    target, workspace = open_board(board), open_workspace(design, root)
    folder = root / FOLDER if output is None else output
    made = handoff_stage(workspace, target, _progress(as_json), output=folder, images=images)
    if as_json:
        typer.echo(json.dumps({**asdict(made), "path": str(made.path)}, indent=1))
    else:
        print_handoff(made)


@app.command(epilog="Example: fcn-hw verify handoff/digits_fcn8s-pynq-z2.tar.gz")
def verify(
    bundle: Annotated[Path, typer.Argument(help="A bundle of fcn-hw handoff, .tar.gz.")],
    as_json: JsonOption = False,
) -> None:
    """Check a bundle: every byte, what its manifest says, and what its C++ computes.

    Needs g++ only. The last step compiles and runs C++ that is in the bundle, as you, in a
    temporary folder, with fcn_hw's own commands and time limits, and only after all checksums hold:
    verify bundles of people whose programs you would run. Exit status 1 if anything differs.
    """
    from fcn_hw.handoff.verify import verify_bundle

    found = verify_bundle(bundle)
    if as_json:
        layers = [asdict(item) for item in found.layers]
        totals = {"values_compared": found.values_compared, "mismatches": found.mismatches}
        facts = {"bundle": found.name, "sha256": found.sha256, "files": found.files}
        typer.echo(json.dumps({**facts, **totals, "layers": layers}, indent=1))
    else:
        print_verified(found)
    if found.mismatches:
        raise typer.Exit(1)


@app.command(epilog="Example: fcn-hw clean digits_fcn8s --models")
def clean(
    design: Annotated[
        str | None, typer.Argument(help="One design; all of them if left out.")
    ] = None,
    root: RootOption = HERE,
    models: Annotated[
        bool, typer.Option("--models", help="Remove trained models and checkpoints too.")
    ] = False,
) -> None:
    """Remove what the stages made: graphs, HLS projects, reports. Trained models stay."""
    from fcn_hw.flow.clean import clean as remove

    for folder in remove(root, design, models=models):
        console().print(f"removed {folder}", highlight=False)


def _open(design: str, board: str, root: Path) -> tuple[Workspace, Board]:
    from fcn_hw.flow import open_workspace
    from fcn_hw.flow.workspace import open_board

    target = open_board(board)
    return open_workspace(design, root), target


def _hardware(run: HardwareRun, as_json: bool) -> None:
    from fcn_hw.flow.hardware import run_to_json

    if as_json:
        typer.echo(json.dumps(run_to_json(run), indent=1))
    else:
        print_hardware(run)
    run.check()


def _only_one(design: str | None, option: str) -> None:
    if design is not None:
        raise ConfigError(f"both a design and {option} are given", hint="give one of them")


def _needed(value: T | None, name: str, because: str) -> T:
    if value is None:
        raise ConfigError(f"{because} needs {name}", hint="see --help for an example")
    return value


def _conv(name: str | None) -> ConvEmitter | None:
    if name not in (None, "fcn_hw", "hls4ml"):
        raise ConfigError(f"--conv is fcn_hw or hls4ml, not '{name}'")
    return cast("ConvEmitter | None", name)


def _csim_graph(
    graph: Path,
    target: Board,
    output: Path,
    images: int | None,
    data: Path | None,
    conv: ConvEmitter,
    as_json: bool,
) -> None:
    from fcn_hw.flow.standalone import REPORT, csim_graph, to_json

    result = csim_graph(
        graph, target, output, _progress(as_json), images=images, data=data, conv=conv
    )
    if as_json:
        typer.echo(json.dumps(to_json(result), indent=1))
    else:
        print_graph_csim(result, output / REPORT)
    if result.mismatches:
        raise typer.Exit(1)


def _csim(workspace: Workspace, target: Board, images: int | None, as_json: bool) -> None:
    from fcn_hw.flow import csim_stage
    from fcn_hw.flow.csim_report import result_to_json

    result = csim_stage(workspace, target, _progress(as_json), images=images)
    if as_json:
        typer.echo(json.dumps(result_to_json(result), indent=1))
    else:
        print_csim(result, workspace.report(target))
    if not result.exact:
        raise typer.Exit(1)


def _bounded(
    workspace: Workspace, target: Board, images: int | None, depth: list[str], as_json: bool
) -> None:
    from fcn_hw.flow.bounded import bounded_stage, bounded_to_json, parse_depths

    result = bounded_stage(
        workspace, target, _progress(as_json), images=images, depths=parse_depths(depth)
    )
    if as_json:
        typer.echo(json.dumps(bounded_to_json(result), indent=1))
    else:
        verdict = "[bold red]NOT exact[/]" if result.mismatches else "[bold green]no deadlock[/]"
        console().print(
            f"{verdict}: {result.images} images back to back through {len(result.fifos)} FIFOs; "
            f"outputs = integer oracle: {result.values_compared:,} values, "
            f"{result.mismatches:,} mismatches; {result.images / result.simulate_s:.1f} images/s",
            highlight=False,
        )
    if result.mismatches:
        raise typer.Exit(1)


def _progress(quiet: bool) -> Progress:
    from fcn_hw.flow.progress import Progress

    return Progress(console(stderr=quiet), quiet)


def _fail(error: FcnHwError) -> NoReturn:
    out = console(stderr=True)
    out.print(f"[bold red]error:[/] {escape(error.message)}", highlight=False)
    if error.hint:
        out.print(escape(error.hint), highlight=False)
    if error.log is not None:
        out.print(f"log: {escape(str(error.log))}", highlight=False)
    raise SystemExit(error.exit_status)


def main() -> None:
    """Entry point of ``fcn-hw``."""
    try:
        app()
    except FcnHwError as error:
        _fail(error)
    except OSError as error:  # a full disk, a folder that can't be written, ...
        what = f"{error.filename}: " if error.filename else ""
        _fail(FcnHwError(f"{what}{error.strerror or error}", hint="what was finished is kept"))
    except SystemExit as stop:
        if stop.code == INTERRUPTED:  # typer turns Ctrl-C into this status, without a word
            console(stderr=True).print("interrupted; what was finished is kept")
        raise


if __name__ == "__main__":
    main()
