"""What an activation quantizer makes of a value, whoever wrote the source model."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fcn_hw.fixed import FixedFormat, Overflow, Rounding
from fcn_hw.frontend.parts import Function


@dataclass(frozen=True)
class Activation:
    """A function whose results are fixed-point numbers.

    Args:
        label: the quantizer, for messages and reports.
        call: float32 array to float32 array, as the source model computes it.
        format: of the results; its modes are those of the quantizer where it only converts.
        converts: whether it is the conversion of a real number to ``format``.
        rising: whether a larger input never gives a smaller result.
        stride: codes between neighbouring results.
        by_channel: whether channels differ, so that it is of all of them together only.
    """

    label: str
    call: Function
    format: FixedFormat
    converts: bool = False
    rising: bool = True
    stride: int = 1
    by_channel: bool = False


def exact_format(fmt: FixedFormat) -> FixedFormat:
    """The grid of a format, for an op that never converts to it inexactly."""
    return replace(fmt, rounding=Rounding.TRN, overflow=Overflow.WRAP)
