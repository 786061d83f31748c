"""The one import of TensorFlow: what it repairs, and what it refuses."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import numpy as np
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


def test_qkeras_quantizes_a_float_model():
    env = keras_env()
    made, bits = env.keras.layers, {"kernel_quantizer": "quantized_bits(4,0,1,alpha=1)"}
    image = made.Input((8, 8, 3))
    first = made.Activation("relu")(made.Conv2D(4, 3, padding="same")(image))
    low = made.MaxPooling2D(2)(made.DepthwiseConv2D(3, padding="same")(first))
    up = made.Conv2DTranspose(4, 2, strides=2)(made.UpSampling2D(1)(low))
    model = env.keras.Model(image, made.Softmax()(made.Concatenate()([up, first])))
    quantized = env.qkeras.utils.model_quantize(
        model,
        {
            "QConv2D": bits,
            "QConv2DTranspose": bits,
            "QDepthwiseConv2D": {"depthwise_quantizer": "quantized_bits(4,0,1,alpha=1)"},
            "QActivation": {"relu": "quantized_relu(4,2)"},
        },
        activation_bits=4,
        transfer_weights=True,
    )
    kinds = [type(layer).__name__ for layer in quantized.layers]
    assert kinds == [
        "InputLayer", "QConv2D", "QActivation", "QDepthwiseConv2D", "MaxPooling2D", "UpSampling2D",
        "QConv2DTranspose", "Concatenate", "Softmax",
    ]  # fmt: skip
    for layer, other in zip(model.layers, quantized.layers, strict=True):
        for weight, same in zip(layer.get_weights(), other.get_weights(), strict=True):
            assert np.array_equal(weight, same)


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
