"""Random QKeras models: every layer that is exact or proved has QKeras' codes."""

from __future__ import annotations

import numpy as np
import pytest
from random_models import random_model

from fcn_hw.cli.printers.common import console
from fcn_hw.errors import UnsupportedLayer
from fcn_hw.fixed import parse_format
from fcn_hw.flow.agreement import compare_model
from fcn_hw.flow.progress import Progress
from fcn_hw.frontend.qkeras import export
from fcn_hw.passes.pipeline import run_passes

MODELS = 12
MANY = 200
"""For ``make test-all``."""


def check(seed: int) -> bool:
    """Whether the model was taken; it is refused only where zeros in front of a norm are none."""
    model = random_model(seed)
    try:
        exported = export(model, parse_format("ufixed<8,0>"), name="m")
    except UnsupportedLayer as error:
        assert "of the zeros that" in str(error), f"seed {seed}: {error}"
        return False
    codes = np.random.default_rng(seed).integers(
        0, 256, (3, *exported.graph.inputs[0].output.shape)
    )
    codes[1], codes[2] = 0, 255
    for graph in (exported.graph, run_passes(exported.graph)):
        found = compare_model(
            graph,
            exported.layer_values,
            exported.proofs,
            {graph.inputs[0].name: codes},
            Progress(console(), True),
        )
        assert found.holds, f"seed {seed}: {[row for row in found.layers if row.differ]}"
    return True


def test_random_models_are_exact_or_proved() -> None:
    assert sum(check(seed) for seed in range(MODELS)) >= MODELS - 2


@pytest.mark.slow
def test_many_random_models_are_exact_or_proved() -> None:
    assert sum(check(seed) for seed in range(1000, 1000 + MANY)) >= MANY * 9 // 10
