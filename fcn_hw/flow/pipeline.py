"""The stages train, export, hls and csim: each brings what it stands on up to date first."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

from fcn_hw.backend.hls4ml_conv import emitted_graph
from fcn_hw.backend.project import plan_project
from fcn_hw.boards import Board, constraints_file
from fcn_hw.design import Hls, QonnxNetwork
from fcn_hw.errors import ConfigError
from fcn_hw.flow.alone import alone_in_project
from fcn_hw.flow.build import build_program, program_digest, program_of
from fcn_hw.flow.code import code_digest
from fcn_hw.flow.csim_report import CsimResult
from fcn_hw.flow.emission import Emission, as_it_stands, emit
from fcn_hw.flow.emitted import Emitted
from fcn_hw.flow.export import OUTPUTS, export_design
from fcn_hw.flow.frames import graph_frames
from fcn_hw.flow.hls4ml_conv import say_own_convolutions
from fcn_hw.flow.images import (
    AGREEMENT,
    CLASS_MAPS,
    frames_digest,
    images_digest,
    stored_image_count,
)
from fcn_hw.flow.labels import labels_of, stored_labels
from fcn_hw.flow.layout import LAYOUT, current_layout
from fcn_hw.flow.lint import lint_stage
from fcn_hw.flow.progress import Progress
from fcn_hw.flow.simulation import CSIM, SIGN_OFF, CsimRun, simulate_design, simulate_project
from fcn_hw.flow.stage import StageRecord, digest_of, file_digest
from fcn_hw.flow.train import train_stage
from fcn_hw.flow.training import FLOAT_MODEL, MODEL
from fcn_hw.flow.untrained import untrained_graph
from fcn_hw.flow.workspace import GraphWorkspace, Target, Workspace
from fcn_hw.harness.csim import frame_count
from fcn_hw.ir import Graph
from fcn_hw.ir.serialize import digest, load
from fcn_hw.locks import locked
from fcn_hw.plan import Plan
from fcn_hw.results import read_result, write_result

_UNTRAINED = Plan(
    {
        "UNTRAINED.txt": "The weights of this project are placeholders, not those of a training.\n"
        "Shapes, folds, FIFO depths and resources are the design's; what it computes is not.\n"
    }
)

_EMITTER = plan_project.__module__


def export_stage(workspace: Target, progress: Progress) -> Graph:
    """The graph of the trained model, compared with QKeras on the images that csim will see.

    Of a workspace of placeholder weights, their graph, compared with nothing; of a graph without a
    design, that graph.
    """
    if isinstance(workspace, GraphWorkspace):
        return load(workspace.graph)
    if workspace.untrained:
        return untrained_graph(workspace, progress)
    network = workspace.design.network
    models = workspace.model
    if not isinstance(network, QonnxNetwork):
        models = train_stage(workspace, progress)
    record = export_record(workspace)
    if record.is_current():
        progress.say("[green]export[/]  up to date")
        return load(workspace.graph)
    with locked(workspace.graph, "fcn-hw export"):
        record.begin()
        if isinstance(network, QonnxNetwork):
            graph = export_design(
                workspace.design, Path(network.model), None, workspace.graph, progress
            )
        else:
            graph = export_design(
                workspace.design, models / MODEL, models / FLOAT_MODEL, workspace.graph, progress
            )
        record.finish(workspace.graph / name for name in OUTPUTS)
        return graph


@alone_in_project("hls")
def hls_stage(
    workspace: Target, board: Board, progress: Progress, *, overwrite: bool = False
) -> tuple[Graph, Plan]:
    """Writes the HLS project and checks it; files that did not change keep their time stamps.

    Args:
        overwrite: files that were edited by hand too; copies are kept.

    Returns:
        the graph as it is emitted, and the project.

    Raises:
        ConfigError: files were edited by hand.
        LintFailed: what was written breaks a rule of Vitis HLS.
    """
    graph, plan = _planned(workspace, board, progress)
    key = _emission_digest(workspace, graph, board)
    emission = emit(plan, workspace.project(board), key, progress, overwrite=overwrite)
    lint_stage(workspace.project(board), emission.plan, progress).check()
    return emitted_graph(graph, workspace.hls.Conv), emission.plan


@alone_in_project("hls")
def emit_stage(workspace: Target, board: Board, progress: Progress) -> tuple[Graph, Emission]:
    """The HLS project for whoever reads it, unchecked: what was edited by hand stays as it is.

    Returns:
        the graph as it is emitted, and the project as it stands.

    Raises:
        ConfigError: files were edited by hand, and the others are of an earlier emission.
    """
    graph, plan = _planned(workspace, board, progress)
    key = _emission_digest(workspace, graph, board)
    emission = as_it_stands(plan, workspace.project(board), key, progress)
    return emitted_graph(graph, workspace.hls.Conv), emission


def _planned(workspace: Target, board: Board, progress: Progress) -> tuple[Graph, Plan]:
    """The graph as it was exported, and its project."""
    graph, hls = export_stage(workspace, progress), workspace.hls
    layout = current_layout(workspace, graph, board, progress) if _has_layout(hls) else None
    say_own_convolutions(graph, hls, progress)
    plan = plan_project(graph, board, hls, layout, labels_of(workspace, graph))
    return graph, plan.then(_UNTRAINED) if workspace.untrained else plan


@alone_in_project("csim")
def csim_stage(
    workspace: Target,
    board: Board,
    progress: Progress,
    *,
    images: int | None = None,
    sign_off: bool = False,
) -> CsimResult:
    """Compiles the project, runs it on images, compares every tensor with the oracle.

    The images are a design's for validation, or those of a graph's user, or random ones. Sources
    that were edited by hand are simulated as they are. The report of a run on all images of the
    sources as they were emitted is ``csim.json``; any other run has a report of its own.

    Args:
        images: fewer images than the design asks for, or the user gives.
        sign_off: with the official ap_types, not with frames side by side.

    Returns:
        also for a run that found mismatches; the caller decides what to do.
    """
    graph, emission = emit_stage(workspace, board, progress)
    project = workspace.project(board)
    lint_stage(project, emission.plan, progress).check()
    program, build = program_of(graph, workspace.hls.Conv, sign_off)
    name, codes = SIGN_OFF if sign_off else CSIM, {}
    if isinstance(workspace, GraphWorkspace):
        codes = graph_frames(graph, workspace.data, images, stored_labels(workspace.graph))
        planned = CsimRun(name, program, frame_count(codes), 0, emission.edited)
        key = [frames_digest(codes), _source(workspace)]
    else:
        planned = _csim_run(workspace, name, program, images, emission.edited)
        key = _csim_key(workspace)
    record = _csim_record(workspace, board, build, planned, key)
    if record.is_current():
        progress.say(f"[green]{planned.name:<7}[/] up to date")
        return replace(_stored(record), compile_s=None)
    record.begin()
    compile_s = build_program(build, project, progress)
    if isinstance(workspace, GraphWorkspace):
        result, _ = simulate_project(
            graph, project, codes, planned, compile_s, progress, conv=workspace.conv,
            data=_source(workspace),
        )  # fmt: skip
        write_result(record.folder / f"{record.name}.json", result)
    else:
        result = simulate_design(
            workspace.design, graph, workspace.graph, project, planned, compile_s, progress
        )
    record.finish(record.folder / file for file in planned.outputs)
    return result


def emitted_program(workspace: Target, board: Board, progress: Progress) -> Emitted:
    """Emits and compiles the project, unless it is there."""
    graph, _ = hls_stage(workspace, board, progress)
    project = workspace.project(board)
    program, build = program_of(graph, workspace.hls.Conv, sign_off=False)
    build_program(build, project, progress)
    return Emitted(graph, board, project, program, program_digest(build, project))


def finished_csim(workspace: Target, board: Board, graph: Graph) -> CsimResult | None:
    """The result of the C simulation of the project on all of its images, if it ran.

    Of a graph without a design, on whatever frames the last run had.

    Args:
        graph: as it is emitted.
    """
    if isinstance(workspace, GraphWorkspace):
        record = StageRecord(CSIM, workspace.report(board), "")
        if record.standing().state != "stale":  # no run has this digest
            return None
        found = _stored(record)
        return found if found.graph == digest(graph) else None
    record = csim_record(workspace, board, graph)
    return _stored(record) if record.is_current() else None


def export_record(workspace: Workspace) -> StageRecord:
    """When the graph is that of the models as they lie there.

    Raises:
        OSError: there are no models.
    """
    models, design = workspace.model, workspace.design
    if isinstance(design.network, QonnxNetwork):
        if not Path(design.network.model).is_file():
            raise ConfigError(
                f"{design.network.model}: there is no such model file",
                hint="export or copy it first",
            )
        files = [file_digest(Path(design.network.model)), design.dataset.input.model_dump_json()]
    else:
        files = [file_digest(models / MODEL), file_digest(models / FLOAT_MODEL)]
    key = digest_of(
        *files, design.name, design.output_kind, images_digest(design),
        code_digest(export_design.__module__),
    )  # fmt: skip
    return StageRecord("export", workspace.graph, key)


def hls_record(workspace: Target, board: Board, graph: Graph) -> StageRecord:
    """When the project is the one that would be emitted now.

    Args:
        graph: as it was exported.
    """
    key = _emission_digest(workspace, graph, board)
    return StageRecord("hls", workspace.project(board), key)


def csim_record(workspace: Workspace, board: Board, graph: Graph) -> StageRecord:
    """When ``csim.json`` is of the sources that lie there and of all images.

    Args:
        graph: as it is emitted.
    """
    program, build = program_of(graph, workspace.hls.Conv, sign_off=False)
    planned = _csim_run(workspace, CSIM, program, None, ())
    return _csim_record(workspace, board, build, planned, _csim_key(workspace))


# -- inside ----------------------------------------------------------------------------------------


def _has_layout(hls: Hls) -> bool:
    """Whether folds and FIFO depths are chosen: not for hls4ml's convolutions."""
    return hls.Conv == "fcn_hw"


def _emission_digest(workspace: Target, graph: Graph, board: Board) -> str:
    hls, layout = workspace.hls, workspace.project(board) / LAYOUT
    labels = labels_of(workspace, graph)
    return digest_of(
        digest(graph), board.model_dump(mode="json"), file_digest(constraints_file(board)),
        hls.model_dump(mode="json"),
        file_digest(layout) if _has_layout(hls) and layout.is_file() else None,
        asdict(labels) if labels else None,
        code_digest(_EMITTER),
    )  # fmt: skip


def _csim_run(
    workspace: Workspace,
    name: str,
    program: str,
    images: int | None,
    edited: tuple[str, ...],
) -> CsimRun:
    whole = stored_image_count(workspace.graph)
    count = whole if images is None else min(images, whole)
    return CsimRun(name, program, count, whole, edited)


def _csim_key(workspace: Workspace) -> list[str]:
    """What a design's simulation depends on beside the program."""
    return [
        images_digest(workspace.design),
        file_digest(workspace.graph / AGREEMENT),
        file_digest(workspace.graph / CLASS_MAPS),
    ]


def _csim_record(
    workspace: Target, board: Board, build: Plan, planned: CsimRun, key: list[str]
) -> StageRecord:
    found = digest_of(
        program_digest(build, workspace.project(board)), key, planned.images,
        code_digest(simulate_design.__module__),
    )  # fmt: skip
    return StageRecord(planned.name, workspace.report(board) / planned.place, found)


def _source(workspace: GraphWorkspace) -> str:
    return "random codes" if workspace.data is None else workspace.data.name


def _stored(record: StageRecord) -> CsimResult:
    return read_result(record.folder / f"{record.name}.json", CsimResult)
