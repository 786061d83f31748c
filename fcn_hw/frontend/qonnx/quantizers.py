"""Quant, BipolarQuant, Trunc and the QuantizeLinear/DequantizeLinear pair.

Facts of the operators: the documents of qonnx's custom ops (IntQuant, BipolarQuant, Trunc v1 and
v2) and the ONNX specification of QuantizeLinear and DequantizeLinear.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from fcn_hw.errors import FormatError
from fcn_hw.fixed import Overflow, Rounding, smallest_format
from fcn_hw.frontend.parts import Affine, Floats, Function, scale_of
from fcn_hw.frontend.qonnx.environment import qonnx_env
from fcn_hw.frontend.qonnx.items import Fixed, Given, Image, Item, Levels
from fcn_hw.frontend.qonnx.program import Array
from fcn_hw.frontend.qonnx.run import computed_by, rounding_mode
from fcn_hw.frontend.quantizer import Activation
from fcn_hw.frontend.values import Pending, Value
from fcn_hw.frontend.weights import MAX_CONSTANT_BITS, Weights, dyadic_constant
from fcn_hw.ops import Constant

MAX_BITS = 24
"""The widest quantizer: more has no use in hardware."""

NEAREST = Rounding.RND_CONV

ROUNDING_MODES: dict[str, Rounding | None] = {
    "ROUND": NEAREST,
    "HALF_EVEN": NEAREST,
    "FLOOR": Rounding.TRN,
    "DOWN": Rounding.TRN_ZERO,
    "CEIL": None,
    "UP": None,
    "HALF_UP": None,
    "HALF_DOWN": None,
}
"""Rounding modes by qonnx's names; None where ``ap_fixed`` has no such mode: then thresholds."""

_OFF_POWER = 2.0**-10
"""How far from a whole number the logarithm of a ratio of float32 scales may be."""


def quant(given: Given) -> Item:
    """Quant, IntQuant: ``scale * round(clip(x / scale))``."""
    width = given.one(3, "bit width")
    zero_point(given, given.constant(2))
    if not 1 <= width <= MAX_BITS or width != int(width):
        raise given.refused(f"a bit width of {width:g}", f"use whole numbers of 1 to {MAX_BITS}")
    bits, mode = int(width), _mode(given, "ROUND")
    signed, narrow = bool(given.number("signed", 1)), bool(given.number("narrow", 0))
    low = (-(1 << (bits - 1)) + narrow) if signed else 0
    high = (1 << (bits - 1)) - 1 if signed else (1 << bits) - 1 - narrow
    sign = signed and bits == 1  # so qonnx takes it
    zero, one, number = (np.float32(n) for n in (0, 1, bits))

    def integers(values: Array) -> Array:
        found: Array = qonnx_env().quant.int_quant(values, one, zero, number, signed, narrow, mode)
        return found

    scale = _scale(given, given.constant(1))
    if sign:
        return _quantized(given, Steps(scale, scale, -1, 1, None, integers))
    return _quantized(given, Steps(scale, scale, low, high, ROUNDING_MODES[mode], integers))


def bipolar_quant(given: Given) -> Item:
    """BipolarQuant: ``scale`` where x is at least 0, ``-scale`` elsewhere."""
    scale = _scale(given, given.constant(1))

    def integers(values: Array) -> Array:
        found: Array = qonnx_env().bipolar.binary_quant(values, np.float32(1))
        return found

    return _quantized(given, Steps(scale, np.ones_like(scale), -1, 1, None, integers))


def multi_threshold(given: Given) -> Item:
    """MultiThreshold: how many thresholds of its channel a value reaches."""
    image, array = given.image(), given.constant(1)
    layout = given.text("data_layout", "") or ("NHWC" if image.last else "NCHW")
    if array is None or array.ndim != 2 or array.shape[0] not in (1, image.shape[2]):
        raise given.refused("its thresholds are not (channels, count)", "export the model again")
    if (layout == "NHWC") != image.last or given.number("out_scale", 1) != 1:
        raise given.refused("another layout, or an out_scale", "scale its output by a Mul")
    if given.number("out_bias", 0) or not 1 <= array.shape[1] < 1 << MAX_BITS:
        raise given.refused("an out_bias, or no thresholds", "add its bias by an Add")
    if not np.all(np.diff(array, axis=1) >= 0):
        raise given.refused("its thresholds do not rise", "sort them")
    thresholds = np.broadcast_to(array, (image.shape[2], array.shape[1]))

    def reached(values: Array) -> Floats:
        found = np.zeros(np.shape(values))
        for row in thresholds.T:
            found += np.asarray(values) >= row
        return found

    high = array.shape[1]
    activation = Activation(
        f"MultiThreshold of {high} steps", reached, smallest_format(0, high, 0), by_channel=True
    )
    known = given.context.quantized(image.value, activation, given.path, given.path)
    return Image(known, image.last)


def trunc(given: Given) -> Item:
    """Trunc: the upper bits of integers times a scale."""
    count = len(given.items)
    if count not in (5, 6):
        raise given.refused(f"{count} inputs", "Trunc of qonnx has five or six")
    scale, mode = _scale(given, given.constant(1)), _mode(given, "FLOOR")
    zero_point(given, given.constant(2))
    widths = [given.one(3, "bit width"), given.one(count - 1, "bit width")]
    if not all(1 <= width <= MAX_BITS and width == int(width) for width in widths):
        raise given.refused(f"bit widths {widths}", f"use whole numbers of 1 to {MAX_BITS}")
    zero, one, before, after = (np.float32(n) for n in (0, 1, *widths))
    module = qonnx_env().trunc
    if count == 5:  # version 1 keeps the scale and does not clip
        dropped, bits = int(widths[0] - widths[1]), int(widths[1])
        if dropped < 0:
            raise given.refused(f"bit widths {widths}", "truncate to fewer bits")
        out, high = scale, (1 << bits) - 1

        def integers(values: Array) -> Array:
            whole = np.ldexp(values, dropped)
            found: Array = module.trunc_v1(whole, one, zero, before, after, mode)
            return found

        # one bit more holds signed and unsigned integers of the width that it says
        return _quantized(
            given, Steps(out, np.ldexp(scale, dropped), -high - 1, high, None, integers)
        )
    out = _scale(given, given.constant(4))
    ratios = np.log2(out.astype(np.float64) / scale)
    dropped = int(np.rint(ratios.reshape(-1)[0]))
    if out.size != scale.size or np.any(np.abs(ratios - dropped) > _OFF_POWER):
        raise given.refused("its scales are not a power of two apart", "export the model again")
    signed, narrow = bool(given.number("signed", 1)), bool(given.number("narrow", 0))
    bits = int(widths[1])
    low = (-(1 << (bits - 1)) + narrow) if signed else 0
    high = (1 << (bits - 1)) - 1 if signed else (1 << bits) - 1 - narrow

    def clipped_integers(values: Array) -> Array:
        whole, power = np.ldexp(values, dropped), np.float32(2.0**dropped)
        found = module.trunc_v2(whole, one, zero, before, narrow, signed, power, after, mode)
        quotients: Array = np.asarray(found, np.float64) / power
        return quotients

    return _quantized(
        given, Steps(out, np.ldexp(scale, dropped), low, high, None, clipped_integers)
    )


def quantize_linear(given: Given) -> Item:
    """QuantizeLinear: integers of eight bits, ties to even."""
    scale = _scale(given, given.constant(1))
    point = given.constant(2)
    zero_point(given, point)
    dtype = np.dtype(np.uint8) if point is None else point.dtype
    if dtype.name not in ("int8", "uint8", "int16", "uint16"):
        raise given.refused(f"it quantizes to {dtype.name}", "use int8 or uint8")
    if isinstance(given.items[0], Fixed):
        return Fixed(computed_by(given.node)([given.items[0].array, scale, point])[0])
    limits = np.iinfo(dtype)
    return Levels(given.image(), scale, int(limits.min), int(limits.max))


def clipped(given: Given, levels: Levels) -> Levels:
    """Clip between QuantizeLinear and DequantizeLinear: fewer bits."""
    ends = [given.constant(1), given.constant(2)]
    low, high = (
        int(end.reshape(())) if end is not None and end.size == 1 else otherwise
        for end, otherwise in zip(ends, (levels.low, levels.high), strict=True)
    )
    found = replace(levels, low=max(low, levels.low), high=min(high, levels.high))
    if not found.low <= 0 < found.high:
        raise given.refused(f"integers of {low} to {high}", "a range around 0 is quantized")
    return found


def dequantize_linear(given: Given) -> Item:
    """DequantizeLinear: integers times a scale."""
    zero_point(given, given.constant(2))
    scale, source = _scale(given, given.constant(1)), given.items[0]
    if isinstance(source, Fixed):
        axis = int(given.number("axis", 1))
        sizes = [1] * source.array.ndim
        if scale.size > 1 and not -len(sizes) <= axis < len(sizes):
            raise given.refused(f"axis {axis}", "use an axis of the weights")
        if scale.size > 1:
            sizes[axis] = scale.size
        whole = scale.reshape(sizes) if sizes else scale.reshape(())
        values = np.asarray(source.array.astype(np.float32) * whole, np.float32)
        return Fixed(values, _weights(given, source.array.astype(np.int64), whole))
    if not isinstance(source, Levels):
        raise given.refused("it reads no integers", "put a QuantizeLinear before it")
    if not np.array_equal(source.scale.reshape(-1), scale.reshape(-1)):
        raise given.refused(
            "its scale is not that of the QuantizeLinear before it", "use one scale for both"
        )
    low, high, image = source.low, source.high, source.image

    def integers(values: Array) -> Array:
        found: Array = np.clip(np.rint(values), low, high)
        return found

    return _image(given, image, Steps(scale, scale, low, high, NEAREST, integers))


def zero_point(given: Given, array: Array | None) -> None:
    """Refuses a zero point other than 0."""
    if array is not None and np.any(array != 0):
        raise given.refused(
            f"a zero point of {float(np.ravel(array)[np.flatnonzero(array)[0]]):g}",
            "quantize symmetrically: a zero point of 0",
        )


# -- inside ----------------------------------------------------------------------------------------


def _mode(given: Given, otherwise: str) -> str:
    mode = rounding_mode(given.text("rounding_mode", otherwise))
    if mode not in ROUNDING_MODES:
        raise given.refused(
            f"rounding mode '{mode[:40]}'", f"use one of {', '.join(ROUNDING_MODES)}"
        )
    return mode


def _scale(given: Given, array: Array | None) -> Array:
    if array is None or not array.size or array.dtype.kind != "f":
        raise given.refused("its scale is missing or no float", "export the model again")
    if not np.all(np.isfinite(array)) or np.any(array <= 0):
        raise given.refused("its scale is not above 0", "train the model again")
    return array


@dataclass(frozen=True, eq=False)
class Steps:
    """What a quantizer does.

    Args:
        scale: of its results, float32, one or one a channel.
        divisor: what the source model divides by, in float32, before it rounds.
        low, high: the integers that there are.
        rounding: of the quotient, where ``ap_fixed`` can do it.
        integers: of float32 quotients.
    """

    scale: Array
    divisor: Array
    low: int
    high: int
    rounding: Rounding | None
    integers: Function


def _quantized(given: Given, steps: Steps) -> Item:
    """What the node makes of a constant, or of an image."""
    source = given.items[0]
    if not isinstance(source, Fixed):
        return _image(given, given.image(), steps)
    arrays = [item.array if isinstance(item, Fixed) else None for item in given.items]
    values = computed_by(given.node)(arrays)[0]
    if not np.all(np.isfinite(values)):
        raise given.refused("its values are not finite", "train the model again")
    scale = steps.scale
    if values.shape != source.array.shape:
        raise given.refused(
            f"its scale of shape {scale.shape} does not go with {source.array.shape}",
            "use one scale, or one an output channel",
        )
    codes = np.rint(values.astype(np.float64) / scale.astype(np.float64)).astype(np.int64)
    return Fixed(values, _weights(given, codes, scale))


def _image(given: Given, image: Image, steps: Steps) -> Image:
    """A quantized image: codes of the graph, and behind them a scale that is no power of two."""
    context, value, power = given.context, image.value, _is_power(steps.scale)
    units = given.by_channel(steps.scale, image, "scale")
    fraction = 1 - math.frexp(float(units[0]))[1] if power else 0
    low, high, rounding = steps.low, steps.high, steps.rounding
    fmt = smallest_format(low, high, fraction)
    symmetric = fmt.signed and low == -high
    fmt = replace(
        fmt,
        rounding=rounding or Rounding.TRN,
        overflow=Overflow.SAT_SYM if symmetric else Overflow.SAT,
    )
    sign = rounding is None and (low, high) == (-1, 1)
    converts = rounding is not None and (fmt.min_code, fmt.max_code) == (low, high)
    common = context.common_scale([value])
    divisor: Array = np.float32(1)
    if common is not None and np.all(units == common.read.factor) and rounding is NEAREST:
        # Codes of the same scale: x / scale is so near to an integer that it is rounded to it.
        value = context.known(common.ops[0])
    elif power:
        divisor = steps.divisor.reshape(-1)[0]
    else:
        converts, value = False, Pending(value, _division(given, image, steps))

    def codes(values: Array) -> Floats:
        found = steps.integers(np.asarray(values, np.float32) / divisor)
        return np.ldexp(np.asarray(found, np.float64), -fraction)

    found: Value = context.quantized(
        value,
        Activation(
            f"{given.node.kind} to {'-1 and 1' if sign else fmt}",
            codes,
            fmt,
            converts,
            stride=2 if sign else 1,
            by_channel=steps.scale.size > 1,
        ),
        given.path,
        given.path,
    )
    if not power:
        given.reading.units[given.path] = units
        found = Pending(found, _scale_part(given, units))
    return Image(found, image.last)


def _division(given: Given, image: Image, steps: Steps) -> Affine:
    """What the source model divides by, in front of the rounding."""
    numbers = given.by_channel(steps.divisor, image, "scale")
    single = np.float32(numbers if steps.divisor.size > 1 else numbers[0])
    return Affine(
        given.path,
        "the quotient",
        1.0 / numbers,
        np.zeros(len(numbers)),
        lambda values: np.asarray(values, np.float32) / single,
    )


def _scale_part(given: Given, units: Floats) -> Affine:
    if np.all(units == units[0]):
        return scale_of(given.path, "its scale", float(units[0]), len(units))
    single = np.float32(units)
    return Affine(
        given.path,
        "its scales",
        units,
        np.zeros(len(units)),
        lambda values: np.asarray(values, np.float32) * single,
    )


def _is_power(scale: Array) -> bool:
    """Whether one power of two is the scale of all channels."""
    flat = scale.reshape(-1)
    return bool(np.all(flat == flat[0])) and math.frexp(float(flat[0]))[0] == 0.5


def _weights(given: Given, codes: Array, scale: Array) -> Weights:
    """Codes of weights; powers of two go into the format, any other scale stays beside it."""
    if np.abs(codes).max(initial=0) >= 1 << 31:
        raise given.refused("its integers have more than 32 bits", "use fewer bits")
    try:
        if _is_power(scale):
            return Weights(dyadic_constant(codes * float(scale.reshape(-1)[0])))
    except FormatError as error:
        raise given.refused(
            f"its values are too wide ({error})", f"use at most {MAX_CONSTANT_BITS} bits"
        ) from error
    low, high = int(codes.min(initial=0)), int(codes.max(initial=0))
    fmt = smallest_format(min(low, -1), high, 0)
    return Weights(Constant(codes, fmt), np.asarray(scale, np.float64))
