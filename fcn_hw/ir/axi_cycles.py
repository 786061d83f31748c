"""Clock cycles of a frame in the processes between AXI4-Stream and pixels.

The formulas are those of ``templates/include/fcn_hw/axi_layout.h``: a beat and a pixel a clock at
most, whichever are more.
"""

from __future__ import annotations

from fcn_hw.ops import Tensor


def frame_beats(tensor: Tensor, data_width_bits: int) -> int:
    """Beats of a frame of a tensor, the last one perhaps ragged."""
    return -(-tensor.size * tensor.format.code_bytes // (data_width_bits // 8))


def unpack_cycles(tensor: Tensor, data_width_bits: int) -> int:
    """Cycles of ``axi_unpack`` for a frame whose TLAST is where it should be."""
    return max(tensor.height * tensor.width, frame_beats(tensor, data_width_bits))


def pack_cycles(tensor: Tensor, data_width_bits: int) -> int:
    """Cycles of ``axi_pack`` for a frame.

    One more where the last pixel both completes a beat and leaves bytes for a ragged one.
    """
    beat, pixel = data_width_bits // 8, tensor.channels * tensor.format.code_bytes
    frame = tensor.size * tensor.format.code_bytes
    fills_two = pixel < beat and frame % beat != 0 and frame // beat != (frame - pixel) // beat
    return unpack_cycles(tensor, data_width_bits) + int(fills_two)
