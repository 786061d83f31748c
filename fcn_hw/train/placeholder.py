"""A quantized model without a training: from seeded weights, or from those of a float model.

A placeholder has the shapes and the bits of the trained model, so folds, FIFO depths and resources
can be asked for; what it computes means nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fcn_hw.design import Design
from fcn_hw.keras_env import seed_everything
from fcn_hw.train.datasets.base import DataSet, Split
from fcn_hw.train.design_network import design_topology
from fcn_hw.train.networks import Weights, build_float, folded_weights
from fcn_hw.train.precision import wishes
from fcn_hw.train.store import save_model
from fcn_hw.train.study import Study
from fcn_hw.train.topology import Topology

_IMAGES = 2


def save_placeholder(design: Design, path: Path) -> None:
    """Writes the model, a Keras file; reads no data.

    Raises:
        ConfigError: an impossible network, or a precision that a layer can't have.
    """
    topology = design_topology(design)
    wishes(design, topology)  # a wrong design fails before TensorFlow starts
    seed_everything(design.training.seed)
    shape = topology[0].shape
    images = np.random.default_rng(design.training.seed).integers(
        0, 256, (_IMAGES, shape.height, shape.width, shape.channels), np.uint8
    )
    weights = folded_weights(build_float(topology, batchnorm=False), topology)
    save_calibrated(design, topology, weights, images, path)


def save_calibrated(
    design: Design, topology: Topology, weights: Weights, images: npt.NDArray[Any], path: Path
) -> None:
    """Quantizes float weights as they are, and writes the model, a Keras file.

    Args:
        design: its precision is what is asked for.
        topology: the network.
        weights: of its float model, batch normalization folded.
        images: (N, height, width, channels), bytes; they choose the binary points.

    Raises:
        ConfigError: a precision that a layer can't have.
    """
    wanted = wishes(design, topology)
    split = Split(images, images[..., 0] % 2, ("",) * len(images))  # no mask is looked at
    dataset = DataSet(design.dataset.kind, ("a", "b"), None, split, split, split)
    study = Study(design, dataset, topology, weights)
    table = study.table(wanted)
    save_model(study.snapped(study.quantized(table), table), path)
