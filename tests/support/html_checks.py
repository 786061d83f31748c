"""What every page must hold, found by a parser and not by a browser."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = {"meta", "link", "img", "br", "input", "hr"}
_SVG_SHAPES = {"path", "rect", "circle"}
_LINKS = ("href", "src", "action", "data", "poster", "srcset", "xlink:href")


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    text: str = ""
    parents: tuple[str, ...] = field(default=())


class Document(HTMLParser):
    """The elements of a page, in their order; ``problems`` says what is not well-formed."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self.problems: list[str] = []
        self._open: list[Element] = []
        self.feed(html)
        self.close()
        self.problems += [f"<{element.tag}> is never closed" for element in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        if len(set(names)) < len(names):
            self.problems.append(f"<{tag}> has an attribute twice: {names}")
        parents = tuple(element.tag for element in self._open)
        element = Element(tag, {name: value or "" for name, value in attrs}, parents=parents)
        self.elements.append(element)
        if tag not in _VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open[-1].tag != tag:
            self.problems.append(f"</{tag}> at {self.getpos()} closes {self._open[-1:]}")
            return
        self._open.pop()

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data

    def all(self, tag: str) -> list[Element]:
        return [element for element in self.elements if element.tag == tag]


def problems(html: str) -> list[str]:
    """Everything that is wrong with a page that has to stand alone and speak to everybody."""
    page = Document(html)
    found = list(page.problems)
    ids = [element.attributes["id"] for element in page.elements if "id" in element.attributes]
    found += [f"id '{name}' occurs twice" for name in sorted({n for n in ids if ids.count(n) > 1})]
    for element in page.elements:
        found += _of_element(element, set(ids))
    found += [f"style: {url}" for url in re.findall(r"url\((?!#)[^)]*\)|@import", html)]
    if len(page.all("h1")) != 1 or not page.all("html")[0].attributes.get("lang"):
        found.append("no single h1, or no language")
    return found


def _of_element(element: Element, ids: set[str]) -> list[str]:
    found = []
    attributes, tag = element.attributes, element.tag
    if tag in ("script", "iframe", "object", "embed", "base", "form"):
        found.append(f"<{tag}> occurs")
    for name, value in attributes.items():
        if name.startswith("on"):
            found.append(f"<{tag} {name}>")
        if name in _LINKS and not value.startswith(("#", "data:")):
            found.append(f"<{tag}> refers to {value}")
        if name == "href" and value.startswith("#") and value[1:] not in ids:
            found.append(f"link to {value} leads nowhere")
        if name == "aria-labelledby":
            found += [f"label {item} is missing" for item in value.split() if item not in ids]
    if tag == "img" and not attributes.get("alt", "").strip():
        found.append("an image has no alt text")
    if tag == "svg" and (
        attributes.get("role") != "img"
        or not (attributes.get("aria-label") or attributes.get("aria-labelledby"))
    ):
        found.append("an SVG has no label")
    if tag in ("title", "desc", "figcaption", "caption") and not element.text.strip():
        found.append(f"an empty <{tag}>")
    if tag in _SVG_SHAPES and any("nan" in v or "inf" in v for v in attributes.values()):
        found.append(f"<{tag}> is drawn nowhere: {attributes}")
    return found
