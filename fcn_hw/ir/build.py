"""Building a graph op by op: shapes, accumulators and exact formats are derived here.

Every method returns the new op's name. Where no ``fmt`` is given, the output has the narrowest
format that holds every value that can occur, so nothing is rounded. ``origin`` is the source layer
whose output the tensor equals; by default the layer of the op's name, ``""`` for none.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from fcn_hw.fixed import FixedFormat, smallest_format
from fcn_hw.ir.graph import Graph
from fcn_hw.ir.intervals import Interval, exact_interval
from fcn_hw.ir.ops import (
    ACCUMULATING,
    ArgMax,
    AveragePool2D,
    BatchNorm,
    Constant,
    Conv2D,
    ConvTranspose2D,
    Crop2D,
    DepthwiseConv2D,
    Input,
    Lookup,
    MaxPool2D,
    Op,
    Padding,
    Pair,
    Quantize,
    Relu,
    SkipAdd,
    SkipConcat,
    SkipMaximum,
    SkipSubtract,
    Tensor,
    Threshold,
    UpsampleBilinear,
    UpsampleNearest,
    ZeroPad2D,
)
from fcn_hw.ir.outputs import CLASS_FORMAT
from fcn_hw.ir.pooling import window_multiple
from fcn_hw.ir.shapes import output_shape
from fcn_hw.ir.verify import verify
from fcn_hw.scaling import Scaling

_ANY = FixedFormat(signed=True, width=1, integer=1)  # stands until the real format is derived


def _origin(origin: str | None, name: str) -> str:
    """The source layer: an op is named after its layer unless told otherwise."""
    return name if origin is None else origin


class GraphBuilder:
    """Collects ops in topological order.

    Args:
        name: of the graph, a C identifier.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._ops: dict[str, Op] = {}
        self._ranges: dict[str, Interval] = {}

    def finish(self, *outputs: str) -> Graph:
        """The verified graph.

        Raises:
            GraphError: with every broken rule.
        """
        return verify(Graph(self.name, tuple(self._ops.values()), outputs))

    def tensor(self, name: str) -> Tensor:
        return self._ops[name].output

    def op(self, name: str) -> Op:
        return self._ops[name]

    def interval(self, name: str) -> Interval:
        """What a tensor can hold."""
        return self._ranges[name]

    def input(
        self,
        name: str,
        shape: tuple[int, int, int],
        fmt: FixedFormat,
        *,
        scaling: Scaling | None = None,
        origin: str | None = None,
    ) -> str:
        # scaled codes are not what the source model's input layer holds
        layer = _origin(origin, name) if scaling is None else ""
        return self._add(Input(name, (), Tensor(name, shape, fmt), scaling, origin=layer), fmt)

    def conv2d(
        self,
        name: str,
        source: str,
        weight: Constant,
        bias: Constant | None = None,
        *,
        strides: Pair = (1, 1),
        dilation: Pair = (1, 1),
        padding: Padding = Padding(),
        fmt: FixedFormat | None = None,
        origin: str | None = None,
    ) -> str:
        op = Conv2D(
            name, (source,), self._blank(name, source), weight, _ANY, bias,
            strides, dilation, padding, origin=_origin(origin, name),
        )  # fmt: skip
        return self._add(op, fmt)

    def depthwise_conv2d(
        self,
        name: str,
        source: str,
        weight: Constant,
        bias: Constant | None = None,
        *,
        strides: Pair = (1, 1),
        dilation: Pair = (1, 1),
        padding: Padding = Padding(),
        fmt: FixedFormat | None = None,
        origin: str | None = None,
    ) -> str:
        op = DepthwiseConv2D(
            name, (source,), self._blank(name, source), weight, _ANY, bias,
            strides, dilation, padding, origin=_origin(origin, name),
        )  # fmt: skip
        return self._add(op, fmt)

    def conv_transpose2d(
        self,
        name: str,
        source: str,
        weight: Constant,
        bias: Constant | None = None,
        *,
        strides: Pair = (1, 1),
        crop: Pair = (0, 0),
        size: Pair,
        fmt: FixedFormat | None = None,
        origin: str | None = None,
    ) -> str:
        output = Tensor(name, (*size, weight.codes.shape[3]), _ANY)
        op = ConvTranspose2D(
            name, (source,), output, weight, _ANY, bias, strides, crop, origin=_origin(origin, name)
        )
        return self._add(op, fmt)

    def max_pool2d(
        self,
        name: str,
        source: str,
        pool: Pair,
        strides: Pair | None = None,
        padding: Padding = Padding(),
        *,
        origin: str | None = None,
    ) -> str:
        blank = self._blank(name, source)
        op = MaxPool2D(
            name, (source,), blank, pool, strides or pool, padding, origin=_origin(origin, name)
        )
        return self._move(op)

    def average_divisor(self, source: str, pool: Pair, strides: Pair, padding: Padding) -> int:
        """The ``divisor`` that an average pooling of ``source`` will have."""
        return self._average("", source, pool, strides, padding, "").divisor

    def average_pool2d(
        self,
        name: str,
        source: str,
        pool: Pair,
        strides: Pair | None = None,
        padding: Padding = Padding(),
        *,
        fmt: FixedFormat | None = None,
        origin: str | None = None,
    ) -> str:
        op = self._average(name, source, pool, strides or pool, padding, _origin(origin, name))
        return self._add(op, fmt)

    def batch_norm(
        self,
        name: str,
        source: str,
        scale: Constant,
        bias: Constant,
        *,
        fmt: FixedFormat | None = None,
        origin: str | None = None,
    ) -> str:
        blank = self._blank(name, source)
        return self._add(
            BatchNorm(name, (source,), blank, scale, bias, _ANY, origin=_origin(origin, name)), fmt
        )

    def threshold(
        self,
        name: str,
        source: str,
        thresholds: Constant,
        base: Constant,
        step: Constant,
        *,
        fmt: FixedFormat | None = None,
        origin: str | None = None,
    ) -> str:
        blank = self._blank(name, source)
        op = Threshold(name, (source,), blank, thresholds, base, step, origin=_origin(origin, name))
        return self._add(op, fmt)

    def lookup(
        self,
        name: str,
        source: str,
        table: Constant,
        *,
        fmt: FixedFormat | None = None,
        origin: str | None = None,
    ) -> str:
        blank = self._blank(name, source)
        return self._add(Lookup(name, (source,), blank, table, origin=_origin(origin, name)), fmt)

    def upsample_nearest(
        self, name: str, source: str, scale: Pair, *, origin: str | None = None
    ) -> str:
        blank = self._blank(name, source)
        return self._move(
            UpsampleNearest(name, (source,), blank, scale, origin=_origin(origin, name))
        )

    def upsample_bilinear(
        self,
        name: str,
        source: str,
        scale: Pair,
        *,
        fmt: FixedFormat | None = None,
        origin: str | None = None,
    ) -> str:
        blank = self._blank(name, source)
        op = UpsampleBilinear(name, (source,), blank, scale, origin=_origin(origin, name))
        return self._add(op, fmt)

    def skip_add(
        self, name: str, *sources: str, fmt: FixedFormat | None = None, origin: str | None = None
    ) -> str:
        blank = self._blank(name, sources[0])
        return self._add(SkipAdd(name, sources, blank, _ANY, origin=_origin(origin, name)), fmt)

    def skip_subtract(
        self, name: str, *sources: str, fmt: FixedFormat | None = None, origin: str | None = None
    ) -> str:
        blank = self._blank(name, sources[0])
        op = SkipSubtract(name, sources, blank, _ANY, origin=_origin(origin, name))
        return self._add(op, fmt)

    def skip_maximum(
        self, name: str, *sources: str, fmt: FixedFormat | None = None, origin: str | None = None
    ) -> str:
        blank = self._blank(name, sources[0])
        op = SkipMaximum(name, sources, blank, _ANY, origin=_origin(origin, name))
        return self._add(op, fmt)

    def skip_concat(
        self, name: str, *sources: str, fmt: FixedFormat | None = None, origin: str | None = None
    ) -> str:
        blank = self._blank(name, sources[0])
        return self._add(SkipConcat(name, sources, blank, origin=_origin(origin, name)), fmt)

    def crop2d(
        self, name: str, source: str, offset: Pair, size: Pair, *, origin: str | None = None
    ) -> str:
        output = Tensor(name, (*size, self.tensor(source).channels), _ANY)
        return self._move(Crop2D(name, (source,), output, offset, origin=_origin(origin, name)))

    def zero_pad2d(
        self, name: str, source: str, padding: Padding, *, origin: str | None = None
    ) -> str:
        blank = self._blank(name, source)
        return self._move(ZeroPad2D(name, (source,), blank, padding, origin=_origin(origin, name)))

    def quantize(
        self, name: str, source: str, fmt: FixedFormat, *, origin: str | None = None
    ) -> str:
        blank = self._blank(name, source)
        return self._add(Quantize(name, (source,), blank, origin=_origin(origin, name)), fmt)

    def relu(
        self, name: str, source: str, fmt: FixedFormat | None = None, *, origin: str | None = None
    ) -> str:
        blank = self._blank(name, source)
        return self._add(Relu(name, (source,), blank, origin=_origin(origin, name)), fmt)

    def own(
        self,
        kind: type[Op],
        name: str,
        *sources: str,
        fmt: FixedFormat | None = None,
        origin: str | None = None,
        **own_fields: Any,
    ) -> str:
        """An op of a class that ``fcn_hw.extend`` has registered.

        Args:
            own_fields: the fields that :class:`Op` has not.
        """
        blank = self._blank(name, sources[0])
        op = kind(name, sources, blank, origin=_origin(origin, name), **own_fields)
        return self._add(op, fmt)

    def arg_max(self, name: str, source: str, *, origin: str | None = None) -> str:
        blank = self._blank(name, source)
        return self._add(ArgMax(name, (source,), blank, origin=origin or ""), CLASS_FORMAT)

    def above_zero(self, name: str, source: str) -> str:
        """Class 1 where one channel of scores is above 0, class 0 elsewhere."""
        fraction = self.tensor(source).format.fraction
        return self.threshold(
            name,
            source,
            Constant(np.ones((1, 1), np.int64), smallest_format(0, 1, fraction)),
            Constant(np.zeros(1, np.int64), smallest_format(0, 1, 0)),
            Constant(np.ones(1, np.int64), smallest_format(0, 1, 0)),
            fmt=CLASS_FORMAT,
            origin="",
        )

    def again(self, op: Op, fmt: FixedFormat | None = None) -> str:
        """An op of another graph, on operands that may have other formats.

        Args:
            fmt: of its output; None derives it, as for a new op.
        """
        if isinstance(op, (MaxPool2D, UpsampleNearest, Crop2D, ZeroPad2D)):
            return self._move(op)
        return self._add(op, fmt)

    # -- inside ------------------------------------------------------------------------------------

    def _average(
        self, name: str, source: str, pool: Pair, strides: Pair, padding: Padding, origin: str
    ) -> AveragePool2D:
        blank = self._blank(name, source)
        op = AveragePool2D(name, (source,), blank, pool, strides, _ANY, 1, padding, origin=origin)
        shape = output_shape(op, (self.tensor(source),))
        assert shape is not None, "a pooling's shape follows from its fields"
        size, windows = self.tensor(source).shape[:2], shape[:2]
        return replace(op, multiple=window_multiple(size, pool, strides, padding, windows))

    def _blank(self, name: str, source: str) -> Tensor:
        return Tensor(name, self.tensor(source).shape, _ANY)

    def _move(self, op: Op) -> str:
        """An op that moves pixels: the input's format stays, conversion modes are moot."""
        source = self.tensor(op.inputs[0]).format
        return self._add(op, FixedFormat(source.signed, source.width, source.integer))

    def _add(self, op: Op, fmt: FixedFormat | None) -> str:
        assert op.name not in self._ops, f"'{op.name}' is already in the graph"
        operands = tuple(self.tensor(name) for name in op.inputs)
        shape = output_shape(op, operands) or op.output.shape
        exact = exact_interval(
            replace(op, output=replace(op.output, format=fmt)) if fmt else op,
            [self._ranges[name] for name in op.inputs],
        )
        narrow = smallest_format(exact.low, exact.high, exact.fraction)
        if isinstance(op, ACCUMULATING):
            op = replace(op, accum=narrow)
        chosen = fmt or narrow
        op = replace(op, output=Tensor(op.name, shape, chosen))
        self._ops[op.name] = op
        self._ranges[op.name] = exact.converted(chosen)
        return op.name
