"""A QONNX file's graph as plain data, each node behind those that it reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

ONNX = ""
"""The domain of ONNX's own operators."""


@dataclass(frozen=True, eq=False)
class Node:
    """One node.

    Args:
        path: its name, or that of its first output where the file gives it none of its own.
        kind: operator.
        domain: of the operator; ``""`` for ONNX's own and for qonnx's, whatever they are called.
        inputs, outputs: names of tensors, ``""`` for one that is left out.
        attributes: numbers, texts, arrays and lists of numbers.
        version: of the operator's domain.
    """

    path: str
    kind: str
    domain: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]
    version: int

    @property
    def output(self) -> str:
        return self.outputs[0]


@dataclass(frozen=True, eq=False)
class Program:
    """A vetted graph.

    Args:
        inputs: tensors that come in, with their shapes; None for a size that the file leaves open.
        outputs: names of the tensors that go out.
        constants: initializers.
        nodes: in order.
    """

    inputs: tuple[tuple[str, tuple[int | None, ...]], ...]
    outputs: tuple[str, ...]
    constants: Mapping[str, Array]
    nodes: tuple[Node, ...]

    @property
    def ends(self) -> frozenset[str]:
        """The tensors that go out and that no node reads."""
        return frozenset(self.outputs) - {name for node in self.nodes for name in node.inputs}


def as_array(value: Any) -> Array:
    """A copy of native byte order."""
    found = np.array(value)
    return found.astype(found.dtype.newbyteorder("="), copy=False)
