"""What the convolutions share: windows over frames, and the multipliers of ``mac_array.h``."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from fcn_hw.costs.arithmetic import conversion_modes, counters, in_dsp, signed_digits
from fcn_hw.costs.energy import ADD_PJ_A_BIT, MEMORY_PJ_A_BIT, MULTIPLY_PJ_A_BIT2
from fcn_hw.costs.family import Family
from fcn_hw.costs.mac_unit import MacUnit, mac_unit
from fcn_hw.costs.memory import ROM_STORAGE, ram, rom, rom_storage
from fcn_hw.costs.resources import OpCost, Resources
from fcn_hw.firing import CONVERT, MEMORY, MULTIPLY, STREAM, Loop, grid, tree
from fcn_hw.fixed import (
    Codes,
    FixedFormat,
    Whole,
    convert_whole,
    shift_left,
    smallest_format,
    whole_type,
)
from fcn_hw.intervals import Interval, format_interval
from fcn_hw.ops.base import (
    PROCESS,
    ChannelRule,
    Constant,
    Fold,
    Folded,
    Operands,
    Padding,
    Pair,
    Rom,
    Shape,
    Tensor,
    divisors,
    sizes,
    window_count,
)
from fcn_hw.ops.filter_shifts import FilterShifts, filter_shifts
from fcn_hw.ops.lanes import Packing, legal_lanes, packing_of
from fcn_hw.ops.pixel_steps import LEAST_PART, Flags, PixelSteps, done_steps

MOST_MULTIPLIERS = 4096
"""Of a fold of several taps. The registers of the window, the multipliers and their trees are
unrolled, and the run time and memory of a tool grow faster than the copies."""
MIN_SCANNED_COLUMNS = 8
"""``raster_windows.h`` spends at least so many cycles a row, so that an update of a word of the row
buffer can end."""
WALK = Resources(lut=75, ff=45)
"""What ``windows.h`` decides in a step beside its counters: whether a tap lies in the frame, which
step is a pixel's first and last, when a row is read. Stages behind take the decisions along."""


@dataclass(frozen=True)
class Windows:
    """How the windows of a convolution lie: ``WINDOW_T`` of ``windows.h``.

    Pairs are (down, across).

    Args:
        taps: taps of a window.
        spread: distance of taps.
        origin: input position of the first tap of the first window; may be negative.
        move: input pixels that the window moves by every ``phases`` outputs.
        phases: outputs that share a window, each with weights of its own.
        phase: phase of the first output.
    """

    taps: Pair
    spread: Pair
    origin: Pair
    move: Pair
    phases: Pair
    phase: Pair

    @cached_property
    def reach(self) -> Pair:
        """Rows and columns from the first to the last of a window."""
        down, across = (
            (taps - 1) * distance + 1 for taps, distance in zip(self.taps, self.spread, strict=True)
        )
        return down, across

    @property
    def first_end(self) -> Pair:
        """Input position of the last tap of the first window; negative in the padding."""
        return self.origin[0] + self.reach[0] - 1, self.origin[1] + self.reach[1] - 1


@dataclass(frozen=True)
class Convolution(Folded):
    """Base of ops that sum products of windows and weights.

    Args:
        weight: codes of shape (kernel height, kernel width, channels in, ...).
        accum: format of the sum, its fraction is the finest of product and bias.
        bias: codes of shape (channels out,), or None.
        strides: (vertical, horizontal).
    """

    weight: Constant
    accum: FixedFormat
    bias: Constant | None = None
    strides: Pair = (1, 1)
    converts = True

    # -- what its kind says ------------------------------------------------------------------------

    @property
    @abstractmethod
    def windows(self) -> Windows:
        """Where its windows lie."""

    @abstractmethod
    def meeting_weights(self) -> Iterable[Codes]:
        """The weights that can meet in one output, each of shape (..., channels out)."""

    @abstractmethod
    def step_weights(self) -> Iterable[Codes]:
        """The weights of each phase, (tap rows, tap columns, channels that are summed, filters)."""

    @property
    def sums_channels(self) -> bool:
        """Whether a filter reads all channels of the input, and not one."""
        return True

    @property
    def filters(self) -> int:
        """Channels that the weights make."""
        return int(self.weight.codes.shape[3])

    def is_pointwise(self, source: Tensor) -> bool:
        """Whether it needs no line buffer."""
        return False

    # -- what it means -----------------------------------------------------------------------------

    def rules(self, operands: Operands) -> Iterable[str]:
        problems = list(self._kernel_rules(operands[0]))
        yield from problems or self._field_rules()

    def _kernel_rules(self, source: Tensor) -> Iterable[str]:
        shape = self.weight.codes.shape
        if len(shape) != 4 or min(shape) < 1:
            last = "channels out" if self.sums_channels else "filters a channel"
            yield f"weight shape {shape} is not (height, width, channels in, {last})"
            return
        if shape[2] != source.channels:
            yield f"weight is for {shape[2]} channels, the input has {source.channels}"
        yield from self.weight.rules("weight", shape)
        if self.bias is not None:
            yield from self.bias.rules("bias", (self.filters,))

    def _field_rules(self) -> Iterable[str]:
        if min(self.strides) < 1:
            yield f"strides {self.strides} must be at least 1"

    def interval(self, operands: Sequence[Interval]) -> Interval:
        (item,) = operands
        fraction = self.weight.format.fraction + item.fraction
        # A tap outside the frame contributes 0, and a partial sum lacks terms: both are covered by
        # counting each term where it is negative for ``low`` and where it is positive for ``high``.
        # A code of the input lies in [-below, above], 0 included.
        below, above = max(-item.low, 0), max(item.high, 0)
        ends = [
            (-(plus * below + minus * above), plus * above + minus * below)
            for plus, minus in self._weight_sums()
        ]
        if self.bias is not None:
            finest = max(fraction, self.bias.format.fraction)
            rise, bias_rise = finest - fraction, finest - self.bias.format.fraction
            bias = [int(code) << bias_rise for code in self.bias.codes]
            ends = [
                (
                    (low << rise) + min(bias[k % len(bias)], 0),
                    (high << rise) + max(bias[k % len(bias)], 0),
                )
                for k, (low, high) in enumerate(ends)
            ]
            fraction = finest
        return Interval(min(low for low, _ in ends), max(high for _, high in ends), fraction)

    def _weight_sums(self) -> list[tuple[int, int]]:
        """The sums of positive and of negated negative weights that can meet in one output,
        channel by channel."""
        found: list[tuple[int, int]] = []
        for weights in self.meeting_weights():
            terms = weights.reshape(-1, self.filters)
            if len(terms) << self.weight.format.width >= 1 << 62:
                terms = terms.astype(object)  # Python integers can't overflow
            plus = np.maximum(terms, 0).sum(axis=0)
            minus = np.maximum(-terms, 0).sum(axis=0)
            found += [(int(a), int(b)) for a, b in zip(plus, minus, strict=True)]
        return found

    def finish(self, sums: Whole, bound: int, operand: Tensor) -> Whole:
        """Adds the bias to exact sums of products and converts to the output's format.

        Args:
            sums: (..., channels out); not used any more.
            bound: of their magnitude.
        """
        fraction = self.weight.format.fraction + operand.format.fraction
        if self.bias is not None:
            finest = max(fraction, self.bias.format.fraction)
            bias = shift_left(self.bias.codes, finest - self.bias.format.fraction)
            step = finest - fraction
            dtype = whole_type((bound << step) + int(np.abs(bias).max(initial=0)))
            sums = sums.astype(dtype, copy=False)
            if step:
                sums = shift_left(sums, step) if dtype is np.int64 else sums * dtype(1 << step)
            sums += bias.astype(dtype)
            fraction = finest
        return convert_whole(sums, fraction, self.output.format)

    # -- what the hardware holds -------------------------------------------------------------------

    @cached_property
    def shifts(self) -> FilterShifts | None:
        """The narrow codes of its weights, where filters have shifts of their own."""
        return filter_shifts(self.weight, self.filters)

    @property
    def held_weight(self) -> Constant:
        """The codes that are stored and multiplied."""
        return self.weight if self.shifts is None else self.shifts.weight

    def held(self, source: Tensor) -> Convolution:
        """What is summed: itself, or where filters have shifts their sums before these."""
        shifts = self.shifts_behind(source)
        if shifts is None:
            return self
        found = self._known_held.get(source.format)
        if found is None:
            found = self._known_held[source.format] = self._find_held(shifts, source.format)
        return found

    def shifts_behind(self, source: Tensor) -> FilterShifts | None:
        """The shifts of its filters in hardware: none where products by narrow codes would go to
        LUTs, while those by whole ones take DSP slices, which these filters can't share."""
        found, width = self.shifts, source.format.width
        if (
            found is None
            or self.sums_channels
            or not in_dsp(self.weight.format.signed_width, width)
        ):
            return found
        return found if in_dsp(found.weight.format.signed_width, width) else None

    @cached_property
    def _known_held(self) -> dict[FixedFormat, Convolution]:
        return {}

    def _find_held(self, shifts: FilterShifts, operand: FixedFormat) -> Convolution:
        accum = self.accum
        bias = self.bias and shifts.starts(self.bias, accum.fraction)
        held = replace(self, weight=shifts.weight, bias=bias)
        sums = held.interval([format_interval(operand)])
        # Each is the floor of a whole sum, divided, so it lies in the whole sum's format too.
        low, high = max(sums.low, accum.min_code), min(sums.high, accum.max_code)
        return replace(held, accum=smallest_format(low, high, accum.fraction))

    # -- multipliers -------------------------------------------------------------------------------

    def legal_folds(self) -> tuple[Fold, ...]:
        """Every (pe, simd, taps) whose pe divides the channels out and whose simd divides the
        channels that a filter sums; of several taps at once at most ``MOST_MULTIPLIERS``."""
        summed = self.weight.codes.shape[2] if self.sums_channels else 1
        return tuple(
            fold
            for taps in self.parallel_taps
            for pe in divisors(self.output.channels)
            for simd in divisors(summed)
            if (fold := Fold(pe, simd, taps)).multipliers <= MOST_MULTIPLIERS or taps == 1
        )

    @property
    def parallel_taps(self) -> list[int]:
        """How many taps can be multiplied at once."""
        return [1]

    def lane_folds(self, operands: Operands, family: Family) -> tuple[Fold, ...]:
        """The legal folds whose filters can share DSP slices: those of one channel can't, and where
        a unit has a multiplier for each weight there is nothing to share."""
        if not self.sums_channels:
            return ()
        phases = self.windows.phases
        held = self.held(operands[0])
        formats = held.weight.format, operands[0].format, held.accum
        wide = in_dsp(held.weight.format.signed_width, operands[0].format.width)
        return tuple(
            replace(fold, lanes=lanes, lut_pe=lanes * columns)
            for lanes in legal_lanes(*formats, family)
            for fold in self.legal_folds()
            if fold.pe % lanes == 0 and phases[0] * phases[1] * self.fold_steps(fold) > 1
            for columns in ([0] if wide else lut_columns(fold, lanes))
        )

    def packing(self, source: Tensor, fold: Fold) -> Packing | None:
        """How its filters share multipliers, if they do."""
        if not fold.lanes:
            return None
        held = self.held(source)
        return packing_of(fold.lanes, held.weight.format, source.format, held.accum)

    def rom_words(self, fold: Fold) -> int:
        """Words of the weight ROM: steps of an output pixel, of all phases."""
        return self.pixel_steps(fold).numbers.size

    def channel_groups(self, fold: Fold) -> int:
        """Steps that a filter takes for the channels of a tap."""
        return int(self.weight.codes.shape[2]) // fold.simd if self.sums_channels else 1

    def tap_groups(self, fold: Fold) -> int:
        """Groups of taps of a window."""
        taps = self.windows.taps
        return taps[0] * taps[1] // fold.taps

    def fold_steps(self, fold: Fold) -> int:
        """Steps of an output pixel if none is left out: what ``ReuseFactor`` means."""
        return self.tap_groups(fold) * self.channel_groups(fold) * (self.filters // fold.pe)

    def pixel_steps(self, fold: Fold) -> PixelSteps:
        """The steps of an output pixel that are done, see :mod:`fcn_hw.ops.pixel_steps`."""
        weights = fold.pe, fold.simd, fold.taps  # of a step, whatever makes the products
        found = self._known_steps.get(weights)
        if found is None:
            found = self._known_steps[weights] = self._find_steps(fold)
        return found

    @cached_property
    def _known_steps(self) -> dict[tuple[int, int, int], PixelSteps]:
        return {}

    @cached_property
    def _alive(self) -> Flags:
        """Which weights are not zero, (phases, taps, channels that are summed, filters)."""
        kernels = [weights != 0 for weights in self.step_weights()]
        return np.stack([kernel.reshape(-1, *kernel.shape[2:]) for kernel in kernels])

    @cached_property
    def _zero_part(self) -> float:
        """Of the weights of all phases."""
        return float(np.mean(~self._alive))

    def _find_steps(self, fold: Fold) -> PixelSteps:
        taps, channels = self.tap_groups(fold), self.channel_groups(fold)
        every, of_filters = self.fold_steps(fold), taps * channels
        if fold.taps == 1:
            shape = (*self.windows.taps, channels)
        else:  # operand groups, which filters of one channel don't share
            shape = (1, 1, of_filters if self.sums_channels else every)
        phases = len(self._alive)
        if self._zero_part < LEAST_PART:  # then no fold has so many steps of zeros
            numbers = np.tile(np.arange(every), (phases, 1))
        else:
            split = self._alive.reshape(phases, taps, fold.taps, channels, fold.simd, -1, fold.pe)
            alive: Flags = np.any(split, axis=(2, 4, 6))  # phase, tap, channel, filter group
            numbers = done_steps(np.moveaxis(alive, 3, 1).reshape(phases, -1, of_filters))
        return PixelSteps(numbers, every, of_filters, shape)

    def cycles_of(self, source: Tensor, fold: Fold, steps: int) -> int:
        """Cycles of a frame if the multipliers worked ``steps`` cycles on an output pixel.

        Args:
            steps: at least 1.
        """
        if fold.taps > 1:
            (top, left), (bottom, right) = self._scan(source)
            scanned = (bottom - top) * (right - left)
            return scanned + self.output.pixels * (steps - 1)
        fill, drain, period = self._frame(source, steps)
        return (fill + drain) * source.width + self.output.pixels * period

    def cycles(self, operands: Operands, fold: Fold | None = None) -> int:
        fold = self.given(fold)
        return self.cycles_of(operands[0], fold, self.pixel_steps(fold).count)

    def _scan(self, source: Tensor) -> tuple[Pair, Pair]:
        """raster_windows.h: the first position that is scanned, and the first that is not."""
        win, (rows, columns) = self.windows, self.output.shape[:2]
        (end_row, end_col), (down, across) = win.first_end, win.move
        first = min(0, end_row), min(0, end_col)
        bottom = max(source.height, end_row + (rows - 1) * down + 1)
        right = max(source.width, end_col + (columns - 1) * across + 1)
        if win.reach[0] > 1:
            right = max(right, first[1] + MIN_SCANNED_COLUMNS)
        return first, (bottom, right)

    def _frame(self, source: Tensor, steps: int) -> tuple[int, int, int]:
        """Rows read before the first output and after the last, and cycles of an output pixel."""
        win = self.windows
        fill_rows = min(max(win.origin[0] + win.reach[0], 0), source.height)
        period = max(steps, -(-win.move[0] * source.width // self._first_outputs))
        return fill_rows, source.height - self._rows_needed(source), period

    @property
    def _first_outputs(self) -> int:
        """Output pixels that the first rows of windows make."""
        win, result = self.windows, self.output
        return min(win.phases[0] - win.phase[0], result.height) * result.width

    @property
    def _bands(self) -> int:
        """Rows of windows."""
        win = self.windows
        return -(-(win.phase[0] + self.output.height) // win.phases[0])

    def _rows_needed(self, source: Tensor) -> int:
        """Rows that windows reach."""
        win = self.windows
        last = win.origin[0] + win.reach[0] + (self._bands - 1) * win.move[0]
        return min(max(last, 0), source.height)

    def loops(self, operands: Operands, fold: Fold | None = None) -> tuple[Loop, ...]:
        """raster_windows.h: the loop Cycle; windows.h: the loops Fill, OutputRow/OutputColumn/Step
        and Drain."""
        (source,), win, result = operands, self.windows, self.output
        steps, width = self.pixel_steps(self.given(fold)).count, source.width
        if self.given(fold).taps > 1:
            return self._raster_loops(source, steps)
        fill_rows, drain_rows, period = self._frame(source, steps)
        gap = self._first_outputs * period // (win.move[0] * width)

        # The row reader: at the start of a band it begins with the rows that the next band adds.
        reads = [np.zeros(0, dtype=np.int64)]
        rows_read, free = fill_rows, 0  # `free`: the first iteration that may read
        for band in range(self._bands):
            first_row = max(band * win.phases[0] - win.phase[0], 0)
            reached = win.origin[0] + (band + 1) * win.move[0] + win.reach[0]
            wanted = min(reached, self._rows_needed(source))
            if wanted > rows_read:
                count = (wanted - rows_read) * width
                start = max(first_row * result.width * period, free)
                reads.append(start + gap * np.arange(count))
                rows_read, free = wanted, start + gap * count

        nothing = reads[0]
        fill, drain = fill_rows * width, drain_rows * width
        writes = period * np.arange(result.pixels) + steps - 1
        return (
            Loop(np.arange(fill), nothing, fill),
            Loop(np.concatenate(reads), writes, result.pixels * period),
            Loop(np.arange(drain), nothing, drain),
        )

    def _raster_loops(self, source: Tensor, steps: int) -> tuple[Loop, ...]:
        """A position of the scan takes a cycle, one in which a window ends ``steps``."""
        win, result = self.windows, self.output
        (top, left), (bottom, right) = self._scan(source)
        width = right - left
        scanned = np.ones((bottom - top) * width, dtype=np.int64)
        rows, columns = (
            end - first + move * np.arange(size)
            for end, first, move, size in zip(
                win.first_end, (top, left), win.move, result.shape[:2], strict=True
            )
        )
        ends = grid(rows, columns, width)
        scanned[ends] = steps
        behind = np.cumsum(scanned)
        inside = grid(np.arange(source.height) - top, np.arange(source.width) - left, width)
        return (Loop((behind - scanned)[inside], behind[ends] - 1, int(behind[-1])),)

    def latency_cycles(self, operands: Operands, fold: Fold | None = None) -> int:
        fold = self.given(fold)
        window = MEMORY if self.ring_shape(operands[0], fold)[0] else 0
        table = MEMORY if self.pixel_steps(fold).listed else 0
        terms, packing = fold.simd * fold.taps, self.packing(operands[0], fold)
        sums = max(packing.sum_cycles(terms) if packing else 0, tree(terms))
        shift = 0 if self.shifts_behind(operands[0]) is None else 1
        # products, their sum, the accumulator
        return STREAM + table + window + MULTIPLY + sums + 1 + shift + CONVERT

    def macs(self, operands: Operands) -> int:
        """Every tap at every output position, those that fall on padding too: a pipelined datapath
        spends the clock on them all the same."""
        return self.output.pixels * self.weight.codes.size

    def work(self, operands: Operands, fold: Fold) -> int:
        """The multiplications, without those of the steps that are left out."""
        steps = self.pixel_steps(fold)
        return -(-self.macs(operands) * steps.count // steps.every)

    @property
    def constants(self) -> tuple[Constant | None, Constant | None]:
        return self.held_weight, self.bias

    @property
    def parameters(self) -> int:
        return self.weight.codes.size + (0 if self.bias is None else self.bias.codes.size)

    # -- resources ---------------------------------------------------------------------------------

    def signature(self, operands: Operands) -> Hashable:
        """Weights that are constants cost by their digits, zeros save steps, shifts save bits."""
        zeros = np.packbits(self._alive).tobytes()
        held = self.held(operands[0])
        widths = held.weight.format, held.accum, held.bias and held.bias.format
        shifts = self.shifts_behind(operands[0])
        most = shifts and shifts.most
        return super().signature(operands), signed_digits(self.weight.codes), zeros, widths, most

    def unit(self, source: Tensor, fold: Fold, strategy: str) -> MacUnit:
        """The multipliers and their memories."""
        words, packing = self.rom_words(fold), self.packing(source, fold)
        held, shifts = self.held(source), self.shifts_behind(source)
        rounds, saturates = conversion_modes(self.accum, self.output.format)
        return MacUnit(
            pe=fold.pe,
            simd=fold.simd,
            taps=fold.taps,
            digits=signed_digits(self.weight.codes) if words == 1 else None,
            tap_groups=self.tap_groups(fold),
            n_chan=source.channels,
            n_filt=self.filters,
            weight_bits=held.weight.format.signed_width,
            input_bits=source.format.width,
            input_signed=source.format.signed,
            accum_bits=held.accum.width,
            shifted_bits=self.accum.width if shifts else 0,
            most_shift=shifts.most if shifts else 0,
            output_bits=self.output.format.width,
            rounds=rounds,
            saturates=saturates,
            rom_words=words,
            rom_storage=ROM_STORAGE[strategy],
            bias_bits=held.bias.format.signed_width if held.bias is not None else 0,
            own_channels=not self.sums_channels,
            lanes=fold.lanes,
            lut_pe=fold.lut_pe,
            lane_width=packing.width if packing else 0,
            lane_terms=packing.terms if packing else 0,
        )

    def ring_shape(self, source: Tensor, fold: Fold) -> tuple[int, int]:
        """(words, bits) of the line buffer; no words where it has none.

        ``ring_rows`` of ``windows.h``: the rows of a window, and those that the next one adds. Of
        several taps at once: ``above`` of ``raster_windows.h``, the rows of a window but one.
        """
        down = self.windows.reach[0]
        if fold.taps > 1:
            return (source.width, (down - 1) * source.pixel_bits) if down > 1 else (0, 0)
        if self.is_pointwise(source):
            return 0, 0
        rows = min(down + self.windows.move[0], source.height)
        return rows * source.width, source.pixel_bits

    def cost(self, operands: Operands, family: Family, fold: Fold | None, strategy: str) -> OpCost:
        (source,), result, win = operands, self.output, self.windows
        unit = self.unit(source, self.given(fold), strategy)
        steps = self.pixel_steps(self.given(fold))
        words, bits = self.ring_shape(source, self.given(fold))
        control = PROCESS
        table_bits = steps.table_bits if steps.listed else 0
        if table_bits:
            control = control + rom(unit.rom_words, table_bits, strategy, family)
        if unit.taps > 1:
            control = control + counters(source.height, source.width, unit.rom_words)
            control = control + ram(words, bits, family).resources if words else control
            # The registers of the window; what enters them is chosen between the row buffer and
            # zeros, and what leaves the row buffer is written back a row further up.
            columns = (
                win.reach[1]
                if self.sums_channels
                else win.reach[1] * self.filters // source.channels
            )
            window_bits = win.taps[0] * columns * source.pixel_bits
            control = control + Resources(lut=win.reach[0] * source.pixel_bits, ff=window_bits)
            if unit.rom_words > 1:
                control = control + waiting_window(window_bits)
        elif words:
            # Position of the window, of the tap and of the reader: row, column and slot of each.
            control = control + counters(source.height, source.width, words) * 3
            taps = () if steps.listed else win.taps
            control = control + counters(result.height, result.width, *taps, *win.phases)
            # The address of a tap, and zeros for the taps outside the frame.
            gate = Resources(lut=words.bit_length() + unit.operands * source.format.width)
            control = control + gate + WALK + ram(words, bits, family).resources
        else:
            control = control + counters(source.pixels)
            if unit.rom_words > 1:  # the pixel is held, and taken where it is not just read
                control = control + Resources(lut=source.pixel_bits, ff=source.pixel_bits)
        return OpCost(
            control + mac_unit(unit, family),
            weight_bits=unit.rom_words * (unit.rom_word_bits + table_bits)
            + unit.bias_bits * unit.n_filt,
            activation_bits=words * bits,
        )

    def energy_pj(self, operands: Operands, fold: Fold | None = None) -> float:
        """The fewer filters are computed in parallel, the more often a pixel is read from the line
        buffer."""
        (source,), fold = operands, self.given(fold)
        held = self.held(source)
        weight_bits, input_bits = held.weight.format.width, source.format.width
        pixel_steps = self.pixel_steps(fold)
        macs = self.work(operands, fold)
        arithmetic = macs * (
            MULTIPLY_PJ_A_BIT2 * weight_bits * input_bits + ADD_PJ_A_BIT * held.accum.width
        )
        steps = self.output.pixels * pixel_steps.count
        table_bits = pixel_steps.table_bits if pixel_steps.listed else 0
        weights = steps * (fold.multipliers * weight_bits + table_bits)
        words, bits = self.ring_shape(source, fold)
        # A step reads a whole pixel from the line buffer, whatever it takes of it; the row buffer
        # in front of registers is read and written once for each pixel.
        accesses = 2 * source.pixels if fold.taps > 1 else steps + source.pixels
        pixels = accesses * bits if words else 0
        return arithmetic + (weights + pixels) * MEMORY_PJ_A_BIT

    # -- what is emitted ---------------------------------------------------------------------------

    @property
    def bias_format(self) -> FixedFormat:
        """The format of the bias; where there is none, of the zeros that stand for it."""
        if self.bias is not None:
            return self.bias.format
        return FixedFormat(signed=True, width=1, integer=1 - self.accum.fraction)

    def config(self, operands: Operands, fold: Fold | None = None) -> dict[str, Any]:
        (source,), fold = operands, self.given(fold)
        kernel_h, kernel_w, n_chan = self.weight.codes.shape[:3]
        steps, packing = self.pixel_steps(fold).count, self.packing(source, fold)
        product_fraction = self.weight.format.fraction + source.format.fraction
        held, shifts = self.held(source), self.shifts_behind(source)
        weight_bits, bias_bits = held._rom_bits(packing)
        return (
            sizes(source, self.output)
            | {
                "n_chan": n_chan,
                "n_filt": self.filters,
                "kernel_height": kernel_h,
                "kernel_width": kernel_w,
                "stride_height": self.strides[0],
                "stride_width": self.strides[1],
                "pe": fold.pe,
                "simd": fold.simd,
                "taps": fold.taps,
                "lanes": fold.lanes,
                "fold": steps,
                "rom_depth": self.rom_words(fold),
                "product_shift": left_shift(held.accum, product_fraction),
                "bias_shift": held._bias_shift,
                "weight_width": weight_bits,
                "bias_width": bias_bits,
                "accum": held.accum,
            }
            | ({} if shifts is None else {"most_shift": shifts.most, "shifted": self.accum})
            | ({} if packing is None else packing.config | {"lut_columns": fold.lut_columns})
        )

    @property
    def _bias_shift(self) -> int:
        return left_shift(self.accum, self.bias_format.fraction)

    def _rom_bits(self, packing: Packing | None) -> Pair:
        """Bits of an element of the ROMs of weights and of biases."""
        weight, bias = self.weight.format.signed_width, self.bias_format.signed_width
        if packing is None:
            return weight, bias
        return packing.element_bits, packing.bias_bits(bias, self._bias_shift)

    def weight_rom(self, fold: Fold) -> Codes:
        """Weights of shape (steps of all phases, pe, taps * simd), with no step left out.

        The steps of an output pixel go over filter groups, then groups of taps, row by row, and
        channel groups.
        """

        def steps(weights: Codes) -> Codes:
            *_, n_chan, n_filt = weights.shape
            split = weights.reshape(
                -1, fold.taps, n_chan // fold.simd, fold.simd, n_filt // fold.pe, fold.pe
            )
            word = fold.pe, fold.taps * fold.simd
            found: Codes = split.transpose(4, 0, 2, 5, 1, 3).reshape(-1, *word)
            return found

        return np.concatenate([steps(weights) for weights in self.step_weights()])

    def step_cells(self, fold: Fold) -> Codes:
        """Which weight a multiplier takes in a step: flat indices of the codes, (phases, filter
        groups, steps of a filter group, multipliers); -1 where a phase has none."""
        shape = self.weight.codes.shape
        numbers = 1 + np.arange(self.weight.codes.size).reshape(shape)
        numbered = replace(self, weight=Constant(numbers, self.weight.format))
        phases, groups = len(self._alive), self.filters // fold.pe
        return numbered.weight_rom(fold).reshape(phases, groups, -1, fold.multipliers) - 1

    def bias_rom(self, fold: Fold) -> Codes:
        """Biases of shape (filter groups, pe)."""
        codes = np.zeros(self.filters, dtype=np.int64) if self.bias is None else self.bias.codes
        return codes.reshape(self.filters // fold.pe, fold.pe)

    def roms(self, operands: Operands, fold: Fold | None, strategy: str) -> tuple[Rom, ...]:
        fold, held = self.given(fold), self.held(operands[0])
        steps, biases = self.pixel_steps(fold), held.bias_rom(fold)
        weights = held.weight_rom(fold)[steps.words]
        packing = self.packing(operands[0], fold)
        weight_bits, bias_bits = held._rom_bits(packing)
        filters, filters_a_sum = f"filter {fold.pe}", f"filter {fold.pe}"
        if packing is not None:
            weights = packing.elements(weights, fold.lut_columns)
            biases = packing.biases(biases)
            filters = f"{packing.lanes} filters {weights.shape[1]}"
            filters_a_sum = filters_a_sum if packing.terms else filters
        taps = (
            f"tap x channel {fold.taps} x {fold.simd}" if fold.taps > 1 else f"channel {fold.simd}"
        )
        # A ROM of one word is no memory: bound to one, its weights could not become logic.
        storage = ROM_STORAGE[strategy] if len(weights) > 1 else ""
        found = [
            Rom(
                "weights", "weights", str(held.weight.format),
                f"[step {len(weights)}][{filters}][{taps}]", weight_bits, weights, storage=storage,
            ),
            Rom(
                "biases", "biases", str(held.bias.format) if held.bias else "none",
                f"[filter group {len(biases)}][{filters_a_sum}]",
                bias_bits, biases,
            ),
        ]  # fmt: skip
        shifts = self.shifts_behind(operands[0])
        if shifts is not None:
            words = shifts.table(self.bias, self.accum.fraction)
            found.append(
                Rom(
                    "shifts", "shifts", f"{shifts.most} less a sum's shift, rest of the bias",
                    f"[filter group {len(biases)}][filter {fold.pe}]",
                    shifts.table_bits, words.reshape(-1, fold.pe), split=True,
                )
            )  # fmt: skip
        if steps.listed:
            found.append(
                Rom(
                    "steps", "steps", "tap row, tap column, channel group, first, last",
                    f"[step {len(weights)}]", steps.table_bits, steps.table(),
                    storage=rom_storage(len(weights), strategy) if storage else "",
                )
            )  # fmt: skip
        return tuple(found)

    # -- variants and text -------------------------------------------------------------------------

    @property
    def channel_rule(self) -> ChannelRule:
        return "free"

    def resized(self, output: Tensor, operands: Operands) -> Convolution:
        changed = replace(self, output=output)
        last = output.channels if self.sums_channels else self.weight.codes.shape[3]
        shape = (*self.weight.codes.shape[:2], operands[0].channels, last)
        if shape == self.weight.codes.shape:
            return changed
        # Of other channels, zeros: what is kept can't leave the accumulator.
        codes = np.zeros(shape, dtype=np.int64)
        kept = tuple(slice(min(size)) for size in zip(shape, self.weight.codes.shape, strict=True))
        codes[kept] = self.weight.codes[kept]
        weight = Constant(codes, self.weight.format)
        bias = self.bias and Constant(np.zeros(output.channels, np.int64), self.bias.format)
        return replace(changed, weight=weight, bias=bias)

    def notes(self) -> dict[str, str]:
        found = {"kernel": "x".join(str(size) for size in self.weight.codes.shape[:2])}
        if self.shifts is not None:
            found |= {"held": f"{self.shifts.weight.format}<<{self.shifts.most}"}
        return found


@dataclass(frozen=True)
class DirectConvolution(Convolution):
    """Base of convolutions whose windows lie on the input's own grid.

    Args:
        dilation: (vertical, horizontal).
        padding: code 0 around the frame.
    """

    dilation: Pair = (1, 1)
    padding: Padding = Padding()

    @cached_property
    def windows(self) -> Windows:
        kernel_h, kernel_w = self.weight.codes.shape[:2]
        return Windows(
            taps=(kernel_h, kernel_w),
            spread=self.dilation,
            origin=(-self.padding.top, -self.padding.left),
            move=self.strides,
            phases=(1, 1),
            phase=(0, 0),
        )

    @property
    def parallel_taps(self) -> list[int]:
        """Divisors of a kernel row, and whole rows."""
        rows, columns = self.weight.codes.shape[:2]
        return [*divisors(columns), *(columns * count for count in divisors(rows)[1:])]

    def meeting_weights(self) -> Iterable[Codes]:
        return (self.weight.codes,)

    def _field_rules(self) -> Iterable[str]:
        yield from super()._field_rules()
        if min(self.dilation) < 1:
            yield f"dilation {self.dilation} must be at least 1"
        yield from self.padding.rules()

    def shape(self, operands: Operands) -> Shape:
        pads = (self.padding.top, self.padding.bottom), (self.padding.left, self.padding.right)
        height, width = (
            window_count(length, *pad, (taps - 1) * distance + 1, stride)
            for length, pad, taps, distance, stride in zip(
                operands[0].shape[:2], pads, self.weight.codes.shape[:2], self.dilation,
                self.strides, strict=True,
            )
        )  # fmt: skip
        return height, width, self.filters

    def config(self, operands: Operands, fold: Fold | None = None) -> dict[str, Any]:
        return super().config(operands, fold) | {
            "dilation_height": self.dilation[0],
            "dilation_width": self.dilation[1],
            "pad_top": self.padding.top,
            "pad_left": self.padding.left,
        }


LEAST_SLICES = 16
"""Of a fold whose filters may also have a part in LUTs: below it the folds with lanes and without
are close enough to one another."""
PARTS = 4
"""Parts of such a fold's filters, some of which may be in LUTs."""


def lut_columns(fold: Fold, lanes: int) -> list[int]:
    """How many columns of ``lanes`` filters may be in LUTs where the others share DSP slices."""
    columns = fold.pe // lanes
    if fold.taps > 1 or columns * fold.simd < LEAST_SLICES:
        return [0]
    return sorted({columns * part // PARTS for part in range(PARTS)})


def waiting_window(bits: int) -> Resources:
    """What the registers of a window need more if a window takes several steps.

    In a window's first step its products are of what is just shifted, in the others of what the
    registers hold; both go on to the stages behind. Fitted to yosys.
    """
    return Resources(lut=3 * bits // 2, ff=2 * bits // 5 + 60)


def left_shift(accum: FixedFormat, fraction: int) -> int:
    """The shift that aligns a code of ``fraction`` fraction bits to an accumulator.

    No code but 0 can be shifted by the accumulator's width and fit in it; 0 may be shifted less,
    and C++ does not define a shift by more bits than a type has.
    """
    return min(accum.fraction - fraction, accum.width - 1)
