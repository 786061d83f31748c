"""The model against published figures."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fcn_hw.errors import ConfigError
from fcn_hw.estimate.published import comparisons, load_published, table

DOCS = Path(__file__).parents[2] / "docs" / "estimates.md"


def test_every_figure_has_a_source() -> None:
    designs = load_published()
    assert len(designs) >= 6
    for design in designs:
        assert re.search(r"github\.com/|doi|arXiv", design.source)
        assert {"LUT", "FF", "DSP", "BRAM36"} == set(design.measured)
        for layer in design.layers:
            assert layer.in_channels % layer.simd == 0 and layer.out_channels % layer.pe == 0


def test_the_error_is_bounded() -> None:
    """Not a claim of accuracy: what docs/estimates.md states. A wrong formula goes beyond it."""
    for result in comparisons():
        errors = {row.quantity: row.error for row in result.rows}
        assert errors["LUT"] is not None and -0.55 < errors["LUT"] < 0
        assert errors["BRAM36"] is not None and -0.6 < errors["BRAM36"] < 0.1
        assert errors["FF"] is not None and -0.72 < errors["FF"] < -0.4


def test_the_documents_table_is_the_commands_output() -> None:
    assert table(comparisons()) in DOCS.read_text(encoding="utf-8")


def test_a_wrong_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "figures.yaml"
    path.write_text("designs:\n  - {name: a}\n")
    with pytest.raises(ConfigError, match=r"key '\w+' is missing in designs\[0\]"):
        load_published(path)
