"""What comes into a graph and goes out of it, whoever wrote the source model."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Union

import numpy as np
import numpy.typing as npt

from fcn_hw.errors import ConfigError, UnsupportedLayer, nearest
from fcn_hw.fixed import FixedFormat
from fcn_hw.frontend.parts import Floats, input_scaling
from fcn_hw.frontend.proofs import Proof
from fcn_hw.frontend.resolve import Context
from fcn_hw.frontend.values import Pending, Shape, Value
from fcn_hw.ir import Graph
from fcn_hw.ir.outputs import OutputKind
from fcn_hw.ops.arg_max import MAX_CLASSES
from fcn_hw.scaling import Scaling

Formats = Union[FixedFormat, Mapping[str, FixedFormat]]
"""Of the codes of all inputs, or of each by its name in the source model."""

LayerValues = Callable[
    [Graph, Mapping[str, npt.NDArray[np.int64]], Sequence[str], "Scaling | None"],
    Iterator[tuple[str, Floats]],
]
"""See :class:`Export`."""


@dataclass(frozen=True, eq=False)
class Export:
    """A model's graph, not yet optimised by passes.

    Args:
        graph: of integers.
        proofs: of the ops that stand for float layers, in the graph's order.
        notes: what was done that a user should know, in sentences.
        layer_values: (graph, int64 codes (N, H, W, C) of each input, ops with an origin, scaling)
            -> (op, what the source model computes for it in units of the op's step).
    """

    graph: Graph
    proofs: tuple[Proof, ...]
    notes: tuple[str, ...]
    layer_values: LayerValues


def input_formats(
    inputs: Sequence[str], given: Formats, scaling: Scaling | None
) -> tuple[dict[str, FixedFormat], Scaling | None]:
    """The format of each input, and the scaling that remains.

    A scale that is a power of two goes into the binary points.

    Raises:
        ConfigError: an input has no format, or a format no input.
    """
    if isinstance(given, FixedFormat):
        given = dict.fromkeys(inputs, given)
    for name in given:
        if name not in inputs:
            near = f"near: {nearest(name, inputs)}"
            raise ConfigError(f"the model has no input '{name}'", hint=near)
    for name in inputs:
        if name not in given:
            raise ConfigError(
                f"the input '{name}' has no format",
                hint="give one format for all inputs, or one for each by its name",
            )
    power = None if scaling is None else scaling.power_of_two
    if power is None:
        return dict(given), scaling
    return {n: replace(fmt, integer=fmt.width + power) for n, fmt in given.items()}, None


def image_input(
    context: Context, layer: str, shape: Shape, fmt: FixedFormat, scaling: Scaling | None
) -> Value:
    """The value of an input, its op made.

    Args:
        layer: the input's name in the source model.
        scaling: what the source model is given for a code; None: ``code * step``.

    Raises:
        UnsupportedLayer: the scaling is of another number of channels.
    """
    channels = shape[2]
    if scaling is not None and scaling.channels not in (1, channels):
        raise UnsupportedLayer(
            layer,
            f"its {channels} channels have {scaling.channels} input scales or offsets",
            hint="give one scale and one offset, or one for each channel",
        )
    op = context.builder.input(context.names.give(layer), shape, fmt, scaling=scaling, origin=layer)
    value = context.known(op)
    if scaling is None:
        return value
    return Pending(value, input_scaling(scaling, layer, fmt, channels))


def softmax_problems(context: Context) -> list[UnsupportedLayer]:
    """A softmax is left out at the end of the network, where it keeps the order of classes."""
    return [
        UnsupportedLayer(
            path,
            "softmax inside the network has no exact fixed-point form",
            hint="use it as the last layer only, where it becomes arg-max",
        )
        for number, (path, _) in context.heads.items()
        if number not in context.ends
    ]


def model_outputs(
    context: Context,
    values: Sequence[tuple[Hashable, Value]],
    output_kind: OutputKind | None,
    notes: list[str],
) -> tuple[list[str], list[UnsupportedLayer]]:
    """The ops that go out, and what is refused of them.

    Args:
        values: by their keys.
        output_kind: of each; None: as :func:`fcn_hw.frontend.qkeras.export` has it.
        notes: what was done is added to them.

    Raises:
        ConfigError: one tensor goes out twice.
    """
    outputs: list[str] = []
    given: set[str] = set()
    problems: list[UnsupportedLayer] = []
    for number, value in values:
        layer, head = context.heads.get(number, ("", ""))
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
            problems.append(_too_many_classes(layer or op, channels))
            continue
        if kind != "scores":
            name, build = context.names.give("class_map"), context.builder
            outputs.append(
                build.arg_max(name, op, origin="") if channels > 1 else build.above_zero(name, op)
            )
        if kind != "classes":
            outputs.append(op)
        where = f"layer '{layer}': {head}" if layer else f"output '{op}'"
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


def name_notes(context: Context, layers: Collection[str]) -> tuple[str, ...]:
    """Layers whose ops have another name.

    Args:
        layers: names of the source model.
    """
    renamed = [
        f"'{layer}' is {name}" for layer, name in context.names.renamed.items() if layer in layers
    ]
    if not renamed:
        return ()
    more = f" and {len(renamed) - _SHOWN} more" if len(renamed) > _SHOWN else ""
    return (f"in C++ some layers have other names: {', '.join(renamed[:_SHOWN])}{more}",)


_SHOWN = 8
"""Layers of another name that a note lists."""
