"""Energies of operations.

The table: M. Horowitz, "Computing's energy problem (and what we can do about it)", ISSCC 2014,
figure 1.1.9, 45 nm, 0.9 V. Additions: 0.03 pJ (8 bits), 0.1 pJ (32 bits). Multiplications: 0.2 pJ
(8 bits), 3.1 pJ (32 bits). A 64-bit access of a memory of 8 KiB: 10 pJ.

Scaled: an addition by its bits, a multiplication by the product of its operands' bits, a memory
access by its bits. On-chip memory only: a frame enters and leaves the core as a stream. The table
is that of fixed logic in 45 nm: an FPGA's own energy is larger and its leakage and clock are not
in it. Compare designs by it; do not size a power supply by it.
"""

from __future__ import annotations

ADD_PJ_A_BIT = 0.1 / 32
MULTIPLY_PJ_A_BIT2 = 3.1 / 32**2
MEMORY_PJ_A_BIT = 10.0 / 64


def fifo_energy_pj(pixels: int, width_bits: int) -> float:
    """A word is written and read once."""
    return 2 * pixels * width_bits * MEMORY_PJ_A_BIT
