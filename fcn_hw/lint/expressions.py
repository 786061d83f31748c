"""Expressions and calls of the abstract execution."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

from fcn_hw.lint.functions import Function
from fcn_hw.lint.records import Process, Ref
from fcn_hw.lint.store import Store
from fcn_hw.lint.symbols import Value, combine, negated, unknown
from fcn_hw.lint.tree import Node, array_dimensions, converted, is_stream

_IN_PLACE = frozenset("= += -= *= /= %= &= |= ^= <<= >>=".split())
_PARTS_OF = frozenset("range operator[] operator() bit get_bit data begin".split())
"""Methods of the tool's types that give a part of their object, to be read or written."""


class Expressions(Store, ABC):
    """Evaluates expressions; what a call of the project's functions does is left to statements."""

    @abstractmethod
    def _call(
        self, function: Function, arguments: Iterable[Ref | Value], this: Ref | None
    ) -> Ref | Value:
        """Executes a function of the project."""

    def _value(self, node: Node) -> Value:
        return self._loaded(self._expression(node))

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
                return _element(base, index)
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
        if sign in (">>", "<<") and is_stream(operands[0].cursor.type):
            return self._shifted(sign, operands)
        if sign in ("&", "*") and len(operands) == 1:
            return self._expression(operands[0])
        if sign in ("+", "-") and len(operands) == 2:
            base = self._expression(converted(operands[0]))
            index = self._value(converted(operands[1]))
            if isinstance(base, Ref) and base.dimensions and _is_pointer(operands[0]):
                return _element(base, index if sign == "+" else negated(index))
            return combine(sign, self._loaded(base), index)
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

    # -- calls

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
        elif (
            kind in ("CXX_METHOD", "CONVERSION_FUNCTION") and not function.cursor.is_static_method()
        ):
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
        if name.startswith(("read", "write")):
            self._access(stream, name.startswith("write"))
        return unknown(("stream", self._fresh()))

    def _shifted(self, sign: str, operands: list[Node]) -> Ref | Value:
        """``stream >> variable`` or ``stream << value``."""
        stream = self._expression(operands[0])
        item = self._expression(converted(operands[1]))
        if sign == "<<":
            self._loaded(item)
        elif isinstance(item, Ref):
            self._store(item, unknown(("read", self._fresh())))
        if isinstance(stream, Ref):
            self._access(stream, sign == "<<")
        return stream

    def _other(self, node: Node) -> Value:
        values = tuple(self._value(argument) for argument in node.arguments)
        return unknown((node.name, values)) if values else unknown(("call", self._fresh()))


def _is_pointer(node: Node) -> bool:
    kind = node.cursor.type.get_canonical().kind.name
    return kind in ("POINTER", "CONSTANTARRAY", "INCOMPLETEARRAY")


def _element(base: Ref, index: Value) -> Ref | Value:
    """An element of an array, or so many elements behind the one that a pointer stands at."""
    if len(base.indices) < len(base.dimensions):
        return Ref(base.key, base.dimensions, (*base.indices, index))
    if not base.dimensions:
        return unknown(("element", base.key, index))
    *outer, last = base.indices
    return Ref(base.key, base.dimensions, (*outer, combine("+", last, index)))


def _object_type(node: Node) -> Any:
    first = node.children[0]
    if first.kind == "MEMBER_REF_EXPR" and first.children:
        first = first.children[0]
    elif first.kind != "MEMBER_REF_EXPR" and node.arguments:
        first = node.arguments[0]
    return first.cursor.type
