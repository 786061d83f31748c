"""A float U-Net of many kinds of layers, built by Keras 2 or, in a process of its own, Keras 3.

``python float_unet.py FOLDER`` writes what Keras 3 makes of it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

SIZE = (16, 24)
CLASSES = 3


def images() -> npt.NDArray[np.float32]:
    """Two frames of bytes."""
    random = np.random.default_rng(2)
    return random.integers(0, 256, (2, *SIZE, 3)).astype(np.float32)


def float_unet(keras: Any) -> Any:
    """The model: bytes -> probabilities of the classes; weights by chance.

    Normalizations stand in front of a function and behind one, models in one another.
    """
    layers = keras.layers

    def block(tensor: Any, filters: int, name: str) -> Any:
        tensor = layers.Conv2D(filters, 3, padding="same", use_bias=False, name=f"{name}_a")(tensor)
        tensor = layers.BatchNormalization(name=f"{name}_norm")(tensor)
        tensor = layers.Activation("relu", name=f"{name}_relu")(tensor)
        options = {"padding": "same", "activation": "relu"}
        tensor = layers.SeparableConv2D(filters, 3, name=f"{name}_b", **options)(tensor)
        return layers.BatchNormalization(scale=False, name=f"{name}_norm2")(tensor)

    stem = [layers.InputLayer((*SIZE, 3)), layers.Conv2D(4, 3, padding="same", name="conv")]
    image = layers.Input((*SIZE, 3), name="photo")
    tensor = layers.Rescaling([1 / 58.0, 1 / 57.0, 1 / 57.5], [-2.1, -2.0, -1.8])(image)
    side = keras.Sequential([*stem, layers.BatchNormalization(name="norm")], name="stem")(tensor)
    side = layers.LeakyReLU(0.1, name="leak")(side)
    tensor = layers.ZeroPadding2D(((0, 1), (0, 1)))(side)
    tensor = layers.Conv2D(5, 3, strides=2, name="down")(tensor)
    tensor = layers.ReLU(max_value=6.0)(layers.Dropout(0.1)(tensor))
    tensor = layers.Conv2D(6, 3, padding="same", dilation_rate=2, name="wide")(tensor)
    tensor = layers.Add(name="sum")([block(tensor, 6, "deep"), tensor])
    tensor = layers.AveragePooling2D(2, name="mean")(tensor)
    tensor = layers.UpSampling2D(2, interpolation="bilinear", name="grow")(tensor)
    tensor = layers.Conv2DTranspose(4, 3, strides=2, padding="same", name="up")(tensor)
    tensor = layers.Concatenate(name="join")([layers.Maximum()([tensor, side]), side])
    tensor = tensor + layers.DepthwiseConv2D(3, padding="same", name="each")(tensor)
    scores = layers.Conv2D(CLASSES, 1, activation="softmax", name="answer")(tensor)
    model = keras.Model(image, scores)
    random = np.random.default_rng(1)
    for layer in (*model.layers, *model.get_layer("stem").layers):
        if type(layer).__name__ == "BatchNormalization":
            *rest, mean, variance = layer.get_weights()
            own = [random.uniform(0.5, 1.5, array.shape) for array in rest]
            layer.set_weights(
                [*own, random.normal(0, 0.2, mean.shape), random.uniform(0.5, 2, variance.shape)]
            )
    return model


def small_unet(keras: Any, classes: int, function: str) -> Any:
    """A model that compiles fast: bytes -> probabilities; of two classes one score.

    Args:
        function: of its hidden layers.
    """
    layers = keras.layers
    image = layers.Input((*SIZE, 3), name="photo")
    tensor = layers.Rescaling(1 / 127.5, -1)(image)
    side = layers.Conv2D(4, 3, padding="same", name="enter")(tensor)
    side = layers.Activation(function, name="enter_on")(layers.BatchNormalization()(side))
    tensor = layers.MaxPooling2D(2)(side)
    tensor = layers.DepthwiseConv2D(3, padding="same", name="deep")(tensor)
    tensor = layers.Conv2D(5, 1, activation=function, name="deep_mix")(tensor)
    tensor = layers.BatchNormalization(name="behind")(tensor)
    tensor = layers.Conv2DTranspose(4, 3, strides=2, padding="same", name="rise")(tensor)
    tensor = layers.Concatenate()([layers.Add(name="both")([tensor, side]), side])
    last = "softmax" if classes > 2 else "sigmoid"
    filters = classes if classes > 2 else 1
    return keras.Model(image, layers.Conv2D(filters, 1, activation=last, name="told")(tensor))


def write_keras3(folder: Path) -> Path:
    """Has Keras 3 write ``unet.keras``, ``unet.h5``, ``unet.npy``, ``small.keras`` and
    ``own.keras``, which holds a layer of its author's; in a process of its own, as two Keras do not
    go together."""
    env = {**os.environ, "TF_USE_LEGACY_KERAS": "0", "TF_CPP_MIN_LOG_LEVEL": "3"}
    subprocess.run(
        [sys.executable, __file__, str(folder)], check=True, env=env, capture_output=True
    )
    return folder


def _main(folder: Path) -> None:
    import keras

    model = float_unet(keras)
    model.save(folder / "unet.keras")
    model.save(folder / "unet.h5")
    np.save(folder / "unet.npy", model.predict(images(), verbose=0))
    small_unet(keras, CLASSES, "hard_silu").save(folder / "small.keras")

    @keras.saving.register_keras_serializable("mine")  # type: ignore[untyped-decorator]
    class Twice(keras.layers.Layer):  # type: ignore[misc]
        def call(self, tensor: Any) -> Any:
            return 2 * tensor

    image = keras.layers.Input((8, 8, 3))
    keras.Model(image, Twice(name="twice")(image)).save(folder / "own.keras")


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
