"""QKeras model -> graph. What can't be expressed exactly is refused, all problems at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from fcn_hw.errors import ConfigError, FormatError, UnsupportedLayer, nearest
from fcn_hw.fixed import FixedFormat
from fcn_hw.frontend.layers import LAYERS, REFUSED
from fcn_hw.frontend.parts import input_scaling
from fcn_hw.frontend.proofs import Proof
from fcn_hw.frontend.resolve import Context, scaling_of_value
from fcn_hw.frontend.values import Pending, Value
from fcn_hw.frontend.walk import Call, Program, walk
from fcn_hw.ir import Graph
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ir.outputs import OutputKind
from fcn_hw.names import Names
from fcn_hw.ops.arg_max import MAX_CLASSES
from fcn_hw.scaling import Scaling, step_scaling


@dataclass(frozen=True, eq=False)
class Export:
    """A model's graph, not yet optimised by passes.

    Args:
        graph: of integers.
        proofs: of the ops that stand for float layers, in the graph's order.
        notes: what was done that a user should know, in sentences.
    """

    graph: Graph
    proofs: tuple[Proof, ...]
    notes: tuple[str, ...]


def export(
    model: Any,
    input_format: FixedFormat,
    *,
    name: str = "fcn",
    scaling: Scaling | None = None,
    output_kind: OutputKind | None = None,
) -> Export:
    """The graph of a model.

    Args:
        model: a functional or sequential (Q)Keras model with static input shapes.
        input_format: format of the codes of every input.
        name: of the graph, a C identifier.
        scaling: what the model is given for a code of an input; None: ``code * step``.
        output_kind: of each output; None: classes behind a softmax and behind a sigmoid of one
            channel, else scores.

    Raises:
        UnsupportedLayer: with every layer that is refused, why and what to do.
    """
    program = walk(model)
    names = Names(name)
    context = Context(GraphBuilder(name), names, program.ends)
    problems = [*program.problems, *_type_problems(program)]
    power = None if scaling is None else scaling.power_of_two
    if power is not None:  # it is in the binary point
        input_format = replace(input_format, integer=input_format.width + power)
        scaling = None
    found = _inputs(program, context, input_format, scaling, problems)
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
    problems += _softmax_problems(program, context)
    outputs: list[str] = []
    notes: list[str] = []
    if not problems:
        outputs, problems = _outputs(
            context, [(n, found[n]) for n in program.outputs], output_kind, notes
        )
    if problems:
        raise UnsupportedLayer.together(problems)
    graph = context.builder.finish(*outputs)
    order = {op.name: index for index, op in enumerate(graph.ops)}
    proofs = sorted(context.proofs, key=lambda proof: order[proof.op])
    told = (*_byte_notes(program, graph), *notes, *_name_notes(program, context))
    return Export(_with_scaling(graph, program, found), tuple(proofs), told)


def _read(context: Context, call: Call, values: Sequence[Value]) -> Value:
    rule = LAYERS.get(call.kind)
    if rule is None:
        raise _refused(call.path, call.kind)
    try:
        return rule.read(context, call, values)
    except FormatError as error:
        raise UnsupportedLayer(
            call.path,
            f"{_TOO_WIDE} ({error})",
            hint="put a QActivation(quantized_relu(bits, integer)) or quantized_bits behind it and "
            "behind every layer of its kind: without one, every sum keeps all bits of those before",
        ) from error


_TOO_WIDE = "its sums need more bits than there are"


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
    fmt: FixedFormat,
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
        if scaling is not None and scaling.channels not in (1, channels):
            problems.append(
                UnsupportedLayer(
                    layer,
                    f"its {channels} channels have {scaling.channels} input scales or offsets",
                    hint="give one scale and one offset, or one for each channel",
                )
            )
            continue
        op = context.builder.input(
            context.names.give(layer),
            (height, width, channels),
            fmt,
            scaling=scaling,
            origin=layer,
        )
        value: Value = context.known(op)
        if scaling is not None:
            value = Pending(value, input_scaling(scaling, layer, fmt, channels))
        found[number] = value
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


def _softmax_problems(program: Program, context: Context) -> list[UnsupportedLayer]:
    """A softmax is left out at the end of the network, where it keeps the order of classes."""
    return [
        UnsupportedLayer(
            call.path,
            "softmax inside the network has no exact fixed-point form",
            hint="use it as the last layer only, where it becomes arg-max",
        )
        for number, (call, _) in context.heads.items()
        if number not in program.ends
    ]


def _outputs(
    context: Context,
    values: Sequence[tuple[int, Value]],
    output_kind: OutputKind | None,
    notes: list[str],
) -> tuple[list[str], list[UnsupportedLayer]]:
    outputs: list[str] = []
    given: set[str] = set()
    problems: list[UnsupportedLayer] = []
    for number, value in values:
        call, head = context.heads.get(number, (None, ""))
        channels = value.shape[2]
        kind = output_kind or _usual_kind(head, channels)
        try:
            op = context.op(value)
        except UnsupportedLayer as error:
            problems.append(error)
            continue
        if op in given:
            raise ConfigError(
                f"the model gives the tensor '{op}' twice", hint="give it once, or copy it outside"
            )
        given.add(op)
        if kind != "scores" and channels > MAX_CLASSES:
            problems.append(_too_many_classes(call.path if call else op, channels))
            continue
        if kind != "scores":
            name, build = context.names.give("class_map"), context.builder
            outputs.append(
                build.arg_max(name, op, origin="") if channels > 1 else build.above_zero(name, op)
            )
        if kind != "classes":
            outputs.append(op)
        where = f"layer '{call.path}': {head}" if call else f"output '{op}'"
        notes += _output_notes(where, head, kind, channels, asked=output_kind is not None)
    return outputs, problems


def _usual_kind(head: str, channels: int) -> OutputKind:
    """What a user means who does not say it."""
    return "classes" if head == "softmax" or (head and channels == 1) else "scores"


def _too_many_classes(layer: str, channels: int) -> UnsupportedLayer:
    return UnsupportedLayer(
        layer,
        f"it has {channels} classes, and a class map has {MAX_CLASSES} at most, a byte a pixel",
        hint="export the scores of all channels: --output-kind scores",
    )


def _output_notes(
    where: str, head: str, kind: OutputKind, channels: int, *, asked: bool
) -> list[str]:
    scores = "the scores in front of it go out"
    if channels == 1:
        becomes = "class 1 where the score is above 0"
    elif head == "sigmoid":
        becomes = "arg-max, which gives the class of the largest"
    else:
        becomes = "arg-max, which gives the same class"
    if head and kind == "scores":
        return [f"{where} is left out, {scores}"]
    if head:
        return [f"{where} becomes {becomes}" + (f"; {scores} too" if kind == "both" else "")]
    if not asked and channels > 1:
        return [f"{where}: its {channels} channels go out; for classes give --output-kind classes"]
    return []


_SCALES = ("Rescaling", "Normalization")


def _with_scaling(graph: Graph, program: Program, found: Mapping[int, Value]) -> Graph:
    """The graph whose inputs tell what a layer that only scales makes of their codes."""
    changed = {}
    for (number, _, _), op in zip(program.inputs, graph.inputs, strict=True):
        readers = [call for call in program.calls if number in call.inputs]
        if len(readers) == 1 and readers[0].kind in _SCALES:
            scaled = found[readers[0].outputs[0]]
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


def _name_notes(program: Program, context: Context) -> tuple[str, ...]:
    layers = {*(name for _, name, _ in program.inputs), *(call.path for call in program.calls)}
    renamed = [
        f"'{layer}' is {name}" for layer, name in context.names.renamed.items() if layer in layers
    ]
    if not renamed:
        return ()
    more = f" and {len(renamed) - _SHOWN} more" if len(renamed) > _SHOWN else ""
    return (f"in C++ some layers have other names: {', '.join(renamed[:_SHOWN])}{more}",)


_SHOWN = 8
"""Layers of another name that a note lists."""
