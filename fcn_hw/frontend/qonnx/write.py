"""A graph as a QONNX file, which qonnx's executor computes with the same codes.

Each tensor has the name of its op and the values of its codes, images as (1, C, H, W). Behind every
op stands a Quant of the op's format; so FINN and others read the number of bits of every tensor.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fcn_hw.errors import UnsupportedLayer
from fcn_hw.files import replace_file
from fcn_hw.fixed import FixedFormat, Overflow, Rounding, smallest_format
from fcn_hw.frontend.qonnx.environment import qonnx_env
from fcn_hw.frontend.qonnx.run import QONNX
from fcn_hw.intervals import Interval
from fcn_hw.ir import Graph
from fcn_hw.ir.intervals import FLOAT32_EXACT, intervals
from fcn_hw.ops import Constant, Op, Padding
from fcn_hw.ops.arg_max import ArgMax
from fcn_hw.ops.average_pool2d import AveragePool2D
from fcn_hw.ops.batch_norm import BatchNorm
from fcn_hw.ops.conv2d import Conv2D
from fcn_hw.ops.conv_transpose2d import ConvTranspose2D
from fcn_hw.ops.crop2d import Crop2D
from fcn_hw.ops.depth_to_space import DepthToSpace
from fcn_hw.ops.depthwise_conv2d import DepthwiseConv2D
from fcn_hw.ops.input import Input
from fcn_hw.ops.lookup import Lookup
from fcn_hw.ops.max_pool2d import MaxPool2D
from fcn_hw.ops.quantize import Quantize
from fcn_hw.ops.relu import Relu
from fcn_hw.ops.skip_add import SkipAdd
from fcn_hw.ops.skip_average import SkipAverage
from fcn_hw.ops.skip_concat import SkipConcat
from fcn_hw.ops.skip_maximum import SkipMaximum
from fcn_hw.ops.skip_minimum import SkipMinimum
from fcn_hw.ops.skip_multiply import SkipMultiply
from fcn_hw.ops.skip_subtract import SkipSubtract
from fcn_hw.ops.threshold import Threshold
from fcn_hw.ops.upsample_bilinear import UpsampleBilinear
from fcn_hw.ops.upsample_nearest import UpsampleNearest
from fcn_hw.ops.zero_pad2d import ZeroPad2D

OPSET = 17
"""Of ONNX's operators."""

_DOUBLE = 11
"""``TensorProto.DOUBLE``."""
_FLOAT = 1
_INT64 = 7

_ROUNDING = {
    Rounding.TRN: "FLOOR",
    Rounding.TRN_ZERO: "DOWN",
    Rounding.RND_CONV: "ROUND",
}
"""Modes that qonnx has too; RND adds half a step and goes down."""


def write_graph(graph: Graph, path: Path) -> None:
    """Writes a graph as a QONNX file.

    Raises:
        ConfigError: a package is missing.
        UnsupportedLayer: ops whose sums or codes float32, in which qonnx computes, does not hold;
            with every one.
    """
    replace_file(path, _Writer(graph).model().SerializeToString())


class _Writer:
    def __init__(self, graph: Graph) -> None:
        self._graph, self._env = graph, qonnx_env()
        self._ranges = intervals(graph)
        self._nodes: list[Any] = []
        self._constants: dict[str, Any] = {}
        self._count = 0

    def model(self) -> Any:
        problems = []
        for op in self._graph.ops:
            try:
                self._op(op)
            except UnsupportedLayer as error:
                problems.append(error)
        if problems:
            raise UnsupportedLayer.together(problems)
        helper, onnx = self._env.onnx.helper, self._env.onnx

        def port(name: str, text: str) -> Any:
            height, width, channels = self._graph.tensor(name).shape
            return helper.make_tensor_value_info(text, _FLOAT, [1, channels, height, width])

        made = helper.make_graph(
            self._nodes,
            self._graph.name,
            [port(op.name, f"{op.name}_in") for op in self._graph.inputs],
            [port(name, name) for name in self._graph.outputs],
            initializer=list(self._constants.values()),
        )
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(QONNX, 1)]
        model = helper.make_model(made, opset_imports=opsets, ir_version=8, producer_name="fcn_hw")
        onnx.checker.check_model(model, full_check=False)
        return model

    # -- parts of the file -------------------------------------------------------------------------

    def _constant(self, values: npt.ArrayLike, dtype: Any = np.float32) -> str:
        array = np.asarray(values, dtype)
        self._count += 1
        name = f"constant_{self._count}"
        self._constants[name] = self._env.onnx.numpy_helper.from_array(array, name)
        return name

    def _node(self, kind: str, inputs: Sequence[str], output: str = "", **attributes: Any) -> str:
        self._count += 1
        output = output or f"tensor_{self._count}"
        made = self._env.onnx.helper.make_node(
            kind,
            list(inputs),
            [output],
            name=f"{kind}_{self._count}",
            domain=QONNX if kind in ("Quant", "MultiThreshold") else "",
            **attributes,
        )
        self._nodes.append(made)
        return output

    def _quant(self, source: str, fmt: FixedFormat, output: str = "") -> str:
        inputs = [source, *(self._constant(n) for n in (fmt.step, 0.0, float(fmt.width)))]
        return self._node(
            "Quant", inputs, output,
            signed=int(fmt.signed),
            narrow=int(fmt.signed and fmt.min_code == -fmt.max_code and fmt.width > 1),
            rounding_mode=_ROUNDING.get(fmt.rounding, "FLOOR"),
        )  # fmt: skip

    def _weights(self, constant: Constant, order: tuple[int, ...], codes: Any = None) -> str:
        """Weights behind their Quant, in ONNX's order of axes."""
        array = constant.codes if codes is None else codes
        values = self._constant(array.transpose(order) * constant.format.step)
        fmt = replace(constant.format, rounding=Rounding.RND_CONV, overflow=Overflow.SAT)
        return self._quant(values, fmt) if _has_codes(fmt) else values

    # -- one op ------------------------------------------------------------------------------------

    def _op(self, op: Op) -> None:
        write = _OPS.get(type(op))
        if write is None:
            raise UnsupportedLayer(
                op.name, f"QONNX has no {type(op).__name__}", hint="keep it out of this graph"
            )
        exact, held = self._ranges[op.name]
        wide = _largest(exact) > FLOAT32_EXACT
        if _largest(held) > FLOAT32_EXACT or (wide and not isinstance(op, _PIXELWISE)):
            raise UnsupportedLayer(
                op.name,
                f"codes up to {max(_largest(exact), _largest(held)):,} are more than float32 "
                "holds, in which QONNX is computed",
                hint="use fewer bits in front of it, or a quantizer behind it",
            )
        sources = [f"{op.name}_in"] if isinstance(op, Input) else list(op.inputs)
        if wide:
            sources = [self._node("Cast", [name], to=_DOUBLE) for name in sources]
        found = write(self, op, sources)
        if found != op.name:
            self._converted(op, found, exact, wide)

    def _converted(self, op: Op, source: str, exact: Interval, wide: bool) -> None:
        """The op's output, in its format."""
        fmt = op.output.format
        dtype = np.float64 if wide else np.float32
        drops = exact.fraction > fmt.fraction
        ends = _ends(exact, exact.fraction - fmt.fraction)
        fits = all(fmt.min_code <= end <= fmt.max_code for end in ends)
        fits = fits or fmt.overflow is not Overflow.WRAP
        if drops and fmt.rounding is Rounding.RND:
            source = self._node("Add", [source, self._constant(fmt.step / 2, dtype)])
            fmt = replace(fmt, rounding=Rounding.TRN)
        if not fits:
            steps = self._node("Mul", [source, self._constant(2.0**fmt.fraction, dtype)])
            steps = self._wrapped(self._rounded(steps, fmt.rounding), fmt, dtype)
            source = self._node("Mul", [steps, self._constant(fmt.step, dtype)])
        if not _has_codes(fmt):  # one bit with a sign: qonnx takes it as the sign function
            low, high = (
                self._constant(code * fmt.step, dtype) for code in (fmt.min_code, fmt.max_code)
            )
            source = self._node("Clip", [source, low, high])
            fmt = replace(fmt, width=2, integer=fmt.integer + 1)
        self._quant(source, fmt, op.name)

    def _rounded(self, steps: str, mode: Rounding) -> str:
        if mode is Rounding.RND_CONV:
            return self._node("Round", [steps])
        if mode is Rounding.TRN_ZERO:
            sign, size = self._node("Sign", [steps]), self._node("Abs", [steps])
            return self._node("Mul", [sign, self._node("Floor", [size])])
        return self._node("Floor", [steps])

    def _wrapped(self, steps: str, fmt: FixedFormat, dtype: Any) -> str:
        period = self._constant(2.0**fmt.width, dtype)
        moved = self._node("Sub", [steps, self._constant(fmt.min_code, dtype)])
        turns = self._node("Floor", [self._node("Div", [moved, period])])
        return self._node("Sub", [steps, self._node("Mul", [turns, period])])

    # -- ops by kind; each gives the exact value ---------------------------------------------------

    def same(self, op: Any, sources: list[str]) -> str:
        return sources[0]

    def convolution(self, op: Any, sources: list[str]) -> str:
        weight, codes = op.weight, op.weight.codes
        pads: dict[str, Any]
        if isinstance(op, ConvTranspose2D):
            source = self._graph.tensor(op.inputs[0])
            over = [
                (size - 1) * stride + kernel - crop - wanted
                for size, stride, kernel, crop, wanted in zip(
                    source.shape[:2], op.strides, codes.shape[:2], op.crop, op.output.shape[:2],
                    strict=True,
                )
            ]  # fmt: skip
            # rows and columns that no tap reaches: taps of 0 reach them
            more = [(0, max(-n, 0)) for n in over]
            codes = np.pad(codes, (*more, (0, 0), (0, 0)))
            inputs = [*sources, self._weights(weight, (2, 3, 0, 1), codes)]
            pads = {"pads": [*op.crop, *(max(n, 0) for n in over)]}
        else:
            padding = op.padding
            if isinstance(op, DepthwiseConv2D):
                height, width, channels, multiplier = codes.shape
                flat = codes.reshape(height, width, 1, channels * multiplier)
                inputs = [*sources, self._weights(weight, (3, 2, 0, 1), flat)]
                pads = {"group": channels}
            else:
                inputs, pads = [*sources, self._weights(weight, (3, 2, 0, 1))], {}
            pads |= {
                "pads": [padding.top, padding.left, padding.bottom, padding.right],
                "dilations": list(op.dilation),
            }
        if op.bias is not None:
            inputs.append(self._constant(op.bias.codes * op.bias.format.step))
        kind = "ConvTranspose" if isinstance(op, ConvTranspose2D) else "Conv"
        return self._node(
            kind, inputs, kernel_shape=list(codes.shape[:2]), strides=list(op.strides), **pads
        )

    def batch_norm(self, op: Any, sources: list[str]) -> str:
        dtype = np.float64 if _largest(self._ranges[op.name][0]) > FLOAT32_EXACT else np.float32
        scale, bias = (
            self._constant((item.codes * item.format.step).reshape(1, -1, 1, 1), dtype)
            for item in (op.scale, op.bias)
        )
        return self._node("Add", [self._node("Mul", [*sources, scale]), bias])

    def threshold(self, op: Any, sources: list[str]) -> str:
        values = op.thresholds.codes * op.thresholds.format.step
        count = self._node(
            "MultiThreshold", [*sources, self._constant(values)],
            out_dtype=f"UINT{max(op.levels, 1)}", data_layout="NCHW",
        )  # fmt: skip
        step, base = (
            self._constant((item.codes * item.format.step).reshape(1, -1, 1, 1))
            for item in (op.step, op.base)
        )
        return self._node("Add", [self._node("Mul", [count, step]), base])

    def lookup(self, op: Any, sources: list[str]) -> str:
        fmt = self._graph.tensor(op.inputs[0]).format
        steps = self._node("Mul", [*sources, self._constant(2.0**fmt.fraction)])
        low = -(1 << (fmt.width - 1)) if fmt.signed else 0
        index = self._node("Sub", [steps, self._constant(low)])
        whole = self._node("Cast", [index], to=_INT64)
        table = self._constant(op.table.codes * op.table.format.step)
        return self._node("Gather", [table, whole], axis=0)

    def relu(self, op: Any, sources: list[str]) -> str:
        return self._node("Relu", sources)

    def max_pool(self, op: Any, sources: list[str]) -> str:
        return self._node("MaxPool", sources, **_windows(op))

    def average_pool(self, op: Any, sources: list[str]) -> str:
        mean = self._node("AveragePool", sources, count_include_pad=0, **_windows(op))
        return self._multiple(op, mean)

    def _multiple(self, op: Any, source: str) -> str:
        """A quotient times its divisor, which only rounding in float32 keeps off the exact grid."""
        scaled = self._node("Mul", [source, self._constant(float(op.divisor))])
        exact = self._ranges[op.name][0]
        grid = smallest_format(exact.low, exact.high, exact.fraction)
        return self._quant(scaled, replace(grid, rounding=Rounding.RND_CONV))

    def nearest(self, op: Any, sources: list[str]) -> str:
        return self._resized(
            op, sources, mode="nearest", nearest_mode="floor",
            coordinate_transformation_mode="asymmetric",
        )  # fmt: skip

    def bilinear(self, op: Any, sources: list[str]) -> str:
        found = self._resized(
            op, sources, mode="linear", coordinate_transformation_mode="half_pixel"
        )
        return found if op.divisor == 1 else self._multiple(op, found)

    def _resized(self, op: Any, sources: list[str], **attributes: Any) -> str:
        scales = self._constant([1.0, 1.0, *op.scale])
        return self._node("Resize", [*sources, "", scales], **attributes)

    def depth_to_space(self, op: Any, sources: list[str]) -> str:
        (down, across), (height, width, channels) = op.scale, op.output.shape
        first = op.channel_stride == 1
        if down == across:  # a name of its own in ONNX
            mode = "DCR" if first else "CRD"
            return self._node("DepthToSpace", sources, blocksize=down, mode=mode)
        frame = [height // down, width // across]
        parts = [down, across, channels] if first else [channels, down, across]
        order = [0, 3, 4, 1, 5, 2] if first else [0, 1, 4, 2, 5, 3]
        apart = self._constant([1, *parts, *frame], np.int64)
        moved = self._node("Transpose", [self._node("Reshape", [*sources, apart])], perm=order)
        whole = self._constant([1, channels, height, width], np.int64)
        return self._node("Reshape", [moved, whole])

    def zero_pad(self, op: Any, sources: list[str]) -> str:
        pad: Padding = op.padding
        pads = [0, 0, pad.top, pad.left, 0, 0, pad.bottom, pad.right]
        return self._node("Pad", [*sources, self._constant(pads, np.int64)], mode="constant")

    def crop(self, op: Any, sources: list[str]) -> str:
        (top, left), (height, width) = op.offset, op.output.shape[:2]
        ends = [[top, left], [top + height, left + width], [2, 3]]
        return self._node("Slice", [*sources, *(self._constant(n, np.int64) for n in ends)])

    def add(self, op: Any, sources: list[str]) -> str:
        found = sources[0]
        for other in sources[1:]:
            found = self._node("Add", [found, other])
        return found

    def average(self, op: Any, sources: list[str]) -> str:
        wide = _largest(self._ranges[op.name][0]) > FLOAT32_EXACT
        share = self._constant(1.0 / len(sources), np.float64 if wide else np.float32)
        return self._node("Mul", [self.add(op, sources), share])

    def subtract(self, op: Any, sources: list[str]) -> str:
        return self._node("Sub", sources)

    def maximum(self, op: Any, sources: list[str]) -> str:
        return self._node("Max", sources)

    def minimum(self, op: Any, sources: list[str]) -> str:
        return self._node("Min", sources)

    def multiply(self, op: Any, sources: list[str]) -> str:
        return self._node("Mul", sources)

    def concat(self, op: Any, sources: list[str]) -> str:
        return self._node("Concat", sources, axis=1)

    def arg_max(self, op: Any, sources: list[str]) -> str:
        classes = self._node("ArgMax", sources, axis=1, keepdims=1)
        return self._node("Cast", [classes], op.name, to=_FLOAT)


_OPS: dict[type[Op], Callable[[_Writer, Any, list[str]], str]] = {
    Input: _Writer.same,
    Quantize: _Writer.same,
    Conv2D: _Writer.convolution,
    DepthwiseConv2D: _Writer.convolution,
    ConvTranspose2D: _Writer.convolution,
    BatchNorm: _Writer.batch_norm,
    Threshold: _Writer.threshold,
    Lookup: _Writer.lookup,
    Relu: _Writer.relu,
    MaxPool2D: _Writer.max_pool,
    AveragePool2D: _Writer.average_pool,
    UpsampleNearest: _Writer.nearest,
    UpsampleBilinear: _Writer.bilinear,
    DepthToSpace: _Writer.depth_to_space,
    ZeroPad2D: _Writer.zero_pad,
    Crop2D: _Writer.crop,
    SkipAdd: _Writer.add,
    SkipAverage: _Writer.average,
    SkipSubtract: _Writer.subtract,
    SkipMaximum: _Writer.maximum,
    SkipMinimum: _Writer.minimum,
    SkipMultiply: _Writer.multiply,
    SkipConcat: _Writer.concat,
    ArgMax: _Writer.arg_max,
}
"""What writes an op; one that is not here is refused by name."""

_PIXELWISE = (BatchNorm, SkipAdd, SkipAverage, SkipSubtract, SkipMultiply)
"""Ops that can be computed in float64, which holds 53 bits."""


def _windows(op: Any) -> dict[str, Any]:
    pad: Padding = op.padding
    return {
        "kernel_shape": list(op.pool),
        "strides": list(op.strides),
        "pads": [pad.top, pad.left, pad.bottom, pad.right],
    }


def _largest(interval: Interval) -> int:
    return max(abs(interval.low), abs(interval.high))


def _ends(exact: Interval, shift: int) -> tuple[int, int]:
    """Both ends in steps of a format, rounded outwards."""
    if shift <= 0:
        return exact.low << -shift, exact.high << -shift
    return exact.low >> shift, -(-exact.high >> shift)


def _has_codes(fmt: FixedFormat) -> bool:
    """Whether a Quant has the codes of a format: of one bit with a sign, it is a sign function."""
    return not (fmt.signed and fmt.width == 1)
