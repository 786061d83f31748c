"""Building a graph op by op: shapes, accumulators and exact formats are derived here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from fcn_hw.fixed import FixedFormat, smallest_format
from fcn_hw.intervals import Interval
from fcn_hw.ir.graph import Graph
from fcn_hw.ir.verify import verify
from fcn_hw.ops import Constant, Op, Tensor, op_classes
from fcn_hw.ops.arg_max import CLASS_FORMAT
from fcn_hw.ops.input import Input
from fcn_hw.scaling import Scaling


class GraphBuilder:
    """Collects ops in topological order.

    :meth:`add` adds an op of any class. Each op of fcn_hw also has a method of its snake-case name,
    which takes the op's fields in their order, without those that are derived, then ``size`` where
    the output's size is given, then ``fmt``::

        build.conv2d("conv1", "image", weight, bias, padding=Padding(1, 1, 1, 1), fmt=fmt)
        build.add(Conv2D, "conv1", "image", weight=weight, bias=bias, ...)  # the same

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
        origin = name if origin is None else origin
        # scaled codes are not what the source model's input layer holds
        layer = origin if scaling is None else ""
        return self.again(Input(name, (), Tensor(name, shape, fmt), scaling, origin=layer), fmt)

    def add(
        self,
        kind: type[Op],
        name: str,
        *sources: str,
        fmt: FixedFormat | None = None,
        origin: str | None = None,
        **own: Any,
    ) -> str:
        """Adds an op and returns its name.

        Args:
            sources: names of the ops that it reads.
            fmt: of its output; None takes the narrowest format that holds every value that can
                occur, so that nothing is rounded.
            origin: the source layer whose output the tensor equals, ``""`` for none; None takes the
                layer of the op's name.
            own: the fields that :class:`Op` has not, and ``size`` where the output's is given.
        """
        operands = tuple(self.tensor(source) for source in sources)
        origin = name if origin is None else origin
        return self.again(kind.draft(name, sources, operands, origin=origin, **own), fmt)

    def above_zero(self, name: str, source: str) -> str:
        """Class 1 where one channel of scores is above 0, class 0 elsewhere."""
        fraction = self.tensor(source).format.fraction
        bit = smallest_format(0, 1, 0)
        thresholds = Constant(np.ones((1, 1), np.int64), smallest_format(0, 1, fraction))
        base, step = (Constant(np.array([code]), bit) for code in (0, 1))
        return self.threshold(name, source, thresholds, base, step, fmt=CLASS_FORMAT, origin="")

    def again(self, op: Op, fmt: FixedFormat | None = None) -> str:
        """An op of another graph, on operands that may have other formats.

        Args:
            fmt: of its output; None derives it, as for a new op.
        """
        assert op.name not in self._ops, f"'{op.name}' is already in the graph"
        operands = tuple(self.tensor(name) for name in op.inputs)
        exact = op.interval([self._ranges[name] for name in op.inputs])
        narrow = smallest_format(exact.low, exact.high, exact.fraction)
        chosen = op.source_format(operands) or fmt or narrow
        derived: dict[str, Any] = {"output": Tensor(op.name, op.shape(operands), chosen)}
        if op.accumulator is not None:
            derived["accum"] = narrow
        self._ops[op.name] = replace(op, **derived)
        self._ranges[op.name] = exact.converted(chosen)
        return op.name

    def holds(self, name: str, origin: str) -> None:
        """Says that an op that is there holds the output of a source layer."""
        self._ops[name] = replace(self._ops[name], origin=origin)

    def __getattr__(self, name: str) -> Callable[..., str]:
        """The method of an op."""
        for kind in op_classes():
            if kind.snake_name() == name:
                return self._method(kind)
        raise AttributeError(f"there is no op '{name}'")

    def _method(self, kind: type[Op]) -> Callable[..., str]:
        labels = [label for label in kind.own_fields() if label not in kind.derived]

        def method(name: str, *given: Any, **own: Any) -> str:
            sources = [item for item in given if isinstance(item, str)]
            values = list(given[len(sources) :])
            if values and isinstance(values[-1], FixedFormat):
                own["fmt"] = values.pop()
            own |= zip([*labels, "size"], values, strict=False)
            return self.add(kind, name, *sources, **own)

        return method
