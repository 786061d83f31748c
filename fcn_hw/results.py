"""Results as JSON files: a pydantic dataclass or model writes itself and is read back whole.

What a stage leaves has one type. The stage writes it with :func:`write_result`, everybody else
reads it with :func:`read_result`; nobody else knows its keys.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

from pydantic import ConfigDict, TypeAdapter, ValidationError

from fcn_hw.errors import ConfigError
from fcn_hw.files import replace_file

STRICT = ConfigDict(strict=True, extra="ignore")
"""Of every result: a number is no text. Keys that are computed when the result is written are no
fields, and are not read. NaN is written as null, and refused when it is read."""

T = TypeVar("T")


def result_text(result: Any) -> str:
    """The JSON document of a result.

    Args:
        result: an instance of a pydantic dataclass or model.
    """
    adapter = _adapter(type(result))
    return adapter.dump_json(result, indent=1, by_alias=True).decode() + "\n"


def result_data(result: Any) -> Any:
    """The same as JSON-able values, for a document that holds more than the result."""
    return _adapter(type(result)).dump_python(result, mode="json", by_alias=True)


def write_result(path: Path, result: Any) -> None:
    """Writes a result's JSON document; see :func:`fcn_hw.files.replace_file`."""
    replace_file(path, result_text(result))


def result_from(data: Any, kind: type[T]) -> T:
    """The result of which :func:`result_data` made these values.

    Raises:
        ValueError: they are of no such result.
    """
    return cast(T, _adapter(kind).validate_json(json.dumps(data)))


def read_result(path: Path, kind: type[T]) -> T:
    """The result that a JSON file holds.

    Args:
        kind: the type that was written.

    Raises:
        ConfigError: there is no such file, or it holds no such result; the message names the first
            key that is wrong.
    """
    try:
        found: T = _adapter(kind).validate_json(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ConfigError(
            f"{path} can't be read: {where + ': ' if where else ''}{first['msg']}",
            hint="Run the command again that wrote the file, with this version of fcn_hw.",
        ) from error
    return found


_adapter: Callable[[Any], TypeAdapter[Any]] = cache(TypeAdapter)
