"""An immutable, topologically ordered graph of ops."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from fcn_hw.errors import GraphError, nearest
from fcn_hw.ops import Op, Operands, Tensor
from fcn_hw.ops.input import Input


@dataclass(frozen=True)
class Graph:
    """A quantized network.

    Args:
        name: a C identifier; the name of the top function.
        ops: each after the ops that it reads.
        outputs: names of the ops whose tensors leave the graph.

    Raises:
        GraphError: a name occurs twice, or an op reads a tensor that no earlier op writes. The
            rules on shapes, formats and ranges are :func:`fcn_hw.ir.verify.verify`'s.
    """

    name: str
    ops: tuple[Op, ...]
    outputs: tuple[str, ...]

    def __post_init__(self) -> None:
        problems: list[str] = []
        known: set[str] = set()
        for op in self.ops:
            if op.name in known:
                problems.append(f"op '{op.name}' occurs twice")
            if op.output.name != op.name:
                problems.append(f"op '{op.name}' writes a tensor named '{op.output.name}'")
            for name in op.inputs:
                if name not in known:
                    problems.append(f"op '{op.name}' reads '{name}', which no earlier op writes")
            known.add(op.name)
        problems += [f"output '{n}' is written by no op" for n in self.outputs if n not in known]
        if not self.outputs:
            problems.append("the graph has no output")
        if problems:
            raise GraphError(problems, where=f"graph '{self.name}'")

    @cached_property
    def _by_name(self) -> dict[str, Op]:
        return {op.name: op for op in self.ops}

    @cached_property
    def _readers(self) -> dict[str, tuple[Op, ...]]:
        readers: dict[str, list[Op]] = {op.name: [] for op in self.ops}
        for op in self.ops:
            for name in op.inputs:
                readers[name].append(op)
        return {name: tuple(ops) for name, ops in readers.items()}

    def __getitem__(self, name: str) -> Op:
        try:
            return self._by_name[name]
        except KeyError:
            raise GraphError(
                [f"there is no op '{name}'; near: {nearest(name, self._by_name)}"],
                where=f"graph '{self.name}'",
            ) from None

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    @property
    def inputs(self) -> tuple[Input, ...]:
        """The ports where frames come in."""
        return tuple(op for op in self.ops if isinstance(op, Input))

    @property
    def computed(self) -> tuple[Op, ...]:
        """All other ops: each is a process in hardware."""
        return tuple(op for op in self.ops if not isinstance(op, Input))

    def tensor(self, name: str) -> Tensor:
        return self[name].output

    def operands(self, op: Op) -> Operands:
        """The tensors that ``op`` reads."""
        return tuple(self.tensor(name) for name in op.inputs)

    def readers(self, name: str) -> tuple[Op, ...]:
        """The ops that read the tensor, one entry for each time it is read."""
        return self._readers[name]

    def with_ops(self, ops: Iterable[Op], outputs: Iterable[str] | None = None) -> Graph:
        """A graph of the same name with other ops."""
        return Graph(self.name, tuple(ops), self.outputs if outputs is None else tuple(outputs))
