"""Abstract execution: what one iteration of each pipelined loop reads and writes.

It walks from the top function through the calls. Numbers that are known at compile time are
numbers, all else is an unknown (``symbols``). In a pipelined loop every loop inside is unrolled, as
the tool does (UG1399, "Unrolling Nested Loops in Pipelines"): its body is executed once for each
value of its variable. A loop outside is executed once, for any iteration: whatever it might change
is an unknown in it.

Calls are followed with their arguments bound, so that an access in a helper is one to the array
that the caller gave, cut as the pragmas of caller and callee say.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from fcn_hw.lint.findings import Place
from fcn_hw.lint.functions import Function
from fcn_hw.lint.memory import Access, Cut, Memory
from fcn_hw.lint.names import number_in
from fcn_hw.lint.pragmas import Pragma
from fcn_hw.lint.project import Project
from fcn_hw.lint.symbols import Value, combine, negated, unknown
from fcn_hw.lint.tree import (
    LOOPS,
    Node,
    array_dimensions,
    converted,
    is_stream,
    loop_body,
)
from fcn_hw.lint.trips import elements_of, header_of, values_of

MAX_UNROLLED = 4096
"""Copies of a body that unrolled loops around it may make, multiplied through nests and calls.

The tool sets no number; its run time and memory grow faster than the copies. 64 x 64 multipliers,
more than any board of constraints/ has DSPs, are the most that fcn_hw's folds ask for.
"""

_TYPES = frozenset(["complete", "cyclic", "block"])
_PIPELINE_OFF = frozenset(["off"])
_IN_PLACE = frozenset("= += -= *= /= %= &= |= ^= <<= >>=".split())
_PARTS_OF = frozenset("range operator[] operator() bit get_bit data begin".split())


@dataclass(frozen=True)
class Ref:
    """Something that can be read and written.

    Args:
        key: of the variable: where it lives, and the names of members.
        dimensions: of the array, ``()`` of a scalar.
        indices: of the dimensions that are indexed already.
    """

    key: tuple[Any, ...]
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
class _Frame:
    function: Function
    number: int
    this: Ref | None
    names: dict[int, Ref] = field(default_factory=dict)
    words: dict[str, Ref] = field(default_factory=dict)
    results: list[Ref | Value] = field(default_factory=list)
    exits: list[dict[tuple[Any, ...], Value]] = field(default_factory=list)
    dataflow: Dataflow | None = None


class Machine:
    """Executes a project; ``regions``, ``dataflows``, ``excesses``, ``memories`` are the result."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.memories: list[Memory] = []
        self.regions: list[Region] = []
        self.dataflows: list[Dataflow] = []
        self.excesses: set[Excess] = set()
        self._numbers: dict[tuple[Any, ...], int] = {}
        self._values: dict[tuple[Any, ...], Value] = {}
        self._fixed: set[tuple[Any, ...]] = set()
        self._epoch = 0
        self._count = 0
        self._path: tuple[tuple[int, int], ...] = ()
        self._region: Region | None = None
        self._copies = 1
        self._active: list[Process] = []
        self._stack: list[_Frame] = []
        self._run_top()

    # -- functions ------------------------------------------------------------------------------

    def _run_top(self) -> None:
        top = self.project.top
        frame = _Frame(top, 0, None)
        for parameter in top.parameters:
            ref = Ref(("top", parameter.spelling), array_dimensions(parameter.type))
            self._declare(frame, parameter, ref)
        self._stack.append(frame)
        self._open_dataflow(frame)
        self._block(top.body)
        self._close_dataflow(frame)
        self._stack.pop()

    def _open_dataflow(self, frame: _Frame) -> None:
        function = frame.function
        if not any(p.kind == "dataflow" for p in function.pragmas_in(function.body)):
            return
        frame.dataflow = Dataflow(function)
        for parameter in function.parameters:
            number = self._numbers.get(frame.names[int(parameter.hash)].key)
            if number is not None:
                frame.dataflow.ports[parameter.spelling] = number
        self.dataflows.append(frame.dataflow)

    def _close_dataflow(self, frame: _Frame) -> None:
        if frame.dataflow is not None:
            ports = frame.dataflow.ports.values()
            for ref in frame.words.values():
                number = self._numbers.get(ref.key)
                if number is not None and number not in ports:
                    frame.dataflow.channels.append(number)

    @property
    def _frame(self) -> _Frame:
        return self._stack[-1]

    def _fresh(self) -> int:
        self._count += 1
        return self._count

    def _call(
        self, function: Function, arguments: Iterable[Ref | Value], this: Ref | None
    ) -> Ref | Value:
        """Executes a function of the project."""
        if any(frame.function is function for frame in self._stack):
            return unknown(("recursion", self._fresh()))  # a rule of its own reports it
        frame = _Frame(function, self._fresh(), this)
        for parameter, argument in zip(function.parameters, arguments, strict=False):
            if isinstance(argument, Ref) and _is_shared(parameter.type):
                ref = argument
            else:
                ref = Ref((frame.number, parameter.hash), array_dimensions(parameter.type))
                if not ref.dimensions:
                    self._values[ref.key] = self._loaded(argument)
            self._declare(frame, parameter, ref)
        path, region = self._path, self._region
        self._stack.append(frame)
        pipeline = _pipeline(function.pragmas_in(function.body))
        if region is None and pipeline is not None:
            self._open_region(function.cursor, function.name, pipeline)
        self._open_dataflow(frame)
        self._initializers(function)
        falls = self._block(function.body)
        self._close_dataflow(frame)
        self._stack.pop()
        self._path, self._region = path, region
        if frame.exits:
            states = frame.exits + ([self._values] if falls else [])
            self._values = self._merged(states)
        for key in [key for key in self._values if key[0] == frame.number]:
            del self._values[key]
        if not frame.results:
            return unknown(("void", self._fresh()))
        first = frame.results[0]
        if all(result == first for result in frame.results):
            return first
        return unknown(("result", self._fresh()))

    def _initializers(self, function: Function) -> None:
        member: Ref | None = None
        for node in function.initializers:
            if node.kind == "MEMBER_REF" and node.target is not None:
                member = self._member(self._frame.this, node.target)
            elif member is not None:
                value = self._value(converted(node))
                if not member.dimensions:
                    self._store(member, value)

    def _declare(self, frame: _Frame, cursor: Any, ref: Ref) -> None:
        frame.names[int(cursor.hash)] = ref
        frame.words[cursor.spelling] = ref
        if is_stream(cursor.type) or ref.dimensions:
            self._memory(ref, cursor)

    # -- statements: whether control goes on behind them ---------------------------------------

    def _block(self, node: Node) -> bool:
        falls = True
        for child in node.children:
            if falls:
                falls = self._statement(child)
        for pragma in self._frame.function.pragmas_in(node):
            self._apply(pragma)
        return falls

    def _statement(self, node: Node) -> bool:
        kind = node.kind
        if kind == "COMPOUND_STMT":
            return self._block(node)
        if kind == "IF_STMT":
            return self._branch(node)
        if kind in LOOPS:
            self._loop(node)
            return True
        if kind == "DECL_STMT":
            for child in node.children:
                if child.kind == "VAR_DECL":
                    self._variable(child)
            return True
        if kind == "RETURN_STMT":
            if node.children:
                result = self._expression(node.children[0])
                shared = _is_shared(self._frame.function.cursor.result_type)
                self._frame.results.append(result if shared else self._loaded(result))
            self._frame.exits.append(dict(self._values))
            return False
        if kind == "SWITCH_STMT":
            self._switch(node)
            return True
        if kind in ("LABEL_STMT", "CASE_STMT", "DEFAULT_STMT"):
            return self._statement(node.children[-1]) if node.children else True
        if kind not in ("BREAK_STMT", "CONTINUE_STMT", "NULL_STMT"):
            self._expression(node)
        return True

    def _variable(self, node: Node) -> None:
        cursor = node.cursor
        kind = cursor.type
        dimensions = array_dimensions(kind)
        static = cursor.storage_class.name == "STATIC"
        where = "static" if static else self._frame.number
        ref = Ref((where, int(cursor.hash)), dimensions)
        start = node.start
        if _is_shared(kind) and not dimensions and start is not None:
            bound = self._expression(converted(start))
            if isinstance(bound, Ref):
                self._declare(self._frame, cursor, bound)
                return
            self._values[ref.key] = bound
        self._declare(self._frame, cursor, ref)
        if dimensions or is_stream(kind) or static or start is None or _is_shared(kind):
            return
        constant = node.constant if kind.is_const_qualified() else None
        if constant is not None:
            self._values[ref.key] = constant
        elif start.kind == "CALL_EXPR" and start.target is not None:
            function = self.project.function(start.target)
            if function is not None and function.cursor.kind.name == "CONSTRUCTOR":
                self._call(function, [self._expression(a) for a in start.arguments], ref)
                return
            self._values[ref.key] = self._value(start)
        else:
            self._values[ref.key] = self._value(start)
        if kind.is_const_qualified():
            self._fixed.add(ref.key)

    def _branch(self, node: Node) -> bool:
        condition, *sides = node.children
        for extra in [s for s in node.children[:-1] if s.kind in ("DECL_STMT", "VAR_DECL")]:
            self._statement(extra)
            sides = [s for s in sides if s is not extra]
        value = self._value(converted(condition))
        then, other = sides[0], sides[1] if len(sides) > 1 else None
        if isinstance(value, int):
            chosen = then if value else other
            return True if chosen is None else self._statement(chosen)
        number, path, before = self._fresh(), self._path, dict(self._values)
        self._path = (*path, (number, 0))
        falls_then = self._statement(then)
        after_then, path_then = self._values, self._path
        self._values, self._path = before, (*path, (number, 1))
        falls_other = True if other is None else self._statement(other)
        if falls_then and falls_other:
            self._values, self._path = self._merged([after_then, self._values]), path
        elif falls_then:
            self._values, self._path = after_then, path_then
        return falls_then or falls_other

    def _switch(self, node: Node) -> None:
        self._value(node.children[0])
        number, path, before = self._fresh(), self._path, dict(self._values)
        ends, side = [before], 0
        for child in node.children[-1].children:
            if child.kind in ("CASE_STMT", "DEFAULT_STMT"):
                side += 1
                ends.append(self._values)
                self._values = dict(before)
            self._path = (*path, (number, side))
            self._statement(child)
        self._values, self._path = self._merged([*ends, self._values]), path

    def _merged(self, states: list[dict[tuple[Any, ...], Value]]) -> dict[tuple[Any, ...], Value]:
        first, *others = states
        result = dict(first)
        for key in {key for state in states for key in state}:
            value = first.get(key)
            if value is None or any(state.get(key) != value for state in others):
                result[key] = unknown(("either", self._fresh()))
        return result

    # -- loops ----------------------------------------------------------------------------------

    def _loop(self, node: Node) -> None:
        function = self._frame.function
        pragmas = function.loop_pragmas(node)
        pipeline = _pipeline(pragmas)
        unroll = next((p for p in pragmas if p.kind == "unroll" and not p.has("off")), None)
        if self._region is not None:
            self._unrolled(node)
            return
        copies = self._copies
        if pipeline is not None:
            self._open_region(node.cursor, "loop", pipeline)
        elif unroll is not None:
            factor = self._number(unroll.value("factor")) or self._trips(node) or 1
            self._multiply(node, factor)
        self._forget()
        self._enter(node, None)
        self._forget()
        self._region, self._copies = None, copies

    def _open_region(self, cursor: Any, name: str, pipeline: Pragma) -> None:
        ii = self._number(pipeline.value("ii")) or 1
        self._region = Region(self.project.place(cursor), name, ii)
        self.regions.append(self._region)

    def _unrolled(self, node: Node) -> None:
        header = header_of(node)
        values: Iterable[int | None] | None
        if node.kind == "CXX_FOR_RANGE_STMT":
            count = elements_of(node)
            values = None if count is None else [None] * count
        else:
            values = None if header is None else values_of(header, self._value)
        copies = self._copies
        if values is None or not self._multiply(node, len(list(values))):
            self._forget()  # a rule of its own reports the bound
            self._enter(node, None)
        else:
            for value in values:
                self._enter(node, value)
        self._copies = copies

    def _multiply(self, node: Node, trips: int) -> bool:
        self._copies *= max(1, trips)
        if self._copies > MAX_UNROLLED:
            self.excesses.add(Excess(self.project.place(node.cursor), self._copies))
            return False
        return True

    def _trips(self, node: Node) -> int | None:
        header = header_of(node)
        values = None if header is None else values_of(header, self._value)
        return None if values is None else len(values)

    def _enter(self, node: Node, value: int | None) -> None:
        """Executes the body once, the loop's variable at a value or unknown."""
        for child in node.children:
            if child.kind == "DECL_STMT":
                for declared in (c for c in child.children if c.kind == "VAR_DECL"):
                    ref = Ref((self._frame.number, int(declared.cursor.hash)))
                    self._frame.names[int(declared.cursor.hash)] = ref
                    self._values[ref.key] = (
                        unknown(("loop", self._fresh())) if value is None else value
                    )
        if value is not None and (header := header_of(node)) is not None:
            known = self._frame.names.get(header.variable)
            if known is not None:
                self._values[known.key] = value
        path = self._path
        self._statement(loop_body(node))
        self._path = path

    def _forget(self) -> None:
        """What a loop may have changed is unknown; constants are not."""
        self._epoch += 1
        self._values = {k: v for k, v in self._values.items() if k in self._fixed}

    def _forget_members(self, ref: Ref) -> None:
        """An object is assigned as a whole."""
        size = len(ref.key)
        for key in [k for k in self._values if len(k) > size and k[:size] == ref.key]:
            del self._values[key]

    # -- expressions ----------------------------------------------------------------------------

    def _value(self, node: Node) -> Value:
        return self._loaded(self._expression(node))

    def _loaded(self, item: Ref | Value) -> Value:
        return self._load(item) if isinstance(item, Ref) else item

    def _expression(self, node: Node) -> Ref | Value:
        kind = node.kind
        if kind == "DECL_REF_EXPR":
            return self._named(node)
        if kind == "MEMBER_REF_EXPR":
            base = self._expression(node.children[0]) if node.children else self._frame.this
            if node.constant is not None or node.target is None:
                return self._literal(node)
            return self._member(base if isinstance(base, Ref) else None, node.target)
        if kind == "ARRAY_SUBSCRIPT_EXPR":
            base, index = self._expression(node.children[0]), self._value(node.children[1])
            if isinstance(base, Ref):
                return Ref(base.key, base.dimensions, (*base.indices, index))
            return unknown(("element", base, index))
        if kind == "CXX_THIS_EXPR":
            return self._frame.this or unknown("this")
        if kind == "CONDITIONAL_OPERATOR":
            return self._conditional(node)
        if node.operator:
            return self._operator(node)
        if kind == "CALL_EXPR":
            return self._called(node)
        if not node.children:
            return self._literal(node)
        for child in node.children:
            if child.kind.endswith(("EXPR", "OPERATOR", "LITERAL")):
                self._value(child)
        return self._literal(node)

    def _literal(self, node: Node) -> Value:
        return unknown(("at", node)) if node.constant is None else node.constant

    def _named(self, node: Node) -> Ref | Value:
        known = self._frame.names.get(node.target_id)
        if known is not None:
            return known
        if node.constant is not None:
            return node.constant
        target = node.target
        if target is None or target.kind.name not in ("VAR_DECL", "PARM_DECL"):
            return unknown(("name", node.target_id))
        ref = Ref(("global", node.target_id), array_dimensions(target.type))
        if ref.dimensions:
            self._memory(ref, target)
        return ref

    def _member(self, base: Ref | None, member: Any) -> Ref:
        if base is None:
            base = Ref(("object", self._fresh()))
        ref = Ref(
            (*base.key, member.spelling),
            (*base.dimensions, *array_dimensions(member.type)),
            base.indices,
        )
        if ref.dimensions:
            self._memory(ref, member, is_member=True)
        return ref

    def _conditional(self, node: Node) -> Value:
        condition, then, other = node.children
        value = self._value(converted(condition))
        if isinstance(value, int):
            return self._value(converted(then if value else other))
        number, path, before = self._fresh(), self._path, dict(self._values)
        self._path = (*path, (number, 0))
        left = self._value(converted(then))
        after = self._values
        self._values, self._path = before, (*path, (number, 1))
        right = self._value(converted(other))
        self._values, self._path = self._merged([after, self._values]), path
        return left if left == right else unknown(("?:", value, left, right))

    def _operator(self, node: Node) -> Ref | Value:
        sign, operands = node.operator, node.operands
        if node.kind == "CALL_EXPR" and node.target is not None:
            function = self.project.function(node.target)
            if function is not None:
                return self._method(node, function)
        if sign in ("&", "*") and len(operands) == 1:
            return self._expression(operands[0])
        if sign in _IN_PLACE:
            value = self._value(converted(operands[1]))
            target = self._expression(operands[0])
            if isinstance(target, Ref):
                if sign != "=":
                    value = combine(sign[:-1], self._load(target), value)
                elif node.kind == "CALL_EXPR":
                    self._forget_members(target)
                self._store(target, value)
            return target
        if sign in ("++x", "x++", "--x", "x--"):
            target = self._expression(operands[0])
            if not isinstance(target, Ref):
                return unknown(("step", self._fresh()))
            before = self._load(target)
            self._store(target, combine("+", before, 1 if "+" in sign else -1))
            return before if sign.startswith("x") else target
        values = [self._value(converted(operand)) for operand in operands]
        if len(values) == 1:
            return negated(values[0]) if sign == "-x" else self._unary(sign, values[0])
        if sign == ",":
            return values[1]
        return combine(sign, values[0], values[1])

    def _unary(self, sign: str, value: Value) -> Value:
        if sign == "+x":
            return value
        if sign == "!" and isinstance(value, int):
            return int(not value)
        return unknown((sign, value))

    # -- calls ----------------------------------------------------------------------------------

    def _called(self, node: Node) -> Ref | Value:
        target = node.target
        if target is None:
            inside = converted(node)
            return self._other(node) if inside is node else self._expression(inside)
        if target.kind.name == "FUNCTION_DECL" and node.constant is not None:
            return node.constant
        function = self.project.function(target)
        if function is None:
            inside = converted(node)
            return self._expression(inside) if inside is not node else self._library(node, target)
        dataflow = self._frame.dataflow
        if dataflow is None:
            return self._method(node, function)
        process = Process(node, function)
        dataflow.processes.append(process)
        self._active.append(process)
        result = self._method(node, function)
        self._active.pop()
        return result

    def _method(self, node: Node, function: Function) -> Ref | Value:
        """A call of a function of the project, with its object where it has one."""
        kind = function.cursor.kind.name
        arguments = list(node.arguments)
        this: Ref | None = None
        if kind == "CONSTRUCTOR":
            this = Ref(("object", self._fresh()))
        elif kind in ("CXX_METHOD", "CONVERSION_FUNCTION") and not _is_static(function.cursor):
            this = self._object(node)
            if node.children and node.children[0].kind != "MEMBER_REF_EXPR":
                arguments = arguments[1:]  # an overloaded operator: the object is an argument
        result = self._call(function, [self._expression(a) for a in arguments], this)
        return this if kind == "CONSTRUCTOR" and this is not None else result

    def _object(self, node: Node) -> Ref | None:
        first = node.children[0] if node.children else None
        if first is None:
            return self._frame.this
        if first.kind == "MEMBER_REF_EXPR":
            if not first.children:
                return self._frame.this
            first = first.children[0]
        elif node.arguments:
            first = node.arguments[0]
        found = self._expression(first)
        return found if isinstance(found, Ref) else None

    def _library(self, node: Node, target: Any) -> Ref | Value:
        """A call of something that the project does not define."""
        name = node.name
        this = self._object(node) if target.kind.name == "CXX_METHOD" else None
        if this is not None and is_stream(_object_type(node)):
            return self._stream_call(node, name, this)
        if name in ("operator>>", "operator<<") and this is not None:
            return this
        if this is not None and name in _PARTS_OF:
            for argument in node.arguments:
                self._value(argument)
            return this
        return self._other(node)

    def _stream_call(self, node: Node, name: str, stream: Ref) -> Value:
        for argument in node.arguments:
            item = self._expression(argument)
            if name.startswith("write") or not isinstance(item, Ref):
                self._loaded(item)
            else:
                self._store(item, unknown(("read", self._fresh())))
        if name.startswith(("read", "write")) or name in ("operator>>", "operator<<"):
            self._access(stream, name.startswith("write") or name == "operator<<")
        return unknown(("stream", self._fresh()))

    def _other(self, node: Node) -> Value:
        values = tuple(self._value(argument) for argument in node.arguments)
        return unknown((node.name, values)) if values else unknown(("call", self._fresh()))

    # -- memory ---------------------------------------------------------------------------------

    def _load(self, ref: Ref) -> Value:
        if ref.dimensions:
            self._access(ref, False)
            return unknown(("load", ref.key, ref.indices, self._epoch))
        found = self._values.get(ref.key)
        return unknown(("variable", ref.key, self._epoch)) if found is None else found

    def _store(self, ref: Ref, value: Value) -> None:
        if ref.dimensions:
            self._access(ref, True)
        else:
            self._values[ref.key] = value

    def _memory(self, ref: Ref, cursor: Any, is_member: bool = False) -> int:
        number = self._numbers.get(ref.key)
        if number is None:
            number = self._numbers[ref.key] = len(self.memories)
            self.memories.append(
                Memory(
                    cursor.spelling,
                    self.project.place(cursor),
                    ref.dimensions,
                    is_stream=is_stream(cursor.type),
                    is_member=is_member,
                )
            )
        return number

    def _access(self, ref: Ref, is_write: bool) -> None:
        number = self._numbers.get(ref.key)
        if number is None:
            return
        for process in self._active:
            (process.writes if is_write else process.reads).add(number)
        complete = len(ref.indices) >= len(self.memories[number].dimensions)
        if self._region is not None and complete:
            self._region.accesses.append(Access(number, ref.indices, is_write, self._path))

    # -- pragmas --------------------------------------------------------------------------------

    def _apply(self, pragma: Pragma) -> None:
        """Cuts or binds a memory, at the end of the block that the pragma stands in."""
        if pragma.kind not in ("array_partition", "array_reshape", "bind_storage"):
            return
        for variable in pragma.variables:
            ref = self._frame.words.get(variable.removeprefix("this->"))
            if ref is None and variable in self.project.globals:
                cursor = self.project.globals[variable]
                ref = Ref(("global", int(cursor.hash)), array_dimensions(cursor.type))
                self._memory(ref, cursor)
            number = None if ref is None else self._numbers.get(ref.key)
            if ref is None or number is None:
                continue
            memory = self.memories[number]
            if pragma.kind == "bind_storage":
                memory.storage = (pragma.value("type") or "").lower()
                continue
            dimension = self._number(pragma.value("dim"))
            first = len(ref.indices)
            cut = Cut(
                pragma.word("type", _TYPES) or "complete",
                self._number(pragma.value("factor")) or 1,
                pragma.kind == "array_reshape",
            )
            chosen = (
                range(first, len(memory.dimensions))
                if dimension == 0
                else [first + (1 if dimension is None else dimension) - 1]
            )
            for index in chosen:
                cuts = memory.cuts.setdefault(index, [])
                if cut not in cuts:
                    cuts.append(cut)

    def _number(self, text: str | None) -> int | None:
        if text is None:
            return None
        return number_in(self.project, self._frame.function, text)


_MACHINES: WeakKeyDictionary[Project, Machine] = WeakKeyDictionary()


def executed(project: Project) -> Machine:
    """The machine that has executed a project; it runs once."""
    if project not in _MACHINES:
        _MACHINES[project] = Machine(project)
    return _MACHINES[project]


def _pipeline(pragmas: list[Pragma]) -> Pragma | None:
    return next((p for p in pragmas if p.kind == "pipeline" and not p.has("off")), None)


def _is_shared(kind: Any) -> bool:
    """Whether an argument of a type is the caller's, not a copy."""
    return kind.get_canonical().kind.name in (
        "LVALUEREFERENCE", "RVALUEREFERENCE", "POINTER", "CONSTANTARRAY", "INCOMPLETEARRAY"
    )  # fmt: skip


def _is_static(cursor: Any) -> bool:
    return bool(cursor.is_static_method())


def _object_type(node: Node) -> Any:
    first = node.children[0]
    if first.kind == "MEMBER_REF_EXPR" and first.children:
        first = first.children[0]
    elif first.kind != "MEMBER_REF_EXPR" and node.arguments:
        first = node.arguments[0]
    return first.cursor.type
