"""Files of a run: atomic, and checkpoints that are valid for their settings only."""

from __future__ import annotations

import errno
import stat
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fcn_hw.train.store import Checkpoint, CheckpointFile, replacing


def test_a_damaged_checkpoint_counts_as_none(tmp_path: Path) -> None:
    """Cut off or flipped anywhere: None, or what was saved where the bit does not matter."""
    file, rng = CheckpointFile(tmp_path / "c.npz", "d"), np.random.default_rng(1)
    values = rng.normal(size=(20, 3)).astype(np.float32)
    file.save(Checkpoint({"epoch": 3}, {"weights": [values]}))
    raw, absent = file.path.read_bytes(), 0
    for case in range(300):
        damaged = bytearray(raw[: rng.integers(0, len(raw))] if case % 3 == 0 else raw)
        if case % 3:
            damaged[rng.integers(0, len(raw))] ^= 1 << rng.integers(0, 8)
        file.path.write_bytes(damaged)
        found = file.load()
        if found is None:
            absent += 1
        else:
            assert found.facts == {"epoch": 3}
            assert np.array_equal(found.arrays["weights"][0], values)
    assert absent > 200


def test_checkpoint_returns_as_it_was(tmp_path: Path) -> None:
    file = CheckpointFile(tmp_path / "deep" / "c.npz", "abc")
    arrays = {"weights": [np.eye(3, dtype=np.float32), np.int64(7)], "best": []}
    file.save(Checkpoint({"epoch": 3, "history": [{"loss": 0.5}]}, arrays))
    loaded = file.load()
    assert loaded is not None
    assert loaded.facts == {"epoch": 3, "history": [{"loss": 0.5}]}
    np.testing.assert_array_equal(loaded.arrays["weights"][0], np.eye(3))
    assert loaded.arrays["weights"][1] == 7 and loaded.arrays["best"] == []


def test_checkpoint_of_other_settings_counts_as_absent(tmp_path: Path) -> None:
    CheckpointFile(tmp_path / "c.npz", "abc").save(Checkpoint({}, {}))
    assert CheckpointFile(tmp_path / "c.npz", "abd").load() is None
    assert CheckpointFile(tmp_path / "c.npz", "abc").load() is not None


def test_discarding_takes_what_killed_writers_left_and_nothing_else(tmp_path: Path) -> None:
    name, killed = "x" * 251, []  # contexts that are never left
    for own, others in (("c", ["cc", "d"]), (name, [name[1:] + "y"])):
        folder = tmp_path / own[:3]
        files = [CheckpointFile(folder / f"{stem}.npz", "d") for stem in (own, *others)]
        for file in files:
            file.save(Checkpoint({}, {}))
            killed.append(replacing(file.path))
            killed[-1].__enter__().write_bytes(b"half")
        files[0].discard()
        left = sorted(path.name for path in folder.iterdir())
        assert len(left) == 2 * len(others)
        assert all(file.load() is not None for file in files[1:])
        files[0].discard()  # nothing is there: no error


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut short", b"nothing"])
def test_a_broken_checkpoint_counts_as_absent(tmp_path: Path, content: Any) -> None:
    path = tmp_path / "c.npz"
    path.write_bytes(content)
    assert CheckpointFile(path, "abc").load() is None


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("whole")
    with pytest.raises(KeyboardInterrupt), replacing(path) as temporary:
        temporary.write_text("half")
        raise KeyboardInterrupt
    assert path.read_text() == "whole"
    assert list(tmp_path.iterdir()) == [path]


def test_files_are_readable_by_others(tmp_path: Path) -> None:
    with replacing(tmp_path / "a.json") as temporary:
        temporary.write_text("1")
    (tmp_path / "plain").touch()
    modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert len(modes) == 1


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(errno.ENOSPC, "32 requested and 0 written"), "No space left on device"),
        (OSError("File write failed"), "the disk may be full: File write failed"),
        (OSError(errno.EACCES, "Permission denied", "other"), "Permission denied: 'other'"),
    ],
)
def test_an_error_of_writing_names_the_file(tmp_path: Path, error: OSError, told: str) -> None:
    """NumPy tells no file, HDF5 neither a file nor a number."""
    path = tmp_path / "a.npz"
    path.write_bytes(b"old")
    with pytest.raises(OSError) as caught, replacing(path):
        raise error
    assert told in str(caught.value)
    assert caught.value.errno is not None
    assert caught.value.filename == (error.filename or str(path))
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
