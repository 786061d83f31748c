"""``batch_norm.h``, ``threshold.h``, ``lookup.h``, ``skip_subtract.h``, ``skip_maximum.h``,
``skip_minimum.h`` and ``skip_multiply.h`` against the oracle, over a grid of shapes, folds and
formats."""

from __future__ import annotations

from itertools import cycle, product
from pathlib import Path

import numpy as np
import pytest
from header_bench import SANITIZE, Case, check, make_case
from tiers import BOTH_TIERS, header_traits, of_tier

from fcn_hw.fixed import FixedFormat, Overflow, Rounding, parse_format
from fcn_hw.ir import Graph
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ops import Constant, Fold
from fcn_hw.ops.skip_multiply import SkipMultiply

pytestmark = pytest.mark.gxx

# size, channels, pe: 1, all, and divisors between
GROUPS = [
    ((3, 4), 4, 2),
    ((1, 7), 1, 1),
    ((5, 1), 33, 11),
    ((1, 1), 33, 3),
    ((3, 3), 12, 4),
    ((1, 1), 1, 1),
    ((2, 5), 33, 1),
    ((1, 2), 33, 33),
    ((5, 3), 6, 3),
    ((2, 2), 5, 5),
    ((7, 1), 2, 1),
]
INPUTS = [
    "fixed<12,4>", "ufixed<8,0>", "fixed<40,20>", "ufixed<1,1>", "fixed<3,5>", "ufixed<40,10>",
    "fixed<17,2>", "ufixed<16,3>", "fixed<1,1>", "fixed<6,2,TRN,SAT_SYM>",
]  # fmt: skip
# scale, bias: the finer of product and bias changes
CONSTANTS = [
    ("fixed<8,2>", "fixed<16,6>"),
    ("fixed<4,4>", "fixed<24,4>"),
    ("ufixed<6,1>", "fixed<5,5>"),
    ("fixed<16,0>", "ufixed<8,4>"),
    ("fixed<18,9>", "fixed<20,30>"),
    ("fixed<1,1>", "fixed<8,-2>"),
]
ALL_MODES = [
    FixedFormat(signed, 4 + index % 4, index % 5, rounding, overflow)
    for index, (signed, rounding, overflow) in enumerate(product((False, True), Rounding, Overflow))
]


def ends_first(rng: np.random.Generator, shape: tuple[int, ...], fmt: FixedFormat) -> Constant:
    """Codes of a format; both ends of its range and 0 are frequent."""
    inner = rng.integers(fmt.min_code, fmt.max_code, shape, endpoint=True)
    ends = rng.choice([fmt.min_code, fmt.max_code, 0], shape)
    return Constant(np.where(rng.random(shape) < 0.4, ends, inner), fmt)


def batch_norm_cases() -> list[Case]:
    """Every rounding with every overflow, signed and not, and the exact result."""
    rng = np.random.default_rng(5)
    groups, inputs, constants = cycle(GROUPS), cycle(INPUTS), cycle(CONSTANTS)
    cases = []
    for output in [*ALL_MODES, None, None, None, None]:
        size, channels, pe = next(groups)
        scale, bias = (parse_format(text) for text in next(constants))
        build = GraphBuilder("one_case")
        build.input("x", (*size, channels), parse_format(next(inputs)))
        build.batch_norm(
            "y", "x", ends_first(rng, (channels,), scale), ends_first(rng, (channels,), bias),
            fmt=output,
        )  # fmt: skip
        cases.append(make_case(build.finish("y"), len(cases), Fold(pe, 1)))
    return cases


def zero_cases() -> list[Case]:
    """Shifts by more bits than the accumulator has, of constants that are all 0."""
    cases = []
    for scale, bias in [("fixed<4,40>", "fixed<4,4>"), ("fixed<4,4>", "fixed<4,50>")]:
        for zero in ("scale", "bias"):
            build = GraphBuilder("one_case")
            build.input("x", (2, 2, 2), parse_format("fixed<3,3>"))
            codes = {"scale": [1, -2], "bias": [3, -4], zero: [0, 0]}
            build.batch_norm(
                "y", "x", Constant(np.array(codes["scale"]), parse_format(scale)),
                Constant(np.array(codes["bias"]), parse_format(bias)),
            )  # fmt: skip
            cases.append(make_case(build.finish("y"), len(cases), Fold(2, 1)))
    return cases


STEPS = [[1], [-1], [1, -1], [2], [-2, 3, 0], [1, 0]]
COUNTS = [1, 3, 2, 15, 7, 8, 17, 255, 4, 300]


def threshold_cases() -> list[Case]:
    rng = np.random.default_rng(6)
    groups, inputs, steps = cycle(GROUPS), cycle(INPUTS), cycle(STEPS)
    cases = []
    for number, count in enumerate(COUNTS + COUNTS[:5]):
        size, channels, pe = next(groups)
        fmt = parse_format(next(inputs))
        graph = threshold_graph(rng, size, channels, fmt, count, next(steps), number)
        cases.append(with_nearby_codes(graph, len(cases), Fold(pe, 1)))
    return cases


def threshold_graph(
    rng: np.random.Generator,
    size: tuple[int, int],
    channels: int,
    source: FixedFormat,
    count: int,
    steps: list[int],
    number: int,
) -> Graph:
    """Thresholds inside and beyond the input's range, and repeated ones."""
    wide = FixedFormat(True, source.width + 3, source.integer + 3)
    low, high = [
        (source.min_code, source.max_code),  # inside
        (wide.min_code, wide.max_code),  # most of them out of reach
        (source.min_code, min(source.min_code + 2, source.max_code)),  # repeated
        (source.max_code + 1, wide.max_code),  # none counts
    ][number % 4]
    codes = np.sort(rng.integers(low, high, (channels, count), endpoint=True), axis=1)
    fraction = number % 5 - 1
    step = np.resize(steps, channels)
    base = np.where(step < 0, 3 - step * count, number % 3 - 1)
    everything = [base, base + step * count]
    least, most = int(np.min(everything)), int(np.max(everything))
    width = max(abs(least), abs(most)).bit_length() + 1
    signed = least < 0 or number % 2 == 0
    fmt = FixedFormat(signed, width, width - fraction, Rounding.RND_CONV, Overflow.SAT)
    small = FixedFormat(True, width + 1, width + 1 - fraction)
    build = GraphBuilder("one_case")
    build.input("x", (*size, channels), source)
    build.threshold(
        "y", "x", Constant(codes, wide), Constant(base, small), Constant(step, small), fmt=fmt
    )
    return build.finish("y")


def with_nearby_codes(graph: Graph, seed: int, fold: Fold) -> Case:
    """A case with a further frame, of codes at a threshold and next to one."""
    case = make_case(graph, seed, fold)
    rng = np.random.default_rng(seed)
    source, op = graph.inputs[0].output, graph["y"]
    picked = rng.integers(0, op.thresholds.codes.shape[1], source.shape)  # type: ignore[attr-defined]
    near = op.thresholds.codes[np.arange(source.channels), picked]  # type: ignore[attr-defined]
    near = near + rng.integers(-1, 1, source.shape, endpoint=True)
    near = np.clip(near, source.format.min_code, source.format.max_code)
    return Case(graph, fold, {"x": np.concatenate([case.frames["x"], near[None]])})


def far_base_case() -> Case:
    """Every input reaches 5 thresholds and none the other 2: the ends of base + step * n are far
    outside the output's range, and only sums inside occur."""
    codes = np.array([[-9, -9, -9, -8, -8, 3, 7, 8, 9]] * 2)
    build = GraphBuilder("one_case")
    build.input("x", (2, 8, 2), parse_format("fixed<4,4>"))
    build.threshold(
        "y", "x", Constant(codes, parse_format("fixed<6,6>")),
        Constant(np.array([-500_000_000_000, 500_000_000_000]), parse_format("fixed<45,45>")),
        Constant(np.array([100_000_000_000, -100_000_000_000]), parse_format("fixed<45,45>")),
        fmt=parse_format("fixed<39,39>"),
    )  # fmt: skip
    case = make_case(build.finish("y"), 0, Fold(1, 1))
    every = np.arange(-8, 8).repeat(2).reshape(1, 2, 8, 2)
    return Case(case.graph, case.fold, {"x": every})


def lookup_cases() -> list[Case]:
    """Tables of 1 to 12 bits, signed and unsigned; every code occurs."""
    rng = np.random.default_rng(7)
    outputs = cycle(["fixed<8,3>", "ufixed<4,0>", "fixed<1,1>", "ufixed<8,8>", "fixed<33,5>"])
    groups = cycle(GROUPS)
    cases = []
    both = [(width, width % 2 == 0) for width in range(1, 13)] + [
        (1, True),
        (8, False),
        (12, False),
    ]
    for width, signed in both:
        size, channels, _ = next(groups)
        fmt = parse_format(next(outputs))
        build = GraphBuilder("one_case")
        build.input("x", (*size, channels), FixedFormat(signed, width, width // 2))
        build.lookup("y", "x", ends_first(rng, (1 << width,), fmt), fmt=fmt)
        case = make_case(build.finish("y"), len(cases))
        least = -(1 << (width - 1)) if signed else 0
        shape = case.frames["x"].shape[1:]
        frames = -(-(1 << width) // int(np.prod(shape)))
        if frames <= 100:
            every = least + np.arange(frames * np.prod(shape)) % (1 << width)
            case.frames["x"] = np.concatenate([case.frames["x"], every.reshape(frames, *shape)])
        cases.append(case)
    return cases


def other_format_cases() -> list[Case]:
    """Tables whose format is not the output's."""
    cases = []
    for table, output in [("ufixed<4,4>", "fixed<9,9>"), ("fixed<12,12>", "ufixed<4,4>")]:
        build = GraphBuilder("one_case")
        build.input("x", (1, 8, 1), parse_format("fixed<3,1>"))
        build.lookup(
            "y", "x", Constant(np.array([0, 15, 1, 2, 7, 8, 3, 4]), parse_format(table)),
            fmt=parse_format(output),
        )  # fmt: skip
        graph = build.finish("y")
        cases.append(Case(graph, None, {"x": np.arange(-4, 4).reshape(1, 1, 8, 1)}))
    return cases


def join_cases() -> list[Case]:
    """Two to four inputs of different binary points, signed and not."""
    formats = cycle([text for text in INPUTS if "40" not in text])
    wide = ["fixed<40,20>", "ufixed<40,25>", "fixed<38,4>", "ufixed<9,9>"]
    groups, outputs = cycle(GROUPS), cycle([None, *ALL_MODES])
    cases = []
    for kind, count in [("skip_subtract", 2)] * 9 + [
        (kind, count) for kind in ("skip_maximum", "skip_minimum") for count in (2, 3, 4)
    ] * 4:
        size, channels, _ = next(groups)
        chosen = wide if len(cases) % 7 == 6 else [next(formats) for _ in range(count)]
        build = GraphBuilder("one_case")
        names = [
            build.input(f"x{k}", (*size, channels), parse_format(chosen[k])) for k in range(count)
        ]
        getattr(build, kind)("y", *names, fmt=next(outputs))
        cases.append(make_case(build.finish("y"), len(cases)))
    return cases


FACTORS = [
    ("fixed<8,3>", "ufixed<8,0>"),
    ("ufixed<4,2>", "ufixed<4,0>"),
    ("fixed<1,1>", "fixed<7,9>"),
    ("ufixed<16,16>", "ufixed<16,0>"),
    ("ufixed<1,1>", "fixed<12,4>"),
    ("fixed<24,4>", "ufixed<37,40>"),
    ("fixed<31,2>", "fixed<31,-5>"),
    ("fixed<18,6>", "ufixed<4,0>"),
]


def product_cases() -> list[Case]:
    """As many channels on both sides, and one channel on either side, in every fold."""
    groups, formats = cycle(GROUPS), cycle(FACTORS)
    channels_of = cycle([lambda n: (n, n), lambda n: (n, 1), lambda n: (1, n)])
    cases = []
    for output in [*ALL_MODES, None, None, None, None]:
        size, channels, pe = next(groups)
        build = GraphBuilder("one_case")
        for name, text, count in zip("ab", next(formats), next(channels_of)(channels), strict=True):
            build.input(name, (*size, count), parse_format(text))
        build.skip_multiply("y", "a", "b", fmt=output)
        cases.append(make_case(build.finish("y"), len(cases), Fold(pe, 1)))
    return cases


@pytest.mark.parametrize("channels", [1, 3, 8, 12])
def test_groups_of_a_product_are_of_one_size(channels: int) -> None:
    """The header refuses others."""
    build = GraphBuilder("net")
    for name in "ab":
        build.input(name, (4, 4, channels), parse_format("ufixed<4,2>"))
    build.skip_multiply("y", "a", "b")
    op = build.op("y")
    assert isinstance(op, SkipMultiply)
    divisors = [pe for pe in range(1, channels + 1) if channels % pe == 0]
    assert [fold.pe for fold in op.legal_folds()] == divisors


@BOTH_TIERS
def test_batch_norm_and_threshold(tmp_path: Path, tier: str) -> None:
    check(of_tier(batch_norm_cases() + threshold_cases(), tier, header_traits), tmp_path)


@BOTH_TIERS
def test_lookup_and_joins(tmp_path: Path, tier: str) -> None:
    check(of_tier(lookup_cases() + join_cases() + product_cases(), tier, header_traits), tmp_path)


@BOTH_TIERS
def test_frames_side_by_side(tmp_path: Path, tier: str) -> None:
    cases = batch_norm_cases()[::2] + threshold_cases()[::2] + lookup_cases()[::3]
    cases += join_cases()[::2] + product_cases()[::2]
    special = [*zero_cases(), *other_format_cases(), far_base_case()]
    check(of_tier(cases, tier, header_traits, special), tmp_path, lanes=True)


@BOTH_TIERS
def test_exact_widths_and_cycles(tmp_path: Path, tier: str) -> None:
    """Counters, codes and sums of ap_int, as synthesis sees them; and the cycles of a frame."""
    cases = batch_norm_cases()[::5] + threshold_cases()[::3] + lookup_cases()[1::5]
    cases += join_cases()[::7] + product_cases()[::7]
    special = other_format_cases()
    check(
        of_tier(cases, tier, header_traits, special), tmp_path, "-DFCN_HW_EXACT_WIDTHS", cycles=True
    )


@BOTH_TIERS
def test_sanitized(tmp_path: Path, tier: str) -> None:
    """No access outside an array, no overflow, no shift by more bits than a type has."""
    cases = batch_norm_cases()[1::13] + threshold_cases()[1::8] + lookup_cases()[4::15]
    cases += join_cases()[2::16] + product_cases()[3::16]
    special = [*zero_cases(), far_base_case()]
    check(of_tier(cases, tier, header_traits, special), tmp_path, *SANITIZE)
