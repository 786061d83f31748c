"""Reads YAML from strangers and remembers the line of every key.

Only mappings, lists and plain values: no tags (hence no objects), no aliases (hence no bombs), no
key twice. Keys are text as written, so ``on:`` is not a boolean.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from fcn_hw.errors import ConfigError

MAX_BYTES = 1 << 18
MAX_DEPTH = 16

Keys = tuple[str | int, ...]
"""The way to a value: keys of mappings and indices of lists."""

_EXPONENT = re.compile(r"[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]{1,3}")
"""``1e-3``: a number in YAML 1.2, text in YAML 1.1, which PyYAML reads."""

_PLAIN_TAGS = {f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float")}


@dataclass(frozen=True)
class YamlSource:
    """A YAML file as plain values.

    Args:
        path: the file.
        data: its top-level mapping.
        lines: the line, from 1, of every key and list entry.
    """

    path: Path
    data: Mapping[str, Any]
    lines: Mapping[Keys, int]

    def line_of(self, keys: Keys) -> int:
        """The line of a key, or of the nearest key around it that is in the file."""
        while keys and keys not in self.lines:
            keys = keys[:-1]
        return self.lines.get(keys, 1)

    def where(self, keys: Keys) -> str:
        """``file:line`` of a key, for a message."""
        return f"{shown(self.path)}:{self.line_of(keys)}"


def shown(path: Path) -> str:
    """A path as a message shows it: relative to the current folder where it lies below."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def read_yaml(path: Path) -> YamlSource:
    """Reads a file whose top level is a mapping.

    Raises:
        ConfigError: missing, too large, not UTF-8, not YAML, empty, not a mapping at the top, or
            using a tag, an alias, deep nesting or a key twice; the message has the line.
    """
    text = read_text(path)
    try:
        _check_events(path, text)
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f":{mark.line + 1}" if mark else ""
        raise ConfigError(f"{shown(path)}{line}: not valid YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(f"{shown(path)}: not valid YAML: {reason}") from error
    if root is None:
        raise ConfigError(f"{shown(path)}: the file is empty")
    if not isinstance(root, yaml.MappingNode):
        raise ConfigError(f"{shown(path)}: the top level is not a mapping ('key: value' lines)")
    lines: dict[Keys, int] = {}
    data = _value(path, root, (), lines)
    return YamlSource(path, data, lines)


def read_text(path: Path) -> str:
    """A text file of a stranger.

    Raises:
        ConfigError: missing, larger than :data:`MAX_BYTES`, or not UTF-8.
    """
    name = shown(path)
    if not path.is_file():
        raise ConfigError(f"{name}: no such file")
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
        text = raw.decode("utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{name}: can't be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{name}: not UTF-8 text: byte {error.start} is wrong") from error
    if len(raw) > MAX_BYTES:
        raise ConfigError(f"{name}: larger than {MAX_BYTES // 1024} KiB")
    return text


def _check_events(path: Path, text: str) -> None:
    """Refuses what the composer should not meet; the events need neither stack nor memory."""
    depth = documents = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        assert event.start_mark is not None
        where = f"{shown(path)}:{event.start_mark.line + 1}"
        if isinstance(event, yaml.AliasEvent):
            raise ConfigError(f"{where}: aliases ('*{event.anchor}') are not allowed")
        if tag := getattr(event, "tag", None):
            raise ConfigError(f"{where}: tags ('{tag}') are not allowed")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise ConfigError(f"{where}: nested deeper than {MAX_DEPTH} levels")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise ConfigError(f"{where}: a second document; there can be one only")


def _value(path: Path, node: yaml.Node, keys: Keys, lines: dict[Keys, int]) -> Any:
    """The plain value of a node; fills ``lines``."""
    if isinstance(node, yaml.MappingNode):
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise ConfigError(f"{shown(path)}:{line}: a key must be plain text")
            key = str(key_node.value)
            here = (*keys, key)
            if here in lines:
                raise ConfigError(
                    f"{shown(path)}:{line}: key '{key}' was already given in line {lines[here]}"
                )
            lines[here] = line
            mapping[key] = _value(path, value_node, here, lines)
        return mapping
    if isinstance(node, yaml.SequenceNode):
        entries = []
        for index, entry in enumerate(node.value):
            here = (*keys, index)
            lines[here] = entry.start_mark.line + 1
            entries.append(_value(path, entry, here, lines))
        return entries
    if node.tag not in _PLAIN_TAGS:
        text = str(node.value)
        plain = isinstance(node, yaml.ScalarNode) and node.style is None
        return float(text) if plain and _EXPONENT.fullmatch(text) else text
    try:
        return _Scalars().construct_object(node)
    except ValueError as error:
        line = node.start_mark.line + 1
        raise ConfigError(f"{shown(path)}:{line}: can't be read as a number: {error}") from error


class _Scalars(yaml.constructor.SafeConstructor):
    """Makes null, booleans, integers and floats."""
