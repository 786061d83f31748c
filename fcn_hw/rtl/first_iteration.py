"""What registers hold before the first iteration: the code before the first loop, carried out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fcn_hw.errors import NotSynthesizable
from fcn_hw.rtl.control_flow import START, ControlFlow
from fcn_hw.rtl.ir import evaluate, mask
from fcn_hw.rtl.llvm import Address, Instruction, Local, Number, Type, Value, elements


@dataclass(frozen=True)
class FirstIteration:
    """Where the first frame starts.

    Args:
        state: the first block.
        values: constants, unsigned, by the name of the result; others may be anything.
        stored: constants in arrays of the function, by name and element.
    """

    state: str
    values: Mapping[str, int]
    stored: Mapping[tuple[str, int], int]


def first_iteration(flow: ControlFlow) -> FirstIteration:
    """Carries out what lies before the first loop.

    Raises:
        NotSynthesizable: which loop is first depends on data.
    """
    return _Run(flow).finished()


class _Run:
    def __init__(self, flow: ControlFlow) -> None:
        self.flow = flow
        self.values: dict[str, int] = {}
        self.stored: dict[tuple[str, int], int] = {}

    def finished(self) -> FirstIteration:
        block, source = self.flow.entry, START
        while block not in self.flow.states:
            lines = self.flow.function.blocks[block]
            self._phis(lines, source)
            for line in lines:
                if line.opcode != "phi":
                    self._do(line)
            block, source = self._next(lines[-1]), block
        self._phis(self.flow.function.blocks[block], source)
        return FirstIteration(block, self.values, self.stored)

    def _phis(self, lines: tuple[Instruction, ...], source: str) -> None:
        found = {}
        for line in lines:
            if line.opcode == "phi" and source in line.incoming:
                width, value = line.operands[line.incoming.index(source)]
                found[line.result] = self._value(value, width)
        for name, number in found.items():
            self._set(name, number)

    def _set(self, name: str, value: int | None) -> None:
        if value is not None:
            self.values[name] = value

    def _value(self, value: Value, width: Type) -> int | None:
        if isinstance(value, Number):
            assert isinstance(width, int)
            return value.value & mask(width)
        return self.values.get(value.name) if isinstance(value, Local) else None

    def _do(self, line: Instruction) -> None:
        if line.opcode == "store":
            (width, value), (_, pointer) = line.operands
            place, number = self._place(pointer), self._value(value, width)
            if place is not None and number is not None:
                self.stored[place] = number
            return
        if line.opcode == "load":
            place = self._place(line.operands[0][1])
            if place in self.stored:
                self._set(line.result, self.stored[place])
            return
        if not line.result or line.opcode in ("call", "alloca", "getelementptr"):
            return
        numbers = [self._value(value, width) for width, value in line.operands]
        if line.opcode == "select" and numbers[0] is not None:
            self._set(line.result, numbers[1] if numbers[0] else numbers[2])
            return
        known = [number for number in numbers if number is not None]
        if len(known) < len(numbers) or not isinstance(line.type, int):
            return
        widths = tuple(width for width, _ in line.operands if isinstance(width, int))
        op = line.predicate or line.opcode
        if op == "freeze":
            self._set(line.result, known[0])
        elif op == "ne":
            self._set(line.result, int(known[0] != known[1]))
        else:
            width = 1 if line.predicate else line.type
            self._set(line.result, evaluate(op, width, tuple(known), widths))

    def _place(self, pointer: Value) -> tuple[str, int] | None:
        """The array of the function and the element, where the index is constant."""
        if isinstance(pointer, Local):
            for line in (i for lines in self.flow.function.blocks.values() for i in lines):
                if line.result == pointer.name and line.opcode == "alloca":
                    return pointer.name, 0
                if line.result == pointer.name and line.opcode == "getelementptr":
                    return self._place(line.operands[0][1])
        if isinstance(pointer, Address):
            base = self._place(pointer.base)
            of, at = pointer.pointee, 0
            for number, (width, value) in enumerate(pointer.indices):
                index = self._value(value, width)
                if index is None:
                    return None
                if number:
                    of = getattr(of, "element", None)
                at += index * elements(of)
            return None if base is None else (base[0], base[1] + at)
        return None

    def _next(self, last: Instruction) -> str:
        if last.opcode == "ret":
            raise NotSynthesizable(last.line, "the process ends before its first loop")
        if not last.operands:
            return last.targets[0]
        width, value = last.operands[0]
        number = self._value(value, width)
        if number is None:
            raise NotSynthesizable(last.line, "which loop comes first depends on data")
        if last.opcode == "br":
            return last.targets[0 if number else 1]
        assert isinstance(width, int)
        for case, target in zip(last.cases, last.targets[1:], strict=True):
            if case & mask(width) == number:
                return target
        return last.targets[0]
