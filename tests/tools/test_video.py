"""Videos through ffmpeg, with a fake one on PATH."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fcn_hw.errors import DataError, ToolNotFound
from fcn_hw.tools.runner import output_of
from fcn_hw.tools.video import video_frames

FAKES = Path(__file__).parents[1] / "fake_tools"


@pytest.fixture(autouse=True)
def fake_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{FAKES / 'video'}:{FAKES}{os.pathsep}{os.environ['PATH']}")


def ppm_files(count: int) -> tuple[list[np.ndarray], bytes]:
    """Noise, and PPM files of it one after another."""
    rng, stream = np.random.default_rng(4), io.BytesIO()
    frames = [rng.integers(0, 256, (9, 14, 3), dtype=np.uint8) for _ in range(count)]
    for frame in frames:
        Image.fromarray(frame).save(stream, "PPM")
    return frames, stream.getvalue()


def test_frames_come_one_by_one(tmp_path: Path) -> None:
    frames, data = ppm_files(40)  # more than a pipe holds
    (tmp_path / "-i clip.mp4").write_bytes(data)
    found = list(video_frames(tmp_path / "-i clip.mp4"))
    assert len(found) == 40 and all(picture.mode == "RGB" for picture in found)
    for picture, frame in zip(found, frames, strict=True):
        assert np.array_equal(np.asarray(picture), frame)
    assert np.array_equal(np.asarray(next(video_frames(tmp_path / "-i clip.mp4"))), frames[0])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"no video", "ffmpeg can't decode the video: Invalid data found when processing input"),
        (b"P6none", "ffmpeg finds no frames in it"),
        (ppm_files(2)[1][:-7], "ffmpeg ends in the middle of frame 1"),
        (ppm_files(2)[1] + b"P6\n9 x\n255\n", "ffmpeg ends in the middle of frame 2"),
        (b"P6nonecrash", "ffmpeg ends in the middle of frame 0"),
    ],
)
def test_what_is_no_video(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(data)
    with pytest.raises(DataError) as caught:
        list(video_frames(path))
    assert str(caught.value) == f"{path}: {message}"


def test_without_ffmpeg(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolNotFound) as caught:
        next(video_frames(tmp_path / "clip.mp4"))
    assert str(caught.value) == "'ffmpeg' was not found on PATH"
    assert caught.value.hint == (
        "Install the Debian package ffmpeg. Or set FCN_HW_FFMPEG to its full path."
    )


def test_a_reader_may_leave_early() -> None:
    with output_of(("fake_talks", "100000")) as stream:
        assert stream.readline().startswith(b"line 1 ")
