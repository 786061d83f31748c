"""Networks of QONNX files as people train them: U-Net, FCN, residual and depthwise blocks."""

from __future__ import annotations

from collections.abc import Callable

from qonnx_models import Net


def unet_transposed(net: Net) -> str:
    """Two levels, up by ConvTranspose, skips concatenated behind one quantizer."""
    x = net.quant("image", 8, 1 / 256)
    skip = net.layer(x, 4, 3)
    x = net.node("MaxPool", [skip], kernel_shape=[2, 2], strides=[2, 2])
    x = net.layer(x, 6, 4, per_channel=True)
    up = net.node(
        "ConvTranspose", [x, net.weights((6, 4, 2, 2), per_channel=True, axis=1)],
        kernel_shape=[2, 2], strides=[2, 2],
    )  # fmt: skip
    shared = net.scale(0.2)
    both = [net.quant(t, 4, scale=shared) for t in (net.node("Relu", [up]), skip)]
    x = net.layer(net.node("Concat", both, axis=1), 4, 8)
    return net.node("ArgMax", [net.conv(x, 5, 4, 1)], axis=1, keepdims=0)


def unet_bilinear(net: Net) -> str:
    """Up by bilinear interpolation, quantized again, and a skip that is added."""
    x = net.quant("image", 8, 1 / 256)
    skip = net.layer(x, 4, 3)
    x = net.node("MaxPool", [skip], kernel_shape=[2, 2], strides=[2, 2])
    x = net.layer(x, 4, 4)
    shared = net.scale(0.2)
    both = [net.quant(t, 4, scale=shared) for t in (net.bilinear(x), skip)]
    x = net.layer(net.quant(net.node("Add", both), 5, 0.3), 4, 4)
    return net.node("ArgMax", [net.conv(x, 3, 4, 1)], axis=1, keepdims=0)


def fcn_skips(net: Net) -> str:
    """Scores of two strides, nearest upsampling, added; classes by a softmax."""
    x = net.quant("image", 8, 1 / 256)
    high = net.layer(x, 4, 3, strides=[2, 2])
    low = net.layer(high, 6, 4, strides=[2, 2])
    shared = net.scale(0.1)
    scores = [
        net.quant(net.conv(t, 3, n, 1), 8, signed=True, scale=shared)
        for t, n in ((low, 6), (high, 4))
    ]
    up = net.nearest(scores[0])
    return net.node("Softmax", [net.nearest(net.node("Add", [up, scores[1]]))], axis=1)


def residual(net: Net) -> str:
    """Residual blocks: one with a quantizer on both branches, one with none on either."""
    x = net.quant("image", 8, 1 / 256)
    x = net.layer(x, 4, 3)
    shared = net.scale(0.15)
    branch = net.norm(net.conv(net.layer(x, 4, 4), 4, 4), 4)
    both = [net.quant(t, 5, signed=True, scale=shared) for t in (branch, x)]
    x = net.quant(net.node("Relu", [net.node("Add", both)]), 3, 0.4)
    branch = net.norm(net.conv(x, 4, 4, 1, bits=3), 4)
    x = net.quant(net.node("Relu", [net.node("Add", [branch, x])]), 4, 0.25)
    return net.node("ArgMax", [net.conv(x, 3, 4, 1)], axis=1, keepdims=1)


def mobile(net: Net) -> str:
    """Depthwise and 1x1 convolutions, ReLU6, a mean over the frame beside them."""
    x = net.layer(net.quant("image", 8, 1 / 256), 4, 3, strides=[2, 2])
    deep = net.norm(net.conv(x, 4, 4, group=4, bits=6, per_channel=True), 4)
    six = net.node("Clip", [deep, net.const(0.0), net.const(6.0)])
    x = net.layer(net.quant(six, 4, 0.4), 6, 4, size=1)
    pooled = net.quant(net.node("GlobalAveragePool", [x]), 6, 0.05)
    context = net.nearest(net.quant(net.conv(pooled, 6, 6, 1), 4, 0.2, signed=True), 4)
    x = net.quant(net.node("Add", [net.quant(x, 4, 0.2), context]), 5, 0.2, signed=True)
    return net.node("ArgMax", [net.conv(x, 3, 6, 1)], axis=1, keepdims=0)


def bipolar(net: Net) -> str:
    """Weights and activations of one bit."""
    x = net.quant("image", 8, 1 / 256)
    x = net.bipolar(net.norm(net.conv(x, 4, 3, bits=1), 4))
    x = net.bipolar(net.norm(net.conv(x, 6, 4, bits=1), 6))
    return net.node("ArgMax", [net.conv(x, 3, 6, 1, bits=1)], axis=1, keepdims=0)


NETWORKS: dict[str, Callable[[Net], str]] = {
    function.__name__: function
    for function in (unet_transposed, unet_bilinear, fcn_skips, residual, mobile, bipolar)
}
