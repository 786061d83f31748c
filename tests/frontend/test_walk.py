"""Models that can't be read as calls of layers, and calls that say more than their layer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fcn_hw.errors import UnsupportedLayer
from fcn_hw.frontend.walk import walk
from fcn_hw.keras_env import keras_env


@pytest.fixture(scope="module")
def env() -> Any:
    return keras_env()


def refusal(model: Any) -> tuple[str, str]:
    with pytest.raises(UnsupportedLayer) as caught:
        walk(model)
    return str(caught.value), caught.value.hint


def test_model_without_input_shape(env: Any) -> None:
    model = env.keras.Sequential([env.keras.layers.MaxPooling2D(2)], name="s")
    assert refusal(model) == (
        "layer 's': the model has no input shape", "begin it with keras.layers.Input(shape)"
    )  # fmt: skip


def test_subclassed_model(env: Any) -> None:
    class Own(env.keras.Model):  # type: ignore[misc, name-defined]
        def call(self, x: Any) -> Any:
            return x

    assert refusal(Own(name="own")) == (
        "layer 'own': Own is no functional or sequential model",
        "build it of layers by keras.Model(inputs, outputs) or keras.Sequential",
    )


def test_what_a_call_adds(env: Any) -> None:
    made = env.keras.layers
    image = made.Input((4, 4, 2), name="image")
    x = made.Dropout(0.5, name="off")(image, training=False)
    x = made.Dropout(0.5, name="on")(x, training=True)
    x = made.Add(name="add")([x, np.ones((1, 4, 4, 2), np.float32)])
    x = made.BatchNormalization(name="norm")(x, training=True)
    program = walk(env.keras.Model(image, x))
    assert [str(problem) for problem in program.problems] == [
        "layer 'on': it is called with training=True",
        "layer 'add': it is called with a constant",
        "layer 'norm': it is called with training=True",
    ]
