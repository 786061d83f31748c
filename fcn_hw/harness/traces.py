"""The files between the harness and the compiled test bench.

Input frames and traces are raw little-endian integer codes in (frame, row, column, channel) order;
an element takes the narrowest of 1, 2, 4 and 8 bytes that holds its format.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from fcn_hw.errors import ReportError
from fcn_hw.fixed import FixedFormat
from fcn_hw.ops import Tensor


def element_dtype(fmt: FixedFormat) -> np.dtype[np.signedinteger | np.unsignedinteger]:
    """The integer type of a format's codes in a file; the same rule as ``trace.h``."""
    return np.dtype(f"<{'i' if fmt.signed else 'u'}{fmt.code_bytes}")


def write_frames(path: Path, codes: npt.NDArray[np.integer], fmt: FixedFormat) -> None:
    """Writes input frames (N, H, W, C)."""
    codes.astype(element_dtype(fmt), copy=False).tofile(path)


def read_trace(path: Path, tensor: Tensor, frames: int) -> npt.NDArray[np.generic]:
    """Maps the trace of a tensor: (frames, H, W, C), not read until used.

    Raises:
        ReportError: missing, or not the size of ``frames`` frames.
    """
    dtype = element_dtype(tensor.format)
    expected = frames * tensor.size * dtype.itemsize
    actual = path.stat().st_size if path.is_file() else 0
    if actual != expected:
        raise ReportError(
            f"the trace of '{tensor.name}' holds {actual} bytes, must hold {expected}",
            hint="the simulation wrote more or fewer pixels than the graph says",
        )
    return np.memmap(path, dtype=dtype, mode="r", shape=(frames, *tensor.shape))
