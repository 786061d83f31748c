"""An HLS project, parsed: what every rule gets to see."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from fcn_hw.errors import ConfigError
from fcn_hw.lint.findings import Place
from fcn_hw.lint.functions import Function, Scope
from fcn_hw.lint.libclang import parse, skipped_lines
from fcn_hw.lint.pragmas import Pragma, read_pragmas
from fcn_hw.lint.roms import emptied_files
from fcn_hw.lint.tree import Node, body_of, defined

FIRMWARE = "firmware"
_ALL = ".lint.cpp"
"""A file that is in memory only and includes all sources: one tree holds every body."""
_SOURCES = ("*.cpp", "*.h", "*.hpp")
_CONTAINERS = frozenset(
    "NAMESPACE CLASS_DECL STRUCT_DECL CLASS_TEMPLATE CLASS_TEMPLATE_PARTIAL_SPECIALIZATION".split()
)
_FUNCTIONS = frozenset(
    "FUNCTION_DECL CXX_METHOD CONSTRUCTOR DESTRUCTOR CONVERSION_FUNCTION".split()
)


@dataclass(eq=False)
class Project:
    """An HLS project.

    Args:
        folder: absolute.
        unit: libclang's translation unit of all sources.
        vendor: folders of the tool's own headers, whose bodies are not looked at.
        texts: every source file of the firmware, by its path relative to the project.
        top: the top function.
    """

    folder: Path
    unit: Any
    vendor: tuple[Path, ...]
    texts: dict[str, str]
    top: Function = field(init=False)
    functions: dict[int, Function] = field(default_factory=dict)
    """Those that the top function reaches, by the number of their cursor, in order of discovery."""
    kept: dict[type, Any] = field(default_factory=dict)
    """What rules share and is computed once, by its class. It may hold the project: both go
    together."""

    def __post_init__(self) -> None:
        self.folder = self.folder.resolve()
        self.vendor = tuple(path.resolve() for path in self.vendor)
        self._paths: dict[str, str | None] = {}
        self._vendor_paths: dict[str, bool] = {}
        self.top = self._find_top()
        self._discover()

    # -- files ----------------------------------------------------------------------------------

    def relative(self, path: str) -> str | None:
        """A file's path relative to the project, None where it lies outside of the firmware."""
        if path not in self._paths:
            full = Path(path).resolve()
            inside = full.is_relative_to(self.folder / FIRMWARE)
            self._paths[path] = full.relative_to(self.folder).as_posix() if inside else None
        return self._paths[path]

    def is_vendor(self, cursor: Any) -> bool:
        """Whether a declaration comes from the tool's own headers."""
        file = cursor.location.file
        return file is not None and self._in_vendor(file.name)

    def _in_vendor(self, path: str) -> bool:
        if path not in self._vendor_paths:
            full = Path(path).resolve()
            self._vendor_paths[path] = any(full.is_relative_to(item) for item in self.vendor)
        return self._vendor_paths[path]

    def is_own(self, cursor: Any) -> bool:
        """Whether a declaration comes from the project."""
        return self.relative_file(cursor) is not None

    def relative_file(self, cursor: Any) -> str | None:
        """The file of a declaration relative to the project, None where it lies outside."""
        file = cursor.location.file
        return None if file is None else self.relative(file.name)

    def place(self, cursor: Any) -> Place:
        """Where a cursor is; a macro's use, not its definition."""
        location = cursor.location
        file = location.file
        name = (self.relative(file.name) or file.name) if file is not None else "?"
        return Place(name, location.line, location.column)

    @cached_property
    def pragmas(self) -> dict[str, tuple[Pragma, ...]]:
        """The pragmas of every source file."""
        return {file: read_pragmas(file, text) for file, text in self.texts.items()}

    # -- functions ------------------------------------------------------------------------------

    def function(self, cursor: Any) -> Function | None:
        """A function of the project, None for others and for those without a body."""
        if cursor.kind.name not in _FUNCTIONS:
            return None
        key = int(cursor.canonical.hash)
        if key not in self.functions:
            if not self.is_own(cursor):
                return None
            definition = defined(cursor)
            body = None if definition is None else body_of(definition)
            if body is None:
                return None
            file = self.relative(body.cursor.location.file.name)
            if file is None:
                return None
            function = Function(definition, body, file)
            function.attach(self.active_pragmas(file))
            self.functions[key] = function
        return self.functions[key]

    def _find_top(self) -> Function:
        """The function that is called like its file, and by none of the others like it."""
        found = [
            function
            for cursor in self.unit.cursor.get_children()
            if cursor.kind.name == "FUNCTION_DECL"
            and cursor.is_definition()
            and self.relative_file(cursor) == f"{FIRMWARE}/{cursor.spelling}.cpp"
            and (function := self.function(cursor)) is not None
        ]
        called = {id(callee) for function in found for _, callee in self.callees(function)}
        tops = [function for function in found if id(function) not in called]
        if len(tops) != 1:
            sources = [Path(file).name for file in self.texts if file.endswith(".cpp")]
            names = " and ".join(f"'{function.name}'" for function in tops)
            raise ConfigError(
                f"{self.folder}: {names} may all be the top function"
                if tops
                else f"{self.folder}: no function is called like its file: {', '.join(sources)}",
                hint="the top function must be called like its file, and call the others",
            )
        return tops[0]

    def callees(self, function: Function) -> Iterator[tuple[Node, Function]]:
        """Calls of functions of the project."""
        for node in function.nodes:
            if node.kind != "CALL_EXPR" or node.target is None or not self.is_own(node.target):
                continue
            if node.constant is not None:
                continue  # the compiler evaluates it: no hardware
            callee = self.function(node.target)
            if callee is not None:
                yield node, callee

    def _discover(self) -> None:
        seen: set[int] = set()
        queue = [self.top]
        while queue:
            function = queue.pop(0)
            if id(function) in seen:
                continue
            seen.add(id(function))
            queue.extend(callee for _, callee in self.callees(function))

    def active_pragmas(self, file: str) -> tuple[Pragma, ...]:
        """The pragmas of a file that the preprocessor did not leave out."""
        if file not in self._active:
            skipped = skipped_lines(self.unit, str(self.folder / file))
            self._active[file] = tuple(
                pragma
                for pragma in self.pragmas.get(file, ())
                if not any(first < pragma.line < last for first, last in skipped)
            )
        return self._active[file]

    @cached_property
    def _active(self) -> dict[str, tuple[Pragma, ...]]:
        return {}

    @cached_property
    def scopes(self) -> list[Scope]:
        """The blocks of all functions that the top function reaches."""
        return [scope for function in self.functions.values() for scope in function.scopes]

    @cached_property
    def bodies(self) -> dict[str, list[tuple[int, int]]]:
        """First and last characters of all functions and templates of functions, by file."""
        found: dict[str, list[tuple[int, int]]] = {}
        stack = [self.unit.cursor]
        while stack:
            for child in stack.pop().get_children():
                file = child.location.file
                path = None if file is None else self.relative(file.name)
                if path is None:
                    continue
                if child.kind.name in _FUNCTIONS or child.kind.name == "FUNCTION_TEMPLATE":
                    span = child.extent
                    found.setdefault(path, []).append((span.start.offset, span.end.offset))
                elif child.kind.name in _CONTAINERS:
                    stack.append(child)
        return found

    @cached_property
    def globals(self) -> dict[str, Any]:
        """Variables outside functions, by name; the project's only."""
        found: dict[str, Any] = {}
        stack = [self.unit.cursor]
        while stack:
            for child in stack.pop().get_children():
                kind = child.kind.name
                if kind == "VAR_DECL" and self.is_own(child):
                    found.setdefault(child.spelling, child)
                elif kind == "NAMESPACE" and self.is_own(child):
                    stack.append(child)
        return found


def open_project(folder: Path, vendor: Sequence[Path]) -> Project:
    """Parses the project in a folder.

    Args:
        folder: as ``fcn-hw hls`` writes it, with a folder ``firmware``.
        vendor: folders of ``ap_int.h``, ``hls_stream.h`` and what belongs to them.

    Raises:
        ConfigError: no such folder, no firmware, sources that do not parse, or no libclang.
    """
    folder = folder.resolve()
    sources = _sources(folder)
    # headers of the tool that the project carries for its test bench
    carried = {path.parent for path in folder.glob("tb/**/ap_*.h")}
    folders = (*vendor, *sorted(carried))
    flags = [f"-I{folder / FIRMWARE}", "-DFCN_HW_EXACT_WIDTHS"]
    for path in folders:
        flags += ["-isystem", str(path)]
    texts = _read_texts(folder)
    everything = folder / FIRMWARE / _ALL
    instead = emptied_files(folder, texts)
    instead[everything] = "".join(f'#include "{path.name}"\n' for path in sources)
    return Project(folder, parse(everything, flags, instead), folders, texts)


def _sources(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise ConfigError(f"{folder}: no such folder", hint="emit it first: fcn-hw hls")
    firmware = folder / FIRMWARE
    sources = sorted(firmware.glob("*.cpp")) if firmware.is_dir() else []
    if not sources:
        raise ConfigError(
            f"{folder}: holds no {FIRMWARE}/<name>.cpp, so it is no HLS project of fcn-hw",
            hint="emit it first: fcn-hw hls",
        )
    return sources


def _read_texts(folder: Path) -> dict[str, str]:
    root = folder / FIRMWARE
    paths = sorted({path for pattern in _SOURCES for path in root.rglob(pattern)})
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8", errors="replace")
        for path in paths
        if path.is_file()
    }
