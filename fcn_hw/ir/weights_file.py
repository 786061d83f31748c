"""Arrays of integer codes as the bytes of an ``.npz`` file, and back.

NumPy's format (``numpy.lib.format``, version 1.0) in a zip archive, so ``numpy.load`` reads it. The
same arrays give the same bytes everywhere: names are sorted, nothing is compressed (the bytes would
depend on zlib's version), time stamps are the earliest that zip knows, and the header is written
here. Being uncompressed, an array is never larger than its file: there are no zip bombs.
"""

from __future__ import annotations

import io
import math
import re
import struct
import zipfile
from collections.abc import Mapping

import numpy as np

from fcn_hw.fixed import Codes

_MAGIC = b"\x93NUMPY\x01\x00"
_HEADER = re.compile(
    rb"\{'descr': '[<|]i([1248])', 'fortran_order': False, "
    rb"'shape': \(((?:\d{1,9}, ?)*\d{0,9})\), \} *\n"
)
_EPOCH = (1980, 1, 1, 0, 0, 0)
_MAX_ARRAYS = 20_000
_MAX_DIMENSIONS = 4


class NotWeights(ValueError):
    """The bytes are not what :func:`pack` writes; says why."""


def pack(arrays: Mapping[str, Codes]) -> bytes:
    """The archive: each array in the narrowest signed little-endian type that holds it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, codes in sorted(arrays.items()):
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=_EPOCH)
            entry.external_attr = 0o644 << 16
            entry.create_system = 3  # else it tells on which system the file was made
            archive.writestr(entry, _encode(codes))
    return buffer.getvalue()


def unpack(raw: bytes) -> dict[str, Codes]:
    """The arrays by name, as int64.

    Raises:
        NotWeights: the bytes are malformed, compressed, or hold anything but integer arrays.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            entries = archive.infolist()
            _check(entries, len(raw))
            return {
                entry.filename.removesuffix(".npy"): _decode(entry.filename, archive.read(entry))
                for entry in entries
            }
    except NotWeights:
        raise
    # zipfile meets damage with any of these.
    except (zipfile.BadZipFile, ValueError, RuntimeError, OSError, EOFError, struct.error) as error:
        raise NotWeights(f"not a zip archive: {error}") from error


def _check(entries: list[zipfile.ZipInfo], size: int) -> None:
    if len(entries) > _MAX_ARRAYS:
        raise NotWeights(f"{len(entries)} arrays, {_MAX_ARRAYS} is the limit")
    names = [entry.filename for entry in entries]
    for entry in entries:
        if not entry.filename.endswith(".npy") or names.count(entry.filename) > 1:
            raise NotWeights(f"'{entry.filename}' is no array, or occurs twice")
        if entry.compress_type != zipfile.ZIP_STORED or entry.file_size != entry.compress_size:
            raise NotWeights(f"'{entry.filename}' is compressed")
    if sum(entry.file_size for entry in entries) > size:
        raise NotWeights("its entries overlap")


def _encode(codes: Codes) -> bytes:
    size = _narrowest(codes)
    sizes = ", ".join(str(length) for length in codes.shape) + ("," if codes.ndim == 1 else "")
    kind = "|i1" if size == 1 else f"<i{size}"
    text = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': ({sizes}), }}".encode()
    prefix = len(_MAGIC) + 2
    text = text.ljust(-(-(prefix + len(text) + 1) // 64) * 64 - prefix - 1) + b"\n"
    body = np.ascontiguousarray(codes, dtype=f"<i{size}").tobytes()
    return _MAGIC + struct.pack("<H", len(text)) + text + body


def _decode(name: str, raw: bytes) -> Codes:
    prefix = len(_MAGIC) + 2
    if not raw.startswith(_MAGIC) or len(raw) < prefix:
        raise NotWeights(f"'{name}' is no NumPy array of format 1.0")
    start = prefix + struct.unpack_from("<H", raw, len(_MAGIC))[0]
    match = _HEADER.fullmatch(raw[prefix:start])
    if match is None:
        raise NotWeights(f"'{name}' is no array of signed integers in C order")
    shape = tuple(int(length) for length in match[2].split(b",") if length.strip())
    size = int(match[1])
    if len(shape) > _MAX_DIMENSIONS or min(shape, default=1) < 1:
        raise NotWeights(f"'{name}' has shape {shape}")
    if math.prod(shape) * size != len(raw) - start:
        raise NotWeights(f"'{name}' does not hold as many codes as its shape {shape} says")
    return np.frombuffer(raw, dtype=f"<i{size}", offset=start).reshape(shape).astype(np.int64)


def _narrowest(codes: Codes) -> int:
    """Bytes of the narrowest signed type that holds every code."""
    low, high = (int(codes.min()), int(codes.max())) if codes.size else (0, 0)
    return next(n for n in (1, 2, 4, 8) if -(1 << (8 * n - 1)) <= low and high < 1 << (8 * n - 1))
