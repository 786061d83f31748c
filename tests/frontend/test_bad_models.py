"""A model file is untrusted: one clear line, exit status 2, nothing executed, nothing written."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest
from bad_models import ALL
from model_file_maker import EVIL, MARK, BadModel, Maker

from fcn_hw import hdf5_vetting
from fcn_hw.cli import main
from fcn_hw.errors import ConfigError
from fcn_hw.frontend.model_file import load_model
from fcn_hw.keras_env import keras_env

pytestmark = [
    pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file"),
    pytest.mark.filterwarnings("ignore:The `keras.constraints.serialize"),
    pytest.mark.filterwarnings("ignore:Duplicate name"),
]

MAX_SECONDS = 10.0
MAX_MEGABYTES = 300


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path, Path]:
    """The environment, and a good network as .h5 and .keras."""
    env, folder = keras_env(), tmp_path_factory.mktemp("small")
    q, made = env.qkeras, env.keras.layers
    image = made.Input((6, 6, 3), name="image")
    x = q.QConv2D(
        2, 3, padding="same", name="c",
        kernel_quantizer=q.quantized_bits(4, 0, alpha=1.0), bias_quantizer="quantized_bits(8,0,1)",
    )(image)  # fmt: skip
    x = q.QActivation(q.quantized_relu(4, 1), name="a")(x)
    inner = [made.Input((6, 6, 2), name="in"), made.MaxPooling2D(2, name="pool")]
    model = env.keras.Model(image, env.keras.Sequential(inner, name="inner")(x), name="net")
    model.compile("adam", "mse")
    for name in ("good.h5", "good.keras"):
        model.save(folder / name)
        load_model(folder / name)  # what is wrong below is not wrong here
    return env, folder / "good.h5", folder / "good.keras"


@pytest.fixture
def maker(small: tuple[Any, Path, Path], tmp_path: Path) -> Maker:
    folder = tmp_path / "files"
    folder.mkdir()
    return Maker(folder, *small)


@pytest.fixture
def mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that appears when the evil module is imported, or one of its functions is called."""
    mark, modules = tmp_path / MARK, tmp_path / "modules"
    modules.mkdir()
    touch = f"from pathlib import Path\nPath({str(mark)!r}).touch()\n"
    names = "Zeros = L2 = Clip = Policy = Shape = Spec = QConv2D = Evil = relu = run\n"
    (modules / f"{EVIL}.py").write_text(f"{touch}def run(*args, **kwargs):\n    pass\n{names}")
    monkeypatch.syspath_prepend(modules)
    monkeypatch.delitem(sys.modules, EVIL, raising=False)
    return mark


def test_corpus_is_large() -> None:
    assert len({case.name for case in ALL}) == len(ALL) >= 100


def test_evil_module_leaves_its_mark(mark: Path) -> None:
    __import__(EVIL)
    assert mark.exists()


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_bad_model(
    case: BadModel,
    maker: Maker,
    mark: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = case.make(maker)
    here, temporary = tmp_path / "here", tmp_path / "temporary"
    for folder in (here, temporary):
        folder.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    monkeypatch.setattr(sys, "argv", ["fcn-hw", "export", "--model", str(path), "--output", "out"])
    before = sorted(tmp_path.rglob("*"))
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    capsys.readouterr()
    start = time.process_time()

    with pytest.raises(SystemExit) as stopped:
        main()

    told = capsys.readouterr()
    shown = str(path).replace("\n", "\\n").replace("\x1b", "\\x1b")
    message = case.message.replace("{path}", shown)
    assert told.err.splitlines() == [f"error: {message}", *case.hint.splitlines()]
    assert told.out == "" and stopped.value.code == 2
    assert not mark.exists()
    assert sorted(tmp_path.rglob("*")) == before
    assert time.process_time() - start < MAX_SECONDS
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10) - megabytes
    assert grown < MAX_MEGABYTES


@pytest.mark.parametrize("name", ["Lambda in an archive", "cut to half"])
def test_command_line(name: str, maker: Maker, tmp_path: Path) -> None:
    """The same from a shell: no traceback, and TensorFlow is not even loaded."""
    (case,) = (case for case in ALL if case.name == name)
    path = case.make(maker)
    ended = subprocess.run(
        [sys.executable, "-m", "fcn_hw", "export", "--model", path, "--output", tmp_path / "out"],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    message = case.message.replace("{path}", str(path))
    assert ended.stderr.splitlines() == [f"error: {message}", *case.hint.splitlines()]
    assert ended.stdout == "" and ended.returncode == 2


def test_unreadable_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a file that is really unreadable: the superuser reads all."""
    path = tmp_path / "m.h5"
    path.touch()

    def refuse(*args: object, **kwargs: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ConfigError) as caught:
        load_model(path)
    assert str(caught.value) == f"{path}: can't be read (Permission denied)"
    assert caught.value.hint == "check who may read it"


def test_no_regular_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.h5")
    with pytest.raises(ConfigError) as caught:
        load_model(tmp_path / "pipe.h5")  # would wait for ever
    assert str(caught.value) == f"{tmp_path}/pipe.h5: is no regular file"


def test_too_large_file(tmp_path: Path) -> None:
    path = tmp_path / "large.h5"
    with path.open("wb") as file:
        file.truncate((4 << 30) + 1)
    with pytest.raises(ConfigError) as caught:
        load_model(path)
    assert str(caught.value) == f"{path}: more than 4 GiB"


def test_too_many_objects(maker: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hdf5_vetting, "MAX_LINKS", 3)
    with pytest.raises(ConfigError) as caught:
        load_model(maker.h5())
    assert str(caught.value) == f"{maker.folder}/model.h5: holds more than 3 objects"
