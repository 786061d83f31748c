"""Small segmentation networks for the tests of the estimates."""

from __future__ import annotations

import random

import numpy as np

from fcn_hw.fixed import FixedFormat, parse_format
from fcn_hw.ir import Graph
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ops import Constant, Padding

SAME = Padding(1, 1, 1, 1)
SCORE = parse_format("fixed<8,4,RND_CONV,SAT>")


def constant(shape: tuple[int, ...], bits: int) -> Constant:
    """Weights that use all of their bits: both ends of the range occur, and no zero, which a fold
    of one multiplier leaves out."""
    codes = np.arange(np.prod(shape), dtype=np.int64).reshape(shape)
    most = 2 ** (bits - 1) - 1
    codes = codes % (2 * most + 1) - most
    return Constant(np.where(codes == 0, 1, codes), FixedFormat(True, bits, 1))


def fcn(
    height: int = 32,
    width: int = 48,
    filters: tuple[int, ...] = (8, 16),
    *,
    weight_bits: int = 4,
    activation_bits: int = 4,
    classes: int = 5,
    depth: int = 1,
) -> Graph:
    """``depth`` convolutions and a pooling a stage, a skip from the last stage but one, arg-max."""
    active = FixedFormat(False, activation_bits, 2, SCORE.rounding, SCORE.overflow)
    build = GraphBuilder("net")
    last = build.input("image", (height, width, 3), parse_format("ufixed<8,0>"))
    channels, skip = 3, ""
    for stage, count in enumerate(filters, 1):
        skip = last
        for number in range(1, depth + 1):
            weight = constant((3, 3, channels, count), weight_bits)
            last = build.conv2d(f"conv{stage}_{number}", last, weight, padding=SAME, fmt=active)
            channels = count
        last = build.max_pool2d(f"pool{stage}", last, (2, 2))
    score = build.conv2d("score", last, constant((1, 1, channels, classes), 4), fmt=SCORE)
    below = build.upsample_bilinear("up", score, (2, 2), fmt=SCORE)
    beside = build.conv2d(
        "score_skip", skip, constant((1, 1, build.tensor(skip).channels, classes), 4), fmt=SCORE
    )
    last = build.skip_add("add", below, beside, fmt=SCORE)
    scale = height // build.tensor(last).height
    last = build.upsample_nearest("up_last", last, (scale, scale))
    return build.finish(build.arg_max("classes", last))


def normalized(count: int = 15, channels: int = 16) -> Graph:
    """A convolution, then batch normalization into an addition, and one into thresholds."""
    build = GraphBuilder("normalized")
    image = build.input("image", (32, 48, 3), parse_format("ufixed<8,0>"))
    wide = build.conv2d("conv1", image, constant((3, 3, 3, channels), 4), padding=SAME)
    fmt = build.tensor(wide).format
    ends = fmt.max_code // 2
    thresholds = np.linspace(-ends, ends, count).astype(np.int64) + np.arange(channels)[:, None]
    one = parse_format("fixed<6,6>")
    build.threshold(
        "steps", wide, Constant(thresholds, fmt), Constant(np.zeros(channels), one),
        Constant(np.ones(channels), one),
    )  # fmt: skip
    narrow = FixedFormat(True, 8, 4, SCORE.rounding, SCORE.overflow)
    build.batch_norm("bn", wide, constant((channels,), 12), constant((channels,), 10), fmt=narrow)
    build.skip_add("add", "bn", "steps", fmt=SCORE)
    build.conv2d("score", "add", constant((3, 3, channels, 5), 4), padding=SAME, fmt=SCORE)
    return build.finish(build.arg_max("classes", "score"))


def thirty_layers(seed: int) -> Graph:
    """30 convolutions of awkward channel counts and weights of 3 to 8 bits."""
    draw = random.Random(seed)
    active = FixedFormat(False, 4, 2, SCORE.rounding, SCORE.overflow)
    build = GraphBuilder("deep")
    last, channels = build.input("image", (64, 96, 3), parse_format("ufixed<8,0>")), 3
    for number in range(30):
        count = draw.choice((12, 18, 20, 24, 30, 36, 40, 48, 60, 64, 72))
        weight = constant((3, 3, channels, count), draw.choice((3, 4, 5, 6, 8)))
        last = build.conv2d(f"conv{number}", last, weight, padding=SAME, fmt=active)
        channels = count
        if number in (5, 14, 22):
            last = build.max_pool2d(f"pool{number}", last, (2, 2))
    return build.finish(last)
