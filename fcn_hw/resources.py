"""Where the files are that are not Python: ``constraints`` and ``templates``."""

from __future__ import annotations

from pathlib import Path

from fcn_hw.errors import FcnHwError

_PACKAGE = Path(__file__).parent


def data_folder(name: str) -> Path:
    """The folder ``name``: inside an installed package, or at the top of the source tree.

    Raises:
        FcnHwError: it is in neither place.
    """
    for folder in (_PACKAGE / "_data" / name, _PACKAGE.parent / name):
        if folder.is_dir():
            return folder
    raise FcnHwError(
        f"folder '{name}' of fcn_hw is missing", hint="The installation is broken: install again."
    )
