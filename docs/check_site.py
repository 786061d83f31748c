"""Checks a built site: `python docs/check_site.py site`. Exit status 1 and a line for each problem.

Every link leads to a file and an anchor that are there, and no page loads anything from elsewhere:
the site works from a disk without a network.
"""

from __future__ import annotations

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

_LOADS = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src"}


class _Page(HTMLParser):
    """The anchors of a page, where it leads, and what it loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {key: value or "" for key, value in attrs}
        self.anchors |= {values[key] for key in ("id", "name") if key in values}
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        if tag in _LOADS and _LOADS[tag] in values:
            self.loads.append(values[_LOADS[tag]])


def problems(site: Path) -> list[str]:
    """What is wrong with the pages below ``site``, a line each."""
    pages = {path: _Page(path.read_text(encoding="utf-8")) for path in sorted(site.rglob("*.html"))}
    found = [] if pages else [f"{site}: no pages"]
    for path, page in pages.items():
        shown = path.relative_to(site)
        for target in page.loads:
            if urlsplit(target).netloc:
                found.append(f"{shown}: loads {target}")
        for target in (*page.links, *page.loads):
            parts = urlsplit(target)
            if parts.scheme or parts.netloc:
                continue
            file = (path.parent / unquote(parts.path)).resolve() if parts.path else path.resolve()
            if not file.is_file():
                found.append(f"{shown}: {target} leads nowhere")
            elif parts.fragment and file.suffix == ".html":
                known = pages[site / file.relative_to(site.resolve())].anchors
                if unquote(parts.fragment) not in known:
                    found.append(f"{shown}: {target} has no such anchor")
    for sheet in sorted(site.rglob("*.css")):
        text = sheet.read_text(encoding="utf-8")
        for word in ("url(http", "url('http", 'url("http', "url(//", "@import"):
            if word in text:
                found.append(f"{sheet.relative_to(site)}: has {word}")
    return found


def main() -> int:
    found = problems(Path(sys.argv[1]))
    print("\n".join(found) or f"{sys.argv[1]}: every link leads somewhere, nothing is loaded")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
