"""Models without a design: a model file becomes a graph folder, compared with the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from rich.markup import escape

from fcn_hw.design import INPUT_FORMAT, Design
from fcn_hw.errors import ConfigError
from fcn_hw.fixed import parse_format
from fcn_hw.flow.agreement import Agreement, compare_model, describe
from fcn_hw.flow.frames import Frames, load_frames, load_inputs
from fcn_hw.flow.labels import (
    UNTOLD,
    ClassNames,
    GraphLabels,
    channels_of,
    graph_labels,
    labels_told,
    store_labels,
)
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
QUANTIZED = "quantized.h5"
CALIBRATED_BITS = 8


def export_model(
    model: Path,
    input_format: str | Mapping[str, str],
    folder: Path,
    progress: Progress,
    *,
    input_scale: Number | Sequence[Number] | None = None,
    input_offset: Number | Sequence[Number] | None = None,
    output_kind: OutputKind | None = None,
    classes: ClassNames | None = None,
    fit: str | None = None,
    channel_order: str | None = None,
    check: Path | None = None,
    images: int | None = None,
    calibrate: Path | None = None,
    bits: int = CALIBRATED_BITS,
) -> tuple[Graph, Agreement]:
    """Exports a QKeras model or a QONNX file to ``graph.json``, ``weights.npz`` and ``graph.txt``.

    With ``calibrate``, a float Keras model: quantized as it is, nothing is trained.

    Args:
        input_format: of the codes that come in, for instance ``ufixed<8,0>``; or of each input, by
            the name of its layer.
        input_scale, input_offset: the model was trained on ``code * scale + offset``; decimals or
            fractions (``"1/255"``), one or one a channel. None: on ``code * step``, step being that
            of the format.
        output_kind: of each output: classes of the pixels, scores, or both; None: classes behind a
            softmax and behind a sigmoid of one channel, else scores.
        classes: names of the classes, for pictures and drivers; None: their numbers.
        fit: how an image of another size becomes a frame, ``resize`` (None), ``crop`` or ``pad``.
        channel_order: ``rgb`` (None), or ``bgr`` of a model that was given blue first: images are
            turned for it, of a float model its weights.
        check: frames on which graph and model are compared, as
            :func:`fcn_hw.flow.frames.load_inputs` reads them.
        images: at most so many of them.
        calibrate: images without labels, on which the formats of a float model are chosen, as
            ``check``; its quantized model is written to ``quantized.h5``.
        bits: of the weights and activations of a float model.

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
    name = graph_name(model.stem)
    told = labels_told(fit, channel_order)
    with locked(folder, "fcn-hw export"):
        if calibrate is not None:
            if fmt != INPUT_FORMAT:
                raise ConfigError(
                    f"--input-format {fmt}: a float model is quantized for bytes, {INPUT_FORMAT}",
                    hint="--input-scale and --input-offset say what it was given for a byte",
                )
            model, gives_classes = _calibrated(
                model, scaling, calibrate, told, bits, folder, progress
            )
            told = replace(told, channel_order="rgb")  # the other one is in the weights
            scaling = None  # it is in the weights
            output_kind = output_kind or ("classes" if gives_classes else "scores")
        return _export_model(
            model, name, fmt, scaling, output_kind, classes or {}, told, folder, progress, check,
            images,
        )  # fmt: skip


def _calibrated(
    path: Path, scaling: Scaling | None, images: Path, told: GraphLabels, bits: int,
    folder: Path, progress: Progress,
) -> tuple[Path, bool]:  # fmt: skip
    """The quantized model of a float one, and whether it gives classes."""
    from fcn_hw.train.float_model import read_float_model
    from fcn_hw.train.placeholder import save_calibrated

    model = read_float_model(path, scaling=scaling, bgr=told.channel_order == "bgr")
    for note in model.notes:
        progress.say(escape(note))
    shape = model.topology[0].shape
    size = {"height": shape.height, "width": shape.width, "channels": shape.channels}
    image = (shape.height, shape.width, shape.channels)
    tensor = Tensor(model.topology[0].name, image, INPUT_FORMAT)
    frames = load_frames(images, tensor, labels=replace(told, channel_order="rgb"))
    design = Design.model_validate(
        {
            "name": "float_model",
            "dataset": {
                "kind": "list", "train_list": "-", "val_list": "-", "classes": ["a", "b"], **size,
            },
            "network": {"kind": "keras", "model": str(path)},
            "precision": {"default": {"weight": bits, "activation": bits}},
        }
    )  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    save_calibrated(design, model.topology, model.weights, frames.codes, folder / QUANTIZED)
    progress.say(f"{bits} bits, formats chosen on {len(frames.codes)} images; nothing is trained")
    return folder / QUANTIZED, model.gives_classes


def _export_model(
    model: Path,
    name: str,
    fmt: Formats,
    scaling: Scaling | None,
    output_kind: OutputKind | None,
    classes: ClassNames,
    told: GraphLabels,
    folder: Path,
    progress: Progress,
    check: Path | None,
    images: int | None,
) -> tuple[Graph, Agreement]:
    exported = export_file(model, fmt, name=name, scaling=scaling, output_kind=output_kind)
    for note in exported.notes:
        progress.say(escape(note))
    graph = run_passes(exported.graph)
    labels = graph_labels(graph, classes, told)
    frames = {} if check is None else load_inputs(check, graph, images, labels)
    for tensor, item in frames.items():
        channels = channels_of(graph.tensor(tensor), labels)
        progress.say(escape(fed(item, graph.tensor(tensor), scaling, channels)))
    forget_proofs(folder)
    save(graph, folder)
    store_labels(folder, labels if classes or told != UNTOLD else None)
    save_proofs(exported.proofs, folder)
    if not frames:
        agreement = describe(graph, exported.proofs)
    else:
        codes = {tensor: item.codes for tensor, item in frames.items()}
        agreement = compare_model(
            graph, exported.layer_values, exported.proofs, codes, progress, scaling
        )
    write_result(folder / AGREEMENT, agreement)
    return graph, agreement


def fed(frames: Frames, tensor: Tensor, scaling: Scaling | None, channels: str) -> str:
    """What a model is given on some frames, in a sentence."""
    orders = {"RGB": "in the order red, green, blue", "BGR": "in the order blue, green, red"}
    size = f"{tensor.height}x{tensor.width}x{tensor.channels}"
    resized = f", {frames.resized} of them resized" if frames.resized else ""
    what = (
        f"images, {orders.get(channels, channels)}"
        if frames.decoded
        else "frames of codes, channels as they are"
    )
    value = scaling or step_scaling(tensor.format)
    return f"fed to the model: {len(frames.codes)} {what}{resized}, {size}; each value is {value}"
