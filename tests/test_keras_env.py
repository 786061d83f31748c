"""The one import of TensorFlow: what it repairs, and what it refuses."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from fcn_hw.errors import FcnHwError
from fcn_hw.keras_env import keras_env


def test_keras_2_is_what_tensorflow_gives():
    env = keras_env()
    assert env.keras.Model.__module__.startswith("tf_keras.")
    assert keras_env() is env


def test_qkeras_takes_negative_integer_bits():
    quantizers = keras_env().qkeras.quantizers
    weight = quantizers.quantized_bits(4, -2, 0, 1, alpha=1.0)
    assert weight([-9.0, 0.04, 9.0]).numpy().tolist() == [-0.25, 0.03125, 0.21875]
    relu = quantizers.quantized_relu(4, -2)
    assert relu([-9.0, 0.02, 9.0]).numpy().tolist() == [0.0, 0.015625, 0.234375]


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "qkeras", None)
    with pytest.raises(FcnHwError) as caught:
        keras_env.__wrapped__()
    assert str(caught.value) == "training needs the package 'qkeras', which is not installed"
    assert caught.value.hint == "install fcn_hw with the versions of its lock file; make does so"


def test_keras_3_is_refused(monkeypatch):
    model = type("Model", (), {"__module__": "keras.src.models.model"})
    tensorflow = SimpleNamespace(keras=SimpleNamespace(Model=model))
    monkeypatch.setitem(sys.modules, "tensorflow", tensorflow)
    with pytest.raises(FcnHwError) as caught:
        keras_env.__wrapped__()
    assert str(caught.value) == "Keras 3 was loaded before fcn_hw.train, and QKeras needs Keras 2"
    assert caught.value.hint == "set TF_USE_LEGACY_KERAS=1 before TensorFlow is imported"
