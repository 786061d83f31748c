"""Model files that are refused, each made anew, with the one line that a user gets.

``{path}`` in a message is the file's. Files that Keras would never write are edited configurations
of one small network: ``image`` -> QConv2D ``c`` -> QActivation ``a`` -> Sequential ``inner`` of a
MaxPooling2D ``pool``.
"""

from __future__ import annotations

import copy
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py

Config = dict[str, Any]

EVIL = "fcn_hw_evil_module"
"""A module that leaves a mark when it is imported, and when one of its functions is called."""

MARK = "executed"


class Maker:
    """Makes the files of one folder.

    Args:
        folder: of the files.
        env: TensorFlow, Keras and QKeras.
        h5, keras: the small network, saved.
    """

    def __init__(self, folder: Path, env: Any, h5: Path, keras: Path) -> None:
        self.folder, self.env = folder, env
        self._h5, self._keras = h5, keras
        with h5py.File(h5, "r") as file:
            self.h5_config: Config = json.loads(file.attrs["model_config"])
        with zipfile.ZipFile(keras) as archive:
            self.keras_config: Config = json.loads(archive.read("config.json"))

    # -- files -------------------------------------------------------------------------------------

    def raw(self, data: bytes, name: str = "model.h5") -> Path:
        path = self.folder / name
        path.write_bytes(data)
        return path

    @property
    def h5_bytes(self) -> bytes:
        return self._h5.read_bytes()

    @property
    def keras_bytes(self) -> bytes:
        return self._keras.read_bytes()

    def h5(self, edit: Callable[[Config], object] | None = None) -> Path:
        config = copy.deepcopy(self.h5_config)
        if edit is not None:
            edit(config)
        return self.h5_with(lambda file: file.attrs.__setitem__("model_config", json.dumps(config)))

    def h5_with(self, change: Callable[[Any], object], name: str = "model.h5") -> Path:
        path = self.raw(self.h5_bytes, name)
        with h5py.File(path, "a") as file:
            change(file)
        return path

    def keras(self, edit: Callable[[Config], object], weights: bytes | None = None) -> Path:
        config = copy.deepcopy(self.keras_config)
        edit(config)
        return self.keras_with({"config.json": json.dumps(config).encode()}, weights)

    def keras_with(self, members: dict[str, bytes], weights: bytes | None = None) -> Path:
        """The good archive with other members, or more."""
        path = self.folder / "model.keras"
        with zipfile.ZipFile(self._keras) as good, zipfile.ZipFile(path, "w") as archive:
            found = {name: good.read(name) for name in good.namelist()} | members
            if weights is not None:
                found["model.weights.h5"] = weights
            for name, data in found.items():
                archive.writestr(name, data, zipfile.ZIP_DEFLATED)
        return path

    def weights(self, change: Callable[[Any], object]) -> bytes:
        with zipfile.ZipFile(self._keras) as good:
            buffer = io.BytesIO(good.read("model.weights.h5"))
        with h5py.File(buffer, "a") as file:
            change(file)
        return buffer.getvalue()

    def saved(
        self, build: Callable[[Any, Any], Any], shape: tuple[int | None, ...] = (6, 6, 3)
    ) -> Path:
        """A model that Keras builds and saves; ``build`` gives its output, or the model."""
        keras = self.env.keras
        image = keras.layers.Input(shape, name="image")
        result = build(self.env, image)
        model = result if isinstance(result, keras.Model) else keras.Model(image, result)
        path = self.folder / "model.h5"
        model.save(path)
        return path


@dataclass(frozen=True)
class BadModel:
    """A file and what is told of it.

    Args:
        name: of the test.
        make: writes the file.
        message: the whole line; ``{path}`` stands for the file's path.
        hint: what the user can do; further layers, one a line.
    """

    name: str
    make: Callable[[Maker], Path]
    message: str
    hint: str


SAVE = "save the model with model.save('model.h5') or model.save('model.keras')"
"""Hint of files that are no model."""


# -- edits of the small network --------------------------------------------------------------------


def layers(config: Config) -> list[Config]:
    found: list[Config] = config["config"]["layers"]
    return found


def layer(config: Config, name: str) -> Config:
    for item in layers(config):
        if item["config"]["name"] == name:
            return item
    raise KeyError(name)


def setting(name: str, **values: Any) -> Callable[[Config], None]:
    return lambda config: layer(config, name)["config"].update(values)


def replaced(name: str, class_name: str, **others: Any) -> Callable[[Config], None]:
    def edit(config: Config) -> None:
        item = layer(config, name)
        item.update(class_name=class_name, **{k: v for k, v in others.items() if k != "config"})
        item["config"] = {"name": name, **others.get("config", {})}

    return edit


def inner_layer(class_name: str, **settings: Any) -> Callable[[Config], None]:
    def edit(config: Config) -> None:
        layers(layer(config, "inner"))[-1].update(
            class_name=class_name, config={"name": "deep", **settings}
        )

    return edit


def everywhere(item: Any, key: str, value: Any) -> None:
    if isinstance(item, dict):
        if key in item:
            item[key] = value
        for other in item.values():
            everywhere(other, key, value)
    elif isinstance(item, list):
        for other in item:
            everywhere(other, key, value)


LAMBDA = {
    "class_name": "Lambda",
    "config": {"name": "evil", "function": ["4wEAAAA=\n", None, None], "function_type": "lambda"},
}


def evil(name: str, **parts: Any) -> Config:
    """An object of the ``.keras`` format that names the evil module."""
    return {"class_name": name, "config": {}, "module": EVIL, "registered_name": None, **parts}
