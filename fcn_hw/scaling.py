"""What a network was given for an integer code: ``code * scale + offset``, exact by channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Union

import numpy as np
import numpy.typing as npt

from fcn_hw.errors import ConfigError
from fcn_hw.fixed import FixedFormat

Number = Union[str, int, float, Fraction]

MAX_TEXT = 100
"""Characters of a number."""

MAX_EXPONENT = 20
"""Powers of ten that a number may have: float32 goes to 38."""

_SHORT = 1 << 11

_HOW = (
    "Write decimals or fractions, one or one a channel: 1/255, 0.485, -1, or 1/58.4,1/57.1,1/57.4."
)


@dataclass(frozen=True)
class Scaling:
    """``code * scale + offset``, what the source model is given for a code.

    Args:
        scale, offset: one number, or one a channel.
    """

    scale: tuple[Fraction, ...]
    offset: tuple[Fraction, ...] = (Fraction(0),)

    @property
    def channels(self) -> int:
        """The channels that it is written for; 1 for any number of them."""
        return max(len(self.scale), len(self.offset))

    @property
    def power_of_two(self) -> int | None:
        """log2 of the scale, where it is one power of two and there is no offset."""
        top, bottom = self.scale[0].numerator, self.scale[0].denominator
        power = top.bit_length() - bottom.bit_length()
        same = self.scale == (Fraction(2) ** power,) and not any(self.offset)
        return power if same else None

    @property
    def is_dyadic(self) -> bool:
        """Whether float32 holds every value of short codes exactly."""
        return all(
            number.denominator & (number.denominator - 1) == 0
            and max(abs(number.numerator), number.denominator) <= _SHORT
            for number in (*self.scale, *self.offset)
        )

    def factors(self, channels: int) -> npt.NDArray[np.float64]:
        """The scale of each channel."""
        return _by_channel(self.scale, channels)

    def summands(self, channels: int) -> npt.NDArray[np.float64]:
        """The offset of each channel."""
        return _by_channel(self.offset, channels)

    def values(self, codes: npt.NDArray[np.integer]) -> npt.NDArray[np.float32]:
        """What the model is given for codes (..., channels), rounded once to float32."""
        channels = codes.shape[-1]
        exact = codes * self.factors(channels) + self.summands(channels)
        found: npt.NDArray[np.float32] = exact.astype(np.float32)
        return found

    def __str__(self) -> str:
        text = f"code * {_listed(self.scale)}"
        if not any(self.offset):
            return text
        if len(self.offset) == 1 and self.offset[0] < 0:
            return f"{text} - {-self.offset[0]}"
        return f"{text} + {_listed(self.offset)}"


def scaling_of(
    fmt: FixedFormat,
    scale: Number | Sequence[Number] | None,
    offset: Number | Sequence[Number] | None,
    *,
    names: tuple[str, str] = ("--input-scale", "--input-offset"),
) -> Scaling | None:
    """What scale and offset say beside a format, or None where they say what the format says.

    Args:
        fmt: of the codes; without a scale, a code stands for ``code * fmt.step``.
        scale, offset: numbers as they are written; a text may list several with commas. None: not
            given.
        names: of the two, for messages.

    Raises:
        ConfigError: no number; a scale of 0; lists of different lengths.
    """
    step = Fraction(2) ** -fmt.fraction
    scales = (step,) if scale is None else _numbers(scale, names[0])
    offsets = (Fraction(0),) if offset is None else _numbers(offset, names[1])
    if 0 in scales:
        raise ConfigError(f"{names[0]}: 0 leaves nothing of a code", hint=_HOW)
    if len(scales) > 1 and len(offsets) > 1 and len(scales) != len(offsets):
        raise ConfigError(
            f"{names[0]} has {len(scales)} values and {names[1]} has {len(offsets)}", hint=_HOW
        )
    found = Scaling(_shortest(scales), _shortest(offsets))
    return None if found == Scaling((step,)) else found


def step_scaling(fmt: FixedFormat) -> Scaling:
    """``code * step``, what codes of a format stand for where nothing else is said."""
    return Scaling((Fraction(2) ** -fmt.fraction,))


def read_number(value: Number, name: str) -> Fraction:
    """A decimal or a fraction of decimals, exactly: ``"1/255"``, ``"-0.485/0.229"``, ``0.5``.

    Raises:
        ConfigError: it is none.
    """
    text = str(value).strip()
    try:
        if isinstance(value, bool) or len(text) > MAX_TEXT:
            raise ValueError
        number, *divisors = (_decimal(part) for part in text.split("/"))
        for divisor in divisors:
            number /= divisor
        if number and not 10**-MAX_EXPONENT <= abs(number) <= 10**MAX_EXPONENT:
            raise ValueError
    except (ValueError, ZeroDivisionError):
        shown = text if len(text) <= 40 else f"{text[:40]}..."
        raise ConfigError(f"{name}: '{shown}' is no number", hint=_HOW) from None
    return number


def _decimal(text: str) -> Fraction:
    _, _, exponent = text.lower().partition("e")
    if exponent and abs(int(exponent)) > MAX_EXPONENT:
        raise ValueError
    return Fraction(text.strip())


def _numbers(value: Number | Sequence[Number], name: str) -> tuple[Fraction, ...]:
    items: Sequence[Number]
    if isinstance(value, str):
        items = value.split(",")
    elif isinstance(value, (list, tuple)):
        items = value
    else:
        items = [value]  # type: ignore[list-item]
    if not items:
        raise ConfigError(f"{name}: there is no value", hint=_HOW)
    return tuple(read_number(item, name) for item in items)


def _shortest(numbers: tuple[Fraction, ...]) -> tuple[Fraction, ...]:
    return numbers[:1] if len(set(numbers)) == 1 else numbers


def _by_channel(numbers: tuple[Fraction, ...], channels: int) -> npt.NDArray[np.float64]:
    floats = np.array([float(number) for number in numbers])
    return np.array(np.broadcast_to(floats, (channels,)))


def _listed(numbers: tuple[Fraction, ...]) -> str:
    text = ", ".join(str(number) for number in numbers)
    return text if len(numbers) == 1 else f"({text})"
