"""Runs emitted Tcl in tclsh, every vendor command stubbed and checked, and gives the call log."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

STUBS = Path(__file__).parent / "vendor_stubs.tcl"


@dataclass(frozen=True)
class Calls:
    """What a script did.

    Args:
        status: tclsh's.
        calls: a line a vendor command.
        output: what it printed.
    """

    status: int
    calls: str
    output: str


def run_tcl(
    script: str, folder: Path, dialect: str, environment: Mapping[str, str] | None = None
) -> Calls:
    """Runs a script in its project's folder.

    Args:
        script: its path, relative to ``folder``.
        dialect: ``vitis``, ``vivado_hls`` or ``vivado``.
        environment: for the stubs.
    """
    log = folder / "calls.log"
    log.unlink(missing_ok=True)
    done = subprocess.run(
        ["tclsh", str(STUBS), dialect, str(log), script],
        cwd=folder, capture_output=True, text=True, check=False, timeout=60,
        env={**os.environ, **(environment or {})},
    )  # fmt: skip
    calls = log.read_text() if log.is_file() else ""
    return Calls(done.returncode, calls, done.stdout + done.stderr)
