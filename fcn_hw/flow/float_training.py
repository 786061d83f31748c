"""One float training for several models: it does not depend on the bits."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

_CHECKPOINT = Path("checkpoints") / "float.npz"


def share_float_training(source: Path, target: Path) -> None:
    """Gives one model's folder the checkpoint of another's finished float training.

    A phase that is over is not run again, and a checkpoint of other settings counts as none.
    """
    finished, mine = source / _CHECKPOINT, target / _CHECKPOINT
    if mine.exists() or not finished.is_file():
        return
    mine.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(finished, mine)  # checkpoints are replaced, never written into
    except OSError:
        with suppress(OSError):  # without it, training starts from the beginning
            shutil.copyfile(finished, mine)
