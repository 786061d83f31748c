"""The syntax tree as the rules see it: libclang's cursors, without what no rule looks at.

A call refers to the function that it really calls, an instantiation where there are templates, and
the body of an instantiation is a tree of its own in which sizes are numbers. So rules that need
sizes walk from the top function through the calls, and no template is ever looked at unfilled.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from fcn_hw.lint.libclang import (
    binary_operator,
    cindex,
    evaluate,
    initializer,
    unary_operator,
)

_WRAPPERS = frozenset(
    "UNEXPOSED_EXPR PAREN_EXPR CSTYLE_CAST_EXPR CXX_FUNCTIONAL_CAST_EXPR "
    "CXX_STATIC_CAST_EXPR CXX_CONST_CAST_EXPR".split()
)
_NAMES_OF_TYPES = frozenset("TYPE_REF TEMPLATE_REF NAMESPACE_REF ANNOTATE_ATTR".split())

LOOPS = frozenset("FOR_STMT WHILE_STMT DO_STMT CXX_FOR_RANGE_STMT".split())


class Node:
    """A statement, an expression or a declaration inside a function.

    Casts and parentheses are left out: an expression is what they stand around.
    """

    def __init__(self, cursor: Any) -> None:
        self.cursor = cursor
        self.kind: str = cursor.kind.name

    @cached_property
    def children(self) -> list[Node]:
        return [
            strip(Node(child))
            for child in self.cursor.get_children()
            if child.kind.name not in _NAMES_OF_TYPES
        ]

    @cached_property
    def arguments(self) -> list[Node]:
        """Of a call; the object of an overloaded operator is the first one."""
        return [strip(Node(item)) for item in self.cursor.get_arguments() if item is not None]

    @cached_property
    def target(self) -> Any | None:
        """The declaration that a name or a call refers to, as a cursor."""
        return self.cursor.referenced

    @cached_property
    def target_id(self) -> int:
        """Tells declarations apart."""
        return 0 if self.target is None else int(self.target.hash)

    @cached_property
    def constant(self) -> int | None:
        """The value of a constant integer expression."""
        return evaluate(self.cursor)

    @cached_property
    def operator(self) -> str:
        """The sign of an operator, built in or overloaded; ``""`` for anything else."""
        if self.kind in ("BINARY_OPERATOR", "COMPOUND_ASSIGNMENT_OPERATOR"):
            return binary_operator(self.cursor)
        if self.kind == "UNARY_OPERATOR":
            return unary_operator(self.cursor)
        if self.kind == "CALL_EXPR" and self.name.startswith("operator"):
            sign = self.name.removeprefix("operator")
            if sign in ("++", "--"):
                return f"{sign}x" if len(self.arguments) == 1 else f"x{sign}"
            if len(self.arguments) == 1 and sign in ("-", "+"):
                return f"{sign}x"
            return "" if sign[:1].isalnum() or sign[:1] in (" ", "[", "(") else sign
        return ""

    @cached_property
    def operands(self) -> list[Node]:
        """Of an operator."""
        return self.arguments if self.kind == "CALL_EXPR" else self.children

    @cached_property
    def name(self) -> str:
        return str(self.cursor.spelling)

    @cached_property
    def extent(self) -> tuple[int, int]:
        """Offsets of its first and last character in its file."""
        span = self.cursor.extent
        return span.start.offset, span.end.offset

    @cached_property
    def start(self) -> Node | None:
        """The initialiser of a variable."""
        found = initializer(self.cursor)
        return None if found is None else strip(Node(found))


def strip(node: Node) -> Node:
    """The expression inside casts and parentheses."""
    while node.kind in _WRAPPERS:
        inside = [
            child for child in node.cursor.get_children() if child.kind.name not in _NAMES_OF_TYPES
        ]
        if len(inside) != 1:
            return node
        node = Node(inside[0])
    return node


def converted(node: Node) -> Node:
    """The expression inside conversions between classes, of one argument each."""
    while node.kind == "CALL_EXPR":
        kind = None if node.target is None else node.target.kind.name
        if kind == "CONVERSION_FUNCTION" and node.children and node.children[0].children:
            node = node.children[0].children[0]
        elif kind in (None, "CONSTRUCTOR") and len(node.arguments) == 1:
            node = node.arguments[0]
        else:
            break
    return node


def defined(function: Any) -> Any | None:
    """The declaration of a function that has its body, or None."""
    for cursor in (function, function.get_definition()):
        if cursor is not None and body_of(cursor) is not None:
            return cursor
    return None


def body_of(function: Any) -> Node | None:
    """The body that a declaration of a function has, or None."""
    for child in function.get_children():
        if child.kind.name in ("COMPOUND_STMT", "CXX_TRY_STMT"):
            return Node(child)
    return None


def loop_body(loop: Node) -> Node:
    """The statement that a loop repeats."""
    if loop.kind == "DO_STMT":
        return loop.children[0]
    return loop.children[-1]


def array_dimensions(kind: Any) -> tuple[int, ...]:
    """The dimensions of an array type, ``()`` of any other; 0 where one is not known."""
    kinds = cindex().TypeKind
    dimensions: list[int] = []
    kind = kind.get_canonical() if kind.kind not in (kinds.CONSTANTARRAY,) else kind
    if kind.kind in (kinds.LVALUEREFERENCE, kinds.RVALUEREFERENCE):
        kind = kind.get_pointee()
    while kind.kind in (kinds.CONSTANTARRAY, kinds.INCOMPLETEARRAY, kinds.VARIABLEARRAY):
        dimensions.append(int(kind.element_count) if kind.kind == kinds.CONSTANTARRAY else 0)
        kind = kind.element_type
        if kind.kind not in (kinds.CONSTANTARRAY,):
            kind = kind.get_canonical()
    return tuple(dimensions)


def element_type(kind: Any) -> Any:
    """The type of an element of an array or of what a reference refers to, canonical."""
    kinds = cindex().TypeKind
    arrays = (kinds.CONSTANTARRAY, kinds.INCOMPLETEARRAY, kinds.VARIABLEARRAY)
    while True:
        # the canonical type of an array of const elements loses the const
        plain = kind if kind.kind in arrays else kind.get_canonical()
        if plain.kind in arrays:
            kind = plain.element_type
        elif plain.kind in (kinds.LVALUEREFERENCE, kinds.RVALUEREFERENCE, kinds.POINTER):
            kind = plain.get_pointee()
        else:
            return plain


def is_stream(kind: Any) -> bool:
    """Whether a type is an ``hls::stream``, a reference to one or an array of them."""
    name: str = element_type(kind).spelling
    return name.removeprefix("const ").startswith("hls::stream<")
