"""Operators of QONNX files one by one: what is taken is equal, what is not is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from qonnx_checks import BYTES, check, exported
from qonnx_models import Net

from fcn_hw.errors import UnsupportedLayer
from fcn_hw.fixed import parse_format
from fcn_hw.frontend.qonnx.export import export_file

Build = Callable[[Net, str], str]
"""(network, an image of 4 channels of 4 bits) to an output."""


def qcdq(net: Net, x: str, *, clip: tuple[int, int] | None = None, signed: bool = True) -> str:
    """QuantizeLinear, Clip and DequantizeLinear, as Brevitas writes QCDQ."""
    dtype = np.int8 if signed else np.uint8
    scale, zero = net.const(net.scale(0.1)), net.const(0, dtype)
    x = net.node("QuantizeLinear", [x, scale, zero])
    if clip:
        x = net.node("Clip", [x, net.const(clip[0], dtype), net.const(clip[1], dtype)])
    return net.node("DequantizeLinear", [x, scale, zero])


def qdq_weights(net: Net, x: str) -> str:
    codes = net.const(net.rng.integers(-7, 8, (3, 4, 3, 3)), np.int8)
    scales = net.const(net.scale(0.05, (3,)))
    zeros = net.const(np.zeros(3), np.int8)
    weights = net.node("DequantizeLinear", [codes, scales, zeros], axis=0)
    return qcdq(net, net.node("Conv", [x, weights], pads=[1, 1, 1, 1]), clip=(-7, 7))


def trunc(net: Net, x: str) -> str:
    """The mean of 2x2 windows as Brevitas' TruncAvgPool2d: a sum's upper bits."""
    scale = net.scale(0.1)
    x = net.quant(x, 4, scale=scale)
    mean = net.node("AveragePool", [x], kernel_shape=[2, 2], strides=[2, 2])
    total = net.node("Mul", [mean, net.const(4.0)])
    given = (scale, 0.0, 6.0, 4.0)
    return net.node("Trunc", [total, *(net.const(n) for n in given)], rounding_mode="FLOOR")


def sizes_from_shape(net: Net, x: str) -> str:
    """Resize to sizes that nodes compute, as PyTorch writes interpolate(size=...)."""
    shape = net.node("Shape", [x])
    first, last = net.const([0], np.int64), net.const([2], np.int64)
    batch = net.node("Slice", [shape, first, last])
    wanted = net.const([16, 8], np.int64)
    sizes = net.node("Concat", [batch, net.node("Cast", [wanted], to=7)], axis=0)
    return net.node(
        "Resize", [x, "", "", sizes], mode="nearest", nearest_mode="floor",
        coordinate_transformation_mode="asymmetric",
    )  # fmt: skip


def channels_last(net: Net, x: str) -> str:
    return net.node("Transpose", [net.node("MaxPool", [x], kernel_shape=[2, 2])], perm=[0, 2, 3, 1])


def conv(**more: object) -> Build:
    return lambda net, x: net.quant(net.conv(x, 4, 4, **more), 5, 0.3, signed=True)  # type: ignore[arg-type]


def node(kind: str, *constants: object, **attributes: object) -> Build:
    return lambda net, x: net.node(kind, [x, *(net.const(c) for c in constants)], **attributes)


def indices(kind: str, *constants: object, **attributes: object) -> Build:
    return lambda net, x: net.node(
        kind, [x, *(net.const(c, np.int64) for c in constants)], **attributes
    )


def pool(kind: str = "MaxPool", **attributes: object) -> Build:
    return node(kind, **attributes)


def mean(**attributes: object) -> Build:
    return lambda net, x: net.quant(net.node("AveragePool", [x], **attributes), 6, 0.05)


TAKEN: dict[str, Build] = {
    "groups": conv(group=2),
    "depthwise": conv(group=4, per_channel=True),
    "stride and dilation": conv(strides=[2, 1], dilations=[1, 2]),
    "pads of each side": conv(pads=[0, 1, 2, 3]),
    "same upper": conv(auto_pad="SAME_UPPER", strides=[2, 2]),
    "same lower": conv(auto_pad="SAME_LOWER", strides=[2, 2]),
    "no padding": conv(auto_pad="VALID"),
    "bias": conv(bias=True),
    "int8": lambda net, x: qcdq(net, net.conv(x, 3, 4)),
    "int4 of int8": lambda net, x: qcdq(net, net.conv(x, 3, 4), clip=(-8, 7)),
    "odd range": lambda net, x: qcdq(net, net.conv(x, 3, 4), clip=(-5, 9)),
    "uint3 of uint8": lambda net, x: qcdq(net, net.conv(x, 3, 4), clip=(0, 7), signed=False),
    "int8 weights by channel": qdq_weights,
    "trunc": trunc,
    "older domain": lambda net, x: net.quant(net.conv(x, 2, 4), 4, 0.5),
    "scales by channel": lambda net, x: net.quant(
        net.conv(x, 3, 4), 4, signed=True, scale=net.scale(0.5, (1, 3, 1, 1))
    ),
    "max pooling, ceil_mode": pool(kernel_shape=[3, 2], strides=[2, 2], ceil_mode=1),
    "max pooling, pads": pool(kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 0, 1]),
    "mean": mean(kernel_shape=[2, 2], strides=[2, 2]),
    "mean of 3x3, pads count": mean(kernel_shape=[3, 3], pads=[1, 1, 1, 1], count_include_pad=1),
    "mean of 3x3, pads do not count": mean(kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
    "mean of the frame": lambda net, x: net.quant(net.node("GlobalAveragePool", [x]), 6, 0.05),
    "ReduceMean": lambda net, x: net.quant(
        net.node("ReduceMean", [x], axes=[2, 3], keepdims=1), 6, 0.05
    ),
    "padding": indices("Pad", [0, 0, 1, 2, 0, 0, 0, 3]),
    "padding and cutting": indices("Pad", [0, 0, -1, 2, 0, 0, 0, -3]),
    "crop": indices("Slice", [1, 2], [-1, 7], [2, 3]),
    "bilinear 2": lambda net, x: net.quant(net.bilinear(x), 5, 0.1),
    "bilinear 4": lambda net, x: net.quant(net.bilinear(x, 4), 5, 0.1),
    "bilinear 3": lambda net, x: net.quant(net.bilinear(x, 3), 5, 0.1),
    "bilinear 16": lambda net, x: net.quant(net.bilinear(x, 16), 5, 0.1),
    "nearest of half pixels": node(
        "Resize",
        [],
        [1.0, 1.0, 3.0, 3.0],
        mode="nearest",
        nearest_mode="round_prefer_floor",
        coordinate_transformation_mode="half_pixel",
    ),
    "sizes from Shape": sizes_from_shape,
    "pixel shuffle": lambda net, x: net.node("DepthToSpace", [x], blocksize=2, mode="CRD"),
    "depth to space of sums": lambda net, x: net.quant(
        net.node("DepthToSpace", [net.conv(x, 8, 4)], blocksize=2), 4, 0.3, signed=True
    ),
    "channels last at the end": channels_last,
    "two of one scale subtracted": lambda net, x: net.quant(
        net.node("Sub", [x, net.node("MaxPool", [x], kernel_shape=[3, 3], pads=[1] * 4)]),
        4,
        0.4,
        signed=True,
    ),
    "mean of two": lambda net, x: net.node(
        "Mean", [x, net.node("MaxPool", [x], kernel_shape=[3, 3], pads=[1] * 4)]
    ),
    "mean of three": lambda net, x: net.quant(
        net.node("Mean", [x, x, net.node("MaxPool", [x], kernel_shape=[3, 3], pads=[1] * 4)]),
        5,
        0.1,
    ),
    "largest of two": lambda net, x: net.node(
        "Max", [x, net.node("MaxPool", [x], kernel_shape=[3, 3], pads=[1] * 4)]
    ),
    "ReLU of codes": lambda net, x: net.node(
        "Relu", [net.quant(net.conv(x, 2, 4), 4, 1.0, signed=True)]
    ),
    "dropout and identity": lambda net, x: net.node("Identity", [net.node("Dropout", [x])]),
    "softmax, then ArgMax": lambda net, x: net.node(
        "ArgMax",
        [net.node("Softmax", [net.quant(net.conv(x, 3, 4), 6, 0.3, signed=True)], axis=1)],
        axis=1,
    ),
    "transposed, output_padding": lambda net, x: net.quant(
        net.node(
            "ConvTranspose",
            [x, net.weights((4, 2, 3, 3), per_channel=True, axis=1)],
            strides=[2, 2],
            pads=[1, 1, 1, 1],
            output_padding=[1, 1],
        ),
        5,
        0.3,
        signed=True,
    ),
}


@pytest.mark.parametrize("name", TAKEN)
def test_taken(name: str, tmp_path: Path) -> None:
    domain = "onnx.brevitas" if name == "older domain" else "qonnx.custom_op.general"
    net = Net(seed=6, opset=13, domain=domain)
    x = net.quant(net.conv("image", 4, 3), 4, 0.3)
    check(net, tmp_path, TAKEN[name](net, x))


@pytest.mark.parametrize("opset", [9, 10])
def test_old_opsets(opset: int, tmp_path: Path) -> None:
    """Upsample and Slice as they were; pads and axes as attributes."""
    net = Net(opset=opset)
    x = net.quant(net.conv("image", 4, 3), 4, 0.3)
    kind = "Upsample" if opset == 9 else "Resize"
    x = net.node(kind, [x, net.const([1.0, 1.0, 2.0, 2.0])], mode="nearest")
    x = net.node("Pad", [x], pads=[0, 0, 1, 1, 0, 0, 0, 0])
    if opset == 9:
        x = net.node("Slice", [x], starts=[1], ends=[9], axes=[2])
    x = net.node("Clip", [net.conv(x, 2, 4)], min=-1.0, max=2.0)
    check(net, tmp_path, net.quant(x, 4, 0.25, signed=True))


@pytest.mark.parametrize("opset", [11, 17, 18, 21])
def test_new_opsets(opset: int, tmp_path: Path) -> None:
    net = Net(opset=opset)
    x = net.bilinear(net.quant(net.conv("image", 4, 3), 4, 0.3))
    x = net.node("Clip", [net.conv(x, 2, 4), net.const(-1.0), net.const(2.0)])
    check(net, tmp_path, net.quant(x, 4, 0.25, signed=True))


REFUSED: dict[str, tuple[Build, str]] = {
    "align_corners": (
        node(
            "Resize",
            [],
            [1.0, 1.0, 2.0, 2.0],
            mode="linear",
            coordinate_transformation_mode="align_corners",
        ),
        "layer 'resize_1': bilinear with align_corners coordinates",
    ),
    "bilinear of asymmetric": (
        node(
            "Resize",
            [],
            [1.0, 1.0, 2.0, 2.0],
            mode="linear",
            coordinate_transformation_mode="asymmetric",
        ),
        "layer 'resize_1': bilinear with asymmetric coordinates",
    ),
    "too few channels to shuffle": (
        node("DepthToSpace", blocksize=4),
        "layer 'depthtospace_1': 4 channels can't be shared out to 4x4 pixels",
    ),
    "unknown mode to shuffle": (
        node("DepthToSpace", blocksize=2, mode="RCD"),
        "layer 'depthtospace_1': blocks of 2, mode 'RCD'",
    ),
    "bilinear by 33": (
        lambda net, x: net.bilinear(x, 33),
        "layer 'resize_1': bilinear upsampling by (33, 33): it goes up to 32",
    ),
    "cubic": (
        node("Resize", [], [1.0, 1.0, 2.0, 2.0], mode="cubic"),
        "layer 'resize_1': mode 'cubic'",
    ),
    "smaller": (
        node("Resize", [], [1.0, 1.0, 0.5, 0.5], mode="nearest"),
        "layer 'resize_1': it resizes 8x8 to 4x4, which is no whole multiple",
    ),
    "nearest that moves pixels": (
        node(
            "Resize",
            [],
            [1.0, 1.0, 2.0, 2.0],
            mode="nearest",
            nearest_mode="ceil",
            coordinate_transformation_mode="asymmetric",
        ),
        "layer 'resize_1': nearest with asymmetric and ceil does not repeat pixels",
    ),
    "pad by one": (
        indices("Pad", [0, 0, 1, 1, 0, 0, 0, 0], mode="edge"),
        "layer 'pad_1': mode 'edge'",
    ),
    "channels cut": (indices("Slice", [0], [2], [1]), "layer 'slice_1': it cuts channels"),
    "rows concatenated": (
        lambda net, x: net.node("Concat", [x, x], axis=2),
        "layer 'concat_1': concatenation along axis 2",
    ),
    "softmax of rows": (
        lambda net, x: net.node("Softmax", [x], axis=2),
        "layer 'softmax_1': softmax along axis 2",
    ),
    "softmax inside": (
        lambda net, x: net.quant(net.node("Softmax", [x], axis=1), 4, 0.1),
        "layer 'softmax_1': softmax inside the network has no exact fixed-point form",
    ),
    "sigmoid with no quantizer": (
        lambda net, x: net.conv(net.node("Tanh", [x]), 2, 4),
        "layer 'tanh_1': Tanh has no exact fixed-point form",
    ),
    "another layout": (
        node("Transpose", perm=[0, 1, 3, 2]),
        "layer 'transpose_1': a transposition [0, 1, 3, 2]",
    ),
    "zero point": (
        lambda net, x: net.node("QuantizeLinear", [x, net.const(0.1), net.const(3, np.uint8)]),
        "layer 'quantizelinear_1': a zero point of 3",
    ),
    "constant by pixel": (
        node("Add", np.ones((8, 8))),
        "layer 'add_1': its constant of shape (8, 8) is not one number",
    ),
    "dilated pooling": (
        pool(kernel_shape=[2, 2], dilations=[2, 2]),
        "layer 'maxpool_1': a pooling with dilation",
    ),
    "normalization in training": (
        node("BatchNormalization", *[np.ones(4)] * 4, training_mode=1),
        "layer 'batchnormalization_1': a normalization in training mode",
    ),
    "leaky slope of 2": (
        node("LeakyRelu", alpha=2.0),
        "layer 'leakyrelu_1': LeakyRelu with alpha=2",
    ),
    "matrix product": (node("MatMul", np.ones((8, 8))), "layer 'matmul_1': operator MatMul is not"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str, tmp_path: Path) -> None:
    build, message = REFUSED[name]
    net = Net(powers=True, opset=14 if "training" in name else 13)
    x = net.quant(net.conv("image", 4, 3), 4, 0.25)
    with pytest.raises(UnsupportedLayer) as caught:
        export_file(net.save(tmp_path / "net.onnx", build(net, x)), parse_format(BYTES))
    assert str(caught.value).startswith(message) and caught.value.hint


def test_all_that_is_refused_is_told_at_once(tmp_path: Path) -> None:
    net = Net(powers=True)
    ends = [
        net.node("Softmax", ["image"], axis=2),
        net.node("MatMul", ["image", net.const(np.ones((8, 8)))]),
    ]
    with pytest.raises(UnsupportedLayer) as caught:
        export_file(net.save(tmp_path / "net.onnx", *ends), parse_format(BYTES))
    assert "softmax_1" in str(caught.value) and "matmul_1" in caught.value.hint


def test_outputs_of_two_nodes(tmp_path: Path) -> None:
    net = Net(powers=True)
    x = net.quant(net.conv("image", 4, 3), 4, 0.25)
    scores, classes = net.conv(x, 3, 4), net.node("ArgMax", [net.conv(x, 2, 4)], axis=1)
    _, graph = exported(net, tmp_path, scores, classes)
    assert len(graph.outputs) == 2 and graph.outputs[1] == "class_map"
