"""A design's quantized model without a training: seeded weights, formats for random images.

It has the shapes and the bits of the trained one, so folds, FIFO depths and resources can be asked
for. What it computes means nothing.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fcn_hw.design import Design
from fcn_hw.keras_env import seed_everything
from fcn_hw.train.datasets.base import DataSet, Split
from fcn_hw.train.design_network import design_topology
from fcn_hw.train.networks import build_float, folded_weights
from fcn_hw.train.precision import wishes
from fcn_hw.train.store import save_model
from fcn_hw.train.study import Study

_IMAGES = 2


def save_placeholder(design: Design, path: Path) -> None:
    """Writes the model, a Keras file; reads no data.

    Raises:
        ConfigError: an impossible network, or a precision that a layer can't have.
    """
    topology = design_topology(design)
    wanted = wishes(design, topology)
    seed_everything(design.training.seed)
    shape = topology[0].shape
    images = np.random.default_rng(design.training.seed).integers(
        0, 256, (_IMAGES, shape.height, shape.width, shape.channels), np.uint8
    )
    split = Split(images, images[..., 0] % 2, ("a", "b"))  # no mask is looked at
    dataset = DataSet(design.dataset.kind, ("a", "b"), None, split, split, split)
    weights = folded_weights(build_float(topology, batchnorm=False), topology)
    study = Study(design, dataset, topology, weights)
    table = study.table(wanted)
    save_model(study.snapped(study.quantized(table), table), path)
