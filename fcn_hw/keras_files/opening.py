"""The checks that every Keras model file goes through before anything of it is used.

A file's first bytes tell its format, whatever its name says.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from fcn_hw.errors import ConfigError, FcnHwError
from fcn_hw.hdf5_vetting import opened_hdf5, vet_hdf5
from fcn_hw.keras_files.archive import MAX_CONFIG_BYTES, read_archive, without_training

MAX_FILE_BYTES = 4 << 30
SAVE_HINT = "save the model with model.save('model.h5') or model.save('model.keras')"
_HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_ZIP_SIGNATURE = b"PK\x03\x04"


def file_format(path: Path) -> Literal["hdf5", "archive"]:
    """What a model file is, by its first bytes.

    Raises:
        ConfigError: missing, too large, or neither.
    """
    start = _first_bytes(path)
    if start.startswith(_HDF5_SIGNATURE):
        return "hdf5"
    if start.startswith(_ZIP_SIGNATURE):
        return "archive"
    what = "is empty" if not start else "is neither an HDF5 nor a .keras file"
    raise ConfigError(f"{path}: {what}", hint=SAVE_HINT)


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Errors of libraries become one line; zipfile and h5py raise whatever they like."""
    try:
        yield
    except FcnHwError:
        raise
    except Exception as error:
        raise ConfigError(
            f"{path}: is no Keras model file ({reason(error)})", hint=SAVE_HINT
        ) from error


@contextmanager
def opened_model(path: Path) -> Iterator[tuple[Any, Any, str | bytes]]:
    """An HDF5 file of a model: open and vetted, its configuration parsed and as text.

    Raises:
        ConfigError: damaged, data in other files, no configuration or no weights.
    """
    with opened_hdf5(path, str(path)) as file:
        vet_hdf5(file, str(path), SAVE_HINT)
        if "model_config" not in file.attrs:
            alone = "layer_names" in file.attrs or {"layers", "vars"} <= set(file)
            what = "weights alone" if alone else "no model_config"
            raise ConfigError(f"{path}: holds {what}, not a model", hint=SAVE_HINT)
        text = file.attrs["model_config"]
        if not isinstance(text, (str, bytes)):
            raise ConfigError(f"{path}: its model_config is no text", hint=SAVE_HINT)
        if "model_weights" not in file:
            raise ConfigError(f"{path}: holds no weights", hint=SAVE_HINT)
        yield file, parsed(text, path), text


def read_model(path: Path) -> tuple[Any, bytes, Any, bytes]:
    """Configuration, weights, stated version and the configuration's text of a ``.keras`` file.

    Raises:
        ConfigError: damaged, or with members that no model has.
    """
    try:
        text, weights, version = read_archive(path, SAVE_HINT)
    except (zipfile.BadZipFile, EOFError) as error:
        raise ConfigError(f"{path}: the archive is damaged", hint="copy it again") from error
    return without_training(parsed(text, path)), weights, version, text


def _first_bytes(path: Path) -> bytes:
    if path.is_dir():
        raise ConfigError(f"{path}: is a folder, not a model file", hint=SAVE_HINT)
    if not path.exists():
        raise ConfigError(f"{path}: there is no such model file", hint="train or copy it first")
    if not path.is_file():
        raise ConfigError(f"{path}: is no regular file", hint=SAVE_HINT)
    if path.stat().st_size > MAX_FILE_BYTES:
        raise ConfigError(f"{path}: more than {MAX_FILE_BYTES >> 30} GiB")
    try:
        with path.open("rb") as file:
            return file.read(len(_HDF5_SIGNATURE))
    except OSError as error:
        raise ConfigError(
            f"{path}: can't be read ({error.strerror})", hint="check who may read it"
        ) from error


def parsed(text: str | bytes, path: Path) -> Any:
    """The configuration of a model.

    Raises:
        ConfigError: too large, nested too deeply, no JSON, or of no model.
    """
    if len(text) > MAX_CONFIG_BYTES:
        raise ConfigError(
            f"{path}: its configuration has more than {MAX_CONFIG_BYTES >> 20} MiB", hint=SAVE_HINT
        )
    try:
        config = json.loads(text)
    except RecursionError as error:
        raise ConfigError(
            f"{path}: its configuration is nested too deeply", hint=SAVE_HINT
        ) from error
    except ValueError as error:
        raise ConfigError(f"{path}: its configuration is no JSON", hint=SAVE_HINT) from error
    model = config.get("config") if isinstance(config, dict) else None
    if not isinstance(model, dict) or not isinstance(model.get("layers"), list):
        raise ConfigError(f"{path}: its configuration describes no model", hint=SAVE_HINT)
    return config


def reason(error: Exception) -> str:
    """The first line of what a library says."""
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__
