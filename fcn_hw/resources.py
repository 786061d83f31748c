"""Where the files are that are not Python: ``constraints`` and ``templates``."""

from __future__ import annotations

from pathlib import Path

from fcn_hw.errors import FcnHwError

PACKAGE = Path(__file__).parent
"""The folder of fcn_hw's own sources."""


def data_folder(name: str, package: Path = PACKAGE) -> Path:
    """The folder ``name``: inside an installed package, or at the top of the source tree.

    Args:
        package: the folder of the package's sources.

    Raises:
        FcnHwError: it is in neither place.
    """
    for folder in (package / "_data" / name, package.parent / name):
        if folder.is_dir():
            return folder
    raise FcnHwError(
        f"folder '{name}' of fcn_hw is missing", hint="The installation is broken: install again."
    )
