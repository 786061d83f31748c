"""Where an outside program is, and how to get it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from fcn_hw.errors import ConfigError, ToolNotFound

_VITIS = "It comes with AMD Vitis (free of charge from amd.com); source its settings64.sh first."

HOW_TO_GET: dict[str, str] = {
    "g++": "Install your system's C++ compiler, for instance the Debian package g++.",
    "clang++": "Install LLVM's C++ compiler, for instance the Debian package clang.",
    "vitis_hls": _VITIS,
    "vitis-run": _VITIS,
    "v++": _VITIS,
    "vivado_hls": "It comes with Vivado up to 2020.1; source its settings64.sh first.",
    "vivado": "It comes with AMD Vivado; source its settings64.sh first.",
    "bootgen": "It comes with AMD Vivado; source its settings64.sh first.",
    "xbutil": "It comes with the Xilinx Runtime (XRT); source its setup.sh first.",
}
"""One sentence for each program that fcn_hw can start."""


def variable(name: str) -> str:
    """The environment variable that can name the program: ``g++`` has ``FCN_HW_GXX``."""
    letters = name.upper().replace("+", "X")
    return "FCN_HW_" + "".join(c if c.isalnum() else "_" for c in letters)


def find_tool(name: str) -> Path:
    """The full path of a program: what its variable names, else what PATH has.

    Raises:
        ToolNotFound: neither has it; the hint says how to get it.
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
    found = shutil.which(name)
    if found is None:
        raise ToolNotFound(name, HOW_TO_GET.get(name, "Install it."), variable(name))
    return Path(found).absolute()
