"""Verbs ``hls`` and ``csim``: the HLS project and its proof."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from fcn_hw.cli.application import app
from fcn_hw.cli.common import (
    HERE,
    BoardOption,
    BoundedOption,
    ConvOption,
    DepthOption,
    GraphOption,
    ImagesOption,
    JsonOption,
    NoTrainOption,
    OptionalDesign,
    OutputOption,
    RootOption,
    SignOffOption,
    conv_named,
    needed,
    only_one,
    print_json,
    progress_for,
)
from fcn_hw.errors import ConfigError
from fcn_hw.tables import console, print_csim, print_graph_csim, print_lint

if TYPE_CHECKING:  # `fcn-hw --help` loads neither
    from fcn_hw.boards import Board
    from fcn_hw.design import ConvEmitter
    from fcn_hw.flow import Workspace
    from fcn_hw.plan import Plan


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
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite", help="Write over files that were edited by hand; keep copies in edited/."
        ),
    ] = False,
    no_train: NoTrainOption = False,
    as_json: JsonOption = False,
) -> None:
    """Emit the HLS project for a board and prove it, bit for bit, by C simulation.

    Files of an earlier emission are replaced or removed, and your own files stay. Where a file of
    the emission was edited by hand the verb names it and stops, unless --overwrite is given.
    With --no-csim, a design that is not trained is emitted with placeholder weights, to a folder of
    its own. With --graph, emit an exported graph; it is proved by `fcn-hw csim --graph`.
    """
    from fcn_hw.flow import hls_stage, open_workspace
    from fcn_hw.flow.untrained import with_shapes_at_least
    from fcn_hw.flow.workspace import open_board

    target, chosen = open_board(board), conv_named(conv)
    if graph is not None:
        only_one(design, "--graph")
        from fcn_hw.flow.standalone import emit_graph

        folder = needed(output, "--output", "--graph")
        _, plan = emit_graph(
            graph, target, folder, progress_for(as_json), chosen or "fcn_hw", overwrite=overwrite
        )
        _say_project(folder, plan, as_json)
        return
    named, progress = needed(design, "DESIGN", "hls"), progress_for(as_json)
    workspace = open_workspace(named, root, may_train=not no_train).with_conv(chosen)
    if not prove:
        workspace = with_shapes_at_least(workspace, progress)
    _, plan = hls_stage(workspace, target, progress, overwrite=overwrite)
    if prove:
        _csim(workspace, target, None, as_json)
        return
    _say_project(workspace.project(target), plan, as_json)


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
    sign_off: SignOffOption = False,
    bounded: BoundedOption = False,
    depth: DepthOption = None,
    no_train: NoTrainOption = False,
    as_json: JsonOption = False,
) -> None:
    """Compare the compiled HLS sources with the oracle and QKeras, every layer, code for code.

    With --bounded, prove instead that no FIFO is too short: the processes run side by side, some
    images back to back, and the outputs are compared. With --graph, compare an exported graph with
    the oracle, on random frames or on those of --data. With --sign-off, the official ap_types stand
    in for the native integers of frames side by side; the codes are the same. Sources
    that were edited by hand are simulated as they are. A run on fewer images, or of edited sources,
    has a report of its own. Exit status 1 if a single code differs, or if processes wait for one
    another.
    """
    from fcn_hw.flow import open_workspace
    from fcn_hw.flow.workspace import open_board

    target, chosen = open_board(board), conv_named(conv)
    if data is not None and graph is None:
        raise ConfigError("--data has no effect without --graph", hint="a design has its own data")
    if depth and not bounded:
        raise ConfigError("--depth has no effect without --bounded", hint="add --bounded")
    if sign_off and bounded:
        raise ConfigError(
            "--sign-off has no effect with --bounded",
            hint="it always runs on the official ap_types",
        )
    if graph is not None:
        only_one(design, "--graph")
        if bounded:
            raise ConfigError("--bounded takes a design, not --graph")
        folder = needed(output, "--output", "--graph")
        _csim_graph(graph, target, folder, images, data, chosen or "fcn_hw", sign_off, as_json)
        return
    named = needed(design, "DESIGN", "csim")
    workspace = open_workspace(named, root, may_train=not no_train).with_conv(chosen)
    if bounded:
        _bounded(workspace, target, images, depth or [], as_json)
        return
    _csim(workspace, target, images, as_json, sign_off)


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
    no_train: NoTrainOption = False,
    as_json: JsonOption = False,
) -> None:
    """Check an HLS project against the documented rules of Vitis HLS (UG1399), without Vitis HLS.

    All findings are printed. Exit status 1 if there is an error among them.
    """
    from fcn_hw.flow.lint import lint_folder, lint_stage, needs_one
    from fcn_hw.results import result_data

    needs_one(design, project)
    if project is not None:
        report = lint_folder(project)
    else:
        from fcn_hw.flow import open_workspace
        from fcn_hw.flow.pipeline import emit_stage
        from fcn_hw.flow.workspace import open_board

        target = open_board(needed(board, "--board", "a design"))
        workspace = open_workspace(design or "", root, may_train=not no_train)
        progress = progress_for(as_json)
        _, emission = emit_stage(workspace, target, progress)
        report = lint_stage(workspace.project(target), emission.plan, progress)
    if as_json:
        print_json(result_data(report))
    else:
        print_lint(report)
    if report.errors:
        raise typer.Exit(1)


def _say_project(folder: Path, plan: Plan, as_json: bool) -> None:
    if as_json:
        print_json({"project": str(folder), "digest": plan.digest, "files": sorted(plan.files)})
    else:
        console().print(f"project: {escape(str(folder))}", highlight=False)


def _csim_graph(
    graph: Path,
    target: Board,
    output: Path,
    images: int | None,
    data: Path | None,
    conv: ConvEmitter,
    sign_off: bool,
    as_json: bool,
) -> None:
    from fcn_hw.flow.standalone import REPORT, csim_graph, to_json

    result = csim_graph(
        graph, target, output, progress_for(as_json), images=images, data=data, conv=conv,
        sign_off=sign_off,
    )  # fmt: skip
    if as_json:
        print_json(to_json(result))
    else:
        print_graph_csim(result, output / REPORT)
    if result.mismatches:
        raise typer.Exit(1)


def _csim(
    workspace: Workspace, target: Board, images: int | None, as_json: bool, sign_off: bool = False
) -> None:
    from fcn_hw.flow import csim_stage
    from fcn_hw.flow.csim_report import result_to_json

    result = csim_stage(workspace, target, progress_for(as_json), images=images, sign_off=sign_off)
    if as_json:
        print_json(result_to_json(result))
    else:
        print_csim(result, workspace.report(target))
    if not result.exact:
        raise typer.Exit(1)


def _bounded(
    workspace: Workspace, target: Board, images: int | None, depth: list[str], as_json: bool
) -> None:
    from fcn_hw.flow.bounded import bounded_stage, bounded_to_json, parse_depths

    result = bounded_stage(
        workspace, target, progress_for(as_json), images=images, depths=parse_depths(depth)
    )
    if as_json:
        print_json(bounded_to_json(result))
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
