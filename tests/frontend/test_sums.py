"""Sums of norms and codes in front of a quantizer: proved for every pair, or measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from float_models import Kit, check

from fcn_hw.fixed import Codes, FixedFormat, from_quantized_relu
from fcn_hw.frontend import resolve, sums
from fcn_hw.frontend.affine_fit import SumFit, fit_sum
from fcn_hw.frontend.parts import Affine
from fcn_hw.frontend.proofs import Proof, Status, load_proofs, save_proofs, statuses
from fcn_hw.frontend.quantizer import Activation
from fcn_hw.frontend.resolve import Context
from fcn_hw.frontend.values import Known, Pending, Sum, Value
from fcn_hw.frontend.words import QKERAS
from fcn_hw.ir import Graph
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.names import Names
from fcn_hw.ops import Constant
from fcn_hw.reference import evaluate

CHANNELS = 3
RELU4 = from_quantized_relu(4, 1)


def quantizer(values: Any) -> Any:
    steps = np.rint(np.asarray(values, np.float32) * np.float32(8))
    return np.clip(steps, np.float32(0), np.float32(15)) / np.float32(8)


ACTIVATION = Activation("relu4", quantizer, RELU4, converts=True)


class Pair:
    """Two integers, each with a scale and bias of float32, and the sum of the results."""

    def __init__(self, seed: int, *, plain: bool = False) -> None:
        rng = np.random.default_rng(seed)
        self.formats = [
            FixedFormat(signed, int(rng.integers(4, 7)), int(rng.integers(2, 4)))
            for signed in (True, not plain)
        ]
        signs = rng.choice([-1, 1, 1], (2, CHANNELS))
        self.scale = (rng.uniform(0.2, 1.7, (2, CHANNELS)) * signs).astype(np.float32)
        self.bias = rng.normal(0.2, 0.4, (2, CHANNELS)).astype(np.float32)
        self.plain = plain

    def single(self, index: int, codes: Codes) -> Any:
        """What QKeras would compute, (..., channels)."""
        values = (codes * self.formats[index].step).astype(np.float32)[..., None]
        if self.plain and index:
            return values + np.zeros(CHANNELS, np.float32)
        return values * self.scale[index] + self.bias[index]

    def codes(self, index: int) -> Codes:
        fmt = self.formats[index]
        return np.arange(fmt.min_code, fmt.max_code + 1)

    def expected(self) -> Codes:
        """The code of every pair, (codes of the first, codes of the second, channels)."""
        first, second = (self.single(index, self.codes(index)) for index in range(2))
        values = first[:, None, :] + second[None, :, :]
        found: Codes = np.ldexp(quantizer(values), RELU4.fraction).astype(np.int64)
        return found

    def graph(self) -> tuple[Graph, tuple[Proof, ...]]:
        """The sum in front of the quantizer, on frames that hold every pair once."""
        builder = GraphBuilder("pair")
        context = Context(builder, Names("pair"), QKERAS)
        shape = (len(self.codes(0)), len(self.codes(1)), CHANNELS)
        values: list[Value] = []
        for index, fmt in enumerate(self.formats):
            value: Value = Known(builder.input(f"x{index}", shape, fmt), shape)
            if not (self.plain and index):
                value = Pending(value, self._part(index))
            values.append(value)
        build = lambda ops, fmt, origin: builder.skip_add(  # noqa: E731
            context.names.give("add"), *ops, fmt=fmt, origin=origin
        )
        total = Sum(tuple(values), shape, build, "add")
        found = context.quantized(total, ACTIVATION, "act", "act")
        return builder.finish(found.op), tuple(context.proofs)

    def frames(self) -> dict[str, Codes]:
        shape = (1, len(self.codes(0)), len(self.codes(1)), CHANNELS)
        first = np.broadcast_to(self.codes(0)[None, :, None, None], shape)
        second = np.broadcast_to(self.codes(1)[None, None, :, None], shape)
        return {"x0": first, "x1": second}

    def _part(self, index: int) -> Affine:
        scale, bias = self.scale[index], self.bias[index]
        return Affine(
            f"norm{index}", "norm", scale.astype(np.float64), bias.astype(np.float64),
            lambda values: np.asarray(values, np.float32) * scale + bias,
            roundings=2,
        )  # fmt: skip


@pytest.mark.parametrize("seed", range(12))
def test_the_integer_form_equals_float32_on_every_pair(seed: int) -> None:
    pair = Pair(seed, plain=seed % 3 == 2)
    graph, proofs = pair.graph()
    (proof,) = proofs
    assert proof.proved and proof.form == "sum of scales"
    assert statuses(graph, proofs)[graph.outputs[0]] is Status.PROVED
    found = evaluate(graph, pair.frames())[graph.outputs[0]][0]
    assert np.array_equal(found, pair.expected())
    sizes = " x ".join(f"{len(pair.codes(index)):,}" for index in range(2))
    assert proof.text == f"QKeras evaluated at all {sizes} codes of its terms, 3 channels"
    # the terms are narrow, and no wider than the exact sum
    assert all(op.output.format.fraction <= 20 for op in graph.ops)


def test_one_fraction_bit_less_fits_no_bias(monkeypatch: pytest.MonkeyPatch) -> None:
    """By brute force over every pair, not over the steps alone."""
    pair = Pair(4)
    seen: list[SumFit] = []

    def watched(*arguments: Any) -> SumFit | None:
        found = fit_sum(*arguments)
        assert found is not None
        seen.append(found)
        return found

    monkeypatch.setattr(resolve, "fit_sum", watched)
    pair.graph()
    (fit,) = seen
    first, second = fit.terms
    assert first is not None and second is not None
    exact = first.scale.format.fraction + pair.formats[0].fraction
    assert exact == second.scale.format.fraction + pair.formats[1].fraction

    def room(fraction: int, channel: int) -> int:
        """The widest range of biases, over scales next to the real ones."""
        shift, expected = fraction - RELU4.fraction, pair.expected()[:, :, channel]
        near = [
            int(np.rint(np.ldexp(np.float64(pair.scale[n, channel]), fraction - fmt.fraction)))
            for n, fmt in enumerate(pair.formats)
        ]
        widest = -1
        for offsets in product((-1, 0, 1), repeat=2):
            a, b = near[0] + offsets[0], near[1] + offsets[1]
            products = a * pair.codes(0)[:, None] + b * pair.codes(1)[None, :]
            floor = (expected << shift) - (1 << (shift - 1)) - products
            low = floor[expected > 0].max()
            high = (floor + (1 << shift) - 1)[expected < RELU4.max_code].min()
            widest = max(widest, int(high - low))
        return widest

    assert all(room(exact, channel) >= 0 for channel in range(CHANNELS))
    assert any(room(exact - 1, channel) < 0 for channel in range(CHANNELS))


def test_a_wrong_bit_makes_the_proof_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    pair = Pair(1)

    def planted(*arguments: Any) -> SumFit | None:
        fit = fit_sum(*arguments)
        assert fit is not None and fit.terms[0] is not None
        scale = fit.terms[0].scale
        codes = scale.codes.copy()
        codes[1] ^= 1 << max(scale.format.width - 6, 0)
        wrong = replace(fit.terms[0], scale=Constant(codes, scale.format))
        return replace(fit, terms=(wrong, *fit.terms[1:]))

    monkeypatch.setattr(resolve, "fit_sum", planted)
    graph, proofs = pair.graph()
    found = evaluate(graph, pair.frames())[graph.outputs[0]][0]
    wrong = np.count_nonzero(found != pair.expected())
    assert wrong and not proofs[0].proved
    assert proofs[0].text.endswith(f"; {wrong:,} codes differ")
    assert statuses(graph, proofs)[graph.outputs[0]] is Status.MEASURED


def test_beyond_the_limit_both_sides_of_every_step_are_evaluated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sums, "MAX_TUPLES", 0)
    monkeypatch.setattr(resolve, "MAX_TUPLES", 0)
    pair = Pair(5)
    graph, (proof,) = pair.graph()
    assert proof.proved and proof.text.startswith("QKeras evaluated at both sides of all ")
    found = evaluate(graph, pair.frames())[graph.outputs[0]][0]
    assert np.array_equal(found, pair.expected())
    # with more rows than are searched, the terms get stated formats
    monkeypatch.setattr(sums, "MAX_STEPS", 0)
    _, proofs = pair.graph()
    assert [proof.form for proof in proofs] == ["scale and bias"] * 2
    assert not any(proof.proved for proof in proofs)


def test_terms_survive_the_file_of_proofs(tmp_path: Any) -> None:
    graph, proofs = Pair(3).graph()
    assert len(proofs[0].terms) == 2
    save_proofs(proofs, tmp_path)
    assert load_proofs(tmp_path) == proofs
    assert statuses(graph, load_proofs(tmp_path))[graph.outputs[0]] is Status.PROVED


# -- whole models ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def kit() -> Kit:
    return Kit()


Layer = Callable[[Any], Any]


def norms(k: Kit, x: Any, count: int, filters: int = 4) -> tuple[Any, ...]:
    """Few codes, and normalized convolutions of them."""
    codes = k.act(3, 1)(k.conv(filters, 1)(x))
    made = [k.norm()(k.conv(filters, 1, use_bias=False)(codes)) for _ in range(count)]
    return codes, *made


def added(k: Kit, *values: Any) -> Any:
    return k.layers.Add()(list(values))


def second_add(k: Kit, x: Any) -> Any:
    codes, first, second = norms(k, x, 2, 2)
    return k.act()(added(k, added(k, codes, first), second))


def in_one_add(k: Kit, x: Any) -> Any:
    return k.act()(added(k, *norms(k, x, 2, 2)))


def padded(k: Kit, x: Any) -> Any:
    codes, first, second = norms(k, x, 2)
    pad = k.layers.ZeroPadding2D(((1, 0), (0, 2)))
    return k.act()(
        k.layers.Concatenate()([
            added(k, pad(first), k.norm()(k.conv(4, 1, use_bias=False)(pad(codes)))),
            added(k, pad(first), pad(second)),
        ])
    )  # fmt: skip


def moved(k: Kit, x: Any) -> Any:
    codes, first, second = norms(k, x, 2)
    small = k.layers.MaxPooling2D(2)(codes)
    pooled = added(
        k, k.layers.MaxPooling2D(2)(first), k.norm()(k.conv(4, 1, use_bias=False)(small))
    )
    upwards = k.layers.UpSampling2D(2)(k.norm()(k.conv(4, 1, use_bias=False)(small)))
    cropped = k.layers.Cropping2D(((0, 1), (0, 1)))(second)
    return [k.act()(pooled), k.act()(added(k, upwards, cropped))]


MODELS: dict[str, Callable[[Kit, Any], Any]] = {
    "a code and a norm": lambda k, x: k.act()(added(k, *norms(k, x, 1))),
    "pooling and padding behind": lambda k, x: k.act()(
        k.layers.ZeroPadding2D(1)(k.layers.MaxPooling2D(2)(added(k, *norms(k, x, 2)[1:])))
    ),
    "a ReLU behind": lambda k, x: k.quantized(k.bits(5, 2))(
        k.layers.ReLU()(added(k, *norms(k, x, 2)[1:]))
    ),
    "a norm behind": lambda k, x: k.quantized(k.bits(5, 2))(k.norm()(added(k, *norms(k, x, 1)))),
    "second add": second_add,
    "in one add": in_one_add,
    "zeros in the place of terms": padded,
    "moved terms": moved,
}


@pytest.mark.parametrize("name", MODELS)
def test_sums_are_proved(kit: Kit, name: str) -> None:
    exported, known = check(kit.model(lambda x: MODELS[name](kit, x)))
    assert Status.MEASURED not in known.values(), known
    assert any(proof.form == "sum of scales" for proof in exported.proofs)


MEASURED: dict[str, Callable[[Kit, Any], Any]] = {
    "average of a norm": lambda k, x: k.act()(
        added(k, *(k.layers.AveragePooling2D(2)(value) for value in norms(k, x, 2)))
    ),
    "a sign behind": lambda k, x: k.quantized(k.q.binary(alpha=1.0))(
        k.layers.ZeroPadding2D(1)(added(k, *norms(k, x, 1)))
    ),
    "relu and no quantizer": lambda k, x: k.conv(2, 1)(
        k.layers.ReLU(name="relu")(added(k, *norms(k, x, 1)))
    ),
}


@pytest.mark.parametrize("name", MEASURED)
def test_other_sums_are_measured(kit: Kit, name: str) -> None:
    exported, known = check(kit.model(lambda x: MEASURED[name](kit, x)))
    assert Status.MEASURED in known.values()
    assert all("stated format" in proof.text for proof in exported.proofs if not proof.proved)
