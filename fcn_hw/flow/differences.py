"""``fcn-hw diff``: two graphs, two designs, or two reports of the same kind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import computed_field
from pydantic.dataclasses import dataclass

from fcn_hw.design_yaml import find_design, load_design
from fcn_hw.errors import ConfigError
from fcn_hw.flow.stage import is_damaged
from fcn_hw.ir.difference import Change, graph_changes
from fcn_hw.ir.serialize import GRAPH_FILE, load
from fcn_hw.results import STRICT

MEASURED_TIMES = frozenset({"compile_s", "simulate_s", "csim_images_per_s", "images_per_s"})
"""Keys of reports that no two runs share: they are not compared."""

_NAMES = ("name", "layer", "tensor", "op", "fifo")
"""Keys that name an entry of a list, so that it is compared with its namesake."""

_ABSENT = object()


@dataclass(frozen=True, config=STRICT)
class Differences:
    """What changed.

    Args:
        kind: ``"graphs"``, ``"designs"`` or ``"reports"``.
        before, after: what was compared, as it was given.
        changes: none where they are the same.
        damaged: reports that were changed after their stage wrote them.
    """

    kind: str
    before: str
    after: str
    changes: tuple[Change, ...]
    damaged: tuple[str, ...] = ()

    @computed_field  # type: ignore[prop-decorator]
    @property
    def same(self) -> bool:
        """Whether nothing changed."""
        return not self.changes


def compare(before: str, after: str, root: Path) -> Differences:
    """Compares two things of one kind.

    Args:
        before, after: each a graph (a folder with a ``graph.json``, or that file), a report (a
            ``.json`` file, or a folder of reports), or a design (a name below
            ``root/hls_projects``, or a ``.yaml`` file).

    Raises:
        ConfigError: one is missing or malformed, or they are of two kinds.
        GraphError: a graph breaks a rule.
    """
    kinds = [_kind(item) for item in (before, after)]
    if kinds[0] != kinds[1]:
        raise ConfigError(
            f"'{before}' is one of the {kinds[0]}, '{after}' one of the {kinds[1]}",
            hint="Give two graphs, two designs, or two reports.",
        )
    if kinds[0] == "graphs":
        changes = graph_changes(*(load(_graph(item)) for item in (before, after)))
    else:
        read = _design if kinds[0] == "designs" else _report
        changes = tuple(_value_changes(read(before, root), read(after, root), "", ""))
    damaged = tuple(
        str(path)
        for item in (before, after)
        if kinds[0] == "reports"
        for path in _reports(Path(item).expanduser())
        if is_damaged(path)
    )
    return Differences(kinds[0], before, after, changes, damaged)


def _kind(item: str) -> str:
    path = Path(item).expanduser()
    if path.name == GRAPH_FILE or (path / GRAPH_FILE).is_file():
        return "graphs"
    if path.suffix == ".json" or (path.is_dir() and any(path.glob("*.json"))):
        return "reports"
    return "designs"


def _graph(item: str) -> Path:
    path = Path(item).expanduser()
    return path.parent if path.name == GRAPH_FILE else path


def _design(item: str, root: Path) -> Any:
    return load_design(find_design(item, root)).model_dump(mode="json")


def _reports(path: Path) -> list[Path]:
    """The reports of a folder, without the records of stages; or the one that is given."""
    return sorted(path.glob("[!.]*.json")) if path.is_dir() else [path]


def _report(item: str, root: Path) -> Any:
    path = Path(item).expanduser()
    if path.is_dir():
        return {file.name: _report(str(file), root) for file in _reports(path)}
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: not JSON: {error}") from error


def _value_changes(a: Any, b: Any, where: str, what: str) -> Iterator[Change]:
    if isinstance(a, list) and isinstance(b, list):
        a, b = _by_name(a), _by_name(b)
    if isinstance(a, dict) and isinstance(b, dict):
        for key in dict.fromkeys([*a, *b]):
            if key in MEASURED_TIMES:
                continue
            # The last mapping's key is the field; those before it say where.
            inner = f"{where}.{what}" if where and what else where or what
            yield from _value_changes(a.get(key, _ABSENT), b.get(key, _ABSENT), inner, key)
    elif type(a) is not type(b) or a != b:
        yield Change(where, what, _text(a), _text(b) + _percent(a, b))


def _by_name(items: list[Any]) -> dict[str, Any]:
    for key in _NAMES:
        names = [item.get(key) if isinstance(item, dict) else None for item in items]
        if items and all(isinstance(name, str) for name in names) and len(set(names)) == len(names):
            return dict(zip([str(name) for name in names], items, strict=True))
    return {f"[{index}]": item for index, item in enumerate(items)}


def _text(value: Any) -> str:
    if value is _ABSENT:
        return ""
    if isinstance(value, str):
        return value
    return f"{value:,}" if isinstance(value, int) and type(value) is int else json.dumps(value)


def _percent(a: Any, b: Any) -> str:
    numbers = all(type(value) in (int, float) for value in (a, b))
    return f" ({100 * (b - a) / abs(a):+.1f} %)" if numbers and a else ""
