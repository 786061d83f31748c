"""Checks a YAML file against a pydantic model, and says in one plain line what is wrong where."""

from __future__ import annotations

import json
import types
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, Tag, ValidationError
from pydantic_core import ErrorDetails

from fcn_hw.errors import ConfigError, nearest
from fcn_hw.yaml_source import Keys, YamlSource

Model = TypeVar("Model", bound=BaseModel)

_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "string": "text",
    "tuple": "a list",
    "dict": "a mapping",
    "model": "a mapping",
}
_LIMITS = {
    "greater_than_equal": ("at least", "ge"),
    "greater_than": ("more than", "gt"),
    "less_than_equal": ("at most", "le"),
    "less_than": ("less than", "lt"),
}


def validate(model: type[Model], source: YamlSource, what: str) -> Model:
    """The file's content as ``model``.

    Args:
        model: the schema.
        source: the file.
        what: how a message calls the top level, for instance ``"the design"``.

    Raises:
        ConfigError: the message is the first problem with its line, the hint lists the others.
    """
    try:
        # As JSON, where a list is a tuple and nothing else is taken for what it is not: true is no
        # number, "4" neither.
        return model.model_validate_json(json.dumps(source.data), strict=True)
    except ValidationError as error:
        problems = [
            _describe(model, source, what, item) for item in error.errors() if not _follows(item)
        ]
    raise config_error(source, problems)


def _follows(item: ErrorDetails) -> bool:
    """A list is not too short because pydantic dropped its wrong entries, which it reports too."""
    return item["type"] == "too_short" and len(item["input"]) >= item["ctx"]["min_length"]


def config_error(source: YamlSource, problems: Sequence[tuple[Keys, str]]) -> ConfigError:
    """An error of problems, (key, text) each: in the order of their lines, each with its line."""
    ordered = sorted(problems, key=lambda problem: source.line_of(problem[0]))
    first, *others = (f"{source.where(keys)}: {text}" for keys, text in ordered)
    return ConfigError(first, hint="\n".join(others))


def suggestion(name: str, valid: list[str]) -> str:
    """``did you mean 'a'?``, or all that is valid where nothing is near."""
    near = nearest(name, valid)
    if len(near.split(", ")) < len(valid) or len(valid) == 1:
        return f"did you mean {near.replace(', ', ' or ')}?"
    return f"valid: {near}"


def _describe(
    model: type[BaseModel], source: YamlSource, what: str, item: ErrorDetails
) -> tuple[Keys, str]:
    """The key and the plain text of one of pydantic's errors."""
    keys, section, end = _locate(model, item["loc"])
    kind, value, context = item["type"], item["input"], item.get("ctx", {})
    around = dotted(keys[:-1]) or what
    if kind == "extra_forbidden":
        valid = list(section.model_fields) if section else []
        key = str(keys[-1])
        return keys, f"unknown key '{key}' in {around}; {suggestion(key, valid)}"
    if kind == "missing":
        return keys, f"key '{keys[-1]}' is missing in {around}"
    if kind == "union_tag_not_found":
        assert isinstance(end, Choice)
        kinds = ", ".join(f"'{name}'" for name in end.members)
        return keys, f"key 'kind' is missing in {dotted(keys)}: one of {kinds}"
    if kind == "union_tag_invalid":
        keys, value = (*keys, "kind"), context["tag"]
        return keys, _not_one_of(dotted(keys), value, context["expected_tags"])
    if kind == "literal_error":
        return keys, _not_one_of(dotted(keys), value, context["expected"])
    return keys, f"{dotted(keys)}: {_reason(kind, value, context, item['msg'])}"


def _not_one_of(name: str, value: object, expected: str) -> str:
    """``expected`` is pydantic's list: ``'a', 'b' or 'c'``."""
    valid = [word.strip().strip("'") for word in expected.replace(" or ", ", ").split(",")]
    listed = ", ".join(f"'{word}'" if f"'{word}'" in expected else word for word in valid)
    text = f"{name}: {value!r} is not one of {listed}"
    near = nearest(str(value), valid, 1)
    return text + (f"; did you mean {near}?" if near.count("'") == 2 and len(valid) > 1 else "")


def _reason(kind: str, value: Any, context: dict[str, Any], message: str) -> str:
    if kind in _LIMITS:
        words, limit = _LIMITS[kind]
        return f"{value!r} must be {words} {context[limit]}"
    if kind in ("too_short", "too_long"):
        least = kind == "too_short"
        count = context["min_length" if least else "max_length"]
        return (
            f"needs {'at least' if least else 'at most'} {count} entries, "
            f"has {context['actual_length']}"
        )
    if kind == "string_pattern_mismatch":
        return f"{value!r} does not match {context['pattern']}"
    if kind == "finite_number":
        return f"{value!r} is not a finite number"
    if kind == "value_error":
        return str(context["error"])
    expected = _KINDS.get(kind.partition("_")[0])
    if expected is None:
        return f"{value!r}: {message[:1].lower()}{message[1:]}"
    found = "nothing" if value is None else _brief(value)
    return f"must be {expected}, not {found}"


def _brief(value: object) -> str:
    if isinstance(value, dict):
        return "a mapping"
    return "a list" if isinstance(value, list) else repr(value)


def dotted(keys: Keys) -> str:
    """``network.filters[2]``."""
    text = ""
    for key in keys:
        text += f"[{key}]" if isinstance(key, int) else f".{key}" if text else key
    return text


# --- pydantic's location, which names the members of unions too, to keys of the file ------------


def _locate(
    model: type[BaseModel], location: tuple[str | int, ...]
) -> tuple[Keys, type[BaseModel] | None, Any]:
    """The keys of ``location``, the model that its last key belongs to, and that key's type."""
    keys: Keys = ()
    current: Any = model
    section: type[BaseModel] | None = None
    for step in location:
        if isinstance(current, Choice):
            current = current.members[str(step)]
            continue
        keys = (*keys, step)
        section = None
        if isinstance(current, type) and issubclass(current, BaseModel):
            section = current
            field = current.model_fields.get(str(step))
            current = field and stripped(field.annotation, field.metadata, field.discriminator)
        elif get_origin(current) in (tuple, dict):
            current = stripped(get_args(current)[1 if get_origin(current) is dict else 0])
    return keys, section, current


@dataclass(frozen=True)
class Choice:
    """A union whose members pydantic names in a location."""

    members: dict[str, Any]


def stripped(annotation: Any, metadata: Any = (), discriminator: Any = None) -> Any:
    """An annotation without Annotated and None; a tagged union becomes a :class:`Choice`."""
    if get_origin(annotation) is Annotated:
        inner, *extra = get_args(annotation)
        for item in extra:
            discriminator = getattr(item, "discriminator", None) or discriminator
        return stripped(inner, extra, discriminator)
    if get_origin(annotation) in (Union, types.UnionType):
        members = [member for member in get_args(annotation) if member is not type(None)]
        if len(members) == 1:
            return stripped(members[0], metadata, discriminator)
        return Choice(
            {tag: stripped(member) for member in members for tag in _tags(member, discriminator)}
        )
    return annotation


def _tags(member: Any, discriminator: Any) -> tuple[str, ...]:
    """The names that pydantic gives a member in a location: one, or those of its kinds."""
    if get_origin(member) is Annotated:
        for item in get_args(member)[1:]:
            if isinstance(item, Tag):
                return (item.tag,)
    assert isinstance(discriminator, str), f"{member} needs a Tag"
    kind = member.model_fields[discriminator].annotation
    assert get_origin(kind) is Literal
    return tuple(map(str, get_args(kind)))
