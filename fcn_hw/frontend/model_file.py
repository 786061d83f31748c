"""Model files, which are not trusted: read, vetted, and only then given to Keras.

Keras sees what was vetted and no other file: HDF5 as the file that is open, ``.keras`` as a copy of
its vetted parts. A file's first bytes tell its format, whatever its name says.
"""

from __future__ import annotations

import json
import math
import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fcn_hw.errors import ConfigError, FcnHwError
from fcn_hw.frontend.functions import with_layers
from fcn_hw.frontend.keras_archive import (
    MAX_CONFIG_BYTES,
    read_archive,
    rewritten,
    without_training,
)
from fcn_hw.frontend.vetting import vet
from fcn_hw.hdf5_vetting import MAX_WEIGHT_BYTES, opened_hdf5, vet_hdf5
from fcn_hw.keras_env import KerasEnv, keras_env

MAX_FILE_BYTES = 4 << 30
_SAVE_HINT = "save the model with model.save('model.h5') or model.save('model.keras')"
_HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_ZIP_SIGNATURE = b"PK\x03\x04"


def load_model(path: Path) -> Any:
    """Loads a QKeras model from ``.h5`` or ``.keras``.

    Raises:
        ConfigError: missing, truncated or no Keras model.
        UnsupportedLayer: it holds code or classes of its own, which are never executed; with every
            one of them.
    """
    try:
        start = _first_bytes(path)
        if start.startswith(_HDF5_SIGNATURE):
            return _load_hdf5(path)
        if start.startswith(_ZIP_SIGNATURE):
            return _load_archive(path)
    except FcnHwError:
        raise
    except Exception as error:  # zipfile and h5py raise whatever they like
        raise ConfigError(
            f"{path}: is no Keras model file ({_reason(error)})", hint=_SAVE_HINT
        ) from error
    what = "is empty" if not start else "is neither an HDF5 nor a .keras file"
    raise ConfigError(f"{path}: {what}", hint=_SAVE_HINT)


def _first_bytes(path: Path) -> bytes:
    if path.is_dir():
        raise ConfigError(f"{path}: is a folder, not a model file", hint=_SAVE_HINT)
    if not path.exists():
        raise ConfigError(f"{path}: there is no such model file", hint="train or copy it first")
    if not path.is_file():
        raise ConfigError(f"{path}: is no regular file", hint=_SAVE_HINT)
    if path.stat().st_size > MAX_FILE_BYTES:
        raise ConfigError(f"{path}: more than {MAX_FILE_BYTES >> 30} GiB")
    try:
        with path.open("rb") as file:
            return file.read(len(_HDF5_SIGNATURE))
    except OSError as error:
        raise ConfigError(
            f"{path}: can't be read ({error.strerror})", hint="check who may read it"
        ) from error


def _load_hdf5(path: Path) -> Any:
    with opened_hdf5(path, str(path)) as file:
        vet_hdf5(file, str(path), _SAVE_HINT)
        if "model_config" not in file.attrs:
            alone = "layer_names" in file.attrs or {"layers", "vars"} <= set(file)
            what = "weights alone" if alone else "no model_config"
            raise ConfigError(f"{path}: holds {what}, not a model", hint=_SAVE_HINT)
        text = file.attrs["model_config"]
        if not isinstance(text, (str, bytes)):
            raise ConfigError(f"{path}: its model_config is no text", hint=_SAVE_HINT)
        if "model_weights" not in file:
            raise ConfigError(f"{path}: holds no weights", hint=_SAVE_HINT)
        found = _parsed(text, path)
        _refuse_keras3(path, file.attrs.get("keras_version"), text)
        config = with_layers(found)
        vet(config)
        if config == found:
            return _built(path, lambda env: _load(env, file))
        with _configured(file, config) as copy:
            return _built(path, lambda env: _load(env, copy))


def _load_archive(path: Path) -> Any:
    try:
        text, weights, version = read_archive(path, _SAVE_HINT)
    except (zipfile.BadZipFile, EOFError) as error:
        raise ConfigError(f"{path}: the archive is damaged", hint="copy it again") from error
    config = without_training(_parsed(text, path))
    _refuse_keras3(path, version, text)
    config = with_layers(config)
    vet(config)
    with rewritten(config, weights) as vetted:
        return _built(path, lambda env: _load(env, str(vetted)))


def _refuse_keras3(path: Path, version: Any, text: str | bytes) -> None:
    """Keras 3 writes other configurations, and QKeras from version 1 on builds on it.

    Args:
        version: that the file states; very old ones state none.
        text: the configuration.
    """
    match = re.fullmatch(r"([0-9]{1,4})(\.[0-9a-z.]{1,20})?", str(version))
    if match is None:
        text = text.encode() if isinstance(text, str) else text
        if b'"__keras_tensor__"' not in text and b'"DTypePolicy"' not in text:
            return
        version = 3
    elif int(match[1]) < 3:
        return
    raise ConfigError(
        f"{path}: Keras {version} has written it, and models of Keras 2 and QKeras 0.9 are read",
        hint="build the same model with tf_keras and QKeras 0.9 (TF_USE_LEGACY_KERAS=1 makes keras "
        "of TensorFlow the former), call new.set_weights(old.get_weights()) and save the new one",
    )


@contextmanager
def _configured(file: Any, config: dict[str, Any]) -> Iterator[Any]:
    """A copy of a vetted HDF5 file in memory, with another configuration of the model."""
    import h5py

    with h5py.File("model.h5", "w", driver="core", backing_store=False) as copy:
        for name, value in file.attrs.items():
            copy.attrs[name] = value
        copy.attrs["model_config"] = json.dumps(config)
        file.copy("model_weights", copy)
        yield copy


def _load(env: KerasEnv, source: Any) -> Any:
    # load_qmodel of QKeras 0.9.0 does not know its own quantized_hswish
    known = {"quantized_hswish": env.qkeras.quantized_hswish}
    return env.qkeras.utils.load_qmodel(source, custom_objects=known, compile=False)


def _parsed(text: str | bytes, path: Path) -> Any:
    if len(text) > MAX_CONFIG_BYTES:
        raise ConfigError(
            f"{path}: its configuration has more than {MAX_CONFIG_BYTES >> 20} MiB", hint=_SAVE_HINT
        )
    try:
        config = json.loads(text)
    except RecursionError as error:
        raise ConfigError(
            f"{path}: its configuration is nested too deeply", hint=_SAVE_HINT
        ) from error
    except ValueError as error:
        raise ConfigError(f"{path}: its configuration is no JSON", hint=_SAVE_HINT) from error
    model = config.get("config") if isinstance(config, dict) else None
    if not isinstance(model, dict) or not isinstance(model.get("layers"), list):
        raise ConfigError(f"{path}: its configuration describes no model", hint=_SAVE_HINT)
    return config


def _built(path: Path, load: Callable[[KerasEnv], Any]) -> Any:
    env = keras_env()
    try:
        with env.tf.variable_creator_scope(_bounded(path, env)):
            return load(env)
    except FcnHwError:
        raise
    except Exception as error:  # h5py, Keras and QKeras raise whatever they like
        raise ConfigError(
            f"{path}: can't be loaded as a QKeras model: {_reason(error)}", hint=_SAVE_HINT
        ) from error


def _bounded(path: Path, env: KerasEnv) -> Callable[..., Any]:
    """A creator of variables that stops before a few bytes of configuration fill the memory.

    Large ones begin as zeros: their weights come from the file, and some initializers take hours.
    """
    created = 0

    def create(next_creator: Callable[..., Any], **settings: Any) -> Any:
        nonlocal created
        shape = settings.get("shape")
        count = math.prod(int(size or 1) for size in (() if shape is None else shape))
        created += count
        if 4 * created > MAX_WEIGHT_BYTES:
            raise ConfigError(
                f"{path}: its layers have more than {MAX_WEIGHT_BYTES // 4:,} weights",
                hint="use fewer filters: no board here holds so many",
            )
        if count > _LARGE:
            dtype = settings.get("dtype") or "float32"
            settings["initial_value"] = lambda: env.tf.zeros(shape, dtype)
        return next_creator(**settings)

    return create


_LARGE = 1 << 20
"""Values of a variable that is certainly one of weights."""


def _reason(error: Exception) -> str:
    """The first line of what a library says."""
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__
