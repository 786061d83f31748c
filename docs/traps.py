"""Measures the traps of docs/faq.md: `python docs/traps.py` prints a line for each.

Every model has one layer of interest. hls4ml converts it as its documentation says
(`config_from_keras_model`, granularity "name", Vitis, io_stream), compiles it, and predicts the
same random frames as QKeras. What differs by more than float32's rounding counts.
"""

from __future__ import annotations

import contextlib
import io
import sys
import tempfile
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from fcn_hw.keras_env import keras_env

FRAMES, HEIGHT, WIDTH, CHANNELS = 8, 8, 8, 2
ROUNDING = 1e-5


def traps(keras: Any) -> dict[str, Callable[[Any], Any]]:
    """Name to a function from an input tensor (H, W, C) to an output tensor."""
    q, layers = keras.qkeras, keras.keras.layers

    def bits(total: int, integer: int, **more: Any) -> Any:
        return q.quantized_bits(total, integer, **{"alpha": 1, **more})

    def conv(**more: Any) -> Any:
        settings = {"kernel_quantizer": bits(6, 1), "use_bias": False, "padding": "valid"}
        return q.QConv2D(4, 3, **{**settings, **more})

    def plain(x: Any) -> Any:
        return conv()(x)

    return {
        "none: QConv2D": plain,
        "UpSampling2D bilinear": layers.UpSampling2D(2, interpolation="bilinear"),
        "QConv2D dilation_rate=2, same": conv(dilation_rate=2, padding="same"),
        "QActivation(quantized_bits) after QConv2D": lambda x: q.QActivation(bits(3, 1))(plain(x)),
        "quantized_relu(3, 3) after QConv2D": lambda x: q.QActivation(q.quantized_relu(3, 3))(
            plain(x)
        ),
        "kernel keep_negative=False": conv(kernel_quantizer=bits(4, 1, keep_negative=False)),
        "kernel alpha='auto'": conv(kernel_quantizer=bits(4, 0, alpha="auto")),
        "AveragePooling2D 2x2": lambda x: layers.AveragePooling2D(2)(plain(x)),
        "BatchNormalization": lambda x: layers.BatchNormalization()(plain(x)),
        "QConv2DTranspose": q.QConv2DTranspose(4, 2, strides=2, kernel_quantizer=bits(6, 1)),
    }


def measure(keras: Any, build: Callable[[Any], Any]) -> str:
    """``"12.3 % of 1,024 values differ, by up to 0.5"``, or hls4ml's refusal."""
    import hls4ml
    import keras as keras3

    # hls4ml goes by the version of the package keras, which is 3 beside a current TensorFlow, and
    # would read a model of Keras 2 as one of Keras 3.
    keras3.__version__ = "2.15.0"
    rng = np.random.default_rng(1)
    image = keras.keras.layers.Input((HEIGHT, WIDTH, CHANNELS))
    # The input is on a grid that ap_fixed<16,6> holds, so that nothing is lost in front.
    quantized = keras.qkeras.QActivation(keras.qkeras.quantized_bits(8, 1, alpha=1))(image)
    model = keras.keras.Model(image, build(quantized))
    for layer in model.layers:
        layer.set_weights([rng.normal(0.4, 0.5, w.shape).clip(0.01) for w in layer.get_weights()])
    frames = rng.integers(-128, 128, (FRAMES, HEIGHT, WIDTH, CHANNELS)) / np.float32(64)
    frames = frames.astype(np.float32)
    expected = model.predict(frames, verbose=0)
    print_nothing = contextlib.redirect_stdout(io.StringIO())
    with tempfile.TemporaryDirectory() as folder, print_nothing, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            config = hls4ml.utils.config_from_keras_model(
                model, granularity="name", backend="Vitis"
            )
            converted = hls4ml.converters.convert_from_keras_model(
                model, hls_config=config, io_type="io_stream", backend="Vitis", output_dir=folder
            )
            converted.compile()
            found = converted.predict(frames).reshape(expected.shape)
        except Exception as error:  # whatever hls4ml says is the result
            return f"refused: {type(error).__name__}: {str(error).splitlines()[0][:100]}"
    error = np.abs(found - expected)
    wrong = error > ROUNDING
    largest = f", by up to {error.max():.3g}" if wrong.any() else ""
    return f"{100 * wrong.mean():.1f} % of {wrong.size:,} values differ{largest}"


def main() -> int:
    keras = keras_env()
    for name, build in traps(keras).items():
        print(f"{name:45} {measure(keras, build)}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
