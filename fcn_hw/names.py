"""Names in an emitted project: identifiers of C++, C, Tcl and RTL, and names of files.

An op ``conv1`` names a stream, and by what is appended its pixel type (``conv1_t``), its config
struct, its ROMs and its files. So a name is free where none of these is another op's, or a word of
a language or a library. Case makes no difference: macros of the C header are in capitals, and some
file systems and some tools know one case only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from fcn_hw.reserved_words import HEADERS, is_reserved

MAX_NAME_LENGTH = 128
"""Of graphs and ops: names become names of files, which Linux limits to 255 bytes."""

_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]*")

_OF_AN_OP = (
    *("_t", "_config", "_weights", "_biases", "_scales", "_bases", "_steps", "_table"),
    "_thresholds",  # one a level, numbered
    *("_weight_t", "_bias_t", "_accum_t"),  # hls4ml's types, with Conv: hls4ml
    *("_file", "_path", "_frames", "_stream", "_port"),  # in the test benches
)
"""What the project appends to the name of an op."""

_OF_A_GRAPH = ("", "_axi", "_wrapper")
"""Function and files, the top function with its AXI ports, Vivado's wrapper."""


class Names:
    """Which names of a graph's project are taken.

    Args:
        graph: the graph's name.
        ops: names of its ops, taken as they are.
    """

    def __init__(self, graph: str = "", ops: Iterable[str] = ()) -> None:
        self._owners: dict[str, str] = {}
        self.renamed: dict[str, str] = {}
        """What :meth:`give` was asked for and could not give, with the name that it gave."""
        if graph:
            self._owners |= {_key(f"{graph}{end}"): graph for end in _OF_A_GRAPH}
        for name in ops:
            self.take(name)

    def refusal(self, name: str) -> str:
        """Why an op can't have a name; empty where it can."""
        told = _refusal(name)
        if told:
            return told
        for end in ("", *_OF_AN_OP):
            owner = self._owners.get(_key(f"{name}{end}"))
            if owner is not None:
                what = f"name '{name}{end}'" if end else "name"
                return f"the {what} is one of those that '{owner}' has, in whatever case"
        return ""

    def take(self, name: str) -> None:
        """Takes the name of an op and all that are made of it."""
        self._owners |= {_key(f"{name}{end}"): name for end in ("", *_OF_AN_OP)}

    def give(self, wanted: str) -> str:
        """A free name for an op, near the wanted one, and takes it.

        Args:
            wanted: any text. What is no letter or digit becomes ``_``; capitals alone become small
                letters; a reserved word or a digit in front gets ``op_``; a name that is taken gets
                a number.
        """
        found = self._numbered(identifier(wanted))
        self.take(found)
        if found != wanted:
            self.renamed[wanted] = found
        return found

    def give_one(self, wanted: str) -> str:
        """A free identifier that nothing is appended to, such as a stream's, and takes it."""
        found, number = wanted, 2
        while _key(found) in self._owners:
            found, number = f"{wanted}_{number}", number + 1
        self._owners[_key(found)] = found
        return found

    def _numbered(self, base: str) -> str:
        found, number = base, 2
        while self.refusal(found):
            end = f"_{number}"
            found, number = f"{base[: MAX_NAME_LENGTH - len(end)]}{end}", number + 1
        return found


def identifier(text: str, prefix: str = "op") -> str:
    """The identifier nearest to a text; no reserved word.

    Args:
        prefix: of a text that begins with no letter, is a reserved word or has no letter at all.
    """
    name = re.sub(r"\W", "_", text, flags=re.ASCII).strip("_") or prefix
    name = re.sub(r"__+", "_", name)  # two underscores are reserved in C++
    if name == name.upper():
        name = name.lower()
    if not name[0].isalpha() or is_reserved(name):
        name = f"{prefix}_{name}"
    return name[:MAX_NAME_LENGTH]


def graph_name(text: str) -> str:
    """The name of a graph nearest to a text, for instance the stem of a model file."""
    name = identifier(text, "net")
    return f"net_{name}"[:MAX_NAME_LENGTH] if graph_refusal(name) else name


def graph_refusal(name: str) -> str:
    """Why a graph or a design can't have a name; empty where it can."""
    if name.lower() in HEADERS:
        return f"the compiler would take its {name.lower()}.h for that of the C library"
    return _refusal(name)


def _refusal(name: str) -> str:
    """Why nothing can have a name."""
    if not _IDENTIFIER.fullmatch(name):
        return "the name is no C identifier"
    if len(name) > MAX_NAME_LENGTH:
        return f"the name has {len(name)} characters, {MAX_NAME_LENGTH} is the limit"
    if "__" in name:
        return "the name holds two underscores in a row, which C++ keeps for itself"
    if is_reserved(name):
        return "the name is a word of C, C++ or Verilog, or of their libraries"
    if name == name.upper():
        return "the name has no small letter, as the macros of the C library have none"
    return ""


def _key(name: str) -> str:
    """What two names have in common that can't both be."""
    return re.sub(r"(?<=_thresholds)\d+$", "", name.lower())
