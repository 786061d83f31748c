"""Several products by one multiplier: weights that share an operand are packed into one factor.

A DSP slice multiplies a wide factor by a narrow one. Let w_0, ..., w_(L-1) be the weights of L
filters that meet the same input code x, and k the *lane width*. The factor is ``F = sum w_j * 2^(j
k)``, and

    F * x = sum (w_j * x) * 2^(j k),

so sums of such products are ``S = sum s_j * 2^(j k)`` with the sums s_j of each filter, whatever
the order and the number of terms; a bias is another term, and so is a shift of all by the same
power of two.

**Reading.** If -2^(k-1) <= s_j < 2^(k-1) for all j, S tells all of them. Modulo 2^k, S is s_0, and
only one number of that range is: the lowest k bits, two's complement. Then ``(S - s_0) / 2^k`` is
the sum of the lanes above, and because s_0 is the lowest k bits less 2^k where bit k-1 is set, it
equals ``(S >> k) + bit k-1``. The same step gives the next lane. Where 0 <= s_j < 2^k, the lowest
bits are s_0 and nothing is carried. Only what is read must lie in the range: partial sums may leave
it, since everything is exact, and the uppermost lane is never above another.

**Widths.** F of weights of n bits, two's complement, lies within -2^(n-1) * (2^((L-1)k) + ... + 1)
and less than 2^(n-1) * (2^((L-1)k) + ... + 1), so it fits ``(L-1) k + n + 1`` bits, all weights
-2^(n-1) included. Its bits from j k on are ``w_j`` less the carry of the lanes below, which is 0 or
1: a number of n + 1 bits. So a word of the ROM holds n bits for the lowest lane and n + 1 for each
other one, ``sum w_j * 2^p_j`` with p_0 = 0 and p_j = n + (j-1)(n+1), and the factor is that word
with the sign of each field repeated: wires.

**Guard bits.** Either k is the width of the accumulator, which is proved to hold every sum of a
pixel; then sums stay packed over all steps. Or lanes are read after at most T products, where T is
the most for which ``T * least product >= -2^(k-1)`` and ``T * largest product < 2^(k-1)``.

Sources of the idea: AMD WP486 (INT8), WP521 (INT4); Sommer et al., "DSP-Packing", arXiv 2203.11028.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from fcn_hw.costs.arithmetic import DSP_PORTS, MOST_CHAINED
from fcn_hw.costs.family import Family
from fcn_hw.firing import tree
from fcn_hw.fixed import Codes, FixedFormat

LANE_COUNTS = (2, 3)
"""Products that a slice may make at a time."""
FAMILIES: tuple[Family, ...] = ("7series", "ultrascale+")
"""Those whose slices have lanes. A MULT18X18D of ECP5 was not measured."""
FACTOR_BITS, SUM_BITS = DSP_PORTS["7series"][0], 48
"""Of the wide port and of the result of a DSP48E1 (UG479). A DSP48E2 takes all that this one takes
(UG579), so that a fold is built the same way on both."""


@dataclass(frozen=True)
class Packing:
    """How filters share a multiplier.

    Args:
        lanes: filters.
        width: k, bits from a lane to the next.
        terms: products that are added at most before lanes are read; 0 where the sums of all steps
            stay packed.
        weight_width: n, bits of a weight, two's complement.
        input_width: bits of an input code.
    """

    lanes: int
    width: int
    terms: int
    weight_width: int
    input_width: int

    @property
    def config(self) -> dict[str, int]:
        """Members of a config struct."""
        return {
            "lane_width": self.width,
            "lane_terms": self.terms,
            "code_width": self.weight_width,
            "input_width": self.input_width,
        }

    @property
    def factor_bits(self) -> int:
        """Bits of the wide factor."""
        return (self.lanes - 1) * self.width + self.weight_width + 1

    def sum_cycles(self, terms: int) -> int:
        """Cycles from the products of a step to their sum: of the chains, then of a tree."""
        most = min(self.terms or terms, MOST_CHAINED)
        return min(most, terms) + tree(-(-terms // most))

    @property
    def element_bits(self) -> int:
        """Bits of an element of the ROM: the weights of all lanes by one input."""
        return self.weight_width + (self.lanes - 1) * (self.weight_width + 1)

    def elements(self, weights: Codes, lut_columns: int = 0) -> Codes:
        """Elements of the ROM.

        Args:
            weights: codes (..., filters, terms); filters are consecutive lanes.
            lut_columns: groups of filters, the last ones, that share no multiplier: their codes lie
                side by side, the first filter's in the lowest bits.
        """
        filters = np.moveaxis(weights, -2, -1)
        lanes = filters.reshape(*filters.shape[:-1], -1, self.lanes)
        places = [0, *(j * (self.weight_width + 1) - 1 for j in range(1, self.lanes))]
        found = lanes @ (1 << np.array(places, dtype=np.int64))
        if lut_columns:
            bits = lanes[..., -lut_columns:, :] & ((1 << self.weight_width) - 1)
            side_by_side = 1 << (np.arange(self.lanes) * self.weight_width)
            found[..., -lut_columns:] = bits @ side_by_side
        return np.moveaxis(found, -1, -2)

    def biases(self, codes: Codes) -> Codes:
        """Biases of all lanes of a word, or as they are where sums are not packed.

        Args:
            codes: (..., filters).
        """
        if self.terms:
            return codes
        lanes = codes.reshape(*codes.shape[:-1], -1, self.lanes)
        found: Codes = lanes @ (1 << (np.arange(self.lanes) * self.width))
        return found

    def bias_bits(self, bits: int, shift: int) -> int:
        """Bits of an element of :meth:`biases`.

        Args:
            bits: of a bias; what the accumulator can't hold does not occur.
            shift: bits that the hardware shifts it to the left by.
        """
        if self.terms:
            return bits
        return (self.lanes - 1) * self.width + min(bits, self.width - shift + 1) + 1


def packing_of(
    lanes: int, weight: FixedFormat, operand: FixedFormat, accum: FixedFormat
) -> Packing | None:
    """The packing for so many lanes, or None where there is none.

    Args:
        weight, operand, accum: formats of weights, inputs and accumulator.
    """
    bits = weight.signed_width
    # The accumulator holds every sum, so these may stay packed if that leaves room for the weights.
    if bits <= accum.width <= SUM_BITS // lanes:
        packing = Packing(lanes, accum.width, 0, bits, operand.width)
        if packing.factor_bits <= FACTOR_BITS:
            return packing
    width = (FACTOR_BITS - bits - 1) // (lanes - 1)
    if width < bits + 1:
        return None
    terms = _most_terms(weight, operand, width)
    return Packing(lanes, width, terms, bits, operand.width) if terms else None


def _most_terms(weight: FixedFormat, operand: FixedFormat, width: int) -> int:
    """Products whose every sum fits a lane."""
    codes = [
        w * x
        for w in (weight.min_code, weight.max_code)
        for x in (operand.min_code, operand.max_code)
    ]
    half = 1 << (width - 1)
    least, largest = min(codes), max(codes)
    limits = [half // -least] if least < 0 else []
    limits += [(half - 1) // largest] if largest > 0 else []
    return min(limits, default=half)


def legal_lanes(
    weight: FixedFormat, operand: FixedFormat, accum: FixedFormat, family: Family
) -> Iterable[int]:
    """The counts of lanes that a family's DSP slice allows."""
    if family not in FAMILIES:
        return
    ports = DSP_PORTS[family]
    for lanes in LANE_COUNTS:
        packing = packing_of(lanes, weight, operand, accum)
        if packing is None or packing.factor_bits > ports[0]:
            continue
        if operand.width + (0 if operand.signed else 1) <= ports[1]:
            yield lanes
