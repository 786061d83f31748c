"""Removing what the stages made, and nothing else.

A file is ours where the record of a stage lists it and it is as the stage left it, or where it lies
in a folder that one of our programs fills. Whatever else lies in a generated folder stays: notes,
copies, a Vivado project of the user, a source that was edited by hand.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fcn_hw.backend.block_design import BITSTREAM_FOLDER, VIVADO_FOLDER
from fcn_hw.backend.hls_scripts import COSIM_FOLDER, hls_layout
from fcn_hw.boards import board_names
from fcn_hw.design_yaml import find_design
from fcn_hw.errors import ConfigError
from fcn_hw.flow.export import OUTPUTS
from fcn_hw.flow.stage import SUFFIX, file_digest, known_files
from fcn_hw.flow.workspace import HLS4ML_SUFFIX, UNTRAINED_SUFFIX
from fcn_hw.harness import bounded
from fcn_hw.harness.csim import RUN_FOLDER, SIGN_OFF_FOLDER
from fcn_hw.locks import locked
from fcn_hw.tools.runner import LOG_FOLDER
from fcn_hw.train.result import EPOCHS, PICTURES, TENSORBOARD

_HIDDEN = (SUFFIX, ".sources.json", ".lock", ".part")
"""Ends of names with a dot in front: records, locks, and what a killed run was writing."""

_NAMED = frozenset({"report/report.html", "report/csim.json", "agreement.json", EPOCHS, *OUTPUTS})
"""Files that nobody else writes, recorded or not."""

RTL_FOLDER = "rtl"
"""What fcn_hw's compiler fills."""

_STUDIES = ("checkpoints", PICTURES, TENSORBOARD, "levels", "sensitivity", "sparsity")
_STUDY_FILES = frozenset(
    ".npz .h5 .json .jsonl .svg .png .log .yaml .db .sqlite3 .trace .journal .v2".split()
)
"""Kinds of files that trainings and studies leave in folders of their own."""


@dataclass(frozen=True)
class Generated:
    """A folder that stages filled.

    Args:
        folder: of a graph, a project, evaluations, models or a search.
        files: ours.
        kept: what is not; of a folder without a file of ours its path alone.
        bytes: of the files that are ours.
    """

    folder: Path
    files: tuple[Path, ...]
    kept: tuple[Path, ...]
    bytes: int


def find_generated(
    root: Path, design: str | None, *, models: bool, every: bool = False
) -> tuple[Generated, ...]:
    """What :func:`remove` would remove; nothing is touched.

    Args:
        design: its name or the path of its design.yaml.
        models: trained models and searches too.
        every: all designs below ``root/hls_projects``, in place of one.

    Raises:
        ConfigError: neither a design is given nor ``every``, or both are.
    """
    if (design is None) != every:
        raise ConfigError(
            "clean needs a design, or --all for every design"
            if design is None
            else "both a design and --all are given",
            hint="give one of them",
        )
    if design is not None:
        folders = [find_design(design, root).parent]
    else:
        folders = [path.parent for path in sorted((root / "hls_projects").glob("*/design.yaml"))]
    return tuple(
        _look(folder / name)
        for folder in folders
        for name in _generated_folders(folder, models)
        if (folder / name).is_dir()
    )


def remove(found: Generated) -> None:
    """Removes the files that are ours, and the folders that are empty then.

    Raises:
        Busy: a run is at work there; nothing was removed.
    """
    with locked(found.folder, "fcn-hw clean"):
        for path in found.files:
            path.unlink(missing_ok=True)
        for folder, _, _ in os.walk(found.folder, topdown=False):
            path = Path(folder)
            # a link to a folder elsewhere is the user's: emptied, not removed
            if not path.is_symlink() and not any(path.iterdir()):
                path.rmdir()


def _generated_folders(folder: Path, models: bool) -> Iterator[str]:
    """Names of folders below a design's."""
    projects: set[str] = set()
    for suffix in ("", UNTRAINED_SUFFIX):
        yield f"graph{suffix}"
        for board in board_names():
            projects |= {f"{board}{suffix}", f"{board}{HLS4ML_SUFFIX}{suffix}"}
    for stage in ("fifo", "hls"):  # of boards whose files are elsewhere
        projects |= {path.parent.name for path in folder.glob(f"*/.{stage}{SUFFIX}")}
    yield from sorted(projects)
    yield "evaluation"
    if models:
        yield from ("model", "search")


def _look(folder: Path) -> Generated:
    recorded = {
        (record.parent / name).resolve(): digests
        for record in folder.rglob(f".*{SUFFIX}")
        for name, digests in known_files(record).items()
    }
    filled = _filled_folders(folder)
    files: list[Path] = []
    kept: list[Path] = []
    for path in _walk(folder):
        place = path.relative_to(folder)
        ours = (
            (path.name.startswith(".") and path.name.endswith(_HIDDEN))
            or place.as_posix() in _NAMED
            or any(place.is_relative_to(inner) for inner in filled)
            or _is_of_a_study(folder, place)
        )
        if not ours and path.resolve() in recorded:
            ours = file_digest(path) in recorded[path.resolve()]
        (files if ours else kept).append(path)
    shared = {parent for path in files for parent in path.parents} | {folder}
    left = {_outermost(path, shared) for path in kept}
    total = sum(path.lstat().st_size for path in files)
    return Generated(folder, tuple(files), tuple(sorted(left)), total)


def _walk(folder: Path) -> Iterator[Path]:
    """The files below a folder, sorted, and links to folders, which are not followed."""
    for place, folders, names in os.walk(folder):
        folders.sort()
        links = [name for name in folders if (Path(place) / name).is_symlink()]
        yield from (Path(place) / name for name in sorted([*names, *links]))


def _filled_folders(folder: Path) -> tuple[str, ...]:
    """Folders below a project's that programs filled: only where a run of ours left its record."""

    def ran(*stages: str) -> bool:
        return any((folder / f".{stage}{SUFFIX}").is_file() for stage in stages)

    tools = [(LOG_FOLDER, ran("hls", "fifo", "lint"))]
    for run in (RUN_FOLDER, SIGN_OFF_FOLDER, bounded.RUN_FOLDER):
        tools.append((run, (folder / run / f".build{SUFFIX}").is_file()))
    tools.append((RTL_FOLDER, (folder / RTL_FOLDER / "processes").is_dir()))
    tools.append((COSIM_FOLDER, ran("bench", "cosim")))
    tools.append((VIVADO_FOLDER, ran("impl", "bitstream")))
    tools.append((BITSTREAM_FOLDER, ran("bitstream")))
    project = Path(hls_layout(folder.parent.name).csynth_xml).parts[0]
    tools.append((project, ran("csynth", "export", "cosim")))
    return tuple(name for name, is_ours in tools if is_ours)


def _is_of_a_study(folder: Path, place: Path) -> bool:
    inside = folder.name == "search" or (folder.name == "model" and place.parts[0] in _STUDIES)
    return inside and place.suffix in _STUDY_FILES


def _outermost(path: Path, shared: set[Path]) -> Path:
    """The largest folder around a file that holds none of ours, else the file.

    Args:
        shared: folders that hold one.
    """
    for parent in path.parents:
        if parent in shared:
            break
        path = parent
    return path
