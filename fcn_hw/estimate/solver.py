"""Integer programs by HiGHS, without what HiGHS prints."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

STDOUT = 1


class Constraint(NamedTuple):
    """``low <= rows @ variables <= high``.

    Args:
        rows: a matrix, sparse or not, with a column for each variable.
        low, high: a number for each row, or one for all.
    """

    rows: Any
    low: Floats | float
    high: Floats | float


def minimum(
    price: Floats,
    integers: npt.NDArray[np.bool_],
    upper: Floats,
    constraints: Sequence[Constraint],
    gap: float = 0.0,
) -> Floats | None:
    """The variables of the least price, or None where the constraints contradict one another.

    Args:
        price: of one of each variable.
        integers: which variables are whole numbers.
        upper: of each variable; the least is 0.
        constraints: see above.
        gap: how far the price may be from the least, relatively.
    """
    # Half a second: not for runs that find all folds where they left them.
    from scipy.optimize import Bounds, LinearConstraint, milp

    with _no_output():
        result = milp(
            price,
            integrality=integers.astype(np.int64),
            bounds=Bounds(0, upper),
            constraints=[LinearConstraint(*constraint) for constraint in constraints],
            options={"mip_rel_gap": gap},
        )
    found: Floats | None = result.x
    return found


@contextmanager
def _no_output() -> Iterator[None]:
    """Keeps C code from printing.

    HiGHS, in SciPy 1.17 at least, prints a line by ``printf`` when it repairs a solution, whatever
    its options say. The line would stand in the middle of the JSON that a command prints.
    """
    try:
        kept = os.dup(STDOUT)
    except OSError:  # there is no standard output
        yield
        return
    sys.stdout.flush()
    try:
        with Path(os.devnull).open("wb") as nothing:
            os.dup2(nothing.fileno(), STDOUT)
        yield
    finally:
        with suppress(OSError, AttributeError, TypeError):
            ctypes.CDLL(None).fflush(None)  # what printf still holds goes nowhere too
        os.dup2(kept, STDOUT)
        os.close(kept)
