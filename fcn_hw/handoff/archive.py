"""Bundles as bytes: one canonical ``.tar.gz`` for the same files, and nothing else is read.

Writing: a ustar archive of regular files below one folder, names sorted, owner 0, mode 644, no
times. It is compressed by gzip (RFC 1952) without a time stamp; the header's comment holds the
SHA-256 of the compressed data, so that a changed byte is found also where decompression would not
notice, in the padding behind the last bit. Any ``tar xzf`` reads it.

Reading: the input is not trusted. Sizes are limited before memory is taken; after decompression
each header must be exactly the one that writing makes for that name and size. So there are no
links, no devices, no absolute or climbing paths, no duplicates and no hidden bytes. Nothing is
written.
"""

from __future__ import annotations

import hashlib
import re
import struct
import tarfile
import zlib
from collections.abc import Mapping
from pathlib import Path

from fcn_hw.errors import BundleError, ConfigError

MAX_COMPRESSED_BYTES = 256 << 20
MAX_BYTES = 1 << 30
MAX_FILES = 10_000
MAX_RATIO = 500
RATIO_COUNTS_FROM = 16 << 20
"""A small archive may compress as well as it likes."""

_BLOCK = 512
_END = 2  # blocks of zeros
_COMPRESSION = 9
_CHUNK = 1 << 20
_NAME = re.compile(r"[A-Za-z0-9_.+-]+(?:/[A-Za-z0-9_.+-]+)*")
# magic, deflate, comment present, no time, best compression, unknown system
_GZIP_START = bytes((0x1F, 0x8B, 8, 0x10, 0, 0, 0, 0, 2, 255))
_COMMENT = b"sha256 of the deflate data: "
_KINDS = {
    b"1": "a hard link",
    b"2": "a symbolic link",
    b"3": "a character device",
    b"4": "a block device",
    b"5": "a folder",
    b"6": "a named pipe",
}


def pack(folder: str, files: Mapping[str, bytes]) -> bytes:
    """The archive of files below one folder; the same files give the same bytes."""
    plain = _tar({f"{folder}/{name}": data for name, data in files.items()})
    compressor = zlib.compressobj(_COMPRESSION, zlib.DEFLATED, -zlib.MAX_WBITS)
    body = compressor.compress(plain) + compressor.flush()
    return gzip_header(body) + body + gzip_trailer(plain)


def read(path: Path) -> tuple[str, dict[str, bytes]]:
    """The folder's name and the files of an archive.

    Raises:
        ConfigError: there is no such file.
        BundleError: it is not exactly what :func:`pack` makes; says where it differs.
    """
    return unpack(read_raw(path))


def read_raw(path: Path) -> bytes:
    """The bytes of an archive.

    Raises:
        ConfigError: there is no such file.
        BundleError: it is too large.
    """
    if not path.is_file():
        raise ConfigError(
            f"there is no bundle '{path}'", hint="Give the .tar.gz of fcn-hw handoff."
        )
    size = path.stat().st_size
    if size > MAX_COMPRESSED_BYTES:
        raise BundleError(
            f"'{path}' is too large: {size:,} bytes, the limit is {MAX_COMPRESSED_BYTES:,}"
        )
    return path.read_bytes()


def unpack(raw: bytes) -> tuple[str, dict[str, bytes]]:
    """As :func:`read`, of the archive's bytes."""
    files = _untar(_decompressed(raw))
    folders = {name.split("/", 1)[0] for name in files}
    if len(folders) != 1 or any("/" not in name for name in files):
        raise BundleError("the archive must hold one folder, with all files below it")
    (folder,) = folders
    return folder, {name.split("/", 1)[1]: data for name, data in files.items()}


def check_name(name: str) -> None:
    """Refuses a path that could lead out of a folder, or that some system can't have.

    Raises:
        BundleError: with the name and the reason.
    """
    if name.startswith("/"):
        raise BundleError(f"'{name}' is an absolute path")
    if ".." in name.split("/"):
        raise BundleError(f"'{name}' leads out of the bundle")
    if not _NAME.fullmatch(name) or "." in name.split("/"):
        raise BundleError(f"{name!r} is no plain relative path of letters, digits and '_.+-'")


# -- inside ----------------------------------------------------------------------------------------


def _tar(files: Mapping[str, bytes]) -> bytes:
    parts = []
    for name in sorted(files):
        check_name(name)
        parts += [_header(name, len(files[name])), files[name], _padding(len(files[name]))]
    return b"".join(parts) + bytes(_END * _BLOCK)


def _header(name: str, size: int) -> bytes:
    entry = tarfile.TarInfo(name)
    entry.size = size  # TarInfo's defaults: a regular file, mode 644, owner 0, time 0
    return entry.tobuf(tarfile.USTAR_FORMAT)


def _padding(size: int) -> bytes:
    return bytes(-size % _BLOCK)


def _untar(plain: bytes) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    at, last = 0, ""
    while plain[at : at + _BLOCK].strip(b"\0"):
        header = plain[at : at + _BLOCK]
        name, size = _parse(header)
        if name in files:
            raise BundleError(f"'{name}' occurs twice")
        if name < last:
            raise BundleError(f"'{name}' stands behind '{last}': names must be sorted")
        above = [name[: match.start()] for match in re.finditer("/", name)]
        if not files.keys().isdisjoint(above):
            raise BundleError(f"'{name}' lies below a file")
        if len(files) == MAX_FILES:
            raise BundleError(f"the archive holds more than {MAX_FILES:,} files")
        if header != _header(name, size):
            raise BundleError(f"the entry of '{name}' holds more than a name and a size")
        start, end = at + _BLOCK, at + _BLOCK + size
        if end > len(plain) or plain[end : end + (-size % _BLOCK)] != _padding(size):
            raise BundleError(f"'{name}' is cut off, or bytes are hidden behind it")
        files[name] = plain[start:end]
        at, last = end + (-size % _BLOCK), name
    if plain[at:] != bytes(_END * _BLOCK):
        raise BundleError("the archive does not end where its last file does")
    if not files:
        raise BundleError("the archive holds no file")
    return files


def _parse(header: bytes) -> tuple[str, int]:
    """Name and size of an entry; whether the rest is right is for the caller."""
    prefix, base = header[345:500].rstrip(b"\0"), header[:100].rstrip(b"\0")
    name = (prefix + b"/" + base if prefix else base).decode("ascii", "backslashreplace")
    kind = header[156:157]
    if kind in _KINDS:
        raise BundleError(f"'{name}' is {_KINDS[kind]}: a bundle holds regular files only")
    if kind != b"0":
        raise BundleError(
            f"'{name}' is an entry of kind {kind!r}: a bundle holds regular files only"
        )
    check_name(name)
    digits = header[124:135]
    if not re.fullmatch(rb"[0-7]{11}", digits):
        raise BundleError(f"the size of '{name}' is no number")
    return name, int(digits, 8)


def gzip_header(body: bytes) -> bytes:
    """What stands before the compressed bytes: RFC 1952's fields, and their SHA-256 as comment."""
    return _GZIP_START + _COMMENT + hashlib.sha256(body).hexdigest().encode() + b"\0"


def gzip_trailer(plain: bytes) -> bytes:
    """What stands behind the compressed bytes: checksum and length of the plain ones (RFC 1952)."""
    return struct.pack("<II", zlib.crc32(plain), len(plain) & 0xFFFFFFFF)


def _decompressed(raw: bytes) -> bytes:
    length = len(gzip_header(b""))
    if raw[: len(_GZIP_START)] != _GZIP_START or len(raw) < length + 8:
        raise BundleError(
            "this is no bundle of fcn_hw: another kind of file, or its start is damaged"
        )
    body, trailer = raw[length:-8], raw[-8:]
    if raw[:length] != gzip_header(body):
        raise BundleError("the archive is damaged: its compressed data has another checksum")
    decompressor = zlib.decompressobj(-zlib.MAX_WBITS)
    parts, size = [], 0
    pending = body
    try:
        while not decompressor.eof:
            part = decompressor.decompress(pending, _CHUNK)
            pending = decompressor.unconsumed_tail
            if not part and not pending and not decompressor.eof:
                raise BundleError("the archive is cut off")
            parts.append(part)
            size += len(part)
            if size > MAX_BYTES:
                raise BundleError(f"the archive grows beyond {MAX_BYTES:,} bytes")
            if size > RATIO_COUNTS_FROM and size > MAX_RATIO * len(raw):
                raise BundleError(f"the archive grows more than {MAX_RATIO} times: a bomb")
    except zlib.error as error:
        raise BundleError(f"the archive is damaged: {error}") from error
    plain = b"".join(parts)
    if decompressor.unused_data or trailer != gzip_trailer(plain):
        raise BundleError("the archive is damaged: length or CRC differs, or bytes follow its end")
    return plain
