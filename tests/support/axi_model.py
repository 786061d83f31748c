"""What the AXI wrapper does, read from its specification: packets in, frames out.

A beat is (bytes, kept, last): the data, which of its bytes have TKEEP, TLAST.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from fcn_hw.fixed import Codes
from fcn_hw.ops import Tensor


@dataclass(frozen=True)
class Beat:
    data: bytes
    keep: tuple[bool, ...]
    last: bool


@dataclass(frozen=True)
class Received:
    """Frames of a stream of beats, and how many had a TLAST too early or too late."""

    frames: tuple[bytes, ...]
    early: int
    late: int


def packet(data: bytes, beat_bytes: int, *, last: bool = True) -> list[Beat]:
    """The beats of a packet, as a DMA sends it; without TLAST where ``last`` is false."""
    beats = []
    for first in range(0, len(data), beat_bytes):
        part = data[first : first + beat_bytes]
        gap = beat_bytes - len(part)
        end = last and first + beat_bytes >= len(data)
        beats.append(Beat(part + bytes(gap), (True,) * len(part) + (False,) * gap, end))
    return beats


def receive(stream: Sequence[Beat], frame_bytes: int, beat_bytes: int) -> Received:
    """Cuts a stream into frames. The stream ends with a TLAST."""
    beats = -(-frame_bytes // beat_bytes)
    frames, early, late, at = [], 0, 0, 0
    while at < len(stream):
        used = _until_last(stream[at : at + beats])
        at += len(used)
        pairs = [pair for beat in used for pair in zip(beat.data, beat.keep, strict=True)]
        kept = [byte if keep else 0 for byte, keep in pairs]
        present = [keep for _, keep in pairs][:frame_bytes]
        frames.append(bytes(kept[:frame_bytes]).ljust(frame_bytes, b"\0"))
        early += len(present) < frame_bytes or not all(present)
        if not used[-1].last:
            late += 1
            at += len(_until_last(stream[at : at + beats]))
    return Received(tuple(frames), early, late)


def _until_last(beats: Iterable[Beat]) -> list[Beat]:
    taken = []
    for beat in beats:
        taken.append(beat)
        if beat.last:
            break
    return taken


def through_the_codes(frame: bytes, tensor: Tensor) -> bytes:
    """The bytes that leave when the codes of a frame pass: bits above the format are the sign's."""
    step, fmt = tensor.format.code_bytes, tensor.format
    words = np.frombuffer(frame, f"<u{step}").astype(np.uint64)
    unused = np.uint64(64 - fmt.width)
    top = words << unused
    codes = (top.astype(np.int64) >> np.int64(unused)) if fmt.signed else (top >> unused)
    return codes.astype(f"<{'i' if fmt.signed else 'u'}{step}").tobytes()


def frame_bytes_of(codes: Codes, tensor: Tensor) -> bytes:
    """The bytes that a DMA moves for the codes of a frame."""
    kind = "i" if tensor.format.signed else "u"
    return codes.astype(f"<{kind}{tensor.format.code_bytes}").tobytes()
