"""Arrays as memories: which dimension is an address, which a word, which a bank.

ARRAY_RESHAPE makes a dimension the elements of a word, ARRAY_PARTITION one of banks of their own;
what is left are addresses. Accesses that no iteration makes together share a port.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Literal

from fcn_hw.costs.memory import LUTRAM_WORDS
from fcn_hw.errors import NotSynthesizable
from fcn_hw.rtl.control_flow import ControlFlow
from fcn_hw.rtl.ir import Builder, Load, Memory, Node, Store, mask
from fcn_hw.rtl.llvm import Function, Global, Local, Number, Variable, dimensions

Kind = Literal["address", "word", "bank"]

MARKS = ("fcn_hw_reshape", "fcn_hw_partition", "fcn_hw_distance", "fcn_hw_storage")
"""Functions of ``hls_stream.h`` that pragmas have become."""


def mark_of(callee: str) -> str | None:
    """The mark that a call is, by its mangled name."""
    return next((mark for mark in MARKS if mark in callee), None)


@dataclass(frozen=True)
class Place:
    """Where an element of an array is."""

    bank: Node
    address: Node
    element: Node


@dataclass(frozen=True)
class ArrayLayout:
    """How an array with a life of its own is kept.

    Args:
        extents: of its dimensions.
        kinds: what each dimension becomes.
        element_bits: of an element.
        distance: of DEPENDENCE; 0 where the source states none.
        lutram: what BIND_STORAGE asks for; where it does not, as ``costs.memory.ram`` assumes.
    """

    variable: Variable
    extents: tuple[int, ...]
    kinds: tuple[Kind, ...]
    element_bits: int
    distance: int
    lutram: bool

    def count(self, kind: Kind) -> int:
        """Banks, words of a bank, or elements of a word."""
        found = 1
        for extent, own in zip(self.extents, self.kinds, strict=True):
            found *= extent if own == kind else 1
        return found

    @property
    def strides(self) -> tuple[int, ...]:
        found = [1] * len(self.extents)
        for at in range(len(found) - 2, -1, -1):
            found[at] = found[at + 1] * self.extents[at + 1]
        return tuple(found)

    def coordinates(self, position: int) -> tuple[int, int, int]:
        """Bank, address and element of an element by its position in the array."""
        found = {"bank": 0, "address": 0, "word": 0}
        for extent, stride, kind in zip(self.extents, self.strides, self.kinds, strict=True):
            index, position = divmod(position, stride)
            found[kind] = found[kind] * extent + index
        return found["bank"], found["address"], found["word"]

    def place(self, build: Builder, indices: Sequence[Node]) -> Place:
        """Where the element of some indices is; nodes of 32 bits."""
        zero = build.constant(0, 32)
        found: dict[str, Node] = {"bank": zero, "address": zero, "word": zero}
        for extent, kind, index in zip(self.extents, self.kinds, indices, strict=True):
            scaled = build.make("mul", 32, (found[kind], build.constant(extent, 32)))
            found[kind] = build.make("add", 32, (scaled, index))
        return Place(found["bank"], found["address"], found["word"])


def layouts_of(function: Function) -> dict[str, ArrayLayout]:
    """The layout of every global array, by name.

    Raises:
        NotSynthesizable: a pragma names a dimension that the array does not have.
    """
    marks: dict[str, list[tuple[str, int, str]]] = {}
    for lines in function.blocks.values():
        for line in lines:
            mark = mark_of(line.callee) if line.opcode == "call" else None
            if mark is None:
                continue
            array, number = line.operands[0][1], line.operands[1][1]
            base = getattr(array, "base", array)
            if isinstance(base, (Global, Local)) and isinstance(number, Number):
                marks.setdefault(base.name, []).append((mark, number.value, line.line))
    found = {}
    for name, variable in function.variables.items():
        extents, bits = dimensions(variable.type)
        kinds: list[Kind] = ["address"] * len(extents)
        distance, stated = 0, None
        for mark, given, line_of_mark in marks.get(name, []):
            if mark == "fcn_hw_distance":
                distance = given
            elif mark == "fcn_hw_storage":
                stated = bool(given)
            else:
                kind: Kind = "word" if mark == "fcn_hw_reshape" else "bank"
                if given > len(extents):
                    raise NotSynthesizable(line_of_mark, f"array '{name}' has no dimension {given}")
                chosen = range(len(extents)) if given == 0 else [given - 1]
                for at in chosen:
                    kinds[at] = kind
        layout = ArrayLayout(variable, extents, tuple(kinds), bits, distance, stated is True)
        if stated is None:
            layout = replace(layout, lutram=layout.count("address") <= LUTRAM_WORDS)
        found[name] = layout
    return found


@dataclass
class _Access:
    """A load or a store in a block; ``element`` is None where any may be meant."""

    element: int | None
    block: str
    step: int
    line: str


@dataclass
class _LoadPort:
    address: Node
    node: Node
    condition: Node
    accesses: list[_Access]


@dataclass
class _StorePort:
    address: Node
    enable: Node
    block: str
    line: str
    elements: dict[int, Node] = field(default_factory=dict)
    accesses: list[_Access] = field(default_factory=list)


class Bank:
    """A memory while its process is converted: accesses come in the order of the program."""

    def __init__(self, build: Builder, layout: ArrayLayout, number: int, name: str) -> None:
        self.build = build
        self.name = name
        self.layout = layout
        self.elements = layout.count("word")
        self.element_bits = layout.element_bits
        self.depth = layout.count("address")
        self.image = self._image(number) if layout.variable.constant else None
        self.loads: list[_LoadPort] = []
        self.stores: list[_StorePort] = []

    def _image(self, number: int) -> list[int]:
        words = [0] * self.depth
        for position, value in enumerate(self.layout.variable.initial):
            bank, address, element = self.layout.coordinates(position)
            if bank == number:
                words[address] |= (value & mask(self.element_bits)) << (element * self.element_bits)
        return words

    def load(
        self, address: Node, element: Node, condition: Node, block: str, step: int, line: str
    ) -> list[Node]:
        """The elements of the word at an address."""
        build, bits = self.build, self.element_bits
        if self.image is not None and self.depth == 1:
            word = self.image[0]
            return [build.constant(word >> (k * bits), bits) for k in range(self.elements)]
        for port in self.loads:
            if port.address is address:
                break
        else:
            width = bits * self.elements
            node = build.raw("load", width, value=len(self.loads), label=self.name)
            port = _LoadPort(address, node, condition, [])
            self.loads.append(port)
        port.condition = build.either(port.condition, condition)
        known = element.value if element.op == "const" else None
        port.accesses.append(_Access(known, block, step, line))
        return [build.get(port.node, k * bits, bits) for k in range(self.elements)]

    def store(
        self,
        address: Node,
        element: int,
        enable: Node,
        value: Node,
        block: str,
        step: int,
        line: str,
    ) -> None:
        """Stores an element of the word at an address."""
        for port in self.stores:
            if port.address is address and port.enable is enable:
                break
        else:
            port = _StorePort(address, enable, block, line)
            self.stores.append(port)
        port.elements[element] = value
        port.accesses.append(_Access(element, block, step, line))

    def finished(self, flow: ControlFlow) -> tuple[Memory, dict[Node, Node]]:
        """The memory, and what stands for loads that share the port of another one.

        Raises:
            NotSynthesizable: one iteration has more accesses than there are ports, or writes a part
                of a word.
        """
        store = self._store(flow)
        loads, replaced = self._load_ports(flow)
        memory = Memory(
            self.name,
            self.depth,
            self.element_bits * self.elements,
            None if self.image is None else tuple(self.image),
            self.layout.lutram,
            tuple(loads),
            store,
            self._write_first(flow),
            self.layout.distance,
        )
        return memory, replaced

    def _store(self, flow: ControlFlow) -> Store | None:
        build = self.build
        for port in self.stores:
            if len(port.elements) != self.elements:
                raise NotSynthesizable(
                    port.line,
                    f"{len(port.elements)} of the {self.elements} elements of a word of "
                    f"'{self.name}' are written, which takes a read before it",
                )
        for a, b in combinations(self.stores, 2):
            if not flow.exclusive(a.block, b.block):
                raise NotSynthesizable(
                    b.line,
                    f"an iteration writes '{self.name}' twice, whose memory has one write port "
                    f"(the other write: {a.line})",
                )
        if not self.stores:
            return None
        enable = build.any_of(port.enable for port in self.stores)
        address = _chosen(build, [(port.enable, port.address) for port in self.stores])
        word = [
            _chosen(build, [(port.enable, port.elements[k]) for port in self.stores])
            for k in range(self.elements)
        ]
        width = self.element_bits * self.elements
        return Store(enable, address, build.raw("join", width, word))

    def _load_ports(self, flow: ControlFlow) -> tuple[list[Load], dict[Node, Node]]:
        """A ROM has a port for each address; a RAM has one, for addresses of different
        iterations."""
        if self.image is not None or len(self.loads) < 2:
            return [Load(port.node, port.address) for port in self.loads], {}
        for a, b in combinations(self.loads, 2):
            clash = [
                (x, y)
                for x in a.accesses
                for y in b.accesses
                if not flow.exclusive(x.block, y.block)
            ]
            if clash:
                raise NotSynthesizable(
                    clash[0][1].line,
                    f"an iteration reads two words of '{self.name}', whose memory has one read "
                    f"port (the other read: {clash[0][0].line})",
                )
        first = self.loads[0]
        address = _chosen(self.build, [(port.condition, port.address) for port in self.loads])
        return [Load(first.node, address)], {port.node: first.node for port in self.loads[1:]}

    def _write_first(self, flow: ControlFlow) -> bool:
        """Whether an iteration's store stands before its load.

        Raises:
            NotSynthesizable: both orders are found.
        """
        before = after = False
        for load in self.loads:
            for store in self.stores:
                for x in load.accesses:
                    for y in store.accesses:
                        if x.element is not None and x.element != y.element:
                            continue
                        same = x.block == y.block
                        if (same and y.step < x.step) or y.block in flow.ancestors[x.block]:
                            before = True
                        elif (same and x.step < y.step) or x.block in flow.ancestors[y.block]:
                            after = True
        if before and after:
            raise NotSynthesizable(
                self.stores[0].line,
                f"an iteration writes '{self.name}' between two reads of it",
            )
        return not after


def _chosen(build: Builder, pairs: Sequence[tuple[Node, Node]]) -> Node:
    """The value whose condition holds; one of them does."""
    found = build.undefined(pairs[0][1].width)
    for condition, value in pairs:
        found = build.select(condition, value, found)
    return found
