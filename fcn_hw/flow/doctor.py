"""What is installed, and what each stage needs of it. Nothing is imported to find out."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

from pydantic import computed_field
from pydantic.dataclasses import dataclass

from fcn_hw.errors import FcnHwError
from fcn_hw.plan import Command, Plan
from fcn_hw.results import STRICT
from fcn_hw.rtl.front_end import CLANG
from fcn_hw.tools.find import HOW_TO_GET, find_tool, variable
from fcn_hw.tools.runner import run
from fcn_hw.tools.xilinx import HLS_PROGRAMS, ignored_by

_CORE = ("jinja2", "numpy", "pillow", "pydantic", "pyyaml", "rich", "scipy", "typer")
_TRAINING = (*_CORE, "tensorflow", "tf-keras", "qkeras", "pyparsing", "scikit-learn")
_PICTURES = (*_CORE, "matplotlib")
_VERSION_TIMEOUT_S = 20.0
_ASKED = ("g++", "clang++")
"""Programs that tell their version at once; a vendor tool takes seconds to say it."""

_NVIDIA = Path("/proc/driver/nvidia/gpus")

PYTHON = ((3, 10), (3, 13))


@dataclass(frozen=True, config=STRICT)
class Needs:
    """What a stage needs.

    Args:
        packages: Python packages.
        programs: of each group one must be there.
        licensed: whether a program is a vendor's, so that its lack is no fault of the installation.
    """

    packages: tuple[str, ...]
    programs: tuple[tuple[str, ...], ...] = ()
    licensed: bool = False


STAGES: dict[str, Needs] = {
    "train": Needs(_TRAINING),
    "export": Needs(_TRAINING),
    "search": Needs((*_TRAINING, "matplotlib", "optuna"), (("g++",),)),
    "fifo": Needs(_CORE, (("g++",),)),
    "estimate": Needs(_PICTURES, (("g++",),)),
    "hls": Needs((*_CORE, "hls4ml"), (("g++",),)),
    "csim": Needs((*_CORE, "hls4ml"), (("g++",),)),
    "lint": Needs((*_CORE, "hls4ml")),
    "handoff": Needs((*_CORE, "hls4ml"), (("g++",),)),
    "verify": Needs((*_CORE, "hls4ml"), (("g++",),)),
    "csynth": Needs((*_CORE, "hls4ml"), ((*HLS_PROGRAMS, CLANG),), licensed=True),
    "cosim": Needs((*_CORE, "hls4ml"), ((*HLS_PROGRAMS, CLANG), ("g++",)), licensed=True),
    "bitstream": Needs((*_CORE, "hls4ml"), ((*HLS_PROGRAMS, CLANG), ("vivado",)), licensed=True),
}


@dataclass(frozen=True, config=STRICT)
class Item:
    """A package or a program.

    Args:
        name: as it is installed or called.
        kind: ``"python"``, ``"package"`` or ``"program"``.
        version: ``""`` where it is missing or does not say.
        path: of a program.
        wanted: the version that fcn_hw asks for, for instance ``"==1.3.0"``.
        problem: why it can't be used, or ``""``.
        remedy: what to do about it.
        note: what to know of one that can be used.
    """

    name: str
    kind: str
    version: str = ""
    path: str = ""
    wanted: str = ""
    problem: str = ""
    remedy: str = ""
    note: str = ""


@dataclass(frozen=True, config=STRICT)
class StageState:
    """Whether a stage can run.

    Args:
        missing: names of items; of several that would do, joined by "or".
    """

    stage: str
    missing: tuple[str, ...]
    licensed: bool


@dataclass(frozen=True, config=STRICT)
class Diagnosis:
    """All items and stages.

    Args:
        data: value of ``FCN_HW_DATA``.
        data_problem: what is wrong with it, or ``""``.
        cores: that this process may use.
        gpus: models of NVIDIA's GPUs whose driver runs.
        gpus_problem: why TensorFlow does not train on them, or ``""``.
    """

    items: tuple[Item, ...]
    stages: tuple[StageState, ...]
    data: str
    data_problem: str
    cores: int
    gpus: tuple[str, ...] = ()
    gpus_problem: str = ""

    @computed_field  # type: ignore[prop-decorator]
    @property
    def sound(self) -> bool:
        """Whether every stage that needs no vendor tool can run."""
        return not any(item.missing for item in self.stages if not item.licensed) and not any(
            item.problem for item in self.items if item.kind == "python"
        )


def diagnose() -> Diagnosis:
    """Looks at the machine."""
    wanted = _wanted()
    items = [_python()]
    items += [package_item(name, wanted.get(name, "")) for name in _packages()]
    items += [_program(name) for name in _programs()]
    usable = {item.name for item in items if not item.problem}
    data = os.environ.get("FCN_HW_DATA", "")
    gpus = _gpus(_NVIDIA)
    return Diagnosis(
        items=tuple(items),
        stages=tuple(_state(stage, needs, usable) for stage, needs in STAGES.items()),
        data=data,
        data_problem="" if not data or Path(data).is_dir() else "there is no such folder",
        cores=len(os.sched_getaffinity(0)),
        gpus=gpus,
        gpus_problem=_gpus_problem() if gpus else "",
    )


def _gpus(driver: Path) -> tuple[str, ...]:
    """Models that NVIDIA's driver lists in the files ``<card>/information``."""
    lines = [
        line.partition(":")
        for file in sorted(driver.glob("*/information"))
        for line in file.read_text(encoding="utf-8", errors="replace").splitlines()
    ]
    return tuple(value.strip() for key, _, value in lines if key.strip() == "Model")


def _gpus_problem() -> str:
    """TensorFlow brings no CUDA of its own: these packages do."""
    if not package_item("nvidia-cudnn-cu12", "").problem:
        return ""
    version = package_item("tensorflow", "").version
    return f"TensorFlow finds no CUDA libraries: pip install 'tensorflow[and-cuda]=={version}'"


def _packages() -> list[str]:
    return sorted({name for needs in STAGES.values() for name in needs.packages})


def _programs() -> list[str]:
    groups = [group for needs in STAGES.values() for group in needs.programs]
    return list(dict.fromkeys(name for group in groups for name in group))


def _state(stage: str, needs: Needs, usable: Iterable[str]) -> StageState:
    there = set(usable)
    missing = [name for name in needs.packages if name not in there]
    missing += [" or ".join(group) for group in needs.programs if not there & set(group)]
    return StageState(stage, tuple(missing), needs.licensed)


def _python() -> Item:
    version = ".".join(str(part) for part in sys.version_info[:3])
    low, high = PYTHON
    right = low <= sys.version_info[:2] <= high
    return Item(
        "python",
        "python",
        version,
        path=sys.executable,
        wanted=f">={low[0]}.{low[1]},<={high[0]}.{high[1]}",
        problem="" if right else "fcn_hw is not tested on it",
        remedy="" if right else "make PYTHON=python3.12 install",
    )


def _wanted() -> dict[str, str]:
    """The versions that fcn_hw asks for, by package; none where it runs from a source tree."""
    try:
        lines = metadata.requires("fcn_hw") or []
    except metadata.PackageNotFoundError:
        return {}
    found = {}
    for line in lines:
        match = re.match(r"([A-Za-z0-9._-]+)\s*([^;]*)", line)
        if match:
            found[match[1].lower().replace("_", "-")] = match[2].strip()
    return found


def package_item(name: str, wanted: str) -> Item:
    """An installed package, and what is wrong with it.

    Args:
        wanted: the requirement behind its name, ``"==2.0"`` or ``">=1"``; "" takes any version.
    """
    remedy = f"pip install '{name}{wanted}', or make install"
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        return Item(name, "package", wanted=wanted, problem="is not installed", remedy=remedy)
    exact = wanted.removeprefix("==") if wanted.startswith("==") else ""
    if exact and exact != version:
        problem = f"is {version}, fcn_hw needs {exact}"
        return Item(name, "package", version, wanted=wanted, problem=problem, remedy=remedy)
    return Item(name, "package", version, wanted=wanted)


def _program(name: str) -> Item:
    try:
        path = find_tool(name)
    except FcnHwError as error:
        remedy = f"{HOW_TO_GET[name]} Or set {variable(name)} to its full path."
        return Item(name, "program", problem=error.message, remedy=remedy)
    if name not in _ASKED:
        return Item(name, "program", path=str(path), note=ignored_by(name))
    try:
        return Item(name, "program", _version(name), path=str(path))
    except FcnHwError as error:
        remedy = f"Install it again, or set {variable(name)} to one that works."
        return Item(name, "program", path=str(path), problem=error.message, remedy=remedy)


def _version(name: str) -> str:
    plan = Plan(stages=((Command("version", (name, "--version"), _VERSION_TIMEOUT_S, ()),),))
    with tempfile.TemporaryDirectory() as folder:
        (result,) = run(plan, Path(folder))
        _, *printed = result.log.read_text(errors="replace").splitlines()  # below the command
    found = re.findall(r"\d+\.\d+(?:\.\d+)?", printed[0] if printed else "")
    return found[-1] if found else ""
