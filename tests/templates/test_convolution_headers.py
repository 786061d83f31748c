"""The headers of all convolutions against the oracle, over a grid of shapes and formats."""

from __future__ import annotations

from dataclasses import replace
from itertools import cycle, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from header_bench import SANITIZE, Case, check, make_case, padding_of
from tiers import BOTH_TIERS, header_traits, of_tier

from fcn_hw.fixed import FixedFormat, Overflow, Rounding, parse_format
from fcn_hw.ir import Graph
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ops import Constant, Fold, Padding
from fcn_hw.ops.convolution import Convolution

pytestmark = pytest.mark.gxx

# size, kernel, strides, dilation, padding (top, bottom, left, right) or "same"
WINDOWS = [
    ((5, 7), (3, 3), (1, 1), (1, 1), "same"),
    ((7, 5), (3, 3), (1, 1), (1, 1), (0, 0, 0, 0)),
    ((1, 9), (3, 3), (1, 1), (1, 1), "same"),
    ((9, 1), (3, 3), (1, 1), (1, 1), "same"),
    ((1, 1), (3, 3), (1, 1), (1, 1), "same"),
    ((1, 1), (1, 1), (1, 1), (1, 1), "same"),
    ((6, 5), (1, 1), (1, 1), (1, 1), "same"),
    ((7, 8), (1, 1), (2, 3), (1, 1), "same"),
    ((3, 4), (1, 1), (1, 1), (1, 1), (1, 0, 0, 2)),
    ((4, 3), (1, 1), (2, 2), (1, 1), (0, 3, 0, 2)),
    ((2, 2), (1, 1), (1, 1), (1, 1), (2, 1, 3, 1)),
    ((6, 8), (2, 2), (2, 2), (1, 1), "same"),
    ((7, 9), (2, 2), (2, 2), (1, 1), (0, 0, 0, 0)),
    ((5, 6), (2, 2), (1, 1), (1, 1), "same"),
    ((8, 7), (5, 5), (1, 1), (1, 1), "same"),
    ((5, 11), (1, 5), (1, 1), (1, 1), "same"),
    ((11, 5), (5, 1), (1, 1), (1, 1), (2, 1, 0, 0)),
    ((6, 7), (2, 3), (1, 2), (1, 1), (0, 1, 2, 0)),
    ((9, 9), (3, 3), (2, 2), (1, 1), "same"),
    ((10, 8), (3, 3), (2, 2), (1, 1), "same"),
    ((11, 10), (3, 3), (3, 3), (1, 1), (0, 0, 0, 0)),
    ((9, 10), (2, 2), (3, 3), (1, 1), (0, 0, 1, 0)),
    ((12, 9), (1, 2), (3, 2), (1, 1), (0, 0, 0, 0)),
    ((8, 13), (5, 3), (2, 3), (1, 1), "same"),
    ((9, 9), (3, 3), (1, 1), (2, 2), "same"),
    ((6, 7), (3, 2), (1, 2), (3, 1), (3, 3, 0, 1)),
    ((13, 4), (2, 3), (2, 1), (3, 2), "same"),
    ((2, 3), (5, 5), (1, 1), (1, 1), "same"),
    ((3, 2), (5, 5), (1, 1), (2, 2), "same"),
    ((3, 4), (2, 2), (1, 1), (1, 1), (3, 3, 3, 3)),
    ((4, 5), (3, 3), (2, 2), (1, 1), (5, 0, 0, 4)),
]

# size, kernel, strides, crop (top, left), output size or None for the whole result
TRANSPOSED = [
    ((4, 5), (4, 4), (2, 2), (1, 1), (8, 10)),
    ((4, 5), (2, 2), (2, 2), (0, 0), None),
    ((3, 4), (3, 3), (2, 2), (0, 0), None),
    ((3, 4), (3, 3), (2, 2), (1, 0), (6, 8)),
    ((3, 3), (1, 1), (1, 1), (0, 0), None),
    ((4, 3), (3, 3), (1, 1), (1, 1), (4, 3)),
    ((4, 3), (5, 2), (1, 1), (0, 1), (8, 2)),
    ((2, 3), (1, 1), (2, 3), (0, 0), None),
    ((2, 3), (2, 1), (3, 2), (1, 0), (6, 7)),
    ((3, 2), (5, 5), (3, 2), (2, 3), (7, 4)),
    ((2, 3), (8, 8), (4, 4), (2, 2), (8, 12)),
    ((2, 2), (16, 16), (8, 8), (4, 4), (16, 16)),
    ((1, 5), (4, 3), (2, 1), (1, 1), (2, 5)),
    ((5, 1), (4, 4), (2, 2), (1, 1), (10, 2)),
    ((1, 1), (2, 2), (2, 2), (1, 1), (1, 1)),
    ((6, 7), (4, 4), (2, 2), (5, 4), (3, 2)),
    ((5, 4), (3, 4), (2, 2), (4, 2), (12, 11)),
    ((3, 3), (2, 2), (2, 2), (0, 0), (9, 8)),
    ((8, 9), (2, 2), (2, 2), (3, 3), (1, 1)),
]

CHANNELS = [(3, 4), (1, 1), (4, 6), (33, 2), (6, 3), (2, 33), (1, 5)]

# channels, filters of each
DEPTHWISE = [(3, 1), (1, 1), (4, 2), (33, 1), (5, 3), (1, 3), (6, 1), (2, 3), (33, 2)]

# The first of each is what the networks use; the others go to the ends.
INPUTS = ["ufixed<4,0>", "ufixed<8,0>", "fixed<4,2>", "ufixed<1,1>", "fixed<16,4>", "fixed<3,5>"]
WEIGHTS = ["fixed<4,1>", "fixed<2,1,RND_CONV,SAT_SYM>", "fixed<8,-1>", "ufixed<3,1>", "fixed<16,2>"]
BIASES = ["fixed<8,1>", None, "fixed<24,4>", "fixed<6,6>"]
OUTPUTS = [
    None,
    *(
        FixedFormat(signed, 4 + index % 3, index % 4, rounding, overflow)
        for index, (signed, rounding, overflow) in enumerate(
            product((False, True), Rounding, Overflow)
        )
    ),
]


def random_constant(rng: np.random.Generator, shape: tuple[int, ...], fmt: str) -> Constant:
    chosen = parse_format(fmt)
    return Constant(rng.integers(chosen.min_code, chosen.max_code, shape, endpoint=True), chosen)


def window_cases(
    kind: str, seed: int, channels: list[tuple[int, int]], geometries: list[tuple[Any, ...]]
) -> list[Case]:
    """A case for each geometry; channels, formats and folds differ from one to the next.

    Args:
        kind: the builder's method.
        channels: (channels in, filters), the last two sizes of the weights.
    """
    rng = np.random.default_rng(seed)
    sizes, inputs, weights = cycle(channels), cycle(INPUTS), cycle(WEIGHTS)
    biases, outputs = cycle(BIASES), cycle(OUTPUTS)
    cases = []
    for size, kernel, strides, dilation, padding in geometries:
        n_chan, filters = next(sizes)
        builder = GraphBuilder("one_case")
        builder.input("x", (*size, n_chan), parse_format(next(inputs)))
        n_filt, bias = filters * (n_chan if kind == "depthwise_conv2d" else 1), next(biases)
        getattr(builder, kind)(
            "y",
            "x",
            random_constant(rng, (*kernel, n_chan, filters), next(weights)),
            random_constant(rng, (n_filt,), bias) if bias else None,
            strides=strides,
            dilation=dilation,
            padding=padding_of(padding, size, kernel, strides, dilation),
            fmt=next(outputs),
        )
        cases.append(with_random_fold(builder.finish("y"), rng))
    return cases


def convolution_cases() -> list[Case]:
    """Every geometry twice, each time with other formats and another fold."""
    return window_cases("conv2d", 3, CHANNELS, WINDOWS * 2)


def depthwise_cases() -> list[Case]:
    return window_cases("depthwise_conv2d", 5, DEPTHWISE, WINDOWS)


def every_depthwise_fold() -> list[Case]:
    """Filter groups that begin and end amid the filters of a channel, and hold several channels."""
    rng = np.random.default_rng(6)
    cases = []
    for n_chan, multiplier in [(4, 3), (3, 4), (6, 1), (2, 5)]:
        builder = GraphBuilder("one_case")
        builder.input("x", (2, 3, n_chan), parse_format("fixed<4,2>"))
        weight = random_constant(rng, (2, 2, n_chan, multiplier), "fixed<4,1>")
        builder.depthwise_conv2d("y", "x", weight, padding=Padding(0, 1, 1, 0))
        graph = builder.finish("y")
        cases += [make_case(graph, fold.pe, fold) for fold in graph["y"].legal_folds()]
    return cases


def transposed_cases() -> list[Case]:
    """Every geometry twice, each time with other formats and another fold."""
    rng = np.random.default_rng(4)
    channels, inputs, weights = cycle(CHANNELS[::-1]), cycle(INPUTS), cycle(WEIGHTS)
    biases, outputs = cycle(BIASES), cycle(OUTPUTS)
    cases = []
    for size, kernel, strides, crop, result in TRANSPOSED * 2:
        n_chan, n_filt = next(channels)
        whole = tuple((n - 1) * s + k for n, k, s in zip(size, kernel, strides, strict=True))
        builder = GraphBuilder("one_case")
        builder.input("x", (*size, n_chan), parse_format(next(inputs)))
        bias = next(biases)
        builder.conv_transpose2d(
            "y",
            "x",
            random_constant(rng, (*kernel, n_chan, n_filt), next(weights)),
            random_constant(rng, (n_filt,), bias) if bias else None,
            strides=strides,
            crop=crop,
            size=result or whole,
            fmt=next(outputs),
        )
        cases.append(with_random_fold(builder.finish("y"), rng))
    return cases


def lane_cases() -> list[Case]:
    """Filters that share DSP slices: sums that stay packed and sums that don't, in every engine;
    weights of all signs and of their least code alone."""
    rng = np.random.default_rng(7)
    sizes = [
        # channels, filters, weights, inputs, fold
        (3, 6, "fixed<4,1>", "ufixed<4,0>", Fold(6, 3, 1, 2)),
        (3, 6, "fixed<4,1>", "ufixed<4,0>", Fold(3, 3, 1, 3)),
        (6, 4, "fixed<4,1>", "fixed<4,2>", Fold(2, 2, 3, 2)),
        (4, 6, "fixed<2,1>", "ufixed<4,0>", Fold(6, 4, 1, 3)),
        (3, 4, "fixed<8,1>", "ufixed<8,0>", Fold(4, 1, 9, 2)),
        (8, 6, "fixed<3,1>", "fixed<3,1>", Fold(3, 4, 9, 3)),
        (5, 2, "ufixed<3,1>", "ufixed<1,1>", Fold(2, 5, 1, 2)),
        (1, 6, "fixed<8,1>", "ufixed<1,1>", Fold(2, 1, 1, 2)),
        (3, 6, "fixed<4,1>", "ufixed<4,0>", Fold(6, 3, 1, 2, 2)),
        (5, 6, "fixed<4,1>", "ufixed<4,0>", Fold(6, 1, 3, 3, 3)),
        (4, 4, "fixed<8,1>", "fixed<8,1>", Fold(4, 2, 1, 2, 2)),
    ]
    cases = []
    for number, (n_chan, n_filt, weights, inputs, fold) in enumerate(sizes * 2):
        least = number >= len(sizes)
        fmt = parse_format(weights)
        kernel = (3, 3) if fold.taps > 1 or not least else (1, 1)
        weight = random_constant(rng, (*kernel, n_chan, n_filt), weights)
        if least:
            weight = Constant(np.full_like(weight.codes, fmt.min_code), fmt)
        builder = GraphBuilder("one_case")
        builder.input("x", (5, 4, n_chan), parse_format(inputs))
        bias = (None, "fixed<8,1>", "fixed<3,2>")[number % 3]  # the last one is shifted
        builder.conv2d(
            "y",
            "x",
            weight,
            random_constant(rng, (n_filt,), bias) if bias else None,
            padding=padding_of("same", (5, 4), kernel, (1, 1)),
        )
        graph = builder.finish("y")
        op = graph["y"]
        assert isinstance(op, Convolution)
        legal = op.lane_folds(graph.operands(op), "7series")
        # The search takes filters in LUTs of large arrays only, the headers of any.
        is_legal = replace(fold, lut_pe=0) in legal
        cases.append(make_case(graph, number, fold if is_legal else legal[len(legal) // 2]))
    return cases


def zero_block_cases() -> list[Case]:
    """Steps without a weight are left out, in every engine: of some filter groups all but one, of
    others none, and of phases more than of others."""
    rng = np.random.default_rng(8)
    sizes: list[tuple[str, Any, Any, Any, tuple[int, int], Fold]] = [
        # kind, kernel, strides, edge, channels and filters, fold
        ("conv2d", (3, 3), (1, 1), "same", (4, 6), Fold(2, 2)),
        ("conv2d", (3, 2), (2, 1), (1, 0, 2, 1), (3, 4), Fold(1, 3)),
        ("conv2d", (2, 3), (1, 1), "same", (6, 6), Fold(6, 3, 1, 2)),
        ("conv2d", (1, 1), (1, 1), "same", (8, 6), Fold(2, 2)),
        ("conv2d", (1, 1), (2, 1), "same", (6, 4), Fold(4, 1)),
        ("conv2d", (1, 5), (1, 1), "same", (2, 3), Fold(1, 1)),
        ("conv2d", (3, 3), (1, 1), "same", (4, 6), Fold(2, 2, 3)),
        ("conv2d", (4, 2), (2, 2), "same", (3, 4), Fold(1, 1, 2)),
        ("conv2d", (3, 3), (1, 1), "same", (6, 6), Fold(3, 1, 9, 3)),
        ("depthwise_conv2d", (3, 3), (1, 1), "same", (4, 3), Fold(2, 1)),
        ("depthwise_conv2d", (3, 2), (1, 2), "same", (6, 1), Fold(3, 1)),
        ("depthwise_conv2d", (3, 3), (1, 1), "same", (4, 3), Fold(2, 1, 3)),
        ("depthwise_conv2d", (2, 2), (2, 2), "same", (5, 1), Fold(1, 1, 2)),
        ("conv_transpose2d", (4, 4), (2, 2), (1, 1), (3, 4), Fold(2, 1)),
        ("conv_transpose2d", (3, 3), (2, 2), (0, 1), (4, 6), Fold(6, 2, 1, 2)),
        ("conv_transpose2d", (5, 3), (3, 2), (2, 0), (2, 2), Fold(1, 2)),
    ]
    cases = []
    for number, (kind, kernel, strides, edge, channels, fold) in enumerate(sizes):
        fmt = parse_format("fixed<4,1>")
        codes = 2 * rng.integers(-4, 4, (*kernel, *channels)) + 1  # no zero
        n_filt = channels[1] * (channels[0] if kind == "depthwise_conv2d" else 1)
        bias = random_constant(rng, (n_filt,), "fixed<8,1>") if number % 3 else None
        builder = GraphBuilder("one_case")
        builder.input("x", (5, 6, channels[0]), parse_format(INPUTS[number % 3]))
        if kind == "conv_transpose2d":
            more: dict[str, Any] = {"crop": edge, "size": (9, 8)}
        else:
            more = {"padding": padding_of(edge, (5, 6), kernel, strides)}
        weight = Constant(_without_blocks(codes, kind, fold, rng), fmt)
        getattr(builder, kind)("y", "x", weight, bias, strides=strides, **more)
        graph = builder.finish("y")
        op = graph["y"]
        assert isinstance(op, Convolution)
        folds = op.legal_folds() + op.lane_folds(graph.operands(op), "7series")
        assert fold in folds and op.pixel_steps(fold).listed, (number, fold)
        cases.append(make_case(graph, number, fold))
    return cases


def shift_cases() -> list[Case]:
    """Filters of few bits whose codes have trailing zeros of their own, in every engine.

    A filter of zeros, sums that stay packed and sums that don't, steps that are left out, biases
    finer and coarser than the products. The oracle multiplies by the whole codes.
    """
    rng = np.random.default_rng(9)
    sizes: list[tuple[str, Any, Any, tuple[int, int], str, Fold]] = [
        # kind, kernel, strides, channels and filters, inputs, fold
        ("conv2d", (3, 3), (1, 1), (3, 5), "ufixed<4,0>", Fold(1, 3)),
        ("conv2d", (3, 2), (2, 1), (4, 6), "fixed<4,2>", Fold(3, 1)),
        ("conv2d", (1, 1), (1, 1), (8, 6), "ufixed<4,0>", Fold(6, 2, 1, 2)),
        ("conv2d", (1, 1), (1, 1), (7, 4), "ufixed<4,0>", Fold(4, 1)),
        ("conv2d", (1, 1), (2, 3), (5, 6), "ufixed<8,0>", Fold(3, 5, 1, 3)),
        ("conv2d", (3, 3), (1, 1), (4, 6), "ufixed<4,0>", Fold(3, 4, 1, 3)),
        ("conv2d", (3, 3), (1, 1), (6, 6), "ufixed<4,0>", Fold(6, 3, 1, 2, 2)),
        ("conv2d", (3, 3), (1, 1), (2, 4), "ufixed<8,0>", Fold(2, 2, 3)),
        ("conv2d", (3, 3), (1, 1), (2, 3), "fixed<16,4>", Fold(3, 2, 9)),
        ("conv2d", (2, 2), (2, 2), (4, 4), "ufixed<4,0>", Fold(2, 4, 2, 2)),
        ("depthwise_conv2d", (3, 3), (1, 1), (4, 3), "ufixed<4,0>", Fold(2, 1)),
        ("depthwise_conv2d", (3, 3), (2, 1), (6, 1), "ufixed<8,0>", Fold(3, 1)),
        ("depthwise_conv2d", (3, 3), (1, 1), (5, 2), "fixed<4,2>", Fold(5, 1, 3)),
        ("conv_transpose2d", (4, 4), (2, 2), (3, 4), "ufixed<4,0>", Fold(2, 3)),
        ("conv_transpose2d", (3, 3), (2, 2), (4, 6), "fixed<4,2>", Fold(6, 2, 1, 2)),
    ]
    cases = []
    for number, (kind, kernel, strides, channels, inputs, fold) in enumerate(sizes * 2):
        bits, most = (3, 4, 8)[number % 3], (4, 1, 3, 7)[number % 4]
        shape = (*kernel, *channels)
        count = channels[1] * (channels[0] if kind == "depthwise_conv2d" else 1)
        codes = rng.integers(-(1 << bits - 1), 1 << bits - 1, shape)
        if number >= len(sizes):  # of every kind with steps that are left out
            codes = _without_blocks(codes, kind, fold, rng)
        by_filter = codes.reshape(-1, count)
        shifts = rng.integers(0, most, count, endpoint=True)
        shifts[:2] = 0, most
        by_filter[0, :2] = -(1 << bits - 1)
        by_filter[1, :2] = 1  # odd
        if number % 5 == 0:
            by_filter[:, 2] = 0
        fmt = FixedFormat(signed=True, width=bits + most, integer=number % 4)
        weight = Constant((by_filter << shifts).reshape(shape), fmt)
        bias = (None, "fixed<8,1>", "fixed<12,-4>", "fixed<3,3>", "fixed<9,0>")[number % 5]
        builder = GraphBuilder("one_case")
        builder.input("x", (5, 6, channels[0]), parse_format(inputs))
        if kind == "conv_transpose2d":
            more: dict[str, Any] = {"crop": (1, 0), "size": (9, 8)}
        else:
            more = {"padding": padding_of("same", (5, 6), kernel, strides)}
        getattr(builder, kind)(
            "y",
            "x",
            weight,
            random_constant(rng, (count,), bias) if bias else None,
            strides=strides,
            fmt=OUTPUTS[number % len(OUTPUTS)],
            **more,
        )
        graph = builder.finish("y")
        op = graph["y"]
        assert isinstance(op, Convolution)
        assert op.held_weight.format.width == bits, (number, op.held_weight.format)
        legal = op.lane_folds(graph.operands(op), "7series")
        is_legal = not fold.lanes or replace(fold, lut_pe=0) in legal
        cases.append(make_case(graph, number, fold if is_legal else legal[len(legal) // 2]))
    return cases


def shifts_of(kind: str) -> list[Case]:
    return [case for case in shift_cases() if case.op.kind == kind]


def zero_blocks_of(kind: str) -> list[Case]:
    return [case for case in zero_block_cases() if case.op.kind == kind]


def _without_blocks(
    codes: np.ndarray[Any, Any], kind: str, fold: Fold, rng: np.random.Generator
) -> np.ndarray[Any, Any]:
    """The weights with three in five blocks of a fold at zero, and those of its first filters."""
    apart = kind == "depthwise_conv2d"
    taps = codes.reshape(
        -1, 1 if apart else codes.shape[2], codes[0, 0].size if apart else codes.shape[3]
    )
    counts = [
        size // part for size, part in zip(taps.shape, (fold.taps, fold.simd, fold.pe), strict=True)
    ]
    kept = rng.random(counts) < 0.4
    kept[..., 0] &= counts[2] == 1
    kept[0, 0, -1] = True
    for axis, part in enumerate((fold.taps, fold.simd, fold.pe)):
        kept = np.repeat(kept, part, axis)
    return np.where(kept, taps, 0).reshape(codes.shape)


def with_random_fold(graph: Graph, rng: np.random.Generator) -> Case:
    op = graph["y"]
    assert isinstance(op, Convolution)
    folds = op.legal_folds() + op.lane_folds(graph.operands(op), "7series")
    return make_case(graph, int(rng.integers(1 << 30)), folds[int(rng.integers(len(folds)))])


@BOTH_TIERS
def test_conv2d(tmp_path: Path, tier: str) -> None:
    cases = convolution_cases() + lane_cases() + zero_blocks_of("Conv2D") + shifts_of("Conv2D")
    check(of_tier(cases, tier, header_traits), tmp_path)


@BOTH_TIERS
def test_depthwise_conv2d(tmp_path: Path, tier: str) -> None:
    cases = depthwise_cases() + every_depthwise_fold() + zero_blocks_of("DepthwiseConv2D")
    cases += shifts_of("DepthwiseConv2D")
    check(of_tier(cases, tier, header_traits), tmp_path)


@BOTH_TIERS
def test_conv_transpose2d(tmp_path: Path, tier: str) -> None:
    cases = transposed_cases() + zero_blocks_of("ConvTranspose2D") + shifts_of("ConvTranspose2D")
    check(of_tier(cases, tier, header_traits), tmp_path)


@BOTH_TIERS
def test_exact_widths_and_cycles(tmp_path: Path, tier: str) -> None:
    """Counters, codes and sums of ap_int, as synthesis sees them; and the cycles of a frame."""
    cases = [
        *convolution_cases()[::4],
        *depthwise_cases()[::3],
        *every_depthwise_fold()[::5],
        *transposed_cases()[::4],
        *lane_cases(),
        *zero_block_cases(),
        *shift_cases(),
    ]
    check(of_tier(cases, tier, header_traits), tmp_path, "-DFCN_HW_EXACT_WIDTHS", cycles=True)


@BOTH_TIERS
def test_frames_side_by_side(tmp_path: Path, tier: str) -> None:
    cases = [
        *convolution_cases()[::2],
        *depthwise_cases()[::2],
        *every_depthwise_fold()[::7],
        *transposed_cases()[::2],
        *lane_cases(),
        *zero_block_cases(),
        *shift_cases(),
    ]
    check(of_tier(cases, tier, header_traits), tmp_path, lanes=True)


@BOTH_TIERS
def test_sanitized(tmp_path: Path, tier: str) -> None:
    """No access outside an array, no overflow: every part of the engine, on few cases."""
    cases = [*convolution_cases()[1::7], *depthwise_cases()[1::6], *transposed_cases()[1::7]]
    cases += lane_cases() + zero_block_cases() + shift_cases()
    check(of_tier(cases, tier, header_traits), tmp_path, *SANITIZE)
