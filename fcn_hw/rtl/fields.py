"""Which field of the C++ a part of a variable is, by the debug information of LLVM.

SROA cuts a variable into parts, ``%walk.sroa.8``; what it says of them to a debugger, variable and
place in it, is looked up in the type.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_NODE = re.compile(r"^!(\d+) = (?:distinct )?!(?:(DI\w+)\(|\{)(.*)[)}]$", re.M)
_PART = re.compile(
    r"call void @llvm\.dbg\.(?:declare|value)\(metadata \S+ (%[^\s,]+), metadata !(\d+), "
    r"metadata !DIExpression\(DW_OP_LLVM_fragment, (\d+), \d+\)"
)
PART_OF_NAME = re.compile(r"^.*?\.sroa\.\d+(?:\.sroa\.\d+)*")
"""Of the name of a value, what names the part of a variable."""


def names_of_parts(text: str) -> dict[str, str]:
    """``{"%walk.sroa.8": "walk_window_col"}``, of a module whose debug information is whole."""
    found: dict[str, str] = {}
    types: _Types | None = None
    for name, variable, offset in _PART.findall(text):
        part = PART_OF_NAME.match(name)
        if part is not None and part[0] not in found:
            types = types or _Types(text)
            found[part[0]] = types.name_of(int(variable), int(offset))
    return found


@dataclass(frozen=True)
class _Member:
    name: str
    type: int
    offset: int


class _Types:
    """The metadata of a module."""

    def __init__(self, text: str) -> None:
        self.nodes: Mapping[int, tuple[str, str]] = {
            int(number): (kind, body) for number, kind, body in _NODE.findall(text)
        }

    def name_of(self, variable: int, offset: int) -> str:
        """Name of what lies at a bit of a variable: the variable, then fields and indices."""
        body = self.nodes[variable][1]
        name, of = _text(body, "name"), self._plain(_number(body, "type"))
        while of is not None:
            kind, body = self.nodes[of]
            if kind != "DICompositeType":
                break
            if "tag: DW_TAG_array_type" in body:
                of = self._plain(_number(body, "baseType"))
                size = self._size(of)
                if not size:
                    break
                index, offset = divmod(offset, size)
                name += f"_{index}"
                continue
            member = self._member(body, offset)
            if member is None:
                break
            name += f"_{member.name}" if member.name not in _WITHOUT_NAME else ""
            of, offset = self._plain(member.type), offset - member.offset
        return name

    def _member(self, body: str, offset: int) -> _Member | None:
        """The last member that begins at the bit or before."""
        found = None
        elements = _number(body, "elements")
        for number in re.findall(r"!(\d+)", self.nodes[elements][1] if elements else ""):
            _, inner = self.nodes.get(int(number), ("", ""))
            of = _number(inner, "baseType")
            if not re.search(r"tag: DW_TAG_(member|inheritance)", inner) or of is None:
                continue
            begins = _number(inner, "offset", sign="") or 0
            if "DIFlagStaticMember" not in inner and begins <= offset:
                found = _Member(_text(inner, "name"), of, begins)
        return found

    def _plain(self, number: int | None) -> int | None:
        """Behind typedefs and const."""
        while number is not None and "DIDerivedType" in self.nodes.get(number, ("", ""))[0]:
            number = _number(self.nodes[number][1], "baseType")
        return number if number in self.nodes else None

    def _size(self, number: int | None) -> int:
        return (_number(self.nodes[number][1], "size", sign="") or 0) if number is not None else 0


_WITHOUT_NAME = frozenset({"", "code", "data"})
"""Fields that hold the whole of a number or a pixel, and bases."""


def _number(body: str, field: str, sign: str = "!") -> int | None:
    found = re.search(rf"\b{field}: {sign}(\d+)", body)
    return int(found[1]) if found else None


def _text(body: str, field: str) -> str:
    found = re.search(rf'\b{field}: "([^"]*)"', body)
    return found[1] if found else ""
