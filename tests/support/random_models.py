"""Random QKeras models of what the exporter takes; each a function of its seed."""

from __future__ import annotations

from typing import Any

import numpy as np

from fcn_hw.keras_env import keras_env

MAX_SIDE = 13


def random_model(seed: int) -> Any:
    """A functional model of one input, several branches and one output or two."""
    return _Model(np.random.default_rng(seed), seed).finished()


class _Model:
    def __init__(self, rng: np.random.Generator, seed: int) -> None:
        self.rng = rng
        env = keras_env()
        env.keras.backend.clear_session()
        env.keras.utils.set_random_seed(seed)
        self.env, self.q, self.layers = env, env.qkeras, env.keras.layers
        shape = (self.upto(5, 12), self.upto(5, 12), self.upto(1, 3))
        self.image = self.layers.Input(shape, name="image")
        self.tensors = [self.image]

    def finished(self) -> Any:
        for _ in range(self.upto(2, 4)):
            x = self.quantized(self.linear(self.pick(self.tensors[-2:])))
            if self.chance(0.4):
                x = self.moved(x)
            self.tensors.append(x)
            if self.chance(0.4):
                self.tensors.append(self.joined())
        outputs = [self.convolution(self.tensors[-1])]
        if self.chance(0.3):
            outputs.append(self.tensors[-1])
        model = self.env.keras.Model(self.image, outputs)
        self.randomize(model)
        return model

    # -- layers ------------------------------------------------------------------------------------

    def linear(self, x: Any) -> Any:
        x = self.convolution(x)
        for _ in range(self.upto(0, 2)):
            x = self.pick([self.norm, self.norm, self.free_move, self.float_function])(x)
        return x

    def convolution(self, x: Any) -> Any:
        kind = self.pick(["conv", "conv", "conv", "depthwise", "separable", "transposed", "folded"])
        bias = {"use_bias": self.chance(0.6), "bias_initializer": "random_normal"}
        if self.chance(0.6):
            bias["bias_quantizer"] = self.bits(8, 0)
        kernel = (self.upto(1, 3), self.upto(1, 3))
        common = {"padding": "same" if min(x.shape[1:3]) < 4 else self.pick(["same", "valid"])}
        if kind == "depthwise":
            return self.q.QDepthwiseConv2D(
                kernel, depth_multiplier=self.upto(1, 2), depthwise_quantizer=self.weights(),
                **common, **bias,
            )(x)  # fmt: skip
        if kind == "separable":
            return self.q.QSeparableConv2D(
                self.upto(1, 4), kernel, depthwise_quantizer=self.dyadic_weights(),
                pointwise_quantizer=self.weights(), **common, **bias,
            )(x)  # fmt: skip
        if kind == "transposed" and max(x.shape[1:3]) <= MAX_SIDE // 2:
            return self.q.QConv2DTranspose(
                self.upto(1, 3), kernel, strides=self.upto(1, 2),
                kernel_quantizer=self.dyadic_weights(), **common, **bias,
            )(x)  # fmt: skip
        if kind == "folded":
            return self.q.QConv2DBatchnorm(
                self.upto(1, 4), kernel, kernel_quantizer=self.weights(), **common, **bias
            )(x)
        stride = self.upto(1, 2)
        dilation = self.upto(1, 2) if stride == 1 and min(x.shape[1:3]) > 5 else 1
        return self.q.QConv2D(
            self.upto(1, 4), kernel, strides=stride, dilation_rate=dilation,
            kernel_quantizer=self.weights(), **common, **bias,
        )(x)  # fmt: skip

    def norm(self, x: Any) -> Any:
        if self.chance(0.2):
            return self.q.QBatchNormalization()(x)
        return self.layers.BatchNormalization(scale=self.chance(0.8), center=self.chance(0.8))(x)

    def free_move(self, x: Any) -> Any:
        """Something that a quantizer commutes with."""
        kinds = ["pad", "crop", "pool"] + ["up"] * (max(x.shape[1:3]) <= MAX_SIDE // 2)
        kind = self.pick(kinds)
        if kind == "pad":
            edges = [self.upto(0, 2) for _ in range(4)]
            return self.layers.ZeroPadding2D(((edges[0], edges[1]), (edges[2], edges[3])))(x)
        if kind == "crop" and min(x.shape[1:3]) > 3:
            return self.layers.Cropping2D(((self.upto(0, 1), 1), (self.upto(0, 1), 0)))(x)
        if kind == "up":
            return self.layers.UpSampling2D((self.upto(1, 2), 2))(x)
        return self.layers.MaxPooling2D(self.upto(1, 3), strides=self.upto(1, 2), padding="same")(x)

    def moved(self, x: Any) -> Any:
        if self.chance(0.3) and max(x.shape[1:3]) <= MAX_SIDE // 2:
            return self.layers.UpSampling2D(2, interpolation="bilinear")(x)
        if self.chance(0.4):
            return self.quantized(
                self.layers.AveragePooling2D(self.upto(1, 3), strides=1, padding="same")(x)
            )
        return self.free_move(x)

    def float_function(self, x: Any) -> Any:
        return self.pick(
            [
                self.layers.ReLU(),
                self.layers.ReLU(3.0),
                self.layers.LeakyReLU(0.25),
                self.layers.Activation("hard_sigmoid"),
                self.layers.Activation("tanh"),
                self.layers.Dropout(0.5),
            ]
        )(x)

    def quantized(self, x: Any) -> Any:
        q = self.q
        keeps_zero = [
            q.quantized_relu(self.upto(1, 6), self.upto(0, 2)),
            q.quantized_relu(4, 1, negative_slope=0.25),
            self.bits(self.upto(2, 7), self.upto(0, 2), symmetric=int(self.chance(0.3))),
            q.ternary(alpha=1.0, threshold=0.3),
            q.quantized_tanh(self.upto(2, 5)),
        ]
        return q.QActivation(self.pick(keeps_zero))(x)

    def joined(self) -> Any:
        first = self.tensors[-1]
        same = [t for t in self.tensors if t.shape[1:3] == first.shape[1:3]]
        alike = [t for t in same if t.shape[3] == first.shape[3]]
        if len(same) > 1 and self.chance(0.5):
            return self.layers.Concatenate()([first, *same[:2]])
        other = self.pick(alike)
        kind = self.pick(["Add", "Subtract", "Maximum", "Minimum"])
        return self.quantized(getattr(self.layers, kind)()([first, other]))

    # -- parameters --------------------------------------------------------------------------------

    def bits(self, width: int, integer: int, **settings: Any) -> Any:
        return self.q.quantized_bits(width, integer, **{"alpha": 1.0, **settings})

    def dyadic_weights(self) -> Any:
        q = self.q
        return self.pick(
            [
                self.bits(self.upto(2, 6), self.upto(-1, 1)),
                self.bits(4, 0, alpha="auto_po2"),
                q.binary(alpha=0.5),
                q.ternary(alpha="auto_po2"),
                q.quantized_po2(4, 1),
            ]
        )

    def weights(self) -> Any:
        if self.chance(0.25):
            return self.pick([self.bits(4, 0, alpha="auto"), self.q.ternary(alpha="auto")])
        return self.dyadic_weights()

    def randomize(self, model: Any) -> None:
        rng = self.rng
        for layer in model.layers:
            for norm in (layer, getattr(layer, "batchnorm", None)):
                if norm is None or not hasattr(norm, "moving_variance"):
                    continue
                count = norm.moving_mean.shape
                norm.moving_mean.assign(rng.normal(0, 0.3, count))
                norm.moving_variance.assign(rng.uniform(0.05, 0.8, count))
                if norm.gamma is not None:
                    signs = rng.choice([-1, 1, 1, 1], count)
                    norm.gamma.assign(rng.uniform(0.3, 2, count) * signs)
                if norm.beta is not None:
                    norm.beta.assign(rng.normal(0, 0.4, count))

    def chance(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def upto(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high, endpoint=True))

    def pick(self, items: Any) -> Any:
        return items[int(self.rng.integers(len(items)))]
