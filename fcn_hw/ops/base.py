"""What an op is: typed, immutable, and able to answer every question that is asked of it.

Shapes are (height, width, channels); the N of NHWC is the frame count and no part of a graph.
An op has one output, a tensor of the op's own name. Its output format is the op's last
conversion: an op computes its exact result (in ``accum`` where it has one) and converts that to
``output.format`` by that format's rounding and overflow modes.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeVar

import numpy as np

from fcn_hw.costs.arithmetic import comparison, counters
from fcn_hw.costs.family import Family
from fcn_hw.costs.resources import OpCost, Resources
from fcn_hw.firing import Loop
from fcn_hw.fixed import Codes, FixedFormat, Whole
from fcn_hw.intervals import Interval
from fcn_hw.resources import data_folder

Shape = tuple[int, int, int]
"""(height, width, channels)"""
Pair = tuple[int, int]
"""(vertical, horizontal)"""


@dataclass(frozen=True)
class Tensor:
    """A stream of pixels.

    Args:
        name: name of the op that writes it.
        shape: (height, width, channels).
        format: format of every element.
    """

    name: str
    shape: Shape
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
    def pixels(self) -> int:
        """Pixels of one frame."""
        return self.height * self.width

    @property
    def size(self) -> int:
        """Elements of one frame."""
        return self.pixels * self.channels

    @property
    def pixel_bits(self) -> int:
        """Bits of a pixel: the width of a stream."""
        return self.channels * self.format.width


Operands = tuple[Tensor, ...]
"""The tensors that an op reads, in the order of its inputs."""


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

    def rules(self, label: str, shape: tuple[int, ...]) -> list[str]:
        """Whether it has the shape, and codes of its format."""
        if self.codes.shape != shape:
            return [f"{label} shape {self.codes.shape} is not {shape}"]
        low, high = int(self.codes.min()), int(self.codes.max())
        if low < self.format.min_code or high > self.format.max_code:
            return [f"{label} codes {low} to {high} leave {self.format}"]
        return []

    def repeated(self, channels: int) -> Constant:
        """For other channels, the first axis: those that are there, over again."""
        return Constant(self.codes[np.arange(channels) % len(self.codes)], self.format)


@dataclass(frozen=True)
class Padding:
    """Rows and columns around a frame; they hold code 0 (convolution) or nothing (pooling)."""

    top: int = 0
    bottom: int = 0
    left: int = 0
    right: int = 0

    @classmethod
    def same(cls, size: Pair, kernel: Pair, strides: Pair, dilation: Pair = (1, 1)) -> Padding:
        """TensorFlow's ``same``: ``ceil(size/stride)`` outputs, the odd row or column at the end.

        Args:
            size: (height, width) of the frame.
        """

        def axis(length: int, taps: int, stride: int, rate: int) -> Pair:
            reach = (taps - 1) * rate + 1
            total = max((-(-length // stride) - 1) * stride + reach - length, 0)
            return total // 2, total - total // 2

        top, bottom = axis(size[0], kernel[0], strides[0], dilation[0])
        left, right = axis(size[1], kernel[1], strides[1], dilation[1])
        return cls(top, bottom, left, right)

    def rules(self) -> list[str]:
        """Whether nothing of it is negative."""
        negative = min(self.top, self.bottom, self.left, self.right) < 0
        return [f"{self} is negative"] if negative else []


@dataclass(frozen=True, order=True)
class Fold:
    """How many multipliers, or rows of comparators, an op has, and what they are made of.

    Which folds an op can have is told by :meth:`Folded.legal_folds`.

    Args:
        pe: filters or channels computed in parallel; divides the channels out.
        simd: channels of the input that a filter multiplies in parallel; divides the channels in,
            and is 1 where an output reads one channel only.
        taps: kernel positions that a filter multiplies in parallel: a divisor of a kernel row, or
            whole rows whose number divides those of the kernel.
        lanes: products that a DSP slice makes at a time; 0 leaves products to the tool, which
            makes narrow ones of LUTs.
        lut_pe: filters of the ``pe`` whose products are made of LUTs although those of the others
            share DSP slices; a multiple of ``lanes`` below ``pe``.
    """

    pe: int
    simd: int
    taps: int = 1
    lanes: int = 0
    lut_pe: int = 0

    def __str__(self) -> str:
        """``8 x 12``: PE and SIMD, then the taps where they are several, then the lanes."""
        factors = [self.pe, self.simd, *([self.taps] if self.taps > 1 else [])]
        lanes = f", {self.lanes} a DSP" if self.lanes else ""
        in_luts = f", {self.lut_pe} in LUTs" if self.lut_pe else ""
        return " x ".join(str(factor) for factor in factors) + lanes + in_luts

    @property
    def multipliers(self) -> int:
        return self.pe * self.simd * self.taps

    @property
    def lut_columns(self) -> int:
        """Groups of ``lanes`` filters whose products are made of LUTs."""
        return self.lut_pe // self.lanes if self.lanes else 0


@dataclass(frozen=True)
class Rom:
    """An array of constants that a header takes as an argument, in the header's order.

    Args:
        name: its C++ name is ``<op>_<name>``.
        label: what it holds, for its comment.
        format: of the codes, for its comment.
        axes: what its indices are, for its comment.
        bits: of an element, which is signed.
        codes: of one to three axes.
        ports: ``rom_1p``, or ``rom_np`` where several words are read in a cycle.
        storage: where it is, by UG1399's name (``bram``, ``lutram``); ``""`` leaves it to the tool.
        split: whether each word of the second axis is a memory of its own.
    """

    name: str
    label: str
    format: str
    axes: str
    bits: int
    codes: Codes
    ports: str = "rom_1p"
    storage: str = ""
    split: bool = False


ANY_FORMAT = FixedFormat(signed=True, width=1, integer=1)
"""Stands where a format is still to be derived."""

ChannelRule = Literal["kept", "free", "derived", "given"]
"""How the channels out of an op follow from its channels in.

``kept``: they are as many as each input has. ``free``: they are the op's own choice. ``derived``:
they follow from the inputs', which may be changed. ``given``: neither can be changed.
"""

OpT = TypeVar("OpT", bound="Op")


@dataclass(frozen=True)
class Op(ABC):
    """Base of all ops: a frozen dataclass whose docstring is its specification.

    A subclass that leaves a question open can't be made. Where its C++ header and the template of
    its config struct are is told by :attr:`folder`. Methods that take ``operands`` get the tensors
    that the op reads; ``fold`` is that of a :class:`Folded` op, else None.

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

    folder: ClassVar[Path | None] = None
    """Of ``<op>.h`` and ``<op>.h.j2``, the op's name in snake case; None: the ops of fcn_hw, whose
    files are in ``templates/include/fcn_hw`` and ``templates/config``."""
    arity: ClassVar[Pair] = (1, 1)
    """The fewest and the most inputs."""
    derived: ClassVar[tuple[str, ...]] = ("accum",)
    """Fields, where it has them, that follow from others and from the operands."""
    stands_for_floats: ClassVar[bool] = False
    """Whether it stands for float arithmetic that its own arithmetic differs from."""

    # -- what it is --------------------------------------------------------------------------------

    @property
    def kind(self) -> str:
        """The class name, for people."""
        return type(self).__name__

    @classmethod
    def snake_name(cls) -> str:
        """``conv_transpose2d`` for ``ConvTranspose2D``."""
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", cls.__name__).lower()

    @classmethod
    def header(cls) -> Path:
        """The C++ header: ``fcn_hw::<op><in_T..., out_T, CONFIG_T>``."""
        folder = cls.folder or data_folder("templates") / "include" / "fcn_hw"
        return folder / f"{cls.snake_name()}.h"

    @classmethod
    def template(cls) -> Path:
        """The template of the config struct, ``CONFIG_T`` of the header."""
        return (cls.folder or data_folder("templates") / "config") / f"{cls.snake_name()}.h.j2"

    @classmethod
    def own_fields(cls) -> tuple[str, ...]:
        """The names of the fields that :class:`Op` has not."""
        return tuple(item.name for item in fields(cls))[len(fields(Op)) :]

    @classmethod
    def draft(
        cls: type[OpT],
        name: str,
        inputs: tuple[str, ...],
        operands: Operands,
        *,
        size: Pair | None = None,
        origin: str = "",
        **own: Any,
    ) -> OpT:
        """An op whose output's format, and accumulator if it has one, are still to be derived.

        Args:
            size: (height, width) of the output, of ops whose output's size is given.
            own: the fields that :class:`Op` has not; :meth:`left_out` may be.
        """
        shape = (*(size or operands[0].shape[:2]), operands[0].channels)
        output = Tensor(name, shape, ANY_FORMAT)
        op = cls(name, inputs, output, origin=origin, **(cls.left_out(own) | own))
        return replace(op, output=replace(output, shape=op.shape(operands)))

    @classmethod
    def left_out(cls, own: Mapping[str, Any]) -> dict[str, Any]:
        """Values of the fields that a draft may leave out.

        Args:
            own: the fields that it has.
        """
        return {"accum": ANY_FORMAT} if "accum" in cls.own_fields() else {}

    @property
    def accumulator(self) -> FixedFormat | None:
        """The format of its exact sum, which is a field ``accum``; None where it has none."""
        return getattr(self, "accum", None)

    # -- what it means -----------------------------------------------------------------------------

    @abstractmethod
    def rules(self, operands: Operands) -> Iterable[str]:
        """Every broken rule of its fields and operands, in words; those on its shape are asked of
        :meth:`shape`, those on ranges of :meth:`range_rules`."""

    @abstractmethod
    def shape(self, operands: Operands) -> Shape:
        """The shape that the output must have. A size of 0 or less is reported by ``verify``."""

    def source_format(self, operands: Operands) -> FixedFormat | None:
        """The format that the output must have, up to its modes; None where others will do."""
        return None

    @property
    @abstractmethod
    def converts(self) -> bool:
        """Whether it ends with a conversion to the output's format, which may be any."""

    @abstractmethod
    def interval(self, operands: Sequence[Interval]) -> Interval:
        """What it computes exactly, before the conversion to the output's format.

        Args:
            operands: what each input can hold.
        """

    def range_rules(self, exact: Interval) -> Iterable[str]:
        """Every broken rule of what it computes, in words.

        Args:
            exact: :meth:`interval` of its operands.
        """
        accum = self.accumulator
        if accum is not None and not exact.within(accum):
            yield (
                f"accumulator {accum} can't hold codes {exact.low} to {exact.high} "
                f"with {exact.fraction} fraction bits"
            )

    @abstractmethod
    def codes(self, codes: Sequence[Whole], operands: Operands) -> Whole:
        """The oracle: integer codes of each input, (N, H, W, C), to those of the output.

        Codes come in any number type that holds them, are not changed, and leave in any.
        """

    @property
    def gives_classes(self) -> bool:
        """Whether it gives the class of each pixel that the scores of its input tell."""
        return False

    def moves_nothing(self, operand: Tensor, held: Interval) -> bool:
        """Whether it does no more than convert its only input to the output's format.

        Args:
            held: what the input can hold.
        """
        return False

    # -- what it does in hardware ------------------------------------------------------------------

    @abstractmethod
    def cycles(self, operands: Operands, fold: Fold | None = None) -> int:
        """Clock cycles of a frame: the iterations of its header's pipelined loops. The start and
        the end of a pipeline add a few cycles a loop, which only synthesis can tell."""

    @abstractmethod
    def loops(self, operands: Operands, fold: Fold | None = None) -> tuple[Loop, ...]:
        """The loops of its header, and in which of their iterations it reads and writes."""

    @abstractmethod
    def latency_cycles(self, operands: Operands, fold: Fold | None = None) -> int:
        """Estimated cycles from a read to the write of the same iteration (``fcn_hw.firing``)."""

    @abstractmethod
    def cost(self, operands: Operands, family: Family, fold: Fold | None, strategy: str) -> OpCost:
        """Estimated resources and storage of its process.

        Args:
            strategy: ``"Resource"``: weights in block RAM; ``"Latency"``: in LUTs.
        """

    lut4s_a_lut: ClassVar[float] = 1.7
    """LUTs of an ECP5 for each one of six inputs, without those of memories and products; fitted
    to yosys by ``python -m benchmarks.estimate_fit --board ulx3s-85f``."""

    def cost_on(
        self, operands: Operands, family: Family, fold: Fold | None, strategy: str
    ) -> OpCost:
        """:meth:`cost` in the look-up tables of the family."""
        found = self.cost(operands, family, fold, strategy)
        if family != "ecp5":
            return found
        return replace(found, resources=found.resources.in_lut4s(self.lut4s_a_lut))

    @abstractmethod
    def energy_pj(self, operands: Operands, fold: Fold | None = None) -> float:
        """Estimated energy of a frame (``fcn_hw.costs.energy``)."""

    @abstractmethod
    def macs(self, operands: Operands) -> int:
        """Multiplications by a weight, each with its addition, for one frame."""

    @property
    def constants(self) -> tuple[Constant | None, Constant | None]:
        """What multiplies or is compared with, and what is added; None where there is none."""
        return None, None

    @property
    def parameters(self) -> int:
        """Weights, biases, scales and thresholds."""
        return 0

    @abstractmethod
    def config(self, operands: Operands, fold: Fold | None = None) -> dict[str, Any]:
        """What the template of its config struct sees, beside ``name`` and ``cycles``."""

    def roms(self, operands: Operands, fold: Fold | None, strategy: str) -> tuple[Rom, ...]:
        """Its constants, in the order of the header's arguments.

        Args:
            strategy: as for :meth:`cost`.
        """
        return ()

    # -- variants and text -------------------------------------------------------------------------

    @property
    @abstractmethod
    def channel_rule(self) -> ChannelRule:
        """See :data:`ChannelRule`."""

    def resized(self: OpT, output: Tensor, operands: Operands) -> OpT:
        """The op for other shapes, for estimates: the values of its constants don't matter."""
        return replace(self, output=output)

    def notes(self) -> dict[str, str]:
        """What the text of a graph shows of it beside its fields."""
        return {}


class Folded(Op):
    """An op whose arithmetic units are shared by several channels of a pixel."""

    follows_reuse_factor: ClassVar[bool] = True
    """Whether a ``ReuseFactor`` that is given for all layers is meant for it: it multiplies."""

    @abstractmethod
    def legal_folds(self) -> tuple[Fold, ...]:
        """Every fold that it can have on any device, with no lanes."""

    def lane_folds(self, operands: Operands, family: Family) -> tuple[Fold, ...]:
        """Those of the legal folds that can also have lanes in DSP slices, with these.

        Args:
            family: of the device whose slices they are.
        """
        return ()

    @abstractmethod
    def fold_steps(self, fold: Fold) -> int:
        """Cycles that its units work on one output pixel."""

    def work(self, operands: Operands, fold: Fold) -> int:
        """What its units do in a frame with a fold, each one at a time."""
        return self.macs(operands)

    def signature(self, operands: Operands) -> Hashable:
        """All that its cost depends on: neither its name nor, here, the values of its constants."""
        values = (getattr(self, name) for name in self.own_fields())
        own = tuple((v.codes.shape, v.format) if isinstance(v, Constant) else v for v in values)
        return self.kind, own, self.output.shape, self.output.format

    def given(self, fold: Fold | None) -> Fold:
        """The fold, which an op of this kind must have."""
        assert fold is not None, f"a {self.kind} is built with a fold"
        return fold


class Moving(Op):
    """Base of ops that move pixels and change none: the input's format stays."""

    @property
    def converts(self) -> bool:
        return False

    def source_format(self, operands: Operands) -> FixedFormat:
        fmt = operands[0].format
        return FixedFormat(fmt.signed, fmt.width, fmt.integer)

    def interval(self, operands: Sequence[Interval]) -> Interval:
        return operands[0]

    def macs(self, operands: Operands) -> int:
        return 0

    @property
    def channel_rule(self) -> ChannelRule:
        return "kept"


def window_count(length: int, before: int, after: int, reach: int, stride: int) -> int:
    """Windows of ``reach`` positions that fit into a padded axis; may be 0 or negative."""
    if stride < 1:
        return 0
    return (length + before + after - reach) // stride + 1


def sizes(source: Tensor, result: Tensor) -> dict[str, int]:
    """Members of a config struct: the sizes of the frames that are read and written."""
    return {
        "in_height": source.height,
        "in_width": source.width,
        "out_height": result.height,
        "out_width": result.width,
    }


def divisors(number: int) -> list[int]:
    return [n for n in range(1, number + 1) if number % n == 0]


PROCESS = Resources(lut=4, ff=1)
"""Handshakes of a dataflow process: what starts a frame, and a valid and a ready of each stream."""


def pixel_process(result: Tensor) -> Resources:
    """A process that writes a pixel where it reads one: handshakes, and a counter of the pixels.

    What it computes goes into the FIFO behind it, without a register.
    """
    return PROCESS + counters(result.pixels)


def framed_process(scanned: Tensor) -> Resources:
    """A process that scans a frame by rows and columns and tells a rectangle from its border."""
    sides = comparison(scanned.height.bit_length()) + comparison(scanned.width.bit_length())
    return PROCESS + counters(scanned.height, scanned.width) + sides * 2
