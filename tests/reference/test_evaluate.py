"""Running graphs: what is kept, and every error."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_graphs import graphs, random_frames

from fcn_hw import reference
from fcn_hw.errors import FormatError, GraphError
from fcn_hw.fixed import parse_format
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ir.graph import Graph
from fcn_hw.reference import evaluate, evaluate_parts
from fcn_hw.reference import evaluate as evaluate_function

SHAPE = (3, 4, 2)


def two_paths() -> Graph:
    """``image`` doubled by an addition, and its maximum pooled beside."""
    build = GraphBuilder("net")
    build.input("image", SHAPE, parse_format("fixed<4,4>"))
    build.skip_add("twice", "image", "image")
    build.max_pool2d("pooled", "image", (2, 2))
    build.crop2d("corner", "twice", (0, 0), (1, 1))
    return build.finish("pooled", "corner")


def frames(count: int = 1) -> np.ndarray:
    return np.random.default_rng(0).integers(-8, 8, (count, *SHAPE))


def test_all_tensors_come_back_in_order() -> None:
    found = evaluate(two_paths(), {"image": frames(2)})
    assert list(found) == ["image", "twice", "pooled", "corner"]
    assert {codes.dtype for codes in found.values()} == {np.dtype(np.int64)}
    assert [codes.shape for codes in found.values()] == [
        (2, 3, 4, 2), (2, 3, 4, 2), (2, 1, 2, 2), (2, 1, 1, 2),
    ]  # fmt: skip


def test_keep_limits_what_comes_back() -> None:
    graph, image = two_paths(), frames(3)
    everything = evaluate(graph, {"image": image})
    found = evaluate(graph, {"image": image}, keep=["corner", "image"])
    assert list(found) == ["image", "corner"]
    for name, codes in found.items():
        assert np.array_equal(codes, everything[name])
    assert evaluate(graph, {"image": image}, keep=()) == {}


def test_keep_computes_only_what_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = two_paths()

    def refuse(*given: object) -> None:
        raise AssertionError("it is computed")

    monkeypatch.setattr(type(graph["pooled"]), "codes", refuse)
    evaluate(graph, {"image": frames()}, keep=["corner"])
    with pytest.raises(AssertionError, match="it is computed"):
        evaluate(graph, {"image": frames()}, keep=["pooled"])


@settings(max_examples=60)
@given(graphs(), st.integers(0, 2**32 - 1))
def test_number_types_do_not_change_the_codes(graph: Graph, seed: int) -> None:
    """Floats, where they stand in for integers, give the codes that integers give."""
    inputs = random_frames(graph, seed, count=3)
    found = evaluate(graph, inputs)
    with pytest.MonkeyPatch.context() as patch:
        users = [module for name, module in sys.modules.items() if name.startswith("fcn_hw.ops.")]
        users = [module for module in (*users, reference) if hasattr(module, "whole_type")]
        assert len(users) >= 7
        for module in users:
            patch.setattr(module, "whole_type", lambda bound: np.int64)
        expected = evaluate(graph, inputs)
    for name, codes in expected.items():
        assert np.array_equal(found[name], codes), name


def test_parts_hold_small_codes_in_float32() -> None:
    graph, image = two_paths(), frames(7)
    expected = evaluate(graph, {"image": image})
    parts = list(evaluate_parts(graph, {"image": image}, keep=["corner", "pooled"]))
    assert {codes.dtype for _, _, found in parts for codes in found.values()} == {
        np.dtype(np.float32)
    }
    for part, count, found in parts:
        assert count == 7
        for name, codes in found.items():
            assert np.array_equal(codes, expected[name][part])


def test_batches_do_not_change_the_codes(monkeypatch: pytest.MonkeyPatch) -> None:
    graph, image = two_paths(), frames(7)
    expected = evaluate(graph, {"image": image})
    monkeypatch.setitem(evaluate_function.__globals__, "_BATCH_ELEMENTS", 3 * 24)
    found = evaluate(graph, {"image": image})
    for name, codes in expected.items():
        assert np.array_equal(found[name], codes)


def test_bytes_are_taken_as_codes() -> None:
    build = GraphBuilder("net")
    build.input("image", (1, 2, 1), parse_format("ufixed<8,0>"))
    build.skip_add("sum", "image", "image")
    image = np.array([[[[200], [255]]]], np.uint8)
    assert evaluate(build.finish("sum"), {"image": image})["sum"].ravel().tolist() == [400, 510]


def test_the_caller_s_array_is_not_changed() -> None:
    image = frames()
    before = image.copy()
    found = evaluate(two_paths(), {"image": image})
    found["image"][:] = 0
    assert np.array_equal(image, before)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({}, "input 'image' is missing"),
        (
            {"image": frames(), "imgae": frames()},
            "'imgae' is no input of the graph; near: 'image'",
        ),
        (
            {"image": frames().astype(np.float64)},
            "input 'image' has dtype float64: integer codes of fixed<4,4> are expected",
        ),
        (
            {"image": frames().astype(np.uint64)},
            "input 'image' has dtype uint64: integer codes of fixed<4,4> are expected",
        ),
        (
            {"image": frames()[0]},
            "input 'image' has shape (3, 4, 2), must be (frames, 3, 4, 2)",
        ),
        (
            {"image": frames()[:, :2]},
            "input 'image' has shape (1, 2, 4, 2), must be (frames, 3, 4, 2)",
        ),
        (
            {"image": frames()[:0]},
            "input 'image' has shape (0, 3, 4, 2), must be (frames, 3, 4, 2)",
        ),
        (
            {"image": np.full((1, *SHAPE), 8)},
            "input 'image' holds codes 8 to 8, fixed<4,4> has -8 to 7",
        ),
        (
            {"image": np.full((1, *SHAPE), -9)},
            "input 'image' holds codes -9 to -9, fixed<4,4> has -8 to 7",
        ),
    ],
)
def test_wrong_inputs(inputs: dict[str, np.ndarray], message: str) -> None:
    with pytest.raises(FormatError) as caught:
        evaluate(two_paths(), inputs)
    assert str(caught.value) == message


def test_inputs_must_agree_on_the_frames() -> None:
    build = GraphBuilder("net")
    for name in ("left", "right"):
        build.input(name, SHAPE, parse_format("fixed<4,4>"))
    build.skip_add("sum", "left", "right")
    with pytest.raises(FormatError) as caught:
        evaluate(build.finish("sum"), {"left": frames(2), "right": frames(3)})
    assert str(caught.value) == (
        "the inputs differ in their number of frames: 'left' has 2, 'right' has 3"
    )


def test_keep_of_an_unknown_tensor() -> None:
    with pytest.raises(GraphError) as caught:
        evaluate(two_paths(), {"image": frames()}, keep=["pool"])
    assert str(caught.value) == "graph 'net': there is no op 'pool'; near: 'pooled'"
