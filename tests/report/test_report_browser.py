"""The report in a real browser: nothing to complain of, everything drawn, links that lead there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from chromium import Page, chromium, find_chromium
from report_workspaces import BOARD, full_workspace

from fcn_hw.boards import load_board
from fcn_hw.report import make_report, write_report

pytestmark = [
    pytest.mark.gxx,
    pytest.mark.skipif(find_chromium() is None, reason="chromium is not on PATH"),
]

PHONE, SMALL_PHONE, DESKTOP = (390, 844), (320, 568), (1200, 900)

FIGURES = """
[...document.querySelectorAll('figure, img, svg')].filter(item => !item.closest('details'))
.map(item => {
    const box = item.getBoundingClientRect();
    const shapes = [...item.querySelectorAll('path, rect, circle')].filter(
        shape => !shape.closest('defs'));
    return {
        tag: item.tagName.toLowerCase(),
        label: item.alt || item.getAttribute('aria-label') || item.textContent.trim(),
        width: box.width, height: box.height, pixels: item.naturalWidth,
        drawn: shapes.filter(shape => {
            const area = shape.getBoundingClientRect(); return area.width + area.height > 0;
        }).length,
    };
})
"""

FOLLOW = """
(() => {
    document.documentElement.style.scrollBehavior = 'auto';
    return [...document.querySelectorAll('a[href^="#"]')].map(link => {
        link.click();
        const target = document.querySelector(':target');
        const top = target ? target.getBoundingClientRect().top : null;
        return [link.getAttribute('href'), location.hash, target && target.id, top];
    });
})()
"""

# width of the page, width of the window, right edge of all that no scrolling region holds
WIDTHS = """
[document.documentElement.scrollWidth, window.innerWidth,
 Math.max(...[...document.querySelectorAll('body *')].filter(
    item => !item.closest('.scroll') && !item.classList.contains('skip')).map(
    item => item.getBoundingClientRect().right))]
"""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    workspace = full_workspace(tmp_path_factory.mktemp("with spaces é"))
    board = load_board(BOARD)
    return write_report(make_report(workspace, board), workspace, board)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    program = find_chromium()
    assert program is not None
    with chromium(program, tmp_path_factory.mktemp("profile")) as page:
        yield page


@pytest.mark.parametrize("size", [DESKTOP, PHONE, SMALL_PHONE], ids=["desktop", "phone", "small"])
def test_nothing_to_complain_of_and_all_drawn(
    browser: Page, report: Path, size: tuple[int, int]
) -> None:
    browser.console.clear()
    browser.requests.clear()
    browser.open(report.as_uri(), *size, mobile=size != DESKTOP)
    figures = browser.evaluate(FIGURES)
    tags = [figure["tag"] for figure in figures]
    # pictures of scenes, charts, and the chart of the training
    assert (tags.count("img"), tags.count("svg") > 15) == (12 + 3 + 1, True)
    for figure in figures:
        assert figure["label"], figure
        assert figure["width"] > 30 and figure["height"] > 8, figure
        assert figure["tag"] != "img" or figure["pixels"] > 0, figure
        assert figure["tag"] != "svg" or figure["drawn"] > 0, figure
    page_width, window, right = browser.evaluate(WIDTHS)
    assert page_width <= window == size[0]
    assert right <= window + 0.5
    assert browser.console == []
    assert {url for url in browser.requests if not url.startswith("data:")} == {report.as_uri()}


def test_links_lead_where_they_say(browser: Page, report: Path) -> None:
    browser.open(report.as_uri(), *DESKTOP)
    followed = browser.evaluate(FOLLOW)
    assert len(followed) > 11
    for href, place, target, top in followed:
        assert href == place == f"#{target}"
        assert -1 <= top < DESKTOP[1], (href, top)


def test_everything_is_printed(browser: Page, report: Path, tmp_path: Path) -> None:
    browser.open(report.as_uri(), *DESKTOP)
    hidden = "[...document.querySelectorAll('details tr')].filter(r => !r.checkVisibility()).length"
    assert browser.evaluate(hidden) > 0
    browser.call("Emulation.setEmulatedMedia", media="print")
    assert browser.evaluate(hidden) == 0
    assert browser.evaluate("getComputedStyle(document.querySelector('nav')).display") == "none"
    browser.call("Emulation.setEmulatedMedia", media="")
    browser.pdf(tmp_path / "report.pdf")
    data = (tmp_path / "report.pdf").read_bytes()
    assert data.startswith(b"%PDF-") and len(data) > 20_000


def test_complaints_would_be_seen(browser: Page, tmp_path: Path) -> None:
    page = tmp_path / "bad.html"
    page.write_text('<script>console.error("x")</script><img src="missing.png">')
    browser.console.clear()
    browser.open(page.as_uri(), *DESKTOP)
    assert any("x" in text for text in browser.console)
    assert any("ERR_FILE_NOT_FOUND" in text for text in browser.console)
    assert (tmp_path / "missing.png").as_uri() in browser.requests
