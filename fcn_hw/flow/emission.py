"""Writing an HLS project so that its folder holds this emission, what the user put there, no more.

The record ``.hls.stage.json`` lists what emissions wrote. So a file that was edited by hand is told
from one of an earlier emission: the edited one is never written over without a word and a copy in
``edited/``, the old one is replaced, or removed where this emission has no such file.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from fcn_hw.errors import ConfigError
from fcn_hw.files import replace_file
from fcn_hw.flow.progress import Progress
from fcn_hw.flow.stage import StageRecord, bytes_digest, file_digest, known_files
from fcn_hw.plan import Plan
from fcn_hw.tools.runner import write_files

HLS = "hls"
"""Name of the record."""

EDITED = "edited"
"""Folder below the project: copies of files that were edited by hand and written over."""

_NAMED = 5
"""Files that a message names; of more it gives the number."""


@dataclass(frozen=True)
class Emission:
    """A project as it stands in its folder.

    Args:
        plan: its files; those edited by hand as the user left them.
        edited: these, relative to the project.
    """

    plan: Plan
    edited: tuple[str, ...] = ()


@dataclass(frozen=True)
class HlsProject:
    """An HLS project that was emitted.

    Args:
        project: its folder.
        digest: of all its files.
        files: relative to the folder.
    """

    project: Path
    digest: str
    files: tuple[str, ...]


def emit(
    plan: Plan, folder: Path, digest: str, progress: Progress, *, overwrite: bool = False
) -> Emission:
    """Writes a project; files that did not change keep their time stamps.

    Args:
        plan: its files.
        digest: of all that they were made from.
        overwrite: files that were edited by hand too; a copy stays in ``edited/``.

    Raises:
        ConfigError: files were edited by hand; nothing was written.
    """
    if _is_there(plan, folder, digest):
        progress.say("[green]hls[/]     up to date")
        return Emission(plan)
    edited = _edited(plan, folder)
    if edited and not overwrite and _recorded(folder):
        raise _refused(folder, edited, "would be written over")
    record = StageRecord(HLS, folder, digest)
    copies = sorted({_keep(folder, name).relative_to(folder).as_posix() for name in edited})
    _announce(record, plan)
    for name in edited:
        if name not in plan.files:
            (folder / name).unlink()
    changed = write_files(plan, folder)
    before = set(known_files(record.path))
    record.finish(folder / name for name in plan.files)
    _remove_empty(folder, before - set(plan.files))
    if copies:
        progress.warn(f"files were not as hls left them; copies: {_names(copies)}")
    progress.say(f"[cyan]hls[/]     {len(plan.files)} files, {len(changed)} written")
    return Emission(plan)


def as_it_stands(plan: Plan, folder: Path, digest: str, progress: Progress) -> Emission:
    """The project for whoever only reads it: written only where nothing was edited by hand.

    Args:
        plan, digest: as for :func:`emit`.

    Returns:
        edited files with the user's contents.

    Raises:
        ConfigError: files were edited by hand, and the others are of an earlier emission.
    """
    edited = _edited(plan, folder) if _recorded(folder) else ()
    if not edited:
        return emit(plan, folder, digest, progress)
    unedited = {name: data for name, data in plan.files.items() if name not in edited}
    if any(_on_disk(folder / name) != bytes_digest(data) for name, data in unedited.items()):
        raise _refused(folder, edited, "belong to an earlier emission")
    files = {name: (folder / name).read_bytes() for name in edited if name in plan.files}
    progress.warn(f"edited by hand, taken as they are: {_names(edited)}")
    return Emission(replace(plan, files={**plan.files, **files}), edited)


def rewrite(plan: Plan, folder: Path) -> None:
    """Writes some files of an emitted project anew, in the dialect of another tool.

    They count as emitted in either form.
    """
    record = StageRecord(HLS, folder, "")
    record.note({name: bytes_digest(data) for name, data in plan.files.items()})
    write_files(plan, folder)


def _digests(plan: Plan) -> dict[str, str]:
    return {name: bytes_digest(data) for name, data in plan.files.items()}


def _record(folder: Path) -> Path:
    return StageRecord(HLS, folder, "").path


def _is_there(plan: Plan, folder: Path, digest: str) -> bool:
    """Whether nothing is left to write: the last emission was this one and lies there whole."""
    new = _digests(plan)
    return (
        StageRecord(HLS, folder, digest).is_current()
        and set(known_files(_record(folder))) == set(new)
        and all(_on_disk(folder / name) == digest for name, digest in new.items())
    )


def _recorded(folder: Path) -> bool:
    """Whether an emission left a record: without one, an edit can't be told."""
    return bool(known_files(_record(folder)))


def _edited(plan: Plan, folder: Path) -> tuple[str, ...]:
    """Files in the way of an emission that no emission wrote, sorted."""
    known = known_files(_record(folder))
    new = _digests(plan)
    found = []
    for name in sorted({*known, *new}):
        there = _on_disk(folder / name)
        if there is not None and there != new.get(name) and there not in known.get(name, ()):
            found.append(name)
    return tuple(found)


def _announce(record: StageRecord, plan: Plan) -> None:
    """Notes what is about to be written: a run that is cut off leaves no file that nobody knows."""
    record.begin()
    record.note(_digests(plan))


def _keep(folder: Path, name: str) -> Path:
    """Copies a file to ``edited/``; a number is added where another copy has its name."""
    data, number = (folder / name).read_bytes(), 1
    place = folder / EDITED / name
    while _on_disk(place) not in (None, bytes_digest(data)):
        number += 1
        place = folder / EDITED / f"{name}.{number}"
    replace_file(place, data)
    return place


def _remove_empty(folder: Path, gone: Iterable[str]) -> None:
    """Removes the folders that removed files leave empty."""
    for name in gone:
        for parent in (folder / name).parents:
            if parent == folder or not parent.is_dir() or any(parent.iterdir()):
                break
            parent.rmdir()


def _refused(folder: Path, edited: tuple[str, ...], why: str) -> ConfigError:
    return ConfigError(
        f"{folder}: files that were edited by hand {why}: {_names(edited)}",
        hint=f"fcn-hw hls --overwrite writes them anew and keeps copies in {folder / EDITED}",
    )


def _names(files: Iterable[str]) -> str:
    listed = list(files)
    more = f" and {len(listed) - _NAMED} more" if len(listed) > _NAMED else ""
    return ", ".join(listed[:_NAMED]) + more


def _on_disk(path: Path) -> str | None:
    return file_digest(path) if path.is_file() else None
