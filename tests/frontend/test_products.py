"""Products of activations, and joins with a tensor of a single row, column or channel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from float_models import BYTES, Kit, check

from fcn_hw.errors import UnsupportedLayer
from fcn_hw.frontend.proofs import Status
from fcn_hw.frontend.qkeras import export
from fcn_hw.ops.skip_multiply import SkipMultiply
from fcn_hw.ops.upsample_nearest import UpsampleNearest


@pytest.fixture(scope="module")
def kit() -> Kit:
    return Kit()


def features(k: Kit, x: Any, filters: int = 4) -> Any:
    return k.act()(k.conv(filters)(x))


def squeezed(k: Kit, x: Any, filters: int = 4, axes: tuple[int, int] = (9, 11)) -> Any:
    """Of a pixel for the whole frame, or for each row or column."""
    pooled = k.quantized(k.bits(8, 2))(k.layers.AveragePooling2D(axes)(x))
    return k.act(4, 0)(k.layers.Activation("sigmoid")(k.conv(filters, 1)(pooled)))


def gated(k: Kit, x: Any, factor: Any) -> Any:
    """A product as an attention gate has it, a quantizer behind it."""
    return k.quantized(k.bits(6, 2))(k.layers.Multiply(name="product")([x, factor]))


def attention(k: Kit, x: Any) -> Any:
    x = features(k, x)
    summed = k.act()(k.layers.Add()([k.conv(4, 1)(x), k.conv(4, 1)(x)]))
    return gated(k, x, k.quantized("quantized_sigmoid(4)")(k.conv(1, 1)(summed)))


EXACT: dict[str, Callable[[Kit, Any], Any]] = {
    "of one shape": lambda k, x: gated(k, features(k, x), k.conv()(x)),
    "square": lambda k, x: gated(k, *[features(k, x)] * 2),
    "attention gate": attention,
    "one channel first": lambda k, x: gated(k, k.act()(k.conv(1)(x)), features(k, x)),
    "squeeze and excitation": lambda k, x: gated(k, *(f := features(k, x), squeezed(k, f))),
    "one pixel first": lambda k, x: gated(k, squeezed(k, x), features(k, x)),
    "one pixel of one channel": lambda k, x: gated(k, features(k, x), squeezed(k, x, 1)),
    "a factor a row": lambda k, x: gated(k, features(k, x), squeezed(k, x, 4, (1, 11))),
    "rows by columns": lambda k, x: gated(k, squeezed(k, x, 4, (1, 11)), squeezed(k, x, 4, (9, 1))),
    "three factors": lambda k, x: k.act()(
        k.layers.Multiply(name="product")([features(k, x), squeezed(k, x), features(k, x, 1)])
    ),
}


@pytest.mark.parametrize("name", EXACT)
def test_products_are_exact(kit: Kit, name: str) -> None:
    exported, known = check(kit.model(lambda x: EXACT[name](kit, x)))
    (op,) = (op for op in exported.graph.ops if op.origin == "product")
    assert isinstance(op, SkipMultiply)
    assert set(known.values()) <= {Status.EXACT, Status.PROVED}
    assert known[op.name] is Status.EXACT


def dense(k: Kit, units: int, x: Any) -> Any:
    return k.q.QDense(units, kernel_quantizer=k.bits(), bias_quantizer=k.bits(8))(x)


def test_a_pooled_vector_becomes_a_pixel_by_reshape(kit: Kit) -> None:
    """Squeeze-and-excitation of dense layers, and a branch of the whole frame (ASPP)."""

    def build(x: Any) -> Any:
        x = features(kit, x)
        vector = kit.quantized(kit.bits(8, 2))(kit.layers.GlobalAveragePooling2D()(x))
        hidden = kit.quantized(kit.bits(6, 2))(dense(kit, 3, vector))
        gate = kit.act(4, 0)(kit.layers.Activation("sigmoid")(dense(kit, 4, hidden)))
        gate = kit.layers.Reshape((1, 1, 4), name="pixel")(gate)
        branch = kit.layers.Reshape((1, 1, 4))(vector)
        branch = kit.layers.UpSampling2D((9, 11))(
            kit.quantized(kit.bits(6, 2))(kit.conv(3, 1)(branch))
        )
        return kit.layers.Concatenate()([gated(kit, x, gate), branch])

    exported, known = check(kit.model(build))
    assert set(known.values()) <= {Status.EXACT, Status.PROVED}
    assert len([op for op in exported.graph.ops if isinstance(op, UpsampleNearest)]) == 2


def test_products_of_float_layers_are_measured(kit: Kit) -> None:
    def build(x: Any) -> Any:
        factor = kit.norm()(kit.conv()(x))
        return gated(kit, features(kit, x), factor)

    _, known = check(kit.model(build))
    assert known["product"] is Status.MEASURED


JOINS: dict[str, Callable[[Kit, list[Any]], Any]] = {
    "Add": lambda k, xs: k.layers.Add(name="joined")(xs),
    "Subtract": lambda k, xs: k.layers.Subtract(name="joined")(xs[::-1]),
    "Maximum": lambda k, xs: k.layers.Maximum(name="joined")(xs),
}


@pytest.mark.parametrize("name", JOINS)
def test_a_pixel_is_joined_with_every_pixel(kit: Kit, name: str) -> None:
    """A context block: what was made of the whole frame is added everywhere."""

    def build(x: Any) -> Any:
        x = features(kit, x)
        return kit.act()(JOINS[name](kit, [x, squeezed(kit, x)]))

    exported, known = check(kit.model(build))
    (copies,) = (op for op in exported.graph.ops if isinstance(op, UpsampleNearest))
    assert (copies.scale, copies.origin) == ((9, 11), "")
    assert known["joined"] is Status.EXACT


def test_a_sum_of_normalizations_one_of_them_of_a_pixel(kit: Kit) -> None:
    def build(x: Any) -> Any:
        x = features(kit, x)
        pooled = kit.act(3, 1)(kit.layers.AveragePooling2D((9, 11))(x))
        terms = [kit.norm()(kit.act(3, 1)(x)), kit.norm()(pooled)]
        return kit.act()(kit.layers.Add()(terms))

    exported, known = check(kit.model(build))
    assert list(known.values())[-1] is Status.PROVED, exported.proofs


def test_other_shapes_are_refused(kit: Kit) -> None:
    layers = kit.layers

    def build(x: Any) -> Any:
        return layers.Add(name="joined")([x, layers.Conv2D(1, 1, kernel_initializer="ones")(x)])

    with pytest.raises(UnsupportedLayer) as caught:
        export(kit.model(build), BYTES)
    assert str(caught.value) == (
        "layer 'joined': inputs of different shapes: (9, 11, 3), (9, 11, 1)"
    )
