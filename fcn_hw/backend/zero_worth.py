"""What the zeros among the weights are worth in the hardware that is emitted.

A convolution has ``pe * simd * taps`` multipliers. In each step of an output pixel a word of its
ROM gives every multiplier a weight (``mac_array.h``), so a multiplier sees as many weights as the
ROM has words. A zero is worth something only together with others:

* all weights that one multiplier sees are zero: the multiplier is idle and can be left out, with
  its part of the adder tree and its column of the ROM. With one word each zero is such a column,
  and its product a constant;
* all weights of a step are zero: the step adds nothing and is left out, with its word
  (:mod:`fcn_hw.ops.pixel_steps`); each filter group keeps one, and few of them are not worth it;
* all weights of a tap, a channel in or a channel out are zero: it can be left out, and the rest
  packed more tightly.

Any other zero saves no part and no cycle: its multiplier, its bits and its clock are there for the
weights around it. It moves no bits in the multiplier, which is energy and nothing else.

What is counted here is what can be saved with the same fold. Steps are left out of what is emitted,
and the zeros of a ROM of one word are constants that a synthesis tool drops; cycles and estimates
are without both. The rest is not emitted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from pydantic import computed_field
from pydantic.dataclasses import dataclass

from fcn_hw.boards import Board
from fcn_hw.costs.energy import MULTIPLY_PJ_A_BIT2
from fcn_hw.costs.family import Family
from fcn_hw.costs.mac_unit import products, rom_memory
from fcn_hw.costs.resources import Resources
from fcn_hw.estimate.network import Estimate
from fcn_hw.ir import Graph
from fcn_hw.ir.axi_cycles import pack_cycles
from fcn_hw.ops import Constant, Fold, Tensor
from fcn_hw.ops.convolution import Convolution
from fcn_hw.results import STRICT

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, config=STRICT)
class ZeroWorth:
    """The zeros of a convolution. Every zero is counted once: ``in_multipliers``, ``in_steps`` or
    ``unused``.

    Args:
        name: of the op.
        fold: its multipliers.
        weights, zeros: of its kernel.
        in_multipliers: zeros that only idle multipliers see.
        in_steps: other zeros in steps, taps or channels that are all zero.
        unused: all others: they save nothing but the bits that don't move.
        multipliers, idle: there are, and see zeros only.
        idle_resources: of the idle ones and what they need of the adder trees; a model.
        words, zero_words: of the ROM if no step was left out; one word is wires, and a word is a
            step.
        rom_bits, rom_bits_removable: there are, and in idle columns, zero words or bits of the
            format that no weight left needs.
        code_bits, needed_bits: of a weight, and what its largest code needs.
        bram18, bram18_needed: block RAMs of 18 Kib of the ROM, and of what would be left of it.
        taps, channels_in, channels_out: without one weight that is not zero; such a channel out is
            a constant.
        cycles: of a frame.
        cycles_dense: if no step was left out.
        cycles_packed: if zero taps and channels were left out, and no other step.
        macs, zero_macs: of a frame, and those by a zero.
        quiet: part of the multipliers' clocks in which the weight is zero and was before, so that
            the multiplier moves no bit whatever its input does.
        energy_pj: of a frame, by the model of :mod:`fcn_hw.costs.energy`.
        zero_energy_pj: of it, multiplications by zero: the most that zeros can still save.
    """

    name: str
    fold: Fold
    weights: int
    zeros: int
    in_multipliers: int
    in_steps: int
    multipliers: int
    idle: int
    idle_resources: Resources
    words: int
    zero_words: int
    rom_bits: int
    rom_bits_removable: int
    code_bits: int
    needed_bits: int
    bram18: int
    bram18_needed: int
    taps: int
    channels_in: int
    channels_out: int
    cycles: int
    cycles_dense: int
    cycles_packed: int
    macs: int
    zero_macs: int
    quiet: float
    energy_pj: float
    zero_energy_pj: float

    @computed_field  # type: ignore[prop-decorator]
    @property
    def unused(self) -> int:
        return self.zeros - self.in_multipliers - self.in_steps


SUMMED = (
    "weights", "zeros", "in_multipliers", "in_steps", "unused", "multipliers", "idle", "rom_bits",
    "rom_bits_removable", "bram18", "bram18_needed", "macs", "zero_macs",
)  # fmt: skip
"""Numbers of :class:`ZeroWorth` that add up over a network."""


@dataclass(frozen=True, config=STRICT)
class NetworkWorth:
    """The zeros of all convolutions of a design.

    Args:
        board: at whose folds.
        layers: the convolutions, in the graph's order.
        interval: cycles from frame to frame.
        interval_dense: if no step was left out.
    """

    board: str
    layers: tuple[ZeroWorth, ...]
    interval: int
    interval_dense: int

    @computed_field  # type: ignore[prop-decorator]
    @property
    def total(self) -> dict[str, int]:
        """:data:`SUMMED` over all layers."""
        return {name: sum(getattr(layer, name) for layer in self.layers) for name in SUMMED}


def network_worth(
    graph: Graph,
    board: Board,
    estimate: Estimate,
    kernels: Mapping[str, Constant] | None = None,
) -> NetworkWorth:
    """What the zeros of a design are worth at the folds of its estimate.

    Args:
        kernels: other weights of the same shapes, by op, at the same folds; None: the graph's.
    """
    rows = {row.name: row for row in estimate.layers}
    layers = []
    for op in graph.ops:
        if not isinstance(op, Convolution):
            continue
        row = rows[op.name]
        assert row.fold is not None, "a convolution is estimated with a fold"
        kept = op if kernels is None else replace(op, weight=kernels[op.name])
        (source,) = graph.operands(op)
        layers.append(zero_worth(kept, source, row.fold, row.strategy, board.family))
    packing = max(
        pack_cycles(graph.tensor(name), board.axi_stream_width_bits) for name in graph.outputs
    )

    def interval(cycles: Mapping[str, int]) -> int:
        slowest = max(cycles.get(row.name, row.cycles) for row in estimate.layers)
        return max(slowest, estimate.limit.input_beats, packing)

    return NetworkWorth(
        board=board.name,
        layers=tuple(layers),
        interval=interval({layer.name: layer.cycles for layer in layers}),
        interval_dense=interval({layer.name: layer.cycles_dense for layer in layers}),
    )


def zero_worth(
    op: Convolution, source: Tensor, fold: Fold, strategy: str, family: Family
) -> ZeroWorth:
    """What the zeros of one convolution are worth.

    Args:
        source: the tensor that it reads.
        strategy: where its weights are, ``"Resource"`` or ``"Latency"``.
    """
    rom = _Rom(op, fold)
    idle: Flags = np.all(rom.cells == 0, axis=0)
    empty: Flags = np.all(rom.cells == 0, axis=(1, 2))
    zero = rom.real & (rom.cells == 0)
    in_multipliers = zero & idle
    in_steps = zero & ~idle & (empty[:, None, None] | rom.in_dead_parts)
    unit = op.unit(source, fold, strategy)
    terms = [int(row.sum()) for row in ~idle]
    before = products(unit, [unit.terms] * unit.pe, family)
    words, columns = int(np.sum(~empty)), int(np.sum(~idle))
    held = op.held(source).weight
    code_bits, needed_bits = held.format.signed_width, _needed_bits(held.codes)
    bits_a_mac = held.format.width * source.format.width
    work, steps = op.macs((source,)), op.pixel_steps(fold)
    zero_macs = work * rom.zeros // op.weight.codes.size
    done = np.zeros(len(rom.cells), dtype=bool)
    done[steps.words] = True
    zero_macs_done = work * int(np.sum(zero[done])) / op.weight.codes.size
    return ZeroWorth(
        name=op.name,
        fold=fold,
        weights=op.weight.codes.size,
        zeros=rom.zeros,
        in_multipliers=int(np.sum(in_multipliers)),
        in_steps=int(np.sum(in_steps)),
        multipliers=fold.multipliers,
        idle=int(np.sum(idle)),
        idle_resources=_less(before, products(unit, terms, family)),
        words=len(rom.cells),
        zero_words=int(np.sum(empty)),
        rom_bits=rom.cells.size * code_bits,
        rom_bits_removable=rom.cells.size * code_bits - words * columns * needed_bits,
        code_bits=code_bits,
        needed_bits=needed_bits,
        bram18=_bram18(len(rom.cells), fold.multipliers * code_bits, unit.rom_storage, family),
        bram18_needed=_bram18(words, columns * needed_bits, unit.rom_storage, family),
        taps=int(np.sum(rom.dead_taps)),
        channels_in=int(np.sum(rom.dead_in)),
        channels_out=int(np.sum(rom.dead_out)),
        cycles=op.cycles((source,), fold),
        cycles_dense=op.cycles_of(source, fold, steps.every),
        cycles_packed=op.cycles_of(source, fold, rom.steps_packed()),
        macs=work,
        zero_macs=zero_macs,
        quiet=rom.quiet(),
        energy_pj=op.energy_pj((source,), fold),
        zero_energy_pj=zero_macs_done * MULTIPLY_PJ_A_BIT2 * bits_a_mac,
    )


class _Rom:
    """The words of a ROM, and which weight each cell holds.

    Args:
        op: whose weights they are.
        fold: its multipliers.
    """

    def __init__(self, op: Convolution, fold: Fold) -> None:
        self.fold = fold
        self.cells = op.weight_rom(fold)
        numbers = np.arange(1, op.weight.codes.size + 1).reshape(op.weight.codes.shape)
        numbered = replace(op, weight=Constant(numbers, op.weight.format))
        self.real: Flags = numbered.weight_rom(fold) > 0  # the others pad the phases to one size
        self.zeros = int(np.sum(op.weight.codes == 0))
        win = op.windows
        phases, tap_groups = win.phases[0] * win.phases[1], win.taps[0] * win.taps[1] // fold.taps
        steps = self.cells.reshape(
            phases, -1, tap_groups, op.channel_groups(fold), fold.pe, fold.taps, fold.simd
        )
        self._shape = steps.shape
        alive = steps != 0
        self._dead_taps: Flags = ~alive.any(axis=(0, 1, 3, 4, 6))  # tap group, tap
        self._dead_filters: Flags = ~alive.any(axis=(0, 2, 3, 5, 6))  # filter group, pe
        self._dead_channels: Flags = ~alive.any(axis=(0, 1, 2, 4, 5))  # channel group, simd
        self._own_channels = not op.sums_channels
        self._filters_a_channel = op.weight.codes.shape[3]

    @property
    def dead_taps(self) -> Flags:
        """Of a window, in every phase; flat."""
        return self._dead_taps.ravel()

    @property
    def dead_out(self) -> Flags:
        """Channels out; flat."""
        return self._dead_filters.ravel()

    @property
    def dead_in(self) -> Flags:
        """Channels in; flat."""
        if self._own_channels:
            dead: Flags = np.all(self.dead_out.reshape(-1, self._filters_a_channel), axis=1)
            return dead
        return self._dead_channels.ravel()

    @property
    def in_dead_parts(self) -> Flags:
        """The cells of dead taps and channels."""
        inside = np.zeros(self._shape, dtype=bool)
        inside |= self._dead_taps[None, None, :, None, None, :, None]
        inside |= self._dead_filters[None, :, None, None, :, None, None]
        if not self._own_channels:
            inside |= self._dead_channels[None, None, None, :, None, None, :]
        return inside.reshape(self.cells.shape)

    def steps_packed(self) -> int:
        """Steps of an output pixel without dead taps and channels."""
        taps = -(-int(np.sum(~self._dead_taps)) // self.fold.taps)
        filters = -(-int(np.sum(~self.dead_out)) // self.fold.pe)
        if self._own_channels:
            return max(1, taps * filters)
        channels = -(-int(np.sum(~self.dead_in)) // self.fold.simd)
        return max(1, taps * filters * channels)

    def quiet(self) -> float:
        """Part of the cells that are zero behind a zero; the first step follows the last."""
        steps = self.cells.reshape(self._shape[0], -1, *self.cells.shape[1:]) == 0
        return float(np.mean(steps & np.roll(steps, 1, axis=1)))


def _needed_bits(codes: npt.NDArray[np.int64]) -> int:
    """Of the signed codes of a ROM; one that is all zero has none."""
    if not codes.any():
        return 0
    lowest, highest = int(codes.min()), int(codes.max())
    return 1 + max(highest, -lowest - 1, 0).bit_length()


def _bram18(words: int, bits: int, storage: str, family: Family) -> int:
    return rom_memory(words, bits, storage, family).bram18


def _less(before: Resources, after: Resources) -> Resources:
    before, after = before.in_lut4s(1.0), after.in_lut4s(1.0)  # products are counted in either
    return Resources(
        lut=before.lut - after.lut, ff=before.ff - after.ff, dsp=before.dsp - after.dsp
    )
