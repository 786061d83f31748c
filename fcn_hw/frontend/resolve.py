"""Values to ops of the graph: pending float functions meet their quantizer, or a stated format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from fcn_hw.errors import FormatError, UnsupportedLayer
from fcn_hw.estimate.ops import op_cost
from fcn_hw.fixed import Codes, FixedFormat, Overflow, Rounding, quantize, smallest_format
from fcn_hw.frontend.activations import Activation, exact_format
from fcn_hw.frontend.affine_fit import ScaleAndBias, fit_scale_and_bias
from fcn_hw.frontend.parts import UNIT_ROUNDOFF, Channels, Floats, Part, never_falls
from fcn_hw.frontend.proofs import Proof
from fcn_hw.frontend.rational import integer_affine
from fcn_hw.frontend.steps import NotMonotone, StepFunction, Steps
from fcn_hw.frontend.values import Known, Moved, Pending, Shape, Value
from fcn_hw.frontend.walk import Call
from fcn_hw.ir import Constant, Tensor
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ir.cycles import Fold
from fcn_hw.ir.thresholds import MAX_THRESHOLDS
from fcn_hw.ir.verify import MAX_LOOKUP_BITS
from fcn_hw.names import Names

STATED_BITS = 18
"""Width of a value that no quantizer follows, and of its scale: a DSP slice's narrower port."""


@dataclass(frozen=True)
class Scaled:
    """A value as ``factor`` times what an op holds.

    Args:
        error: what float32 can be off from that, at most.
    """

    op: str
    factor: float = 1.0
    error: float = 0.0


@dataclass
class Context:
    """What the layer functions work with.

    Args:
        ends: numbers of the tensors that only go out: a function there that keeps the class of a
            pixel may be left out.
        heads: such functions, ``"softmax"`` or ``"sigmoid"``, by the number of the call's output.
    """

    builder: GraphBuilder
    names: Names
    ends: frozenset[int] = frozenset()
    proofs: list[Proof] = field(default_factory=list)
    heads: dict[int, tuple[Call, str]] = field(default_factory=dict)
    _resolved: dict[int, tuple[Value, str]] = field(default_factory=dict)
    _scaled: dict[int, tuple[Value, Scaled]] = field(default_factory=dict)

    def known(self, op: str) -> Known:
        """The value that an op holds."""
        return Known(op, self.builder.tensor(op).shape)

    # -- moves -------------------------------------------------------------------------------------

    def moved(self, move: Moved) -> Value:
        """The value of a move: built at once where all its sources are in the graph."""
        if all(isinstance(source, Known) for source in move.sources):
            return self.known(move.build(self.ops(move.sources), move.layer))
        return move

    # -- values that are read as they are ----------------------------------------------------------

    def ops(self, values: Sequence[Value]) -> tuple[str, ...]:
        return tuple(self.op(value) for value in values)

    def op(self, value: Value) -> str:
        """The op that holds a value; a pending one gets a stated format.

        Raises:
            UnsupportedLayer: a function that is not affine has no quantizer behind it.
        """
        if isinstance(value, Known):
            return value.op
        found = self._resolved.get(id(value))
        if found is None:
            # the value is kept alive, so that its id stays its own
            found = self._resolved[id(value)] = (value, self._stated(value))
        return found[1]

    def _stated(self, value: Pending | Moved) -> str:
        if isinstance(value, Moved):
            return value.build(self.ops(value.sources), value.layer)
        parts, source = _parts(value)
        factor, summand = np.ones(value.shape[2]), np.zeros(value.shape[2])
        for part in parts:
            affine = part.affine()
            if affine is None:
                raise UnsupportedLayer(
                    part.layer,
                    f"{part.label} has no exact fixed-point form",
                    hint="put a QActivation(quantized_bits(...)) or quantized_relu behind it",
                )
            factor, summand = factor * affine[0], summand * affine[0] + affine[1]
        layer = parts[-1].layer
        try:
            op = self._stated_batch_norm(self.op(source), factor, summand, layer)
        except FormatError as error:
            raise UnsupportedLayer(
                layer,
                f"its values fit no format of {STATED_BITS} bits ({error})",
                hint="put a QActivation behind it, and look at its weights",
            ) from error
        fmt = self.builder.tensor(op).format
        text = f"no quantizer follows: float values are rounded to the stated format {fmt}"
        self.proofs.append(Proof(op, layer, False, "scale and bias", text))
        return op

    def _stated_batch_norm(self, source: str, factor: Floats, summand: Floats, layer: str) -> str:
        domain = self.builder.interval(source)
        step = self.builder.tensor(source).format.step
        ends = [code * step * factor + summand for code in (domain.low, domain.high)]
        largest = max(float(np.abs(end).max()) for end in ends)
        integer = _bits_above(largest) + 1
        fmt = FixedFormat(True, STATED_BITS, integer, Rounding.RND, Overflow.SAT)
        scale = _stated_constant(factor, STATED_BITS - 1 - _bits_above(float(np.abs(factor).max())))
        bias = _stated_constant(summand, fmt.fraction + 4)  # rounded far below the result's step
        wanted = f"{layer}_scaled" if self.names.refusal(layer) else layer
        return self.builder.batch_norm(
            self.names.give(wanted), source, scale, bias, fmt=fmt, origin=layer
        )

    # -- values that are read times a factor -------------------------------------------------------

    def scaled(self, value: Value) -> Scaled:
        """The op that holds a value but for one factor, which is above 0; zeros stay zeros.

        An affine function of integer codes is integers times a factor: of few bits where it scales
        an image. Any other pending value gets a stated format, and its factor is 1.
        """
        found = self._scaled.get(id(value))
        if found is None:
            # the value is kept alive, so that its id stays its own
            found = self._scaled[id(value)] = (value, self._as_scaled(value))
        return found[1]

    def _as_scaled(self, value: Value) -> Scaled:
        parts, source = _parts(value)
        if isinstance(source, Moved) and len(source.sources) == 1 and not parts:
            inner = self.scaled(source.sources[0])
            layer = source.layer if inner == Scaled(inner.op) else ""
            return replace(inner, op=source.build((inner.op,), layer))
        if isinstance(source, Moved) or not parts:
            return Scaled(self.op(value))
        return self._integers(source.op, parts, value.shape[2]) or Scaled(self.op(value))

    def _integers(self, source: str, parts: Sequence[Part], channels: int) -> Scaled | None:
        """Affine parts of the codes of an op as integers times a factor, or None."""
        domain, step = self.builder.interval(source), self.builder.tensor(source).format.step
        affine = _affine(parts, channels)
        if affine is None:
            return None
        slope, summand = affine[0] * step, affine[1]
        found = integer_affine(slope, summand, domain)
        if found is None:
            return None
        mantissa, exponent = np.frexp(found.factor)
        exact = mantissa == 0.5 and found.equals(slope, summand)
        error = 0.0 if exact else self._float32_error(source, parts, channels)
        if found.is_code:
            return Scaled(source, found.factor / step, error)
        # a factor that is a power of two goes into the binary point
        fraction = self.builder.tensor(source).format.fraction
        total = 1 - int(exponent) if exact else fraction
        op = self.builder.batch_norm(
            self.names.give(f"{parts[-1].layer}_scaled"),
            source,
            _whole_constant(found.scale, total - fraction),
            _whole_constant(found.bias, total),
            origin="",
        )
        factor = found.factor * 2.0**total
        text = f"{factor:.6g} times these integers; what float32 rounds is in what follows"
        self.proofs.append(Proof(op, "", True, "scale and bias", text))
        return Scaled(op, factor, error)

    def _float32_error(self, source: str, parts: Sequence[Part], channels: int) -> float:
        """What float32 can be off in affine parts, and what fractions that stand for them can."""
        domain, step = self.builder.interval(source), self.builder.tensor(source).format.step
        values: Floats = np.repeat([[domain.low * step], [domain.high * step]], channels, axis=1)
        slope, summand = _affine(parts, channels) or (np.ones(channels), np.zeros(channels))
        nearness = UNIT_ROUNDOFF * (np.abs(values * slope) + np.abs(summand))
        error = np.zeros_like(values)
        for part in parts:
            values, error = part.real(values, error)
        return float((error + nearness).max())

    # -- values behind a quantizer -----------------------------------------------------------------

    def quantized(self, value: Value, activation: Activation, name: str, layer: str) -> Known:
        """The value behind a quantizer.

        Args:
            name: for the op, not yet a C identifier.
            layer: the Keras layer whose output it is.

        Raises:
            UnsupportedLayer: what stands in front of the quantizer has no exact form with it.
        """
        if isinstance(value, Known) and activation.converts:
            fmt = activation.format
            return self.known(
                self.builder.quantize(self.names.give(name), value.op, fmt, origin=layer)
            )
        parts, source = _parts(value)
        if isinstance(source, Moved) and all(
            never_falls(part) for part in (parts if source.takes_maximum else ())
        ):
            return self._before_move(source, parts, activation, name, layer)
        return self._stepped(self.op(source), source.shape, parts, activation, name, layer)

    def _before_move(
        self, move: Moved, parts: Sequence[Part], activation: Activation, name: str, layer: str
    ) -> Known:
        """The quantizer before the move: for zeros, that must not change them."""
        if move.takes_maximum and not activation.rising:
            return self._stepped(self.op(move), move.shape, parts, activation, name, layer)
        ops, first = [], 0
        total = sum(source.shape[2] for source in move.sources)
        for source in move.sources:
            count = source.shape[2]
            own = [
                part
                if count == total
                else Channels(part.layer, part.label, part, first, count, total)
                for part in parts
            ]
            if move.adds_zeros:
                self._check_zero(own, activation, count, move.layer, layer)
            inner: Value = source
            for part in own:
                inner = Pending(inner, part)
            ops.append(self.quantized(inner, activation, name, "").op)
            first += count
        return self.known(move.build(tuple(ops), layer))

    def _check_zero(
        self, parts: Sequence[Part], activation: Activation, channels: int, move: str, layer: str
    ) -> None:
        zero = StepFunction(parts, activation, _BYTE, channels).evaluate(
            np.zeros((1, channels), dtype=np.int64)
        )
        if np.any(zero):
            raise UnsupportedLayer(
                layer,
                f"{activation.label} of the zeros that '{move}' adds is not 0",
                hint=f"put '{layer}' before '{move}'",
            )

    def _stepped(
        self,
        source: str,
        shape: Shape,
        parts: Sequence[Part],
        activation: Activation,
        name: str,
        layer: str,
    ) -> Known:
        function = StepFunction(parts, activation, self.builder.tensor(source).format, shape[2])
        try:
            if not activation.rising:
                return self._looked_up(source, function, name, layer)
            steps = function.find(self.builder.interval(source))
        except FormatError as error:
            raise UnsupportedLayer(
                layer,
                f"{activation.label}: {error}",
                hint="use quantized_bits(bits, integer, alpha=1) or quantized_relu(bits, integer)",
            ) from error
        except NotMonotone as error:
            raise UnsupportedLayer(
                layer,
                f"{activation.label} of what is in front of it falls and rises",
                hint="quantize what is in front of it by quantized_bits first",
            ) from error
        return self._emitted(source, steps, function, name, layer)

    def _looked_up(self, source: str, function: StepFunction, name: str, layer: str) -> Known:
        width, label = function.source.width, function.activation.label
        if function.parts or width > MAX_LOOKUP_BITS:
            what = f"{width} bits wide" if not function.parts else "behind float layers"
            raise UnsupportedLayer(
                layer,
                f"{label} is no step function, and what it reads is {what}: a table takes "
                f"{MAX_LOOKUP_BITS} bits at most",
                hint="put a QActivation(quantized_bits(8, ...)) before it",
            )
        fmt = exact_format(function.activation.format)
        op = self.builder.lookup(
            self.names.give(name), source, Constant(function.table(), fmt), fmt=fmt, origin=layer
        )
        text = f"QKeras evaluated at all {1 << width:,} codes of its input"
        self.proofs.append(Proof(op, layer, True, "table", text))
        return self.known(op)

    def _emitted(
        self, source: str, steps: Steps, function: StepFunction, name: str, layer: str
    ) -> Known:
        fmt = exact_format(function.activation.format)
        # a scale and bias saturate where the quantizer does
        saturating = replace(fmt, overflow=function.activation.format.overflow)
        slope = _slope(function.parts, function.channels)
        affine = fit_scale_and_bias(steps, slope, function.source, saturating)
        constants = _threshold_constants(steps, function.source, fmt)
        counts = steps.thresholds.shape[1]
        if affine is None and counts > MAX_THRESHOLDS:
            raise UnsupportedLayer(
                layer,
                f"{function.activation.label}: {counts} steps a channel, which no scale and bias "
                f"takes; thresholds go up to {MAX_THRESHOLDS}",
                hint="use fewer bits",
            )
        tensor = self.builder.tensor(source)
        identifier = self.names.give(name)
        if affine is None or (
            counts <= MAX_THRESHOLDS
            and _thresholds_are_cheaper(tensor, constants, fmt, affine, saturating)
        ):
            op = self.builder.threshold(identifier, source, *constants, fmt=fmt, origin=layer)
            form = "thresholds"
        else:
            op = self.builder.batch_norm(
                identifier, source, affine.scale, affine.bias, fmt=saturating, origin=layer
            )
            form = "scale and bias"
        # Where QKeras' own sum is only near the function that was evaluated, what is not near a tie
        # is still the same for every order in which it may have added.
        proved = not (steps.near_ties and any(part.stands_in for part in function.parts))
        self.proofs.append(Proof(op, layer, proved, form, _how(steps), steps.near_ties))
        return self.known(op)


_BYTE = FixedFormat(signed=False, width=8, integer=8)


def _parts(value: Value) -> tuple[list[Part], Known | Moved]:
    """The pending functions of a value, first one first, and what they are of."""
    parts: list[Part] = []
    while isinstance(value, Pending):
        parts.insert(0, value.part)
        value = value.source
    return parts, value


def _affine(parts: Sequence[Part], channels: int) -> tuple[Floats, Floats] | None:
    """(factor, summand) of all parts together, or None where one is not affine."""
    factor, summand = np.ones(channels), np.zeros(channels)
    for part in parts:
        affine = part.affine()
        if affine is None:
            return None
        factor, summand = factor * affine[0], summand * affine[0] + affine[1]
    return factor, summand


def _slope(parts: Sequence[Part], channels: int) -> Floats | None:
    """The product of the factors, where affine parts come first and what follows is a clip."""
    slope = np.ones(channels)
    for part in parts:
        affine = part.affine()
        if affine is None:
            return None
        slope = slope * affine[0]
    return slope


def _threshold_constants(
    steps: Steps, source: FixedFormat, fmt: FixedFormat
) -> tuple[Constant, Constant, Constant]:
    thresholds = steps.thresholds
    low, high = int(thresholds.min()), int(thresholds.max())
    narrow = smallest_format(low, high, source.fraction)
    jumps = steps.direction * steps.stride
    jump = smallest_format(min(int(jumps.min()), -1), int(jumps.max()), fmt.fraction)
    return Constant(thresholds, narrow), Constant(steps.first, fmt), Constant(jumps, jump)


def _thresholds_are_cheaper(
    source: Tensor,
    constants: tuple[Constant, Constant, Constant],
    fmt: FixedFormat,
    affine: ScaleAndBias,
    saturating: FixedFormat,
) -> bool:
    """By the model of :mod:`fcn_hw.estimate`, one channel at a time."""
    trial = GraphBuilder("trial")
    trial.input("x", source.shape, source.format)
    trial.threshold("thresholds", "x", *constants, fmt=fmt)
    trial.batch_norm("affine", "x", affine.scale, affine.bias, fmt=saturating)

    def price(name: str) -> int:
        amount = op_cost(trial.op(name), (source,), "7series", Fold(1, 1)).resources
        return amount.lut + DSP_IN_LUTS * amount.dsp + BRAM18_IN_LUTS * amount.bram18

    return price("thresholds") <= price("affine")


DSP_IN_LUTS = 100
BRAM18_IN_LUTS = 100
"""LUTs that a DSP slice and a block RAM are worth when two forms are compared: the xc7z020 has 242
and 190 LUTs for each, and LUTs run out first."""


def _how(steps: Steps) -> str:
    channels = len(steps.first)
    if steps.enumerated:
        codes = steps.domain.high - steps.domain.low + 1
        return f"QKeras evaluated at all {codes:,} codes of its input, {channels} channels"
    return f"QKeras evaluated at both sides of all {int(steps.counts.sum()):,} steps"


def _bits_above(largest: float) -> int:
    """The least b with ``largest < 2**b``."""
    return int(np.frexp(largest)[1]) if largest else 0


def _whole_constant(codes: Codes, fraction: int) -> Constant:
    """Codes in the narrowest signed format, with ``fraction`` fraction bits."""
    low, high = min(int(codes.min()), -1), max(int(codes.max()), 0)
    return Constant(codes, smallest_format(low, high, fraction))


def _stated_constant(values: Floats, fraction: int) -> Constant:
    wide = FixedFormat(True, 60, 60 - fraction, Rounding.RND, Overflow.SAT)
    return _whole_constant(quantize(values, wide), fraction)
