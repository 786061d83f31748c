"""One float training for several models: it does not depend on the bits."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

_CHECKPOINTS = tuple(Path("checkpoints") / f"{phase}.npz" for phase in ("head", "float"))


def share_float_training(source: Path, target: Path) -> None:
    """Gives one model's folder the checkpoints of another's finished float training.

    A phase that is over is not run again. What an earlier design, or a training that was cut off,
    left in ``target`` makes room; a checkpoint of other settings counts as none.
    """
    for checkpoint in _CHECKPOINTS:
        finished, mine = source / checkpoint, target / checkpoint
        if not finished.is_file() or (mine.exists() and mine.samefile(finished)):
            continue
        mine.parent.mkdir(parents=True, exist_ok=True)
        with suppress(OSError):  # without it, training starts from the beginning
            mine.unlink(missing_ok=True)
            try:
                os.link(finished, mine)  # checkpoints are replaced, never written into
            except OSError:
                shutil.copyfile(finished, mine)
