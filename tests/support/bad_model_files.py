"""Files that are no model, or hold more, or less, than a model."""

from __future__ import annotations

import copy
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from model_file_maker import LAMBDA, SAVE, BadModel, Maker, layers


def cut(share: float) -> Callable[[Maker], Path]:
    return lambda make: make.raw(make.h5_bytes[: int(len(make.h5_bytes) * share)])


def flipped(make: Maker) -> Path:
    data = bytearray(make.keras_bytes)
    at = data.index(b"config.json") + 20  # within the configuration's own bytes
    data[at : at + 8] = b"????????"
    return make.raw(bytes(data), "model.keras")


def encrypted(make: Maker) -> Path:
    """The flag of encryption, in the local header and in the directory."""
    path = make.keras_with({})
    data = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.index(signature)
        while at >= 0:
            data[at + offset] |= 1
            at = data.find(signature, at + 1)
    return make.raw(bytes(data), "model.keras")


def twice_named(make: Maker) -> Path:
    path = make.keras_with({})
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("config.json", "{}")
    return path


def zip_bomb(make: Maker) -> Path:
    return make.keras_with({"config.json": b" " * (65 << 20)})


def polyglot(make: Maker) -> Path:
    """A harmless archive behind a harmful HDF5 file: each reader finds its own."""
    path = make.h5(lambda config: layers(config).append(copy.deepcopy(LAMBDA)))
    return make.raw(path.read_bytes() + make.keras_bytes)


def no_config(make: Maker) -> Path:
    path = make.folder / "model.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("data.pkl", b"cos\nsystem\n(S'true'\ntR.")
    return path


def attribute(value: Any) -> Callable[[Maker], Path]:
    return lambda make: make.h5_with(lambda file: file.attrs.__setitem__("model_config", value))


def without_model(make: Maker) -> Path:
    return make.h5_with(lambda file: file.attrs.__delitem__("model_config"))


def weights_only(make: Maker) -> Path:
    path = make.folder / "weights.h5"
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [b"c"]
        file.create_group("c").attrs["weight_names"] = [b"kernel:0"]
        file["c/kernel:0"] = np.zeros((3, 3, 3, 2))
    return path


def without_weights(make: Maker) -> Path:
    return make.h5_with(lambda file: file.__delitem__("model_weights"))


def other_shapes(file: Any) -> None:
    del file["model_weights/c/c/kernel:0"]
    file["model_weights/c/c/kernel:0"] = np.zeros((5, 5, 3, 2), np.float32)


def external_link(file: Any) -> None:
    file["model_weights/c/other"] = h5py.ExternalLink("/etc/hostname", "/")


def external_storage(file: Any) -> None:
    file.create_dataset("stolen", (16,), "u1", external=[("/etc/hostname", 0, 16)])


def virtual_dataset(file: Any) -> None:
    layout = h5py.VirtualLayout((4,), "u1")
    layout[:] = h5py.VirtualSource("/etc/hostname", "x", (4,))
    file.create_virtual_dataset("stolen", layout)


def circle(file: Any) -> None:
    """Groups that hold one another, and so many ways through them that nobody walks them all."""
    group = file.create_group("g0")
    for _ in range(60):
        inner = group.create_group("a")
        group["b"] = inner
        inner["back"] = file
        group = inner
    file["soft"] = h5py.SoftLink("/soft")
    del file.attrs["model_config"]


def huge_fill(file: Any) -> None:
    """Four gigabytes of zeros in some bytes."""
    del file["model_weights/c/c/kernel:0"]
    file["model_weights/c/c"].create_dataset("kernel:0", (1 << 30,), "f4", chunks=(1 << 20,))


def listed_often(file: Any) -> None:
    """A dataset of 1 MiB that Keras would read 2,000 times."""
    group = file["model_weights/c"]
    group.create_dataset("big", (1 << 18,), "f4", chunks=(1 << 10,))
    group.attrs["weight_names"] = [b"big"] * 2000


def folder(make: Maker) -> Path:
    path = make.folder / "saved_model"
    path.mkdir()
    (path / "saved_model.pb").write_bytes(b"\x08\x01")
    return path


def with_newline(make: Maker) -> Path:
    return make.raw(b"", "a\nb\x1b[31m.h5")


NESTED = b"[" * 200_000 + b"]" * 200_000


CASES = (
    BadModel(
        "empty",
        lambda make: make.raw(b""),
        "{path}: is empty",
        SAVE,
    ),
    BadModel(
        "text",
        lambda make: make.raw(b"not a model\n"),
        "{path}: is neither an HDF5 nor a .keras file",
        SAVE,
    ),
    BadModel(
        "png",
        lambda make: make.raw(b"\x89PNG\r\n\x1a\n" + bytes(100), "model.png"),
        "{path}: is neither an HDF5 nor a .keras file",
        SAVE,
    ),
    BadModel(
        "pickle",
        lambda make: make.raw(b"\x80\x04cos\nsystem\n.", "model.pkl"),
        "{path}: is neither an HDF5 nor a .keras file",
        SAVE,
    ),
    BadModel(
        "missing",
        lambda make: make.folder / "none.h5",
        "{path}: there is no such model file",
        "train or copy it first",
    ),
    BadModel(
        "folder",
        folder,
        "{path}: is a folder, not a model file",
        SAVE,
    ),
    BadModel(
        "newline in the file's name",
        with_newline,
        "{path}: is empty",
        SAVE,
    ),
    # -- HDF5
    BadModel(
        "cut to 1 %",
        cut(0.01),
        "{path}: the HDF5 file is damaged or cut short",
        "copy it again",
    ),
    BadModel(
        "cut to half",
        cut(0.5),
        "{path}: the HDF5 file is damaged or cut short",
        "copy it again",
    ),
    BadModel(
        "cut at the end",
        cut(0.99),
        "{path}: the HDF5 file is damaged or cut short",
        "copy it again",
    ),
    BadModel(
        "signature alone",
        lambda make: make.raw(make.h5_bytes[:8]),
        "{path}: the HDF5 file is damaged or cut short",
        "copy it again",
    ),
    BadModel(
        "weights alone",
        weights_only,
        "{path}: holds weights alone, not a model",
        SAVE,
    ),
    BadModel(
        "no configuration",
        without_model,
        "{path}: holds no model_config, not a model",
        SAVE,
    ),
    BadModel(
        "a number for a configuration",
        attribute(7),
        "{path}: its model_config is no text",
        SAVE,
    ),
    BadModel(
        "an array for a configuration",
        attribute([1, 2]),
        "{path}: its model_config is no text",
        SAVE,
    ),
    BadModel(
        "no JSON",
        attribute("{"),
        "{path}: its configuration is no JSON",
        SAVE,
    ),
    BadModel(
        "a list for a configuration",
        attribute("[]"),
        "{path}: its configuration describes no model",
        SAVE,
    ),
    BadModel(
        "nested too deeply for JSON",
        lambda make: make.keras_with({"config.json": NESTED}),
        "{path}: its configuration is nested too deeply",
        SAVE,
    ),
    BadModel(
        "no layers",
        attribute('{"class_name": "Functional", "config": {}}'),
        "{path}: its configuration describes no model",
        SAVE,
    ),
    BadModel(
        "no layers but a configuration",
        attribute('{"class_name": "Dense", "config": {"units": 3}}'),
        "{path}: its configuration describes no model",
        SAVE,
    ),
    BadModel(
        "no weights",
        without_weights,
        "{path}: holds no weights",
        SAVE,
    ),
    BadModel(
        "weights of another shape",
        lambda make: make.h5_with(other_shapes),
        (
            "{path}: can't be loaded as a QKeras model: Cannot assign value to variable ' "
            "c/kernel:0': Shape mismatch.The variable shape (3, 3, 3, 2), and the assigned "
            "value shape (5, 5, 3, 2) are incompatible."
        ),
        SAVE,
    ),
    BadModel(
        "external link",
        lambda make: make.h5_with(external_link),
        "{path}: '/model_weights/c/other' is a link to another file",
        SAVE,
    ),
    BadModel(
        "external storage",
        lambda make: make.h5_with(external_storage),
        "{path}: '/stolen' lies in another file",
        SAVE,
    ),
    BadModel(
        "virtual dataset",
        lambda make: make.h5_with(virtual_dataset),
        "{path}: '/stolen' lies in another file",
        SAVE,
    ),
    BadModel(
        "groups in a circle",
        lambda make: make.h5_with(circle),
        "{path}: holds no model_config, not a model",
        SAVE,
    ),
    BadModel(
        "gigabytes of fill values",
        lambda make: make.h5_with(huge_fill),
        "{path}: its weights unpack to more than 1 GiB",
        "save it with include_optimizer=False",
    ),
    BadModel(
        "weights listed often",
        lambda make: make.h5_with(listed_often),
        "{path}: its weights unpack to more than 1 GiB",
        "save it with include_optimizer=False",
    ),
    BadModel(
        "an archive behind HDF5",
        polyglot,
        "layer 'evil': Lambda: it holds code",
        "a Lambda holds arbitrary code: use layers that are listed in docs/operators.md",
    ),
    # -- archives
    BadModel(
        "archive cut",
        lambda make: make.raw(make.keras_bytes[:2000], "model.keras"),
        "{path}: the archive is damaged",
        "copy it again",
    ),
    BadModel(
        "archive flipped",
        flipped,
        "{path}: the archive is damaged",
        "copy it again",
    ),
    BadModel(
        "archive encrypted",
        encrypted,
        "{path}: 'metadata.json' is encrypted",
        "save it unencrypted",
    ),
    BadModel(
        "archive without configuration",
        no_config,
        "{path}: the archive holds no config.json",
        SAVE,
    ),
    BadModel(
        "archive without weights",
        lambda make: make.keras_with({"model.weights.h5": b""}),
        "{path}: model.weights.h5: the HDF5 file is damaged or cut short",
        "copy it again",
    ),
    BadModel(
        "archive with a pickle",
        lambda make: make.keras_with({"model.weights.npz": b"\x80\x04."}),
        "{path}: the archive holds 'model.weights.npz', which no Keras model has",
        SAVE,
    ),
    BadModel(
        "archive with a path outside",
        lambda make: make.keras_with({"../../outside": b"x"}),
        "{path}: the archive holds '../../outside', which no Keras model has",
        SAVE,
    ),
    BadModel(
        "archive with an absolute path",
        lambda make: make.keras_with({"/tmp/outside": b"x"}),
        "{path}: the archive holds '/tmp/outside', which no Keras model has",
        SAVE,
    ),
    BadModel(
        "archive with assets",
        lambda make: make.keras_with({"assets/run.sh": b"x"}),
        "{path}: the archive holds 'assets/run.sh', which no Keras model has",
        SAVE,
    ),
    BadModel(
        "archive with two configurations",
        twice_named,
        "{path}: the archive holds 'config.json' twice",
        SAVE,
    ),
    BadModel(
        "zip bomb",
        zip_bomb,
        "{path}: 'config.json' unpacks to more than 64 MiB",
        SAVE,
    ),
    BadModel(
        "archive with an external link",
        lambda make: make.keras(
            lambda config: None,
            make.weights(
                lambda file: file.__setitem__("x", h5py.ExternalLink("/etc/hostname", "/"))
            ),
        ),
        "{path}: model.weights.h5: '/x' is a link to another file",
        SAVE,
    ),
    BadModel(
        "archive without JSON",
        lambda make: make.keras_with({"config.json": b"\xff\xfe{"}),
        "{path}: its configuration is no JSON",
        SAVE,
    ),
)
