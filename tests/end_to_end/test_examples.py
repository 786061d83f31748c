"""The scripts of ``examples/`` run as they are, at small sizes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"

RUNS = {
    "quickstart.py": ("--root", "--small"),
    "bring_your_own_qkeras_model.py": ("--output", "--height", "10", "--width", "12"),
    "custom_operator.py": ("--output", "--height", "9", "--width", "11"),
}

SAYS = {
    "quickstart.py": ("0 mismatches", "frames/s, set by"),
    "bring_your_own_qkeras_model.py": (
        "conv1_act  proved",
        "Threshold(%conv1)",
        "11,520 values, 0",
    ),
    "custom_operator.py": (
        "= Absolute(%sobel)",
        "1,485 values compared, 0 mismatches",
        "99 cycles",
    ),
}


def test_every_example_is_run() -> None:
    assert {path.name for path in EXAMPLES.glob("*.py")} == set(RUNS) == set(SAYS)


@pytest.mark.gxx
@pytest.mark.parametrize("name", sorted(RUNS))
def test_example(name: str, tmp_path: Path) -> None:
    first, *others = RUNS[name]
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / name), first, str(tmp_path / "out"), *others],
        capture_output=True, text=True, check=False, cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(EXAMPLES.parent)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for text in SAYS[name]:
        assert text in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["out"]  # nothing beside it
