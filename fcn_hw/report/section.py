"""A part of the report: made by a template from its context, or a word on how to get it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

from markupsafe import Markup

from fcn_hw.report.render import markup


@dataclass(frozen=True)
class Section:
    """Args:
    id: of its heading in the page.
    title: in the page and in its list of contents.
    body: below the heading.
    commands: that make what is missing; none where nothing is.
    data: what it shows, ready for JSON.
    stale: why what it shows is not of the design as it is now, and the commands that renew it.
    """

    id: str
    title: str
    body: Markup
    commands: tuple[str, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)
    stale: tuple[str, ...] = ()

    @property
    def is_ready(self) -> bool:
        return not self.commands


@dataclass(frozen=True)
class MissingContext:
    """``missing.html.j2``: what would be here, and the commands that make it."""

    what: str
    commands: tuple[str, ...]


def made(section_id: str, title: str, context: Any) -> Section:
    """A section by its template ``<section_id>.html.j2``."""
    body = markup(f"{section_id}.html.j2", context)
    return Section(section_id, title, body, data=plain(context))


def missing(section_id: str, title: str, what: str, *commands: str) -> Section:
    """A section whose stage has not run.

    Args:
        what: a sentence that says what will be here.
        commands: that make it, at least one.
    """
    body = markup("missing.html.j2", MissingContext(what, commands))
    return Section(section_id, title, body, commands)


def plain(value: Any) -> Any:
    """A context as JSON-able values, figures left out."""
    if is_dataclass(value) and not isinstance(value, type):
        items = {item.name: getattr(value, item.name) for item in fields(value)}
        return {name: plain(item) for name, item in items.items() if not _is_figure(item)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items() if not _is_figure(item)}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value if not _is_figure(item)]
    return value


def _is_figure(value: Any) -> bool:
    return isinstance(value, Markup) or (isinstance(value, str) and value.startswith("data:"))
