"""Entry point of ``fcn-hw``: every error becomes one line and an exit status."""

from __future__ import annotations

import errno
from importlib import import_module
from pathlib import Path
from typing import NoReturn

from rich.markup import escape

from fcn_hw.cli.application import app
from fcn_hw.cli.printers.common import console
from fcn_hw.errors import FcnHwError

INTERRUPTED = 130
"""Exit status after Ctrl-C: 128 + SIGINT."""


for _file in sorted(Path(__file__).parent.glob("*.py")):
    if _file.stem not in ("__init__", "entry"):
        import_module(f"fcn_hw.cli.{_file.stem}")  # a verb's file registers it

__all__ = ["INTERRUPTED", "app", "main"]


_WRONG_PATHS = (
    FileNotFoundError, PermissionError, NotADirectoryError, IsADirectoryError, FileExistsError
)  # fmt: skip


def _fail(error: FcnHwError) -> NoReturn:
    out = console(stderr=True)
    out.print(f"[bold red]error:[/] {escape(error.message)}", highlight=False)
    if error.hint:
        out.print(escape(error.hint), highlight=False)
    if error.log is not None:
        out.print(f"log: {escape(str(error.log))}", highlight=False)
    raise SystemExit(error.exit_status)


def _of_the_system(error: OSError) -> FcnHwError:
    """A line for what the operating system refused."""
    what = f"{error.filename}: " if error.filename else ""
    told = FcnHwError(
        f"{what}{error.strerror or error}", hint="What was finished is kept; run it again."
    )
    if not isinstance(error, _WRONG_PATHS) and error.errno != errno.EROFS:
        told.exit_status = 1  # a full disk, say: nothing that was given is wrong
    return told


def main() -> None:
    """Entry point of ``fcn-hw``."""
    try:
        app()
    except FcnHwError as error:
        _fail(error)
    except OSError as error:  # a full disk, a folder that can't be written, ...
        _fail(_of_the_system(error))
    except SystemExit as stop:
        if stop.code == INTERRUPTED:  # typer turns Ctrl-C into this status, without a word
            console(stderr=True).print("interrupted; what was finished is kept")
        raise
