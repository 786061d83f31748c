"""A QKeras model of your own, BatchNormalization and all, to exact C++.

    python examples/bring_your_own_qkeras_model.py --output /tmp/own

`fcn-hw export --model`, `hls --graph` and `csim --graph` do the same on the command line.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

import fcn_hw
from fcn_hw.keras_env import keras_env

BITS = 4


def build(height: int, width: int) -> object:
    """A small encoder and decoder with a skip; its statistics are made up, as if trained."""
    env = keras_env()  # TensorFlow's Keras 2 and QKeras, set up to work with one another
    q, layers = env.qkeras, env.keras.layers
    env.keras.utils.set_random_seed(7)

    def weights() -> object:
        return q.quantized_bits(BITS, 0, alpha=1.0)

    def block(x: object, filters: int, name: str) -> object:
        x = q.QConv2D(
            filters, 3, padding="same", use_bias=False, name=name, kernel_quantizer=weights()
        )(x)
        x = layers.BatchNormalization(name=f"{name}_bn")(x)
        return q.QActivation(q.quantized_relu(BITS, 1), name=f"{name}_act")(x)

    image = layers.Input((height, width, 3), name="image")
    fine = block(image, 4, "conv1")
    coarse = block(layers.MaxPooling2D(2, name="pool")(fine), 6, "conv2")
    up = layers.UpSampling2D(2, interpolation="bilinear", name="up")(coarse)
    x = layers.Concatenate(name="skip")([fine, up])
    scores = q.QConv2D(
        3,
        1,
        name="scores",
        kernel_quantizer=weights(),
        bias_quantizer=q.quantized_bits(8, 1, alpha=1.0),
    )(x)
    classes = layers.Softmax(name="classes")(scores)  # becomes an arg-max: the class of each pixel
    model = env.keras.Model(image, classes)
    rng = np.random.default_rng(3)
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            n = layer.gamma.shape[0]
            layer.set_weights(
                [rng.uniform(0.5, 1.5, n), rng.normal(0, 0.3, n), rng.normal(0, 0.2, n),
                 rng.uniform(0.05, 0.5, n)]
            )  # fmt: skip
    return model


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--output", type=Path, default=Path("own_model"))
    arguments.add_argument("--board", default="zcu104")
    arguments.add_argument("--height", type=int, default=48)
    arguments.add_argument("--width", type=int, default=64)
    given = arguments.parse_args()
    given.output.mkdir(parents=True, exist_ok=True)

    model = given.output / "own.h5"
    build(given.height, given.width).save(model)
    frames = given.output / "frames.npy"  # bytes, as a camera sends them
    shape = (3, given.height, given.width, 3)
    np.save(frames, np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8))

    # Batch normalization and the quantizer behind it become thresholds, proved step by step.
    graph, agreement = fcn_hw.export_model(model, given.output / "graph", check=frames)
    for layer in agreement.layers:
        print(f"{layer.layer:10} {layer.status:8} {layer.values:>8,} codes, {layer.differ} differ")
    print(fcn_hw.show_graph(given.output / "graph").text())

    project = given.output / "project"
    fcn_hw.hls_graph(given.output / "graph", given.board, project)
    found = fcn_hw.csim_graph(given.output / "graph", given.board, project, data=frames)
    print(f"{graph.name}: {found.values_compared:,} values, {found.mismatches} mismatches")
    if found.mismatches or not agreement.holds:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
