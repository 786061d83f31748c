"""Weights and biases as integer codes, whoever wrote the source model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fcn_hw.errors import FormatError, UnsupportedLayer
from fcn_hw.fixed import smallest_format
from fcn_hw.ops import Constant

MAX_CONSTANT_BITS = 24
"""The widest weights and biases: more has no use in hardware and hints at an unquantized value."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Weights:
    """Quantized weights: ``codes * step * unit``.

    Args:
        constant: codes and format.
        unit: a factor that is no power of two, of the shape of the codes or one that broadcasts to
            it; None where the format tells all.
    """

    constant: Constant
    unit: Floats | None = None

    @property
    def values(self) -> Floats:
        exact: Floats = self.constant.codes * np.float64(self.constant.format.step)
        return exact if self.unit is None else exact * self.unit


def check_finite(layer: str, what: str, *values: Floats) -> None:
    """Refuses NaN and infinity.

    Args:
        what: a subject and a verb, for the message: ``"the kernel holds"``.
    """
    if not all(np.all(np.isfinite(array)) for array in values):
        raise UnsupportedLayer(
            layer,
            f"{what} values that are not finite",
            hint="train the model again: a loss that was not finite leaves them",
        )


def dyadic_constant(values: npt.NDArray[np.float64], max_bits: int = MAX_CONSTANT_BITS) -> Constant:
    """Codes in the narrowest signed format that holds every value exactly.

    Raises:
        FormatError: that format has more than ``max_bits`` bits.
    """
    fraction = max((_fraction_bits(float(value)) for value in np.unique(values)), default=0)
    scaled = np.ldexp(values, fraction)
    if scaled.size and np.abs(scaled).max() >= 2.0 ** (max_bits - 1):
        raise FormatError(f"more than {max_bits} bits are needed")
    codes = scaled.astype(np.int64)
    low = min(int(codes.min()), -1)  # signed: weights always are
    return Constant(codes, smallest_format(low, int(codes.max()), fraction))


def _fraction_bits(value: float) -> int:
    """The smallest f for which ``value * 2**f`` is an integer; may be negative."""
    if value == 0.0:
        return -64  # no constraint; another value decides, or the format's range check does
    numerator, denominator = value.as_integer_ratio()
    if denominator > 1:
        return denominator.bit_length() - 1
    return -((numerator & -numerator).bit_length() - 1)
