"""``docs/operators.md`` is what the code says."""

from __future__ import annotations

from pathlib import Path

import pytest

from fcn_hw.frontend.operator_docs import operators_markdown
from fcn_hw.ops import OPS
from fcn_hw.ops.input import Input
from fcn_hw.resources import data_folder

DOCUMENT = Path(__file__).parents[2] / "docs" / "operators.md"


def test_document_is_current(request: pytest.FixtureRequest) -> None:
    text = operators_markdown()
    if request.config.getoption("--update-golden"):
        DOCUMENT.write_text(text, encoding="utf-8")
    assert DOCUMENT.read_text(encoding="utf-8") == text


def test_every_op_has_its_header() -> None:
    headers = data_folder("templates") / "include" / "fcn_hw"
    text = operators_markdown()
    for op in set(OPS) - {Input}:
        (line,) = (line for line in text.splitlines() if line.startswith(f"| `{op.__name__}` | `f"))
        name = line.split("`")[3].removeprefix("fcn_hw/")
        assert (headers / name).is_file(), name
