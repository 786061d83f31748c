"""Fixed point: the only file that rounds or saturates.

A value is ``code * 2**-fraction`` with an integer code. Widths and integer bits follow
``ap_fixed<W, I, Q, O>`` (Vitis HLS user guide UG1399, arbitrary precision fixed-point types):
``I`` counts the sign bit. QKeras does not count it; :func:`from_quantized_bits` and its
neighbours are the one place that converts.

Codes are ``int64`` arrays; every function refuses what would not fit. The oracle holds them in
floats where these are exact (:func:`whole_type`), which is several times as fast.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt

from fcn_hw.errors import FormatError

Codes = npt.NDArray[np.int64]

Whole = npt.NDArray[Any]
"""Codes in any number type that holds each of them exactly: integers, float32 or float64."""

MAX_WIDTH_BITS = 63
"""The widest format: codes, and sums of two of them, stay inside ``int64``."""


class Rounding(str, Enum):
    """Quantization modes of ``ap_fixed``; the value is the spelling without ``AP_``."""

    TRN = "TRN"  # towards minus infinity
    TRN_ZERO = "TRN_ZERO"  # towards zero
    RND = "RND"  # nearest, ties towards plus infinity
    RND_CONV = "RND_CONV"  # nearest, ties to even: tf.round and np.rint


class Overflow(str, Enum):
    """Overflow modes of ``ap_fixed``; the value is the spelling without ``AP_``."""

    WRAP = "WRAP"
    SAT = "SAT"
    SAT_SYM = "SAT_SYM"  # saturates to -max instead of min


@dataclass(frozen=True)
class FixedFormat:
    """A fixed-point format.

    Args:
        signed: two's complement or unsigned.
        width: bits in all, 1 to 63.
        integer: bits left of the binary point, the sign bit included; may be negative or
            larger than ``width``.
        rounding: applied when a value of more fraction bits is converted to this format.
        overflow: applied when a value outside the range is converted to this format.

    Raises:
        FormatError: width outside 1 to 63, or a point more than 64 bits away.
    """

    signed: bool
    width: int
    integer: int
    rounding: Rounding = Rounding.TRN
    overflow: Overflow = Overflow.WRAP

    def __post_init__(self) -> None:
        if not 1 <= self.width <= MAX_WIDTH_BITS:
            raise FormatError(f"width {self.width} is outside 1 to {MAX_WIDTH_BITS} bits")
        if not -64 <= self.integer <= 127 or abs(self.fraction) > 127:
            raise FormatError(f"{self.integer} integer bits with {self.width} bits: out of range")

    @property
    def fraction(self) -> int:
        """Fraction bits: the step is ``2**-fraction``."""
        return self.width - self.integer

    @property
    def step(self) -> float:
        return 2.0**-self.fraction

    @property
    def code_bytes(self) -> int:
        """Bytes of a code in files and in a DMA's memory: the narrowest of 1, 2, 4 and 8."""
        return next(size for size in (1, 2, 4, 8) if self.width <= 8 * size)

    @property
    def signed_width(self) -> int:
        """Bits of the narrowest signed type that holds every code."""
        return self.width if self.signed else self.width + 1

    def same_codes(self, other: FixedFormat) -> bool:
        """Whether both have the same codes for the same values, whatever their modes."""
        mine, theirs = (
            (self.signed, self.width, self.integer),
            (other.signed, other.width, other.integer),
        )
        return mine == theirs

    @property
    def min_code(self) -> int:
        if not self.signed:
            return 0
        symmetric = self.overflow is Overflow.SAT_SYM and self.width > 1
        return -(1 << (self.width - 1)) + (1 if symmetric else 0)

    @property
    def max_code(self) -> int:
        return (1 << (self.width - 1 if self.signed else self.width)) - 1

    @property
    def largest_code(self) -> int:
        """The magnitude that no code exceeds."""
        return max(-self.min_code, self.max_code)

    @property
    def ap_type(self) -> str:
        """The HLS spelling; default modes are left out, as an engineer would write it."""
        name = "ap_fixed" if self.signed else "ap_ufixed"
        modes = ""
        if (self.rounding, self.overflow) != (Rounding.TRN, Overflow.WRAP):
            modes = f", AP_{self.rounding.value}, AP_{self.overflow.value}"
        return f"{name}<{self.width}, {self.integer}{modes}>"

    def __str__(self) -> str:
        modes = ""
        if (self.rounding, self.overflow) != (Rounding.TRN, Overflow.WRAP):
            modes = f",{self.rounding.value},{self.overflow.value}"
        return f"{'' if self.signed else 'u'}fixed<{self.width},{self.integer}{modes}>"


_FORMAT_TEXT = re.compile(
    r"(?:ap_)?(u?)fixed<\s*(\d+)\s*,\s*(-?\d+)\s*(?:,\s*(?:AP_)?(\w+)\s*)?(?:,\s*(?:AP_)?(\w+)\s*)?>"
)


def parse_format(text: str) -> FixedFormat:
    """Reads ``ufixed<8,0>``, ``fixed<6,2,RND_CONV,SAT>`` or the ``ap_`` spelling.

    Raises:
        FormatError: the text is not such a format.
    """
    match = _FORMAT_TEXT.fullmatch(text.strip())
    example = "write for instance ufixed<8,0> or fixed<6,2,RND_CONV,SAT>"
    if match is None:
        raise FormatError(f"'{text}' is not a fixed-point format", hint=example)
    unsigned, width, integer, rounding, overflow = match.groups()
    try:
        return FixedFormat(
            signed=not unsigned,
            width=int(width),
            integer=int(integer),
            rounding=Rounding(rounding or "TRN"),
            overflow=Overflow(overflow or "WRAP"),
        )
    except ValueError as error:
        raise FormatError(f"'{text}': {error}", hint=example) from error


# -- conversions ---------------------------------------------------------------------------------


def quantize(values: npt.ArrayLike, fmt: FixedFormat) -> Codes:
    """Real values to codes of ``fmt``, by its rounding and overflow modes.

    Args:
        values: any shape; taken as float64, in which scaling by a power of two is exact.

    Raises:
        FormatError: a value is not finite, or too large for int64 before overflow handling.
    """
    scaled = np.ldexp(np.asarray(values, dtype=np.float64), fmt.fraction)
    if not np.all(np.isfinite(scaled)):
        raise FormatError(f"a value that is not finite can't be quantized to {fmt}")
    if fmt.overflow is Overflow.WRAP:
        if scaled.size and np.max(np.abs(scaled)) >= 2.0**62:
            raise FormatError(f"a value is too large to be wrapped to {fmt}")
    else:  # far outside the range, all values saturate alike
        scaled = np.clip(scaled, -(2.0**62), 2.0**62)
    floor = np.floor(scaled)
    if fmt.rounding is Rounding.TRN:
        rounded = floor
    elif fmt.rounding is Rounding.TRN_ZERO:
        rounded = np.trunc(scaled)
    elif fmt.rounding is Rounding.RND:
        rounded = floor + (scaled - floor >= 0.5)
    else:
        rounded = np.rint(scaled)
    return _overflow(rounded.astype(np.int64), fmt)


def convert(codes: npt.ArrayLike, fraction: int, fmt: FixedFormat) -> Codes:
    """Codes with ``fraction`` fraction bits to codes of ``fmt``, as ``ap_fixed`` assigns.

    Raises:
        FormatError: aligning the binary points leaves int64.
    """
    source: Codes = np.asarray(codes, dtype=np.int64)
    shift = fraction - fmt.fraction
    if shift <= 0:
        return _overflow(shift_left(source, -shift), fmt)
    if shift > 63:  # every int64 code is below half a step: only its sign matters
        source, shift = np.sign(source), 62
    floor: Codes = source >> shift
    rounded: Codes
    if fmt.rounding is Rounding.TRN:
        rounded = floor
    else:
        rest = source - (floor << shift) if shift < 63 else source & np.int64(2**63 - 1)
        half = np.int64(1) << (shift - 1) if shift < 63 else np.int64(2**62)
        if fmt.rounding is Rounding.TRN_ZERO:
            rounded = floor + ((source < 0) & (rest != 0))
        elif fmt.rounding is Rounding.RND:
            rounded = floor + (rest >= half)
        else:
            rounded = floor + ((rest > half) | ((rest == half) & ((floor & 1) == 1)))
    return _overflow(rounded, fmt)


def whole_type(bound: int) -> type[np.number[Any]]:
    """The fastest number type in which sums and products are exact while none leaves ``+-bound``.

    A binary float of p significand bits (24 for float32, 53 for float64; IEEE 754) holds every
    whole number of magnitude up to 2**p: no operation on such numbers rounds, in whatever
    order and with or without fused multiply-add.
    """
    if bound <= 1 << 24:
        return np.float32
    return np.float64 if bound <= 1 << 53 else np.int64


def convert_whole(codes: Whole, fraction: int, fmt: FixedFormat) -> Whole:
    """As :func:`convert`, on whole numbers in any number type; floats stay floats where they can.

    Args:
        codes: of a float type of p significand bits, up to 2**p in magnitude.

    Raises:
        FormatError: aligning the binary points leaves int64.
    """
    shift = fraction - fmt.fraction
    bits = {np.dtype(np.float32): 24, np.dtype(np.float64): 53}.get(codes.dtype)
    # Beyond, a wrapped value would leave int64, or the part below a step would not be exact.
    if bits is None or not bits - 62 <= shift <= bits or fmt.largest_code > 1 << bits:
        return convert(codes, fraction, fmt)
    steps: Whole = np.multiply(codes, 2.0**-shift, dtype=codes.dtype)  # a power of two: exact
    if shift > 0:
        if fmt.rounding is Rounding.TRN:
            np.floor(steps, out=steps)
        elif fmt.rounding is Rounding.TRN_ZERO:
            np.trunc(steps, out=steps)
        elif fmt.rounding is Rounding.RND_CONV:
            np.rint(steps, out=steps)
        else:
            floor = np.floor(steps)
            steps = floor + (np.subtract(steps, floor, out=steps) >= 0.5)
    if fmt.overflow is not Overflow.WRAP:
        return np.clip(steps, fmt.min_code, fmt.max_code, out=steps)
    if not steps.size or (fmt.min_code <= steps.min() and steps.max() <= fmt.max_code):
        return steps
    return _overflow(steps.astype(np.int64), fmt).astype(codes.dtype)


def shift_left(codes: Codes, bits: int) -> Codes:
    """``codes * 2**bits``, exact.

    Raises:
        FormatError: a result leaves int64.
    """
    if bits == 0 or not codes.size or not np.any(codes):
        return np.array(codes)
    if bits > 62 or max(-int(codes.min()), int(codes.max())) >= 1 << (62 - bits):
        raise FormatError(f"aligning binary points by {bits} bits leaves 64-bit arithmetic")
    shifted: Codes = codes << np.int64(bits)
    return shifted


def _overflow(codes: Codes, fmt: FixedFormat) -> Codes:
    kept: Codes
    if fmt.overflow is not Overflow.WRAP:
        kept = np.clip(codes, fmt.min_code, fmt.max_code)
    elif fmt.signed:
        unused = np.int64(64 - fmt.width)
        kept = (codes << unused) >> unused  # int64 shifts extend the sign
    else:
        kept = codes & np.int64((1 << fmt.width) - 1)
    return kept


def to_float(codes: npt.ArrayLike, fmt: FixedFormat) -> npt.NDArray[np.float64]:
    """The real values of codes; exact up to 53 bits."""
    return np.ldexp(np.asarray(codes, dtype=np.float64), -fmt.fraction)


def to_codes(values: npt.ArrayLike, fmt: FixedFormat) -> Codes:
    """Values that are known to lie on the grid of ``fmt``, to codes, exactly.

    Raises:
        FormatError: a value is off the grid or outside the range.
    """
    scaled = np.ldexp(np.asarray(values, dtype=np.float64), fmt.fraction)
    if not np.all(np.isfinite(scaled)) or np.any(scaled != np.rint(scaled)):
        raise FormatError(f"a value does not lie on the grid of {fmt}")
    if scaled.size and (scaled.min() < fmt.min_code or scaled.max() > fmt.max_code):
        raise FormatError(f"a value lies outside the range of {fmt}")
    return scaled.astype(np.int64)


def snapped_codes(values: npt.ArrayLike, fraction: int, most_steps: float) -> Codes:
    """The integers behind floats that missed their grid by float32's rounding only.

    Args:
        values: near multiples of ``2**-fraction``.
        most_steps: how far off a value may be, in steps.

    Raises:
        FormatError: a value is further off, or not finite.
    """
    steps = np.ldexp(np.asarray(values, dtype=np.float64), fraction)
    codes = np.rint(steps)
    if not np.all(np.abs(steps - codes) <= most_steps):  # NaN is off the grid too
        raise FormatError(f"a value lies off the grid of 2**{-fraction}")
    return codes.astype(np.int64)


def smallest_format(low: int, high: int, fraction: int) -> FixedFormat:
    """The narrowest format of ``fraction`` fraction bits that holds all codes of [low, high].

    Unsigned where ``low >= 0``. No rounding or saturation can happen in it.
    """
    signed = low < 0
    bits = max(high, 0).bit_length()
    if signed:
        bits = max(bits, (-low - 1).bit_length()) + 1
    width = max(bits, 1)
    return FixedFormat(signed=signed, width=width, integer=width - fraction)


# -- the formats of QKeras quantizers (QKeras 0.9.0, qkeras/quantizers.py) -------------------------


def from_quantized_bits(
    bits: int, integer: int, *, keep_negative: bool = True, symmetric: bool = False
) -> FixedFormat:
    """The format of ``quantized_bits(bits, integer, symmetric, keep_negative, alpha=1)``.

    QKeras rounds by ``tf.round`` (ties to even) and clips; its ``integer`` excludes the sign bit.
    """
    return FixedFormat(
        signed=keep_negative,
        width=bits,
        integer=integer + (1 if keep_negative else 0),
        rounding=Rounding.RND_CONV,
        overflow=Overflow.SAT_SYM if symmetric and keep_negative else Overflow.SAT,
    )


def from_quantized_relu(bits: int, integer: int) -> FixedFormat:
    """The format of ``quantized_relu(bits, integer)``: saturation to unsigned is the ReLU."""
    return FixedFormat(
        signed=False,
        width=bits,
        integer=integer,
        rounding=Rounding.RND_CONV,
        overflow=Overflow.SAT,
    )


def from_sign(exponent: int) -> FixedFormat:
    """The format of ``binary``/``ternary`` weights of ``alpha = 2**exponent``: codes -1, 0, 1."""
    return FixedFormat(
        signed=True,
        width=2,
        integer=2 + exponent,
        rounding=Rounding.RND_CONV,
        overflow=Overflow.SAT_SYM,
    )
