"""The validation images that a design is compared on, and what export left of them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydantic import RootModel
from pydantic.dataclasses import dataclass

from fcn_hw.design import Design
from fcn_hw.errors import DataError
from fcn_hw.fixed import Codes
from fcn_hw.flow.frames import graph_frames
from fcn_hw.flow.labels import stored_labels
from fcn_hw.flow.stage import digest_of
from fcn_hw.flow.workspace import GraphWorkspace, Target
from fcn_hw.frontend.proofs import Status
from fcn_hw.harness.compare import Comparison
from fcn_hw.ir import Graph
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


def input_frames(target: Target, graph: Graph, count: int) -> dict[str, Codes]:
    """Codes of each input to run a graph on: of validation images, or of the user's frames.

    Args:
        count: at most so many frames.

    Raises:
        DataError: there are no such frames.
    """
    if isinstance(target, GraphWorkspace):
        given = graph_frames(graph, target.data, count, stored_labels(target.graph))
        return {name: codes.astype(np.int64) for name, codes in given.items()}
    return {graph.inputs[0].name: input_codes(validation_images(target.design, count))}


def frames_digest(codes: Mapping[str, npt.NDArray[np.integer]]) -> str:
    """Of the codes of all inputs, and of their type in memory."""
    hashed = hashlib.sha256()
    for name, item in codes.items():
        hashed.update(f"{name} {item.shape} {item.dtype}".encode())
        hashed.update(np.ascontiguousarray(item).data)
    return hashed.hexdigest()


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
