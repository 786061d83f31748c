"""A tiny data set and design: squares of three colours, a network of a few hundred weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from fcn_hw.design import Design
from fcn_hw.train.datasets.base import DataSet, Split, empty_split

VOID = 255


def _squares(count: int, seed: int) -> Split:
    random = np.random.default_rng(seed)
    images = random.integers(0, 60, (count, 13, 18, 3)).astype(np.uint8)
    masks = np.zeros((count, 13, 18), np.uint8)
    for index in range(count):
        for label in (1, 2):
            row, column = random.integers(0, 7), random.integers(0, 12)
            images[index, row : row + 6, column : column + 6, label] += 150
            masks[index, row : row + 6, column : column + 6] = label
        masks[index, :, 0] = VOID
    return Split(images, masks, tuple(f"square_{index}" for index in range(count)))


@pytest.fixture(scope="session")
def squares() -> DataSet:
    """12 training and 6 validation images of 13 x 18; the first column is void."""
    return DataSet(
        "squares", ("ground", "green", "blue"), VOID, _squares(12, 1), _squares(6, 2),
        empty_split(13, 18, 3),
    )  # fmt: skip


@pytest.fixture
def tiny_design() -> Callable[..., Design]:
    """Makes a design for the squares; keyword arguments replace whole sections."""

    def make(**sections: Any) -> Design:
        content: dict[str, Any] = {
            "name": "squares",
            "dataset": {
                "kind": "list",
                "height": 13,
                "width": 18,
                "train_list": "train.txt",
                "val_list": "val.txt",
                "classes": ["ground", "green", "blue"],
            },
            "network": {"kind": "fcn16s", "filters": [4, 6]},
            "training": {
                "batch_size": 4,
                "float_epochs": 2,
                "retrain_epochs": 2,
                "learning_rate": 0.01,
                "calibration_images": 4,
            },
        }
        content.update(sections)
        return Design.model_validate(content)

    return make
