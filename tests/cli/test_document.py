"""``docs/command-line.md`` is what the application says."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from fcn_hw.cli import app
from fcn_hw.cli.document import command_line_markdown

DOCUMENT = Path(__file__).parents[2] / "docs" / "command-line.md"


def test_document_is_current(request: pytest.FixtureRequest) -> None:
    text = command_line_markdown()
    if request.config.getoption("--update-golden"):
        DOCUMENT.write_text(text, encoding="utf-8")
    assert DOCUMENT.read_text(encoding="utf-8") == text


def test_every_verb_and_option_is_in_it() -> None:
    text = command_line_markdown()
    group = typer.main.get_command(app)
    for name, item in group.commands.items():  # type: ignore[attr-defined]
        assert f"\n### {name}\n\n    fcn-hw {name}" in text
        section = text.split(f"\n### {name}\n")[1].split("\n### ")[0]
        for param in item.params:
            assert param.help, (name, param.name)
            assert param.help.replace("|", "\\|") in section
        assert section.count("\n    fcn-hw ") >= 2  # the usage and an example
