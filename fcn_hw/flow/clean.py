"""Removing what the stages made."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from fcn_hw.boards import board_names
from fcn_hw.design_yaml import find_design
from fcn_hw.flow.workspace import HLS4ML_SUFFIX
from fcn_hw.locks import locked


def clean(root: Path, design: str | None, *, models: bool) -> Iterator[Path]:
    """Removes the generated folders of one design, or of all below ``root/hls_projects``.

    Only folders that a stage makes are touched: ``graph``, ``evaluation``, those named after a
    board and, with ``models``, ``model`` and ``search``.

    Raises:
        Busy: a run is at work in one of them; that one stays.

    Yields:
        each folder that was removed.
    """
    if design is not None:
        folders = [find_design(design, root).parent]
    else:
        folders = [path.parent for path in sorted((root / "hls_projects").glob("*/design.yaml"))]
    projects = [f"{name}{suffix}" for name in board_names() for suffix in ("", HLS4ML_SUFFIX)]
    kept_long = ("model", "search") if models else ()
    generated = ("graph", "evaluation", *projects, *kept_long)
    for folder in folders:
        for name in generated:
            if (folder / name).is_dir():
                with locked(folder / name, "fcn-hw clean"):
                    shutil.rmtree(folder / name)
                yield folder / name
