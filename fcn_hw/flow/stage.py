"""When a stage may be skipped, and whether what it left is still what it left.

A record is written last, after every output; a run that was cut off leaves none that counts and is
done again. It holds the digest of the stage's inputs and those of its outputs: what was damaged
since is made again, and whoever only reads a result is told.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from fcn_hw.files import replace_file

_CHUNK_BYTES = 1 << 20
SUFFIX = ".stage.json"
_LEVELS = 3
"""How many folders above a file may hold the record that lists it."""

State = Literal["absent", "stale", "damaged", "current"]


@dataclass(frozen=True)
class Standing:
    """What a record says of a stage's result.

    Args:
        state: ``absent``: no run has finished; ``stale``: one has, with other inputs; ``damaged``:
            an output is not what the stage left; ``current``: neither.
        files: the damaged outputs, relative to the record's folder.
    """

    state: State
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class StageRecord:
    """The record of one stage in one folder.

    Args:
        name: of the stage.
        folder: where its outputs are; the record is ``.<name>.stage.json`` there.
        digest: of everything that the stage's result depends on.
        inputs: JSON-able; kept in the record to say later what has changed.
    """

    name: str
    folder: Path
    digest: str
    inputs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        return self.folder / f".{self.name}{SUFFIX}"

    def standing(self) -> Standing:
        """What the last run left: damage is looked for first, whatever the inputs were."""
        stored = _read(self.path)
        outputs = stored.get("outputs", {})
        if stored.get("digest") is None or not outputs:
            return Standing("absent")
        damaged = tuple(
            name for name, digests in outputs.items() if _digest(self.folder / name) not in digests
        )
        if damaged:
            return Standing("damaged", damaged)
        return Standing("current" if stored["digest"] == self.digest else "stale")

    def is_current(self) -> bool:
        """Whether the last finished run had the same inputs and its outputs are as it left them."""
        return self.standing().state == "current"

    def begin(self) -> None:
        """Takes back the last run's record, before its outputs are touched.

        What that run left stays known, so that :meth:`finish` can remove what is not made anew.
        """
        replace_file(self.path, _json({"digest": None, "before": known_files(self.path)}))

    def finish(self, outputs: Iterable[Path]) -> None:
        """Records a finished run; files that an earlier run left and this one did not are removed.

        Args:
            outputs: files below the folder.
        """
        digests = {str(path.relative_to(self.folder)): [file_digest(path)] for path in outputs}
        for name, known in known_files(self.path).items():
            if name not in digests and _digest(self.folder / name) in known:
                (self.folder / name).unlink()
        stored = {"digest": self.digest, "outputs": digests}
        replace_file(self.path, _json({**stored, "inputs": self.inputs} if self.inputs else stored))

    def note(self, files: Mapping[str, str]) -> None:
        """Notes that files may come to have other contents than those recorded, before they do.

        Args:
            files: digests by path relative to the folder.
        """
        stored = _read(self.path)
        part = "before" if stored.get("digest") is None else "outputs"
        known = stored.get(part, {})
        for name, digest in files.items():
            known[name] = list(dict.fromkeys([*known.get(name, []), digest]))
        replace_file(self.path, _json({**stored, part: known}))

    def last_inputs(self) -> Mapping[str, Any]:
        """The inputs of the last finished run; empty where none were kept."""
        found = _read(self.path).get("inputs")
        return found if isinstance(found, dict) else {}


def known_files(record: Path) -> dict[str, list[str]]:
    """Every file that a stage's runs wrote, finished or not, with the digests that it may have.

    Args:
        record: the path of a :class:`StageRecord`; nothing is known without it.
    """
    stored = _read(record)
    found: dict[str, list[str]] = {}
    for part in ("before", "outputs"):
        for name, digests in stored.get(part, {}).items():
            found[name] = [*found.get(name, []), *digests]
    return found


def records_in(folder: Path) -> list[Path]:
    """The records of all stages whose outputs are in a folder."""
    return sorted(folder.glob(f".*{SUFFIX}"))


def is_damaged(path: Path) -> bool:
    """Whether a stage's record lists a file and it is not what the stage left.

    False for a file that no record lists: nothing is known of it.
    """
    for folder in path.absolute().parents[:_LEVELS]:
        for record in records_in(folder):
            outputs = _read(record).get("outputs", {})
            name = str(path.absolute().relative_to(folder))
            if name in outputs:
                return _digest(path) not in outputs[name]
    return False


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


def bytes_digest(data: bytes | str) -> str:
    """SHA-256 of a file's contents; text as it is stored, in UTF-8."""
    return hashlib.sha256(data.encode() if isinstance(data, str) else data).hexdigest()


def _digest(path: Path) -> str | None:
    try:
        return file_digest(path)
    except OSError:
        return None


def _read(path: Path) -> dict[str, Any]:
    """A record; empty where there is none that can be read."""
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        digest, inputs = stored.get("digest"), stored.get("inputs", {})
        parts = {part: _digests(stored.get(part, {})) for part in ("before", "outputs")}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
    return {"digest": digest, "inputs": inputs, **parts}


def _digests(stored: dict[str, str | list[str]]) -> dict[str, list[str]]:
    """Digests by file; a record of fcn_hw 0.1 has one for each, not in a list."""
    return {
        str(name): [item] if isinstance(item, str) else [str(digest) for digest in item]
        for name, item in stored.items()
    }


def _json(data: Any) -> str:
    return json.dumps(data, indent=1) + "\n"
