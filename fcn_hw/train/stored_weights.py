"""Weights out of a stored model file: numbers are read, and nothing of the file is run.

Keras builds whatever classes and code a file describes. The network is known here, so only its
kernels and biases are taken, and only where they are what the network needs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fcn_hw.errors import DataError
from fcn_hw.train.networks import Weights
from fcn_hw.train.topology import Conv, ConvTranspose, Topology, quantizable

_HINT = "train again: fcn-hw train DESIGN"


def read_weights(path: Path, topology: Topology) -> Weights:
    """Kernel and bias of every layer, as :func:`fcn_hw.train.store.save_model` wrote them.

    Args:
        path: of an ``.h5`` file of a model without batch normalization.
        topology: whose layers are read.

    Raises:
        DataError: the file is missing or damaged, or is of another network.
    """
    import h5py

    if not path.is_file():
        raise DataError(f"'{path}': no such model", hint="train it: fcn-hw train DESIGN")
    channels = {node.name: node.shape.channels for node in topology}
    try:
        with h5py.File(path, "r") as file:
            return {
                node.name: (
                    _array(file, node.name, "kernel", _kernel_shape(node, channels[node.source])),
                    _array(file, node.name, "bias", (node.shape.channels,)),
                )
                for node in quantizable(topology)
            }
    except _OtherNetwork as error:
        raise DataError(f"'{path}' is not of this design's network: {error}", hint=_HINT) from error
    except (OSError, RuntimeError, ValueError, KeyError) as error:  # h5py raises any of them
        raise DataError(f"'{path}' is damaged or no model file", hint=_HINT) from error


class _OtherNetwork(Exception):
    """Says what the file lacks."""


def _kernel_shape(node: Conv | ConvTranspose, channels_in: int) -> tuple[int, ...]:
    """As Keras stores it: of a transposed convolution with the outputs first."""
    if isinstance(node, ConvTranspose):
        return (node.kernel, node.kernel, node.shape.channels, channels_in)
    return (node.kernel, node.kernel, channels_in, node.shape.channels)


def _array(file: Any, layer: str, kind: str, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    import h5py

    item = file
    for name in ("model_weights", layer, layer, f"{kind}:0"):
        # an external link opens another file
        if not isinstance(item, h5py.Group) or not isinstance(
            item.get(name, getlink=True), h5py.HardLink
        ):
            raise _OtherNetwork(f"it has no {kind} of '{layer}'")
        item = item[name]
    if not isinstance(item, h5py.Dataset) or item.external or item.is_virtual:
        raise _OtherNetwork(f"it has no {kind} of '{layer}'")
    if item.shape != shape:
        raise _OtherNetwork(f"the {kind} of '{layer}' is {item.shape}, not {shape}")
    return np.asarray(item[()], dtype=np.float32)
