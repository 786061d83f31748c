"""The ops of a graph: typed, immutable, one class each.

Shapes are (height, width, channels); the N of NHWC is the frame count and no part of a graph.
An op has one output, a tensor of the op's own name. Its output format is the op's last
conversion: an op computes its exact result (in ``accum`` where it has one) and converts that to
``output.format`` by that format's rounding and overflow modes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Union

import numpy as np

from fcn_hw.fixed import Codes, FixedFormat
from fcn_hw.scaling import Scaling


@dataclass(frozen=True)
class Tensor:
    """A stream of pixels.

    Args:
        name: name of the op that writes it.
        shape: (height, width, channels).
        format: format of every element.
    """

    name: str
    shape: tuple[int, int, int]
    format: FixedFormat

    @property
    def height(self) -> int:
        return self.shape[0]

    @property
    def width(self) -> int:
        return self.shape[1]

    @property
    def channels(self) -> int:
        return self.shape[2]

    @property
    def size(self) -> int:
        """Elements of one frame."""
        return self.height * self.width * self.channels


@dataclass(frozen=True)
class Constant:
    """Integer codes of weights or biases.

    Args:
        codes: int64, read-only.
        format: their format; every code lies in its range (``verify``).
    """

    codes: Codes
    format: FixedFormat

    def __post_init__(self) -> None:
        codes = np.array(self.codes, dtype=np.int64)
        codes.setflags(write=False)
        object.__setattr__(self, "codes", codes)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Constant)
            and self.format == other.format
            and np.array_equal(self.codes, other.codes)
        )

    __hash__ = None  # type: ignore[assignment]


Pair = tuple[int, int]
"""(vertical, horizontal)"""


@dataclass(frozen=True)
class Padding:
    """Rows and columns around a frame; they hold code 0 (convolution) or nothing (pooling)."""

    top: int = 0
    bottom: int = 0
    left: int = 0
    right: int = 0


@dataclass(frozen=True)
class Op:
    """Base of all ops.

    Args:
        name: unique in the graph.
        inputs: names of the ops whose outputs are read.
        output: the tensor that is written; ``output.name == name``.
        origin: the layer of the source model whose output this tensor equals, or ``""``.
    """

    name: str
    inputs: tuple[str, ...]
    output: Tensor
    origin: str = field(default="", kw_only=True)

    @property
    def kind(self) -> str:
        """The class name, for people; code dispatches on the class."""
        return type(self).__name__


@dataclass(frozen=True)
class Input(Op):
    """The frame that comes in.

    Args:
        scaling: what the source model was given for a code; None: ``code * step``. No op computes
            it: the ops that read the codes have it in their constants.
    """

    scaling: Scaling | None = None


@dataclass(frozen=True)
class Conv2D(Op):
    """Convolution: ``y[i,j,o] = b[o] + sum x[i*s+p*d-top, j*s+q*d-left, c] * w[p,q,c,o]``.

    Args:
        weight: codes of shape (kernel height, kernel width, channels in, channels out).
        bias: codes of shape (channels out,), or None.
        accum: format of the sum, its fraction is the finest of product and bias.
        strides, dilation: (vertical, horizontal).
        padding: code 0 around the frame.
    """

    weight: Constant
    accum: FixedFormat
    bias: Constant | None = None
    strides: Pair = (1, 1)
    dilation: Pair = (1, 1)
    padding: Padding = Padding()


@dataclass(frozen=True)
class ConvTranspose2D(Op):
    """Transposed convolution: the gradient of :class:`Conv2D` with respect to its input.

    ``y[i,j,o] = b[o] + sum x[m,n,c] * w[p,q,c,o]`` over all m, n, p, q with
    ``m*s + p - crop_top == i`` and ``n*s + q - crop_left == j``. The output's shape is given; a
    position that no product reaches holds the bias.

    Args:
        weight: codes of shape (kernel height, kernel width, channels in, channels out).
        crop: (top, left): rows and columns of the full result that are cut off before.
    """

    weight: Constant
    accum: FixedFormat
    bias: Constant | None = None
    strides: Pair = (1, 1)
    crop: Pair = (0, 0)


@dataclass(frozen=True)
class DepthwiseConv2D(Op):
    """Convolution channel by channel, ``M`` filters each.

    ``y[i,j,c*M+m] = b[c*M+m] + sum x[i*s+p*d-top, j*s+q*d-left, c] * w[p,q,c,m]`` over p, q.

    Args:
        weight: codes of shape (kernel height, kernel width, channels in, M).
        bias: codes of shape (channels in * M,), or None.
        accum, strides, dilation, padding: as for :class:`Conv2D`.
    """

    weight: Constant
    accum: FixedFormat
    bias: Constant | None = None
    strides: Pair = (1, 1)
    dilation: Pair = (1, 1)
    padding: Padding = Padding()


@dataclass(frozen=True)
class MaxPool2D(Op):
    """Maximum over windows; positions outside the frame take no part."""

    pool: Pair
    strides: Pair
    padding: Padding = Padding()


@dataclass(frozen=True)
class AveragePool2D(Op):
    """``divisor`` times the mean over windows; positions outside the frame take no part.

    A window with n positions inside the frame has the sum of these times ``multiple / n``, an
    integer: ``multiple`` is the least common multiple of all n. It is ``divisor``, an odd number,
    times a power of two, and that power is in the binary point of ``accum``. So the result is
    exact; where every n is a power of two, ``divisor`` is 1 and it is the mean.

    Args:
        accum: format of the weighted sum.
        multiple: see above; :func:`fcn_hw.ir.pooling.window_multiple`.
    """

    pool: Pair
    strides: Pair
    accum: FixedFormat
    multiple: int
    padding: Padding = Padding()

    @property
    def divisor(self) -> int:
        return self.multiple >> self.multiple_bits

    @property
    def multiple_bits(self) -> int:
        """log2 of the power of two in ``multiple``: fraction bits that the sum adds."""
        return (self.multiple & -self.multiple).bit_length() - 1


@dataclass(frozen=True)
class BatchNorm(Op):
    """``y[..., c] = x[..., c] * scale[c] + bias[c]``.

    Args:
        scale, bias: codes of shape (channels,).
        accum: format of product and sum, its fraction is the finer of the two.
    """

    scale: Constant
    bias: Constant
    accum: FixedFormat


@dataclass(frozen=True)
class Threshold(Op):
    """A step function a channel: ``y[..., c] = base[c] + step[c] * n``.

    n is how many of ``thresholds[c]`` are ``<= x[..., c]``. It is what batch normalization and a
    quantizer of few codes come to: M. Blott et al., "FINN-R", ACM TRETS 11(3), 2018.

    Args:
        thresholds: codes of shape (channels, count), ascending, of the input's fraction. One that
            the input can't reach never counts.
        base, step: codes of shape (channels,), of the output's fraction.
    """

    thresholds: Constant
    base: Constant
    step: Constant


@dataclass(frozen=True)
class Lookup(Op):
    """Any function of a value: ``y = table[x]``, all channels alike.

    Args:
        table: output codes of shape (2 ** input width,), from the input's least code upwards.
    """

    table: Constant


@dataclass(frozen=True)
class UpsampleNearest(Op):
    """Each pixel repeated ``scale[0]`` times down and ``scale[1]`` times across."""

    scale: Pair


@dataclass(frozen=True)
class UpsampleBilinear(Op):
    """Bilinear, half-pixel centres, edges repeated (``tf.image.resize``), scale 2, 4 or 8.

    The weights are multiples of ``1/(2*scale)``, so the result is exact with
    ``log2(2*scale)`` more fraction bits an axis (scale 1: none).
    """

    scale: Pair


@dataclass(frozen=True)
class SkipAdd(Op):
    """Sum of two or more inputs of one shape, binary points aligned.

    Args:
        accum: format of the exact sum.
    """

    accum: FixedFormat


@dataclass(frozen=True)
class SkipSubtract(Op):
    """First input minus the second, of one shape, binary points aligned.

    Args:
        accum: format of the exact difference.
    """

    accum: FixedFormat


@dataclass(frozen=True)
class SkipMaximum(Op):
    """The largest of two or more inputs of one shape, binary points aligned.

    Args:
        accum: a format that holds every value of every input exactly.
    """

    accum: FixedFormat


@dataclass(frozen=True)
class SkipConcat(Op):
    """Channels of two or more inputs behind one another; the output format holds each exactly."""


@dataclass(frozen=True)
class Crop2D(Op):
    """A rectangle of the frame.

    Args:
        offset: (top, left); the rectangle's size is the output's.
    """

    offset: Pair


@dataclass(frozen=True)
class ZeroPad2D(Op):
    """Code 0 around the frame."""

    padding: Padding


@dataclass(frozen=True)
class Quantize(Op):
    """Conversion to the output's format."""


@dataclass(frozen=True)
class Relu(Op):
    """``max(x, 0)``, then conversion to the output's format."""


@dataclass(frozen=True)
class ArgMax(Op):
    """Index of the largest channel, the lowest one at a tie; one unsigned byte a pixel."""


OPS: tuple[type[Op], ...] = (
    Input,
    Conv2D,
    ConvTranspose2D,
    DepthwiseConv2D,
    MaxPool2D,
    AveragePool2D,
    UpsampleNearest,
    UpsampleBilinear,
    SkipAdd,
    SkipSubtract,
    SkipMaximum,
    SkipConcat,
    Crop2D,
    ZeroPad2D,
    BatchNorm,
    Threshold,
    Lookup,
    Quantize,
    Relu,
    ArgMax,
)
"""Every op, in the order in which documents list them."""

Convolution = Union[Conv2D, ConvTranspose2D, DepthwiseConv2D]
"""Ops that sum products of windows and weights."""
CONVOLUTIONS = (Conv2D, ConvTranspose2D, DepthwiseConv2D)

ACCUMULATING = (*CONVOLUTIONS, AveragePool2D, BatchNorm, SkipAdd, SkipSubtract, SkipMaximum)
"""Ops with an accumulator, whose format is derived."""

Folded = Union[Conv2D, ConvTranspose2D, DepthwiseConv2D, BatchNorm, Threshold]
"""Ops whose arithmetic units are shared by several channels of a pixel, as many as a fold says."""
FOLDED = (*CONVOLUTIONS, BatchNorm, Threshold)


def output_channels(op: Convolution) -> int:
    """Channels that a convolution's weights make."""
    shape = op.weight.codes.shape
    return int(shape[2] * shape[3] if isinstance(op, DepthwiseConv2D) else shape[3])
