"""Kernels of the float model, read without TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

FloatWeights = Mapping[str, npt.NDArray[np.float64]]
"""Kernel of each layer, by the layer's name."""

_KERNELS = ("kernel:0", "depthwise_kernel:0")
_MAX_VALUES = 1 << 28


def load_float_weights(path: Path) -> dict[str, npt.NDArray[np.float64]]:
    """The kernels in a Keras 2 ``.h5`` file.

    A layer's weights are datasets ``model_weights/<layer>/.../kernel:0`` there (Keras 2,
    ``saving/legacy/hdf5_format.py``).

    Raises:
        OSError: the file is no HDF5.
        ValueError: it holds no such weights.
    """
    import h5py

    found: dict[str, npt.NDArray[np.float64]] = {}
    with h5py.File(path, "r") as file:
        layers = file.get("model_weights")
        if not isinstance(layers, h5py.Group):
            raise ValueError("no Keras model")
        for name, group in layers.items():

            def keep(place: str, item: object, layer: str = name) -> None:
                if (
                    isinstance(item, h5py.Dataset)
                    and place.rpartition("/")[2] in _KERNELS
                    and item.size <= _MAX_VALUES
                ):
                    found[layer] = np.asarray(item, np.float64)

            if isinstance(group, h5py.Group):
                group.visititems(keep)
    return found
