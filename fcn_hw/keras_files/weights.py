"""The weights of a model file by layer, read as data."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fcn_hw.errors import ConfigError
from fcn_hw.hdf5_vetting import opened_hdf5, vet_hdf5
from fcn_hw.keras_files.calls import MODELS
from fcn_hw.keras_files.functions import with_layers
from fcn_hw.keras_files.opening import SAVE_HINT, file_format, opened_model, read_model, reading

Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class StoredModel:
    """A vetted model file, open.

    Args:
        path: of the file.
        config: the model's configuration; functions of TensorFlow that a layer does are layers.
        weights: by layer path.
    """

    path: Path
    config: Any
    weights: Any

    def of(self, layer: str) -> list[Array]:
        """The weights of a layer, as Keras orders them; none where the file holds none.

        Raises:
            ConfigError: they are no real numbers, or not finite.
        """
        arrays = []
        for item in self.weights(layer):
            if item.dtype.kind != "f":
                raise ConfigError(
                    f"{self.path}: layer '{layer}': its weights are no real numbers", hint=SAVE_HINT
                )
            array = np.asarray(item[()], dtype=np.float32)
            if not np.all(np.isfinite(array)):
                raise ConfigError(
                    f"{self.path}: layer '{layer}': a weight is not finite",
                    hint="the training diverged: save the model of an earlier epoch",
                )
            arrays.append(array)
        return arrays


@contextmanager
def stored_model(path: Path) -> Iterator[StoredModel]:
    """Opens a model file of Keras 2 or Keras 3, ``.h5`` or ``.keras``; nothing of it is run.

    Raises:
        ConfigError: missing, damaged, with data in other files, or no model.
    """
    with reading(path):
        if file_format(path) == "hdf5":
            with opened_model(path) as (file, config, _):
                yield StoredModel(path, with_layers(config), _Named(file["model_weights"]))
            return
        config, weights, _, _ = read_model(path)
        with opened_hdf5(io.BytesIO(weights), str(path)) as file:
            groups: dict[str, Any] = {}
            _number(file, config, "", groups)
            yield StoredModel(path, with_layers(config), _Numbered(groups))


@contextmanager
def opened_weights(path: Path) -> Iterator[dict[str, dict[str, Any]]]:
    """The datasets of an HDF5 file of Keras 2, by layer and name: ``kernel``, ``gamma``, ...

    Args:
        path: of a model, or of weights alone.

    Raises:
        ConfigError: damaged, with data in other files, or without weights by layer.
    """
    with opened_hdf5(path, str(path)) as file:
        vet_hdf5(file, str(path), SAVE_HINT)
        group = file.get("model_weights", file)
        found: dict[str, dict[str, Any]] = {}
        for layer in map(_text, group.attrs.get("layer_names", ())):
            owner = group.get(layer)
            items = {name: owner.get(name) for name in _listed(owner)}
            # conv1/kernel:0 is the kernel
            found[layer] = {
                name.rpartition("/")[2].partition(":")[0]: item
                for name, item in items.items()
                if hasattr(item, "dtype")
            }
        if not found:
            raise ConfigError(f"{path}: holds no weights by layer, as Keras 2 writes them")
        yield found


def _text(name: Any) -> str:
    return name.decode() if isinstance(name, bytes) else str(name)


class _Named:
    """Weights of an ``.h5`` file: datasets that each layer of the outermost model lists."""

    def __init__(self, group: Any) -> None:
        self._group = group

    def __call__(self, layer: str) -> list[Any]:
        outermost, *inner = layer.split("/")
        owner = self._group.get(outermost)
        names = _listed(owner)
        for last in range(len(inner)):
            # a nested model lists the weights of its layers by their names, or by whole paths
            within = "/".join(inner[last:])
            chosen = [n for n in names if re.search(rf"(^|/){re.escape(within)}/[^/]+$", n)]
            if chosen:
                names = chosen
                break
        else:
            names = [] if inner else names
        found = [owner.get(name) for name in names]
        return [item for item in found if hasattr(item, "dtype")]


def _listed(owner: Any) -> list[str]:
    if owner is None:
        return []
    names: list[str] = []
    for key in sorted(owner.attrs, key=lambda key: (len(key), key)):
        if key.startswith("weight_names"):  # long lists are cut: weight_names0, weight_names1, ...
            names += map(_text, owner.attrs[key])
    return names


class _Numbered:
    """Weights of a ``.keras`` file: numbered datasets of each layer's group."""

    def __init__(self, groups: dict[str, Any]) -> None:
        self._groups = groups

    def __call__(self, layer: str) -> list[Any]:
        group = self._groups.get(layer)
        found = [] if group is None else [group.get(str(n)) for n in range(len(group))]
        return [item for item in found if hasattr(item, "dtype")]


def _number(group: Any, entry: Any, prefix: str, groups: dict[str, Any]) -> None:
    """Finds the group of each layer: Keras 3 notes the layer's name in it; Keras 2 names it by the
    class and counts, or in older files by the layer."""
    config = entry.get("config") if isinstance(entry, dict) else None
    layers = config.get("layers") if isinstance(config, dict) else None
    old = group.get("_layer_checkpoint_dependencies")
    held = group.get("layers") if old is None else old
    if not isinstance(layers, list) or not hasattr(held, "keys"):
        return
    noted = {_noted(held[key]): key for key in held}
    counts: dict[str, int] = {}
    for layer in layers:
        name, kind = str(layer.get("config", {}).get("name")), str(layer.get("class_name"))
        base = _snake_case(kind)
        number = counts[base] = counts.get(base, -1) + 1
        counted = f"{base}_{number}" if number else base
        own = held.get(noted.get(name) or (counted if old is None else name))
        if own is None:
            continue
        if kind in MODELS:
            _number(own, layer, f"{prefix}{name}/", groups)
        elif hasattr(own.get("vars"), "keys"):
            groups[prefix + name] = own["vars"]


def _noted(group: Any) -> str | None:
    variables = group.get("vars") if hasattr(group, "keys") else None
    name = None if variables is None else variables.attrs.get("name")
    return None if name is None else str(name)


def _snake_case(name: str) -> str:
    name = re.sub(r"\W+", "", name)
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()
