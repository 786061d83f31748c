"""Pictures into a network and out of it: files as pixels of its size, class maps as colours.

Data sets, ``fcn-hw predict`` and the driver of a board see the same bytes of the same file: the
text of this file is ``driver/pictures.py`` of a project. So it needs NumPy, Pillow and its
error only.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from fcn_hw.errors import DataError

if TYPE_CHECKING:  # a board may have a NumPy without it
    from collections.abc import Iterator

    from numpy.typing import NDArray

_DEEP_MODES = {"I", "F", "I;16", "I;16B", "I;16L", "I;16N"}
_ANIMATED = {"GIF", "PNG", "WEBP"}
"""Formats whose frames are a sequence; the second picture of a JPEG is something else."""
_SUBFILE, _SMALLER_OR_MASK = 254, 0b101
"""NewSubfileType, a tag of a TIFF's page, and its bits that say that it is no page of its own."""

_FILTERS = getattr(Image, "Resampling", Image)  # Pillow before 9.1 has them in Image


def decode(path: Path, what: str) -> Image.Image:
    """A file as Pillow reads it; of an animation the first frame.

    Args:
        what: ``"image"`` or ``"mask"``, for the message.

    Raises:
        DataError: undecodable.
    """
    try:
        with Image.open(path) as file:
            image: Image.Image = file
            image.load()
    except Exception as error:  # decoders raise nearly anything on broken bytes
        raise _undecodable(path, what, error) from error
    return image


def decode_image(path: Path, channels: int) -> Image.Image:
    """An image as 8-bit grey (1 channel) or RGB (3); transparency is dropped.

    Raises:
        DataError: undecodable, or more than 8 bits a channel.
    """
    return _as_bytes(decode(path, "image"), path, channels)


def decode_frames(path: Path, channels: int) -> Iterator[Image.Image]:
    """As :func:`decode_image`, of each frame (GIF, APNG, WebP) or page (TIFF) in turn."""
    numbers = _frames(path)
    if len(numbers) == 1:
        yield decode_image(path, channels)
        return
    with Image.open(path) as file:
        for number in numbers:
            try:
                file.seek(number)
                image = file.copy()
            except Exception as error:
                raise _undecodable(path, f"frame {number}", error) from error
            yield _as_bytes(image, path, channels)


def fitted_frames(
    path: Path, shape: tuple[int, int, int], fit: str, channels_are: str = "RGB"
) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """The frames of a file as a network sees them, each with the name of its pictures.

    Args:
        shape: (height, width, channels) of the network's input.
        fit: see :func:`fitted_size`.
        channels_are: see :func:`ordered`.

    Raises:
        DataError: as :func:`decode_image`.
    """
    height, width, channels = shape
    animated = frame_count(path) > 1
    for number, picture in enumerate(decode_frames(path, channels)):
        name = frame_name(path, number) if animated else path.stem
        yield name, ordered(fitted(picture, height, width, fit), channels_are)


def ordered(pixels: NDArray[np.uint8], channels_are: str) -> NDArray[np.uint8]:
    """Pixels (..., channels) of an image in the order that a network wants, and back again.

    Args:
        channels_are: ``RGB``, as images are read; ``BGR``; or ``grey``.
    """
    return pixels[..., ::-1] if channels_are == "BGR" else pixels


def frame_name(path: Path, number: int) -> str:
    """The name of the pictures of a frame, counted from 0, of an animation or a video."""
    return f"{path.stem}_{number:05d}"


def frame_count(path: Path) -> int:
    """How many frames an animation has, or pages a TIFF; 1 of any other image.

    Raises:
        DataError: undecodable.
    """
    return len(_frames(path))


def fitted_size(size: tuple[int, int], height: int, width: int, fit: str) -> tuple[int, int]:
    """(width, height) to which a picture of ``size`` is scaled, before it is cut or padded.

    Args:
        fit: ``resize`` stretches to the frame. ``crop`` keeps the aspect and cuts the centre out; a
            picture that doesn't cover the frame is enlarged until it does. ``pad`` keeps the aspect
            and adds a border at the right and the bottom; a picture larger than the frame is
            shrunk until it fits.
    """
    wide, high = size
    if fit == "resize":
        return width, height
    choose = max if fit == "crop" else min
    up, down = choose((width, wide), (height, high), (1, 1), key=lambda pair: pair[0] / pair[1])
    # times up / down, to the nearest pixel, at least 1
    return (
        max(1, (2 * wide * up + down) // (2 * down)),
        max(1, (2 * high * up + down) // (2 * down)),
    )


def fitted(
    picture: Image.Image, height: int, width: int, fit: str, *, nearest: bool = False,
    border: int = 0,
) -> NDArray[np.uint8]:  # fmt: skip
    """A picture brought to a frame.

    It is averaged by area where it shrinks and interpolated linearly where it grows.

    Args:
        fit: see :func:`fitted_size`.
        nearest: of a mask: the nearest pixel instead.
        border: value of what ``pad`` adds.

    Returns:
        (height, width, channels).
    """
    size = fitted_size(picture.size, height, width, fit)
    if size != picture.size:
        shrinks = size[0] <= picture.width and size[1] <= picture.height
        smooth = _FILTERS.BOX if shrinks else _FILTERS.BILINEAR
        picture = picture.resize(size, _FILTERS.NEAREST if nearest else smooth)
    pixels = np.atleast_3d(np.asarray(picture, np.uint8))
    if fit == "crop":
        top, left = (size[1] - height) // 2, (size[0] - width) // 2
        return pixels[top : top + height, left : left + width]
    missing = ((0, height - size[1]), (0, width - size[0]), (0, 0))
    return np.pad(pixels, missing, constant_values=border) if size != (width, height) else pixels


def write_pictures(
    folder: Path, name: str, pixels: NDArray[np.uint8], classes: NDArray[np.uint8],
    colours: NDArray[np.uint8],
) -> tuple[str, str]:  # fmt: skip
    """Writes ``<name>.classes.png``, a palette image of classes, and ``<name>.overlay.png``.

    Args:
        pixels: (height, width, 1 or 3), what the network was given.
        classes: (height, width) of its class map, which may be smaller.
        colours: (classes, 3), RGB.

    Returns:
        the names of the two files.
    """
    files = f"{name}.classes.png", f"{name}.overlay.png"
    drawn = Image.fromarray(classes)
    drawn.putpalette(colours.ravel().tolist())  # makes a palette image of a grey one
    drawn.save(folder / files[0])
    overlay(pixels, classes, colours).save(folder / files[1])
    return files


def overlay(
    pixels: NDArray[np.uint8], classes: NDArray[np.uint8], colours: NDArray[np.uint8]
) -> Image.Image:
    """Half the image and half the colours of its classes; arguments of :func:`write_pictures`."""
    height, width = pixels.shape[:2]
    rows = np.arange(height) * classes.shape[0] // height
    columns = np.arange(width) * classes.shape[1] // width
    above = colours[classes[rows][:, columns]].astype(np.uint16)
    return Image.fromarray(((pixels + above) // 2).astype(np.uint8))


def _frames(path: Path) -> list[int]:
    """The numbers of the pictures in a file that are frames or pages."""
    try:
        with Image.open(path) as file:
            count = getattr(file, "n_frames", 1)
            if file.format != "TIFF":
                return list(range(count if file.format in _ANIMATED else 1))
            pages = []
            for number in range(count):
                file.seek(number)
                if not getattr(file, "tag_v2", {}).get(_SUBFILE, 0) & _SMALLER_OR_MASK:
                    pages.append(number)
            return pages or [0]
    except Exception as error:
        raise _undecodable(path, "image", error) from error


def of_channels(image: Image.Image, channels: int) -> Image.Image:
    """An image of 8 bits a channel as grey (1 channel) or RGB (3)."""
    return image.convert("RGB" if channels == 3 else "L")


def _as_bytes(image: Image.Image, path: Path, channels: int) -> Image.Image:
    if image.mode in _DEEP_MODES:
        raise DataError(f"{path}: the image has more than 8 bits a channel; store bytes")
    return of_channels(image, channels)


def _undecodable(path: Path, what: str, error: Exception) -> DataError:
    # Pillow repeats the path, or a memory address, for a file that it can't identify.
    reason = "not an image" if "cannot identify" in str(error) else str(error)
    return DataError(f"{path}: the {what} can't be decoded: {reason}")
