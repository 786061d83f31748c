"""``#pragma HLS`` lines of a source file.

They are read from the text: a compiler that does not know a pragma keeps nothing of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_LINE = re.compile(r"^[ \t]*#[ \t]*pragma[ \t]+(?P<space>HLS|AP|AUTOPILOT)\b(?P<rest>.*)$", re.I)
_COMMENT = re.compile(r"//.*$|/\*.*?\*/")


@dataclass(frozen=True)
class Option:
    """An option of a pragma.

    Args:
        name: in lower case; a word without ``=`` is its own name.
        value: behind ``=``, None for a word.
        column: from 1.
    """

    name: str
    value: str | None
    column: int


@dataclass(frozen=True)
class Pragma:
    """A pragma.

    Args:
        file: relative to the project.
        line, column: of ``#``, from 1.
        offset: of ``#`` in the file.
        space: ``HLS``, as written.
        directive: as written, ``""`` where there is none.
        options: in order.
    """

    file: str
    line: int
    column: int
    offset: int
    space: str
    directive: str
    options: tuple[Option, ...] = field(default=())

    @property
    def kind(self) -> str:
        return self.directive.lower()

    def value(self, name: str) -> str | None:
        """The value of an option, None where it is not there."""
        for option in self.options:
            if option.name == name:
                return option.value
        return None

    def has(self, *names: str) -> bool:
        """Whether one of the options is there."""
        return any(option.name in names for option in self.options)

    def word(self, name: str, words: frozenset[str]) -> str | None:
        """``name=value``, or the one of ``words`` that stands by itself; in lower case."""
        value = self.value(name)
        if value is not None:
            return value.lower()
        return next((o.name for o in self.options if o.value is None and o.name in words), None)

    @property
    def variables(self) -> tuple[str, ...]:
        """Names behind ``variable=``."""
        value = self.value("variable")
        return tuple(name.strip() for name in value.split(",")) if value else ()


def read_pragmas(file: str, text: str) -> tuple[Pragma, ...]:
    """The pragmas of a file; a line that ends with a backslash goes on in the next."""
    found: list[Pragma] = []
    lines = text.split("\n")
    offset = 0
    number = 0
    while number < len(lines):
        first, start, joined = number, offset, lines[number]
        offset += len(lines[number].encode()) + 1
        number += 1
        while joined.rstrip().endswith("\\") and number < len(lines):
            joined = joined.rstrip()[:-1] + " " + lines[number]
            offset += len(lines[number].encode()) + 1
            number += 1
        match = _LINE.match(_COMMENT.sub(" ", joined))
        if match is None:
            continue
        indent = len(joined) - len(joined.lstrip())
        words = _words(match["rest"], match.start("rest") + 1)
        directive = words[0][0] if words else ""
        found.append(
            Pragma(
                file, first + 1, indent + 1, start + indent, match["space"], directive,
                tuple(_option(word, column) for word, column in words[1:]),
            )
        )  # fmt: skip
    return tuple(found)


def _words(text: str, column: int) -> list[tuple[str, int]]:
    """Words and their columns; spaces around ``=`` and ``,`` part none."""
    tight = re.compile(r"[^\s=,]+(?:\s*[=,]\s*[^\s=,]+)*\s*=?|\S")
    return [
        (re.sub(r"\s+", "", match[0]), column + match.start()) for match in tight.finditer(text)
    ]


def _option(word: str, column: int) -> Option:
    name, sign, value = word.partition("=")
    return Option(name.lower(), value if sign else None, column)
