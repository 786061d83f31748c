"""What the two device families differ in."""

from __future__ import annotations

from typing import Literal

Family = Literal["7series", "ultrascale+"]

LUTS_A_BRAM18: dict[Family, int] = {"7series": 190, "ultrascale+": 150}
"""What a block RAM of 18 Kib is worth, in LUTs, where a memory can be either.

The ratio in which the devices of PYNQ-Z2 (xc7z020: 53,200 LUTs, 280 halves) and ZCU102 (xczu9eg:
274,080 LUTs, 1,824 halves) have them, so that both run out together.
"""

FFS_A_LUT = 2
"""Flip-flops a LUT, in every slice of both families (UG474, UG574)."""
