"""Frames of videos, which ffmpeg decodes: as PPM files through a pipe, so none lies on disk."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from fcn_hw.errors import DataError, ToolFailed
from fcn_hw.tools.runner import output_of

VIDEO_SUFFIXES = frozenset(
    {".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv", ".ts"}
)

_HEADER = re.compile(rb"P6\n([0-9]{1,5}) ([0-9]{1,5})\n255\n")
_HEADER_LINES = 3
_LONGEST_LINE = 16


def video_frames(path: Path) -> Iterator[Image.Image]:
    """The frames of a video in turn, RGB, as ``ffmpeg -i VIDEO FOLDER/%05d.png`` makes them.

    Raises:
        ToolNotFound: there is no ffmpeg.
        DataError: ffmpeg can't decode the file, or finds no frames in it.
    """
    # "file:" makes no name an option or an address; what a playlist names is not opened
    source = f"file:{path.absolute()}"
    words = (
        "ffmpeg", "-nostdin", "-v", "error", "-protocol_whitelist", "file", "-i", source,
        "-map", "0:v:0", "-f", "image2pipe", "-c:v", "ppm", "-pix_fmt", "rgb24", "pipe:1",
    )  # fmt: skip
    count = 0
    try:
        with output_of(words) as stream:
            while header := b"".join(stream.readline(_LONGEST_LINE) for _ in range(_HEADER_LINES)):
                found = _HEADER.fullmatch(header)
                size = (int(found[1]), int(found[2])) if found else (0, 0)
                pixels = stream.read(size[0] * size[1] * 3)
                if not found or len(pixels) < size[0] * size[1] * 3:
                    raise DataError(f"{path}: ffmpeg ends in the middle of frame {count}")
                yield Image.frombytes("RGB", size, pixels)
                count += 1
    except ToolFailed as error:
        reason = (error.tail or error.reason).splitlines()[-1].removeprefix(f"{source}: ")
        raise DataError(f"{path}: ffmpeg can't decode the video: {reason}") from error
    if not count:
        raise DataError(f"{path}: ffmpeg finds no frames in it")
