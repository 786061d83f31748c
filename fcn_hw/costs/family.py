"""What the device families differ in."""

from __future__ import annotations

from typing import Literal

Family = Literal["7series", "ultrascale+", "ecp5"]

LUTS_A_BRAM18: dict[Family, int] = {"7series": 190, "ultrascale+": 150, "ecp5": 402}
"""What a block RAM of 18 Kib is worth, in LUTs, where a memory can be either.

The ratio in which the devices of PYNQ-Z2 (xc7z020: 53,200 LUTs, 280 halves), ZCU102 (xczu9eg:
274,080 LUTs, 1,824 halves) and ULX3S (LFE5U-85F: 83,640 LUTs, 208 EBRs) have them, so that both run
out together.
"""

FFS_A_LUT: dict[Family, int] = {"7series": 2, "ultrascale+": 2, "ecp5": 1}
"""Flip-flops a LUT, in every slice of the family (UG474, UG574, FPGA-DS-02012)."""
