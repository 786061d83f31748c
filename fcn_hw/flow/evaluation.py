"""The result of an evaluation: metrics of each model on one set of images, and its document."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic.dataclasses import dataclass

from fcn_hw.flow.csim_report import LayerResult
from fcn_hw.results import STRICT
from fcn_hw.train import result as training
from fcn_hw.train.datasets.base import Metric
from fcn_hw.train.tally import Metrics

MODELS = {**training.MODELS, "hardware": "hardware"}
"""Keys of a document's models, and what people call them."""


@dataclass(frozen=True, config=STRICT)
class HardwareRun:
    """The emitted C++ on the images.

    Args:
        board: that the project is for.
        values_compared: codes of all tensors, against the oracle.
        mismatches: how many of them differ.
        argmax_flips: pixels whose class is not that of the quantized model.
        layers: a row for each tensor.
    """

    board: str
    values_compared: int
    mismatches: int
    argmax_flips: int
    layers: tuple[LayerResult, ...]

    @property
    def exact(self) -> bool:
        """Whether nothing differed."""
        return self.mismatches == 0 and self.argmax_flips == 0


@dataclass(frozen=True, config=STRICT)
class Evaluation:
    """A trained design on a set of images.

    Args:
        design: its name.
        name: of the set: a split, or ``list_`` and the list's name.
        file: of the document and the picture, without suffix.
        metric: what the design is judged by.
        images: how many.
        labelled_pixels: that the metrics count, void left out; of a classifier, images.
        absent: classes that the set does not hold.
        boundary_tolerance_px: distance at which boundaries match; None for a classifier.
        models: metrics by key of :data:`MODELS`.
        own_size: the same, of class maps that are brought back to the size of each image, against
            the file's mask; None where it was not asked for.
        hardware: None where the C++ did not run.
    """

    design: str
    name: str
    file: str
    metric: Metric
    images: int
    labelled_pixels: int
    absent: tuple[str, ...]
    boundary_tolerance_px: float | None
    models: Mapping[str, Metrics]
    own_size: Mapping[str, Metrics] | None
    hardware: HardwareRun | None

    @property
    def exact(self) -> bool:
        """Whether the C++, if it ran, equals the oracle and the quantized model."""
        return self.hardware is None or self.hardware.exact
