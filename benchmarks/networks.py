"""Networks of ops that fcn_hw and hls4ml both have, with random weights.

3x3 convolutions with TensorFlow's ``same`` border, maximum pooling by 2, nearest upsampling by 2,
skips by addition or concatenation. Activations have 4 bits; their binary points keep most values
inside.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from fcn_hw.fixed import from_quantized_bits, from_quantized_relu, parse_format
from fcn_hw.ir import Graph
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ops import Constant, Padding

INPUT = parse_format("ufixed<8,0>")
_WEIGHT = parse_format("fixed<4,1>")
_BIAS = parse_format("fixed<8,1>")
_SPREAD = 0.35
"""Root mean square of a product: a weight over -1..1 times an activation over 0..2."""


class _Network:
    """A graph that grows; methods return the name of what they add."""

    def __init__(self, name: str, height: int, width: int) -> None:
        self.build = GraphBuilder(name)
        self.rng = np.random.default_rng(len(name))
        self.build.input("image", (height, width, 3), INPUT)

    def conv(
        self, name: str, source: str, filters: int, kernel: int = 3, score: bool = False
    ) -> str:
        height, width, channels = self.build.tensor(source).shape
        weight = self.rng.integers(-8, 8, (kernel, kernel, channels, filters))
        bias = self.rng.integers(-64, 64, filters)
        spread = _SPREAD * math.sqrt(kernel * kernel * channels)
        integer = max(0, math.ceil(math.log2(spread)))
        padding = (
            Padding.same((height, width), (kernel, kernel), (1, 1)) if kernel > 1 else Padding()
        )
        return self.build.conv2d(
            name, source, Constant(weight, _WEIGHT), Constant(bias, _BIAS), padding=padding,
            fmt=from_quantized_bits(6, integer + 1) if score else from_quantized_relu(4, integer),
        )  # fmt: skip

    def stage(self, number: int, source: str, filters: int) -> str:
        source = self.conv(f"conv{number}_1", source, filters)
        source = self.conv(f"conv{number}_2", source, filters)
        return self.build.max_pool2d(f"pool{number}", source, (2, 2))

    def up(self, name: str, source: str) -> str:
        return self.build.upsample_nearest(name, source, (2, 2))


def plain_fcn() -> Graph:
    """An FCN-32s in small: three stages, a head, scores, upsampling by 8."""
    net = _Network("plain_fcn", 64, 96)
    last = "image"
    for number, filters in enumerate((8, 12, 20), start=1):
        last = net.stage(number, last, filters)
    last = net.conv("score", net.conv("fc6", last, 48), 8, 1, score=True)
    for number in range(3):
        last = net.up(f"up{number}", last)
    return net.build.finish(last)


def skip_fcn() -> Graph:
    """An FCN-8s in small: scores of three depths are added."""
    net = _Network("skip_fcn", 64, 96)
    pools = ["image"]
    for number, filters in enumerate((8, 12, 20), start=1):
        pools.append(net.stage(number, pools[-1], filters))
    last = net.conv("score3", net.conv("fc6", pools[3], 40), 8, 1, score=True)
    for number in (2, 1):
        side = net.conv(f"score{number}", pools[number], 8, 1, score=True)
        last = net.build.skip_add(f"add{number}", net.up(f"up{number}", last), side)
    return net.build.finish(net.up("up0", last))


def small_unet() -> Graph:
    """A U-Net in small: two stages, skips by concatenation."""
    net = _Network("small_unet", 48, 64)
    first = net.conv("conv1_2", net.conv("conv1_1", "image", 8), 8)
    second = net.conv("conv2_1", net.build.max_pool2d("pool1", first, (2, 2)), 16)
    deep = net.conv("conv3_1", net.build.max_pool2d("pool2", second, (2, 2)), 32)
    last = net.conv("conv4_1", net.build.skip_concat("concat2", net.up("up2", deep), second), 16)
    last = net.conv("conv5_1", net.build.skip_concat("concat1", net.up("up1", last), first), 8)
    return net.build.finish(net.conv("score", last, 8, 1, score=True))


def camvid_fcn8s() -> Graph:
    """The network of the design ``camvid_fcn8s``: its layers and bits, random weights."""
    net = _Network("camvid_fcn8s", 192, 256)
    last, pools = "image", []
    for stage, (count, filters) in enumerate(zip((1, 2, 2, 2), (16, 32, 48, 64), strict=True), 1):
        for number in range(1, count + 1):
            last = net.conv(f"conv{stage}_{number}", last, filters)
        last = net.build.max_pool2d(f"pool{stage}", last, (2, 2))
        pools.append(last)
    last = net.conv("fc7", net.conv("fc6", last, 96), 96, 1)
    last = net.conv("score_fr", last, 11, 1, score=True)
    for stage in (3, 2):
        up = net.build.upsample_bilinear(f"up{stage}", last, (2, 2))
        side = net.conv(f"score{stage}", pools[stage - 1], 11, 1, score=True)
        last = net.build.skip_add(f"add{stage}", up, side)
    return net.build.finish(
        net.build.arg_max("classes", net.build.upsample_bilinear("up", last, (4, 4)))
    )


NETWORKS: dict[str, Callable[[], Graph]] = {
    "plain_fcn": plain_fcn,
    "skip_fcn": skip_fcn,
    "small_unet": small_unet,
}


def images(graph: Graph, count: int) -> np.ndarray:
    """Random bytes (count, height, width, channels)."""
    shape = (count, *graph.inputs[0].output.shape)
    return np.random.default_rng(1).integers(0, 256, shape, np.uint8)
