"""Depth to space: groups of channels become pixels (sub-pixel convolution)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from fcn_hw.costs.arithmetic import counters, multiplexer_luts
from fcn_hw.costs.energy import MEMORY_PJ_A_BIT
from fcn_hw.costs.family import Family
from fcn_hw.costs.memory import ram
from fcn_hw.costs.resources import OpCost, Resources
from fcn_hw.firing import MEMORY, STREAM
from fcn_hw.fixed import Whole, convert_whole
from fcn_hw.ops.base import ChannelRule, Fold, Moving, Operands, Shape, framed_process
from fcn_hw.ops.upsampling import Upsampling


@dataclass(frozen=True)
class DepthToSpace(Moving, Upsampling):
    """Channels of a pixel become ``scale[0]`` x ``scale[1]`` pixels (``tf.nn.depth_to_space``).

    Of ``C`` channels out and ``P = scale[0] * scale[1]`` pixels for each that is read, pixel
    ``p = row * scale[1] + column`` of these takes for channel ``c`` the input's channel
    ``p * C + c``, or ``c * P + p``.

    Args:
        channel_stride: from a channel out to the next, in channels of the input: 1 (TensorFlow,
            and mode DCR of ONNX), or ``P`` (``torch.nn.PixelShuffle``, mode CRD).
    """

    channel_stride: int = 1

    @property
    def _pixels(self) -> int:
        """Pixels that are made of one."""
        return self.scale[0] * self.scale[1]

    def rules(self, operands: Operands) -> Iterable[str]:
        yield from super().rules(operands)
        channels = operands[0].channels
        if channels % max(self._pixels, 1):
            yield (
                f"{channels} channels can't be shared out to {self.scale[0]}x{self.scale[1]} pixels"
            )
        if self.channel_stride not in (1, self._pixels):
            yield f"channel_stride {self.channel_stride} must be 1 or {self._pixels}"

    def shape(self, operands: Operands) -> Shape:
        height, width, channels = super().shape(operands)
        return height, width, channels // max(self._pixels, 1)

    def codes(self, codes: Sequence[Whole], operands: Operands) -> Whole:
        """(N, H, W, P * C) to (N, H * scale[0], W * scale[1], C)."""
        converted = convert_whole(codes[0], operands[0].format.fraction, self.output.format)
        count, height, width, _ = converted.shape
        if self.channel_stride == 1:
            parts = converted.reshape(count, height, width, *self.scale, -1)
            moved: Whole = parts.transpose(0, 1, 3, 2, 4, 5)
        else:
            parts = converted.reshape(count, height, width, -1, *self.scale)
            moved = parts.transpose(0, 1, 4, 2, 5, 3)
        return moved.reshape(count, *self.output.shape)

    def latency_cycles(self, operands: Operands, fold: Fold | None = None) -> int:
        return STREAM + MEMORY

    def cost(self, operands: Operands, family: Family, fold: Fold | None, strategy: str) -> OpCost:
        (source,), (down, across) = operands, self.scale
        row_bits = across * self.output.pixel_bits
        later = ram(source.width, row_bits, family).resources * (down - 1)
        if down > 1:
            # The pixels of an output row, those just read or from the memory of one of the rows
            # behind them: they are held, and go along while the memory is read, as what was read
            # goes to the memories. The factor 9/2 is fitted to yosys.
            luts = multiplexer_luts(down, row_bits) + source.pixel_bits
            held = Resources(lut=luts, ff=9 * row_bits // 2)
        else:  # all but the first pixel wait
            waiting = row_bits - self.output.pixel_bits
            held = Resources(lut=waiting, ff=waiting)
        choice = Resources(lut=multiplexer_luts(across, self.output.pixel_bits))
        places = framed_process(source) + counters(source.width, down, across)
        return OpCost(
            places + later + held + choice,
            activation_bits=source.width * row_bits * (down - 1),
        )

    def energy_pj(self, operands: Operands, fold: Fold | None = None) -> float:
        """All but the first row of pixels are written to memory and read from it."""
        (source,) = operands
        kept = source.size - source.size // self.scale[0]
        return 2 * kept * source.format.width * MEMORY_PJ_A_BIT

    def config(self, operands: Operands, fold: Fold | None = None) -> dict[str, Any]:
        return super().config(operands) | {"channel_stride": self.channel_stride}

    @property
    def channel_rule(self) -> ChannelRule:
        return "given"
