"""The command line, called in this process."""

from __future__ import annotations

import contextlib
import io
import sys
from dataclasses import dataclass

from fcn_hw.cli import main


@dataclass(frozen=True)
class Called:
    """What a call left."""

    status: int
    out: str
    err: str


def call(*words: str) -> Called:
    """``fcn-hw`` with these arguments."""
    out, err, before, status = io.StringIO(), io.StringIO(), sys.argv, 0
    sys.argv = ["fcn-hw", *words]
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main()
    except SystemExit as stop:
        assert stop.code is None or isinstance(stop.code, int)
        status = stop.code or 0
    finally:
        sys.argv = before
    return Called(status, out.getvalue(), err.getvalue())
