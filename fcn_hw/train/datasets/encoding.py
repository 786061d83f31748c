"""Masks whose values are no class indices: 0 and 255, colours, one channel of a colour image."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from fcn_hw.design import MaskEncoding, MaskValue
from fcn_hw.errors import DataError
from fcn_hw.pictures import decode

Longs = npt.NDArray[np.int64]

SPARE_VALUES = 16
"""How many more values than classes a hint names; still more come from smooth edges."""

_INDEX_MODES = {"1", "L", "P"}
_COLOUR_MODES = {"RGB", "RGBA"}
_CHANNELS = ("red", "green", "blue")


class WrongMask(DataError):
    """A mask holds what the design does not name."""


def decode_mask(path: Path, encoding: MaskEncoding | None, void: int | None) -> Image.Image:
    """A mask of class indices.

    Args:
        encoding: how the file says its classes; None: grey, palette (the index counts, not the
            colour) or one bit, whose values are the indices.
        void: the index of what is ignored, or None.

    Raises:
        DataError: undecodable, or more than 8 bits a channel.
        WrongMask: colours where the design says nothing of them, or a value that it does not name.
    """
    mask = decode(path, "mask")
    if mask.mode not in _INDEX_MODES | _COLOUR_MODES:
        raise DataError(
            f"{path}: the mask's mode is {mask.mode}, not class indices",
            hint="Store masks as 8-bit grey or palette PNG whose values are class indices.",
        )
    if encoding is None:
        if mask.mode in _COLOUR_MODES:
            raise WrongMask(f"{path}: the mask's mode is {mask.mode}, not class indices")
        return Image.fromarray(np.asarray(mask, np.uint8))
    if encoding.has_colours:
        codes = _packed(mask)
    elif encoding.channel is not None:
        codes = np.asarray(mask.convert("RGB"))[..., _CHANNELS.index(encoding.channel)].astype(int)
    elif mask.mode in _COLOUR_MODES:
        raise WrongMask(f"{path}: the mask's mode is {mask.mode}, dataset.masks names grey values")
    else:
        codes = np.asarray(mask, np.uint8).astype(np.int64)
    return Image.fromarray(_indices(path, codes, encoding, void))


def line_to_write(paths: Iterable[Path], classes: Sequence[str], void: int | None) -> str:
    """The hint of a :class:`WrongMask`: what section ``dataset`` must say of these masks.

    Args:
        paths: of all masks of the list; what can't be read is left out.
        classes: names.
        void: the value that is ignored, or None.
    """
    most = len(classes) + SPARE_VALUES
    found: Counter[tuple[int, ...]] = Counter()
    in_colour = False
    for path in paths:
        try:
            mask = decode(path, "mask")
        except DataError:
            continue
        if mask.mode not in _INDEX_MODES | _COLOUR_MODES:
            continue
        in_colour |= mask.mode in _COLOUR_MODES
        found += _values(mask)
        if len(found) > most:
            return (
                f"the masks hold more than {most} values, as pictures with smooth edges do; "
                "store them as PNG, drawn and scaled without smoothing"
            )
    if not in_colour:
        return _line(sorted(value for (value,) in found), "", classes, void)
    colours = [(*value, *value, *value) if len(value) == 1 else value for value in found]
    for index, name in enumerate(_CHANNELS):
        others = [colour[:index] + colour[index + 1 :] for colour in colours]
        grey = all(len(set(colour)) == 1 for colour in colours)
        if grey or not any(any(other) for other in others):
            values = sorted({colour[index] for colour in colours})
            return _line(values, f"channel: {name}", classes, void)
    frequent = [list(colour) for colour, _ in found.most_common()]
    return _line(frequent, "", classes, None)


# -- inside ----------------------------------------------------------------------------------------


def _line(
    values: Sequence[int] | Sequence[list[int]], channel: str, classes: Sequence[str],
    void: int | None,
) -> str:  # fmt: skip
    """In which order the values stand for the classes, only the user knows; void is no class."""
    if len(values) > len(classes):
        values = [value for value in values if value != void]  # type: ignore[assignment]
    if list(values) == list(range(len(values))) and len(values) > len(classes):
        return f"the masks hold the values 0 to {len(values) - 1}: name each in dataset.classes"
    indices = all(isinstance(value, int) and value < len(classes) for value in values)
    named = "" if channel and indices else f"values: {list(values)}"
    line = f"masks: {{{', '.join(part for part in (channel, named) if part)}}}"
    if not named:
        return f"write in section dataset: {line}"
    if len(values) != len(classes):
        return (
            f"the masks hold {len(values)} values, dataset.classes has {len(classes)} names; one "
            f"name a value, and write in section dataset: {line}"
        )
    return f"write in section dataset: {line}, in the order of dataset.classes"


def _values(mask: Image.Image) -> Counter[tuple[int, ...]]:
    """How many pixels have each value: (grey,) or (red, green, blue)."""
    if mask.mode in _INDEX_MODES:
        counts = np.bincount(np.asarray(mask, np.uint8).ravel(), minlength=256)
        return Counter({(int(v),): int(counts[v]) for v in np.flatnonzero(counts)})
    values, counts = np.unique(_packed(mask), return_counts=True)
    return Counter(
        {
            (int(v) >> 16, (int(v) >> 8) & 255, int(v) & 255): int(count)
            for v, count in zip(values, counts, strict=True)
        }
    )


def _packed(mask: Image.Image) -> Longs:
    red, green, blue = np.moveaxis(np.asarray(mask.convert("RGB")).astype(np.int64), -1, 0)
    packed: Longs = (red << 16) | (green << 8) | blue
    return packed


def _code(value: MaskValue) -> int:
    if isinstance(value, int):
        return value
    red, green, blue = value
    return (red << 16) | (green << 8) | blue


def _indices(
    path: Path, codes: Longs, encoding: MaskEncoding, void: int | None
) -> npt.NDArray[np.uint8]:
    """The class index of each code."""
    table: dict[int, int] = {} if void is None or encoding.has_colours else {void: void}
    if encoding.values is None:
        table |= {index: index for index in range(256)}  # the caller knows the classes
    else:
        table |= {_code(value): index for index, value in enumerate(encoding.values)}
    if encoding.void is not None:
        assert void is not None, "the schema refuses it"
        table[_code(encoding.void)] = void
    present, inverse = np.unique(codes, return_inverse=True)
    for code in present.tolist():
        if code not in table:
            value = [code >> 16, (code >> 8) & 255, code & 255] if encoding.has_colours else code
            raise WrongMask(f"{path}: mask value {value} is none of dataset.masks.values")
    indices = np.array([table[code] for code in present.tolist()], np.uint8)
    return indices[inverse.reshape(codes.shape)]
