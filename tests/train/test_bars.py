"""Progress bars: drawn in a terminal, else nothing."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from fcn_hw.train.bars import training_bars
from fcn_hw.train.loop import Step


@pytest.mark.parametrize("enabled", [True, False])
def test_nothing_is_drawn_where_there_is_no_terminal(
    enabled: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    with training_bars(enabled=enabled) as report:
        assert report is None
    assert capfd.readouterr().out == ""


def test_a_terminal_shows_epoch_and_best_score() -> None:
    console = Console(file=StringIO(), force_terminal=True, width=120, _environ={"TERM": "xterm"})
    with training_bars(enabled=True, console=console) as report:
        assert report is not None
        report(Step("retrain", epoch=3, epochs=8, step=5, steps=20, best=0.613))
    text = console.file.getvalue()
    assert "quantized retraining" in text and "3/8" in text and "61.3%" in text
