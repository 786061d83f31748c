"""The oracle against plain loops over exact fractions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from brute_force import brute_force
from hypothesis import given, settings
from hypothesis import strategies as st
from random_graphs import graphs, random_frames

from fcn_hw.fixed import FixedFormat, parse_format
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ir.graph import Graph
from fcn_hw.ops import OPS, Constant, Padding
from fcn_hw.reference import evaluate


def test_every_op_of_random_graphs() -> None:
    seen: set[type] = set()

    @settings(max_examples=300)
    @given(graphs(), st.integers(0, 2**32 - 1))
    def check(graph: Graph, seed: int) -> None:
        frames = random_frames(graph, seed, count=2)
        found = evaluate(graph, frames)
        for index in range(2):
            expected = brute_force(graph, {name: codes[index] for name, codes in frames.items()})
            for name, codes in expected.items():
                assert found[name][index].tolist() == codes, f"{graph[name].kind} '{name}'"
        seen.update(type(op) for op in graph.ops)

    check()
    assert seen == set(OPS), "an op that never occurred was not tested"


@pytest.mark.parametrize(
    "kind", ["max_pool2d", "upsample_nearest", "depth_to_space", "crop2d", "zero_pad2d"]
)
def test_an_op_that_moves_pixels_ends_with_its_format_too(kind: str) -> None:
    """The builder never gives such an op a symmetric format, but a graph may: -8 becomes -7."""
    build = GraphBuilder("net")
    build.input("image", (3, 4, 2), parse_format("fixed<4,2>"))
    {
        "max_pool2d": lambda: build.max_pool2d("y", "image", (2, 1)),
        "upsample_nearest": lambda: build.upsample_nearest("y", "image", (2, 1)),
        "depth_to_space": lambda: build.depth_to_space("y", "image", (1, 2)),
        "crop2d": lambda: build.crop2d("y", "image", (1, 1), (2, 2)),
        "zero_pad2d": lambda: build.zero_pad2d("y", "image", Padding(1, 0, 0, 1)),
    }[kind]()
    op = build.finish("y")["y"]
    symmetric = replace(op.output, format=parse_format("fixed<4,2,TRN,SAT_SYM>"))
    graph = Graph("net", (build.finish("y")["image"], replace(op, output=symmetric)), ("y",))
    image = np.full((1, 3, 4, 2), -8)
    found = evaluate(graph, {"image": image})["y"]
    assert found.min() == -7
    assert found[0].tolist() == brute_force(graph, {"image": image[0]})["y"]


@pytest.mark.parametrize("join", ["skip_add", "skip_maximum", "skip_minimum", "skip_concat"])
def test_joined_inputs_of_different_points(join: str) -> None:
    build = GraphBuilder("net")
    build.input("image", (3, 4, 2), parse_format("fixed<6,2>"))
    build.quantize("coarse", "image", parse_format("fixed<5,4,RND,SAT>"))
    build.quantize("fine", "image", parse_format("ufixed<7,1,RND,SAT>"))
    getattr(build, join)("joined", "coarse", "image", "fine")
    graph = build.finish("joined")
    frames = random_frames(graph, 0)
    found = evaluate(graph, frames)["joined"]
    for index in range(2):
        expected = brute_force(graph, {"image": frames["image"][index]})["joined"]
        assert found[index].tolist() == expected


@pytest.mark.parametrize("text", ["fixed<40,20>", "ufixed<40,12>", "fixed<40,44>", "ufixed<1,1>"])
def test_constants_of_channels_at_the_ends_of_wide_inputs(text: str) -> None:
    """40 bits in; thresholds beyond the input's range and repeated; steps of every sign."""
    fmt = parse_format(text)
    wide = FixedFormat(True, fmt.width + 3, fmt.integer + 3)
    build = GraphBuilder("net")
    build.input("image", (2, 3, 3), fmt)
    scale = Constant(np.array([32767, -32768, 3]), parse_format("fixed<16,0>"))
    bias = Constant(np.array([-(2**23), 2**23 - 1, 7]), parse_format("fixed<24,8>"))
    build.batch_norm("exact", "image", scale, bias)
    build.batch_norm("rounded", "image", scale, bias, fmt=parse_format("fixed<12,5,RND_CONV,SAT>"))
    rows = [
        [wide.min_code, fmt.min_code, 0, 0, 1, fmt.max_code, fmt.max_code + 1, wide.max_code],
        [fmt.max_code] * 8,
        [fmt.max_code + 1] * 4 + [wide.max_code] * 4,
    ]
    small = parse_format("fixed<8,6>")
    build.threshold(
        "steps", "image", Constant(np.array(rows), wide), Constant(np.array([9, -3, 100]), small),
        Constant(np.array([-2, 3, 1]), small),
    )  # fmt: skip
    graph = build.finish("exact", "rounded", "steps")
    ends = [fmt.min_code, fmt.max_code, 0, 1, fmt.max_code - 1, (fmt.min_code + fmt.max_code) // 2]
    image = np.array(ends)[:, None].repeat(3, axis=1).reshape(2, 3, 3)
    found = evaluate(graph, {"image": image[None]})
    expected = brute_force(graph, {"image": image})
    for name in ("exact", "rounded", "steps"):
        assert found[name][0].tolist() == expected[name]
    assert found["steps"][0, :, :, 2].tolist() == [[100] * 3] * 2, "none is reached"


@pytest.mark.parametrize("channels", [(3, 3), (3, 1), (1, 3), (1, 1)])
def test_products_of_wide_and_of_narrow_inputs(channels: tuple[int, int]) -> None:
    """In float32, float64 and int64; a channel that multiplies all channels of the other input."""
    build = GraphBuilder("net")
    wide = [("ufixed<12,3>", "fixed<11,20>"), ("fixed<20,4>", "ufixed<30,-2>"),
            ("fixed<31,31>", "ufixed<31,5>")]  # fmt: skip
    for n, texts in enumerate(wide):
        for name, text, count in zip("ab", texts, channels, strict=True):
            build.input(f"{name}{n}", (1, 2, count), parse_format(text))
        build.skip_multiply(f"exact{n}", f"a{n}", f"b{n}")
        build.skip_multiply(
            f"rounded{n}", f"a{n}", f"b{n}", fmt=parse_format("fixed<10,5,RND_CONV,SAT_SYM>")
        )
    names = [f"{kind}{n}" for kind in ("exact", "rounded") for n in range(len(wide))]
    graph = build.finish(*names)
    for seed in range(3):
        frames = random_frames(graph, seed, count=1)
        found = evaluate(graph, frames)
        expected = brute_force(graph, {name: codes[0] for name, codes in frames.items()})
        for name in names:
            assert found[name][0].tolist() == expected[name]


def test_maximum_and_minimum_of_different_points_and_the_difference_of_unsigned_inputs() -> None:
    build = GraphBuilder("net")
    for name, text in [("a", "ufixed<40,20>"), ("b", "ufixed<8,8>"), ("c", "fixed<38,4>")]:
        build.input(name, (1, 2, 2), parse_format(text))
    build.skip_subtract("less", "b", "a")
    build.skip_maximum("most", "c", "b", "a", fmt=parse_format("fixed<20,10,RND,SAT_SYM>"))
    build.skip_minimum("least", "c", "b", "a", fmt=parse_format("fixed<20,10,RND,SAT_SYM>"))
    graph = build.finish("less", "most", "least")
    for seed in range(5):
        frames = random_frames(graph, seed, count=1)
        found = evaluate(graph, frames)
        expected = brute_force(graph, {name: codes[0] for name, codes in frames.items()})
        for name in ("less", "most", "least"):
            assert found[name][0].tolist() == expected[name]
