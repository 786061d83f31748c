"""Models and graphs without a design: export a model file, emit and simulate a graph folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from rich.markup import escape

from fcn_hw.backend.hls4ml_conv import emitted_graph
from fcn_hw.backend.project import plan_project
from fcn_hw.backend.structure import choose_structure
from fcn_hw.boards import Board
from fcn_hw.design import ConvEmitter, Hls
from fcn_hw.errors import ConfigError
from fcn_hw.fixed import Codes, FixedFormat, parse_format
from fcn_hw.flow.agreement import Agreement, compare_model, describe
from fcn_hw.flow.build import build_program, program_of
from fcn_hw.flow.csim_report import CsimResult
from fcn_hw.flow.emission import as_it_stands, emit
from fcn_hw.flow.frames import Frames, load_frames
from fcn_hw.flow.hls4ml_conv import say_own_convolutions
from fcn_hw.flow.lint import lint_stage
from fcn_hw.flow.progress import Progress
from fcn_hw.flow.simulation import CSIM, CsimRun, simulate_project
from fcn_hw.frontend.proofs import forget_proofs, save_proofs
from fcn_hw.frontend.source import export_file
from fcn_hw.ir import Graph
from fcn_hw.ir.outputs import OutputKind
from fcn_hw.ir.serialize import load, save
from fcn_hw.locks import locked
from fcn_hw.names import graph_name
from fcn_hw.ops import Tensor
from fcn_hw.passes.pipeline import run_passes
from fcn_hw.plan import Plan
from fcn_hw.results import write_result
from fcn_hw.scaling import Number, Scaling, scaling_of, step_scaling


def settings(conv: ConvEmitter) -> Hls:
    """Without a design, the folds are the fastest that fit the board."""
    return Hls(ReuseFactor="auto", Conv=conv)


REPORT = "report/csim.json"
AGREEMENT = "agreement.json"
RANDOM_SEED = 1
RANDOM_FRAMES = 8
RANDOM_DATA = "random codes"


def export_model(
    model: Path,
    input_format: str,
    folder: Path,
    progress: Progress,
    *,
    input_scale: Number | Sequence[Number] | None = None,
    input_offset: Number | Sequence[Number] | None = None,
    output_kind: OutputKind | None = None,
    check: Path | None = None,
    images: int | None = None,
) -> tuple[Graph, Agreement]:
    """Exports a QKeras model or a QONNX file to ``graph.json``, ``weights.npz`` and ``graph.txt``.

    Args:
        input_format: of the codes that come in, for instance ``ufixed<8,0>``.
        input_scale, input_offset: the model was trained on ``code * scale + offset``; decimals or
            fractions (``"1/255"``), one or one a channel. None: on ``code * step``, step being that
            of the format.
        output_kind: of each output: classes of the pixels, scores, or both; None: classes behind a
            softmax and behind a sigmoid of one channel, else scores.
        check: frames on which graph and model are compared, as ``flow/frames.py`` reads them.
        images: at most so many of them.

    Returns:
        the graph, named after the file, and how far it equals the model; that is in
        ``agreement.json`` as well.

    Raises:
        ConfigError: no model file, or one that can't be read; a scale that is no number.
        DataError: no frames.
        FormatError: ``input_format`` is none.
        UnsupportedLayer: with every layer that can't be expressed exactly.
    """
    fmt = parse_format(input_format)
    scaling = scaling_of(fmt, input_scale, input_offset)
    with locked(folder, "fcn-hw export"):
        return _export_model(model, fmt, scaling, output_kind, folder, progress, check, images)


def _export_model(
    model: Path,
    fmt: FixedFormat,
    scaling: Scaling | None,
    output_kind: OutputKind | None,
    folder: Path,
    progress: Progress,
    check: Path | None,
    images: int | None,
) -> tuple[Graph, Agreement]:
    exported = export_file(
        model, fmt, name=graph_name(model.stem), scaling=scaling, output_kind=output_kind
    )
    for note in exported.notes:
        progress.say(escape(note))
    graph = run_passes(exported.graph)
    frames = None if check is None else load_frames(check, _only_input(graph), images)
    if frames is not None:
        progress.say(escape(fed(frames, graph.inputs[0].output, scaling)))
    forget_proofs(folder)
    save(graph, folder)
    save_proofs(exported.proofs, folder)
    if frames is None:
        agreement = describe(graph, exported.proofs)
    else:
        agreement = compare_model(
            graph, exported.layer_values, exported.proofs, frames.codes, progress, scaling
        )
    write_result(folder / AGREEMENT, agreement)
    return graph, agreement


def fed(frames: Frames, tensor: Tensor, scaling: Scaling | None) -> str:
    """What a model is given on some frames, in a sentence."""
    size = f"{tensor.height}x{tensor.width}x{tensor.channels}"
    resized = f", {frames.resized} of them resized" if frames.resized else ""
    order = "grey" if tensor.channels == 1 else "in the order red, green, blue"
    what = f"images, {order}" if frames.decoded else "frames of codes, channels as they are"
    value = scaling or step_scaling(tensor.format)
    return f"fed to the model: {len(frames.codes)} {what}{resized}, {size}; each value is {value}"


def _only_input(graph: Graph) -> Tensor:
    if len(graph.inputs) != 1:
        raise ConfigError(
            f"graph '{graph.name}' has {len(graph.inputs)} inputs; frames are for one"
        )
    return graph.inputs[0].output


def emit_graph(
    folder: Path,
    board: Board,
    output: Path,
    progress: Progress,
    conv: ConvEmitter = "fcn_hw",
    *,
    overwrite: bool = False,
) -> tuple[Graph, Plan]:
    """Writes the HLS project of a graph folder, folds and FIFO depths chosen for the board.

    It is checked against the rules of Vitis HLS.

    Args:
        conv: whose convolutions; around hls4ml's, FIFOs are as deep as is always safe.
        overwrite: files that were edited by hand too; copies are kept.

    Returns:
        the graph as it is emitted, and the project.

    Raises:
        ConfigError, GraphError: the folder holds no valid graph; files were edited by hand.
        DoesNotFit: no folds fit the board.
        LintFailed: what was written breaks a rule of Vitis HLS.
        UnsupportedLayer: hls4ml can't compute a convolution exactly.
    """
    graph, plan = _planned(load(folder), board, progress, conv)
    emit_plan(plan, output, progress, overwrite=overwrite)
    return emitted_graph(graph, conv), plan


def emit_plan(plan: Plan, output: Path, progress: Progress, *, overwrite: bool = False) -> None:
    """Writes the project of a graph and checks it; the errors are those of :func:`emit_graph`."""
    with locked(output, "fcn-hw hls"):
        emit(plan, output, plan.digest, progress, overwrite=overwrite)
    lint_stage(output, plan, progress).check()


def _planned(
    graph: Graph, board: Board, progress: Progress, conv: ConvEmitter
) -> tuple[Graph, Plan]:
    hls, layout = settings(conv), None
    if conv == "fcn_hw":
        progress.say("[cyan]fifo[/]    folds, FIFO depths")
        layout = choose_structure(graph, board, hls).layout
    say_own_convolutions(graph, hls, progress)
    return graph, plan_project(graph, board, hls, layout)


def csim_graph(
    folder: Path,
    board: Board,
    output: Path,
    progress: Progress,
    *,
    images: int | None = None,
    data: Path | None = None,
    conv: ConvEmitter = "fcn_hw",
    sign_off: bool = False,
) -> CsimResult:
    """Emits, compiles and runs a graph; compares every tensor with the oracle.

    Sources that were edited by hand are simulated as they are.

    Args:
        images: frames; None takes all of ``data``, or :data:`RANDOM_FRAMES`.
        data: frames as ``flow/frames.py`` reads them; None takes random codes.
        sign_off: with the official ap_types, not with frames side by side.

    The result is in ``<output>/report/csim.json`` as well.
    """
    with locked(output, "fcn-hw csim"):
        return _csim_graph(folder, board, output, progress, images, data, conv, sign_off)


def _csim_graph(
    folder: Path,
    board: Board,
    output: Path,
    progress: Progress,
    images: int | None,
    data: Path | None,
    conv: ConvEmitter,
    sign_off: bool,
) -> CsimResult:
    graph, plan = _planned(load(folder), board, progress, conv)
    emission = as_it_stands(plan, output, plan.digest, progress)
    graph = emitted_graph(graph, conv)
    lint_stage(output, emission.plan, progress).check()
    tensor = _only_input(graph)
    codes: npt.NDArray[np.integer]
    if data is None:
        codes, what = random_codes(graph, images or RANDOM_FRAMES)[tensor.name], RANDOM_DATA
    else:
        codes, what = load_frames(data, tensor, images).codes, data.name
    program, build = program_of(graph, conv, sign_off)
    compile_s = build_program(build, output, progress)
    planned = CsimRun(CSIM, program, len(codes), 0, emission.edited)
    result, _ = simulate_project(
        graph, output, codes, planned, compile_s, progress, conv=conv, data=what
    )
    write_result(output / REPORT, result)
    return result


def random_codes(graph: Graph, images: int) -> dict[str, Codes]:
    """Frames of each input over the whole range of its format; the first two hold its ends."""
    found = {}
    for number, op in enumerate(graph.inputs):
        fmt = op.output.format
        codes = np.random.default_rng(RANDOM_SEED + number).integers(
            fmt.min_code, fmt.max_code, (images, *op.output.shape), dtype=np.int64, endpoint=True
        )
        codes[0] = fmt.max_code
        if images > 1:
            codes[1] = fmt.min_code
        found[op.name] = codes
    return found
