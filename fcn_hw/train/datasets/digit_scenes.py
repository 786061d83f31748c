"""``digit_scenes``: real handwritten digits on cluttered backgrounds, made in memory.

Everything after the draw of a random word is integer arithmetic, and the words come from
``PCG64.random_raw``, whose stream NumPy guarantees (NEP 19), so a seed gives the same bytes on
every machine. Scene ``i`` depends on the seed, the split and ``i`` only.

A digit is a smooth surface, a cubic B-spline through its grey values, cut at a level: strokes stay
smooth at any size. The mask marks the pixels that a stroke covers by half or more.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fcn_hw.design import DigitScenes
from fcn_hw.train.datasets.base import Bytes, Split, as_split
from fcn_hw.train.datasets.mnist import read_mnist

CLASSES = ("background", *(str(digit) for digit in range(10)))

VERSION = 1
"""Raised whenever the same configuration would give other bytes."""

Ints = npt.NDArray[np.int64]
Colour = Ints  # (3,), 0 to 255

_ONE = 256  # alpha of a covered pixel
_KNOT = 16  # steps of a spline's argument between two grid points
_SPLINE = 6 * _KNOT**3  # sum of the four cubic weights
_SHARPEN = 6 * 6  # gain of _sharpened
_LEVEL = 440  # where strokes are cut, of 1000
_MUTED = (30, 120)  # saturation of the surroundings
_VIVID = (220, 400)  # and of the digits
_PLACING_TRIES = 20


class Draws:
    """Integers from the raw words of a PCG64."""

    def __init__(self, *key: int) -> None:
        self._words = np.random.PCG64(np.random.SeedSequence(key))

    def below(self, bound: int) -> int:
        """0 to ``bound - 1``."""
        return ((int(self._words.random_raw()) >> 32) * bound) >> 32

    def between(self, low: int, high: int) -> int:
        """``low`` to ``high``, both possible."""
        return low + self.below(high - low + 1)

    def chance(self, percent: int) -> bool:
        return self.below(100) < percent

    def bytes(self, *shape: int) -> Ints:
        """Uniform bytes, as integers."""
        count = math.prod(shape)
        words = np.asarray(self._words.random_raw(-(-count // 8)), dtype="<u8")
        return words.view(np.uint8)[:count].reshape(shape).astype(np.int64)

    def colour(self, saturation: tuple[int, int]) -> Colour:
        """Any brightness; 0 is grey, 256 a uniformly drawn colour."""
        raw = self.bytes(3)
        grey = int(raw.sum()) // 3
        return np.clip(grey + (raw - grey) * self.between(*saturation) // 256, 0, 255)


@dataclass(frozen=True)
class Digits:
    """Source digits: (n, rows, columns) grey values and their labels."""

    images: Bytes
    labels: Bytes
    peak: int


@lru_cache(maxsize=1)
def _embedded_digits() -> Digits:
    """scikit-learn's 1,797 digits of 8x8: 13 writers of UCI's "Optical Recognition of Handwritten
    Digits" (Alpaydin, Kaynak 1998)."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    return Digits(bunch.images.astype(np.uint8), bunch.target.astype(np.uint8), peak=16)


def source_digits(split: str, mnist: Path | None) -> Digits:
    """Digits of one split; no digit is in both. Every fifth embedded digit is for validation."""
    if mnist is not None:
        images, labels = read_mnist(mnist, "train" if split == "train" else "t10k")
        return Digits(images, labels, peak=255)
    digits = _embedded_digits()
    part = (np.arange(len(digits.labels)) % 5 == 4) == (split == "val")
    return Digits(digits.images[part], digits.labels[part], digits.peak)


def make_split(config: DigitScenes, split: str, mnist: Path | None = None) -> Split:
    """All scenes of ``split`` (``"train"`` or ``"val"``), names ``train_00000`` and so on.

    Raises:
        DataError: a file of MNIST is missing or broken.
    """
    digits = source_digits(split, mnist)
    count = config.train_images if split == "train" else config.val_images
    key = (config.seed, 0 if split == "train" else 1)
    pairs = [
        _scene(Draws(*key, index), digits, config.height, config.width) for index in range(count)
    ]
    return as_split(pairs, [f"{split}_{index:05d}" for index in range(count)])


def _scene(draws: Draws, digits: Digits, height: int, width: int) -> tuple[Bytes, Bytes]:
    image = _background(draws, height, width)
    mask = np.zeros((height, width), np.uint8)
    _add_digits(draws, digits, image, mask)
    for _ in range(draws.below(2)):
        cover = _line(draws, height, width, thickness=max(2, height // 32))
        _blend(image, cover, draws.colour(_MUTED))
        mask[cover >= _ONE // 2] = 0
    spread = draws.between(0, 16)
    noise = draws.bytes(2, height, width, 3).sum(axis=0) - 255
    image += noise * spread >> 8
    return np.clip(image, 0, 255).astype(np.uint8), mask


# --- background ---------------------------------------------------------------------------------


def _background(draws: Draws, height: int, width: int) -> Ints:
    """A colour gradient, soft clouds, stripes, blobs and lines; (height, width, 3)."""
    corners = np.stack([draws.colour(_MUTED) for _ in range(4)]).reshape(2, 2, 3)
    image = _stretch(corners, height, width)
    cell = max(2, height // draws.between(3, 9))
    clouds = draws.bytes(height // cell + 2, width // cell + 2, 4) - 128
    clouds = clouds[..., :1] + clouds[..., 1:] // 3  # brightness, and a third of that in colour
    image += _stretch(clouds, height, width) * draws.between(0, 80) >> 8
    if draws.chance(30):
        _blend(image, _stripes(draws, height, width), draws.colour(_MUTED))
    for _ in range(draws.between(0, 3)):
        _blend(image, _blob(draws, height, width), draws.colour(_MUTED))
    for _ in range(draws.between(0, 3)):
        cover = _line(draws, height, width, thickness=max(2, height // 12))
        _blend(image, cover, draws.colour(_MUTED))
    return np.clip(image, 0, 255)


def _stretch(grid: Ints, height: int, width: int) -> Ints:
    """Bilinear enlargement of (rows, columns, channels), corner to corner."""
    for axis, size in ((0, height), (1, width)):
        position = np.arange(size) * (grid.shape[axis] - 1) * 256 // max(1, size - 1)
        low = np.minimum(position >> 8, grid.shape[axis] - 2)
        part = (position - (low << 8)).reshape((-1, 1, 1) if axis == 0 else (1, -1, 1))
        grid = (grid.take(low, axis) * (256 - part) + grid.take(low + 1, axis) * part) >> 8
    return grid


def _blend(image: Ints, cover: Ints, colour: Colour) -> None:
    """Paints ``colour`` where ``cover`` (0 to 256) says; in place."""
    image += (colour - image) * cover[..., None] + _ONE // 2 >> 8


def _grid(height: int, width: int) -> tuple[Ints, Ints]:
    """Column of y and row of x, in half pixels, at the centres of the pixels."""
    return np.arange(height)[:, None] * 2 + 1, np.arange(width)[None, :] * 2 + 1


def _stripes(draws: Draws, height: int, width: int) -> Ints:
    y, x = _grid(height, width)
    period = draws.between(max(4, height // 10), max(6, height // 3)) * 256
    phase = (x * draws.between(-256, 256) + y * draws.between(-256, 256)) // 2 % period
    return np.where(phase < period // 2, draws.between(40, 200), 0)


def _blob(draws: Draws, height: int, width: int) -> Ints:
    """A soft-edged ellipse."""
    y, x = _grid(height, width)
    y = y - draws.below(2 * height)
    x = x - draws.below(2 * width)
    radius_y = draws.between(max(2, height // 8), max(3, height // 2))
    radius_x = draws.between(max(2, height // 8), max(3, height // 2))
    distance = (y * y * 1024) // (radius_y * radius_y) + (x * x * 1024) // (radius_x * radius_x)
    cover: Ints = np.clip((1024 - distance) * draws.between(1, 4), 0, draws.between(100, 256))
    return cover


def _line(draws: Draws, height: int, width: int, *, thickness: int) -> Ints:
    """A straight stroke, up to ``thickness`` pixels thick, with smooth edges."""
    y, x = _grid(height, width)
    y0, x0 = draws.below(2 * height), draws.below(2 * width)
    dy, dx = draws.between(-height, height), draws.between(-width, width)
    length = max(1, math.isqrt(dy * dy + dx * dx))
    half = draws.between(128, 128 * thickness)  # 1/256 pixel
    across = abs((x - x0) * dy - (y - y0) * dx) * 128 // length
    along = abs((x - x0) * dx + (y - y0) * dy) * 128 // length
    beyond = np.maximum(across - half, along - length * 128)
    cover: Ints = np.clip(_ONE // 2 - beyond, 0, _ONE)
    return cover


# --- digits -------------------------------------------------------------------------------------


def _add_digits(draws: Draws, digits: Digits, image: Ints, mask: Bytes) -> None:
    """One to four digits that hardly overlap; ``image`` and ``mask`` change in place."""
    height, width = mask.shape
    extent = min(height, width * 2 // 3)
    taken = np.zeros(mask.shape, bool)
    for _ in range(draws.between(1, 4)):
        pick = draws.below(len(digits.labels))
        tall = max(draws.between(max(2, extent // 4), max(3, extent * 5 // 8)) for _ in range(3))
        cover = _digit_cover(draws, digits.images[pick], digits.peak, tall)
        rows, columns = cover.shape
        if rows > height or columns > width:
            continue
        for _ in range(_PLACING_TRIES):
            top, left = draws.below(height - rows + 1), draws.below(width - columns + 1)
            box = np.s_[top : top + rows, left : left + columns]
            if not (taken[box] & (cover > 0)).any():
                break
        else:
            continue
        _blend(image[box], cover, _visible_colour(draws, image[box], cover))
        mask[box][cover >= _ONE // 2] = int(digits.labels[pick]) + 1
        taken[box] |= cover > 0


def _visible_colour(draws: Draws, under: Ints, cover: Ints) -> Colour:
    """A colour away from what it is painted on: the first that differs enough, or the best."""
    beneath = under[cover > 0].sum(axis=0) // max(1, int((cover > 0).sum()))
    best, contrast = draws.colour(_VIVID), -1
    for _ in range(8):
        colour = draws.colour(_VIVID)
        difference = int(abs(colour - beneath).sum())
        if difference > contrast:
            best, contrast = colour, difference
        if contrast >= 260:
            break
    return best


def _digit_cover(draws: Draws, grey: Bytes, peak: int, tall: int) -> Ints:
    """How much of each pixel the digit covers, 0 to 256, turned and stretched a little.

    Args:
        grey: (rows, columns), 0 to ``peak``.
        tall: height of the digit before it is turned, in pixels.
    """
    inked = np.argwhere(grey)
    (top, left), (bottom, right) = inked.min(axis=0), inked.max(axis=0) + 1
    ink = _sharpened(np.pad(grey[top:bottom, left:right].astype(np.int64), 3))
    rows, columns = int(bottom - top), int(right - left)
    wide = max(2, tall * columns * draws.between(90, 115) // (rows * 100))
    sine = draws.between(-30, 30)  # of 256: up to 7 degrees
    cosine = 256 - sine * sine // 512

    # Pixel centres to positions on the grid of ink, in 1/_KNOT of a grid step.
    margin = 2 + abs(sine) * max(tall, wide) // 512 + max(tall, wide) // 8
    high, broad = tall + 2 * margin, wide + 2 * margin
    y, x = _grid(high, broad)
    y, x = y - high, x - broad  # half pixels from the middle
    at_row = (cosine * y - sine * x) * rows * _KNOT // (tall * 512)
    at_column = (cosine * x + sine * y) * columns * _KNOT // (wide * 512)
    at_row = at_row + (rows + 5) * _KNOT // 2  # the middle of the padded grid
    at_column = at_column + (columns + 5) * _KNOT // 2

    level = spline(ink, at_row, at_column) * 1000 // (peak * _SHARPEN * _SPLINE * _SPLINE)
    slope = max(1, 1000 * rows // tall)  # of a stroke's edge, a pixel
    cover = np.clip(_ONE // 2 + (level - _LEVEL) * _ONE // slope, 0, _ONE)
    seen = np.argwhere(cover)
    if not len(seen):  # fainter than the level everywhere
        return np.zeros((1, 1), np.int64)
    low, end = seen.min(axis=0), seen.max(axis=0) + 1
    return cover[low[0] : end[0], low[1] : end[1]]


def _sharpened(ink: Ints) -> Ints:
    """Spline coefficients of ``ink``, times ``_SHARPEN``: the surface then nearly meets the greys.

    (-1, 8, -1) / 6 is the three-tap inverse of the spline's own (1, 4, 1) / 6, on both axes.
    """
    for axis in (0, 1):
        ink = 8 * ink - np.roll(ink, 1, axis) - np.roll(ink, -1, axis)  # the rim is 0
    return ink


def spline(ink: Ints, at_row: Ints, at_column: Ints) -> Ints:
    """The uniform cubic B-spline surface over ``ink``, times ``_SPLINE ** 2``; 0 outside."""
    rows, columns = ink.shape
    inside = (at_row >= _KNOT) & (at_row < (rows - 2) * _KNOT)
    inside &= (at_column >= _KNOT) & (at_column < (columns - 2) * _KNOT)
    at_row, at_column = at_row[inside], at_column[inside]
    first_row, first_column = at_row // _KNOT - 1, at_column // _KNOT - 1
    row_weights, column_weights = _weights(at_row % _KNOT), _weights(at_column % _KNOT)
    flat = ink.ravel()
    start = first_row * columns + first_column
    total = np.zeros(len(start), np.int64)
    for row in range(4):
        line = np.zeros(len(start), np.int64)
        for column in range(4):
            line += column_weights[column] * flat[start + (row * columns + column)]
        total += row_weights[row] * line
    surface = np.zeros(inside.shape, np.int64)
    surface[inside] = total
    return surface


def _weights(part: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """The four cubic B-spline weights at ``part / _KNOT``, times ``_SPLINE``."""
    t, one = part, _KNOT
    return (
        (one - t) ** 3,
        3 * t**3 - 6 * t**2 * one + 4 * one**3,
        -3 * t**3 + 3 * t**2 * one + 3 * t * one**2 + one**3,
        t**3,
    )
