"""QKeras model -> graph. What can't be expressed exactly is refused, all problems at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fcn_hw.errors import ConfigError, UnsupportedLayer, nearest
from fcn_hw.fixed import FixedFormat
from fcn_hw.frontend.layers import LAYERS, REFUSED
from fcn_hw.frontend.proofs import Proof
from fcn_hw.frontend.resolve import Context
from fcn_hw.frontend.values import Value
from fcn_hw.frontend.walk import Program, walk
from fcn_hw.ir import Graph
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.names import Names


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
    model: Any, input_format: FixedFormat, *, name: str = "fcn", arg_max: bool = True
) -> Export:
    """The graph of a model.

    Args:
        model: a functional or sequential (Q)Keras model with static input shapes.
        input_format: format of the codes of every input; the model is fed ``code * step``.
        name: of the graph, a C identifier.
        arg_max: whether an :class:`ArgMax` follows each output of several channels.

    Raises:
        UnsupportedLayer: with every layer that is refused, why and what to do.
    """
    program = walk(model)
    names = Names(name)
    context = Context(GraphBuilder(name), names)
    problems = [*program.problems, *_type_problems(program)]
    found = _inputs(program, context, input_format, problems)
    for call in program.calls:
        rule = LAYERS.get(call.kind)
        if rule is None:
            problems.append(_refused(call.path, call.kind))
            continue
        values = [found[number] for number in call.inputs if number in found]
        if len(values) < len(call.inputs):
            continue  # behind a refused layer: that one is reported
        try:
            found[call.outputs[0]] = rule.read(context, call, values)
        except UnsupportedLayer as error:
            problems.append(error)
    problems += _softmax_problems(program, context)
    outputs: list[str] = []
    if not problems:
        outputs, problems = _outputs(context, [found[n] for n in program.outputs], arg_max)
    if problems:
        raise UnsupportedLayer.together(problems)
    graph = context.builder.finish(*outputs)
    order = {op.name: index for index, op in enumerate(graph.ops)}
    proofs = sorted(context.proofs, key=lambda proof: order[proof.op])
    return Export(graph, tuple(proofs), _notes(program, context))


def _inputs(
    program: Program, context: Context, fmt: FixedFormat, problems: list[UnsupportedLayer]
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
        name = context.names.give(layer)
        op = context.builder.input(name, (height, width, channels), fmt, origin=layer)
        found[number] = context.known(op)
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
    """A softmax is left out where arg-max follows it, and nothing else may."""
    read = {number for call in program.calls for number in call.inputs}
    return [
        UnsupportedLayer(
            call.path,
            "softmax inside the network has no exact fixed-point form",
            hint="use it as the last layer only, where it becomes arg-max",
        )
        for call, _ in context.softmaxes
        if call.outputs[0] in read or call.outputs[0] not in program.outputs
    ]


def _outputs(
    context: Context, values: Sequence[Value], arg_max: bool
) -> tuple[list[str], list[UnsupportedLayer]]:
    outputs: list[str] = []
    given: set[str] = set()
    problems: list[UnsupportedLayer] = []
    for value in values:
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
        tensor = context.builder.tensor(op)
        if arg_max and tensor.channels > 1:
            op = context.builder.arg_max(context.names.give("class_map"), op)
        outputs.append(op)
    return outputs, problems


def _notes(program: Program, context: Context) -> tuple[str, ...]:
    notes = [
        f"layer '{call.path}': softmax becomes arg-max, which gives the same class"
        for call, _ in context.softmaxes
    ]
    layers = {*(name for _, name, _ in program.inputs), *(call.path for call in program.calls)}
    renamed = [
        f"'{layer}' is {name}" for layer, name in context.names.renamed.items() if layer in layers
    ]
    if renamed:
        more = f" and {len(renamed) - _SHOWN} more" if len(renamed) > _SHOWN else ""
        told = ", ".join(renamed[:_SHOWN]) + more
        notes.append(f"in C++ some layers have other names: {told}")
    return tuple(notes)


_SHOWN = 8
"""Layers of another name that a note lists."""
