"""A quantized model without a training: from seeded weights, or from those of a float model.

A placeholder has the shapes and the bits of the trained model, so folds, FIFO depths and resources
can be asked for; what it computes means nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fcn_hw.design import Design
from fcn_hw.keras_env import seed_everything
from fcn_hw.train.calibrate import MAX_SPREAD
from fcn_hw.train.datasets.base import DataSet, Split
from fcn_hw.train.design_network import design_topology
from fcn_hw.train.networks import Weights, build_float, folded_weights, scaled_outputs
from fcn_hw.train.precision import Wish, wishes
from fcn_hw.train.store import save_model
from fcn_hw.train.study import Study
from fcn_hw.train.topology import Topology, Weighted, quantizable

_IMAGES = 2


def save_placeholder(design: Design, path: Path) -> None:
    """Writes the model, a Keras file; reads no data.

    Raises:
        ConfigError: an impossible network, or a precision that a layer can't have.
    """
    topology = design_topology(design)
    wanted = wishes(design, topology)  # a wrong design fails before TensorFlow starts
    seed_everything(design.training.seed)
    shape = topology[0].shape
    images = np.random.default_rng(design.training.seed).integers(
        0, 256, (_IMAGES, shape.height, shape.width, shape.channels), np.uint8
    )
    weights = folded_weights(build_float(topology, batchnorm=False), topology)
    study = _study(design, topology, weights, images)
    _spread_filters(study, [node for node in quantizable(topology) if wanted[node.name].by_channel])
    _save(study, wanted, path)


def _spread_filters(study: Study, nodes: Iterable[Weighted]) -> None:
    """Gives layers filters whose binary points are as far apart as they may be, and biases, as
    training does: seeded filters are all of a size, and of these the hardware would be estimated
    too small.
    """
    rng = np.random.default_rng(0)
    for node in nodes:
        shape, channels = study.weights[node.name][0].shape, node.shape.channels
        steps = np.ldexp(1.0, -rng.integers(0, MAX_SPREAD, channels, endpoint=True))
        steps /= np.sqrt(np.mean(np.square(steps)))
        deviation = np.sqrt(2 * channels / prod(shape))  # of He et al.: outputs as large as inputs
        kernel = scaled_outputs(node, deviation * rng.standard_normal(shape), steps)
        bias = steps * rng.uniform(0, 1, channels)
        study.weights[node.name] = kernel.astype(np.float32), bias.astype(np.float32)


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
    _save(_study(design, topology, weights, images), wanted, path)


def _study(design: Design, topology: Topology, weights: Weights, images: npt.NDArray[Any]) -> Study:
    split = Split(images, images[..., 0] % 2, ("",) * len(images))  # no mask is looked at
    dataset = DataSet(design.dataset.kind, ("a", "b"), None, split, split, split)
    return Study(design, dataset, topology, weights)


def _save(study: Study, wanted: Mapping[str, Wish], path: Path) -> None:
    table = study.table(wanted)
    save_model(study.snapped(study.quantized(table), table), path)
