"""Colours of figures: Okabe and Ito's, told apart with the common kinds of colour blindness.

M. Okabe, K. Ito, "Color Universal Design" (2008). No figure tells two things apart by colour alone:
shapes, labels or hatching say it too.
"""

from __future__ import annotations

ORANGE = "#E69F00"
SKY = "#56B4E9"
GREEN = "#009E73"
BLUE = "#0072B2"
VERMILLION = "#D55E00"
PURPLE = "#CC79A7"
GREY = "#6B7280"


def css(rgb: tuple[int, ...]) -> str:
    """``(0, 114, 178)`` as ``#0072b2``."""
    return "#" + "".join(f"{int(part):02x}" for part in rgb)
