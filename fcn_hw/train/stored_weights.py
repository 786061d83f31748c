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
from fcn_hw.hdf5_vetting import opened_hdf5, vet_hdf5
from fcn_hw.train.networks import Weights
from fcn_hw.train.topology import (
    DepthwiseConv,
    Topology,
    Weighted,
    kernel_shape,
    quantizable,
)

_HINT = "train again: fcn-hw train DESIGN"


def read_weights(path: Path, topology: Topology) -> Weights:
    """Kernel and bias of every layer, as :func:`fcn_hw.train.store.save_model` wrote them.

    Args:
        path: of an ``.h5`` file of a model without batch normalization.
        topology: whose layers are read.

    Raises:
        ConfigError: the file is damaged, or its data lie in other files.
        DataError: it is missing, or is of another network.
    """
    if not path.is_file():
        raise DataError(f"'{path}': no such model", hint="train it: fcn-hw train DESIGN")
    channels = {node.name: node.shape.channels for node in topology}
    with opened_hdf5(path, str(path)) as file:
        vet_hdf5(file, str(path), _HINT)
        return {
            node.name: (
                _array(file, path, node, _kernel(node), kernel_shape(node, channels[node.source])),
                _array(file, path, node, "bias", (node.shape.channels,)),
            )
            for node in quantizable(topology)
        }


def _kernel(node: Weighted) -> str:
    return "depthwise_kernel" if isinstance(node, DepthwiseConv) else "kernel"


def _array(
    file: Any, path: Path, node: Weighted, kind: str, shape: tuple[int, ...]
) -> npt.NDArray[np.float32]:
    item = file.get(f"model_weights/{node.name}/{node.name}/{kind}:0")
    found = getattr(item, "shape", None)  # a group has none
    if found != shape:
        what = f"has no {kind}" if found is None else f"has a {kind} of {found}, not {shape},"
        raise DataError(
            f"'{path}' is not of this design's network: it {what} in '{node.name}'", hint=_HINT
        )
    return np.asarray(item[()], dtype=np.float32)
