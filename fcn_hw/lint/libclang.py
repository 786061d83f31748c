"""libclang: the Python binding, and those of its C functions that the binding leaves out.

The PyPI package ``libclang`` brings the shared library; no compiler has to be installed.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from fcn_hw.errors import ConfigError

BUILTIN = Path(__file__).parent / "builtin"
"""Headers that a compiler brings and the package does not."""

_DETAILED_RECORD = 1
_EVALUATED_INT = 1

BINARY = (
    "? .* ->* * / % + - << >> <=> < > <= >= == != & ^ | && || = *= /= %= += -= <<= >>= &= ^= |= ,"
).split()
"""``CXBinaryOperatorKind`` by its number."""

UNARY = "? x++ x-- ++x --x & * +x -x ~ !".split()
"""``CXUnaryOperatorKind`` by its number."""


class _Ranges(ctypes.Structure):
    _fields_ = [("count", ctypes.c_uint), ("ranges", ctypes.c_void_p)]


@lru_cache(maxsize=1)
def cindex() -> Any:
    """The module ``clang.cindex``, ready for use.

    Raises:
        ConfigError: the package or its shared library is not there.
    """
    try:
        from clang import cindex as module

        library = module.conf.lib
    except Exception as error:  # the binding raises ImportError, or LibclangError for the library
        raise ConfigError(
            f"libclang, which lint reads C++ with, can't be loaded: {error}",
            hint="make install, or: pip install libclang",
        ) from error
    cursor, pointer = module.Cursor, ctypes.c_void_p
    for name, arguments, result in (
        ("clang_Cursor_Evaluate", [cursor], pointer),
        ("clang_EvalResult_getKind", [pointer], ctypes.c_int),
        ("clang_EvalResult_getAsLongLong", [pointer], ctypes.c_longlong),
        ("clang_EvalResult_dispose", [pointer], None),
        ("clang_getCursorBinaryOperatorKind", [cursor], ctypes.c_int),
        ("clang_getCursorUnaryOperatorKind", [cursor], ctypes.c_int),
        ("clang_Cursor_getVarDeclInitializer", [cursor], cursor),
        ("clang_getSpecializedCursorTemplate", [cursor], cursor),
        ("clang_getSkippedRanges", [module.TranslationUnit, module.File], ctypes.POINTER(_Ranges)),
        ("clang_disposeSourceRangeList", [ctypes.POINTER(_Ranges)], None),
    ):
        function = getattr(library, name)
        function.argtypes, function.restype = arguments, result
    return module


def parse(source: Path, flags: Sequence[str], instead: Mapping[Path, str] | None = None) -> Any:
    """The translation unit of a source file.

    Args:
        instead: texts that are read in place of files.

    Raises:
        ConfigError: it does not parse, naming the first error and how many there are; or libclang
            is not there.
    """
    module = cindex()
    arguments = ["-std=c++14", "-w", "-isystem", str(BUILTIN), *flags]
    try:
        unit = module.Index.create().parse(
            str(source),
            args=arguments,
            unsaved_files=[(str(path), text) for path, text in (instead or {}).items()],
            options=_DETAILED_RECORD,
        )
    except module.TranslationUnitLoadError as error:
        raise ConfigError(f"{source}: libclang can't read it", hint=str(error)) from None
    errors = [d for d in unit.diagnostics if d.severity >= module.Diagnostic.Error]
    if errors:
        first = errors[0]
        where = f"{first.location.file}:{first.location.line}" if first.location.file else source
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        raise ConfigError(
            f"{where}: does not compile: {first.spelling}{more}",
            hint="lint reads what a compiler accepts; compile it with g++ first",
        )
    return unit


def evaluate(cursor: Any) -> int | None:
    """The value of a constant integer expression or initialiser, else None."""
    library = cindex().conf.lib
    result = library.clang_Cursor_Evaluate(cursor)
    if not result:
        return None
    try:
        if library.clang_EvalResult_getKind(result) != _EVALUATED_INT:
            return None
        return int(library.clang_EvalResult_getAsLongLong(result))
    finally:
        library.clang_EvalResult_dispose(result)


def binary_operator(cursor: Any) -> str:
    """The sign of a binary operator, for instance ``+=``."""
    number = int(cindex().conf.lib.clang_getCursorBinaryOperatorKind(cursor))
    return BINARY[number] if number < len(BINARY) else "?"


def unary_operator(cursor: Any) -> str:
    """The sign of a unary operator; ``x++`` and ``++x`` tell post- from pre-increment."""
    number = int(cindex().conf.lib.clang_getCursorUnaryOperatorKind(cursor))
    return UNARY[number] if number < len(UNARY) else "?"


def initializer(declaration: Any) -> Any | None:
    """The initialiser of a variable, or None."""
    found = cindex().conf.lib.clang_Cursor_getVarDeclInitializer(declaration)
    if found is None or found.kind.is_invalid():
        return None
    found._tu = declaration._tu
    return found


def template_of(cursor: Any) -> Any | None:
    """The template that a function or class was made from, or None."""
    found = cindex().conf.lib.clang_getSpecializedCursorTemplate(cursor)
    if found is None or found.kind.is_invalid():
        return None
    found._tu = cursor._tu
    return found


def skipped_lines(unit: Any, path: str) -> list[tuple[int, int]]:
    """First and last lines of what the preprocessor left out of a file."""
    module = cindex()
    library = module.conf.lib
    file = module.File.from_name(unit, path)
    found = library.clang_getSkippedRanges(unit, file)
    if not found:
        return []
    try:
        array = ctypes.cast(found[0].ranges, ctypes.POINTER(module.SourceRange))
        return [(array[i].start.line, array[i].end.line) for i in range(found[0].count)]
    finally:
        library.clang_disposeSourceRangeList(found)
