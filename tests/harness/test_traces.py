"""Files between harness and test bench."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fcn_hw.errors import ReportError
from fcn_hw.fixed import FixedFormat
from fcn_hw.harness.traces import element_dtype, read_trace, write_frames
from fcn_hw.ops import Tensor


@pytest.mark.parametrize(
    ("width", "signed", "name"),
    [(1, False, "u1"), (8, True, "i1"), (9, False, "u2"), (17, True, "i4"), (33, True, "i8")],
)
def test_round_trip_at_the_ends_of_the_range(
    tmp_path: Path, width: int, signed: bool, name: str
) -> None:
    fmt = FixedFormat(signed, width, 3)
    assert element_dtype(fmt) == np.dtype(f"<{name}")
    tensor = Tensor("t", (2, 3, 1), fmt)
    codes = np.array([fmt.min_code, 0, fmt.max_code] * 4).reshape(2, 2, 3, 1)
    write_frames(tmp_path / "t.bin", codes, fmt)
    assert np.array_equal(read_trace(tmp_path / "t.bin", tensor, 2), codes)


def test_wrong_size_is_told(tmp_path: Path) -> None:
    tensor = Tensor("t", (2, 3, 1), FixedFormat(True, 8, 3))
    with pytest.raises(ReportError, match="the trace of 't' holds 0 bytes, must hold 12"):
        read_trace(tmp_path / "t.bin", tensor, 2)
    (tmp_path / "t.bin").write_bytes(bytes(13))
    with pytest.raises(ReportError, match="the trace of 't' holds 13 bytes, must hold 12"):
        read_trace(tmp_path / "t.bin", tensor, 2)
