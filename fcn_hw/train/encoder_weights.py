"""Weights of a published encoder out of a file, read as numbers: nothing of the file is run.

Two kinds of files have them: ``.npz`` archives of arrays ``<layer>/<weight>``, and HDF5 files of
Keras 2, of a whole model or of weights alone. The names of layers and weights are those of Keras.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fcn_hw.design import Encoder
from fcn_hw.errors import ConfigError, nearest
from fcn_hw.hdf5_vetting import MAX_WEIGHT_BYTES
from fcn_hw.keras_files.opening import reading
from fcn_hw.keras_files.weights import opened_weights
from fcn_hw.train.encoders import EncoderConv, EncoderPool, encoder_layers
from fcn_hw.train.networks import NORM_SUFFIX
from fcn_hw.train.topology import Conv, Topology

Array = npt.NDArray[np.float32]
Arrays = Mapping[str, Array]
"""By the name of the weight: ``kernel``, ``bias``, ``gamma``, ..."""

_NORM = ("gamma", "beta", "moving_mean", "moving_variance")
_SHOWN = 3


@dataclass(frozen=True)
class EncoderWeights:
    """The weights of an encoder, and of a head that stands in the same file.

    Args:
        layers: by node, kernel and bias; only the kernel where there is a normalization.
        norms: by node, gamma, beta, mean and variance of the normalization behind it.
        head: by node, kernel and bias.
    """

    layers: Mapping[str, tuple[Array, ...]]
    norms: Mapping[str, tuple[Array, ...]]
    head: Mapping[str, tuple[Array, ...]]

    @property
    def folded(self) -> frozenset[str]:
        """The nodes without a normalization."""
        return frozenset(self.layers) - frozenset(self.norms) | frozenset(self.head)

    def put_into(self, model: Any) -> None:
        """Sets the weights of a float model that is trained."""
        for name, arrays in {**self.layers, **self.head}.items():
            model.get_layer(name).set_weights(list(arrays))
        if "score_fr" in self.head:  # the scores begin as the file's are
            for layer in model.layers:
                if layer.name.startswith("score_pool"):
                    layer.set_weights([np.zeros_like(array) for array in layer.get_weights()])
        for name, arrays in self.norms.items():
            model.get_layer(name + NORM_SUFFIX).set_weights(list(arrays))


def read_encoder(encoder: Encoder, channels: int) -> EncoderWeights:
    """The weights of a design's encoder.

    Args:
        encoder: which, with its file.
        channels: of the images.

    Raises:
        ConfigError: the file is missing or damaged, has not a layer of the encoder, or has one of
            another shape.
    """
    assert encoder.weights is not None
    path = Path(encoder.weights)
    if not path.is_file():
        raise ConfigError(
            f"{path}: there is no such file of weights",
            hint="network.encoder.weights is a path that begins at the folder of design.yaml or at "
            "FCN_HW_DATA",
        )
    stat = path.stat()
    return _read(encoder.model_dump_json(), channels, (stat.st_mtime_ns, stat.st_size))


@lru_cache(maxsize=4)
def _read(section: str, channels: int, stamp: Any) -> EncoderWeights:
    encoder = Encoder.model_validate_json(section)
    assert encoder.weights is not None
    path = Path(encoder.weights)
    with _opened(path) as (names, arrays_of):
        return _Reader(encoder, path, names, arrays_of).weights(channels)


class _Reader:
    def __init__(
        self,
        encoder: Encoder,
        path: Path,
        names: list[str],
        arrays_of: Callable[[str], Arrays],
    ) -> None:
        self.encoder, self.path, self.names, self.arrays_of = encoder, path, names, arrays_of

    def weights(self, channels: int) -> EncoderWeights:
        encoder = self.encoder
        found = encoder_layers(encoder)
        wide = {"": channels}
        layers: dict[str, tuple[Array, ...]] = {}
        norms: dict[str, tuple[Array, ...]] = {}
        self._check_there(found.convolutions)
        for layer in found.layers:
            if isinstance(layer, EncoderConv):
                wide[layer.name] = layer.filters
                own, norm = self._layer(layer, wide[layer.source])
                if not layer.source and encoder.channel_order == "bgr":
                    own = (np.ascontiguousarray(own[0][:, :, ::-1]), *own[1:])
                layers[layer.name] = own
                if norm is not None:
                    norms[layer.name] = norm
            elif isinstance(layer, EncoderPool):
                wide[layer.name] = wide[layer.source]
            else:
                parts = [wide[source] for source in layer.sources]
                wide[layer.name] = sum(parts) if layer.how == "concat" else parts[0]
        return EncoderWeights(layers, norms, self._head())

    def _head(self) -> dict[str, tuple[Array, ...]]:
        encoder = self.encoder
        found: dict[str, tuple[Array, ...]] = {}
        for name, stored in encoder.head.items():
            if stored not in self.names:
                raise ConfigError(
                    f"{self.path}: network.encoder.head takes '{name}' from layer '{stored}', and "
                    "the file has none of that name",
                    hint=f"nearest: {nearest(stored, self.names)}",
                )
            arrays = self.arrays_of(stored)
            kernel, bias = (self._given(stored, arrays, what) for what in ("kernel", "bias"))
            if kernel.ndim != 4 or bias.shape != kernel.shape[3:]:
                raise ConfigError(
                    f"{self.path}: layer '{stored}' has a kernel of shape {kernel.shape} and a "
                    f"bias of shape {bias.shape}, which is no convolution",
                    hint="network.encoder.head names convolutions, their normalizations folded",
                )
            if name == "score_fr" and encoder.scores is not None:
                if max(encoder.scores) >= len(bias):
                    raise ConfigError(
                        f"network.encoder.scores: layer '{stored}' of {self.path} has "
                        f"{len(bias)} filters, there is no filter {max(encoder.scores)}",
                        hint="the first is 0",
                    )
                chosen = list(encoder.scores)
                kernel, bias = kernel[..., chosen], bias[chosen]
            found[name] = (kernel, bias)
        return found

    def _stored(self, names: tuple[str, ...]) -> str | None:
        return next((name for name in names if name in self.names), None)

    def _check_there(self, layers: tuple[EncoderConv, ...]) -> None:
        missing = [layer.stored[0] for layer in layers if self._stored(layer.stored) is None]
        if missing:
            shown = ", ".join(f"'{name}'" for name in missing[:_SHOWN])
            more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
            raise ConfigError(
                f"{self.path}: {self.encoder.kind} has layer{'s' if len(missing) > 1 else ''} "
                f"{shown}{more}, and the file has none of that name",
                hint="network.encoder.kind says which encoder it is",
            )

    def _layer(
        self, layer: EncoderConv, channels: int
    ) -> tuple[tuple[Array, ...], tuple[Array, ...] | None]:
        name = self._stored(layer.stored)
        assert name is not None
        arrays = self.arrays_of(name)
        size, filters = (layer.kernel, layer.kernel), (layer.filters,)
        if layer.depthwise:
            kernel = self._array(name, arrays, "depthwise_kernel", (*size, channels, 1))
        else:
            kernel = self._array(name, arrays, "kernel", (*size, channels, layer.filters))
        bias = self._array(name, arrays, "bias", filters) if "bias" in arrays else None
        norm_name = self._stored(layer.norms)
        if norm_name is None and bias is None:
            raise ConfigError(
                f"{self.path}: layer '{name}' has neither a bias nor a normalization behind it",
                hint=f"its normalization is called {' or '.join(layer.norms)}"
                if layer.norms
                else "save the encoder again with all its weights",
            )
        if norm_name is None:
            assert bias is not None
            return (kernel, bias), None
        found = self.arrays_of(norm_name)
        gamma, beta, mean, variance = (
            self._array(norm_name, found, what, filters) for what in _NORM
        )
        return (kernel,), (gamma, beta, mean if bias is None else mean - bias, variance)

    def _array(self, layer: str, arrays: Arrays, what: str, shape: tuple[int, ...]) -> Array:
        found = self._given(layer, arrays, what)
        if found.shape != shape:
            wide = "" if self.encoder.kind == "squeezenet" else f" of alpha {self.encoder.alpha:g}"
            raise ConfigError(
                f"{self.path}: layer '{layer}' has a {what} of shape {found.shape}, "
                f"{self.encoder.kind}{wide} has {shape}",
                hint="network.encoder.alpha and divisible_by say how wide the file's encoder is; "
                "its first layer says how many channels images have",
            )
        return found

    def _given(self, layer: str, arrays: Arrays, what: str) -> Array:
        found = arrays.get(what)
        if found is None:
            held = ", ".join(sorted(arrays)) or "nothing"
            raise ConfigError(
                f"{self.path}: layer '{layer}' has no {what}; it has {held}",
                hint="network.encoder.kind says which encoder it is; layers of a head have their "
                "normalizations folded",
            )
        if not np.all(np.isfinite(found)):
            raise ConfigError(
                f"{self.path}: layer '{layer}': a value of its {what} is not finite",
                hint="the training diverged: take the weights of an earlier epoch",
            )
        return found


def check_head(weights: EncoderWeights, topology: Topology) -> None:
    """Checks that a file's head fits that of a network.

    Raises:
        ConfigError: a name is not a convolution of the head, or has weights of another shape.
    """
    nodes = {node.name: node for node in topology}
    convolutions = [
        node.name for node in topology if isinstance(node, Conv) and node.name not in weights.layers
    ]
    for name, (kernel, _) in weights.head.items():
        if name not in convolutions:
            raise ConfigError(
                f"network.encoder.head: '{name}' is not a convolution of the head",
                hint=f"nearest: {nearest(name, convolutions)}",
            )
        node = nodes[name]
        assert isinstance(node, Conv)
        shape = (*node.kernel, nodes[node.source].shape.channels, node.shape.channels)
        if kernel.shape != shape:
            raise ConfigError(
                f"network.encoder.head: '{name}' has a kernel of shape {shape}, the file's layer "
                f"for it has {kernel.shape}",
                hint="network.kernel, head_filters and head_pooling make the head; scores says "
                "which filters of the file's scores are the classes",
            )


@contextmanager
def _opened(path: Path) -> Iterator[tuple[list[str], Callable[[str], Arrays]]]:
    """The names of a file's layers, and what gives a layer's arrays."""
    if path.suffix == ".npz":
        with _npz(path) as arrays:
            layers: dict[str, dict[str, str]] = {}
            for key in arrays.files:
                layer, _, what = key.rpartition("/")
                layers.setdefault(layer, {})[what] = key
            yield (
                list(layers),
                lambda name: {
                    what: _numbers(path, key, arrays[key]) for what, key in layers[name].items()
                },
            )
    elif path.suffix in (".h5", ".hdf5"):
        with reading(path), opened_weights(path) as groups:
            yield (
                list(groups),
                lambda name: {
                    what: _numbers(path, f"{name}/{what}", item)
                    for what, item in groups[name].items()
                },
            )
    else:
        raise ConfigError(
            f"{path}: weights of an encoder are in a file .npz or .h5",
            hint="save them with numpy.savez(FILE, **{'<layer>/<weight>': array, ...})",
        )


@contextmanager
def _npz(path: Path) -> Iterator[Any]:
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
            if size > MAX_WEIGHT_BYTES:
                raise ConfigError(
                    f"{path}: its arrays unpack to more than {MAX_WEIGHT_BYTES >> 30} GiB",
                    hint="leave out all but the encoder",
                )
        with np.load(path, allow_pickle=False) as arrays:
            yield arrays
    except (zipfile.BadZipFile, EOFError, OSError, ValueError) as error:
        raise ConfigError(
            f"{path}: the archive of arrays is damaged, or holds objects that are none",
            hint="copy it again, or save it again with numpy.savez",
        ) from error


def _numbers(path: Path, name: str, item: Any) -> Array:
    if item.dtype.kind != "f":
        raise ConfigError(
            f"{path}: '{name}' holds no real numbers", hint="save the weights as float32"
        )
    return np.asarray(item[()], dtype=np.float32)
