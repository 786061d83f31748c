"""A graph on disk: ``graph.json``, ``weights.npz`` and, for people, ``graph.txt``.

The same graph gives the same bytes on every machine. What is read is not trusted: nothing is
unpickled, sizes are checked before memory is taken, every field is checked, and the graph is
verified.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fcn_hw.errors import ConfigError, FormatError, GraphError, nearest
from fcn_hw.files import replace_file
from fcn_hw.fixed import Codes, FixedFormat, parse_format
from fcn_hw.ir.classes import op_class, own_types
from fcn_hw.ir.graph import Graph
from fcn_hw.ir.text import to_text
from fcn_hw.ir.verify import verify
from fcn_hw.ir.weights_file import NotWeights, pack, unpack
from fcn_hw.ops import Constant, Op, Padding, Pair, Tensor
from fcn_hw.scaling import Scaling, read_number

GRAPH_FILE = "graph.json"
WEIGHTS_FILE = "weights.npz"
TEXT_FILE = "graph.txt"

SCHEMA_VERSION = 1
"""Raised with every change that an older reader would misunderstand."""

MAX_JSON_BYTES = 16 << 20
MAX_WEIGHTS_BYTES = 1 << 30

_MAX_OPS = 10_000
_MAX_NUMBER = 1 << 24
_MAX_TEXT = 1_000


def save(graph: Graph, folder: Path) -> None:
    """Writes the graph's files; each appears whole, and only where its contents change.

    Args:
        folder: made where it is missing.
    """
    replace_file(folder / WEIGHTS_FILE, pack(_arrays(graph)))
    replace_file(folder / TEXT_FILE, to_text(graph))
    # Last: until then, the digest in an older one tells that these weights are not its own.
    replace_file(folder / GRAPH_FILE, json.dumps(document(graph), indent=1) + "\n")


def document(graph: Graph) -> dict[str, Any]:
    """What ``graph.json`` holds."""
    return {"schema_version": SCHEMA_VERSION, "digest": digest(graph), **_body(graph)}


def load(folder: Path) -> Graph:
    """The verified graph.

    Raises:
        ConfigError: a file is missing, too large or malformed; names the file and the field.
        GraphError: the graph breaks a rule.
    """
    path = folder / GRAPH_FILE
    try:
        value = json.loads(_read(path, MAX_JSON_BYTES))
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: not JSON: {error}") from error
    weights_path = folder / WEIGHTS_FILE
    try:
        weights = unpack(_read(weights_path, MAX_WEIGHTS_BYTES))
    except NotWeights as error:
        raise ConfigError(f"{weights_path}: {error}") from error
    try:
        graph, expected = _decode_graph(value, weights)
    except _Malformed as error:
        raise ConfigError(f"{path}: {error}") from error
    except GraphError as error:
        raise GraphError(error.diagnostics, where=str(path)) from error
    if expected != digest(graph):
        raise ConfigError(
            f"{path}: the digest does not match; this file or {WEIGHTS_FILE} was changed",
            hint="Export the graph again.",
        )
    return verify(graph, where=f"of {path}")


def digest(graph: Graph) -> str:
    """SHA-256 of the graph in hexadecimal: of its meaning, not of the bytes of any file."""
    text = json.dumps(_body(graph), sort_keys=True, separators=(",", ":"))
    hashed = hashlib.sha256(text.encode())
    for name, codes in sorted(_arrays(graph).items()):
        hashed.update(f"\n{name} {codes.shape} ".encode())
        hashed.update(np.ascontiguousarray(codes, dtype="<i8").tobytes())
    return hashed.hexdigest()


# -- graph to JSON -------------------------------------------------------------------------------


def _body(graph: Graph) -> dict[str, Any]:
    return {
        "name": graph.name,
        "outputs": list(graph.outputs),
        "ops": [_encode_op(op) for op in graph.ops],
    }


def _encode_op(op: Op) -> dict[str, Any]:
    own = {
        name: CODECS[hint].encode(getattr(op, name))
        for name, hint in own_types(type(op)).items()
        if not (hint in _LEFT_OUT and getattr(op, name) is None)
    }
    return {
        "kind": op.kind,
        "name": op.name,
        "inputs": list(op.inputs),
        "shape": list(op.output.shape),
        "format": str(op.output.format),
        "origin": op.origin,
        **own,
    }


def _arrays(graph: Graph) -> dict[str, Codes]:
    """Every constant's codes by ``<op>.<field>``."""
    return {
        f"{op.name}.{label}": value.codes
        for op in graph.ops
        for label in op.own_fields()
        if isinstance(value := getattr(op, label), Constant)
    }


# -- JSON to graph -------------------------------------------------------------------------------


class _Malformed(Exception):
    """What is wrong, and where inside ``graph.json``."""


class _Object:
    """A JSON object that is read key by key; a key that remains is unknown."""

    def __init__(self, value: object, where: str = "") -> None:
        if not isinstance(value, dict):
            raise _Malformed(f"{where or 'the file'}: {_shown(value)} is no object")
        self._left: dict[str, Any] = dict(value)
        self._known: list[str] = []
        self.where = where

    def at(self, key: str) -> str:
        return f"{self.where}.{key}" if self.where else key

    def __contains__(self, key: str) -> bool:
        return key in self._left

    def take(self, key: str) -> Any:
        self._known.append(key)
        if key not in self._left:
            raise _Malformed(f"{self.at(key)}: missing")
        return self._left.pop(key)

    def end(self) -> None:
        for key in self._left:
            raise _Malformed(
                f"{self.at(key[:_MAX_TEXT])}: unknown; near: {nearest(key, self._known)}"
            )


def _decode_graph(value: object, weights: dict[str, Codes]) -> tuple[Graph, str]:
    """The graph, and the digest that the file states."""
    document = _Object(value)
    version = document.take("schema_version")
    if version != SCHEMA_VERSION:
        raise _Malformed(f"schema_version: {_shown(version)}, this program reads {SCHEMA_VERSION}")
    expected = _text(document.take("digest"), "digest")
    name = _text(document.take("name"), "name")
    outputs = _texts(document.take("outputs"), "outputs")
    entries = _list(document.take("ops"), "ops")
    document.end()
    left = dict(weights)
    ops = tuple(_decode_op(entry, f"ops[{index}]", left) for index, entry in enumerate(entries))
    for unused in left:
        raise _Malformed(f"{WEIGHTS_FILE} holds '{unused}', which no op has")
    return Graph(name, ops, outputs), expected


def _decode_op(value: object, where: str, weights: dict[str, Codes]) -> Op:
    entry = _Object(value, where)
    name = _text(entry.take("name"), entry.at("name"))
    entry.where = f"{where} '{name}'"
    kind = _text(entry.take("kind"), entry.at("kind"))
    try:
        found = op_class(kind)
    except ConfigError as error:
        raise _Malformed(f"{entry.at('kind')}: {error}") from error
    inputs = _texts(entry.take("inputs"), entry.at("inputs"))
    shape = _numbers(entry.take("shape"), entry.at("shape"), 3)
    fmt = _format(entry.take("format"), entry.at("format"))
    origin = _text(entry.take("origin"), entry.at("origin"))
    own = {
        key: CODECS[hint].decode(entry.take(key), entry.at(key), f"{name}.{key}", weights)
        for key, hint in own_types(found).items()
        if not (hint in _LEFT_OUT and key not in entry)
    }
    entry.end()
    height, width, channels = shape
    output = Tensor(name, (height, width, channels), fmt)
    return found(name, inputs, output, origin=origin, **own)


def _list(value: object, where: str) -> list[Any]:
    if not isinstance(value, list) or len(value) > _MAX_OPS:
        raise _Malformed(f"{where}: {_shown(value)} is no list of at most {_MAX_OPS} items")
    return value


def _text(value: object, where: str) -> str:
    if not isinstance(value, str) or len(value) > _MAX_TEXT:
        raise _Malformed(f"{where}: {_shown(value)} is no text of at most {_MAX_TEXT} characters")
    return value


def _texts(value: object, where: str) -> tuple[str, ...]:
    return tuple(_text(item, f"{where}[{index}]") for index, item in enumerate(_list(value, where)))


def _numbers(value: object, where: str, count: int) -> tuple[int, ...]:
    items = value if isinstance(value, list) else []
    # bool is a subclass of int.
    if len(items) != count or any(type(n) is not int or abs(n) > _MAX_NUMBER for n in items):
        raise _Malformed(f"{where}: {_shown(value)} is no list of {count} whole numbers")
    return tuple(items)


def _format(value: object, where: str) -> FixedFormat:
    try:
        return parse_format(_text(value, where))
    except FormatError as error:
        raise _Malformed(f"{where}: {error}") from error


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:40]}..."


# -- fields by type ------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Codec:
    """How a field of one type is written and read.

    ``decode(value, where, key, weights)`` takes an array out of ``weights``, by ``key``, where the
    type has one.
    """

    encode: Callable[[Any], Any]
    decode: Callable[[Any, str, str, dict[str, Codes]], Any]


def _decode_pair(value: Any, where: str, key: str, weights: dict[str, Codes]) -> Pair:
    vertical, horizontal = _numbers(value, where, 2)
    return vertical, horizontal


def _decode_padding(value: Any, where: str, key: str, weights: dict[str, Codes]) -> Padding:
    return Padding(*_numbers(value, where, 4))


def _decode_constant(value: Any, where: str, key: str, weights: dict[str, Codes]) -> Constant:
    fmt = _format(value, where)
    if key not in weights:
        raise _Malformed(f"{where}: {WEIGHTS_FILE} lacks '{key}'")
    return Constant(weights.pop(key), fmt)


def _decode_optional(
    value: Any, where: str, key: str, weights: dict[str, Codes]
) -> Constant | None:
    return None if value is None else _decode_constant(value, where, key, weights)


def _decode_number(value: Any, where: str, key: str, weights: dict[str, Codes]) -> int:
    return _numbers([value], where, 1)[0]


def _encode_scaling(scaling: Scaling) -> dict[str, list[str]]:
    return {
        "scale": [str(number) for number in scaling.scale],
        "offset": [str(number) for number in scaling.offset],
    }


def _decode_scaling(value: Any, where: str, key: str, weights: dict[str, Codes]) -> Scaling:
    entry = _Object(value, where)
    lists = []
    for part in ("scale", "offset"):
        texts = _texts(entry.take(part), entry.at(part))
        try:
            lists.append(tuple(read_number(text, entry.at(part)) for text in texts))
        except ConfigError as error:
            raise _Malformed(str(error)) from error
        if not texts:
            raise _Malformed(f"{entry.at(part)}: is empty")
    entry.end()
    return Scaling(*lists)


CODECS: dict[Any, _Codec] = {
    int: _Codec(int, _decode_number),
    Pair: _Codec(list, _decode_pair),
    Padding: _Codec(lambda p: [p.top, p.bottom, p.left, p.right], _decode_padding),
    FixedFormat: _Codec(str, lambda value, where, key, weights: _format(value, where)),
    Constant: _Codec(lambda c: str(c.format), _decode_constant),
    Scaling | None: _Codec(_encode_scaling, _decode_scaling),
    Constant | None: _Codec(lambda c: None if c is None else str(c.format), _decode_optional),
}
"""How the type of an op's field is written to JSON and read from it."""

_LEFT_OUT = (Scaling | None,)
"""Types of fields that a file has only where they are not None."""


def _read(path: Path, limit: int) -> bytes:
    try:
        size = path.stat().st_size
        if size > limit:
            raise ConfigError(f"{path}: {size} bytes, {limit} is the limit")
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}", hint="Export the graph first.") from error
