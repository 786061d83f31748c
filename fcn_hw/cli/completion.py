"""What the shell offers behind Tab: names of designs, boards and choices."""

from __future__ import annotations

from pathlib import Path

import typer

from fcn_hw.boards import board_names


def complete_design(ctx: typer.Context, incomplete: str) -> list[str]:
    """Designs below ``hls_projects`` of ``--root``, or of the current folder."""
    root = Path(ctx.params.get("root") or ".")
    names = sorted(path.parent.name for path in (root / "hls_projects").glob("*/design.yaml"))
    return [name for name in names if name.startswith(incomplete)]


def complete_board(incomplete: str) -> list[str]:
    """Boards below ``constraints``."""
    return [name for name in board_names() if name.startswith(incomplete)]
