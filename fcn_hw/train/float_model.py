"""A float Keras model file as a topology and its weights: nothing of the file is run.

What the network is given for a byte goes into the weights that read the image, where these are
convolutions: scales into kernels, an offset into biases. Zeros that such a convolution pads stand
for 0 of the model's numbers, which is a byte of ``mean = -offset / scale``. So where it pads, the
input keeps its mean, ``(byte - mean) / 256``, and a zero is exact; the mean is rounded to a quarter
of a byte, and the bias makes up for the rest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fcn_hw.design import INPUT_FORMAT
from fcn_hw.errors import ConfigError, UnsupportedLayer, nearest
from fcn_hw.keras_files.calls import Calls, MalformedConfig, read_calls
from fcn_hw.keras_files.opening import SAVE_HINT
from fcn_hw.keras_files.weights import StoredModel, stored_model
from fcn_hw.names import Names
from fcn_hw.scaling import Scaling
from fcn_hw.train.float_layers import FloatLayers
from fcn_hw.train.networks import Weights, scaled_inputs
from fcn_hw.train.topology import (
    Conv,
    ConvTranspose,
    DepthwiseConv,
    Input,
    Node,
    Pad,
    Shape,
    Topology,
    readers_of,
)

Floats = npt.NDArray[np.float64]

_LEVELS = 1 << INPUT_FORMAT.width
_MEAN_STEP = 4
"""Steps of a byte that a mean is rounded to."""


@dataclass(frozen=True)
class FloatModel:
    """A float network of a file.

    Args:
        topology: its layers, normalizations folded; the last one gives the scores.
        weights: kernel and bias of each layer that has them.
        layers: the layer of the file that each node stands for, by name.
        notes: what was done that a user should know, in sentences.
    """

    topology: Topology
    weights: Weights
    layers: Mapping[str, str]
    notes: tuple[str, ...]
    scales: bool
    """Whether the model scales the image itself, in its first layers."""
    gives_classes: bool
    """Whether it ended in a softmax or sigmoid, which is left out."""


@dataclass(frozen=True)
class ModelEnds:
    """What a model reads and gives.

    Args:
        height, width: of the images, in pixels; None: any.
        channels: of the images.
        outputs: the layers that give its outputs.
    """

    height: int | None
    width: int | None
    channels: int
    outputs: tuple[str, ...]


def model_ends(path: Path) -> ModelEnds:
    """What the model of a file reads and gives.

    Raises:
        ConfigError: missing, damaged, or no model of images.
    """
    with stored_model(path) as stored:
        calls = _calls(stored)
        height, width, channels = _image_shape(path, calls)
        return ModelEnds(height, width, channels, tuple(name for name, _ in calls.outputs))


def read_float_model(
    path: Path,
    *,
    size: tuple[int, int] | None = None,
    scaling: Scaling | None = None,
    bgr: bool = False,
    output: str | None = None,
) -> FloatModel:
    """Reads a model of Keras 2 or Keras 3, ``.h5`` or ``.keras``.

    Args:
        path: of the file.
        size: height and width of the images, which the model must allow; None: its own.
        scaling: what the model is given for a byte; None: ``byte / 256``.
        bgr: the model is given blue, green, red; scaling is in the order red, green, blue.
        output: the layer whose output is kept; None: the only one.

    Raises:
        ConfigError: missing, damaged or no model; images of another size; no such output.
        UnsupportedLayer: with every layer that can't be quantized, why and what to do.
    """
    stat = path.stat() if path.is_file() else None
    stamp = None if stat is None else (stat.st_mtime_ns, stat.st_size)
    return _read(path, stamp, size, scaling, bgr, output)


@lru_cache(maxsize=4)
def _read(
    path: Path, stamp: Any, size: tuple[int, int] | None, scaling: Scaling | None, bgr: bool,
    output: str | None,
) -> FloatModel:  # fmt: skip
    with stored_model(path) as stored:
        calls = _calls(stored)
        image = _image(path, calls, size, bgr)
        wanted = _output(path, calls, output)
        consumers = Counter(number for call in calls.calls for number in call.inputs)
        consumers.update([wanted])
        layers = FloatLayers(image, calls.inputs[0].output, consumers, stored.of)
        problems = list(calls.problems)
        for call in calls.needed(wanted):
            ends = call.output == wanted and consumers[wanted] == 1
            try:
                layers.take(call, ends=ends)
            except UnsupportedLayer as error:
                problems.append(error)
        last = layers.node_of(wanted)
        if problems:
            raise UnsupportedLayer.together(problems)
        assert last is not None
        if isinstance(last, Input):
            raise ConfigError(f"{path}: the model computes nothing", hint=SAVE_HINT)
        return _finished(layers, last, scaling, bgr)


def _calls(stored: StoredModel) -> Calls:
    try:
        return read_calls(stored.config)
    except MalformedConfig as error:
        raise ConfigError(f"{stored.path}: its configuration: {error}", hint=SAVE_HINT) from error


def _image_shape(path: Path, calls: Calls) -> tuple[int | None, int | None, int]:
    """Height, width and channels that the model reads; None: any."""
    if len(calls.inputs) != 1:
        raise ConfigError(
            f"{path}: the model reads {len(calls.inputs)} images",
            hint="build a model of one input, and set its weights",
        )
    (call,) = calls.inputs
    shape = call.settings.get("batch_shape", call.settings.get("batch_input_shape"))
    if not isinstance(shape, list) or len(shape) != 4:
        raise ConfigError(
            f"{path}: the model reads tensors of shape {shape}, not images",
            hint="its input is (height, width, channels)",
        )
    height, width, channels = (item if isinstance(item, int) else None for item in shape[1:])
    if channels is None or not 1 <= channels <= 4:
        raise ConfigError(
            f"{path}: the model reads images of {shape[3]} channels",
            hint="3 for colours, 1 for grey",
        )
    return height, width, channels


def _image(path: Path, calls: Calls, size: tuple[int, int] | None, bgr: bool) -> Input:
    height, width, channels = _image_shape(path, calls)
    if bgr and channels != 3:
        raise ConfigError(
            f"{path}: the model reads images of {channels} channels",
            hint="network.channel_order is for images of 3",
        )
    if size is None:
        size = (height or 0, width or 0)
    if height not in (None, size[0]) or width not in (None, size[1]) or not all(size):
        raise ConfigError(
            f"{path}: the model reads {height or 'any number of'} x {width or 'any number of'} "
            f"pixels, the design says {size[0]} x {size[1]}",
            hint="set dataset.height and dataset.width to the model's, or save the model with "
            "Input((None, None, channels))",
        )
    name = Names().give(calls.inputs[0].path.replace("/", "_"))
    return Input(name, Shape(*size, channels))


def _output(path: Path, calls: Calls, wanted: str | None) -> int:
    """The number of the tensor that is kept."""
    names = [name for name, _ in calls.outputs]
    if wanted is None:
        if len(names) != 1:
            raise ConfigError(
                f"{path}: the model has {len(names)} outputs: {', '.join(names)}",
                hint="name the one that the hardware gives: network.output",
            )
        return calls.outputs[0][1]
    for name, number in calls.outputs:
        if name == wanted:
            return number
    raise ConfigError(
        f"{path}: the model has no output '{wanted}'", hint=f"near: {nearest(wanted, names)}"
    )


def _finished(layers: FloatLayers, last: Node, scaling: Scaling | None, bgr: bool) -> FloatModel:
    topology = layers.finished(last.name)
    topology, weights = _with_scaling(topology, layers, scaling, bgr)
    kept = {node.name for node in topology}
    return FloatModel(
        topology,
        {name: pair for name, pair in weights.items() if name in kept},
        {name: path for name, path in layers.paths.items() if name in kept},
        tuple(layers.notes),
        bool(np.any(layers.factor != 1.0) or np.any(layers.summand)),
        layers.gives_classes,
    )


# -- the image ------------------------------------------------------------------------------------


def _with_scaling(
    topology: Topology, layers: FloatLayers, scaling: Scaling | None, bgr: bool
) -> tuple[Topology, Weights]:
    """The network that reads ``(byte - mean) / 256``, and weights that make up for it."""
    image, weights = topology[0], dict(layers.weights)
    assert isinstance(image, Input)
    channels = image.shape.channels
    if scaling is None:
        scaling = Scaling((Fraction(1, _LEVELS),))
    if scaling.channels not in (1, channels):
        raise ConfigError(
            f"dataset.input has {scaling.channels} scales or offsets, the model reads {channels} "
            "channels"
        )
    order = slice(None, None, -1) if bgr else slice(None)
    # in the order of the model, what it is given for a byte, and its own layers in front
    factor = scaling.factors(channels)[order] * layers.factor
    summand = scaling.summands(channels)[order] * layers.factor + layers.summand
    readers, padded = _readers(topology, image.name)
    plain = not bgr and np.all(factor == 1 / _LEVELS) and not np.any(summand)
    if plain:
        return topology, weights
    if readers is None or (bgr and any(isinstance(node, DepthwiseConv) for node in readers)):
        if bgr:
            raise ConfigError(
                "network.channel_order: the model's image goes into a layer that is no "
                "convolution, so its channels can't be swapped there",
                hint="put a Conv2D in front, or swap the channels of the images",
            )
        own = Scaling(_fractions(factor), _fractions(summand))
        return (replace(image, scaling=own), *topology[1:]), weights
    mean = -summand / factor
    kept = np.round(mean * _MEAN_STEP) / _MEAN_STEP if padded else np.zeros(channels)
    for node in readers:
        kernel, bias = (array.astype(np.float64) for array in weights[node.name])
        kernel = scaled_inputs(node, kernel, factor)
        more = scaled_inputs(node, kernel, kept - mean)
        if isinstance(node, DepthwiseConv):
            bias = bias + more.sum(axis=(0, 1)).reshape(-1)
        else:
            bias = bias + more.sum(axis=(0, 1, 2))
            kernel = kernel[:, :, order]
        weights[node.name] = ((kernel * _LEVELS).astype(np.float32), bias.astype(np.float32))
    if not np.any(kept):
        return topology, weights
    offset = tuple(Fraction(-value) / _LEVELS for value in kept[order].tolist())
    shortest = offset[:1] if len(set(offset)) == 1 else offset
    own = Scaling((Fraction(1, _LEVELS),), shortest)
    return (replace(image, scaling=own), *topology[1:]), weights


def _fractions(values: Floats) -> tuple[Fraction, ...]:
    found = tuple(Fraction(repr(value)) for value in values.tolist())
    return found[:1] if len(set(found)) == 1 else found


def _readers(topology: Topology, image: str) -> tuple[list[Conv | DepthwiseConv] | None, bool]:
    """The convolutions that read the image, padding between left out, and whether one of them pads
    it; None where something else reads it."""
    readers = readers_of(topology, image, (Pad,)) or ()
    found = [node for node in readers if not isinstance(node, ConvTranspose)]
    if not found or len(found) < len(readers):
        return None, False
    padded = any(
        node.source != image or (node.padding == "same" and node.kernel != (1, 1)) for node in found
    )
    return found, padded
