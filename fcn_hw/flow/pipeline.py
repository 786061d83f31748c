"""The stages train, export, hls and csim: each brings what it stands on up to date first."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
from rich.markup import escape

from fcn_hw.backend.hls4ml_bridge import ap_types_folder
from fcn_hw.backend.hls4ml_conv import emitted_graph
from fcn_hw.backend.project import plan_project
from fcn_hw.boards import Board
from fcn_hw.design import ConvEmitter, Design
from fcn_hw.errors import ConfigError, DataError
from fcn_hw.files import replace_file
from fcn_hw.fixed import Codes
from fcn_hw.flow.alone import alone_in_project
from fcn_hw.flow.build import build_program, program_digest
from fcn_hw.flow.csim_report import CsimResult, csim_result, result_from_json, result_to_json
from fcn_hw.flow.export import (
    AGREEMENT,
    CLASS_MAPS,
    compare_with_qkeras,
    equal_layers,
    export_graph,
)
from fcn_hw.flow.hls4ml_conv import say_own_convolutions
from fcn_hw.flow.layout import current_layout
from fcn_hw.flow.lint import lint_stage
from fcn_hw.flow.progress import Progress
from fcn_hw.flow.scenes import SCENES, save_scenes
from fcn_hw.flow.stage import StageRecord, code_digest, digest_of, file_digest
from fcn_hw.flow.workspace import Workspace
from fcn_hw.frontend.proofs import PROOFS_FILE
from fcn_hw.harness.csim import RUN_FOLDER, SIGN_OFF_FOLDER, plan_build, plan_lanes_build
from fcn_hw.harness.whole_set import simulate_set
from fcn_hw.ir import Graph
from fcn_hw.ir.serialize import load
from fcn_hw.locks import locked
from fcn_hw.plan import Plan
from fcn_hw.tools.runner import write_files
from fcn_hw.train.cluster import Cluster
from fcn_hw.train.datasets import DataSet, Split, dataset_digest, load_dataset
from fcn_hw.train.datasets.coverage import absent_classes, class_shares, uneven_classes
from fcn_hw.train.metrics import headline
from fcn_hw.train.palette import comparison

MODEL = "quantized.h5"
FLOAT_MODEL = "float.h5"
DIRECT_MODEL = "direct.h5"
TRAINING = "training.json"
PICTURE = "segmentation.png"
PICTURE_IMAGES = 4

_COMPARISON = ("flow/agreement.py", "flow/export.py")
_LOWER_FLOORS = ("errors.py", "fixed.py", "ir", "passes", "reference")


def train_stage(workspace: Workspace, progress: Progress, cluster: Cluster | None = None) -> Path:
    """Trains the design's model unless it is there.

    Args:
        workspace: of the design.
        progress: what is said meanwhile.
        cluster: whose chief this process is; None: it trains alone.

    Returns:
        the folder of the model.
    """
    record = train_record(workspace)
    if record.is_current():
        progress.say("[green]train[/]   up to date")
        return record.folder
    with locked(record.folder, "fcn-hw train"):
        _train(workspace, record, progress, cluster)
    return record.folder


def trained_models(workspace: Workspace) -> Path:
    """The folder of the design's models, which are not trained here.

    Raises:
        ConfigError: they are missing, or of another design.yaml or other data.
    """
    record, name = train_record(workspace), workspace.folder.name
    there = all((record.folder / file).is_file() for file in (MODEL, FLOAT_MODEL, DIRECT_MODEL))
    if not there or not record.is_current():
        what = "has models of another design.yaml or other data" if there else "is not trained"
        raise ConfigError(f"design '{name}' {what}", hint=f"run: fcn-hw train {name}")
    return record.folder


def _train(
    workspace: Workspace, record: StageRecord, progress: Progress, cluster: Cluster | None
) -> None:
    from fcn_hw.train.run import train
    from fcn_hw.train.together import train_together

    progress.say("[cyan]train[/]   float, then quantized")
    record.begin()
    design = workspace.design

    def load() -> DataSet:
        dataset = load_dataset(design.dataset)
        for line in absent_classes(dataset):
            progress.warn(line)
        progress.say(f"        {escape(class_shares(dataset))}")
        uneven = uneven_classes(dataset)
        if uneven and not design.training.class_weights:
            progress.say(f"        {escape(uneven)}")
        return dataset

    if cluster is None:
        train(design, load(), record.folder, progress=progress.bars)
    else:
        train_together(design, load, cluster, record.folder, progress=progress.bars)
    record.finish(record.folder / name for name in (MODEL, FLOAT_MODEL, DIRECT_MODEL, TRAINING))
    scores = json.loads((record.folder / TRAINING).read_text(encoding="utf-8"))
    progress.say(
        f"        {scores['float']['metric']} "
        + ", ".join(
            f"{label} {100 * headline(scores[key]):.2f} %"
            for label, key in (
                ("float", "float"), ("directly quantized", "direct"), ("retrained", "retrained")
            )
        )
    )  # fmt: skip


def export_stage(workspace: Workspace, progress: Progress) -> Graph:
    """The graph of the trained model, compared with QKeras on the images that csim will see."""
    models = train_stage(workspace, progress)
    model, float_model = models / MODEL, models / FLOAT_MODEL
    design = workspace.design
    record = StageRecord(
        "export",
        workspace.graph,
        digest_of(
            file_digest(model), file_digest(float_model), design.name, design.output_kind,
            _images_digest(workspace),
            code_digest("frontend", "harness/compare.py", *_COMPARISON, *_LOWER_FLOORS),
        ),
    )  # fmt: skip
    if record.is_current():
        progress.say("[green]export[/]  up to date")
        return load(workspace.graph)
    with locked(workspace.graph, "fcn-hw export"):
        return _export(workspace, model, float_model, record, progress)


def _export(
    workspace: Workspace, model: Path, float_model: Path, record: StageRecord, progress: Progress
) -> Graph:
    design = workspace.design
    record.begin()
    graph, keras_model = export_graph(model, design.name, workspace.graph, design.output_kind)
    progress.say(f"[cyan]export[/]  {len(graph.ops)} ops; comparing the graph with QKeras")
    codes = input_codes(validation_images(workspace))
    compare_with_qkeras(graph, keras_model, float_model, codes, workspace.graph, progress)
    record.finish(
        workspace.graph / name
        for name in ("graph.json", "weights.npz", "graph.txt", PROOFS_FILE, AGREEMENT, CLASS_MAPS)
    )
    return graph


@alone_in_project("hls")
def hls_stage(workspace: Workspace, board: Board, progress: Progress) -> tuple[Graph, Plan]:
    """Writes the HLS project and checks it; files that did not change keep their time stamps.

    Returns:
        the graph as it is emitted, and the project.

    Raises:
        LintFailed: what was written breaks a rule of Vitis HLS.
    """
    graph, plan = emit_stage(workspace, board, progress)
    lint_stage(workspace.project(board), plan, progress).check()
    return graph, plan


@alone_in_project("hls")
def emit_stage(workspace: Workspace, board: Board, progress: Progress) -> tuple[Graph, Plan]:
    """Writes the HLS project, unchecked.

    Returns:
        the graph as it is emitted, and the project.
    """
    graph, hls = export_stage(workspace, progress), workspace.design.hls
    ours = hls.Conv == "fcn_hw"
    layout = current_layout(workspace, graph, board, progress) if ours else None
    plan = plan_project(graph, board, hls, layout)
    say_own_convolutions(graph, hls, progress)
    changed = write_files(plan, workspace.project(board))
    progress.say(
        f"[cyan]hls[/]     {len(plan.files)} files, {len(changed)} written"
        if changed
        else "[green]hls[/]     up to date"
    )
    return emitted_graph(graph, hls.Conv), plan


@alone_in_project("csim")
def csim_stage(
    workspace: Workspace,
    board: Board,
    progress: Progress,
    *,
    images: int | None = None,
    sign_off: bool = False,
) -> CsimResult:
    """Compiles the project, runs it on validation images, compares every tensor.

    Args:
        images: fewer images than the design asks for.
        sign_off: with the official ap_types, not with frames side by side.

    Returns:
        also for a run that found mismatches; the caller decides what to do.
    """
    graph, project_plan = hls_stage(workspace, board, progress)
    project, report = workspace.project(board), workspace.report(board)
    folder, build = program_of(graph, workspace.design.hls.Conv, sign_off)
    count = _image_count(workspace, images)
    name = "sign_off" if sign_off else "csim"
    record = csim_record(workspace, board, project_plan, build, count, name)
    if record.is_current():
        progress.say(f"[green]{name:<7}[/] up to date")
        return result_from_json(json.loads((report / f"{name}.json").read_text()))
    record.begin()
    compile_s = build_program(build, project, progress)
    split = validation_images(workspace, count)
    progress.say(f"[cyan]{name:<7}[/] {len(split.images)} images")
    with progress.counter("C simulation = oracle", len(split.images)) as update:
        finished = simulate_set(graph, project, split.images, folder=folder, on_frame=update)
    simulated = finished.class_maps
    assert simulated is not None, "a design's output is a class map"
    stored = np.load(workspace.graph / CLASS_MAPS)
    result = csim_result(
        graph,
        oracle=finished.compared,
        qkeras=equal_layers(workspace.graph),
        csim_maps=simulated,
        qkeras_maps=stored["quantized"][: len(simulated)],
        float_maps=stored["float"][: len(simulated)],
        masks=split.masks,
        void=_void(workspace),
        compile_s=compile_s,
        simulate_s=finished.seconds,
        conv=workspace.design.hls.Conv,
        ap_types=folder == SIGN_OFF_FOLDER,
        metric="accuracy" if split.one_class else "mIoU",
    )
    replace_file(report / f"{name}.json", json.dumps(result_to_json(result), indent=1) + "\n")
    # spread over the images: neighbours of a video sequence look alike
    shown = np.unique(np.linspace(0, len(simulated) - 1, PICTURE_IMAGES).astype(np.int64))
    maps = {
        "truth": split.masks[shown],
        "float": stored["float"][shown],
        "quantized": stored["quantized"][shown],
        "C simulation": simulated[shown],
    }
    void = _void(workspace)
    image = io.BytesIO()
    comparison(split.images[shown], maps, void=void).save(image, "PNG")
    replace_file(report / PICTURE, image.getvalue())
    save_scenes(report / SCENES, split.images[shown], maps, void)
    record.finish(report / file for file in (f"{name}.json", PICTURE, SCENES))
    return result


def program_of(graph: Graph, conv: ConvEmitter, sign_off: bool) -> tuple[str, Plan]:
    """The folder of the simulation's program, below the project, and how it is compiled.

    Args:
        conv: whose convolutions; hls4ml's are written for ap_types.
        sign_off: with the official ap_types.
    """
    if sign_off or conv == "hls4ml":
        build = plan_build(graph, ap_types_folder(), folder=SIGN_OFF_FOLDER)
        return SIGN_OFF_FOLDER, build
    return RUN_FOLDER, plan_lanes_build(graph)


def finished_csim(
    workspace: Workspace, board: Board, graph: Graph, project_plan: Plan
) -> CsimResult | None:
    """The result of the C simulation of these sources on all of the design's images, if it ran."""
    _, build = program_of(graph, workspace.design.hls.Conv, sign_off=False)
    count = _image_count(workspace, None)
    if not csim_record(workspace, board, project_plan, build, count).is_current():
        return None
    return result_from_json(json.loads((workspace.report(board) / "csim.json").read_text()))


def validation_images(workspace: Workspace, count: int | None = None) -> Split:
    """The first images of the split that the design's csim section names, as many as it asks for
    at most.

    Raises:
        DataError: the data set has no such split.
    """
    name = workspace.design.csim.split
    split = load_dataset(workspace.design.dataset, splits=(name,)).split(name)
    if not len(split):
        raise DataError(
            f"csim.split: data set '{workspace.design.dataset.kind}' has no split '{name}'",
            hint="leave it out, or give camvid sequences to hold out",
        )
    limit = _image_count(workspace, count)
    return Split(split.images[:limit], split.masks[:limit], split.names[:limit])


def input_codes(split: Split) -> Codes:
    """The images as the graph reads them: raw bytes."""
    return split.images.astype(np.int64)


# -- inside ----------------------------------------------------------------------------------------


def training_digest(design: Design) -> str:
    """Of all that a trained model depends on: sections of the design, and the data."""
    # without defaults: a key that a later version adds must not cost anybody a training
    sections = design.model_dump(
        mode="json",
        include={"dataset", "network", "precision", "training"},
        exclude_defaults=True,
    )
    return digest_of(sections, dataset_digest(design.dataset))


def train_record(workspace: Workspace) -> StageRecord:
    """When the training of a design may be skipped."""
    return StageRecord("train", workspace.model, training_digest(workspace.design))


def csim_record(
    workspace: Workspace,
    board: Board,
    project_plan: Plan,
    build: Plan,
    count: int | None,
    name: str = "csim",
) -> StageRecord:
    """When the C simulation of a design may be skipped.

    Args:
        project_plan: the files as they are emitted.
        build: how the program is compiled.
        count: of images; None takes all.
        name: of the report, ``"csim"`` or ``"sign_off"``.
    """
    return StageRecord(
        name,
        workspace.report(board),
        digest_of(
            project_plan.digest, program_digest(build, workspace.project(board)),
            _images_digest(workspace), count,
            file_digest(workspace.graph / AGREEMENT), file_digest(workspace.graph / CLASS_MAPS),
            code_digest("harness", "flow/csim_report.py", *_LOWER_FLOORS),
        ),
    )  # fmt: skip


def _image_count(workspace: Workspace, images: int | None) -> int | None:
    asked = [n for n in (workspace.design.csim.images, images) if n is not None]
    return min(asked, default=None)


def _images_digest(workspace: Workspace) -> str:
    csim = workspace.design.csim
    return digest_of(dataset_digest(workspace.design.dataset), csim.images, csim.split)


def _void(workspace: Workspace) -> int | None:
    return load_dataset(workspace.design.dataset, splits=()).void
