"""The one form of an archive, and every other one refused by name."""

from __future__ import annotations

import io
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from fcn_hw.errors import BundleError, ConfigError
from fcn_hw.handoff import archive
from fcn_hw.handoff.archive import pack, read, unpack

FILES = {"a.txt": b"hello\n", "b/c.bin": bytes(range(256)) * 3, "empty": b""}


def gzipped(plain: bytes) -> bytes:
    """A tar file in the compression that bundles have, its checksums right."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = compressor.compress(plain) + compressor.flush()
    return archive.gzip_header(body) + body + archive.gzip_trailer(plain)


def tar_of(*entries: tuple[tarfile.TarInfo, bytes], pax: bool = False) -> bytes:
    buffer = io.BytesIO()
    form = tarfile.PAX_FORMAT if pax else tarfile.USTAR_FORMAT
    with tarfile.open(fileobj=buffer, mode="w", format=form) as tar:
        for info, data in entries:
            tar.addfile(info, io.BytesIO(data))
    size = sum(512 + -(-len(data) // 512) * 512 for _, data in entries)
    plain = buffer.getvalue().rstrip(b"\0")  # tarfile fills up to a record of 20 blocks
    return plain.ljust(size, b"\0") + bytes(1024)


def entry(name: str, data: bytes = b"x", **fields: object) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for key, value in fields.items():
        setattr(info, key, value)
    return info, data


def test_round_trip_and_any_tar_reads_it() -> None:
    raw = pack("design-board", FILES)
    assert unpack(raw) == ("design-board", FILES)
    assert pack("design-board", dict(reversed(FILES.items()))) == raw
    with tarfile.open(fileobj=io.BytesIO(raw), mode="r:gz") as tar:
        members = tar.getmembers()
        assert [m.name for m in members] == [f"design-board/{name}" for name in sorted(FILES)]
        assert {(m.mtime, m.uid, m.gid, m.uname, m.mode) for m in members} == {(0, 0, 0, "", 0o644)}
        extracted = tar.extractfile("design-board/b/c.bin")
        assert extracted is not None and extracted.read() == FILES["b/c.bin"]


def test_own_tar_is_the_canonical_one() -> None:
    """The helper of these tests makes bundles where nothing is wrong."""
    raw = gzipped(tar_of(entry("d/a", b"1"), entry("d/b", b"")))
    assert raw == pack("d", {"a": b"1", "b": b""})


def test_every_changed_byte_is_found() -> None:
    raw = pack("d", FILES)
    for at in range(len(raw)):
        for bit in (1, 128):
            changed = bytearray(raw)
            changed[at] ^= bit
            with pytest.raises(BundleError):
                unpack(bytes(changed))
    for wrong in (raw[:-1], raw + b"\0", raw[1:], raw + raw, b"", raw[: len(raw) // 2]):
        with pytest.raises(BundleError):
            unpack(wrong)


@pytest.mark.parametrize(
    ("plain", "message"),
    [
        (lambda: tar_of(entry("d/../../etc/x")), "'d/../../etc/x' leads out of the bundle"),
        (lambda: tar_of(entry("../x")), "'../x' leads out of the bundle"),
        (lambda: tar_of(entry("/etc/passwd")), "'/etc/passwd' is an absolute path"),
        (lambda: tar_of(entry("d/./x")), "'d/./x' is no plain relative path"),
        (lambda: tar_of(entry("d//x")), "'d//x' is no plain relative path"),
        (lambda: tar_of(entry("d/a b")), "'d/a b' is no plain relative path"),
        (lambda: tar_of(entry("d\\..\\x")), "is no plain relative path"),
        (lambda: tar_of(entry("d/a\nb")), "'d/a\\nb' is no plain relative path"),
        (
            lambda: tar_of(entry("d/l", b"", type=tarfile.SYMTYPE, linkname="/etc/passwd")),
            "'d/l' is a symbolic link",
        ),
        (
            lambda: tar_of(entry("d/l", b"", type=tarfile.LNKTYPE, linkname="d/a")),
            "'d/l' is a hard link",
        ),
        (lambda: tar_of(entry("d/n", b"", type=tarfile.CHRTYPE)), "'d/n' is a character device"),
        (lambda: tar_of(entry("d/n", b"", type=tarfile.BLKTYPE)), "'d/n' is a block device"),
        (lambda: tar_of(entry("d/p", b"", type=tarfile.FIFOTYPE)), "'d/p' is a named pipe"),
        (lambda: tar_of(entry("d/f", b"", type=tarfile.DIRTYPE)), "is a folder"),
        (lambda: tar_of(entry("d/s", b"", type=tarfile.CONTTYPE)), "is an entry of kind b'7'"),
        (lambda: tar_of(entry("d/é"), pax=True), "is an entry of kind b'x'"),
        (lambda: tar_of(entry("d/a"), entry("d/a")), "'d/a' occurs twice"),
        (lambda: tar_of(entry("d/b"), entry("d/a")), "'d/a' stands behind 'd/b'"),
        (lambda: tar_of(entry("d/a"), entry("d/a.b"), entry("d/a/b")), "'d/a/b' lies below a file"),
        (lambda: tar_of(entry("d/a", mode=0o4755)), "holds more than a name and a size"),
        (lambda: tar_of(entry("d/a", uid=7)), "holds more than a name and a size"),
        (lambda: tar_of(entry("d/a", mtime=1)), "holds more than a name and a size"),
        (lambda: tar_of(entry("d/a"), entry("e/a")), "must hold one folder"),
        (lambda: tar_of(entry("a")), "must hold one folder"),
        (lambda: bytes(1024), "holds no file"),
        (lambda: tar_of(entry("d/a")) + bytes(512), "does not end where its last file does"),
        (lambda: tar_of(entry("d/a"))[:-512], "does not end where its last file does"),
        (lambda: tar_of(entry("d/a"))[:700], "'d/a' is cut off, or bytes are hidden behind it"),
    ],
)
def test_what_is_refused(plain: Callable[[], bytes], message: str) -> None:
    with pytest.raises(BundleError) as caught:
        unpack(gzipped(plain()))
    assert message in caught.value.message
    assert caught.value.exit_status == 1


def test_hidden_bytes_behind_a_file() -> None:
    plain = bytearray(tar_of(entry("d/a")))
    plain[600] = 7
    with pytest.raises(BundleError, match="'d/a' is cut off, or bytes are hidden behind it"):
        unpack(gzipped(bytes(plain)))


def test_size_that_is_no_number() -> None:
    plain = bytearray(tar_of(entry("d/a")))
    plain[124:136] = b"\x80" + bytes(10) + b"\x01"  # GNU's binary form
    with pytest.raises(BundleError, match="the size of 'd/a' is no number"):
        unpack(gzipped(bytes(plain)))


def test_bombs(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = pack("d", {"zeros": bytes(40 << 20)})
    assert len(raw) < 60_000
    with pytest.raises(BundleError, match="grows more than 500 times: a bomb"):
        unpack(raw)
    monkeypatch.setattr(archive, "MAX_BYTES", 8 << 20)
    with pytest.raises(BundleError, match="grows beyond 8,388,608 bytes"):
        unpack(raw)
    monkeypatch.setattr(archive, "MAX_FILES", 3)
    assert len(unpack(pack("d", FILES))[1]) == 3
    with pytest.raises(BundleError, match="holds more than 3 files"):
        unpack(pack("d", {**FILES, "one_more": b""}))


def test_wrong_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for missing in (tmp_path / "nothing", tmp_path):
        with pytest.raises(ConfigError) as caught:
            read(missing)
        assert caught.value.message == f"there is no bundle '{missing}'"
        assert caught.value.exit_status == 2
    (tmp_path / "text").write_text("hello " * 100)
    with pytest.raises(BundleError, match="this is no bundle of fcn_hw"):
        read(tmp_path / "text")
    monkeypatch.setattr(archive, "MAX_COMPRESSED_BYTES", 10)
    with pytest.raises(BundleError, match="text' is too large: 600 bytes, the limit is 10"):
        read(tmp_path / "text")


def test_writing_refuses_what_reading_would() -> None:
    with pytest.raises(BundleError, match="leads out of the bundle"):
        pack("d", {"../x": b""})
