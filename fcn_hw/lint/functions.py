"""Functions that the top function reaches, with their bodies, pragmas and calls."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from fcn_hw.lint.pragmas import Pragma
from fcn_hw.lint.tree import LOOPS, Node, loop_body

_STATEMENTS = frozenset(
    "COMPOUND_STMT LABEL_STMT IF_STMT SWITCH_STMT CASE_STMT DEFAULT_STMT CXX_TRY_STMT "
    "CXX_CATCH_STMT".split()
)


@dataclass(eq=False)
class Scope:
    """A block of a function: its body, the body of a loop, or another pair of braces.

    Args:
        node: the block.
        loop: the loop whose body it is, or None.
        parent: the block around it, or None for the function's body.
        pragmas: that stand in it, and in no block inside.
        function: whose it is.
    """

    node: Node
    loop: Node | None
    parent: Scope | None
    function: Function
    pragmas: list[Pragma] = field(default_factory=list)

    def around(self) -> Iterator[Scope]:
        """This block and those around it, the innermost first."""
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent


@dataclass(eq=False)
class Function:
    """A function, an instantiation where there are templates.

    Args:
        cursor: libclang's.
        body: its block.
        file: relative to the project.
    """

    cursor: Any
    body: Node
    file: str
    scopes: list[Scope] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._collect(self.body, None, None)

    @cached_property
    def name(self) -> str:
        return str(self.cursor.spelling)

    @cached_property
    def parameters(self) -> list[Any]:
        return [c for c in self.cursor.get_children() if c.kind.name == "PARM_DECL"]

    @cached_property
    def nodes(self) -> list[Node]:
        """Every node of the body, and of the initialisers of a constructor."""
        found: list[Node] = []
        stack = [self.body, *self.initializers]
        while stack:
            node = stack.pop()
            found.append(node)
            stack.extend(node.children)
        return found

    @cached_property
    def initializers(self) -> list[Node]:
        """Members and their values in a constructor's list, one after another."""
        if self.cursor.kind.name != "CONSTRUCTOR":
            return []
        kinds = ("PARM_DECL", "COMPOUND_STMT", "TYPE_REF", "TEMPLATE_REF", "NAMESPACE_REF")
        return [Node(c) for c in self.cursor.get_children() if c.kind.name not in kinds]

    def attach(self, pragmas: tuple[Pragma, ...]) -> None:
        """Gives each block the pragmas of the function's file that stand in it."""
        for pragma in pragmas:
            best: Scope | None = None
            for scope in self.scopes:
                start, end = scope.node.extent
                if start < pragma.offset < end and (
                    best is None or scope.node.extent[0] > best.node.extent[0]
                ):
                    best = scope
            if best is not None:
                best.pragmas.append(pragma)

    @cached_property
    def pragmas_of(self) -> dict[int, list[Pragma]]:
        """Pragmas by the first character of their block."""
        return {scope.node.extent[0]: scope.pragmas for scope in self.scopes if scope.pragmas}

    def pragmas_in(self, block: Node) -> list[Pragma]:
        """Pragmas that stand right in a block."""
        return self.pragmas_of.get(block.extent[0], [])

    def loop_pragmas(self, loop: Node) -> list[Pragma]:
        """Pragmas right in the body of a loop."""
        body = loop_body(loop)
        return self.pragmas_in(body) if body.kind == "COMPOUND_STMT" else []

    def _collect(self, node: Node, loop: Node | None, parent: Scope | None) -> None:
        if node.kind == "COMPOUND_STMT":
            parent = Scope(node, loop, parent, self)
            self.scopes.append(parent)
        if node.kind in LOOPS:
            self._collect(loop_body(node), node, parent)
            return
        if node.kind in _STATEMENTS:
            for child in node.children:
                if child.kind in _STATEMENTS or child.kind in LOOPS:
                    self._collect(child, None, parent)
