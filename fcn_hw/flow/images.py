"""The validation images that a design is compared on, and what export left of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pydantic import RootModel
from pydantic.dataclasses import dataclass

from fcn_hw.design import Design
from fcn_hw.errors import DataError
from fcn_hw.fixed import Codes
from fcn_hw.flow.stage import digest_of
from fcn_hw.frontend.proofs import Status
from fcn_hw.harness.compare import Comparison
from fcn_hw.results import STRICT
from fcn_hw.train.datasets import Split, dataset_digest, load_dataset

AGREEMENT = "qkeras.json"
"""Beside the graph: graph against QKeras on these images."""

CLASS_MAPS = "qkeras_class_maps.npz"
"""Beside the graph: class maps of the float and of the QKeras model, on these images."""


@dataclass(frozen=True, config=STRICT, kw_only=True)
class QKerasComparison(Comparison):
    """A tensor of the graph against QKeras, and how it is known that its codes are the same."""

    status: Status


class QKerasComparisons(RootModel[dict[str, QKerasComparison]]):
    """:data:`AGREEMENT`, by op."""


def validation_images(design: Design, count: int | None = None) -> Split:
    """The first images of the split that the design's csim section names.

    Args:
        count: at most so many; never more than the section asks for.

    Raises:
        DataError: the data set has no such split.
    """
    name = design.csim.split
    split = load_dataset(design.dataset, splits=(name,)).split(name)
    if not len(split):
        raise DataError(
            f"csim.split: data set '{design.dataset.kind}' has no split '{name}'",
            hint="leave it out, or give camvid sequences to hold out",
        )
    limit = min((n for n in (design.csim.images, count) if n is not None), default=None)
    return Split(split.images[:limit], split.masks[:limit], split.names[:limit])


def input_codes(split: Split) -> Codes:
    """The images as the graph reads them: raw bytes."""
    return split.images.astype(np.int64)


def images_digest(design: Design) -> str:
    """Of the images that the design's csim section asks for."""
    return digest_of(dataset_digest(design.dataset), design.csim.images, design.csim.split)


def void_class(design: Design) -> int | None:
    """The value of masks that does not count."""
    return load_dataset(design.dataset, splits=()).void


def stored_image_count(folder: Path) -> int:
    """How many images export compared: as many as a whole csim has.

    Args:
        folder: of the graph.
    """
    with np.load(folder / CLASS_MAPS) as stored:
        return len(stored["quantized"])
