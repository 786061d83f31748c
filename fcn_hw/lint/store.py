"""Variables, memories and accesses of the abstract execution."""

from __future__ import annotations

from typing import Any

from fcn_hw.lint.memory import Access, Cut, Memory
from fcn_hw.lint.names import number_in
from fcn_hw.lint.pragmas import Pragma
from fcn_hw.lint.project import Project
from fcn_hw.lint.records import Dataflow, Excess, Frame, Key, Process, Ref, Region, Values
from fcn_hw.lint.symbols import Value, unknown
from fcn_hw.lint.tree import array_dimensions, is_stream

_TYPES = frozenset(["complete", "cyclic", "block"])


class Store:
    """The state of an execution; knows no statements."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.memories: list[Memory] = []
        self.regions: list[Region] = []
        self.dataflows: list[Dataflow] = []
        self.excesses: set[Excess] = set()
        self._numbers: dict[Key, int] = {}
        self._values: Values = {}
        self._fixed: set[Key] = set()
        self._epoch = 0
        self._count = 0
        self._path: tuple[tuple[int, int], ...] = ()
        self._region: Region | None = None
        self._copies = 1
        self._active: list[Process] = []
        self._stack: list[Frame] = []

    @property
    def _frame(self) -> Frame:
        return self._stack[-1]

    def _fresh(self) -> int:
        self._count += 1
        return self._count

    def _declare(self, frame: Frame, cursor: Any, ref: Ref) -> None:
        frame.names[int(cursor.hash)] = ref
        frame.words[cursor.spelling] = ref
        if is_stream(cursor.type) or ref.dimensions:
            number = self._memory(ref, cursor)
            region = frame.dataflow
            known = () if region is None else (*region.ports.values(), *region.channels)
            if region is not None and number not in known:
                region.channels.append(number)

    def _merged(self, states: list[Values]) -> Values:
        first, *others = states
        result = dict(first)
        for key in {key for state in states for key in state}:
            value = first.get(key)
            if value is None or any(state.get(key) != value for state in others):
                result[key] = unknown(("either", self._fresh()))
        return result

    def _forget(self) -> None:
        """What a loop may have changed is unknown; constants are not."""
        self._epoch += 1
        self._values = {k: v for k, v in self._values.items() if k in self._fixed}

    def _forget_members(self, ref: Ref) -> None:
        """An object is assigned as a whole."""
        size = len(ref.key)
        for key in [k for k in self._values if len(k) > size and k[:size] == ref.key]:
            del self._values[key]

    # -- memory

    def _loaded(self, item: Ref | Value) -> Value:
        return self._load(item) if isinstance(item, Ref) else item

    def _load(self, ref: Ref) -> Value:
        if ref.dimensions:
            self._access(ref, False)
            return unknown(("load", ref.key, ref.indices, self._epoch))
        found = self._values.get(ref.key)
        return unknown(("variable", ref.key, self._epoch)) if found is None else found

    def _store(self, ref: Ref, value: Value) -> None:
        if ref.dimensions:
            self._access(ref, True)
        else:
            self._values[ref.key] = value

    def _member(self, base: Ref | None, member: Any) -> Ref:
        if base is None:
            base = Ref(("object", self._fresh()))
        ref = Ref(
            (*base.key, member.spelling),
            (*base.dimensions, *array_dimensions(member.type)),
            base.indices,
        )
        if ref.dimensions:
            self._memory(ref, member, is_member=True)
        return ref

    def _memory(self, ref: Ref, cursor: Any, is_member: bool = False) -> int:
        number = self._numbers.get(ref.key)
        if number is None:
            number = self._numbers[ref.key] = len(self.memories)
            self.memories.append(
                Memory(
                    cursor.spelling,
                    self.project.place(cursor),
                    ref.dimensions,
                    is_stream=is_stream(cursor.type),
                    is_member=is_member,
                )
            )
        return number

    def _access(self, ref: Ref, is_write: bool) -> None:
        number = self._numbers.get(ref.key)
        if number is None:
            return
        for process in self._active:
            (process.writes if is_write else process.reads).add(number)
        complete = len(ref.indices) >= len(self.memories[number].dimensions)
        if self._region is not None and complete:
            self._region.accesses.append(Access(number, ref.indices, is_write, self._path))

    # -- pragmas

    def _apply(self, pragma: Pragma) -> None:
        """Cuts or binds a memory, at the end of the block that the pragma stands in."""
        if pragma.kind not in ("array_partition", "array_reshape", "bind_storage"):
            return
        for variable in pragma.variables:
            ref = self._frame.words.get(variable.removeprefix("this->"))
            if ref is None and variable in self.project.globals:
                cursor = self.project.globals[variable]
                ref = Ref(("global", int(cursor.hash)), array_dimensions(cursor.type))
                self._memory(ref, cursor)
            number = None if ref is None else self._numbers.get(ref.key)
            if ref is None or number is None:
                continue
            memory = self.memories[number]
            if pragma.kind == "bind_storage":
                memory.storage = (pragma.value("type") or "").lower()
                continue
            dimension = self._number(pragma.value("dim"))
            first = len(ref.indices)
            cut = Cut(
                pragma.word("type", _TYPES) or "complete",
                self._number(pragma.value("factor")) or 1,
                pragma.kind == "array_reshape",
            )
            chosen = (
                range(first, len(memory.dimensions))
                if dimension == 0
                else [first + (1 if dimension is None else dimension) - 1]
            )
            for index in chosen:
                cuts = memory.cuts.setdefault(index, [])
                if cut not in cuts:
                    cuts.append(cut)

    def _number(self, text: str | None) -> int | None:
        if text is None:
            return None
        return number_in(self.project, self._frame.function, text)
