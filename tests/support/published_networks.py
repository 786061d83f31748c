"""Small QKeras networks in the style of published ones, with random weights and statistics.

ENet: A. Paszke et al., arXiv 1606.02147. U-Net: O. Ronneberger et al., MICCAI 2015. SegNet:
V. Badrinarayanan et al., TPAMI 39(12), 2017. MobileNet: A. Howard et al., arXiv 1704.04861. FCN-8s:
J. Long et al., CVPR 2015. The structure is theirs; sizes are made for tests.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fcn_hw.keras_env import keras_env

CLASSES = 3


class _Build:
    """Layers with the quantizers that the networks share."""

    def __init__(self, shape: tuple[int, int, int]) -> None:
        self.env = keras_env()
        self.q, self.layers = self.env.qkeras, self.env.keras.layers
        self.env.keras.utils.set_random_seed(11)
        self.image = self.layers.Input(shape, name="image")

    def weights(self, bits: int = 4, integer: int = 0, **settings: Any) -> Any:
        return self.q.quantized_bits(bits, integer, **{"alpha": 1.0, **settings})

    def conv(self, x: Any, filters: int, kernel: Any = 3, **settings: Any) -> Any:
        given = {
            "padding": "same",
            "use_bias": False,
            "kernel_quantizer": self.weights(),
            "kernel_initializer": "he_uniform",
            **settings,
        }
        return self.q.QConv2D(filters, kernel, **given)(x)

    def relu(self, x: Any, bits: int = 4, integer: int = 1) -> Any:
        return self.q.QActivation(self.q.quantized_relu(bits, integer))(x)

    def bits(self, x: Any, bits: int = 5, integer: int = 2) -> Any:
        return self.q.QActivation(self.weights(bits, integer))(x)

    def norm(self, x: Any) -> Any:
        return self.layers.BatchNormalization()(x)

    def conv_norm_relu(self, x: Any, filters: int, kernel: Any = 3, **settings: Any) -> Any:
        return self.relu(self.norm(self.conv(x, filters, kernel, **settings)))

    def model(self, output: Any) -> Any:
        return randomized(self.env.keras.Model(self.image, output))


def randomized(model: Any, seed: int = 7) -> Any:
    """The model with batch statistics of its own on random images, gammas of both signs."""
    env, rng = keras_env(), np.random.default_rng(seed)
    images = rng.integers(0, 256, (4, *model.input_shape[1:])).astype(np.float32) / 256
    for layer in model.layers:
        if not hasattr(layer, "moving_variance"):
            continue
        before = env.keras.Model(model.input, layer.input)(images, training=False)
        values = np.asarray(before).reshape(-1, before.shape[-1])
        count = values.shape[1]
        layer.moving_mean.assign(values.mean(axis=0) + rng.normal(0, 0.05, count))
        layer.moving_variance.assign(values.var(axis=0) * rng.uniform(0.5, 1.5, count) + 1e-4)
        layer.gamma.assign(rng.uniform(0.5, 1.6, count) * rng.choice([1, 1, 1, -1], count))
        layer.beta.assign(rng.normal(0.3, 0.4, count))
    return model


def enet(height: int = 24, width: int = 32) -> Any:
    """Pool-concat input, bottlenecks (plain, dilated, asymmetric), nearest upsampling.

    Normalizations meet codes, or each other, in the Adds: a quantizer follows only there.
    """
    b = _Build((height, width, 3))
    padded = b.layers.ZeroPadding2D(((0, 1), (0, 1)))(b.image)
    left = b.conv(padded, 5, 3, strides=2, padding="valid")
    right = b.layers.MaxPooling2D(2)(b.image)
    x = b.relu(b.norm(b.layers.Concatenate()([left, right])))

    def bottleneck(x: Any, filters: int, kind: str = "plain") -> Any:
        y = b.conv_norm_relu(x, max(filters // 2, 2), 1)
        if kind == "dilated":
            y = b.conv_norm_relu(y, max(filters // 2, 2), 3, dilation_rate=2)
        elif kind == "asymmetric":
            y = b.conv(y, max(filters // 2, 2), (5, 1))
            y = b.conv_norm_relu(b.bits(y), max(filters // 2, 2), (1, 5))
        else:
            y = b.conv_norm_relu(y, max(filters // 2, 2), 3)
        y = b.norm(b.conv(y, filters, 1))
        y = b.layers.SpatialDropout2D(0.1)(y)
        return b.relu(b.layers.Add()([x, y]))

    def downsampling(x: Any, filters: int) -> Any:
        main = b.norm(b.conv(b.layers.MaxPooling2D(2)(x), filters, 1))
        y = b.conv_norm_relu(b.layers.ZeroPadding2D(((0, 1), (0, 1)))(x), 4, 3, strides=2,
                             padding="valid")  # fmt: skip
        y = b.norm(b.conv(y, filters, 3))
        return b.relu(b.layers.Add()([main, y]))

    def upsampling(x: Any, filters: int) -> Any:
        main = b.layers.UpSampling2D(2)(b.norm(b.conv(x, filters, 1)))
        y = b.norm(b.conv(b.layers.UpSampling2D(2)(x), filters, 3))
        return b.relu(b.layers.Add()([main, y]))

    x = downsampling(x, 8)
    x = bottleneck(x, 8)
    x = bottleneck(x, 8, "dilated")
    x = bottleneck(x, 8, "asymmetric")
    x = upsampling(x, 6)
    x = b.conv(b.layers.UpSampling2D(2)(x), CLASSES, 3, name="scores")
    return b.model(b.layers.Softmax(name="softmax")(x))


def unet() -> Any:
    """Concat skips, transposed convolutions, batch normalization in front of every activation."""
    b = _Build((16, 24, 1))
    skips, x = [], b.image
    for filters in (3, 5):
        x = b.conv_norm_relu(b.conv_norm_relu(x, filters), filters)
        skips.append(x)
        x = b.layers.MaxPooling2D(2)(x)
    x = b.conv_norm_relu(x, 7)
    for filters in (5, 3):
        up = b.q.QConv2DTranspose(
            filters, 2, strides=2, padding="same", use_bias=False, kernel_quantizer=b.weights()
        )(x)
        x = b.layers.Concatenate()([b.relu(up), skips.pop()])
        x = b.conv_norm_relu(x, filters)
    return b.model(b.conv(x, 2, 1, name="scores", activation="softmax"))


def segnet() -> Any:
    """VGG-like encoder, nearest upsampling, ternary and binary weights, signs as activations."""
    b = _Build((17, 23, 3))
    x = b.conv_norm_relu(b.image, 4, padding="valid")
    x = b.layers.MaxPooling2D(2, padding="same")(x)
    x = b.relu(b.norm(b.conv(x, 6, kernel_quantizer=b.q.ternary(alpha="auto_po2"))))
    x = b.layers.MaxPooling2D(2)(x)
    x = b.q.QActivation(b.q.ternary(alpha=1.0))(
        b.norm(b.conv(x, 6, kernel_quantizer=b.q.binary(alpha=0.5)))
    )
    x = b.conv_norm_relu(b.layers.UpSampling2D(2)(x), 5)
    x = b.q.QActivation(b.q.binary(alpha=1.0))(b.norm(b.conv(b.layers.UpSampling2D(2)(x), 4)))
    return b.model(b.conv(x, CLASSES, 1, name="scores"))


def mobilenet_fcn() -> Any:
    """Depthwise separable blocks with ReLU6, strides behind asymmetric padding, average pooling."""
    b = _Build((20, 28, 3))

    def relu6(x: Any) -> Any:
        return b.relu(b.layers.ReLU(6.0)(b.norm(x)), 5, 3)

    def block(x: Any, filters: int, stride: int) -> Any:
        padding = "same"
        if stride == 2:
            x, padding = b.layers.ZeroPadding2D(((0, 1), (0, 1)))(x), "valid"
        x = b.q.QDepthwiseConv2D(
            3, strides=stride, padding=padding, use_bias=False, depthwise_quantizer=b.weights()
        )(x)
        return relu6(b.conv(relu6(x), filters, 1))

    x = relu6(b.conv(b.layers.ZeroPadding2D(((0, 1), (0, 1)))(b.image), 4, 3, strides=2,
                     padding="valid"))  # fmt: skip
    x = block(x, 6, 1)
    skip = x
    x = block(x, 8, 2)
    x = b.q.QSeparableConv2D(
        6, 3, padding="same", depthwise_quantizer=b.weights(), pointwise_quantizer=b.weights(),
        bias_quantizer=b.weights(8), bias_initializer="random_normal",
    )(x)  # fmt: skip
    x = b.relu(b.layers.AveragePooling2D(3, strides=1, padding="same")(b.relu(x, 5, 2)), 5, 2)
    x = b.layers.UpSampling2D(2, interpolation="bilinear")(b.conv(x, CLASSES, 1))
    return b.model(b.layers.Add(name="scores")([x, b.conv(skip, CLASSES, 1)]))


def fcn8s() -> Any:
    """Skips from two poolings; bilinear transposed convolutions of kernel 4 and of kernel 16."""
    b = _Build((32, 40, 3))
    x, pools = b.image, []
    for filters in (3, 4, 5, 6, 6):
        x = b.layers.MaxPooling2D(2, padding="same")(b.conv_norm_relu(x, filters))
        pools.append(x)
    score = b.conv(b.conv_norm_relu(x, 8, 1), CLASSES, 1)
    for pool in (pools[3], pools[2]):
        up = bilinear_transposed(b, 4, 2)(score)
        up = b.layers.Cropping2D(1)(up)
        height, width = pool.shape[1:3]
        up = b.layers.Cropping2D(((0, up.shape[1] - height), (0, up.shape[2] - width)))(up)
        score = b.bits(b.layers.Add()([up, b.conv(pool, CLASSES, 1)]), 8, 4)
    up = bilinear_transposed(b, 16, 8)(score)
    rows, columns = up.shape[1] - 32, up.shape[2] - 40
    crop = ((rows // 2, rows - rows // 2), (columns // 2, columns - columns // 2))
    return _with_bilinear_kernels(b.model(b.layers.Cropping2D(crop, name="scores")(up)))


def bilinear_transposed(b: _Build, kernel: int, stride: int) -> Any:
    """A float layer whose weights lie on a grid, as FCN initialises it."""
    return b.layers.Conv2DTranspose(CLASSES, kernel, strides=stride, use_bias=False)


def _with_bilinear_kernels(model: Any) -> Any:
    for layer in model.layers:
        if type(layer).__name__ == "Conv2DTranspose":
            size = layer.kernel.shape[0]
            line = 1 - np.abs(np.arange(size) - (size - 1) / 2) / (size / 2)
            kernel = np.zeros(layer.kernel.shape, np.float32)
            for channel in range(CLASSES):
                kernel[:, :, channel, channel] = np.outer(line, line)
            layer.kernel.assign(kernel)
    return model


NETWORKS = {
    "enet": enet,
    "unet": unet,
    "segnet": segnet,
    "mobilenet_fcn": mobilenet_fcn,
    "fcn8s": fcn8s,
}
