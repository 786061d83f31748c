"""Values to ops of the graph: pending float functions meet their quantizer, or a stated format."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

import numpy as np

from fcn_hw.errors import FormatError, UnsupportedLayer
from fcn_hw.fixed import Codes, FixedFormat, Overflow, Rounding, quantize, smallest_format
from fcn_hw.frontend.affine_fit import ScaleAndBias, fit_scale_and_bias, fit_sum
from fcn_hw.frontend.parts import (
    UNIT_ROUNDOFF,
    Affine,
    Channels,
    Floats,
    Part,
    Rising,
    in_float64,
    never_falls,
)
from fcn_hw.frontend.proofs import Proof
from fcn_hw.frontend.quantizer import Activation, exact_format
from fcn_hw.frontend.rational import integer_affine, nearest_fraction
from fcn_hw.frontend.steps import NotMonotone, StepFunction, Steps
from fcn_hw.frontend.sums import (
    MAX_TUPLES,
    Node,
    RowFunction,
    Term,
    between,
    cases,
    count_differing,
    operands,
    read_sum,
    slope_of,
)
from fcn_hw.frontend.values import Known, Moved, Pending, Shape, Sum, Value
from fcn_hw.frontend.words import Words
from fcn_hw.ir import Graph
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.names import Names
from fcn_hw.ops import Constant, Fold, Tensor
from fcn_hw.ops.lookup import MAX_LOOKUP_BITS
from fcn_hw.ops.threshold import MAX_THRESHOLDS
from fcn_hw.scaling import Scaling

STATED_BITS = 18
"""Width of a value that no quantizer follows, and of its scale: a DSP slice's narrower port."""


@dataclass(frozen=True)
class Scaled:
    """A value as ``factor`` times what an op holds.

    Args:
        error: what float32 can be off from that, at most.
        largest: magnitude of the value that none exceeds; 0 where the factor is 1.
    """

    op: str
    factor: float = 1.0
    error: float = 0.0
    largest: float = 0.0


@dataclass(frozen=True)
class Common:
    """Values of one scale.

    Args:
        ops: that hold their codes.
        read: any of them, with the largest error and value of all.
    """

    ops: tuple[str, ...]
    read: Scaled


@dataclass
class Context:
    """What the layer functions work with.

    Args:
        words: of the source model.
        ends: keys of the tensors that only go out: a function there that keeps the class of a
            pixel may be left out.
        heads: such functions by the key of their output: layer, and ``"softmax"`` or ``"sigmoid"``.
    """

    builder: GraphBuilder
    names: Names
    words: Words
    ends: frozenset[Hashable] = frozenset()
    proofs: list[Proof] = field(default_factory=list)
    heads: dict[Hashable, tuple[str, str]] = field(default_factory=dict)
    _resolved: dict[int, tuple[Value, str]] = field(default_factory=dict)
    _scaled: dict[int, tuple[Value, Scaled]] = field(default_factory=dict)

    def known(self, op: str) -> Known:
        """The value that an op holds."""
        return Known(op, self.builder.tensor(op).shape)

    def proofs_of(self, graph: Graph) -> tuple[Proof, ...]:
        """What was proved, in the graph's order."""
        order = {op.name: index for index, op in enumerate(graph.ops)}
        return tuple(sorted(self.proofs, key=lambda proof: order[proof.op]))

    # -- moves -------------------------------------------------------------------------------------

    def moved(self, move: Moved) -> Value:
        """The value of a move: built at once where all its sources are in the graph."""
        if all(isinstance(source, Known) for source in move.sources):
            return self.known(move.build(self.ops(move.sources), move.layer))
        return move

    def added(self, total: Sum) -> Value:
        """The value of a sum: built at once where all its sources are in the graph."""
        if all(isinstance(source, Known) for source in total.sources):
            return self.known(total.build(self.ops(total.sources), None, total.layer))
        return total

    # -- values that are read as they are ----------------------------------------------------------

    def ops(self, values: Sequence[Value]) -> tuple[str, ...]:
        return tuple(self.op(value) for value in values)

    def op(self, value: Value) -> str:
        """The op that holds a value; a pending one gets a stated format.

        Raises:
            UnsupportedLayer: a function that is neither affine nor a ReLU has no quantizer behind
                it.
        """
        if isinstance(value, Known):
            return value.op
        found = self._resolved.get(id(value))
        if found is None:
            # the value is kept alive, so that its id stays its own
            found = self._resolved[id(value)] = (value, self._stated(value))
        return found[1]

    def _stated(self, value: Pending | Moved | Sum) -> str:
        if isinstance(value, Moved):
            # of codes times a scale, the op of the layer is the one that holds the codes
            coded = pure_scale(value) is not None
            return value.build(self.ops(value.sources), "" if coded else value.layer)
        if isinstance(value, Sum):
            return value.build(self.ops(value.sources), None, value.layer)
        parts, source = _parts(value)
        for part in parts:
            if part.affine() is None and not _rectifies(part):
                raise UnsupportedLayer(
                    part.layer,
                    f"{part.label} has no exact fixed-point form",
                    hint=f"put {self.words.quantizer} behind it",
                )
        op = self.op(source)
        for rectifies, group in groupby(parts, _rectifies):
            if rectifies:
                layer = [part.layer for part in group][-1]
                op = self.builder.relu(self.names.give(layer), op, origin=layer)
            else:
                op = self._stated_affine(op, list(group))
        return op

    def _stated_affine(self, source: str, parts: Sequence[Part]) -> str:
        affine = _affine(parts, self.builder.tensor(source).channels)
        assert affine is not None, "only affine parts have a stated format"
        layer = parts[-1].layer
        try:
            op = self._stated_batch_norm(source, *affine, layer)
        except FormatError as error:
            raise UnsupportedLayer(
                layer,
                f"its values fit no format of {STATED_BITS} bits ({error})",
                hint=f"put {self.words.any_quantizer} behind it, and look at its weights",
            ) from error
        fmt = self.builder.tensor(op).format
        text = f"no quantizer follows: float values are rounded to the stated format {fmt}"
        self.proofs.append(Proof(op, self.builder.op(op).origin, False, "scale and bias", text))
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
        # of a quantizer whose scale is no power of two, the codes have the layer's name
        wanted = f"{layer}_scaled" if self.names.refusal(layer) else layer
        origin = "" if self.builder.op(source).origin == layer else layer
        return self.builder.batch_norm(
            self.names.give(wanted), source, scale, bias, fmt=fmt, origin=origin
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

    def largest(self, read: Scaled) -> float:
        """The magnitude that no value of what was read exceeds."""
        held, step = self.builder.interval(read.op), self.builder.tensor(read.op).format.step
        return read.largest or max(abs(held.low), abs(held.high)) * step

    def common_scale(self, values: Sequence[Value]) -> Common | None:
        """Values that are one factor times codes, the same factor for all.

        None where there is none, or where it is 1 since ops of the graph hold the values.
        """
        if all(isinstance(value, Known) for value in values):
            return None
        scales = {pure_scale(value) for value in values}
        if len(scales) > 1 or None in scales:
            return None
        read = [self.scaled(value) for value in values]
        if len({item.factor for item in read}) > 1:
            return None
        widest = max(read, key=lambda item: item.largest)
        return Common(
            tuple(item.op for item in read),
            replace(widest, error=max(item.error for item in read)),
        )

    def _as_scaled(self, value: Value) -> Scaled:
        parts, source = _parts(value)
        if isinstance(source, Moved) and len(source.sources) == 1 and not parts:
            inner = self.scaled(source.sources[0])
            exact = inner == Scaled(inner.op) or pure_scale(value) is not None
            return replace(inner, op=source.build((inner.op,), source.layer if exact else ""))
        if isinstance(source, Moved) and not parts:
            common = self.common_scale(source.sources)
            if common is not None:
                return replace(common.read, op=source.build(common.ops, source.layer))
        if not isinstance(source, Known) or not parts:
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
        largest = max(
            float(np.abs(slope * code + summand).max()) for code in (domain.low, domain.high)
        )
        if found.is_code:
            return Scaled(source, found.factor / step, error, largest)
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
        return Scaled(op, factor, error, largest)

    def _float32_error(self, source: str, parts: Sequence[Part], channels: int) -> float:
        """What float32 can be off in affine parts, and what fractions that stand for them can."""
        domain, step = self.builder.interval(source), self.builder.tensor(source).format.step
        values: Floats = np.repeat([[domain.low * step], [domain.high * step]], channels, axis=1)
        slope, summand = _affine(parts, channels) or (np.ones(channels), np.zeros(channels))
        nearness = UNIT_ROUNDOFF * (np.abs(values * slope) + np.abs(summand))
        _, error = in_float64(parts, values)
        return float((error + nearness).max())

    # -- values behind a quantizer -----------------------------------------------------------------

    def quantized(self, value: Value, activation: Activation, name: str, layer: str) -> Known:
        """The value behind a quantizer.

        Args:
            name: for the op, not yet a C identifier.
            layer: the layer or node whose output it is.

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
        if isinstance(source, Sum):
            found = self._summed(source, parts, activation, layer)
            if found is not None:
                return found
            if not parts:
                return self.quantized(self.known(self.op(source)), activation, name, layer)
        return self._stepped(self.op(source), source.shape, parts, activation, name, layer)

    def _before_move(
        self, move: Moved, parts: Sequence[Part], activation: Activation, name: str, layer: str
    ) -> Known:
        """The quantizer before the move: for zeros, that must not change them."""
        total = sum(source.shape[2] for source in move.sources)
        places = range(total) if move.channels is None else move.channels
        split = activation.by_channel and (len(move.sources) > 1 or move.channels is not None)
        if split or (move.takes_maximum and not activation.rising):
            return self._stepped(self.op(move), move.shape, parts, activation, name, layer)
        ops, first = [], 0
        for source in move.sources:
            count = source.shape[2]
            own = list(parts)
            if count != total or move.channels is not None:
                read = tuple(places[first : first + count])
                own = [
                    Channels(part.layer, part.label, part, read, move.shape[2]) for part in parts
                ]
            if move.adds_zeros and not self._keeps_zero(own, activation, count):
                if isinstance(_parts(source)[1], Sum):  # its stated format comes before the move
                    return self._stepped(self.op(move), move.shape, parts, activation, name, layer)
                raise UnsupportedLayer(
                    layer,
                    f"{activation.label} of the zeros that '{move.layer}' adds is not 0",
                    hint=f"put '{layer}' before '{move.layer}'",
                )
            inner: Value = source
            for part in own:
                inner = Pending(inner, part)
            ops.append(self.quantized(inner, activation, name, "").op)
            first += count
        return self.known(move.build(tuple(ops), layer))

    def _keeps_zero(self, parts: Sequence[Part], activation: Activation, channels: int) -> bool:
        zero = np.zeros((1, channels), dtype=np.int64)
        return not np.any(StepFunction(parts, activation, _BYTE, channels).evaluate(zero))

    def _summed(
        self, total: Sum, parts: Sequence[Part], activation: Activation, layer: str
    ) -> Known | None:
        """The quantized sum of terms that have scales and biases of their own.

        None where it is no function of few integers, or no scales take all its steps: then the
        terms get stated formats.
        """
        node = read_sum(total, self.builder)
        if node is None or not activation.rising or activation.stride != 1:
            return None
        rows = cases(node, StepFunction(parts, activation, _BYTE, total.shape[2]))
        if rows is None:
            return None
        try:
            steps = [row.find(row.domain) for row in rows]
        except (FormatError, NotMonotone):
            return None
        fmt = _format_of_sum(activation, steps)
        points = [row.points(found, fmt) for row, found in zip(rows, steps, strict=True)]
        fit = fit_sum(points, operands(node, slope_of(parts, total.shape[2])), fmt)
        if fit is None:
            return None
        leaves = [
            term.op if constants is None else self._term(term, constants, fit.fraction)
            for term, constants in zip(node.terms, fit.terms, strict=True)
        ]
        op = node.build(leaves, fmt, layer)
        differing = sum(
            count_differing(self.builder, op, leaves, row, found)
            for row, found in zip(rows, steps, strict=True)
        )
        near = sum(found.near_ties for found in steps)
        stands_in = any(
            part.stands_in for part in (*parts, *(part for t in node.terms for part in t.parts))
        )
        scaled = [leaf for leaf, term in zip(leaves, node.terms, strict=True) if leaf != term.op]
        self.proofs.append(
            Proof(
                op,
                layer,
                not differing and not (near and stands_in),
                "sum of scales",
                f"{self.words.program} {_how_of_sum(node, rows, steps, differing)}",
                near,
                (*scaled, *(name for name in between(self.builder, op, leaves) if name != op)),
            )
        )
        return self.known(op)

    def _term(self, term: Term, constants: ScaleAndBias, fraction: int) -> str:
        """The scale and bias of a term, rounded down to ``fraction`` fraction bits."""
        scale, bias = constants.scale, constants.bias
        exact = max(scale.format.fraction + term.source.fraction, bias.format.fraction)
        ends = [
            (scale.codes * code << (exact - scale.format.fraction - term.source.fraction))
            + (bias.codes << (exact - bias.format.fraction))
            for code in (term.domain.low, term.domain.high)
        ]
        drop = exact - fraction
        low = min(int(end.min()) for end in ends) >> drop
        high = max(int(end.max()) for end in ends) >> drop
        layer = term.parts[-1].layer if term.parts else term.op
        return self.builder.batch_norm(
            self.names.give(f"{layer}_scaled"), term.op, scale, bias,
            fmt=smallest_format(low, high, fraction), origin="",
        )  # fmt: skip

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
                hint=f"use {self.words.conversions}",
            ) from error
        except NotMonotone as error:
            if function.source.width <= MAX_LOOKUP_BITS and function.table() is not None:
                return self._looked_up(source, function, name, layer)
            raise UnsupportedLayer(
                layer,
                f"{activation.label} of what is in front of it falls and rises",
                hint=f"quantize what is in front of it by {self.words.first} first",
            ) from error
        return self._emitted(source, steps, function, name, layer)

    def _looked_up(self, source: str, function: StepFunction, name: str, layer: str) -> Known:
        width, label = function.source.width, function.activation.label
        table = function.table() if width <= MAX_LOOKUP_BITS else None
        if table is None:
            reason = (
                f"is {width} bits wide: a table takes {MAX_LOOKUP_BITS} bits at most"
                if width > MAX_LOOKUP_BITS
                else "differs by channel: a table is of all channels"
            )
            raise UnsupportedLayer(
                layer,
                f"{label} is no step function, and what it reads {reason}",
                hint=f"put {self.words.byte} before it",
            )
        fmt = exact_format(function.activation.format)
        op = self.builder.lookup(
            self.names.give(name), source, Constant(table, fmt), fmt=fmt, origin=layer
        )
        text = f"{self.words.program} evaluated at all {1 << width:,} codes of its input"
        proved = not any(part.stands_in for part in function.parts)
        self.proofs.append(Proof(op, layer, proved, "table", text))
        return self.known(op)

    def _emitted(
        self, source: str, steps: Steps, function: StepFunction, name: str, layer: str
    ) -> Known:
        fmt = exact_format(function.activation.format)
        ends = np.stack([steps.first, steps.first + steps.direction * steps.stride * steps.counts])
        if ends.min() < fmt.min_code or ends.max() > fmt.max_code:
            raise UnsupportedLayer(
                layer,
                f"{function.activation.label}: codes {ends.min()} to {ends.max()} leave {fmt}",
                hint=f"use {self.words.conversions}",
            )
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
        # Where the source model's own sum is only near the function that was evaluated, what is not
        # near a tie is still the same for every order in which it may have added.
        proved = not (steps.near_ties and any(part.stands_in for part in function.parts))
        self.proofs.append(
            Proof(op, layer, proved, form, f"{self.words.program} {_how(steps)}", steps.near_ties)
        )
        return self.known(op)


_BYTE = FixedFormat(signed=False, width=8, integer=8)


def _parts(value: Value) -> tuple[list[Part], Known | Moved | Sum]:
    """The pending functions of a value, first one first, and what they are of."""
    parts: list[Part] = []
    while isinstance(value, Pending):
        parts.insert(0, value.part)
        value = value.source
    return parts, value


def scaling_of_value(value: Value, fmt: FixedFormat) -> Scaling | None:
    """What affine functions make of the codes of an input, in fractions; None of anything else."""
    parts, _ = _parts(value)
    found = _affine(parts, value.shape[2])
    if found is None or not np.all(found[0]):
        return None
    numbers = [tuple(nearest_fraction(x) for x in part) for part in (found[0] * fmt.step, found[1])]
    return Scaling(*(part[:1] if len(set(part)) == 1 else part for part in numbers))


def _affine(parts: Sequence[Part], channels: int) -> tuple[Floats, Floats] | None:
    """(factor, summand) of all parts together, or None where one is not affine."""
    factor, summand = np.ones(channels), np.zeros(channels)
    for part in parts:
        affine = part.affine()
        if affine is None:
            return None
        factor, summand = factor * affine[0], summand * affine[0] + affine[1]
    return factor, summand


def pure_scale(value: Value) -> float | None:
    """The scale of a quantizer that makes a value of codes; 1 for codes, None for anything else."""
    if isinstance(value, Known):
        return 1.0
    if isinstance(value, Moved):
        scales = {pure_scale(source) for source in value.sources}
        return scales.pop() if len(scales) == 1 else None
    if isinstance(value, Sum) or pure_scale(value.source) != 1.0:
        return None
    part = value.part
    return float(part.factor[0]) if isinstance(part, Affine) and part.scales_codes else None


def _rectifies(part: Part) -> bool:
    return isinstance(part, Rising) and part.rectifies


def _slope(parts: Sequence[Part], channels: int) -> Floats | None:
    """The product of the factors; None where a part is not affine."""
    return None if any(part.affine() is None for part in parts) else slope_of(parts, channels)


def _format_of_sum(activation: Activation, steps: Sequence[Steps]) -> FixedFormat:
    """The quantizer's grid, rounded to nearest, saturating where the codes end."""
    fmt = replace(
        exact_format(activation.format),
        rounding=Rounding.RND,
        overflow=activation.format.overflow,
    )
    ends = [np.minimum(item.first, item.first + item.direction * item.counts) for item in steps]
    if fmt.signed and fmt.width > 1 and min(int(end.min()) for end in ends) >= 0:
        return replace(fmt, signed=False, width=fmt.width - 1, integer=fmt.integer - 1)  # a ReLU
    return fmt


def _how_of_sum(
    node: Node, rows: Sequence[RowFunction], steps: Sequence[Steps], differing: int
) -> str:
    sizes = " x ".join(f"{len(term.codes):,}" for term in node.terms)
    where = f"all {sizes} codes of its terms"
    if any(row.tuples > MAX_TUPLES for row in rows):
        count = sum(int(found.counts.sum()) for found in steps)
        where = f"both sides of all {count:,} steps of {sizes} codes of its terms"
    channels = node.terms[0].channels
    text = f"evaluated at {where}, {channels} channels"
    return f"{text}; {differing:,} codes differ" if differing else text


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
        amount = trial.op(name).cost((source,), "7series", Fold(1, 1), "Resource").resources
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
        return f"evaluated at all {codes:,} codes of its input, {channels} channels"
    return f"evaluated at both sides of all {int(steps.counts.sum()):,} steps"


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
