"""The headers of all ops without weights against the oracle, over a grid of shapes and formats."""

from __future__ import annotations

from dataclasses import replace
from itertools import cycle, product
from pathlib import Path

import numpy as np
import pytest
from header_bench import SANITIZE, Case, check, make_case, padding_of, run
from tiers import BOTH_TIERS, header_traits, of_tier

from fcn_hw.fixed import FixedFormat, Overflow, Rounding, parse_format
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ir.graph import Graph
from fcn_hw.ir.verify import verify
from fcn_hw.ops import Padding

pytestmark = pytest.mark.gxx

CHANNELS = [3, 1, 33, 4, 2]
FORMATS = ["ufixed<4,0>", "fixed<6,2>", "fixed<5,-1>", "ufixed<1,1>", "ufixed<8,0>", "fixed<16,9>"]
ALL_MODES = [
    FixedFormat(signed, 3 + index % 3, index % 4 - 1, rounding, overflow)
    for index, (signed, rounding, overflow) in enumerate(product((False, True), Rounding, Overflow))
]

# size, pool, strides, padding (top, bottom, left, right) or "same"
POOLS = [
    ((6, 8), (2, 2), (2, 2), (0, 0, 0, 0)),
    ((7, 9), (2, 2), (2, 2), (0, 0, 0, 0)),
    ((7, 9), (2, 2), (2, 2), "same"),
    ((8, 9), (3, 3), (2, 2), "same"),
    ((9, 8), (3, 3), (2, 2), (1, 1, 1, 1)),
    ((5, 6), (3, 3), (1, 1), "same"),
    ((5, 4), (3, 3), (1, 1), (2, 2, 2, 2)),
    ((4, 5), (1, 1), (1, 1), (0, 0, 0, 0)),
    ((6, 7), (1, 1), (2, 3), (0, 0, 0, 0)),
    ((9, 10), (2, 2), (3, 3), (0, 0, 1, 0)),
    ((1, 9), (1, 3), (1, 2), "same"),
    ((9, 1), (3, 1), (2, 1), "same"),
    ((1, 1), (3, 3), (1, 1), (2, 1, 1, 2)),
    ((1, 1), (1, 1), (1, 1), (0, 0, 0, 0)),
    ((6, 11), (5, 4), (2, 1), (3, 4, 0, 3)),
    ((12, 10), (4, 5), (4, 5), (0, 0, 0, 0)),
    ((10, 7), (5, 3), (3, 4), (4, 0, 2, 1)),
]

AVERAGES = [
    *POOLS,
    ((7, 7), (7, 7), (7, 7), (0, 0, 0, 0)),
    ((6, 11), (5, 5), (1, 3), "same"),
    ((9, 1), (5, 5), (3, 1), (4, 4, 4, 4)),
    ((1, 11), (2, 3), (1, 3), (1, 0, 2, 2)),
    ((5, 5), (3, 3), (1, 1), "same"),
    ((5, 8), (2, 3), (1, 2), (1, 0, 0, 2)),
    ((8, 6), (3, 2), (2, 3), "same"),
    ((11, 12), (3, 5), (3, 3), "same"),
]

# size, scale
NEAREST = [
    ((3, 4), (2, 2)),
    ((1, 5), (3, 2)),
    ((5, 1), (1, 4)),
    ((1, 1), (2, 3)),
    ((4, 3), (1, 1)),
    ((2, 3), (8, 8)),
]
# size, scale, channels out
SHUFFLED = [
    ((3, 4), (2, 2), 3),
    ((1, 5), (3, 2), 1),
    ((5, 1), (1, 4), 2),
    ((1, 1), (2, 3), 4),
    ((4, 3), (1, 1), 2),
    ((2, 3), (4, 4), 2),
    ((3, 2), (3, 1), 5),
]
BILINEAR = [
    (size, scale)
    for size, scale in zip(
        cycle([(3, 4), (1, 1), (2, 5), (5, 1), (1, 3), (4, 2)]),
        product((1, 2, 4, 8), (1, 2, 4, 8)),
        strict=False,
    )
] + [
    ((3, 4), (3, 3)),
    ((2, 3), (5, 2)),
    ((4, 2), (1, 7)),
    ((1, 3), (6, 16)),
    ((2, 1), (32, 3)),
    ((5, 4), (3, 12)),
]


def moving_cases() -> list[Case]:
    """Ops that move pixels: no conversion, every format, signed and not."""
    channels, formats = cycle(CHANNELS), cycle(FORMATS)

    def start(size: tuple[int, int]) -> GraphBuilder:
        builder = GraphBuilder("one_case")
        builder.input("x", (*size, next(channels)), parse_format(next(formats)))
        return builder

    builders = []
    for size, pool, strides, padding in POOLS:
        builders.append(start(size))
        pad = padding_of(padding, size, pool, strides)
        builders[-1].max_pool2d("y", "x", pool, strides, pad)
    for size, scale in NEAREST:
        builders.append(start(size))
        builders[-1].upsample_nearest("y", "x", scale)
    for index, (size, scale, count) in enumerate(SHUFFLED * 2):
        builders.append(GraphBuilder("one_case"))
        pixels = scale[0] * scale[1]
        builders[-1].input("x", (*size, pixels * count), parse_format(next(formats)))
        builders[-1].depth_to_space("y", "x", scale, pixels if index < len(SHUFFLED) else 1)
    for size, offset, result in [
        ((5, 7), (1, 2), (3, 4)),
        ((4, 4), (0, 0), (4, 4)),
        ((6, 5), (5, 4), (1, 1)),
        ((1, 9), (0, 3), (1, 2)),
        ((9, 1), (4, 0), (5, 1)),
        ((3, 3), (2, 0), (1, 3)),
    ]:
        builders.append(start(size))
        builders[-1].crop2d("y", "x", offset, result)
    for size, padding in [
        ((3, 4), Padding(1, 2, 3, 4)),
        ((1, 1), Padding(0, 1, 2, 0)),
        ((2, 5), Padding()),
        ((1, 6), Padding(2, 0, 0, 1)),
        ((6, 1), Padding(0, 1, 3, 0)),
    ]:
        builders.append(start(size))
        builders[-1].zero_pad2d("y", "x", padding)
    for size in [(3, 4), (1, 1), (5, 1), (1, 7), (4, 3)]:
        builders.append(start(size))
        builders[-1].arg_max("y", "x")
    return [make_case(builder.finish("y"), seed) for seed, builder in enumerate(builders)]


def converting_cases() -> list[Case]:
    """Ops that round and saturate: every rounding with every overflow, signed and not, and none."""
    outputs = cycle([None, *ALL_MODES])
    channels, formats = cycle(CHANNELS), cycle(FORMATS)
    builders = []
    for size, scale in BILINEAR * 2:
        builders.append(GraphBuilder("one_case"))
        builders[-1].input("x", (*size, next(channels)), parse_format(next(formats)))
        builders[-1].upsample_bilinear("y", "x", scale, fmt=next(outputs))
    for output in ALL_MODES:
        builders.append(GraphBuilder("one_case"))
        builders[-1].input("x", (3, 5, 2), parse_format("fixed<9,3>"))
        builders[-1].quantize("y", "x", output)
        builders.append(GraphBuilder("one_case"))
        builders[-1].input("x", (5, 3, 2), parse_format("fixed<9,3>"))
        builders[-1].relu("y", "x", output)
    for size, n_chan in [((2, 2), 3), ((1, 7), 33), ((7, 1), 1)]:
        builders.append(GraphBuilder("one_case"))
        builders[-1].input("x", (*size, n_chan), parse_format("ufixed<5,2>"))
        builders[-1].relu("y", "x")
        builders.append(GraphBuilder("one_case"))
        builders[-1].input("x", (*size, n_chan), parse_format("fixed<7,2>"))
        builders[-1].quantize("y", "x", parse_format("fixed<4,1,RND_CONV,SAT_SYM>"))
    for height, count in [(3, 2), (1, 3), (3, 4), (1, 2), (5, 3), (2, 4), (1, 2), (3, 3)]:
        n_chan, output = next(channels), next(outputs)
        builders.append(GraphBuilder("one_case"))
        sources = [
            builders[-1].input(f"x{i}", (height, count, n_chan), parse_format(next(formats)))
            for i in range(count)
        ]
        builders[-1].skip_add("y", *sources, fmt=output)
    for height, count in [(3, 2), (1, 4), (4, 2), (2, 4), (1, 2)]:
        n_chan, output = next(channels), next(outputs)
        builders.append(GraphBuilder("one_case"))
        sources = [
            builders[-1].input(f"x{i}", (height, count, n_chan), parse_format(next(formats)))
            for i in range(count)
        ]
        builders[-1].skip_average("y", *sources, fmt=output)
    for width, count in [(4, 2), (1, 3), (4, 4), (3, 2), (1, 3), (4, 4)]:
        builders.append(GraphBuilder("one_case"))
        sources = [
            builders[-1].input(f"x{i}", (count, width, next(channels)), parse_format(next(formats)))
            for i in range(count)
        ]
        builders[-1].skip_concat("y", *sources)
    return [make_case(builder.finish("y"), seed) for seed, builder in enumerate(builders)]


def averaging_cases() -> list[Case]:
    """Poolings that sum; weights of one and of several sizes of windows, sums of up to 60 bits."""
    outputs = cycle([None, *ALL_MODES])
    channels = cycle(CHANNELS)
    formats = cycle([*FORMATS, "fixed<24,9>", "ufixed<20,3>", "fixed<47,4>"])
    builders = []
    for size, pool, strides, padding in AVERAGES:
        builders.append(GraphBuilder("one_case"))
        builders[-1].input("x", (*size, next(channels)), parse_format(next(formats)))
        pad = padding_of(padding, size, pool, strides)
        builders[-1].average_pool2d("y", "x", pool, strides, pad, fmt=next(outputs))
    return [make_case(builder.finish("y"), seed) for seed, builder in enumerate(builders)]


def symmetric_cases() -> list[Case]:
    """An op that moves pixels ends with its output's modes: the lowest code becomes the next."""
    image = parse_format("fixed<5,2>")
    symmetric = parse_format("fixed<5,2,TRN,SAT_SYM>")
    cases = []
    for add in (
        lambda builder: builder.max_pool2d("y", "x", (3, 2), (2, 1), Padding(1, 1, 0, 1)),
        lambda builder: builder.upsample_nearest("y", "x", (1, 2)),
        lambda builder: builder.depth_to_space("y", "x", (2, 1), 2),
        lambda builder: builder.crop2d("y", "x", (1, 2), (3, 1)),
        lambda builder: builder.zero_pad2d("y", "x", Padding(1, 0, 0, 2)),
    ):
        builder = GraphBuilder("one_case")
        builder.input("x", (4, 3, 2), image)
        add(builder)
        graph = builder.finish("y")
        y = replace(graph["y"], output=replace(graph.tensor("y"), format=symmetric))
        cases.append(make_case(verify(Graph("one_case", (graph["x"], y), ("y",))), len(cases)))
    return cases


@BOTH_TIERS
def test_ops_that_move_pixels(tmp_path: Path, tier: str) -> None:
    check(of_tier(moving_cases(), tier, header_traits, symmetric_cases()), tmp_path)


@BOTH_TIERS
def test_average_pool2d(tmp_path: Path, tier: str) -> None:
    check(of_tier(averaging_cases(), tier, header_traits), tmp_path)


@BOTH_TIERS
def test_ops_that_convert(tmp_path: Path, tier: str) -> None:
    check(of_tier(converting_cases(), tier, header_traits), tmp_path)


@BOTH_TIERS
def test_exact_widths_and_cycles(tmp_path: Path, tier: str) -> None:
    """Counters and codes of ap_int, as synthesis sees them; and the cycles of a frame."""
    cases = moving_cases()[::3] + averaging_cases()[::3] + converting_cases()[::5]
    exact = "-DFCN_HW_EXACT_WIDTHS"
    check(of_tier(cases, tier, header_traits), tmp_path, exact, cycles=True)


@BOTH_TIERS
def test_frames_side_by_side(tmp_path: Path, tier: str) -> None:
    cases = moving_cases()[::2] + averaging_cases()[::2] + converting_cases()[::3]
    check(of_tier(cases, tier, header_traits, symmetric_cases()), tmp_path, lanes=True)


@BOTH_TIERS
def test_sanitized(tmp_path: Path, tier: str) -> None:
    cases = moving_cases()[1::6] + averaging_cases()[1::4] + converting_cases()[1::12]
    check(of_tier(cases, tier, header_traits), tmp_path, *SANITIZE)


def test_arg_max_takes_the_lowest_index_of_equals(tmp_path: Path) -> None:
    builder = GraphBuilder("one_case")
    builder.input("x", (1, 4, 5), parse_format("fixed<4,4>"))
    builder.arg_max("y", "x")
    pixels = [[3, 3, 3, 3, 3], [-8, -2, -5, -2, -3], [0, 1, 7, 1, 7], [-8, -8, -8, -8, -7]]
    case = Case(builder.finish("y"), None, {"x": np.array([[pixels]])})
    assert run([case], tmp_path)[0].ravel().tolist() == [0, 1, 2, 4]
