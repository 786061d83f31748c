"""The pages of docs/ say what the code says, and what they link to is there."""

from __future__ import annotations

import re
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from fcn_hw.boards import Board
from fcn_hw.design import Design
from fcn_hw.flow.csim_report import CsimResult, LayerResult
from fcn_hw.flow.evaluation import Evaluation, HardwareRun
from fcn_hw.frontend.proofs import Proof
from fcn_hw.handoff import manifest
from fcn_hw.ir import serialize
from fcn_hw.ops import Op
from fcn_hw.train.tally import Metrics

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
sys.path.insert(0, str(DOCS))

from check_site import problems  # noqa: E402
from pages import MADE, filled  # noqa: E402

PAGES = sorted({*DOCS.rglob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"})


def rows(text: str) -> list[list[str]]:
    """The cells of every row of every table, headers left out."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines]
    return [
        [cell.strip() for cell in row]
        for row, behind in zip(cells, [*cells[1:], [""]], strict=True)
        if not set(row[0].strip()) <= {"-"} and not set(behind[0].strip() or " ") <= {"-"}
    ]


@pytest.mark.parametrize("model", [Design, Board])
def test_every_key_is_there_with_its_meaning(model: type[Design] | type[Board]) -> None:
    name = {Design: "design.yaml", Board: "board.yaml"}[model]
    table = rows(MADE[name]())
    assert [row for row in table if not row[3]] == []
    document = model.model_json_schema()
    sections = [document, *document["$defs"].values()]
    keys = sorted(key for section in sections for key in section["properties"])
    assert sorted(row[0].strip("`") for row in table) == keys


def test_key_says_what_it_takes_and_what_its_absence_means() -> None:
    table = {row[0]: row[1:3] for row in rows(MADE["design.yaml"]().partition("### Hls\n")[2])}
    assert table["`ReuseFactor`"][0] == "whole number, at least 1, or `auto`"
    assert table["`fifo_margin`"] == ["number, 0 to 10", "`0.1`"]
    assert table["`lut`"] == ["number, more than 0, at most 1", "`0.7`"]
    table = {row[0]: row[1:3] for row in rows(MADE["design.yaml"]().partition("### Network\n")[2])}
    assert table["`model`"] == ["text", "**must be given**"]
    assert table["`filters`"] == [
        "list of whole number, 1 to 4096; 2 to 8 entries", "`[]`",
    ]  # fmt: skip


def test_a_mark_that_stands_for_nothing_is_an_error() -> None:
    assert filled("a\n<!-- made: board.yaml -->\nb\n").startswith("a\n### the file\n")
    with pytest.raises(KeyError, match="bored"):
        filled("<!-- made: bored.yaml -->")


def test_file_formats_name_every_key() -> None:
    text = (DOCS / "reference" / "files.md").read_text(encoding="utf-8")
    parts = dict(re.findall(r"^## (\S+\.json)\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL))
    entries = (
        manifest.Manifest, manifest.PortEntry, manifest.RegisterEntry, manifest.LayerEntry,
        manifest.FileEntry, manifest.Expected, manifest.Structure, manifest.FoldEntry,
    )  # fmt: skip
    written = {
        "graph.json": {"schema_version", "digest", "name", "outputs", "ops", "kind", "shape"}
        | {"format"}
        | {item.name for item in fields(Op)} - {"output"},
        "proofs.json": {item.name for item in fields(Proof)},
        "csim.json": {item.name for cls in (CsimResult, LayerResult) for item in fields(cls)},
        "evaluation.json": {
            item.name for cls in (Evaluation, HardwareRun, Metrics) for item in fields(cls)
        },
        "MANIFEST.json": {key for model in entries for key in model.model_fields},
    }
    assert set(parts) == set(written)
    for name, keys in written.items():
        told = {word for row in rows(parts[name]) for word in re.findall(r"`(\w+)`", " ".join(row))}
        assert keys <= told, (name, keys - told)
    for module in (serialize, manifest):
        assert f"| `schema_version` | {module.SCHEMA_VERSION}" in text


def anchors(text: str) -> set[str]:
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S), re.M)
    slug = re.compile(r"[^\w\- ]")
    return {slug.sub("", item.replace("`", "").lower()).replace(" ", "-") for item in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    """In the repository, where pages are read too; Sphinx checks the site's."""
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith(("http:", "https:")):
            continue
        name, _, anchor = target.partition("#")
        file = page.parent / name if name else page
        assert file.exists(), target
        if anchor and file.suffix == ".md":
            assert anchor in anchors(filled(file.read_text(encoding="utf-8"))), target


def test_site_check_finds_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "style.css").write_text("a { background: url(http://far/a.png) }")
    (tmp_path / "good.html").write_text('<p id="here"><a href="#here">x</a>')
    (tmp_path / "bad.html").write_text(
        '<a href="good.html#here"></a><a href="good.html#there"></a><a href="gone.html"></a>'
        '<a href="https://elsewhere/"></a><script src="https://far/x.js"></script>'
    )
    assert problems(tmp_path) == [
        "bad.html: loads https://far/x.js",
        "bad.html: good.html#there has no such anchor",
        "bad.html: gone.html leads nowhere",
        "style.css: has url(http",
    ]
    assert problems(tmp_path / "good.html") == [f"{tmp_path / 'good.html'}: no pages"]
