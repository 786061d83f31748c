"""Graphs and folds for the tests of the dataflow model."""

from __future__ import annotations

import numpy as np

from fcn_hw.boards import load_board
from fcn_hw.design import Hls
from fcn_hw.estimate.design_folds import Folding, choose_folding
from fcn_hw.estimate.problem import folded_ops
from fcn_hw.fixed import FixedFormat, parse_format
from fcn_hw.ir import Graph
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ops import Constant, Fold, Padding

BYTE = parse_format("ufixed<8,0>")
FOUR_BITS = parse_format("ufixed<4,2>")
SCORE = parse_format("fixed<8,4>")
WEIGHT = parse_format("fixed<4,1>")
REUSE_FACTORS = (1, 4, 16, None, 1000)
"""Of random networks; None: a fold for each op."""


class Net(GraphBuilder):
    """A builder of convolutions whose weights do not matter."""

    def conv(
        self, name: str, source: str, filters: int, kernel: int = 3, fmt: FixedFormat = FOUR_BITS
    ) -> str:
        shape = (kernel, kernel, self.tensor(source).channels, filters)
        edge = kernel // 2
        weight = Constant(np.ones(shape, dtype=np.int64), WEIGHT)
        return self.conv2d(name, source, weight, padding=Padding(edge, edge, edge, edge), fmt=fmt)


def unet(height: int, width: int, filters: tuple[int, int, int, int, int]) -> Graph:
    """Two poolings, two concatenated skips; hls4ml's example has filters (8, 16, 16, 8, 8)."""
    net = Net("unet")
    image = net.input("image", (height, width, 3), BYTE)
    enc1 = net.conv("enc1", image, filters[0])
    enc2 = net.conv("enc2", net.max_pool2d("pool1", enc1, (2, 2)), filters[1])
    bottom = net.conv("bottom", net.max_pool2d("pool2", enc2, (2, 2)), filters[2])
    up2 = net.upsample_nearest("up2", bottom, (2, 2))
    dec2 = net.conv("dec2", net.skip_concat("cat2", up2, enc2), filters[3])
    up1 = net.upsample_nearest("up1", dec2, (2, 2))
    dec1 = net.conv("dec1", net.skip_concat("cat1", up1, enc1), filters[4])
    return net.finish(net.arg_max("classes", net.conv("score", dec1, 5, 1)))


def fcn8s(
    height: int,
    width: int,
    filters: tuple[int, ...] = (12, 24, 48, 64),
    convs: tuple[int, ...] = (1, 2, 2, 2),
    head: int = 96,
) -> Graph:
    """FCN-8s for street scenes: by default one that fits pynq-z2 at 256 x 192."""
    net = Net("fcn8s")
    tensor = net.input("image", (height, width, 3), BYTE)
    pools = []
    for stage, (count, channels) in enumerate(zip(convs, filters, strict=True), 1):
        for index in range(count):
            tensor = net.conv(f"conv{stage}_{index + 1}", tensor, channels)
        tensor = net.max_pool2d(f"pool{stage}", tensor, (2, 2))
        pools.append(tensor)
    tensor = net.conv("fc7", net.conv("fc6", tensor, head), head, 1)
    tensor = net.conv("score_fr", tensor, 11, 1, SCORE)
    for pool in (pools[-2], pools[-3]):
        up = net.upsample_bilinear(f"up_{pool}", tensor, (2, 2), fmt=SCORE)
        score = net.conv(f"score_{pool}", pool, 11, 1, SCORE)
        tensor = net.skip_add(f"add_{pool}", up, score, fmt=SCORE)
    scale = 2 ** (len(filters) - 2)
    last = net.upsample_bilinear("up", tensor, (scale, scale), fmt=SCORE)
    return net.finish(net.arg_max("classes", last))


def balanced_folds(graph: Graph, cycles: int) -> dict[str, Fold]:
    """Each op that has a fold as slow as it may be to end a frame within some cycles."""
    folds = {}
    for op in folded_ops(graph):
        legal = op.legal_folds()
        in_time = [f for f in legal if op.cycles(graph.operands(op), f) <= cycles]
        folds[op.name] = (
            max(in_time, key=lambda f: (op.fold_steps(f), f.simd))
            if in_time
            else min(legal, key=op.fold_steps)
        )
    return folds


def random_folds(graph: Graph, seed: int) -> dict[str, Fold]:
    sampler = np.random.default_rng(seed)
    found = {}
    for op in folded_ops(graph):
        legal = op.legal_folds() + op.lane_folds(graph.operands(op), "7series")
        found[op.name] = legal[int(sampler.integers(len(legal)))]
    return found


def random_folding(graph: Graph, seed: int) -> Folding:
    """Folds by one reuse factor for all, or each drawn by itself, with taps and lanes."""
    reuse_factor = REUSE_FACTORS[seed % len(REUSE_FACTORS)]
    if reuse_factor is not None:
        return choose_folding(graph, load_board("pynq-z2"), Hls(ReuseFactor=reuse_factor))
    folds = random_folds(graph, seed)
    return Folding(folds, dict.fromkeys(folds, "Resource"))


def small_skip_graph(number: int) -> Graph:
    """One of ten graphs of at most eight FIFOs, small enough for an exhaustive search."""
    sampler = np.random.default_rng(number)
    net = Net(f"small{number}")
    height, width = ((4, 6), (6, 4), (4, 8), (8, 6), (4, 4))[number % 5]
    image = net.input("image", (height, width, 3), BYTE)

    def some() -> int:
        return int(sampler.integers(1, 6))

    first = net.conv("first", image, some())
    if number in (0, 1, 2):  # concatenated skip around a pooling
        inner = net.conv(
            "inner", net.max_pool2d("pool", first, (2, 2)), some(), 1 if number == 1 else 3
        )
        last = net.skip_concat("joined", net.upsample_nearest("up", inner, (2, 2)), first)
        return net.finish(net.conv("last", last, some(), 1))
    if number in (3, 4):  # convolutions on both branches
        short = net.conv("direct", first, 2, 1)
        inner = net.conv("inner", net.conv("outer", first, some()), 2, 3 if number == 3 else 1)
        return net.finish(net.skip_add("joined", short, inner))
    if number == 5:  # the input itself is a skip
        inner = net.conv("inner", net.max_pool2d("pool", first, (2, 2)), 3)
        return net.finish(
            net.skip_concat("joined", net.upsample_bilinear("up", inner, (2, 2)), image)
        )
    if number == 6:  # two nested skips
        pool = net.max_pool2d("pool", first, (2, 2))
        inner = net.skip_add("inner", net.conv("a", pool, 2), net.conv("b", pool, 2, 1))
        last = net.upsample_nearest("up", inner, (2, 2))
        return net.finish(net.skip_concat("joined", last, first))
    if number == 7:  # no skip; a transposed convolution reads in bursts
        inner = net.conv("inner", net.max_pool2d("pool", first, (2, 2)), 2, 1)
        weight = Constant(np.ones((4, 4, 2, 2), dtype=np.int64), WEIGHT)
        up = net.conv_transpose2d(
            "up", inner, weight, strides=(2, 2), crop=(1, 1), size=(height, width), fmt=FOUR_BITS
        )
        return net.finish(net.conv("last", up, 2, 1))
    if number == 8:  # three inputs
        join = net.skip_concat("joined", first, net.conv("other", image, 2), image)
        return net.finish(net.conv("last", join, 2))
    short = net.conv("direct", first, 2, 1)  # a skip behind a skip
    inner = net.skip_add("inner", short, net.conv("outer", short, 2))
    return net.finish(net.skip_concat("joined", inner, first))
