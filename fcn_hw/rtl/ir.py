"""The IR of the compiler: what a process does in one iteration of its one pipeline.

A :class:`ProcessGraph` is a graph of operations on bit vectors. It has no control flow: all
innermost loops of a process, and successive frames, are iterations of one pipeline with an interval
of one clock. What an iteration leaves to the next one is in registers and memories; what it reads
and writes has a condition.

Nodes are immutable and made by a :class:`Builder`, which gives equal ones the same object and folds
what is constant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

LEAVES = frozenset({"const", "undef", "register", "read", "load"})
"""Operations without operands: a constant, any value, a register's value at the start of the
iteration, the pixel that the iteration reads, the word that it loads from a memory."""

COMPARISONS = frozenset("eq ult ule ugt uge slt sle sgt sge".split())

DSP = "dsp"
"""The label of a product that is to be made in a DSP slice."""

TABLES = "tables"
"""The label of a product that is a table of its factors' bits, and of sums of such products."""


@dataclass(frozen=True, eq=False, slots=True)
class Node:
    """An operation.

    ``get`` takes ``width`` bits at bit ``value`` of its operand; ``join`` has its operands behind
    one another, the first one in the lowest bits; ``pick`` takes the operand whose number, counted
    from the second operand on, is the value of the first. The other names are LLVM's.

    Args:
        id: in the order of making; operands come first.
        width: bits of the result; 0 for the empty join.
        value: of a constant, unsigned; the bit of ``get``; the number of a load.
        label: the register's, stream's or memory's name; of a product :data:`DSP`,
            :data:`TABLES` or ``""``; of a sum :data:`TABLES` or ``""``.
        name: that the C++ has for it, or ``""``.
        line: ``windows.h:192``, or ``""``.
    """

    id: int
    op: str
    width: int
    operands: tuple[Node, ...]
    value: int
    label: str
    name: str = field(default="")
    line: str = field(default="")

    def __repr__(self) -> str:
        return f"{self.op}#{self.id}:{self.width}"


def dsp_product(node: Node) -> Node | None:
    """The product that a node is, extended or not, if it is to be made in a DSP slice."""
    while node.op in ("sext", "zext"):
        (node,) = node.operands
    return node if node.op == "mul" and node.label == DSP else None


def of_tables(node: Node) -> bool:
    """Whether a term of a sum, extended or cut or not, is a sum of tables."""
    while node.op in ("sext", "zext", "trunc"):
        (node,) = node.operands
    return node.label == TABLES


def mask(width: int) -> int:
    """All ones."""
    return (1 << width) - 1


def signed(code: int, width: int) -> int:
    """A code as a two's complement number."""
    code &= mask(width)
    return code - (1 << width) if width and code >> (width - 1) else code


@dataclass(frozen=True)
class Register:
    """A value that lives from iteration to iteration.

    Args:
        node: its value at the start of an iteration.
        next: its value at the end.
        initial: before the first iteration.
        bounds: least and largest value where a loop states them, else None.
    """

    node: Node
    next: Node
    initial: int
    bounds: tuple[int, int] | None = None


@dataclass(frozen=True)
class Read:
    """A read of a stream, at most one an iteration.

    Args:
        node: the pixel.
        enable: whether the iteration reads.
    """

    stream: str
    node: Node
    enable: Node


@dataclass(frozen=True)
class Write:
    """A write of a stream, at most one an iteration."""

    stream: str
    enable: Node
    pixel: Node


@dataclass(frozen=True)
class Load:
    """A read port of a memory; a load that the iteration does not need is harmless."""

    node: Node
    address: Node


@dataclass(frozen=True)
class Store:
    """The write port of a memory."""

    enable: Node
    address: Node
    word: Node


@dataclass(frozen=True)
class Memory:
    """A RAM with one write port, or a ROM.

    Args:
        name: that the C++ has for it.
        depth: words.
        width: bits of a word.
        image: its words where it is a ROM, else None.
        lutram: whether it is in LUTs, and not in block RAM.
        write_first: in an iteration a load sees the store before it; otherwise it stands before it.
        distance: iterations from a store to a load of the same word, at least, as the source
        states.
    """

    name: str
    depth: int
    width: int
    image: tuple[int, ...] | None
    lutram: bool
    loads: tuple[Load, ...]
    store: Store | None
    write_first: bool
    distance: int

    @property
    def address_bits(self) -> int:
        return max(1, (self.depth - 1).bit_length())

    @property
    def bits(self) -> int:
        return self.depth * self.width

    def with_loads(self, loads: tuple[Load, ...]) -> Memory:
        """The memory with fewer read ports."""
        return replace(self, loads=loads)


@dataclass(frozen=True)
class ProcessGraph:
    """A process.

    Args:
        builder: of its nodes.
        begins: whether the iteration is the first one of a frame; it waits for the frame's token.
    """

    name: str
    builder: Builder
    registers: tuple[Register, ...]
    reads: tuple[Read, ...]
    writes: tuple[Write, ...]
    memories: tuple[Memory, ...]
    begins: Node

    def roots(self) -> Iterator[Node]:
        """What the outside and the memories see, of the registers nothing."""
        yield self.begins
        for read in self.reads:
            yield read.enable
        for write in self.writes:
            yield from (write.enable, write.pixel)
        for memory in self.memories:
            yield from (load.address for load in memory.loads)
            if memory.store is not None:
                yield from (memory.store.enable, memory.store.address, memory.store.word)

    def with_state(
        self, registers: tuple[Register, ...], memories: tuple[Memory, ...]
    ) -> ProcessGraph:
        """The process with other registers and memories."""
        return replace(self, registers=registers, memories=memories)

    def order(self) -> list[Node]:
        """Every node that is needed, operands first; the value of a register before its next
        one."""
        return reached((*self.roots(), *(r.next for r in self.registers)))

    def predecessors(self) -> Callable[[Node], tuple[Node, ...]]:
        """What a node's value depends on, through registers, streams and memories."""
        next_of = {register.node: register.next for register in self.registers}
        enable_of = {read.node: read.enable for read in self.reads}
        load_of = {load.node: (m, load) for m in self.memories for load in m.loads}

        def of(node: Node) -> tuple[Node, ...]:
            if node.op == "register":
                return (next_of[node],)
            if node.op == "read":
                return (enable_of[node],)
            if node.op == "load":
                memory, load = load_of[node]
                if memory.store is None or not memory.write_first:
                    return (load.address,)
                store = memory.store
                return (load.address, store.enable, store.address, *store.word.operands)
            return node.operands

        return of

    def rebuilt(self, change: Callable[[Node, Mapping[Node, Node]], Node | None]) -> ProcessGraph:
        """The process with other nodes in place of some.

        Args:
            change: of a node and of what all nodes below it have become; None keeps the node, on
                what its operands have become.
        """
        made: dict[Node, Node] = {}
        build = self.builder
        for node in self.order():
            build.name, build.line = node.name, node.line
            new = change(node, made)
            if new is None:
                operands = tuple(made[x] for x in node.operands)
                same = all(a is b for a, b in zip(operands, node.operands, strict=True))
                new = node if same else build.raw(
                    node.op, node.width, operands, node.value, node.label
                )  # fmt: skip
            made[node] = new
        build.name = build.line = ""
        return self.mapped(lambda node: made[node])

    def mapped(self, change: Callable[[Node], Node]) -> ProcessGraph:
        """The same process with other nodes at the ends of its wires."""
        return replace(
            self,
            registers=tuple(replace(r, next=change(r.next)) for r in self.registers),
            reads=tuple(replace(r, enable=change(r.enable)) for r in self.reads),
            writes=tuple(
                replace(w, enable=change(w.enable), pixel=change(w.pixel)) for w in self.writes
            ),
            memories=tuple(
                replace(
                    m,
                    loads=tuple(replace(item, address=change(item.address)) for item in m.loads),
                    store=m.store
                    and Store(
                        change(m.store.enable), change(m.store.address), change(m.store.word)
                    ),
                )
                for m in self.memories
            ),
            begins=change(self.begins),
        )


def reached(roots: Iterable[Node]) -> list[Node]:
    """Every node below the roots, operands first."""
    seen: set[int] = set()
    found: list[Node] = []
    stack = [(root, False) for root in roots]
    stack.reverse()
    while stack:
        node, done = stack.pop()
        if done:
            found.append(node)
        elif node.id not in seen:
            seen.add(node.id)
            stack.append((node, True))
            stack.extend((operand, False) for operand in reversed(node.operands))
    return found


def evaluate(op: str, width: int, values: tuple[int, ...], widths: tuple[int, ...]) -> int:
    """The value of an operation on constants; a division by zero gives 0."""
    a = values[0]
    b = values[1] if len(values) > 1 else 0
    if op in _ARITHMETIC:
        return _ARITHMETIC[op](a, b) & mask(width)
    if op == "sext":
        return signed(a, widths[0]) & mask(width)
    if op in ("zext", "trunc"):
        return a & mask(width)
    if op == "not":
        return ~a & mask(width)
    if op == "select":
        return values[1] if a else values[2]
    x, y = signed(a, widths[0]), signed(b, widths[-1])
    if op in _SIGNED:
        return int(_SIGNED[op](x, y)) & mask(width)
    return int(_UNSIGNED[op](a, b)) & mask(width)


_ARITHMETIC: dict[str, Callable[[int, int], int]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "and": lambda a, b: a & b,
    "or": lambda a, b: a | b,
    "xor": lambda a, b: a ^ b,
    "shl": lambda a, b: a << b,
    "lshr": lambda a, b: a >> b,
    "udiv": lambda a, b: a // b if b else 0,
    "urem": lambda a, b: a % b if b else 0,
}
_UNSIGNED: dict[str, Callable[[int, int], int]] = {
    "eq": lambda a, b: a == b,
    "ult": lambda a, b: a < b,
    "ule": lambda a, b: a <= b,
    "ugt": lambda a, b: a > b,
    "uge": lambda a, b: a >= b,
    "umin": min,
    "umax": max,
}
_SIGNED: dict[str, Callable[[int, int], int]] = {
    "slt": lambda x, y: x < y,
    "sle": lambda x, y: x <= y,
    "sgt": lambda x, y: x > y,
    "sge": lambda x, y: x >= y,
    "smin": min,
    "smax": max,
    "ashr": lambda x, y: x >> y,
    "sdiv": lambda x, y: _truncated(x, y)[0],
    "srem": lambda x, y: _truncated(x, y)[1],
}


def _truncated(x: int, y: int) -> tuple[int, int]:
    """Quotient towards zero, and remainder."""
    if not y:
        return 0, 0
    quotient = abs(x) // abs(y) * (1 if (x < 0) == (y < 0) else -1)
    return quotient, x - quotient * y


class Builder:
    """Makes nodes; :meth:`make` folds, :meth:`raw` does not."""

    def __init__(self) -> None:
        self.count = 0
        self.line = ""
        self.name = ""
        self._known: dict[tuple[object, ...], Node] = {}

    def raw(
        self, op: str, width: int, operands: Iterable[Node] = (), value: int = 0, label: str = ""
    ) -> Node:
        """The node; name and line are those of the first one that is equal to it."""
        operands = tuple(operands)
        key = (op, width, tuple(x.id for x in operands), value, label)
        node = self._known.get(key)
        if node is None:
            node = Node(self.count, op, width, operands, value, label, self.name, self.line)
            self._known[key] = node
            self.count += 1
        return node

    def constant(self, value: int, width: int) -> Node:
        return self.raw("const", width, value=value & mask(width))

    def undefined(self, width: int) -> Node:
        return self.raw("undef", width)

    def invert(self, a: Node) -> Node:
        return self.make("not", 1, (a,))

    def both(self, a: Node, b: Node) -> Node:
        return self.make("and", 1, (a, b))

    def either(self, a: Node, b: Node) -> Node:
        return self.make("or", 1, (a, b))

    def any_of(self, nodes: Iterable[Node]) -> Node:
        found = self.constant(0, 1)
        for node in nodes:
            found = self.either(found, node)
        return found

    def select(self, condition: Node, yes: Node, no: Node) -> Node:
        return self.make("select", yes.width, (condition, yes, no))

    def get(self, of: Node, bit: int, width: int) -> Node:
        """Bits of a word; of a join, what was joined."""
        if bit == 0 and width == of.width:
            return of
        if of.op == "const":
            return self.constant(of.value >> bit, width)
        if of.op == "join":
            at = 0
            for part in of.operands:
                if at == bit and part.width == width:
                    return part
                at += part.width
        return self.raw("get", width, (of,), value=bit)

    def make(self, op: str, width: int, operands: Iterable[Node]) -> Node:
        """An operation, or a simpler node that always has its value."""
        a = tuple(operands)
        if op == "ne":
            return self.invert(self.make("eq", 1, a))
        if all(x.op == "const" for x in a):
            values, widths = tuple(x.value for x in a), tuple(x.width for x in a)
            return self.constant(evaluate(op, width, values, widths), width)
        if op in _COMMUTATIVE and a[0].op == "const":
            a = (a[1], a[0])
        simpler = _RULES[op](self, width, a) if op in _RULES else None
        return simpler if simpler is not None else self.raw(op, width, a)


_COMMUTATIVE = frozenset({"and", "or", "xor", "add", "mul", "eq"})
_Operands = tuple[Node, ...]
_Rule = Callable[[Builder, int, _Operands], "Node | None"]


def _is(node: Node, value: int) -> bool:
    return node.op == "const" and node.value == value


def _opposite(a: Node, b: Node) -> bool:
    return (a.op == "not" and a.operands[0] is b) or (b.op == "not" and b.operands[0] is a)


def _and(build: Builder, width: int, a: _Operands) -> Node | None:
    x, y = a
    if x is y or _is(y, mask(width)):
        return x
    if _is(y, 0):
        return y
    if width == 1:
        if _opposite(x, y):
            return build.constant(0, 1)
        for one, other in ((x, y), (y, x)):
            if other.op == "and" and one in other.operands:
                return other
            if other.op == "or" and one in other.operands:
                return one
    return None


def _or(build: Builder, width: int, a: _Operands) -> Node | None:
    x, y = a
    if x is y or _is(y, 0):
        return x
    if _is(y, mask(width)):
        return y
    return _or_of_conditions(build, x, y) if width == 1 else None


def _or_of_conditions(build: Builder, x: Node, y: Node) -> Node | None:
    if _opposite(x, y):
        return build.constant(1, 1)
    for one, other in ((x, y), (y, x)):
        if other.op == "or" and one in other.operands:
            return other
        if other.op == "and":
            if one in other.operands:
                return one
            left, right = other.operands
            if _opposite(left, one):  # one | (!one & right)
                return build.either(one, right)
            if _opposite(right, one):
                return build.either(one, left)
    if x.op == "and" and y.op == "and":
        for i in (0, 1):
            for j in (0, 1):
                if x.operands[i] is y.operands[j]:
                    rest = build.either(x.operands[1 - i], y.operands[1 - j])
                    return build.both(x.operands[i], rest)
    return None


def _xor(build: Builder, width: int, a: _Operands) -> Node | None:
    if _is(a[1], 0):
        return a[0]
    if width == 1 and _is(a[1], 1):
        return build.invert(a[0])
    return None


def _not(_build: Builder, _width: int, a: _Operands) -> Node | None:
    return a[0].operands[0] if a[0].op == "not" else None


def _unchanged_by_zero(_build: Builder, _width: int, a: _Operands) -> Node | None:
    return a[0] if _is(a[1], 0) else None


def _mul(build: Builder, width: int, a: _Operands) -> Node | None:
    if a[1].op != "const":
        return None
    factor = a[1].value
    if factor == 0:
        return a[1]
    if factor & (factor - 1) == 0:
        shift = build.constant(factor.bit_length() - 1, width)
        return build.make("shl", width, (a[0], shift))
    return None


def _power_of_two(node: Node) -> int | None:
    if node.op == "const" and node.value and node.value & (node.value - 1) == 0:
        return node.value.bit_length() - 1
    return None


def _urem(build: Builder, width: int, a: _Operands) -> Node | None:
    bits = _power_of_two(a[1])
    return (
        None
        if bits is None
        else build.make("and", width, (a[0], build.constant(mask(bits), width)))
    )


def _udiv(build: Builder, width: int, a: _Operands) -> Node | None:
    bits = _power_of_two(a[1])
    return None if bits is None else build.make("lshr", width, (a[0], build.constant(bits, width)))


def _select(build: Builder, width: int, a: _Operands) -> Node | None:
    condition, yes, no = a
    if condition.op == "const":
        return yes if condition.value else no
    if yes is no or no.op == "undef":
        return yes
    if yes.op == "undef":
        return no
    if width == 1:
        if _is(yes, 1):
            return build.either(condition, no)
        if _is(yes, 0):
            return build.both(build.invert(condition), no)
        if _is(no, 0):
            return build.both(condition, yes)
        if _is(no, 1):
            return build.either(build.invert(condition), yes)
    if condition.op == "not":
        return build.select(condition.operands[0], no, yes)
    if yes.op == "select" and yes.operands[0] is condition:
        return build.select(condition, yes.operands[1], no)
    if no.op == "select":
        if no.operands[0] is condition:
            return build.select(condition, yes, no.operands[2])
        if no.operands[1] is yes:
            return build.select(build.either(condition, no.operands[0]), yes, no.operands[2])
    return None


def _zext(build: Builder, width: int, a: _Operands) -> Node | None:
    if a[0].width == width:
        return a[0]
    return build.make("zext", width, a[0].operands) if a[0].op == "zext" else None


def _sext(build: Builder, width: int, a: _Operands) -> Node | None:
    if a[0].width == width:
        return a[0]
    return build.make(a[0].op, width, a[0].operands) if a[0].op in ("sext", "zext") else None


def _trunc(build: Builder, width: int, a: _Operands) -> Node | None:
    inner = a[0]
    if inner.width == width:
        return inner
    if inner.op in ("zext", "sext"):
        source = inner.operands[0]
        return build.make("trunc" if source.width > width else inner.op, width, (source,))
    return build.make("trunc", width, inner.operands) if inner.op == "trunc" else None


def _compare(op: str) -> _Rule:
    reflexive = op in ("eq", "ule", "uge", "sle", "sge")

    def rule(build: Builder, _width: int, a: _Operands) -> Node | None:
        if a[0] is a[1]:
            return build.constant(int(reflexive), 1)
        if op == "eq" and a[0].width == 1 and a[1].op == "const":
            return a[0] if a[1].value else build.invert(a[0])
        if op == "eq" and a[1].op == "const" and a[0].op == "add":
            term, by = a[0].operands
            if by.op == "const":  # the end of a loop is compared without the addition
                value = build.constant(a[1].value - by.value, term.width)
                return build.make("eq", 1, (term, value))
        return None

    return rule


_RULES: Mapping[str, _Rule] = {
    "and": _and,
    "or": _or,
    "xor": _xor,
    "not": _not,
    **dict.fromkeys(("add", "sub", "shl", "lshr", "ashr"), _unchanged_by_zero),
    "mul": _mul,
    "urem": _urem,
    "udiv": _udiv,
    "select": _select,
    "zext": _zext,
    "sext": _sext,
    "trunc": _trunc,
    **{op: _compare(op) for op in COMPARISONS},
}
