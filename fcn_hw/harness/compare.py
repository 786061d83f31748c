"""Comparison of two models of the same tensor, code for code, tolerance zero."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from pydantic.dataclasses import dataclass

from fcn_hw.errors import Mismatch
from fcn_hw.results import STRICT


@dataclass(frozen=True, config=STRICT)
class Difference:
    """The first place where two tensors differ.

    Args:
        index: (frame, row, column, channel), frames counted over the whole run.
        expected, actual: codes; a QKeras value between two codes is no integer.
    """

    index: tuple[int, ...]
    expected: int | float
    actual: int | float


@dataclass(frozen=True, config=STRICT)
class Comparison:
    """How two models of one tensor agree so far.

    Args:
        tensor: its name.
        values: codes compared.
        mismatches: how many of them differ.
        first: the first difference, or None.
        most_steps: the largest difference among those that differ, in steps of the format.
    """

    tensor: str
    values: int = 0
    mismatches: int = 0
    first: Difference | None = None
    most_steps: float = 0.0

    def extended(
        self,
        expected: npt.NDArray[np.generic],
        actual: npt.NDArray[np.generic],
        first_frame: int,
        *,
        nearest: bool = False,
    ) -> Comparison:
        """This comparison with a further batch of frames.

        Args:
            expected, actual: (N, H, W, C), integer codes, or float64 in units of the step.
            first_frame: number of the batch's first frame in the run.
            nearest: whether a value between two codes equals the nearer one, and at a tie both:
                for a tensor whose values no quantizer has put on the grid of the codes.

        Raises:
            Mismatch: the shapes differ, so nothing can be compared.
        """
        if expected.shape != actual.shape:
            raise Mismatch(self.tensor, actual.shape, expected.size, actual.size, expected.size)
        different = (
            np.abs(_steps_between(expected, actual)) > 0.5 if nearest else expected != actual
        )
        count = int(np.count_nonzero(different))
        first, most = self.first, self.most_steps
        if count:
            steps = _steps_between(expected[different], actual[different])
            most = max(most, float(np.abs(steps).max()))
        if count and first is None:
            index = tuple(int(i) for i in np.unravel_index(np.argmax(different), different.shape))
            first = Difference(
                (first_frame + index[0], *index[1:]),
                _number(expected[index]),
                _number(actual[index]),
            )
        return Comparison(
            self.tensor, self.values + expected.size, self.mismatches + count, first, most
        )

    def followed_by(self, other: Comparison) -> Comparison:
        """This comparison and one of later frames of the same tensor."""
        return Comparison(
            self.tensor,
            self.values + other.values,
            self.mismatches + other.mismatches,
            self.first or other.first,
            max(self.most_steps, other.most_steps),
        )


def _steps_between(
    expected: npt.NDArray[np.generic], actual: npt.NDArray[np.generic]
) -> npt.NDArray[np.float64]:
    return expected.astype(np.float64) - actual.astype(np.float64)


def _number(value: np.generic) -> float:
    """An int where the value is one, so that messages show codes as codes."""
    number = float(value)
    return int(number) if number.is_integer() else number
