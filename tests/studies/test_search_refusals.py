"""Designs that a search does not take."""

from __future__ import annotations

import pytest

from fcn_hw.design import Design
from fcn_hw.errors import ConfigError
from fcn_hw.studies.search.run import _refuse_scaling


def test_a_design_with_a_scaled_input_is_refused() -> None:
    dataset = {"kind": "digit_scenes", "input": {"scale": "1/255"}}
    network = {"kind": "fcn32s", "filters": [3, 4]}
    design = Design.model_validate({"name": "told", "dataset": dataset, "network": network})
    with pytest.raises(ConfigError) as caught:
        _refuse_scaling(design)
    assert caught.value.message == (
        "search takes no design with dataset.input: variants keep the thresholds of its first "
        "layer, which depend on the weights"
    )
    assert caught.value.hint == (
        "search it without dataset.input, and give it the bits that are found"
    )
    _refuse_scaling(design.model_copy(update={"dataset": design.dataset.model_copy(
        update={"input": type(design.dataset.input)()})}))  # fmt: skip
