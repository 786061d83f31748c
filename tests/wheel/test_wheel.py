"""What pip installs is whole: `make test-wheel`, which `.ci/run` calls.

The sdist is built from the tree and the wheel from the sdist: a file that either lacks is missed.
The wheel goes into an empty virtual environment of the oldest and of the newest supported Python of
this machine, with the versions of requirements.lock as constraints: pip takes what the wheel itself
declares, so a dependency that it does not declare is missed too. The verbs run outside of the
repository, in a folder whose name has spaces.

Both environments are whole installations, TensorFlow included: it is the part that differs most
between versions of Python. They are prepared and tried at the same time, by two processes.
"""

from __future__ import annotations

import email
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import fcn_hw

pytestmark = [pytest.mark.wheel, pytest.mark.gxx]

ROOT = Path(__file__).parents[2]
SUPPORTED = (10, 11, 12, 13)
NAME = f"fcn_hw-{fcn_hw.__version__}"
DATA = {"templates": "fcn_hw/_data/templates", "constraints": "fcn_hw/_data/constraints"}
HATCHLING_ADDS = {"PKG-INFO", "pyproject.toml", ".gitignore"}

DESIGN = """
name: tiny
dataset: {kind: digit_scenes, height: 20, width: 28, train_images: 16, val_images: 4}
network: {kind: fcn16s, filters: [3, 4], upsampling: bilinear}
training: {float_epochs: 1, retrain_epochs: 1, batch_size: 8, calibration_images: 8}
hls: {ReuseFactor: auto}
"""


def run(argv: list[str | Path], folder: Path, **variables: str) -> str:
    """What a program prints; it sees nothing of this repository or of its environment."""
    hidden = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "FCN_HW_DATA")
    environment = {key: value for key, value in os.environ.items() if key not in hidden}
    done = subprocess.run(
        [str(word) for word in argv],
        cwd=folder,
        env=environment | variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=1800,
    )
    assert done.returncode == 0, f"{argv}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def pythons() -> dict[str, str]:
    """The oldest and the newest supported Python of this machine, by version: one or two."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    test = "import venv, ensurepip, sys; print(sys.version_info[1])"
    found = {}
    for minor in SUPPORTED:
        # pyenv puts a program on PATH that fails for versions that are there but not chosen.
        shim = shutil.which(f"python3.{minor}")
        for program in filter(None, (shim, *sorted(pyenv.glob(f"3.{minor}.*/bin/python")))):
            tried = subprocess.run(
                [program, "-c", test], capture_output=True, text=True, check=False
            )
            if tried.stdout.strip() == str(minor):
                found[f"3.{minor}"] = str(program)
                break
    if not found:
        found[f"3.{sys.version_info[1]}"] = sys.executable
    versions = list(found)
    return {version: found[version] for version in (versions[0], versions[-1])}


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the sdist and the wheel that was built from it."""
    folder = tmp_path_factory.mktemp("dist")
    run([sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT], folder)
    return folder


def install(program: str, wheel: Path, folder: Path) -> None:
    """Makes a virtual environment of a Python in ``folder`` that holds the wheel."""
    run([program, "-m", "venv", folder], folder.parent)
    pip = [folder / "bin" / "pip", "install", "--quiet", "--no-compile", "--use-pep517"]
    run([*pip, "-c", ROOT / "requirements.lock", wheel], folder)


def wheel_of(folder: Path) -> Path:
    (path,) = folder.glob("*.whl")
    return path


def files_of(*tops: str) -> dict[str, bytes]:
    """Path in the tree to contents, of every file below ``tops`` that is no cache."""
    paths = (path for top in tops for path in (ROOT / top).rglob("*") if path.is_file())
    return {
        path.relative_to(ROOT).as_posix(): path.read_bytes()
        for path in paths
        if "__pycache__" not in path.parts
    }


def test_wheel_holds_the_package_its_data_and_nothing_else(built: Path) -> None:
    expected = files_of("fcn_hw")
    for top, place in DATA.items():
        expected |= {place + name.removeprefix(top): data for name, data in files_of(top).items()}
    licence = (ROOT / "LICENSE").read_bytes()
    expected["fcn_hw/_data/LICENSE"] = licence
    with zipfile.ZipFile(wheel_of(built)) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    info = f"{NAME}.dist-info"
    about = {name: held.pop(name) for name in list(held) if name.startswith(info)}
    assert sorted(held) == sorted(expected)
    assert [name for name in expected if held[name] != expected[name]] == []
    assert about[f"{info}/licenses/LICENSE"] == licence
    metadata = email.message_from_bytes(about[f"{info}/METADATA"])
    assert metadata["Version"] == fcn_hw.__version__
    assert metadata["License-Expression"] == "Apache-2.0"
    assert b"fcn-hw = fcn_hw.cli:main" in about[f"{info}/entry_points.txt"]


def test_sdist_holds_what_the_wheel_is_built_of_and_nothing_else(built: Path) -> None:
    expected = {*files_of("fcn_hw", *DATA), "README.md", "LICENSE"} | HATCHLING_ADDS
    with tarfile.open(built / f"{NAME}.tar.gz") as archive:
        held = {member.name.removeprefix(f"{NAME}/") for member in archive if member.isfile()}
    assert sorted(held) == sorted(expected)


@pytest.mark.parametrize("version", pythons())
def test_verbs_run_outside_of_the_repository(built: Path, tmp_path: Path, version: str) -> None:
    environment = tmp_path / "venv"
    install(pythons()[version], wheel_of(built), environment)
    here = tmp_path / "a folder with spaces"
    design = here / "hls_projects" / "tiny" / "design.yaml"
    design.parent.mkdir(parents=True)
    design.write_text(DESIGN, encoding="utf-8")
    home = tmp_path / "home"
    home.mkdir()

    def fcn_hw_(*words: str) -> str:
        """A verb, as on a machine where nothing of anyone's is kept."""
        program = environment / "bin" / "fcn-hw"
        return run([program, *words], here, HOME=str(home), XDG_CACHE_HOME=str(home / "cache"))

    where = "import fcn_hw, sys; print(sys.version_info[1], fcn_hw.__file__)"
    minor, _, path = run([environment / "bin" / "python", "-c", where], here).strip().partition(" ")
    assert f"3.{minor}" == version
    assert Path(path).is_relative_to(environment)
    assert fcn_hw_("--version") == f"fcn-hw {fcn_hw.__version__}\n"
    assert "pynq-z2" in fcn_hw_("boards", "--json")
    assert json.loads(fcn_hw_("doctor", "--json"))
    fcn_hw_("new", "streets", "--dataset", "camvid", "--network", "unet")
    assert (here / "hls_projects" / "streets" / "design.yaml").is_file()
    json.loads(fcn_hw_("train", "tiny", "--json"))
    board = ("tiny", "--board", "pynq-z2")
    proved = json.loads(fcn_hw_("hls", *board, "--json"))
    assert proved["images"] == 4
    assert proved["values_compared"] > 0
    assert proved["mismatches"] == proved["argmax_flips"] == 0
    assert json.loads(fcn_hw_("csim", *board, "--images", "2", "--json"))["mismatches"] == 0
    assert json.loads(fcn_hw_("lint", *board, "--json"))["findings"] == []
    assert json.loads(fcn_hw_("fifo", *board, "--json"))
    assert json.loads(fcn_hw_("estimate", *board, "--json"))
    fcn_hw_("report", *board)
    assert (design.parent / "pynq-z2" / "report" / "report.html").is_file()
    bundle = re.search(r"\S*tiny-pynq-z2\.tar\.gz", fcn_hw_("handoff", *board))
    assert bundle
    assert "verified" in fcn_hw_("verify", bundle[0])
