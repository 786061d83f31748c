"""``.keras`` files: a zip archive of a configuration and an HDF5 file of weights."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fcn_hw.errors import ConfigError
from fcn_hw.hdf5_vetting import MAX_WEIGHT_BYTES, opened_hdf5, vet_hdf5

CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"

MAX_CONFIG_BYTES = 64 << 20

_LIMITS = {CONFIG: MAX_CONFIG_BYTES, METADATA: MAX_CONFIG_BYTES, WEIGHTS: 2 * MAX_WEIGHT_BYTES}
"""All that a model has, and what it may unpack to."""


def read_archive(path: Path, hint: str) -> tuple[bytes, bytes, Any]:
    """Configuration, weights and stated version of a ``.keras`` file; nothing is unpacked to disk.

    Raises:
        ConfigError: members that no Keras model has, or too large ones; weights in other files.
    """
    with zipfile.ZipFile(path) as archive:
        names = [item.filename for item in archive.infolist()]
        if CONFIG not in names:
            raise ConfigError(f"{path}: the archive holds no {CONFIG}", hint=hint)
        for item in archive.infolist():
            name = item.filename
            if name in ("assets/", "_layer_checkpoint_dependencies/"):  # empty folders
                continue
            if name not in _LIMITS:
                raise ConfigError(
                    f"{path}: the archive holds '{name[:60]}', which no Keras model has", hint=hint
                )
            if names.count(name) > 1:
                raise ConfigError(f"{path}: the archive holds '{name}' twice", hint=hint)
            if item.flag_bits & 1:
                raise ConfigError(f"{path}: '{name}' is encrypted", hint="save it unencrypted")
            if item.file_size > _LIMITS[name]:
                raise ConfigError(
                    f"{path}: '{name}' unpacks to more than {_LIMITS[name] >> 20:,} MiB", hint=hint
                )
        if WEIGHTS not in names:
            raise ConfigError(f"{path}: the archive holds no {WEIGHTS}", hint=hint)
        config, weights = archive.read(CONFIG), archive.read(WEIGHTS)
        metadata = archive.read(METADATA) if METADATA in names else b"{}"
    where = f"{path}: {WEIGHTS}"
    with opened_hdf5(io.BytesIO(weights), where) as file:
        vet_hdf5(file, where, hint)
    return config, weights, _version(metadata)


def _version(metadata: bytes) -> Any:
    """The version of Keras that the metadata state; None where they are no object."""
    try:
        stated = json.loads(metadata)
    except (ValueError, RecursionError):
        return None
    return stated.get("keras_version") if isinstance(stated, dict) else None


def without_training(config: Any) -> Any:
    """A configuration without the optimizers, losses and metrics that ``.keras`` files keep.

    Keras builds those of nested models even where the model is not compiled.
    """
    if isinstance(config, dict):
        return {
            key: None if key == "compile_config" else without_training(value)
            for key, value in config.items()
        }
    if isinstance(config, list):
        return [without_training(value) for value in config]
    return config


@contextmanager
def rewritten(config: Any, weights: bytes) -> Iterator[Path]:
    """A ``.keras`` file of what was vetted and nothing else, for the time that Keras reads it."""
    with TemporaryDirectory(prefix="fcn_hw_") as folder:
        path = Path(folder) / "model.keras"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(METADATA, "{}")
            archive.writestr(CONFIG, json.dumps(config))
            archive.writestr(WEIGHTS, weights)
        yield path
