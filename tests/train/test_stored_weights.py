"""Weights of a stored model: what Keras has, and nothing of a file that is wrong or means harm."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from fcn_hw.design import Network
from fcn_hw.errors import ConfigError, DataError
from fcn_hw.train.networks import build_float, folded_weights
from fcn_hw.train.store import save_model
from fcn_hw.train.stored_weights import read_weights
from fcn_hw.train.topology import Shape, Topology, build_topology

KERNEL = "model_weights/conv1_1/conv1_1/kernel:0"


def topology_of(**network: Any) -> Topology:
    settings = {"kind": "fcn16s", "filters": (3, 4), "upsampling": "transposed", **network}
    return build_topology(Network(**settings), Shape(12, 17, 3), 4)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    model = build_float(topology_of(), batchnorm=False)
    rng = np.random.default_rng(1)
    model.set_weights([rng.normal(size=w.shape) for w in model.get_weights()])
    path = tmp_path_factory.mktemp("stored") / "float.h5"
    save_model(model, path)
    return path, model


@pytest.fixture
def path(stored: tuple[Path, Any], tmp_path: Path) -> Path:
    return Path(shutil.copy(stored[0], tmp_path / "float.h5"))


def test_they_are_those_of_the_model(stored: tuple[Path, Any]) -> None:
    found, expected = (
        read_weights(stored[0], topology_of()),
        folded_weights(stored[1], topology_of()),
    )
    assert found.keys() == expected.keys() and len(found) > 4
    for name, pair in expected.items():
        for ours, keras in zip(found[name], pair, strict=True):
            assert ours.dtype == keras.dtype == np.float32
            np.testing.assert_array_equal(ours, keras)


def test_what_the_file_describes_is_not_built(path: Path) -> None:
    """Keras would run the code of a Lambda; its description is not even read."""
    expected = read_weights(path, topology_of())
    with h5py.File(path, "a") as file:
        config = json.loads(file.attrs["model_config"])
        config["config"]["layers"].append({"class_name": "Lambda", "config": {"function": "x"}})
        file.attrs["model_config"] = json.dumps(config)
    found = read_weights(path, topology_of())
    assert all(np.array_equal(found[name][0], expected[name][0]) for name in expected)


@pytest.mark.parametrize(
    "network, said",
    [
        ({"filters": (3, 5)}, "it has a kernel of (3, 3, 3, 4), not (3, 3, 3, 5), in 'conv2_1'"),
        ({"kind": "fcn8s", "filters": (3, 4, 5)}, "it has no kernel in 'conv3_1'"),
    ],
)
def test_another_network_is_refused(path: Path, network: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError) as caught:
        read_weights(path, topology_of(**network))
    assert str(caught.value).startswith(f"'{path}' is not of this design's network: {said}")


def linked(path: Path) -> None:
    other = path.with_name("other.h5")
    shutil.copy(path, other)
    with h5py.File(path, "a") as file:
        del file[KERNEL]
        file[KERNEL] = h5py.ExternalLink(str(other), KERNEL)


def outside(path: Path) -> None:
    raw = path.with_name("secret.bin")
    raw.write_bytes(bytes(4 * 81))
    with h5py.File(path, "a") as file:
        shape = file[KERNEL].shape
        del file[KERNEL]
        file.create_dataset(KERNEL, shape, "f4", external=[(str(raw), 0, 4 * 81)])


@pytest.mark.parametrize(
    "make, said", [(linked, "is a link to another file"), (outside, "lies in another file")]
)
def test_data_of_another_file_are_not_read(
    path: Path, make: Callable[[Path], None], said: str
) -> None:
    make(path)
    with pytest.raises(ConfigError, match=f"'/{KERNEL}' {said}"):
        read_weights(path, topology_of())


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_a_damaged_file_is_an_error(path: Path, share: float) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(ConfigError, match=r"float\.h5: the HDF5 file is damaged or cut short"):
        read_weights(path, topology_of())


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no\.h5': no such model"):
        read_weights(tmp_path / "no.h5", topology_of())
