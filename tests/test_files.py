"""Writing files whole, and only on change."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from fcn_hw.files import replace_file


def test_writes_and_makes_folders(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b.txt"
    assert replace_file(path, "gr\u00fc\u00dfe\n")
    assert path.read_bytes() == "gr\u00fc\u00dfe\n".encode()
    assert [item.name for item in path.parent.iterdir()] == ["b.txt"]


def test_an_unchanged_file_keeps_its_time_stamp(tmp_path: Path) -> None:
    path = tmp_path / "a"
    replace_file(path, b"one")
    os.utime(path, (1, 1))
    assert not replace_file(path, "one")
    assert path.stat().st_mtime == 1
    assert replace_file(path, b"two")
    assert path.stat().st_mtime > 1
    assert path.read_bytes() == b"two"


def test_permissions_are_those_of_a_plain_file(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(b"")
    replace_file(tmp_path / "replaced", b"")
    modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert len(modes) == 1


def test_a_failure_leaves_the_old_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    replace_file(path, b"old")

    def fail(self: Path, target: Path) -> None:
        raise OSError(errno.ENOSPC, "disk full")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="disk full") as caught:
        replace_file(path, b"new")
    assert caught.value.filename == str(path)  # write() itself names none
    assert [(item.name, item.read_bytes()) for item in tmp_path.iterdir()] == [("a", b"old")]


def test_a_full_disk_names_the_file(tmp_path: Path) -> None:
    code = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from fcn_hw.files import replace_file\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try: replace_file(Path(sys.argv[1]), b'x' * 5000)\n"
        "except OSError as error: print(error.filename)\n"
    )
    path = tmp_path / "large.bin"
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"{path}\n"
    assert list(tmp_path.iterdir()) == []
