"""When a stage may be skipped: its record holds the digest of its inputs and what it left.

A record is written last, after every output; a run that was cut off leaves none and is done again.
It holds the digests of its outputs: what was damaged since is made again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from fcn_hw.files import replace_file
from fcn_hw.resources import data_folder

_PACKAGE = Path(__file__).parent.parent
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class StageRecord:
    """The record of one stage in one folder.

    Args:
        name: of the stage.
        folder: where its outputs are; the record is ``.<name>.stage.json`` there.
        digest: of everything that the stage's result depends on.
    """

    name: str
    folder: Path
    digest: str

    @property
    def path(self) -> Path:
        return self.folder / f".{self.name}.stage.json"

    def is_current(self) -> bool:
        """Whether the last finished run had the same inputs and its outputs are as it left them."""
        try:
            stored = json.loads(self.path.read_text(encoding="utf-8"))
            return bool(stored["digest"] == self.digest) and all(
                file_digest(self.folder / name) == digest
                for name, digest in stored["outputs"].items()
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return False

    def begin(self) -> None:
        """Takes back the last run's record, before its outputs are touched."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.path.unlink(missing_ok=True)

    def finish(self, outputs: Iterable[Path]) -> None:
        """Records a finished run.

        Args:
            outputs: files below the folder.
        """
        digests = {str(path.relative_to(self.folder)): file_digest(path) for path in outputs}
        replace_file(
            self.path, json.dumps({"digest": self.digest, "outputs": digests}, indent=1) + "\n"
        )


def digest_of(*parts: Any) -> str:
    """SHA-256 of JSON-able parts."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 of a file."""
    hashed = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            hashed.update(chunk)
    return hashed.hexdigest()


@cache
def code_digest(*names: str) -> str:
    """SHA-256 of parts of fcn_hw's own code, so that a changed compiler compiles again.

    Args:
        names: modules or packages below ``fcn_hw``; ``templates``, or a folder below it.
    """
    hashed = hashlib.sha256()
    for name in names:
        first, _, rest = name.partition("/")
        root = data_folder(first) / rest if first == "templates" else _PACKAGE / name
        files = [root] if root.is_file() else sorted(p for p in root.rglob("*") if p.is_file())
        for path in files:
            if "__pycache__" not in path.parts:
                hashed.update(str(path.relative_to(root.parent)).encode())
                hashed.update(path.read_bytes())
    return hashed.hexdigest()
