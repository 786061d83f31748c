"""QKeras model -> graph. What can't be expressed exactly is refused, all problems at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import Any

from fcn_hw.errors import FormatError, UnsupportedLayer, nearest
from fcn_hw.fixed import FixedFormat
from fcn_hw.frontend.arranged import Arranged
from fcn_hw.frontend.layers import LAYERS, REFUSED
from fcn_hw.frontend.ports import (
    Export,
    Formats,
    image_input,
    input_formats,
    model_outputs,
    name_notes,
    softmax_problems,
)
from fcn_hw.frontend.probe import layer_values
from fcn_hw.frontend.resolve import Context, scaling_of_value
from fcn_hw.frontend.values import Value
from fcn_hw.frontend.walk import Call, Program, walk
from fcn_hw.frontend.words import QKERAS
from fcn_hw.ir import Graph
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ir.outputs import OutputKind
from fcn_hw.names import Names
from fcn_hw.scaling import Scaling, step_scaling


def export(
    model: Any,
    input_format: Formats,
    *,
    name: str = "fcn",
    scaling: Scaling | None = None,
    output_kind: OutputKind | None = None,
) -> Export:
    """The graph of a model.

    Args:
        model: a functional or sequential (Q)Keras model with static input shapes.
        input_format: format of the codes of every input, or of each by its name.
        name: of the graph, a C identifier.
        scaling: what the model is given for a code of an input; None: ``code * step``.
        output_kind: of each output; None: classes behind a softmax and behind a sigmoid of one
            channel, else scores.

    Raises:
        ConfigError: an input has no format, or a format no input.
        UnsupportedLayer: with every layer that is refused, why and what to do.
    """
    program = walk(model)
    names = Names(name)
    context = Context(GraphBuilder(name), names, QKERAS, frozenset(program.ends))
    problems = [*program.problems, *_type_problems(program)]
    inputs = [layer for _, layer, _ in program.inputs]
    formats, scaling = input_formats(inputs, input_format, scaling)
    found: dict[int, Value | Arranged] = {**_inputs(program, context, formats, scaling, problems)}
    for call in program.calls:
        values = [found[number] for number in call.inputs if number in found]
        if call.kind in LAYERS and len(values) < len(call.inputs):
            continue  # behind a tensor that is no image: the layer that gives it is reported
        try:
            found[call.outputs[0]] = _read(context, call, values)
        except UnsupportedLayer as error:
            if not (error.reason.startswith(_TOO_WIDE) and _told(problems, _TOO_WIDE)):
                problems.append(error)
            found |= _placeholders(context, call)
    problems += softmax_problems(context)
    outputs: list[str] = []
    notes: list[str] = []
    if not problems:
        images, problems = _output_images(program, found, notes)
    if not problems:
        outputs, problems = model_outputs(context, images, output_kind, notes)
    if problems:
        raise UnsupportedLayer.together(problems)
    graph = context.builder.finish(*outputs)
    layers = {*(name for _, name, _ in program.inputs), *(call.path for call in program.calls)}
    told = (*_byte_notes(program, graph), *notes, *name_notes(context, layers))
    return Export(
        _with_scaling(graph, program, found),
        context.proofs_of(graph),
        told,
        partial(layer_values, model),
    )


def _read(context: Context, call: Call, values: Sequence[Value | Arranged]) -> Value | Arranged:
    rule = LAYERS.get(call.kind)
    if rule is None:
        raise _refused(call.path, call.kind)
    try:
        if rule.rearranges:
            return rule.read(context, call, values)
        if rule.keeps_pixels and isinstance(values[0], Arranged) and values[0].keeps_pixels:
            image = rule.read(context, call, [values[0].image])
            return Arranged.of(image, values[0].layer).reshaped([int(n or 0) for n in call.shape])
        return rule.read(context, call, [_image(value, call) for value in values])
    except FormatError as error:
        raise UnsupportedLayer(
            call.path,
            f"{_TOO_WIDE} ({error})",
            hint="put a QActivation(quantized_relu(bits, integer)) or quantized_bits behind it and "
            "behind every layer of its kind: without one, every sum keeps all bits of those before",
        ) from error


_TOO_WIDE = "its sums need more bits than there are"


def _image(value: Value | Arranged, call: Call) -> Value:
    """A value that a layer reads, which must be an image."""
    if isinstance(value, Arranged):
        raise value.refused(f"'{call.path}' reads them")
    return value


def _output_images(
    program: Program, found: Mapping[int, Value | Arranged], notes: list[str]
) -> tuple[list[tuple[int, Value]], list[UnsupportedLayer]]:
    """The images that go out, and what is refused of them.

    Args:
        notes: what is said of them is added.
    """
    images: list[tuple[int, Value]] = []
    problems: list[UnsupportedLayer] = []
    for number in program.outputs:
        value = found[number]
        if isinstance(value, Arranged):
            if not value.keeps_order:
                problems.append(value.refused("they go out"))
                continue
            height, width, channels = value.image.shape
            notes.append(
                f"layer '{value.layer}': its values go out as {height}x{width}x{channels}, in the "
                "same order"
            )
            value = value.image
        images.append((number, value))
    return images, problems


def _told(problems: Sequence[UnsupportedLayer], reason: str) -> bool:
    """Whether a reason was given: layers behind that one have it for its sake."""
    return any(problem.reason.startswith(reason) for problem in problems)


def _placeholders(context: Context, call: Call) -> dict[int, Value]:
    """Stand-ins for the output of a refused layer, so that those behind it are looked at too."""
    shape = call.shape
    if len(call.outputs) != 1 or len(shape) != 3 or None in shape:
        return {}
    height, width, channels = (int(n or 0) for n in shape)
    name = context.names.give(f"{call.path}_refused")
    op = context.builder.input(name, (height, width, channels), _PLACEHOLDER, origin="")
    return {call.outputs[0]: context.known(op)}


_PLACEHOLDER = FixedFormat(signed=True, width=4, integer=2)


def _inputs(
    program: Program,
    context: Context,
    formats: Mapping[str, FixedFormat],
    scaling: Scaling | None,
    problems: list[UnsupportedLayer],
) -> dict[int, Value]:
    found: dict[int, Value] = {}
    for number, layer, shape in program.inputs:
        if len(shape) != 3 or None in shape:
            problems.append(
                UnsupportedLayer(
                    layer,
                    f"input shape {(None, *shape)} is not (None, height, width, channels)",
                    hint="build the model with a fixed height, width and channel count",
                )
            )
            continue
        height, width, channels = (int(n or 0) for n in shape)
        try:
            found[number] = image_input(
                context, layer, (height, width, channels), formats[layer], scaling
            )
        except UnsupportedLayer as error:
            problems.append(error)
    return found


def _refused(path: str, kind: str) -> UnsupportedLayer:
    return UnsupportedLayer(
        path,
        f"layer class {kind} is not supported",
        hint=REFUSED.get(kind, f"near: {nearest(kind, LAYERS)}"),
    )


def _type_problems(program: Program) -> list[UnsupportedLayer]:
    """Proofs evaluate layers in float32, so a model must compute in it as well."""
    return [
        UnsupportedLayer(
            call.path,
            f"it computes in {call.layer.compute_dtype}, not in float32",
            hint="leave dtype and mixed precision out: quantizers make the values short",
        )
        for call in program.calls
        if call.layer.compute_dtype != "float32"
    ]


_SCALES = ("Rescaling", "Normalization")


def _with_scaling(graph: Graph, program: Program, found: Mapping[int, Value | Arranged]) -> Graph:
    """The graph whose inputs tell what a layer that only scales makes of their codes."""
    changed = {}
    for (number, _, _), op in zip(program.inputs, graph.inputs, strict=True):
        readers = [call for call in program.calls if number in call.inputs]
        if len(readers) == 1 and readers[0].kind in _SCALES:
            scaled = found[readers[0].outputs[0]]
            assert not isinstance(scaled, Arranged), "it only scales"
            changed[op.name] = replace(op, scaling=scaling_of_value(scaled, op.output.format))
    ops = tuple(changed.get(op.name, op) for op in graph.ops)
    return Graph(graph.name, ops, graph.outputs)


def _byte_notes(program: Program, graph: Graph) -> tuple[str, ...]:
    """Layers that scale bytes, on codes that are scaled already."""
    given = {
        number: op.scaling or step_scaling(op.output.format)
        for (number, _, _), op in zip(program.inputs, graph.inputs, strict=True)
    }
    return tuple(
        f"layer '{call.path}': it reads {given[call.inputs[0]]}; if it was trained on whole bytes, "
        "give --input-scale 1"
        for call in program.calls
        if call.kind in _SCALES
        and call.inputs[0] in given
        and given[call.inputs[0]] != Scaling((Fraction(1),))
    )
