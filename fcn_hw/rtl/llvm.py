"""What is left of LLVM IR after the front end, and a reader of its text (LLVM 16, opaque pointers).

One function a process. Its types are integers, pointers and arrays of integers; structs of one
field are their field.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Union

from fcn_hw.errors import NotSynthesizable

FUNCTION_PREFIX = "process_"
"""Of a process's function, so that a process may have the name of a function of C."""


@dataclass(frozen=True)
class Array:
    """An array type."""

    count: int
    element: Type


Type = Union[int, Array, None]
"""Bits of an integer, an array, or None for a pointer and for nothing."""


@dataclass(frozen=True)
class Local:
    """The result of an instruction, or an argument."""

    name: str


@dataclass(frozen=True)
class Global:
    """A variable or a function of the module."""

    name: str


@dataclass(frozen=True)
class Number:
    """A constant, as the text has it: negative ones are negative."""

    value: int


@dataclass(frozen=True)
class Undefined:
    """``undef`` and ``poison``: any value will do."""


@dataclass(frozen=True)
class Address:
    """``getelementptr``: indices into an object, the first one in whole objects of ``pointee``."""

    pointee: Type
    base: Value
    indices: tuple[tuple[int, Value], ...]


Value = Union[Local, Global, Number, Undefined, Address]


@dataclass(frozen=True)
class Instruction:
    """An instruction; what an opcode does not have is empty.

    Args:
        type: of the result; of the stored value; of the compared values.
        operands: values with their types, in the order of the text.
        predicate: of ``icmp``.
        callee: of ``call``, without the ``@``.
        targets: blocks of a terminator.
        cases: of ``switch``, aligned with ``targets[1:]``.
        incoming: block of each operand of ``phi``.
        line: ``windows.h:192``, or ``""``.
    """

    opcode: str
    result: str = ""
    type: Type = None
    operands: tuple[tuple[Type, Value], ...] = ()
    predicate: str = ""
    callee: str = ""
    targets: tuple[str, ...] = ()
    cases: tuple[int, ...] = ()
    incoming: tuple[str, ...] = ()
    line: str = ""


@dataclass(frozen=True)
class Variable:
    """A global: a ROM where it is constant, else a memory that keeps its contents over frames."""

    name: str
    type: Type
    constant: bool
    initial: tuple[int, ...]


@dataclass(frozen=True)
class Function:
    """A process.

    Args:
        arguments: its streams, in the order of the call.
        blocks: the first one is the entry.
        parts: what a part of a variable is in the C++, by the start of its name.
    """

    name: str
    arguments: tuple[str, ...]
    blocks: Mapping[str, tuple[Instruction, ...]]
    variables: Mapping[str, Variable] = field(default_factory=dict)
    parts: Mapping[str, str] = field(default_factory=dict)


def dimensions(of: Type) -> tuple[tuple[int, ...], int]:
    """The extents of an array and the bits of its elements."""
    extents = []
    while isinstance(of, Array):
        extents.append(of.count)
        of = of.element
    assert isinstance(of, int), "an array of pointers"
    return tuple(extents), of


def elements(of: Type) -> int:
    """How many integers a type holds."""
    count = 1
    while isinstance(of, Array):
        count *= of.count
        of = of.element
    return count


_NAME = r'(?:%"[^"]+"|@"[^"]+"|[%@][\w.$-]+)'
_ATTRIBUTES = re.compile(
    r"\b(noundef|zeroext|signext|nonnull|inreg|returned|align \d+|dereferenceable\(\d+\))(?!\w) ?"
)
_FLAGS = re.compile(r"^((nuw|nsw|exact|disjoint) )+")
_METADATA = re.compile(r"(, ![\w.]+ ![\w]+)+$")
_DEBUG = re.compile(r"!dbg !(\d+)")


def read_function(text: str) -> Function:
    """Reads the one process of a module.

    Raises:
        NotSynthesizable: an instruction that no hardware is made of.
    """
    return _Reader(text).function()


def _split(text: str) -> list[str]:
    """At the commas that stand in no bracket and no string."""
    parts, depth, start, quoted = [], 0, 0, False
    for at, sign in enumerate(text):
        if sign == '"':
            quoted = not quoted
        elif not quoted and sign in "([{<":
            depth += 1
        elif not quoted and sign in ")]}>":
            depth -= 1
        elif not quoted and sign == "," and depth == 0:
            parts.append(text[start:at].strip())
            start = at + 1
    rest = text[start:].strip()
    return [*parts, rest] if rest else parts


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.named = dict(re.findall(r'^(%(?:"[^"]+"|[\w.:]+)) = type (.*)$', text, re.M))
        self.lines = _debug_lines(text)

    def function(self) -> Function:
        found = re.search(
            rf"^define [^\n]*@{FUNCTION_PREFIX}(\w+)\(([^\n]*)\n(.*?)^\}}",
            self.text,
            re.M | re.S,
        )
        assert found is not None, "the module has no process"
        arguments = []
        for part in _split(_in_brackets(found[2])):
            name = re.search(_NAME + "$", part)
            assert name is not None, part
            arguments.append(name[0])
        blocks: dict[str, tuple[Instruction, ...]] = {}
        current: list[Instruction] = []
        label = "%entry"
        for line in _joined(found[3]):
            mark = re.match(r'("[^"]+"|[\w.$-]+):', line)
            if mark:
                if current:
                    blocks[label] = tuple(current)
                current, label = [], f"%{mark[1]}"
            else:
                current.append(self.instruction(line))
        blocks[label] = tuple(current)
        return Function(found[1], tuple(arguments), blocks, self.variables())

    def variables(self) -> dict[str, Variable]:
        found = {}
        for match in re.finditer(r"^@(\S+) = (?:\w+ )*?(constant|global) (.*)$", self.text, re.M):
            of, rest = self.type(match[3])
            initial = re.sub(r", (comdat|align|section|!dbg).*$", "", rest)
            name = match[1].strip('"')
            values = tuple(self.initial(of, initial))
            found[name] = Variable(name, of, match[2] == "constant", values)
        return found

    def initial(self, of: Type, text: str) -> list[int]:
        """The elements of an initialiser, row by row."""
        text = text.strip()
        if text.startswith(("zeroinitializer", "undef", "poison")):
            return [0] * elements(of)
        if isinstance(of, int):
            if text.startswith("{"):  # a struct of one field
                inner, rest = self.type(text[1:].strip())
                return self.initial(inner, rest.rstrip("} "))
            value = self.value(text)
            return [value.value if isinstance(value, Number) else 0]
        assert isinstance(of, Array), text[:50]
        if text.startswith('c"'):
            return _string(text[2 : text.rindex('"')])
        found = []
        for part in _split(text[2:-2] if text.startswith("<{") else text[1:-1]):
            part_of, values = self.type(part)
            found += self.initial(part_of, values)
        return found

    def type(self, text: str) -> tuple[Type, str]:
        """The type at the start of the text, and what follows it."""
        text = text.lstrip()
        match = re.match(r"i(\d+)\b", text)
        if match:
            return int(match[1]), text[match.end() :]
        for word in ("ptr", "void"):
            if text.startswith(word):
                return None, text[len(word) :]
        match = re.match(r"\[(\d+) x ", text)
        if match:
            element, rest = self.type(text[match.end() :])
            return Array(int(match[1]), element), rest[1:]
        if text.startswith("<{"):
            return self._array_in_parts(text)
        if text.startswith("{"):
            inner, rest = self.type(text[1:])
            if rest.lstrip().startswith("}"):
                return inner, rest.lstrip()[1:]
            raise NotSynthesizable(
                "", f"a struct of several fields is left in a memory: {text[:40]}"
            )
        match = re.match(_NAME, text)
        if match is None or match[0] not in self.named:
            raise NotSynthesizable("", f"a type that no hardware has: '{text[:40]}'")
        return self.type(self.named[match[0]])[0], text[match.end() :]

    def _array_in_parts(self, text: str) -> tuple[Type, str]:
        """An array that ends in zeros, which clang writes as a struct.

        Its fields are two arrays, ``<{ [13 x i4], [27 x i4] }>``, or the elements that are not zero
        and an array of the others, ``<{ i4, i4, [38 x i4] }>``; these may be arrays themselves. Or
        one of its elements is such an array, and the others are not.
        """
        fields: list[Type] = []
        written = set()
        are_elements, rest = False, text[1:]
        while not rest.startswith("}"):
            field_text = rest[1:].lstrip()
            are_elements |= not field_text.startswith("[")
            field_of, rest = self.type(field_text)
            written.add(field_text.removesuffix(rest))
            fields.append(field_of)
            rest = rest.lstrip()
        are_elements |= getattr(fields[-1], "element", None) == fields[0]
        are_elements |= len(written) > 1 and all(of == fields[0] for of in fields)
        element = fields[0] if are_elements else getattr(fields[0], "element", None)
        count = sum(elements(of) for of in fields) // elements(element)
        return Array(count, element), rest.removeprefix("}>")

    def value(self, text: str) -> Value:
        text = _ATTRIBUTES.sub("", text).strip()
        if text in ("true", "false"):
            return Number(int(text == "true"))
        if text in ("undef", "poison"):
            return Undefined()
        if text in ("zeroinitializer", "null"):
            return Number(0)
        if re.fullmatch(r"-?\d+", text):
            return Number(int(text))
        if text.startswith("getelementptr"):
            return self.address(text)
        if text.startswith("@"):
            return Global(text[1:].strip('"'))
        return Local(text)

    def typed(self, text: str) -> tuple[Type, Value]:
        of, rest = self.type(text.strip())
        return of, self.value(rest)

    def address(self, text: str) -> Address:
        match = re.match(r"getelementptr (?:inbounds )?(\(?)", text)
        assert match is not None
        inner = text[match.end() :]
        if match[1]:
            inner = inner[: inner.rindex(")")]
        first, base, *rest = _split(inner)
        indices = []
        for part in rest:
            width, value = self.typed(part)
            assert isinstance(width, int)
            indices.append((width, value))
        return Address(self.type(first)[0], self.typed(base)[1], tuple(indices))

    def instruction(self, line: str) -> Instruction:
        mark = _DEBUG.search(line)
        where = self.lines.get(int(mark[1]), "") if mark else ""
        line = _METADATA.sub("", line)
        match = re.match(rf"({_NAME}) = (.*)", line)
        result, line = (match[1], match[2]) if match else ("", line)
        line = re.sub(r"^(tail|notail|musttail) ", "", line)
        opcode, _, rest = line.partition(" ")
        reader = getattr(self, f"_{opcode}", None)
        if reader is None:
            if opcode not in _BINARY:
                raise NotSynthesizable(where, f"'{opcode}' can't be hardware")
            reader = self._binary
        fields: dict[str, object] = reader(rest.strip())
        return Instruction(opcode, result, line=where, **fields)  # type: ignore[arg-type]

    def _binary(self, rest: str) -> dict[str, object]:
        of, rest = self.type(_FLAGS.sub("", rest))
        return {"type": of, "operands": tuple((of, self.value(v)) for v in _split(rest))}

    def _phi(self, rest: str) -> dict[str, object]:
        of, rest = self.type(rest)
        pairs = [_split(part[1:-1]) for part in _split(rest)]
        return {
            "type": of,
            "operands": tuple((of, self.value(value)) for value, _ in pairs),
            "incoming": tuple(block for _, block in pairs),
        }

    def _br(self, rest: str) -> dict[str, object]:
        parts = _split(rest)
        if len(parts) == 1:
            return {"targets": (parts[0].split()[1],)}
        return {
            "operands": (self.typed(parts[0]),),
            "targets": tuple(part.split()[1] for part in parts[1:]),
        }

    def _switch(self, rest: str) -> dict[str, object]:
        match = re.match(r"(.*), label (\S+) \[(.*)\]", rest)
        assert match is not None, rest
        found = re.findall(r"i\d+ (-?\d+|true|false), label (\S+)", match[3])
        numbers = [self.value(text) for text, _ in found]
        return {
            "operands": (self.typed(match[1]),),
            "targets": (match[2], *(label for _, label in found)),
            "cases": tuple(n.value for n in numbers if isinstance(n, Number)),
        }

    def _ret(self, _rest: str) -> dict[str, object]:
        return {}

    _unreachable = _ret

    def _icmp(self, rest: str) -> dict[str, object]:
        predicate, _, rest = rest.partition(" ")
        return {"predicate": predicate, **self._binary(rest)}

    def _select(self, rest: str) -> dict[str, object]:
        operands = tuple(self.typed(part) for part in _split(rest))
        return {"type": operands[1][0], "operands": operands}

    def _zext(self, rest: str) -> dict[str, object]:
        value, _, target = rest.rpartition(" to ")
        return {"type": self.type(target)[0], "operands": (self.typed(value),)}

    _sext = _trunc = _zext

    def _freeze(self, rest: str) -> dict[str, object]:
        operand = self.typed(rest)
        return {"type": operand[0], "operands": (operand,)}

    def _getelementptr(self, rest: str) -> dict[str, object]:
        return {"operands": ((None, self.address(f"getelementptr {rest}")),)}

    def _load(self, rest: str) -> dict[str, object]:
        of, pointer = _split(rest)[:2]
        return {"type": self.type(of)[0], "operands": (self.typed(pointer),)}

    def _store(self, rest: str) -> dict[str, object]:
        value, pointer = (self.typed(part) for part in _split(rest)[:2])
        return {"type": value[0], "operands": (value, pointer)}

    def _alloca(self, rest: str) -> dict[str, object]:
        return {"type": self.type(rest)[0]}

    def _call(self, rest: str) -> dict[str, object]:
        match = re.search(r'@([\w.$]+|"[^"]+")\((.*)\)[^()]*$', rest)
        if match is None:
            raise NotSynthesizable("", "a call by pointer can't be hardware")
        callee = match[1].strip('"')
        of, _ = self.type(_ATTRIBUTES.sub("", rest[: match.start()]))
        plain = callee.startswith(("llvm.experimental", "llvm.lifetime", "llvm.dbg"))
        operands = () if plain else tuple(self.typed(part) for part in _split(match[2]))
        return {"type": of, "callee": callee, "operands": operands}


_BINARY = frozenset("add sub mul and or xor shl lshr ashr udiv sdiv urem srem".split())


def _joined(body: str) -> list[str]:
    """The lines of a function; a switch takes several in the text."""
    body = re.sub(
        r"\[\n(.*?)\n\s*\]", lambda m: "[" + m[1].replace("\n", " ") + "]", body, flags=re.S
    )
    lines = []
    for raw in body.split("\n"):
        line = raw if '"' in raw else raw.split(" ; ")[0]
        if line.strip() and not line.lstrip().startswith(";"):
            lines.append(line.strip())
    return lines


def _in_brackets(text: str) -> str:
    """Up to the bracket that closes the one before the text."""
    depth = 1
    for at, sign in enumerate(text):
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if depth == 0:
            return text[:at]
    return text


def _string(text: str) -> list[int]:
    """The bytes of ``c"..."``."""
    found, at = [], 0
    while at < len(text):
        if text[at] == "\\":
            found.append(int(text[at + 1 : at + 3], 16))
            at += 3
        else:
            found.append(ord(text[at]))
            at += 1
    return found


_STAND_INS = frozenset({"ap_axi_sdata.h", "ap_fixed.h", "ap_int.h", "hls_stream.h"})
"""An operation in one of these is told by the line that calls it."""


def _debug_lines(text: str) -> dict[int, str]:
    """``header:line`` of each debug location by its number in the module."""
    files: dict[int, str] = {}
    scopes: dict[int, int] = {}  # to the number of the file
    places: dict[int, tuple[int, int, int | None]] = {}
    for number, kind, body in re.findall(r"^!(\d+) = (?:distinct )?!(DI\w+)\((.*)\)$", text, re.M):
        if kind == "DIFile":
            name = re.search(r'filename: "([^"]*)"', body)
            files[int(number)] = name[1].rpartition("/")[2] if name else ""
            continue
        line, scope, file, inlined = (
            re.search(pattern, body)
            for pattern in (r"line: (\d+)", r"scope: !(\d+)", r"file: !(\d+)", r"inlinedAt: !(\d+)")
        )
        if kind == "DILocation" and line and scope:
            caller = int(inlined[1]) if inlined else None
            places[int(number)] = (int(line[1]), int(scope[1]), caller)
        elif kind in ("DISubprogram", "DILexicalBlock", "DILexicalBlockFile") and file:
            scopes[int(number)] = int(file[1])
    found = {}
    for number in places:
        at: int | None = number
        while at is not None:
            line_number, scope_number, at = places[at]
            name_of_file = files.get(scopes.get(scope_number, -1), "")
            if name_of_file and name_of_file not in _STAND_INS and line_number:
                found[number] = f"{name_of_file}:{line_number}"
                break
    return found
