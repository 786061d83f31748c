"""Reshape and Permute: axes of an image again, or of one whose channels became pixels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np
import pytest
from float_models import BYTES, Kit, check

from fcn_hw.errors import UnsupportedLayer
from fcn_hw.fixed import parse_format
from fcn_hw.frontend.arranged import Arranged
from fcn_hw.frontend.qkeras import export
from fcn_hw.frontend.resolve import Context
from fcn_hw.frontend.values import Known
from fcn_hw.frontend.words import QKERAS
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.names import Names
from fcn_hw.reference import evaluate

Step = tuple[str, tuple[int, ...]]
"""``"reshape"`` or ``"permute"``, and the sizes or the order."""


def image(shape: tuple[int, int, int]) -> tuple[Context, Arranged]:
    builder = GraphBuilder("net")
    builder.input("image", shape, parse_format("ufixed<12,12>"))
    context = Context(builder, Names("net"), QKERAS)
    return context, Arranged.of(Known("image", shape), "moved")


def rearranged(tensor: Arranged, steps: Sequence[Step]) -> Arranged:
    for how, numbers in steps:
        tensor = tensor.reshaped(numbers) if how == "reshape" else tensor.permuted(numbers)
    return tensor


def by_numpy(values: Any, steps: Sequence[Step]) -> Any:
    for how, numbers in steps:
        values = values.reshape(numbers) if how == "reshape" else values.transpose(numbers)
    return values


SUB_PIXEL: dict[str, tuple[tuple[int, int, int], list[Step]]] = {
    "2x2, pixel by pixel": ((3, 5, 12), [
        ("reshape", (3, 5, 2, 2, 3)), ("permute", (0, 2, 1, 3, 4)), ("reshape", (6, 10, 3))]),
    "2x2, channel by channel": ((3, 5, 12), [
        ("reshape", (3, 5, 3, 2, 2)), ("permute", (0, 3, 1, 4, 2)), ("reshape", (6, 10, 3))]),
    "3x1 of one column": ((4, 1, 6), [
        ("reshape", (4, 1, 3, 1, 2)), ("permute", (0, 2, 1, 3, 4)), ("reshape", (12, 1, 2))]),
    "one pixel": ((1, 1, 8), [("reshape", (2, 4, 1))]),
    "one channel": ((2, 3, 4), [
        ("reshape", (6, 2, 2)), ("reshape", (2, 3, 2, 2)), ("permute", (0, 2, 1, 3)),
        ("reshape", (4, 6, 1))]),
    "in two moves": ((2, 3, 16), [
        ("reshape", (2, 3, 2, 2, 4)), ("permute", (0, 2, 1, 3, 4)), ("reshape", (4, 6, 4)),
        ("reshape", (4, 6, 4, 1)), ("permute", (0, 1, 3, 2)), ("reshape", (4, 6, 4))]),
    "there and back": ((2, 3, 4), [
        ("permute", (2, 0, 1)), ("reshape", (4, 6)), ("permute", (1, 0)), ("reshape", (2, 3, 4))]),
}  # fmt: skip


@pytest.mark.parametrize("name", SUB_PIXEL)
def test_axes_of_an_image_again(name: str) -> None:
    shape, steps = SUB_PIXEL[name]
    context, tensor = image(shape)
    found = rearranged(tensor, steps).as_image(context)
    assert isinstance(found, Known)
    graph = context.builder.finish(
        context.builder.quantize("y", found.op, parse_format("ufixed<12,12>"))
    )
    codes = np.arange(prod(shape)).reshape(1, *shape)
    expected = by_numpy(codes[0], steps)
    assert np.array_equal(evaluate(graph, {"image": codes})["y"][0], expected)


@pytest.mark.parametrize(
    "steps",
    [
        [("permute", (1, 0, 2))],
        [("reshape", (4, 3, 4))],
        [("reshape", (2, 6, 2, 2)), ("permute", (2, 0, 1, 3)), ("reshape", (4, 6, 2))],
        [("reshape", (2, 24))],
    ],
)  # fmt: skip
def test_axes_of_no_image(steps: list[Step]) -> None:
    context, tensor = image((2, 6, 4))
    found = rearranged(tensor, steps)
    same = by_numpy(np.arange(48).reshape(2, 6, 4), steps)
    assert found.shape == same.shape
    assert found.as_image(context) is None
    assert found.keeps_order == np.array_equal(same.ravel(), np.arange(48))


def test_an_axis_that_begins_inside_another_is_refused() -> None:
    _, tensor = image((6, 4, 3))
    with pytest.raises(UnsupportedLayer) as caught:
        tensor.permuted((1, 0, 2)).reshaped((3, 8, 3))
    assert caught.value.message == (
        "layer 'moved': it makes 3x8x3 of what no axis of the image ends with"
    )


@pytest.fixture(scope="module")
def kit() -> Kit:
    return Kit()


def sub_pixel(kit: Kit, tensor: Any, *, by_channel: bool = False) -> Any:
    """2x2 pixels of four channels each, by three layers."""
    _, height, width, channels = tensor.shape
    made, count = kit.layers, channels // 4
    apart = (height, width, count, 2, 2) if by_channel else (height, width, 2, 2, count)
    order = (1, 4, 2, 5, 3) if by_channel else (1, 3, 2, 4, 5)
    moved = made.Permute(order)(made.Reshape(apart)(tensor))
    return made.Reshape((2 * height, 2 * width, count))(moved)


BEHIND_A_QUANTIZER: dict[str, Callable[[Kit, Any], Any]] = {
    "norms on both sides": lambda k, x: k.act()(k.norm()(sub_pixel(k, k.norm()(k.conv(8)(x))))),
    "channel by channel": lambda k, x: k.act()(
        k.norm()(sub_pixel(k, k.norm()(k.conv(8)(x)), by_channel=True))
    ),
    "of a sum": lambda k, x: k.act()(
        k.norm()(sub_pixel(k, k.layers.Add()([k.norm()(k.conv(8)(x)), k.conv(8)(x)])))
    ),
}


@pytest.mark.parametrize("name", BEHIND_A_QUANTIZER)
def test_behind_a_quantizer(kit: Kit, name: str) -> None:
    check(kit.model(lambda x: BEHIND_A_QUANTIZER[name](kit, x)))


def test_rows_behind_one_another_at_the_end(kit: Kit) -> None:
    """Reshape((height * width, channels)) and a softmax, as Keras examples of SegNet end."""
    made = kit.layers
    model = kit.model(
        lambda x: made.Activation("softmax")(made.Reshape((-1, 3))(kit.conv(3)(kit.act()(x))))
    )
    exported = export(model, BYTES)
    assert exported.graph.ops[-1].kind == "ArgMax"
    assert any("its values go out as" in note for note in exported.notes)
    check(model)
