"""Colours of figures and classes: Okabe and Ito's, told apart with the common kinds of colour
blindness.

M. Okabe, K. Ito, "Color Universal Design" (2008). No figure tells two things apart by colour alone:
shapes, labels or hatching say it too. Of classes, the next ten colours are Tol's "muted" scheme
("Colour Schemes", SRON/EPS/TN/09-002), which keeps that promise too; of more classes none does.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

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


_HEX = (
    # Okabe and Ito
    "000000 E69F00 56B4E9 009E73 F0E442 0072B2 D55E00 CC79A7 "
    # Tol, muted; those least like the eight above come first
    "DDDDDD 999933 882255 88CCEE 332288 DDCC77 117733 44AA99 AA4499 CC6677 "
    # to 21, the classes of PASCAL VOC
    "777777 663300 FFAABB"
)
_CLASSES: npt.NDArray[np.uint8] = np.array(
    [list(bytes.fromhex(text)) for text in _HEX.split()], np.uint8
)


def class_colours(count: int) -> npt.NDArray[np.uint8]:
    """RGB of classes 0 to ``count - 1``, (count, 3); class 0 is black.

    From the 22nd class on the colours come again, half as far from white each time.
    """
    index = np.arange(count)
    light = index // len(_CLASSES)
    away = (255 - _CLASSES[index % len(_CLASSES)].astype(np.int64)) >> light[:, None]
    return (255 - away).astype(np.uint8)
