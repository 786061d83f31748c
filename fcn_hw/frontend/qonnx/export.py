"""QONNX file -> graph. What can't be expressed exactly is refused, all problems at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fcn_hw.errors import FcnHwError, FormatError, UnsupportedLayer, nearest
from fcn_hw.fixed import FixedFormat
from fcn_hw.frontend.parts import Floats
from fcn_hw.frontend.ports import (
    Export,
    Formats,
    image_input,
    input_formats,
    model_outputs,
    name_notes,
    softmax_problems,
)
from fcn_hw.frontend.proofs import Proof
from fcn_hw.frontend.qonnx.items import MAX_SIDE, Fixed, Given, Image, Item, Reading, folded
from fcn_hw.frontend.qonnx.nodes import NODES, QONNX_NODES, REFUSED
from fcn_hw.frontend.qonnx.onnx_file import read_program
from fcn_hw.frontend.qonnx.program import ONNX, Node, Program
from fcn_hw.frontend.qonnx.run import QONNX as QONNX_DOMAIN
from fcn_hw.frontend.qonnx.run import batches_of, run
from fcn_hw.frontend.resolve import Context, pure_scale
from fcn_hw.frontend.values import Known, Pending, Value
from fcn_hw.frontend.words import QONNX
from fcn_hw.ir import Graph
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ir.outputs import OutputKind
from fcn_hw.names import Names
from fcn_hw.scaling import Scaling, step_scaling

_PLACEHOLDER = FixedFormat(signed=True, width=4, integer=2)


def export_file(
    path: Path,
    input_format: Formats,
    *,
    name: str = "fcn",
    scaling: Scaling | None = None,
    output_kind: OutputKind | None = None,
) -> Export:
    """The graph of a file.

    Args:
        path: an ONNX file, with qonnx's operators or QuantizeLinear/DequantizeLinear pairs.
        input_format, name, scaling, output_kind: as :func:`fcn_hw.frontend.qkeras.export` has them;
            None as ``output_kind`` is classes behind an ArgMax or a softmax.

    Raises:
        ConfigError: the file can't be read; an input has no format, or a format no input.
        UnsupportedLayer: with every node that is refused, why and what to do.
    """
    program = read_program(path)
    names = Names(name)
    context = Context(GraphBuilder(name), names, QONNX, program.ends)
    reading = Reading(context, program.ends)
    problems: list[UnsupportedLayer] = []
    inputs = [name for name, _ in program.inputs]
    formats, scaling = input_formats(inputs, input_format, scaling)
    reading.items.update({name: Fixed(array) for name, array in program.constants.items()})
    _inputs(program, reading, formats, scaling, problems)
    for node in program.nodes:
        missing = [name for name in node.inputs if name and name not in reading.items]
        if missing:
            continue  # behind a node that is refused
        try:
            reading.items[node.output] = _read(reading, node)
        except UnsupportedLayer as error:
            problems.append(error)
    problems += softmax_problems(context)
    outputs: list[str] = []
    notes: list[str] = []
    if not problems:
        values = [(name, _output(reading, name, notes)) for name in program.outputs]
        outputs, problems = model_outputs(context, values, output_kind, notes)
    if problems:
        raise UnsupportedLayer.together(problems)
    graph = context.builder.finish(*outputs)
    notes += name_notes(context, [name for name, _ in program.inputs])
    images = ((name, item) for name, item in reading.items.items() if isinstance(item, Image))
    last = frozenset(name for name, item in images if item.last)
    source = QonnxModel(program, last, reading.units)
    return Export(graph, context.proofs_of(graph), tuple(notes), source.layer_values)


@dataclass(frozen=True, eq=False)
class QonnxModel:
    """A file as the reference of its graph.

    Args:
        program: the file.
        last: tensors whose channels are last.
        units: what a code of an op stands for, by the op's layer.
    """

    program: Program
    last: frozenset[str]
    units: Mapping[str, Floats]

    def layer_values(
        self,
        graph: Graph,
        codes: Mapping[str, npt.NDArray[np.int64]],
        names: Sequence[str],
        scaling: Scaling | None = None,
    ) -> Iterator[tuple[str, Floats]]:
        """As :func:`fcn_hw.frontend.probe.layer_values`, computed by qonnx and onnxruntime."""
        tensors = {node.path: node.output for node in self.program.nodes}
        tensors |= {name: name for name, _ in self.program.inputs}
        wanted = [graph[name] for name in names if graph[name].origin in tensors]
        frames = {}
        for (name, _), port in zip(self.program.inputs, graph.inputs, strict=True):
            given = (scaling or step_scaling(port.output.format)).values(codes[port.name])
            frames[name] = (
                given if name in self.last else np.ascontiguousarray(given.transpose(0, 3, 1, 2))
            )
        kept: dict[str, list[Floats]] = {op.name: [] for op in wanted}
        for frame in batches_of(frames):
            found = run(self.program, frame, {tensors[op.origin] for op in wanted})
            for op in wanted:
                tensor = tensors[op.origin]
                values: Floats = np.asarray(found[tensor], np.float64)
                if tensor not in self.last:
                    values = values.transpose(0, 2, 3, 1)
                kept[op.name].append(self._in_steps(values, op.origin, op.output.format.fraction))
        for op in wanted:
            yield op.name, np.concatenate(kept[op.name])

    def _in_steps(self, values: Floats, layer: str, fraction: int) -> Floats:
        """Values in units of an op's step; a code where float32 gives just the code's value."""
        unit = self.units.get(layer)
        if unit is None:
            return np.ldexp(values, fraction)
        steps = np.ldexp(values / unit, fraction)
        codes = np.rint(steps)
        same = (np.ldexp(codes, -fraction).astype(np.float32) * np.float32(unit)) == values
        return np.where(same, codes, steps)


def _inputs(
    program: Program,
    reading: Reading,
    formats: Mapping[str, FixedFormat],
    scaling: Scaling | None,
    problems: list[UnsupportedLayer],
) -> None:
    for name, shape in program.inputs:
        last = _channels_last(program, name)
        if len(shape) != 4 or None in shape[1:] or shape[0] not in (None, 1):
            problems.append(
                UnsupportedLayer(
                    name,
                    f"input shape {shape} is not (1, channels, height, width)",
                    hint="export with one image of a fixed size",
                )
            )
            continue
        sizes = [int(size or 0) for size in shape[1:]]
        if max(sizes) > MAX_SIDE:
            problems.append(
                UnsupportedLayer(
                    name,
                    f"input shape {shape}",
                    hint=f"use at most {MAX_SIDE:,} rows, columns and channels",
                )
            )
            continue
        height, width, channels = sizes if last else (*sizes[1:], sizes[0])
        try:
            value = image_input(
                reading.context, name, (height, width, channels), formats[name], scaling
            )
        except UnsupportedLayer as error:
            problems.append(error)
            continue
        reading.items[name] = Image(value, last)


def _channels_last(program: Program, name: str) -> bool:
    """Whether all that reads an input first brings its channels to the front."""
    readers = [node for node in program.nodes if name in node.inputs]
    return bool(readers) and all(
        node.kind == "Transpose" and node.attributes.get("perm") == [0, 3, 1, 2] for node in readers
    )


def _read(reading: Reading, node: Node) -> Item:
    items = [reading.items[name] if name else None for name in node.inputs]
    given = Given(reading, node, items)
    table = {ONNX: NODES, QONNX_DOMAIN: QONNX_NODES}.get(node.domain, {})
    rule = table.get(node.kind)
    quantizes = node.domain == QONNX_DOMAIN or "Linear" in node.kind
    if all(item is None or isinstance(item, Fixed) for item in items) and not (rule and quantizes):
        return folded(given)
    if rule is None:
        where = f" of domain '{node.domain[:80]}'" if node.domain else ""
        hint = REFUSED.get(node.kind, f"near: {nearest(node.kind, (*NODES, *QONNX_NODES))}")
        raise given.refused(f"operator {node.kind[:80]}{where} is not supported", hint)
    try:
        found = rule.read(given)
    except FormatError as error:
        raise given.refused(
            f"its sums need more bits than there are ({error})",
            "put a Quant behind it and behind every node of its kind: without one, every sum keeps "
            "all bits of those before",
        ) from error
    except FcnHwError:
        raise
    except (ValueError, TypeError, AssertionError) as error:
        raise given.refused(
            f"its inputs and attributes do not go together ({str(error).splitlines()[0][:120]})",
            "export the model again",
        ) from error
    factor = pure_scale(found.value) if isinstance(found, Image) else None
    if factor is not None and factor != 1.0:
        reading.units[node.path] = np.array([factor])
    return found


def _output(reading: Reading, name: str, notes: list[str]) -> Value:
    """The value that goes out: integers, where a factor is all that stands behind them."""
    item = reading.items[name]
    if not isinstance(item, Image):
        raise UnsupportedLayer(
            name, "this output is no image", hint="let images or class maps go out"
        )
    if isinstance(item.value, Known):
        return item.value
    context = reading.context
    read = context.scaled(item.value)
    if read.factor != 1.0:
        if not item.classes:
            notes.append(f"output '{name}': {read.factor:.9g} times the numbers that go out")
        if not context.builder.op(read.op).origin:
            value = item.value
            layer = value.part.layer if isinstance(value, Pending) else value.layer
            context.builder.holds(read.op, layer)
            reading.units[layer] = np.array([read.factor])
            text = f"{read.factor:.6g} times these integers, but for what float32 rounds"
            context.proofs.append(Proof(read.op, layer, False, "integers", text))
    return context.known(read.op)
