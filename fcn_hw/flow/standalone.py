"""Models without a design: a model file becomes a graph folder, compared with QKeras."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.markup import escape

from fcn_hw.errors import ConfigError
from fcn_hw.fixed import parse_format
from fcn_hw.flow.agreement import Agreement, compare_model, describe
from fcn_hw.flow.frames import Frames, load_inputs
from fcn_hw.flow.progress import Progress
from fcn_hw.frontend.ports import Formats
from fcn_hw.frontend.proofs import forget_proofs, save_proofs
from fcn_hw.frontend.source import export_file
from fcn_hw.ir import Graph
from fcn_hw.ir.outputs import OutputKind
from fcn_hw.ir.serialize import save
from fcn_hw.locks import locked
from fcn_hw.names import graph_name
from fcn_hw.ops import Tensor
from fcn_hw.passes.pipeline import run_passes
from fcn_hw.results import write_result
from fcn_hw.scaling import Number, Scaling, scaling_of, step_scaling

AGREEMENT = "agreement.json"


def export_model(
    model: Path,
    input_format: str | Mapping[str, str],
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
        input_format: of the codes that come in, for instance ``ufixed<8,0>``; or of each input, by
            the name of its layer.
        input_scale, input_offset: the model was trained on ``code * scale + offset``; decimals or
            fractions (``"1/255"``), one or one a channel. None: on ``code * step``, step being that
            of the format.
        output_kind: of each output: classes of the pixels, scores, or both; None: classes behind a
            softmax and behind a sigmoid of one channel, else scores.
        check: frames on which graph and model are compared, as
            :func:`fcn_hw.flow.frames.load_inputs` reads them.
        images: at most so many of them.

    Returns:
        the graph, named after the file, and how far it equals the model; that is in
        ``agreement.json`` as well.

    Raises:
        ConfigError: no model file, or one that can't be read; a scale that is no number.
        DataError: no frames.
        FormatError: an ``input_format`` is none.
        UnsupportedLayer: with every layer that can't be expressed exactly.
    """
    fmt: Formats
    if isinstance(input_format, str):
        fmt = common = parse_format(input_format)
        scaling = scaling_of(common, input_scale, input_offset)
    else:
        fmt = {name: parse_format(text) for name, text in input_format.items()}
        if input_scale is not None or input_offset is not None:
            raise ConfigError(
                "a scale or an offset of the input needs one format for all inputs",
                hint="give the scale by the format: ufixed<8,0> is code / 256",
            )
        scaling = None
    with locked(folder, "fcn-hw export"):
        return _export_model(model, fmt, scaling, output_kind, folder, progress, check, images)


def _export_model(
    model: Path,
    fmt: Formats,
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
    frames = {} if check is None else load_inputs(check, graph, images)
    for name, item in frames.items():
        progress.say(escape(fed(item, graph.tensor(name), scaling)))
    forget_proofs(folder)
    save(graph, folder)
    save_proofs(exported.proofs, folder)
    if not frames:
        agreement = describe(graph, exported.proofs)
    else:
        codes = {name: item.codes for name, item in frames.items()}
        agreement = compare_model(
            graph, exported.layer_values, exported.proofs, codes, progress, scaling
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
