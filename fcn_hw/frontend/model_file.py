"""Model files, which are not trusted: read, vetted, and only then given to Keras."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

from fcn_hw.errors import ConfigError, FcnHwError
from fcn_hw.frontend.vetting import vet
from fcn_hw.keras_env import keras_env

MAX_FILE_BYTES = 2 << 30
MAX_CONFIG_BYTES = 64 << 20
_SAVE_HINT = "save the model with model.save('model.h5') or model.save('model.keras')"


def load_model(path: Path) -> Any:
    """Loads a QKeras model from ``.h5`` or ``.keras``.

    Raises:
        ConfigError: missing, truncated or no Keras model.
        UnsupportedLayer: it holds code or classes of its own, which are never executed; with every
            one of them.
    """
    vet(_stored_config(path))
    env = keras_env()
    try:
        return env.qkeras.utils.load_qmodel(str(path), compile=False)
    except Exception as error:  # h5py, Keras and QKeras raise whatever they like
        raise ConfigError(
            f"{path}: can't be loaded as a QKeras model: {_first_line(error)}", hint=_SAVE_HINT
        ) from error


def _stored_config(path: Path) -> Any:
    """The model's configuration, as the file holds it.

    Raises:
        ConfigError: there is none that can be read.
    """
    try:
        if not path.is_file():
            raise ConfigError(f"{path}: there is no such model file", hint="train or copy it first")
        if path.stat().st_size > MAX_FILE_BYTES:
            raise ConfigError(f"{path}: more than {MAX_FILE_BYTES >> 30} GiB")
        text = _keras_config(path) if zipfile.is_zipfile(path) else _hdf5_config(path)
        config = json.loads(text)
    except FcnHwError:
        raise
    except Exception as error:  # zipfile, h5py and json raise whatever they like
        raise ConfigError(
            f"{path}: is no Keras model file ({type(error).__name__})", hint=_SAVE_HINT
        ) from error
    if not isinstance(config, dict) or not isinstance(config.get("config"), dict):
        raise ConfigError(f"{path}: its configuration describes no model", hint=_SAVE_HINT)
    return config


def _keras_config(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        if "config.json" not in names:
            raise ConfigError(f"{path}: the archive holds no config.json", hint=_SAVE_HINT)
        for item in archive.infolist():
            limit = MAX_CONFIG_BYTES if item.filename == "config.json" else MAX_FILE_BYTES
            if item.file_size > limit:
                raise ConfigError(f"{path}: '{item.filename}' unpacks to more than {limit} bytes")
        return archive.read("config.json")


def _hdf5_config(path: Path) -> str | bytes:
    import h5py

    with h5py.File(path, "r") as file:
        _refuse_links(file, path)
        if "model_config" not in file.attrs:
            what = "weights alone" if "layer_names" in file.attrs else "no model_config"
            raise ConfigError(f"{path}: holds {what}, not a model", hint=_SAVE_HINT)
        text: str | bytes = file.attrs["model_config"]
        if len(text) > MAX_CONFIG_BYTES:
            raise ConfigError(f"{path}: its configuration has more than {MAX_CONFIG_BYTES} bytes")
        return text


def _refuse_links(group: Any, path: Path) -> None:
    """Refuses data that lie in other files, which HDF5 would open by itself."""
    import h5py

    for name in group:
        link = group.get(name, getlink=True)
        if isinstance(link, h5py.ExternalLink):
            raise ConfigError(f"{path}: '{name}' is a link to another file", hint=_SAVE_HINT)
        item = group.get(name)
        if isinstance(item, h5py.Group) and isinstance(link, h5py.HardLink):
            _refuse_links(item, path)
        elif isinstance(item, h5py.Dataset) and item.external:
            raise ConfigError(f"{path}: '{name}' lies in another file", hint=_SAVE_HINT)


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__
