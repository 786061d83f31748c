"""The keys of ``design.yaml`` and of a board's file, from the pydantic models that check them."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from sphinx.pycode import ModuleAnalyzer

from fcn_hw import boards, design
from pages.markdown import from_docstring, table

Json = Mapping[str, Any]

_KINDS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "null": "nothing",
}


def design_markdown() -> str:
    """Every section of a design."""
    return _markdown(design.Design, "the file")


def board_markdown() -> str:
    """Every section of a board."""
    return _markdown(boards.Board, "the file")


def _markdown(top: type[BaseModel], top_title: str) -> str:
    """A heading and a table for ``top`` and for each model that it leads to."""
    document = top.model_json_schema()
    sections: Json = document.get("$defs", {})
    parts = []
    for name in _reading_order(document, sections):
        body = document if name == top.__name__ else sections[name]
        model = getattr(inspect.getmodule(top), name)
        parts += [f"### {top_title if model is top else name}", _described(model)]
        meanings = _meanings(model)
        required = body.get("required", ())
        rows = [
            (
                f"`{key}`",
                _values(value),
                "**must be given**" if key in required else _default(value),
                from_docstring(meanings.get(key, "")),
            )
            for key, value in body["properties"].items()
        ]
        parts.append(table(("key", "values", "left out", "meaning"), rows))
    return "\n\n".join(part for part in parts if part) + "\n"


def _reading_order(document: Json, sections: Json) -> list[str]:
    """The top first, then each section behind the one that names it first."""
    order: list[str] = []

    def visit(name: str, body: Json) -> None:
        if name in order:
            return
        order.append(name)
        for reference in _references(body["properties"]):
            visit(reference, sections[reference])

    visit(document["title"], document)
    return order


def _references(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        own = [_target(value)] if "$ref" in value else []
        return own + [name for item in value.values() for name in _references(item)]
    if isinstance(value, list):
        return [name for item in value for name in _references(item)]
    return []


def _target(value: Json) -> str:
    return str(value["$ref"]).rpartition("/")[2]


def _described(model: type[BaseModel]) -> str:
    """The model's own docstring, not pydantic's."""
    return from_docstring(vars(model).get("__doc__") or "")


def _meanings(model: type[BaseModel]) -> dict[str, str]:
    """The text behind each field, of the model and of those that it inherits from."""
    found: dict[str, str] = {}
    for cls in reversed(model.__mro__):
        if cls.__module__ == model.__module__:
            texts = ModuleAnalyzer.for_module(cls.__module__).find_attr_docs()
            found |= {
                key: " ".join(lines)
                for (owner, key), lines in texts.items()
                if owner == cls.__name__
            }
    return found


def _default(value: Json) -> str:
    default = value.get("default")
    if "$ref" in value or default is None:
        return "as below" if "$ref" in value else "-"
    text = {True: "true", False: "false"}.get(default) if isinstance(default, bool) else None
    return f"`{text or default}`"


def _values(value: Json) -> str:
    """What a key takes, in words."""
    if "$ref" in value:
        name = _target(value)
        return f"[{name}](#{name.lower()})"
    for union in ("anyOf", "oneOf"):
        if union in value:
            members = [item for item in value[union] if item.get("type") != "null"]
            return ", or ".join(_values(item) for item in members)
    if "const" in value:
        return f"`{value['const']}`"
    if "enum" in value:
        return ", ".join(f"`{item}`" for item in value["enum"])
    kind = value["type"]
    if kind == "array":
        if "prefixItems" in value:  # a tuple of some length
            return f"list of {len(value['prefixItems'])}: {_values(value['prefixItems'][0])} each"
        count = _range(value, "minItems", "maxItems")
        return f"list of {_values(value['items'])}" + (f"; {count} entries" if count else "")
    if kind == "object":
        return f"mapping of names to {_values(value['additionalProperties'])}"
    extra = _range(value, "minimum", "maximum") or (
        f"more than {value['exclusiveMinimum']:g}" if "exclusiveMinimum" in value else ""
    )
    if "exclusiveMinimum" in value and "maximum" in value:
        extra = f"more than {value['exclusiveMinimum']:g}, at most {value['maximum']:g}"
    if "pattern" in value:
        extra = f"`{value['pattern']}`"
    return _KINDS[kind] + (f", {extra}" if extra else "")


def _range(value: Json, least: str, most: str) -> str:
    low, high = value.get(least), value.get(most)
    if low is not None and high is not None:
        return f"{low:g} to {high:g}"
    if low is not None:
        return f"at least {low:g}"
    return "" if high is None else f"at most {high:g}"
