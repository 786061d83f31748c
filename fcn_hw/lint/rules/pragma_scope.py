"""Pragmas where they stand: the block, the variables in scope, their dimensions, the constants."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fcn_hw.lint.directives import (
    BLOCK,
    DIRECTIVES,
    FIRST_VERSION,
    FUNCTION,
    LOOP,
    Directive,
    Kind,
)
from fcn_hw.lint.functions import Scope
from fcn_hw.lint.memory import PORTS
from fcn_hw.lint.names import depends_on_template, find_variable, number_in
from fcn_hw.lint.pragmas import Option, Pragma
from fcn_hw.lint.project import Project
from fcn_hw.lint.registry import Breach, rule
from fcn_hw.lint.rules.pragma_text import place_of, place_of_option
from fcn_hw.lint.tree import array_dimensions, element_type, is_stream

_SOURCE = 'UG1399, "HLS Pragmas", the page of each directive'


def _placed(project: Project) -> Iterator[tuple[Scope, Pragma, Directive]]:
    """Pragmas of functions that the top function reaches, once for each instantiation."""
    for scope in project.scopes:
        for pragma in scope.pragmas:
            if pragma.kind in DIRECTIVES:
                yield scope, pragma, DIRECTIVES[pragma.kind]


def _options(pragma: Pragma, directive: Directive, kind: Kind) -> Iterator[Option]:
    for option in pragma.options:
        rules = directive.options.get(option.name)
        if rules is not None and rules.kind is kind and option.value:
            yield option


def _where(scope: Scope) -> str:
    if scope.loop is not None:
        return LOOP
    return FUNCTION if scope.parent is None else BLOCK


@rule(
    "pragma-placement",
    "Every pragma stands in the block that it applies to.",
    source=_SOURCE,
    scope="text and instantiations",
)
def placement(project: Project) -> Iterator[Breach]:
    for file in project.pragmas:
        bodies = project.bodies.get(file)
        for pragma in project.active_pragmas(file) if bodies is not None else ():
            if not any(start < pragma.offset < end for start, end in bodies or ()):
                yield (
                    place_of(pragma),
                    f"{pragma.directive.upper()} stands outside of any function",
                    "move it into the function whose variables or loops it means",
                )
    for scope, pragma, directive in _placed(project):
        name, where = pragma.directive.upper(), _where(scope)
        if where not in directive.places:
            wanted = " or ".join(sorted(directive.places))
            yield (
                place_of(pragma),
                f"{name} stands in {where} of '{scope.function.name}'"
                if where == BLOCK
                else f"{name} stands in {where}, '{scope.function.name}'",
                f"it belongs into {wanted}",
            )
        elif directive.top_only and scope.function is not project.top:
            yield (
                place_of(pragma),
                f"{name} stands in '{scope.function.name}', which is not the top function",
                f"move it to '{project.top.name}'",
            )


@rule(
    "pragma-variable",
    "Every variable and port of a pragma is in scope where the pragma stands.",
    source=_SOURCE,
)
def variable(project: Project) -> Iterator[Breach]:
    for scope, pragma, directive in _placed(project):
        for option in _options(pragma, directive, Kind.VARIABLE):
            for name in (option.value or "").split(","):
                found = find_variable(project, scope, pragma, name)
                if found is None:
                    yield (
                        place_of_option(pragma, option),
                        f"{pragma.directive.upper()} names '{name}', which is not declared here",
                        "put the pragma behind the declaration, in the same block",
                    )
                else:
                    yield from _fits(pragma, option, name, found)
        parameters = [parameter.spelling for parameter in scope.function.parameters]
        for option in _options(pragma, directive, Kind.PORT):
            for name in (option.value or "").split(","):
                if name != "return" and name not in parameters:
                    yield (
                        place_of_option(pragma, option),
                        f"{pragma.directive.upper()} names the port '{name}', which is no "
                        f"parameter of '{scope.function.name}'",
                        f"parameters: {', '.join(parameters) or 'none'}",
                    )


def _fits(pragma: Pragma, option: Option, name: str, found: Any) -> Iterator[Breach]:
    """Whether the pragma can be applied to a variable of its type."""
    place, directive = place_of_option(pragma, option), pragma.directive.upper()
    stream, array = is_stream(found.type), bool(array_dimensions(found.type))
    part = "." in name or "->" in name or "[" in name
    if pragma.kind == "stream" and not (stream or array or part):
        yield place, f"STREAM names '{name}', which is no stream", "declare it as an hls::stream"
    if pragma.kind == "bind_storage":
        kind = (pragma.value("type") or "").lower()
        if kind == "fifo" and not stream:
            yield place, f"{directive} type=fifo names '{name}', which is no stream", "bind a RAM"
        if kind in PORTS and kind != "fifo" and not (array or part or stream):
            yield place, f"{directive} names '{name}', which is no array", "remove it"
        if kind.startswith("ram") and stream:
            yield place, f"{directive} type={kind} names the stream '{name}'", "write type=fifo"
        if kind.startswith("rom") and not _is_constant(found.type):
            yield (
                place,
                f"{directive} type={kind} names '{name}', which is not const",
                "declare the array const, or bind a RAM",
            )
    if pragma.kind == "reset" and not _is_static(found):
        yield place, f"RESET names '{name}', which is neither static nor global", "remove it"


def _is_constant(kind: Any) -> bool:
    return bool(element_type(kind).is_const_qualified())


def _is_static(found: Any) -> bool:
    return (
        found.storage_class.name == "STATIC"
        or found.semantic_parent.kind.name in ("TRANSLATION_UNIT", "NAMESPACE")
        or found.kind.name == "FIELD_DECL"
    )


@rule(
    "pragma-dimension",
    "ARRAY_PARTITION and ARRAY_RESHAPE name an array and a dimension that it has.",
    source='UG1399, "pragma HLS array_partition", "pragma HLS array_reshape"',
)
def dimension(project: Project) -> Iterator[Breach]:
    for scope, pragma, _ in _placed(project):
        if pragma.kind not in ("array_partition", "array_reshape"):
            continue
        number = number_in(project, scope.function, pragma.value("dim") or "1")
        for name in pragma.variables:
            found = find_variable(project, scope, pragma, name)
            if found is None or number is None or "." in name or "->" in name:
                continue
            sizes = array_dimensions(found.type)
            if not sizes:
                if not is_stream(found.type):
                    yield (
                        place_of(pragma),
                        f"{pragma.directive.upper()} names '{name}', which is no array",
                        "remove it",
                    )
            elif not 0 <= number <= len(sizes):
                yield (
                    place_of(pragma),
                    f"{pragma.directive.upper()} cuts dimension {number} of '{name}', which has "
                    f"{len(sizes)}",
                    f"write dim=1 to dim={len(sizes)}, or dim=0 for all",
                )
            else:
                yield from _factor(project, scope, pragma, name, sizes, number)


def _factor(
    project: Project, scope: Scope, pragma: Pragma, name: str, sizes: tuple[int, ...], number: int
) -> Iterator[Breach]:
    factor = number_in(project, scope.function, pragma.value("factor") or "")
    cut = sizes if number == 0 else (sizes[number - 1],)
    if factor is not None and any(size and factor > size for size in cut):
        yield (
            place_of(pragma),
            f"{pragma.directive.upper()} cuts '{name}' into {factor} parts, its dimension has "
            f"{min(cut)} elements",
            "write a smaller factor",
        )


@rule(
    "pragma-constant",
    "Numbers of pragmas are constants in range, in every instantiation and version.",
    source=f"{_SOURCE}; ParseXlxPragma.cpp of github.com/Xilinx/HLS",
)
def constant(project: Project) -> Iterator[Breach]:
    for scope, pragma, directive in _placed(project):
        for option in _options(pragma, directive, Kind.NUMBER):
            rules, text = directive.options[option.name], option.value or ""
            place, name = place_of_option(pragma, option), pragma.directive.upper()
            number = number_in(project, scope.function, text)
            if number is None:
                yield (
                    place,
                    f"'{option.name}={text}' of {name} is not known at compile time",
                    "write a number, a const variable or a template parameter",
                )
            elif number < rules.least:
                yield (
                    place,
                    f"'{option.name}={text}' of {name} is {number}, less than {rules.least}",
                    f"write {rules.least} or more",
                )
            if not rules.template and depends_on_template(scope.function, text):
                yield (
                    place,
                    f"'{option.name}={text}' of {name} depends on a template parameter, which "
                    f"Vitis HLS {FIRST_VERSION} does not take there",
                    "write a number",
                )
