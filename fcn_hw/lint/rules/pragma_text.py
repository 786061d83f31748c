"""The text of pragmas: every source file of the firmware, included or not, templates unfilled."""

from __future__ import annotations

from collections.abc import Iterator

from fcn_hw.errors import nearest
from fcn_hw.lint.directives import (
    DIRECTIVES,
    FIRST_VERSION,
    GONE,
    Directive,
    Kind,
    OptionRule,
    Versions,
)
from fcn_hw.lint.findings import Place
from fcn_hw.lint.pragmas import Option, Pragma
from fcn_hw.lint.project import Project
from fcn_hw.lint.registry import Breach, rule

_SOURCE = 'UG1399, "HLS Pragmas"'


def _all(project: Project) -> Iterator[Pragma]:
    for pragmas in project.pragmas.values():
        yield from pragmas


def _known(project: Project) -> Iterator[tuple[Pragma, Directive]]:
    for pragma in _all(project):
        if pragma.kind in DIRECTIVES:
            yield pragma, DIRECTIVES[pragma.kind]


def place_of(pragma: Pragma) -> Place:
    return Place(pragma.file, pragma.line, pragma.column)


def place_of_option(pragma: Pragma, option: Option) -> Place:
    return Place(pragma.file, pragma.line, option.column)


def _rule_of(directive: Directive, option: Option) -> OptionRule | None:
    return directive.options.get(option.name)


@rule(
    "pragma-directive",
    "Every pragma names a directive that Vitis HLS has.",
    source=_SOURCE,
    scope="text",
)
def directive(project: Project) -> Iterator[Breach]:
    for pragma in _all(project):
        place = place_of(pragma)
        if pragma.space != "HLS":
            yield (
                place,
                f"the tool does not look at '#pragma {pragma.space}'",
                "write #pragma HLS",
            )
        if pragma.kind in GONE:
            yield (
                place,
                f"Vitis HLS has no directive {pragma.directive.upper()}",
                f"write {GONE[pragma.kind]}",
            )
        elif pragma.kind not in DIRECTIVES:
            yield (
                place,
                f"no directive is called '{pragma.directive}', so the tool ignores the pragma",
                f"nearest: {nearest(pragma.kind, DIRECTIVES)}",
            )
    for file, text in project.texts.items():
        for number, line in enumerate(text.split("\n"), start=1):
            if "_Pragma(" in line.split("//")[0]:
                yield (
                    Place(file, number, line.index("_Pragma(") + 1),
                    "a pragma in _Pragma(), which lint can't read",
                    "write #pragma HLS",
                )


@rule(
    "pragma-option",
    "Every option of a pragma is known, has a valid value, and none that must be there is missing.",
    source=f"{_SOURCE}, the page of each directive",
    scope="text",
)
def option(project: Project) -> Iterator[Breach]:
    for pragma, known in _known(project):
        name = pragma.directive.upper()
        seen: set[str] = set()
        for item in pragma.options:
            place = place_of_option(pragma, item)
            rules = _rule_of(known, item)
            if rules is None:
                yield (
                    place,
                    f"{name} has no option '{item.name}', so the tool ignores the pragma",
                    f"nearest: {nearest(item.name, known.options)}",
                )
                continue
            if item.name in seen:
                yield place, f"{name} has the option '{item.name}' twice", "remove one"
            seen.add(item.name)
            yield from _value(name, place, item, rules)
        yield from _missing(pragma, known)


def _value(name: str, place: Place, item: Option, rules: OptionRule) -> Iterator[Breach]:
    if rules.kind is Kind.WORD:
        if item.value is not None:
            yield place, f"'{item.name}' of {name} takes no value", f"write {item.name} alone"
    elif not item.value:
        yield place, f"'{item.name}' of {name} needs a value", f"write {item.name}=..."
    elif rules.kind is Kind.CHOICE and item.value.lower() not in rules.choices:
        yield (
            place,
            f"'{item.name}={item.value}' of {name} is none of its values",
            f"nearest: {nearest(item.value.lower(), rules.choices)}",
        )


def _missing(pragma: Pragma, known: Directive) -> Iterator[Breach]:
    name, place = pragma.directive.upper(), place_of(pragma)
    for option_name, rules in known.options.items():
        if rules.required and not pragma.has(option_name):
            yield place, f"{name} needs the option '{option_name}='", f"add {option_name}=..."
    for group in known.one_of:
        if not pragma.has(*group):
            words = " or ".join(sorted(group)) if len(group) < 5 else "its mode"
            yield place, f"{name} needs {words}", "add one of them"
    for group in known.exclusive:
        given = [item.name for item in pragma.options if item.name in group]
        if len(set(given)) > 1:
            yield place, f"{name} has {' and '.join(given)} at once", "leave one"
    if pragma.kind in ("array_partition", "array_reshape"):
        kind = pragma.word("type", frozenset(["complete", "cyclic", "block"])) or "complete"
        if kind == "complete" and pragma.has("factor"):
            yield place, f"a complete {name} has no factor", "remove factor, or write cyclic"
        if kind != "complete" and not pragma.has("factor", "off"):
            yield place, f"a {kind} {name} needs the option 'factor='", "add factor=..."


@rule(
    "pragma-version",
    "Every target version from 2020.2 on knows the directive and its options.",
    source=f"{_SOURCE} of 2020.2 and 2025.2; ParseXlxPragma.cpp of github.com/Xilinx/HLS",
    scope="text",
)
def version(project: Project) -> Iterator[Breach]:
    for pragma, known in _known(project):
        name = pragma.directive.upper()
        if known.versions is Versions.LATER:
            yield (
                place_of(pragma),
                f"Vitis HLS {FIRST_VERSION} has no directive {name}",
                known.instead or "leave it out",
            )
        for item in pragma.options:
            rules = _rule_of(known, item)
            if rules is None or rules.versions is Versions.ALL:
                continue
            text = item.name if item.value is None else f"{item.name}="
            why = (
                f"Vitis HLS {FIRST_VERSION} does not know '{text}' of {name} and ignores the pragma"
                if rules.versions is Versions.LATER
                else f"'{text}' of {name} is obsolete and ignored by later versions"
            )
            yield place_of_option(pragma, item), why, rules.instead or "leave it out"
