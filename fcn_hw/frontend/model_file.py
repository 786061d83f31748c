"""Model files, which are not trusted: read, vetted, and only then given to Keras.

Keras sees what was vetted and no other file: HDF5 as the file that is open, ``.keras`` as a copy of
its vetted parts.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fcn_hw.errors import ConfigError, FcnHwError
from fcn_hw.frontend.vetting import vet
from fcn_hw.hdf5_vetting import MAX_WEIGHT_BYTES
from fcn_hw.keras_env import KerasEnv, keras_env
from fcn_hw.keras_files.archive import rewritten
from fcn_hw.keras_files.functions import DEPTH_TO_SPACE, with_layers
from fcn_hw.keras_files.opening import (
    SAVE_HINT,
    file_format,
    opened_model,
    read_model,
    reading,
    reason,
)


def load_model(path: Path) -> Any:
    """Loads a QKeras model from ``.h5`` or ``.keras``.

    Raises:
        ConfigError: missing, truncated or no Keras model.
        UnsupportedLayer: it holds code or classes of its own, which are never executed; with every
            one of them.
    """
    with reading(path):
        return _load_hdf5(path) if file_format(path) == "hdf5" else _load_archive(path)


def _load_hdf5(path: Path) -> Any:
    with opened_model(path) as (file, found, text):
        _refuse_keras3(path, file.attrs.get("keras_version"), text)
        config = with_layers(found)
        vet(config)
        if config == found:
            return _built(path, lambda env: _load(env, file))
        with _configured(file, config) as copy:
            return _built(path, lambda env: _load(env, copy))


def _load_archive(path: Path) -> Any:
    found, weights, version, text = read_model(path)
    _refuse_keras3(path, version, text)
    config = with_layers(found)
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
    known = {
        "quantized_hswish": env.qkeras.quantized_hswish,
        DEPTH_TO_SPACE: _depth_to_space_layer(env),
    }
    return env.qkeras.utils.load_qmodel(source, custom_objects=known, compile=False)


def _depth_to_space_layer(env: KerasEnv) -> type[Any]:
    """The class of :data:`DEPTH_TO_SPACE`."""

    class DepthToSpace(env.keras.layers.Layer):  # type: ignore[name-defined,misc]
        def __init__(self, block_size: int, **settings: Any) -> None:
            super().__init__(**settings)
            self.block_size = block_size

        def call(self, inputs: Any) -> Any:
            return env.tf.nn.depth_to_space(inputs, self.block_size)

    DepthToSpace.__name__ = DEPTH_TO_SPACE
    return DepthToSpace


def _built(path: Path, load: Callable[[KerasEnv], Any]) -> Any:
    env = keras_env()
    try:
        with env.tf.variable_creator_scope(_bounded(path, env)):
            return load(env)
    except FcnHwError:
        raise
    except Exception as error:  # h5py, Keras and QKeras raise whatever they like
        raise ConfigError(
            f"{path}: can't be loaded as a QKeras model: {reason(error)}", hint=SAVE_HINT
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
