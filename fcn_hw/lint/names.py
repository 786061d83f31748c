"""What a name or a number in a pragma means at the place where the pragma stands."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable
from typing import Any

from fcn_hw.lint.functions import Function, Scope
from fcn_hw.lint.libclang import evaluate, template_of
from fcn_hw.lint.pragmas import Pragma
from fcn_hw.lint.project import Project

_SIGNS: dict[type, Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_CLASSES = frozenset(["CLASS_DECL", "STRUCT_DECL"])
_VARIABLES = frozenset(["VAR_DECL"])
_ALIASES = frozenset(["TYPEDEF_DECL", "TYPE_ALIAS_DECL"])
_NAME = re.compile(r"[A-Za-z_]\w*(?:::\w+)*")


def find_variable(project: Project, scope: Scope, pragma: Pragma, name: str) -> Any | None:
    """The declaration of a variable that a pragma may name where it stands.

    Args:
        name: the variable; of ``object.member`` the object counts.

    Returns:
        a cursor, or None where there is no such variable, or only behind the pragma.
    """
    first = re.split(r"\.|->|\[", name.lstrip("&*"))[0]
    if first == "this":
        first = re.split(r"\.|->|\[", name)[1]
    for around in scope.around():
        for declared in _declared_in(around):
            if declared.spelling == first and declared.extent.start.offset < pragma.offset:
                return declared
    for parameter in scope.function.parameters:
        if parameter.spelling == first:
            return parameter
    parent = scope.function.cursor.semantic_parent
    if parent is not None and parent.kind.name in _CLASSES:
        for member in parent.get_children():
            if member.kind.name in ("FIELD_DECL", "VAR_DECL") and member.spelling == first:
                return member
    return project.globals.get(first)


def number_in(project: Project, function: Function, text: str) -> int | None:
    """The value of a constant expression in a pragma, in an instantiation; None if it has none."""
    failed = False

    def replace(match: re.Match[str]) -> str:
        nonlocal failed
        found = _constant_named(project, function, match[0])
        failed = failed or found is None
        return f"({found})"

    replaced = _NAME.sub(replace, re.sub(r"(?<=\d)[uUlL]+\b", "", text))
    return None if failed else _arithmetic(replaced)


def depends_on_template(function: Function, text: str) -> bool:
    """Whether an expression names a template parameter of a function or of its class."""
    names = {name.split("::")[0] for name in _NAME.findall(text)}
    return any(parameter.spelling in names for parameter, _ in _template_arguments(function))


# -- inside ----------------------------------------------------------------------------------------


def _declared_in(scope: Scope, kinds: frozenset[str] = _VARIABLES) -> list[Any]:
    found = []
    statements = [*scope.node.children]
    if scope.loop is not None:
        statements += scope.loop.children[:-1]
    for item in statements:
        statement = item
        while statement.kind == "LABEL_STMT" and statement.children:
            statement = statement.children[-1]
        if statement.kind == "DECL_STMT":
            found += [c.cursor for c in statement.children if c.kind in kinds]
    return found


def _constant_named(project: Project, function: Function, name: str) -> int | None:
    first, _, member = name.rpartition("::")
    for parameter, value in _template_arguments(function):
        if parameter.spelling == (first or member):
            if isinstance(value, int):
                return value if not first else None
            return _static_member(project, value, member) if first else None
    if first:
        kind = _type_named(function, first)
        return None if kind is None else _static_member(project, kind, member)
    for scope in function.scopes:
        for declared in _declared_in(scope):
            if declared.spelling == name and declared.type.is_const_qualified():
                return evaluate(declared)
    found = project.globals.get(name)
    return None if found is None else evaluate(found)


def _type_named(function: Function, name: str) -> Any | None:
    """A type that a function or its class calls by a name of its own."""
    for scope in function.scopes:
        for declared in _declared_in(scope, _ALIASES):
            if declared.spelling == name:
                return declared.underlying_typedef_type
    parent = function.cursor.semantic_parent
    if parent is not None and parent.kind.name in _CLASSES:
        for member in parent.get_children():
            if member.kind.name in _ALIASES and member.spelling == name:
                return member.underlying_typedef_type
    return None


def _static_member(project: Project, kind: Any, name: str) -> int | None:
    declaration = kind.get_canonical().get_declaration()
    stack = [declaration]
    while stack:
        for child in stack.pop().get_children():
            if child.kind.name == "VAR_DECL" and child.spelling == name:
                return evaluate(child)
            if child.kind.name == "CXX_BASE_SPECIFIER":
                stack.append(child.type.get_canonical().get_declaration())
    # libclang shows no members of an instantiated class, but the constants that the code names
    for function in list(project.functions.values()):
        for node in function.nodes:
            if (
                node.kind == "DECL_REF_EXPR"
                and node.name == name
                and node.target is not None
                and node.target.semantic_parent == declaration
            ):
                return node.constant
    return None


def _template_arguments(function: Function) -> list[tuple[Any, Any]]:
    """Parameters of a function's template and its class's, and what they are: numbers or types."""
    found = []
    for cursor in (function.cursor, function.cursor.semantic_parent):
        template = None if cursor is None else template_of(cursor)
        if template is None:
            continue
        parameters = [
            child
            for child in template.get_children()
            if child.kind.name in ("TEMPLATE_TYPE_PARAMETER", "TEMPLATE_NON_TYPE_PARAMETER")
        ]
        for index, parameter in enumerate(parameters):
            if index >= cursor.get_num_template_arguments():
                break
            is_type = parameter.kind.name == "TEMPLATE_TYPE_PARAMETER"
            found.append(
                (
                    parameter,
                    cursor.get_template_argument_type(index)
                    if is_type
                    else int(cursor.get_template_argument_value(index)),
                )
            )
    return found


def _arithmetic(text: str) -> int | None:
    """The value of an expression of numbers and + - * / %."""
    try:
        tree = ast.parse(text.replace("/", "//"), mode="eval").body
    except (SyntaxError, ValueError):
        return None
    return _number(tree)


def _number(tree: ast.expr) -> int | None:
    if isinstance(tree, ast.Constant):
        return tree.value if type(tree.value) is int else None
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub):
        inside = _number(tree.operand)
        return None if inside is None else -inside
    if isinstance(tree, ast.BinOp) and type(tree.op) in _SIGNS:
        left, right = _number(tree.left), _number(tree.right)
        if left is None or right is None:
            return None
        try:
            return _SIGNS[type(tree.op)](left, right)
        except ZeroDivisionError:
            return None
    return None
