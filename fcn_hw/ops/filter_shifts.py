"""Filters whose weights share trailing zeros: narrow codes, and a shift of each filter's sum.

Filters with binary points of their own lie in one format, in which a filter's codes are multiples
of a power of two, ``w = c * 2^s``. The hardware holds the narrow codes c and multiplies by them:

    sum of w * x + b = 2^s * (sum of c * x + floor(b / 2^s)) + b mod 2^s

An accumulator starts with ``floor(b / 2^s)``, so its sum is ``floor(sum / 2^s)`` of the whole one,
and has no more bits than that. Behind it, the shift leaves s bits at the bottom, into which the
rest of the bias goes: nothing is added, nothing is lost.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from fcn_hw.fixed import Codes, shift_left, smallest_format
from fcn_hw.ops.base import Constant


@dataclass(frozen=True)
class FilterShifts:
    """Weights as narrow codes, and the shift of each filter.

    Args:
        weight: narrow codes, of the shape and the fraction of the weights.
        shifts: (filters,); the last axes of the weights are the filters.
    """

    weight: Constant
    shifts: Codes

    @property
    def most(self) -> int:
        """The largest shift."""
        return int(self.shifts.max())

    @property
    def table_bits(self) -> int:
        """Bits of a word of :meth:`table`: a number that is not negative."""
        return self.most + self.most.bit_length() + 1

    def whole(self, codes: Codes) -> Codes:
        """The weights of narrow codes."""
        found: Codes = (codes.reshape(-1, len(self.shifts)) << self.shifts).reshape(codes.shape)
        return found

    def starts(self, bias: Constant, fraction: int) -> Constant:
        """What the sums start with.

        Args:
            bias: (filters,).
            fraction: of the sums.
        """
        rise = fraction - bias.format.fraction
        kept = max(rise - self.most, 0)  # zeros at the end of every start
        codes = shift_left(bias.codes, rise) >> self.shifts >> min(kept, 62)
        low = min(int(codes.min()), -1)
        return Constant(codes, smallest_format(low, int(codes.max()), fraction - kept))

    def table(self, bias: Constant | None, fraction: int) -> Codes:
        """A word for each filter, see ``shifted_sum`` of ``mac_array.h``.

        Args:
            bias, fraction: as for :meth:`starts`.
        """
        back = self.most - self.shifts
        words: Codes = back << self.most
        if bias is not None:
            whole = shift_left(bias.codes, fraction - bias.format.fraction)
            words |= (whole & ((1 << self.shifts) - 1)) << back
        return words


def filter_shifts(weight: Constant, filters: int) -> FilterShifts | None:
    """The narrowest codes, and for these the smallest shifts.

    None where they save no more bits than a table of the shifts has. What one shift of all filters
    would save does not count.

    Args:
        weight: the last axes are the filters.
    """
    codes = weight.codes.reshape(-1, filters)
    bits = _signed_bits(codes)
    common = np.bitwise_or.reduce(codes, axis=0)
    zeros = _signed_bits((common & -common)[None]) - 2  # at the end of a filter's codes
    alive = common != 0
    if not alive.any():
        return None
    narrow = int((bits - zeros)[alive].max())
    saved = int(bits[alive].max()) - int(zeros[alive].min()) - narrow
    shifts = np.where(alive, np.maximum(bits - narrow, 0), 0)
    spare = weight.format.signed_width - narrow
    fmt = replace(
        weight.format, width=weight.format.width - spare, integer=weight.format.integer - spare
    )
    found = FilterShifts(Constant((codes >> shifts).reshape(weight.codes.shape), fmt), shifts)
    return found if saved * len(codes) > found.table_bits else None


def _signed_bits(codes: Codes) -> Codes:
    """The bits that the codes of each column need, the sign included."""
    magnitudes = np.where(codes < 0, ~codes, codes).max(axis=0)
    lengths = [int(magnitude).bit_length() for magnitude in magnitudes]
    return np.array(lengths, dtype=np.int64) + 1
