"""Facts about where a benchmark ran; none of them names the machine or a folder."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

import fcn_hw
from fcn_hw.harness.whole_set import cores


def facts(*packages: str) -> dict[str, Any]:
    """Processor, cores, memory, load, versions: those of ``packages`` too."""
    cpu = _field(Path("/proc/cpuinfo"), "model name")
    memory = _field(Path("/proc/meminfo"), "MemTotal")
    gxx = subprocess.run(["g++", "-dumpfullversion"], capture_output=True, text=True, check=True)
    return {
        "cpu": cpu or platform.machine(),
        "cores": cores(),
        "memory": memory,
        "load_before": [round(value, 2) for value in os.getloadavg()],
        "system": f"{platform.system()} {platform.machine()}",
        "versions": {
            "fcn_hw": fcn_hw.__version__,
            "python": platform.python_version(),
            "g++": gxx.stdout.strip(),
            **{name: version(name) for name in packages},
        },
    }


def _field(path: Path, name: str) -> str:
    """The value of the first line ``name : value``, or an empty text."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(name)), "")
