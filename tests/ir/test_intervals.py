"""Intervals: sound always, and as narrow as possible where that can be tried out."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_graphs import Codes, formats, graphs, random_frames

from fcn_hw.errors import FormatError
from fcn_hw.fixed import FixedFormat, convert, parse_format
from fcn_hw.intervals import Interval, format_interval, hull
from fcn_hw.ir import Graph
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ir.intervals import intervals
from fcn_hw.ops import Constant
from fcn_hw.ops.average_pool2d import AveragePool2D
from fcn_hw.ops.conv2d import Conv2D
from fcn_hw.ops.conv_transpose2d import ConvTranspose2D
from fcn_hw.ops.convolution import Convolution
from fcn_hw.ops.skip_add import SkipAdd
from fcn_hw.ops.skip_average import SkipAverage
from fcn_hw.ops.upsample_bilinear import UpsampleBilinear
from fcn_hw.reference import evaluate


def products(op: Conv2D | ConvTranspose2D, o: int) -> list[Codes]:
    """For each phase, the weights (taps and channels in one row) that meet in one output."""
    down, across = op.strides if isinstance(op, ConvTranspose2D) else (1, 1)
    return [
        op.weight.codes[p::down, q::across, :, o].ravel()
        for p in range(down)
        for q in range(across)
    ]


def reachable(op: Conv2D | ConvTranspose2D, codes: range, fraction: int) -> tuple[int, int]:
    """Least and greatest partial sum over all inputs, orders and subsets, by trying them all."""
    finest = op.accum.fraction
    rise = finest - op.weight.format.fraction - fraction
    sums: set[int] = set()
    for o in range(op.weight.codes.shape[3]):
        bias = (
            [] if op.bias is None else [int(op.bias.codes[o]) << (finest - op.bias.format.fraction)]
        )
        for weights in products(op, o):
            terms = [{int(w) * code << rise for code in codes} | {0} for w in weights]
            for chosen in itertools.product(*terms, *([{0, *bias}] if bias else [])):
                sums.add(sum(chosen))
    return min(sums), max(sums)


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("biased", [False, True])
@pytest.mark.parametrize("kernel", [(1, 1, 2, 2), (2, 1, 2, 1), (1, 2, 1, 2), (2, 2, 1, 2)])
@pytest.mark.parametrize("seed", range(6))
def test_tiny_convolutions_exhaustively(
    transposed: bool, biased: bool, kernel: tuple[int, int, int, int], seed: int
) -> None:
    random = np.random.default_rng([seed, *kernel])

    def fmt(width: int) -> FixedFormat:
        return FixedFormat(bool(random.integers(2)), width, int(random.integers(-1, width + 2)))

    source, weight, bias = fmt(2), fmt(4), fmt(6)
    build = GraphBuilder("net")
    build.input("x", (3, 3, kernel[2]), source)
    constants = [
        Constant(random.integers(item.min_code, item.max_code, shape, endpoint=True), item)
        for shape, item in ((kernel, weight), (kernel[3:], bias))
    ]
    if not biased:
        constants.pop()
    if transposed:
        build.conv_transpose2d("y", "x", *constants, strides=(2, 1), size=(6, 4))
    else:
        build.conv2d("y", "x", *constants)
    op = build.finish("y")["y"]
    assert isinstance(op, (Conv2D, ConvTranspose2D))
    codes = range(source.min_code, source.max_code + 1)
    exact = op.interval([format_interval(source)])
    assert exact == Interval(*reachable(op, codes, source.fraction), op.accum.fraction)
    assert exact.within(op.accum)


def exact_codes(
    op: Convolution | AveragePool2D | SkipAdd | SkipAverage, graph: Graph, found: dict[str, Codes]
) -> Codes:
    """What the op computes before its conversion, as codes of a 63-bit format."""
    fraction = op.accum.fraction
    wide = FixedFormat(True, 63, 63 - fraction)
    unrounded = replace(op, output=replace(op.output, format=wide))
    return unrounded.codes([found[n] for n in op.inputs], graph.operands(op))


@settings(max_examples=200)
@given(graphs(), st.integers(0, 2**32 - 1))
def test_no_value_leaves_its_interval_or_accumulator(graph: Graph, seed: int) -> None:
    found = evaluate(graph, random_frames(graph, seed, count=4))
    for op in graph.ops:
        exact, held = intervals(graph)[op.name]
        codes = found[op.name]
        assert held.low <= codes.min() and codes.max() <= held.high
        assert held.within(op.output.format)
        if isinstance(op, (Convolution, AveragePool2D, SkipAdd, SkipAverage)):
            sums = exact_codes(op, graph, found)
            assert op.accum.min_code <= sums.min() and sums.max() <= op.accum.max_code
            assert exact.low <= sums.min() and sums.max() <= exact.high


@pytest.mark.parametrize("sign", [1, -1])
def test_the_worst_input_fills_the_accumulator(sign: int) -> None:
    """Each tap at the end of the range that its weight likes best: the bound is reached."""
    random = np.random.default_rng(3)
    source, weight = parse_format("fixed<5,2>"), parse_format("fixed<4,1>")
    kernel = random.integers(-8, 8, (3, 3, 4, 1))
    build = GraphBuilder("net")
    build.input("x", (3, 3, 4), source)
    build.conv2d("y", "x", Constant(kernel, weight))
    graph = build.finish("y")
    best = np.where(sign * kernel[..., 0] > 0, source.max_code, source.min_code)
    exact = intervals(graph)["y"][0]
    total = evaluate(graph, {"x": best[None]})["y"].item()
    assert total == (exact.high if sign > 0 else exact.low)


def test_wide_weights_do_not_overflow_the_bound() -> None:
    fmt = FixedFormat(False, 60, 60)
    op = Conv2D(
        "y",
        ("x",),
        None,
        Constant(np.full((2, 2, 8, 1), fmt.max_code), fmt),
        fmt,  # type: ignore[arg-type]
    )
    assert op.interval([Interval(-1, 0, 0)]) == Interval(-32 * fmt.max_code, 0, 0)


@given(formats(), formats(), st.data())
def test_converted_intervals_are_sound_and_tight(
    source: FixedFormat, target: FixedFormat, data: st.DataObject
) -> None:
    low = data.draw(st.integers(source.min_code, source.max_code))
    high = data.draw(st.integers(low, source.max_code))
    found = Interval(low, high, source.fraction).converted(target)
    codes = convert(np.arange(low, high + 1), source.fraction, target)
    assert found.fraction == target.fraction
    assert found.low <= codes.min() and codes.max() <= found.high
    if target.overflow.value != "WRAP":
        assert (found.low, found.high) == (codes.min(), codes.max())


def test_converting_too_many_bits() -> None:
    with pytest.raises(FormatError) as caught:
        Interval(0, 1 << 62, 0).converted(parse_format("fixed<8,4>"))
    assert str(caught.value) == "a value of more than 62 bits can't be converted to fixed<8,4>"


def test_hull_and_within() -> None:
    both = hull([Interval(-3, 1, 1), Interval(2, 9, 2)])
    assert both == Interval(-6, 9, 2)
    assert both.within(parse_format("fixed<5,3>"))
    assert not both.within(parse_format("fixed<5,2>"))  # another fraction
    assert not Interval(-8, 0, 0).within(parse_format("fixed<4,4,TRN,SAT_SYM>"))


@pytest.mark.parametrize(
    ("scale", "whole", "divisor"),
    [((1, 1), 1, 1), ((2, 1), 4, 1), ((8, 32), 1024, 1), ((3, 1), 3, 3), ((6, 5), 60, 15)],
)
def test_bilinear_multiples(scale: tuple[int, int], whole: int, divisor: int) -> None:
    """Weights are multiples of ``1 / whole``, of which ``divisor`` is the odd part."""
    build = GraphBuilder("net")
    build.input("x", (2, 3, 1), parse_format("fixed<4,4>"))
    build.upsample_bilinear("y", "x", scale)
    op = build.finish("y")["y"]
    assert isinstance(op, UpsampleBilinear)
    assert op.divisor == divisor
    fraction = (whole // divisor).bit_length() - 1
    assert op.interval([Interval(-8, 7, 0)]) == Interval(-8 * whole, 7 * whole, fraction)
