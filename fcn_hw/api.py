"""The verbs of ``fcn-hw`` as functions: ``fcn_hw.csim_design("digits_fcn8s", "pynq-z2")``.

Thin: each opens what it is given and calls the stage. A function's name ends in what it takes, for
``fcn_hw.train`` and ``fcn_hw.estimate`` are packages. A design is a name below
``root/hls_projects`` or the path of a design.yaml; a board is a name of :func:`list_boards`; a
graph is a folder that holds a ``graph.json``. With ``train=False`` a design that would have to be
trained first is a mistake. What stages say meanwhile goes to standard error with
``progress=True``, or to the :class:`fcn_hw.flow.progress.Progress` that is given. Every mistake
raises a :class:`fcn_hw.errors.FcnHwError` of one clear line. ``import fcn_hw`` itself loads
nothing; TensorFlow is loaded by training, the exports and evaluation only.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal

from fcn_hw.boards import Board, board_names, load_board
from fcn_hw.dataflow.explain import Explanation, explain
from fcn_hw.design import ConvEmitter, Design, HlsCompiler, PruningBlock, PruningScope
from fcn_hw.design_yaml import find_design
from fcn_hw.design_yaml import load_design as _load_design
from fcn_hw.errors import ConfigError
from fcn_hw.flow import (
    BoundedResult,
    CsimResult,
    bounded_stage,
    csim_stage,
    open_workspace,
    work_for_chief,
)
from fcn_hw.flow import export_stage as _export_stage
from fcn_hw.flow import hls_stage as _hls_stage
from fcn_hw.flow import standalone as _standalone
from fcn_hw.flow import train_stage as _train_stage
from fcn_hw.flow.agreement import Agreement
from fcn_hw.flow.clean import Generated, find_generated, remove
from fcn_hw.flow.differences import Differences
from fcn_hw.flow.differences import compare as _compare
from fcn_hw.flow.doctor import Diagnosis
from fcn_hw.flow.doctor import diagnose as _diagnose
from fcn_hw.flow.ecp5 import Ecp5Bitstream
from fcn_hw.flow.emission import HlsProject
from fcn_hw.flow.estimate import EstimateRun
from fcn_hw.flow.estimate import estimate_design as _estimate_design
from fcn_hw.flow.estimate import estimate_folder as _estimate_folder
from fcn_hw.flow.estimate import estimate_stage as _estimate_stage
from fcn_hw.flow.evaluate import evaluate_stage as _evaluate_stage
from fcn_hw.flow.evaluation import Evaluation
from fcn_hw.flow.fifos import fifo_stage as _fifo_stage
from fcn_hw.flow.handoff import FOLDER, Handoff, handoff_stage
from fcn_hw.flow.hardware import HardwareRun, bitstream_by, cosim_by, csynth_by
from fcn_hw.flow.labels import ClassNames
from fcn_hw.flow.layout import FifoResult
from fcn_hw.flow.lint import lint_folder, lint_stage
from fcn_hw.flow.pipeline import emit_stage
from fcn_hw.flow.predict import Predictions, predict_stage
from fcn_hw.flow.progress import Progress
from fcn_hw.flow.regression import RegressionRun, accept_stage, last_rows
from fcn_hw.flow.scaffold import new_design
from fcn_hw.flow.show import Shown
from fcn_hw.flow.show import show as _show
from fcn_hw.flow.untrained import with_shapes_at_least
from fcn_hw.flow.workspace import GraphWorkspace
from fcn_hw.handoff.verify import Verified
from fcn_hw.handoff.verify import verify_bundle as _verify_bundle
from fcn_hw.ir import Graph
from fcn_hw.ir.outputs import OutputKind
from fcn_hw.ir.serialize import load as _load_graph
from fcn_hw.ir.serialize import save as _save_graph
from fcn_hw.lint import Report
from fcn_hw.reference import evaluate
from fcn_hw.report import DesignReport
from fcn_hw.report import report_stage as _report_stage
from fcn_hw.results import read_result
from fcn_hw.rtl.reports import RtlCosim, RtlSynthesis
from fcn_hw.scaling import Number
from fcn_hw.studies.levels import Levels, levels_stage
from fcn_hw.studies.search.front import SearchResult
from fcn_hw.studies.search.options import SearchOptions
from fcn_hw.studies.search.run import search_stage as _search
from fcn_hw.studies.sensitivity.result import Kind, Level, Sensitivity
from fcn_hw.studies.sensitivity.stage import (
    KINDS,
    LEVELS,
    Request,
    check_levels,
    parse_kinds,
    sensitivity_stage,
)
from fcn_hw.studies.sparsity.result import SparsityRun
from fcn_hw.studies.sparsity.stage import sparsity_stage as _sparsity_stage
from fcn_hw.terminal import Terminal
from fcn_hw.train.cluster import cluster_of
from fcn_hw.train.result import TRAINING, TrainResult

__all__ = [
    "SearchOptions", "accept_design", "bitstream_design", "bitstream_graph", "clean_design",
    "compare", "cosim_design", "cosim_graph", "csim_bounded", "csim_bounded_graph",
    "csim_design", "csim_graph", "csynth_design", "csynth_graph", "diagnose", "estimate_design",
    "estimate_graph", "evaluate", "evaluate_design", "explain_fifo", "export_design",
    "export_model", "fifo_design", "fifo_graph", "handoff_design", "handoff_graph",
    "hls_design", "hls_graph", "levels_design", "lint_design", "lint_project", "list_boards",
    "load_board", "load_design", "load_graph", "new_design", "predict_design", "predict_graph",
    "regression_design",
    "report_design", "report_graph", "save_graph", "search_design", "sensitivity_design",
    "show_graph", "sparsity_design", "train_design", "verify_bundle",
    "write_qonnx",
]  # fmt: skip

PathLike = str | Path
Strategy = Literal["alone", "multi-worker"]


def load_design(design: PathLike, root: PathLike = ".") -> Design:
    """The checked content of a design.

    Raises:
        ConfigError: unknown design, key or value; names the line.
    """
    return _load_design(find_design(str(design), Path(root)))


def load_graph(folder: PathLike) -> Graph:
    """A verified graph.

    Raises:
        ConfigError: a file is missing or malformed.
        GraphError: the graph breaks a rule.
    """
    return _load_graph(Path(folder))


def save_graph(graph: Graph, folder: PathLike) -> None:
    """Writes ``graph.json``, ``weights.npz`` and ``graph.txt``."""
    _save_graph(graph, Path(folder))


def list_boards() -> tuple[Board, ...]:
    """All boards, in alphabetical order."""
    return tuple(load_board(name) for name in board_names())


def diagnose() -> Diagnosis:
    """What is installed, and what each stage misses."""
    return _diagnose()


def show_graph(target: PathLike, root: PathLike = ".") -> Shown:
    """A graph, of a folder or of a design, with the status of each layer."""
    return _show(str(target), Path(root))


def compare(before: PathLike, after: PathLike, root: PathLike = ".") -> Differences:
    """What changed between two graphs, two designs or two reports."""
    return _compare(str(before), str(after), Path(root))


def train_design(
    design: PathLike,
    root: PathLike = ".",
    *,
    strategy: Strategy = "alone",
    tensorboard: bool = False,
    progress: Progress | bool = False,
) -> TrainResult | None:
    """Trains a design unless its model is there.

    Args:
        strategy: ``"multi-worker"`` trains with the workers that the variable TF_CONFIG names; the
            same call is made on each of them.
        tensorboard: a training also writes TensorBoard's files, to ``model/tensorboard/``.

    Returns:
        scores of the models; None of a worker that is not the chief, which writes no files.
    """
    workspace, told = open_workspace(str(design), Path(root)), _progress(progress)
    cluster = cluster_of(os.environ) if strategy == "multi-worker" else None
    if cluster is not None and not cluster.chief:
        work_for_chief(workspace, told, cluster)
        return None
    folder = _train_stage(workspace, told, cluster, tensorboard=tensorboard)
    return read_result(folder / TRAINING, TrainResult)


def evaluate_design(
    design: PathLike,
    root: PathLike = ".",
    *,
    split: str = "val",
    listed: PathLike | None = None,
    csim: str | None = None,
    own_size: bool = False,
    progress: Progress | bool = False,
) -> Evaluation:
    """Measures a trained design on a split of its data set, or on a list of images and masks.

    Args:
        split: ``"val"``, ``"test"`` or ``"train"``.
        listed: a text file with one "image mask" a line, instead of a split.
        csim: a board: also run its emitted C++.
        own_size: also measure class maps in the sizes of the images.

    Returns:
        also for a run whose C++ differs from the oracle: look at ``exact``.
    """
    return _evaluate_stage(
        open_workspace(str(design), Path(root)),
        _progress(progress),
        split=split,
        listed=None if listed is None else Path(listed),
        board=None if csim is None else load_board(csim),
        own_size=own_size,
    )


def levels_design(
    design: PathLike,
    root: PathLike = ".",
    *,
    bits: Sequence[int] = (8, 4, 3, 2),
    seeds: Sequence[int] | None = None,
    precision_of: Iterable[PathLike] = (),
    progress: Progress | bool = False,
) -> Levels:
    """A design at uniform levels of precision and its own, from several seeds; see the verb.

    Args:
        bits: of the uniform levels.
        seeds: None takes the design's.
        precision_of: designs of the same network whose bits are levels too.
    """
    others = [open_workspace(str(other), Path(root)).design for other in precision_of]
    workspace = open_workspace(str(design), Path(root))
    return levels_stage(workspace, _progress(progress), bits=bits, seeds=seeds, others=others)


def sensitivity_design(
    design: PathLike,
    root: PathLike = ".",
    *,
    bits: Iterable[Level] = LEVELS,
    kinds: Iterable[Kind] = KINDS,
    layers: Iterable[str] | None = None,
    images: int | None = None,
    retrain: int = 0,
    jobs: int | None = None,
    train: bool = True,
    progress: Progress | bool = False,
) -> Sensitivity:
    """What a design loses when one layer is quantized, all others in float.

    Works in processes of its own: a script calls it below ``if __name__ == "__main__":``.

    Args:
        bits: 1 to 16, or ``"ternary"``; of weights 1 is binary.
        layers: None takes all.
        images: of the validation split; None takes all.
        retrain: epochs of retraining for each point; 0 takes none.
        jobs: processes at a time; None takes one for each processor.
        train: train the design where it is not; else that raises ConfigError.
    """
    request = Request(
        levels=check_levels(bits),
        kinds=tuple(kind for name in kinds for kind in parse_kinds(name)),
        layers=None if layers is None else tuple(layers),
        images=images,
        retrain_epochs=retrain,
        processes=jobs,
    )
    return sensitivity_stage(
        open_workspace(str(design), Path(root), may_train=train), request, _progress(progress)
    )


def export_design(
    design: PathLike, root: PathLike = ".", *, train: bool = True, progress: Progress | bool = False
) -> Graph:
    """The graph of a design's model.

    Args:
        train: train the design where it is not; else that raises ConfigError.
    """
    return _export_stage(
        open_workspace(str(design), Path(root), may_train=train), _progress(progress)
    )


def export_model(
    model: PathLike,
    folder: PathLike,
    *,
    input_format: str | Mapping[str, str] = "ufixed<8,0>",
    input_scale: Number | Sequence[Number] | None = None,
    input_offset: Number | Sequence[Number] | None = None,
    output_kind: OutputKind | None = None,
    classes: ClassNames | None = None,
    fit: str | None = None,
    channel_order: str | None = None,
    check: PathLike | None = None,
    images: int | None = None,
    calibrate: PathLike | None = None,
    bits: int = _standalone.CALIBRATED_BITS,
    progress: Progress | bool = False,
) -> tuple[Graph, Agreement]:
    """Exports a QKeras or a QONNX file, or with ``calibrate`` a float Keras model; see
    :func:`fcn_hw.flow.standalone.export_model`."""
    frames = None if check is None else Path(check)
    return _standalone.export_model(
        Path(model), input_format, Path(folder), _progress(progress), input_scale=input_scale,
        input_offset=input_offset, output_kind=output_kind, classes=classes, fit=fit,
        channel_order=channel_order, check=frames, images=images,
        calibrate=None if calibrate is None else Path(calibrate), bits=bits,
    )  # fmt: skip


def write_qonnx(graph: Graph, path: PathLike) -> None:
    """Writes a graph as a QONNX file, which qonnx's executor computes with the same codes.

    Raises:
        ConfigError: a package of the extra ``fcn_hw[qonnx]`` is missing.
        UnsupportedLayer: ops whose codes float32, in which qonnx computes, does not hold.
    """
    from fcn_hw.frontend.qonnx.write import write_graph

    write_graph(graph, Path(path))


def hls_design(
    design: PathLike,
    board: str,
    root: PathLike = ".",
    *,
    conv: ConvEmitter | None = None,
    overwrite: bool = False,
    placeholders: bool = True,
    train: bool = True,
    progress: Progress | bool = False,
) -> HlsProject:
    """Emits a design's HLS project, without simulating it.

    Args:
        conv: whose convolutions; None takes the design's.
        overwrite: files that were edited by hand too; copies are kept.
        placeholders: a design that is not trained is emitted with placeholder weights, to a folder
            of its own; else it is trained.
    """
    told, target = _progress(progress), load_board(board)
    workspace = open_workspace(str(design), Path(root), may_train=train).with_conv(conv)
    if placeholders:
        workspace = with_shapes_at_least(workspace, told)
    _, plan = _hls_stage(workspace, target, told, overwrite=overwrite)
    return HlsProject(workspace.project(target), plan.digest, tuple(sorted(plan.files)))


def hls_graph(
    graph: PathLike,
    board: str,
    output: PathLike,
    *,
    conv: ConvEmitter = "fcn_hw",
    overwrite: bool = False,
    progress: Progress | bool = False,
) -> HlsProject:
    """Emits the HLS project of a graph folder to ``output``.

    Args:
        overwrite: files that were edited by hand too; copies are kept.
    """
    _, plan = _hls_stage(
        _graph(graph, output, conv), load_board(board), _progress(progress), overwrite=overwrite
    )
    return HlsProject(Path(output), plan.digest, tuple(sorted(plan.files)))


def csim_design(
    design: PathLike,
    board: str,
    root: PathLike = ".",
    *,
    images: int | None = None,
    conv: ConvEmitter | None = None,
    sign_off: bool = False,
    train: bool = True,
    progress: Progress | bool = False,
) -> CsimResult:
    """C simulation of a design: QKeras, oracle and C++, every layer, code for code.

    Args:
        images: the first ones only; None takes all that the design asks for.
        sign_off: compile with the official ap_types: exact as well, but slow.

    Returns:
        also for a run that found mismatches: look at ``exact``.
    """
    workspace = open_workspace(str(design), Path(root), may_train=train).with_conv(conv)
    return csim_stage(
        workspace, load_board(board), _progress(progress), images=images, sign_off=sign_off
    )


def csim_bounded(
    design: PathLike,
    board: str,
    root: PathLike = ".",
    *,
    images: int | None = None,
    depths: Mapping[str, int] | None = None,
    conv: ConvEmitter | None = None,
    train: bool = True,
    progress: Progress | bool = False,
) -> BoundedResult:
    """The emitted processes side by side, on FIFOs of their real depths.

    Args:
        depths: pixels of the FIFOs that shall not have the emitted depth.
        conv: whose convolutions; None takes the design's.

    Raises:
        Deadlock: with these depths, processes wait for one another.
    """
    workspace = open_workspace(str(design), Path(root), may_train=train).with_conv(conv)
    return bounded_stage(
        workspace, load_board(board), _progress(progress), images=images, depths=depths
    )


def csim_graph(
    graph: PathLike,
    board: str,
    output: PathLike,
    *,
    images: int | None = None,
    data: PathLike | None = None,
    conv: ConvEmitter = "fcn_hw",
    sign_off: bool = False,
    progress: Progress | bool = False,
) -> CsimResult:
    """C simulation of a graph folder against the oracle; the project goes to ``output``.

    Args:
        data: a folder of images, a list, an image or a ``.npy`` of codes; of several inputs, a
            folder that holds one of these for each, by its name; None takes random codes.
        sign_off: compile with the official ap_types: exact as well, but slow.

    Returns:
        also for a run that found mismatches: look at ``exact``; its scores are None.
    """
    return csim_stage(
        _graph(graph, output, conv, data), load_board(board), _progress(progress), images=images,
        sign_off=sign_off,
    )  # fmt: skip


def csim_bounded_graph(
    graph: PathLike,
    board: str,
    output: PathLike,
    *,
    images: int | None = None,
    data: PathLike | None = None,
    depths: Mapping[str, int] | None = None,
    progress: Progress | bool = False,
) -> BoundedResult:
    """As :func:`csim_bounded`, of a graph folder; frames as :func:`csim_graph` has them."""
    return bounded_stage(
        _graph(graph, output, data=data), load_board(board), _progress(progress), images=images,
        depths=depths,
    )  # fmt: skip


def predict_design(
    design: PathLike,
    images: PathLike,
    output: PathLike,
    root: PathLike = ".",
    *,
    csim: str | None = None,
    train: bool = True,
    progress: Progress | bool = False,
) -> Predictions:
    """Class pictures of images without masks; see :func:`fcn_hw.flow.predict.predict_stage`.

    Args:
        images: a folder, a list, an image or an animation.
        output: folder of the pictures.
        csim: a board: by its emitted C++, every code of which is compared with the oracle.

    Returns:
        also for a run that found mismatches: look at ``mismatches``.
    """
    return predict_stage(
        open_workspace(str(design), Path(root), may_train=train), _progress(progress),
        images=Path(images), output=Path(output), board=None if csim is None else load_board(csim),
    )  # fmt: skip


def predict_graph(
    graph: PathLike,
    images: PathLike,
    output: PathLike,
    *,
    csim: str | None = None,
    project: PathLike | None = None,
    progress: Progress | bool = False,
) -> Predictions:
    """As :func:`predict_design`, of a graph folder.

    Args:
        images: of several inputs, a folder that holds for each, by its name, what
            :func:`predict_design` takes.
        project: folder of the HLS project, which ``csim`` needs.
    """
    if csim is not None and project is None:
        raise ConfigError("csim of a graph needs the folder of its HLS project")
    return predict_stage(
        _graph(graph, output if project is None else project), _progress(progress),
        images=Path(images), output=Path(output), board=None if csim is None else load_board(csim),
    )  # fmt: skip


def lint_project(folder: PathLike) -> Report:
    """Checks an emitted HLS project against the documented rules of Vitis HLS."""
    return lint_folder(Path(folder))


def lint_design(
    design: PathLike,
    board: str,
    root: PathLike = ".",
    *,
    train: bool = True,
    progress: Progress | bool = False,
) -> Report:
    """As :func:`lint_project`, of the project of a design, which is emitted first."""
    told, target = _progress(progress), load_board(board)
    workspace = open_workspace(str(design), Path(root), may_train=train)
    _, emission = emit_stage(workspace, target, told)
    return lint_stage(workspace.project(target), emission.plan, told)


def csynth_design(
    design: PathLike,
    board: str,
    root: PathLike = ".",
    *,
    compiler: HlsCompiler | None = None,
    process: str | None = None,
    gates: bool = False,
    hours: float | None = None,
    train: bool = True,
    progress: Progress | bool = False,
) -> HardwareRun | RtlSynthesis:
    """C synthesis by the vendor's tool or by fcn_hw's own compiler.

    Args:
        compiler: None takes the design's ``hls.Compiler``.
        process: one process alone, by fcn_hw's compiler.
        gates: also LUT, FF, DSP and block RAM by yosys, by fcn_hw's compiler.
        hours: time-out of each tool of the vendor; None takes each stage's own.

    Returns:
        of the vendor's tool a run whose ``check()`` raises where it got worse than allowed; of
        fcn_hw's compiler what each process became.
    """
    workspace, target = open_workspace(str(design), Path(root), may_train=train), load_board(board)
    return csynth_by(
        workspace,
        target,
        _progress(progress),
        compiler=compiler,
        process=process,
        gates=gates,
        hours=hours,
    )


def cosim_design(
    design: PathLike,
    board: str,
    root: PathLike = ".",
    *,
    compiler: HlsCompiler | None = None,
    images: int | None = None,
    hours: float | None = None,
    train: bool = True,
    progress: Progress | bool = False,
) -> HardwareRun | RtlCosim:
    """C synthesis, then the RTL simulated and compared code for code.

    Args:
        compiler: None takes the design's ``hls.Compiler``.
    """
    workspace, target = open_workspace(str(design), Path(root), may_train=train), load_board(board)
    return cosim_by(
        workspace, target, _progress(progress), compiler=compiler, images=images, hours=hours
    )


def csynth_graph(
    graph: PathLike,
    board: str,
    output: PathLike,
    *,
    compiler: HlsCompiler | None = None,
    process: str | None = None,
    gates: bool = False,
    hours: float | None = None,
    progress: Progress | bool = False,
) -> HardwareRun | RtlSynthesis:
    """As :func:`csynth_design`, of a graph folder; the project goes to ``output``."""
    return csynth_by(
        _graph(graph, output), load_board(board), _progress(progress), compiler=compiler,
        process=process, gates=gates, hours=hours,
    )  # fmt: skip


def cosim_graph(
    graph: PathLike,
    board: str,
    output: PathLike,
    *,
    compiler: HlsCompiler | None = None,
    images: int | None = None,
    data: PathLike | None = None,
    hours: float | None = None,
    progress: Progress | bool = False,
) -> HardwareRun | RtlCosim:
    """As :func:`cosim_design`, of a graph folder; frames as :func:`csim_graph` has them.

    Args:
        images: frames; None takes two.
    """
    return cosim_by(
        _graph(graph, output, data=data), load_board(board), _progress(progress),
        compiler=compiler, images=images, hours=hours,
    )  # fmt: skip


def bitstream_design(
    design: PathLike,
    board: str,
    root: PathLike = ".",
    *,
    compiler: HlsCompiler | None = None,
    hours: float | None = None,
    train: bool = True,
    progress: Progress | bool = False,
) -> HardwareRun | Ecp5Bitstream:
    """From the emitted C++ to a bitstream.

    By Vitis HLS or fcn_hw's own compiler, then Vivado: C synthesis, IP, block design placed and
    routed. On a board with an ECP5 by fcn_hw's own compiler, yosys, nextpnr-ecp5 and ecppack;
    whether the clock is reached says the result's ``check()``.

    Args:
        compiler: None takes the design's ``hls.Compiler``.
        hours: time-out of each tool; None takes each stage's own.
    """
    workspace = open_workspace(str(design), Path(root), may_train=train)
    return bitstream_by(
        workspace, load_board(board), _progress(progress), compiler=compiler, hours=hours
    )


def bitstream_graph(
    graph: PathLike,
    board: str,
    output: PathLike,
    *,
    compiler: HlsCompiler | None = None,
    hours: float | None = None,
    progress: Progress | bool = False,
) -> HardwareRun | Ecp5Bitstream:
    """As :func:`bitstream_design`, of a graph folder; the project goes to ``output``."""
    return bitstream_by(
        _graph(graph, output), load_board(board), _progress(progress), compiler=compiler,
        hours=hours,
    )  # fmt: skip


def handoff_design(
    design: PathLike,
    board: str,
    root: PathLike = ".",
    *,
    output: PathLike | None = None,
    images: int | None = None,
    train: bool = True,
    progress: Progress | bool = False,
) -> Handoff:
    """Packs a proved design for the engineer who builds the bitstream.

    Args:
        output: folder of the bundle; None takes ``root/handoff``.
        images: golden frames; None takes 3.
    """
    workspace, target = open_workspace(str(design), Path(root), may_train=train), load_board(board)
    folder = Path(root) / FOLDER if output is None else Path(output)
    return handoff_stage(workspace, target, _progress(progress), output=folder, images=images)


def handoff_graph(
    graph: PathLike,
    board: str,
    project: PathLike,
    *,
    output: PathLike = FOLDER,
    images: int | None = None,
    data: PathLike | None = None,
    progress: Progress | bool = False,
) -> Handoff:
    """As :func:`handoff_design`, of a graph folder; frames as :func:`csim_graph` has them.

    Args:
        project: folder of the HLS project.
        output: folder of the bundle.
    """
    return handoff_stage(
        _graph(graph, project, data=data), load_board(board), _progress(progress),
        output=Path(output), images=images,
    )  # fmt: skip


def verify_bundle(bundle: PathLike) -> Verified:
    """Checks a bundle: its bytes, its manifest, and what its C++ computes. Runs that C++."""
    return _verify_bundle(Path(bundle))


def report_design(
    design: PathLike, board: str, root: PathLike = ".", *, conv: ConvEmitter | None = None
) -> tuple[DesignReport, Path]:
    """Writes one HTML file of what the stages have left; returns what it shows, and its path.

    Args:
        conv: whose convolutions; None takes the design's.
    """
    workspace = open_workspace(str(design), Path(root)).with_conv(conv)
    return _report_stage(workspace, load_board(board))


def report_graph(graph: PathLike, board: str, output: PathLike) -> tuple[DesignReport, Path]:
    """As :func:`report_design`, of a graph folder and its project in ``output``."""
    return _report_stage(_graph(graph, output), load_board(board))


def regression_design(design: PathLike, board: str, root: PathLike = ".") -> RegressionRun:
    """How the last run of csynth, cosim or bitstream compares with the one before.

    Returns:
        also for a run that is worse than the design allows: ``check()`` raises then.

    Raises:
        ReportError: there was no run.
    """
    folder = open_workspace(str(design), Path(root)).report(load_board(board))
    return RegressionRun(folder, last_rows(folder))


def accept_design(design: PathLike, board: str, root: PathLike = ".") -> int:
    """From now on compares with the last run, worse or not; returns the number of quantities.

    Raises:
        ReportError: there was no run.
    """
    return len(accept_stage(open_workspace(str(design), Path(root)), load_board(board)))


def clean_design(
    design: PathLike | None = None,
    root: PathLike = ".",
    *,
    models: bool = False,
    every: bool = False,
    dry_run: bool = False,
) -> tuple[Generated, ...]:
    """Removes what the stages made of a design; what they did not make stays.

    Args:
        models: trained models and searches too.
        every: all designs below ``root``, in place of one.
        dry_run: remove nothing.

    Returns:
        by folder, what was removed and what stays.
    """
    name = None if design is None else str(design)
    found = find_generated(Path(root), name, models=models, every=every)
    for item in () if dry_run else found:
        remove(item)
    return found


def fifo_design(
    design: PathLike, board: str, root: PathLike = ".", *, progress: Progress | bool = False
) -> FifoResult:
    """Sizes the FIFOs of a design and writes their reports."""
    told, target = _progress(progress), load_board(board)
    workspace = with_shapes_at_least(open_workspace(str(design), Path(root)), told)
    return _fifo_stage(workspace, target, told)


def fifo_graph(
    graph: PathLike, board: str, output: PathLike, *, progress: Progress | bool = False
) -> FifoResult:
    """As :func:`fifo_design`, of a graph folder; the reports go to ``output/report``."""
    return _fifo_stage(_graph(graph, output), load_board(board), _progress(progress))


def explain_fifo(sized: FifoResult, name: str) -> Explanation:
    """Why a FIFO of :func:`fifo_design` has its depth.

    Args:
        name: of the FIFO, or of the op whose skip it is.

    Raises:
        ConfigError: there is no such FIFO.
    """
    return explain(sized.structure.fifos, name)


def estimate_design(
    design: PathLike, board: str, root: PathLike = ".", *, progress: Progress | bool = False
) -> EstimateRun:
    """Resources, cycles and energy of a design; ``check()`` raises where it does not fit."""
    workspace = open_workspace(str(design), Path(root))
    return _estimate_design(workspace, load_board(board), _progress(progress))


def estimate_graph(
    graph: PathLike,
    board: str,
    root: PathLike = ".",
    *,
    design: PathLike | None = None,
    output: PathLike | None = None,
    progress: Progress | bool = False,
) -> EstimateRun:
    """As :func:`estimate_design`, of a graph folder.

    Args:
        design: whose section hls says the folds; None chooses them for the board.
        output: folder of its HLS project, whose report gets the files; None: folds and FIFOs are
            kept in the user's cache, nothing else is written.
    """
    if output is not None:
        if design is not None:
            raise ConfigError("an estimate with the folds of a design goes to no project")
        return _estimate_stage(_graph(graph, output), load_board(board), _progress(progress))
    workspace = None if design is None else open_workspace(str(design), Path(root))
    return _estimate_folder(Path(graph), workspace, load_board(board), _progress(progress))


def sparsity_design(
    design: PathLike,
    root: PathLike = ".",
    *,
    board: str | None = None,
    score: bool = False,
    prune: Sequence[float] = (),
    epochs: int | None = None,
    scope: PruningScope | None = None,
    block: Sequence[PruningBlock] = (),
    train: bool = True,
    progress: Progress | bool = False,
) -> SparsityRun:
    """Zeros of a trained design, by step and by pruning, and what they save on a board.

    Args:
        board: at whose folds the zeros are valued; None leaves that out.
        score: score the network on every grid.
        prune: parts of zeros to prune to, with and without retraining.
        epochs: of each retraining; None takes the design's.
        scope: a part of zeros of each layer, or of all; None takes the design's.
        block: ``weight``, ``fold`` or both: single weights become zero, or those of a step of the
            hardware together; none takes the design's.
    """
    target = None if board is None else load_board(board)
    return _sparsity_stage(
        open_workspace(str(design), Path(root), may_train=train),
        _progress(progress),
        board=target,
        scored=score,
        levels=prune,
        epochs=epochs,
        scope=scope,
        blocks=block,
    )


def search_design(
    design: PathLike,
    root: PathLike = ".",
    options: SearchOptions | None = None,
    *,
    progress: Progress | bool = False,
) -> SearchResult:
    """Searches the bits of each layer; goes on where an earlier search of the study stopped.

    It starts processes, which import the caller's main module: guard that by
    ``if __name__ == "__main__":``.

    Args:
        options: ``fcn_hw.SearchOptions(trials=40)``, for instance; None takes the defaults.
    """
    return _search(str(design), Path(root), options or SearchOptions(), _progress(progress))


def _graph(
    graph: PathLike, output: PathLike, conv: ConvEmitter = "fcn_hw", data: PathLike | None = None
) -> GraphWorkspace:
    """A graph folder and the folder of its HLS project, for the stages of a board."""
    return GraphWorkspace(Path(graph), Path(output), conv, None if data is None else Path(data))


def _progress(wanted: Progress | bool) -> Progress:
    """On standard error unless it is given: standard output is the caller's."""
    if isinstance(wanted, Progress):
        return wanted
    return Progress(Terminal(file=sys.stderr, soft_wrap=True), quiet=not wanted)
