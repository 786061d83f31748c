"""Abstract execution: what one iteration of each pipelined loop reads and writes.

It walks from the top function through the calls. Numbers that are known at compile time are
numbers, all else is an unknown (``symbols``). In a pipelined loop every loop inside is unrolled, as
the tool does (UG1399, "pragma HLS pipeline"): its body is executed once for each
value of its variable. A loop outside is executed once, for any iteration: whatever it might change
is an unknown in it.

Calls are followed with their arguments bound, so that an access in a helper is one to the array
that the caller gave, cut as the pragmas of caller and callee say.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fcn_hw.lint.expressions import Expressions
from fcn_hw.lint.functions import Function
from fcn_hw.lint.pragmas import Pragma
from fcn_hw.lint.project import Project
from fcn_hw.lint.records import Dataflow, Excess, Frame, Ref, Region
from fcn_hw.lint.symbols import Value, unknown
from fcn_hw.lint.tree import LOOPS, Node, array_dimensions, converted, is_stream, loop_body
from fcn_hw.lint.trips import elements_of, header_of, values_of

MAX_UNROLLED = 4096
"""Copies of a body that unrolled loops around it may make, multiplied through nests and calls.

The tool sets no number; its run time and memory grow faster than the copies. 64 x 64 multipliers
are more than any board of constraints/ has DSPs.
"""


class Machine(Expressions):
    """Executes a project; ``regions``, ``dataflows``, ``excesses``, ``memories`` are the result."""

    def __init__(self, project: Project) -> None:
        super().__init__(project)
        self._run_top()

    # -- functions

    def _run_top(self) -> None:
        top = self.project.top
        frame = Frame(top, 0, None)
        for parameter in top.parameters:
            ref = Ref(("top", parameter.spelling), array_dimensions(parameter.type))
            self._declare(frame, parameter, ref)
        self._stack.append(frame)
        self._open_dataflow(frame)
        self._block(top.body)
        self._stack.pop()

    def _open_dataflow(self, frame: Frame) -> None:
        function = frame.function
        if not any(p.kind == "dataflow" for p in function.pragmas_in(function.body)):
            return
        frame.dataflow = Dataflow(function)
        for parameter in function.parameters:
            number = self._numbers.get(frame.names[int(parameter.hash)].key)
            if number is not None:
                frame.dataflow.ports[parameter.spelling] = number
        self.dataflows.append(frame.dataflow)

    def _call(
        self, function: Function, arguments: Iterable[Ref | Value], this: Ref | None
    ) -> Ref | Value:
        """Executes a function of the project."""
        if any(frame.function is function for frame in self._stack):
            return unknown(("recursion", self._fresh()))  # a rule of its own reports it
        frame = Frame(function, self._fresh(), this)
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

    # -- statements: whether control goes on behind them

    def _block(self, node: Node) -> bool:
        falls, frame = True, self._frame
        words, frame.words = frame.words, dict(frame.words)
        for child in node.children:
            if falls:
                falls = self._statement(child)
        for pragma in frame.function.pragmas_in(node):
            self._apply(pragma)
        frame.words = words
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
        parts = list(node.children)
        while len(parts) > 1 and parts[0].kind == "DECL_STMT":
            self._statement(parts.pop(0))
        condition, *sides = parts
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

    # -- loops

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


def executed(project: Project) -> Machine:
    """The machine that has executed a project; it runs once."""
    if Machine not in project.kept:
        project.kept[Machine] = Machine(project)
    machine: Machine = project.kept[Machine]
    return machine


def _pipeline(pragmas: list[Pragma]) -> Pragma | None:
    return next((p for p in pragmas if p.kind == "pipeline" and not p.has("off")), None)


def _is_shared(kind: Any) -> bool:
    """Whether an argument of a type is the caller's, not a copy."""
    return kind.get_canonical().kind.name in (
        "LVALUEREFERENCE", "RVALUEREFERENCE", "POINTER", "CONSTANTARRAY", "INCOMPLETEARRAY"
    )  # fmt: skip
