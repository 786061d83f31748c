"""What the abstract execution keeps: references, pipelined regions, dataflow regions, frames."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from fcn_hw.lint.findings import Place
from fcn_hw.lint.functions import Function
from fcn_hw.lint.memory import Access
from fcn_hw.lint.symbols import Value
from fcn_hw.lint.tree import Node

Key = tuple[Any, ...]
"""Tells variables apart: where one lives, its declaration, and the names of members."""
Values = dict[Key, Value]


@dataclass(frozen=True)
class Ref:
    """Something that can be read and written.

    Args:
        key: of the variable: where it lives, and the names of members.
        dimensions: of the array, ``()`` of a scalar.
        indices: of the dimensions that are indexed already.
    """

    key: Key
    dimensions: tuple[int, ...] = ()
    indices: tuple[Value, ...] = ()


@dataclass(eq=False)
class Region:
    """A pipelined loop or function, and the accesses of one of its iterations."""

    place: Place
    name: str
    ii: int
    accesses: list[Access] = field(default_factory=list)


@dataclass(eq=False)
class Process:
    """A call in a dataflow region, and the memories that it reads and writes."""

    node: Node
    function: Function
    reads: set[int] = field(default_factory=set)
    writes: set[int] = field(default_factory=set)


@dataclass(eq=False)
class Dataflow:
    """A dataflow region: a function that holds the pragma.

    Args:
        function: whose body it is.
        processes: its calls, in order.
        ports: number of the memory behind each parameter that is a stream or an array.
        channels: numbers of its own streams and arrays.
    """

    function: Function
    processes: list[Process] = field(default_factory=list)
    ports: dict[str, int] = field(default_factory=dict)
    channels: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Excess:
    """A loop whose unrolling is too large."""

    place: Place
    copies: int


@dataclass(eq=False)
class Frame:
    """A call that is being executed.

    Args:
        number: tells calls apart.
        this: the object of a method.
        names, words: variables by the number and by the name of their declaration.
        results: what its return statements gave.
        exits: the values of variables at its return statements.
        dataflow: the region that its body is.
    """

    function: Function
    number: int
    this: Ref | None
    names: dict[int, Ref] = field(default_factory=dict)
    words: dict[str, Ref] = field(default_factory=dict)
    results: list[Ref | Value] = field(default_factory=list)
    exits: list[Values] = field(default_factory=list)
    dataflow: Dataflow | None = None
