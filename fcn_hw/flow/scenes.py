"""The images that csim shows, with their class maps, as numbers: ``report/segmentation.npz``."""

from __future__ import annotations

import zipfile
from collections.abc import Container, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fcn_hw.errors import ReportError
from fcn_hw.train.store import replacing

SCENES = "segmentation.npz"
COLUMNS = ("truth", "float", "quantized", "C simulation")
_OF_A_TRAINING = "float"
"""The column that a network of a QONNX file has not."""

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Scenes:
    """Some images of the validation split.

    Args:
        images: (n, height, width, channels), raw bytes.
        maps: for each of :data:`COLUMNS` that is there the classes, (n, height, width).
        void: the class that does not count, or None.
    """

    images: Bytes
    maps: Mapping[str, Bytes]
    void: int | None


def save_scenes(
    path: Path,
    images: Bytes,
    maps: Mapping[str, npt.NDArray[np.integer]],
    void: int | None,
) -> None:
    """Writes the file, whole or not at all; arguments as in :class:`Scenes`."""
    arrays: dict[str, Any] = {name: np.asarray(maps[name], np.uint8) for name in _there(maps)}
    no_void = np.array([] if void is None else [void], np.uint8)
    with replacing(path) as temporary:
        np.savez_compressed(temporary, images=images, void=no_void, **arrays)


def _there(maps: Container[str]) -> list[str]:
    return [name for name in COLUMNS if name != _OF_A_TRAINING or name in maps]


def load_scenes(path: Path) -> Scenes:
    """Reads the file.

    Raises:
        ReportError: it is missing or malformed.
    """
    try:
        with np.load(path) as file:
            void = file["void"].tolist()
            scenes = Scenes(
                file["images"],
                {name: file[name] for name in _there(file)},
                void[0] if void else None,
            )
    except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ReportError(
            f"{path}: no class maps of csim ({type(error).__name__})", hint="run csim again"
        ) from error
    shape = scenes.images.shape
    wanted = shape[:3]
    if (
        len(shape) != 4
        or shape[3] not in (1, 3)
        or any(item.shape != wanted or item.dtype != np.uint8 for item in scenes.maps.values())
    ):
        raise ReportError(f"{path}: its class maps have other shapes", hint="run csim again")
    return scenes
