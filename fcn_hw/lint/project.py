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
from fcn_hw.lint.tree import Node, body_of

FIRMWARE = "firmware"
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
        unit: libclang's translation unit of the top function's file.
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

    def __post_init__(self) -> None:
        self.folder = self.folder.resolve()
        self.vendor = tuple(path.resolve() for path in self.vendor)
        self._paths: dict[str, str | None] = {}
        self._vendor_paths: dict[str, bool] = {}
        name = Path(self.unit.spelling).stem
        found = [
            cursor
            for cursor in self.unit.cursor.get_children()
            if cursor.kind.name == "FUNCTION_DECL"
            and cursor.spelling == name
            and cursor.is_definition()
        ]
        if not found:
            raise ConfigError(
                f"{self.unit.spelling}: has no function '{name}'",
                hint="the top function must be called like its file",
            )
        top = self.function(found[0])
        assert top is not None
        self.top = top
        self._discover()

    # -- files ----------------------------------------------------------------------------------

    def relative(self, path: str) -> str | None:
        """A file's path relative to the project, None where it lies outside."""
        if path not in self._paths:
            full = Path(path).resolve()
            inside = full.is_relative_to(self.folder)
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
        file = cursor.location.file
        return file is not None and self.relative(file.name) is not None

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
        key = int(cursor.hash)
        if key not in self.functions:
            if not self.is_own(cursor):
                return None
            body = body_of(cursor)
            if body is None:
                return None
            file = self.relative(body.cursor.location.file.name)
            if file is None:
                return None
            function = Function(cursor, body, file)
            function.attach(self.active_pragmas(file))
            self.functions[key] = function
        return self.functions[key]

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
    source = _top_source(folder)
    flags = [f"-I{source.parent}", "-DFCN_HW_EXACT_WIDTHS"]
    for path in vendor:
        flags += ["-isystem", str(path)]
    texts = _read_texts(folder)
    unit = parse(source, flags, emptied_files(folder, texts))
    return Project(folder, unit, tuple(vendor), texts)


def _top_source(folder: Path) -> Path:
    if not folder.is_dir():
        raise ConfigError(f"{folder}: no such folder", hint="emit it first: fcn-hw hls")
    firmware = folder / FIRMWARE
    sources = sorted(firmware.glob("*.cpp")) if firmware.is_dir() else []
    if not sources:
        raise ConfigError(
            f"{folder}: holds no {FIRMWARE}/<name>.cpp, so it is no HLS project of fcn-hw",
            hint="emit it first: fcn-hw hls",
        )
    if len(sources) > 1:
        names = ", ".join(f"'{path.name}'" for path in sources)
        raise ConfigError(
            f"{firmware}: {len(sources)} sources, {names}; which holds the top function?",
            hint="leave one .cpp there",
        )
    return sources[0]


def _read_texts(folder: Path) -> dict[str, str]:
    root = folder / FIRMWARE
    paths = sorted({path for pattern in _SOURCES for path in root.rglob(pattern)})
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8", errors="replace")
        for path in paths
        if path.is_file()
    }
