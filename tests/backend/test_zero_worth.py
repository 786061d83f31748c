"""The worth of zeros against plain loops over every multiplier, step and weight."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from sample_graphs import tiny_graph

from fcn_hw.backend.structure import choose_structure, estimate_layout
from fcn_hw.backend.zero_worth import network_worth, zero_worth
from fcn_hw.boards import load_board
from fcn_hw.costs.memory import bram18_count
from fcn_hw.design import Hls
from fcn_hw.fixed import parse_format
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ops import Constant, Fold, Padding
from fcn_hw.ops.conv_transpose2d import ConvTranspose2D
from fcn_hw.ops.depthwise_conv2d import DepthwiseConv2D
from fcn_hw.ops.pixel_steps import LEAST_PART

FORMAT = parse_format("fixed<4,1>")


def sparse_codes(random, shape, zeros):
    codes = random.integers(-8, 8, shape)
    codes[random.random(shape) < zeros] = 0
    return codes


def layer(kind, random, zeros):
    """An op of a kind, its source, and the shape of its kernel."""
    build = GraphBuilder("net")
    kernel = tuple(random.integers(1, 4, 2))
    channels, filters = (int(random.choice([1, 2, 3, 4, 6])) for _ in range(2))
    image = build.input("image", (6, 7, channels), parse_format("ufixed<4,0>"))
    pad = Padding(*(int(n) for n in random.integers(0, 2, 4)))
    if kind == "conv2d":
        weight = Constant(sparse_codes(random, (*kernel, channels, filters), zeros), FORMAT)
        build.conv2d("conv", image, weight, padding=pad, fmt=FORMAT)
    elif kind == "depthwise":
        weight = Constant(sparse_codes(random, (*kernel, channels, filters), zeros), FORMAT)
        build.depthwise_conv2d("conv", image, weight, padding=pad, fmt=FORMAT)
    else:
        strides = tuple(int(n) for n in random.integers(1, 3, 2))
        kernel = tuple(int(n) for n in random.integers(2, 5, 2))
        weight = Constant(sparse_codes(random, (*kernel, channels, filters), zeros), FORMAT)
        build.conv_transpose2d(
            "conv", image, weight, strides=strides, crop=(0, 0), size=(6, 7), fmt=FORMAT
        )
    graph = build.finish("conv")
    return graph.ops[-1], graph.tensor("image")


def seen(op, fold):
    """What a multiplier (p, t, s) multiplies in each step: the position of a weight, or None.

    From the headers: filters in groups of pe, channels in groups of simd, taps in between.
    """
    codes = op.weight.codes
    height, width, n_chan, last = codes.shape
    depthwise = isinstance(op, DepthwiseConv2D)
    n_filt = n_chan * last if depthwise else last
    stride = op.strides if isinstance(op, ConvTranspose2D) else (1, 1)
    taps_h, taps_w = -(-height // stride[0]), -(-width // stride[1])
    phases = []
    for r in range(stride[0]):
        for q in range(stride[1]):
            steps = []
            for filter_group in range(n_filt // fold.pe):
                for first in range(0, taps_h * taps_w, fold.taps):
                    for group in range(1 if depthwise else n_chan // fold.simd):
                        step = {}
                        for p, t, s in product(range(fold.pe), range(fold.taps), range(fold.simd)):
                            i, j = divmod(first + t, taps_w)
                            f, c = filter_group * fold.pe + p, group * fold.simd + s
                            if depthwise:
                                place = (i, j, f // last, f % last)
                            elif isinstance(op, ConvTranspose2D):
                                a = r + (taps_h - 1 - i) * stride[0]
                                b = q + (taps_w - 1 - j) * stride[1]
                                place = (a, b, c, f) if a < height and b < width else None
                            else:
                                place = (i, j, c, f)
                            step[p, t, s] = place, (i, j), c, f
                        steps.append(step)
            phases.append(steps)
    return phases


def brute_force(op, fold):
    """Counts by looking at every cell."""
    codes = op.weight.codes
    phases = seen(op, fold)

    def value(place):
        return 0 if place is None else int(codes[place])

    cells = [
        (phase, number, lane, *cell)
        for phase, steps in enumerate(phases)
        for number, step in enumerate(steps)
        for lane, cell in step.items()
    ]
    alive = [cell for cell in cells if value(cell[3])]
    live_lanes = {lane for _, _, lane, *_ in alive}
    live_steps = {(phase, number) for phase, number, *_ in alive}
    live_taps = {tap for *_, tap, _, _ in alive}
    live_out = {f for *_, f in alive}
    depthwise = isinstance(op, DepthwiseConv2D)
    live_in = {place[2] for _, _, _, place, *_ in alive} if depthwise else {c for *_, c, _ in alive}
    counts = Counter()
    for phase, number, lane, place, tap, c, f in cells:
        if place is None or value(place):
            continue
        counts["zeros"] += 1
        channel = place[2] if depthwise else c
        if lane not in live_lanes:
            counts["in_multipliers"] += 1
        elif (
            (phase, number) not in live_steps
            or tap not in live_taps
            or f not in live_out
            or channel not in live_in
        ):
            counts["in_steps"] += 1
    quiet = sum(
        value(cell[0]) == 0 and value(steps[number - 1][lane][0]) == 0
        for steps in phases
        for number, step in enumerate(steps)
        for lane, cell in step.items()
    )
    words = sum(len(steps) for steps in phases)
    filter_groups = op.output.channels // fold.pe
    of_group = len(phases[0]) // filter_groups
    live_groups = Counter((phase, number // of_group) for phase, number in live_steps)
    steps_done = [
        sum(max(live_groups[phase, group], 1) for group in range(filter_groups))
        for phase in range(len(phases))
    ]
    all_taps = {tap for *_, tap, _, _ in cells}
    return {
        **{name: counts[name] for name in ("zeros", "in_multipliers", "in_steps")},
        "idle": fold.multipliers - len(live_lanes),
        "words": words,
        "zero_words": words - len(live_steps),
        "taps": len(all_taps) - len(live_taps),
        "channels_in": codes.shape[2] - len(live_in),
        "channels_out": op.output.channels - len(live_out),
        "quiet": quiet / len(cells),
        "left": len(live_steps) * len(live_lanes),
        "longest": max(steps_done),
        "every": len(phases[0]),
        "packed": max(
            1,
            -(-len(live_taps) // fold.taps)
            * -(-len(live_out) // fold.pe)
            * (1 if depthwise else -(-len(live_in) // fold.simd)),
        ),
    }


@pytest.mark.parametrize("kind", ["conv2d", "depthwise", "transposed"])
def test_counts_equal_plain_loops(kind):
    met = Counter()
    for seed in range(60):
        random = np.random.default_rng([seed, len(kind)])
        op, source = layer(kind, random, zeros=random.choice([0.0, 0.3, 0.6, 0.85, 0.97, 1.0]))
        folds = op.legal_folds()
        fold = folds[random.integers(len(folds))]
        found = zero_worth(op, source, fold, "Resource", "7series")
        expected = brute_force(op, fold)
        left, longest, packed, every = (
            expected.pop(name) for name in ("left", "longest", "packed", "every")
        )
        assert {name: getattr(found, name) for name in expected} == expected, (seed, fold)
        assert found.weights == op.weight.codes.size
        assert found.unused == found.zeros - found.in_multipliers - found.in_steps >= 0
        assert (
            found.rom_bits == found.words * fold.multipliers * op.held(source).weight.format.width
        )
        assert found.rom_bits_removable == found.rom_bits - left * found.needed_bits
        # a fold of so many steps has these cycles: the same layer with fewer words of the ROM
        done = every if every - longest < LEAST_PART * every else longest
        assert found.cycles == cycles_of(op, source, fold, done)
        assert found.cycles_dense == cycles_of(op, source, fold, every)
        assert found.cycles_packed == cycles_of(op, source, fold, packed)
        assert found.zero_macs * found.weights == found.macs * found.zeros
        for name in ("in_multipliers", "in_steps", "unused", "idle", "zero_words", "taps",
                     "channels_in", "channels_out", "rom_bits_removable"):  # fmt: skip
            met[name] += bool(getattr(found, name))
        met["skipping"] += found.cycles < found.cycles_dense
    for name in ("in_multipliers", "in_steps", "unused", "idle", "zero_words", "taps",
                 "channels_in", "channels_out", "rom_bits_removable", "skipping"):  # fmt: skip
        assert met[name] > 0, f"{name} was never met"


def cycles_of(op, source, fold, steps):
    """Cycles of a frame, from the comments of conv2d.h, conv_transpose2d.h and raster_windows.h."""
    out_h, out_w = op.output.height, op.output.width
    height, width, *_ = op.weight.codes.shape
    if isinstance(op, ConvTranspose2D):
        taps = [-(-k // s) for k, s in zip((height, width), op.strides, strict=True)]
        phases, move = op.strides, 1
        top = 1 - taps[0]
    else:
        taps, phases, move = [height, width], (1, 1), 1
        top, pad = -op.padding.top, op.padding
        if fold.taps > 1:
            left = -pad.left
            first_row, first_col = min(0, top + height - 1), min(0, left + width - 1)
            rows = max(source.height, top + height + out_h - 1) - first_row
            columns = max(source.width, left + width + out_w - 1) - first_col
            columns = max(columns, 8) if height > 1 else columns
            return rows * columns + out_h * out_w * (steps - 1)
        if (height, width) == (1, 1) and not isinstance(op, DepthwiseConv2D):
            fits = out_h <= source.height and out_w <= source.width
            if pad.top == pad.left == 0 and fits:
                return source.height * source.width + out_h * out_w * (steps - 1)
    bands = -(-out_h // phases[0])
    fill = min(max(top + taps[0], 0), source.height)
    needed = min(max(top + taps[0] + (bands - 1) * move, 0), source.height)
    period = max(steps, -(-move * source.width // (min(phases[0], out_h) * out_w)))
    return (fill + source.height - needed) * source.width + out_h * out_w * period


def conv(codes, shape=(5, 6), fmt="fixed<4,1>"):
    codes = np.asarray(codes)
    build = GraphBuilder("net")
    image = build.input("image", (*shape, codes.shape[2]), parse_format("ufixed<8,0>"))
    build.conv2d("conv", image, Constant(codes, parse_format(fmt)), fmt=FORMAT)
    graph = build.finish("conv")
    return graph.ops[-1], graph.tensor("image")


def test_unrolled_each_zero_is_a_multiplier_and_folded_it_is_a_step():
    """A 1x1 kernel of one step: every product is by a constant. By one multiplier: by a step."""
    codes = np.array([[3, 0, 0], [0, -1, 2]]).reshape(1, 1, 2, 3)
    op, source = conv(codes)
    whole = zero_worth(op, source, Fold(3, 2), "Resource", "7series")
    assert (whole.zeros, whole.in_multipliers, whole.in_steps, whole.unused) == (3, 3, 0, 0)
    assert (whole.idle, whole.words, whole.bram18) == (3, 1, 0)
    assert whole.idle_resources.lut > 0
    four_inputs = zero_worth(op, source, Fold(3, 2), "Resource", "ecp5")
    assert four_inputs.idle_resources.lut > whole.idle_resources.lut
    single = zero_worth(op, source, Fold(1, 1), "Resource", "7series")
    assert (single.zeros, single.in_multipliers, single.in_steps, single.unused) == (3, 0, 3, 0)
    assert (single.cycles_dense, single.cycles) == (30 * 6, 30 * 3)
    half = zero_worth(op, source, Fold(1, 2), "Resource", "7series")  # each step has a weight left
    assert (half.in_multipliers, half.in_steps, half.unused, half.idle) == (0, 0, 3, 0)
    assert half.cycles_dense == half.cycles_packed == half.cycles
    assert (half.idle_resources.lut, half.rom_bits_removable) == (0, 3 * 2 * (4 - 3))


def test_a_multiplier_is_idle_only_if_all_that_it_sees_is_zero():
    codes = np.ones((1, 1, 4, 4), dtype=np.int64)
    codes[0, 0, 0::2, 1::2] = 0  # what (p, s) = (1, 0) of a 2 x 2 fold sees
    op, source = conv(codes)
    found = zero_worth(op, source, Fold(2, 2), "Latency", "7series")
    assert (found.idle, found.in_multipliers, found.unused) == (1, 4, 0)
    codes[0, 0, 2, 3] = 1
    op, source = conv(codes)
    found = zero_worth(op, source, Fold(2, 2), "Latency", "7series")
    assert (found.idle, found.in_multipliers, found.unused) == (0, 0, 3)


def test_scattered_dead_channels_save_cycles_only_when_packed():
    codes = np.ones((3, 3, 4, 4), dtype=np.int64)
    codes[:, :, [1, 2], :] = 0
    op, source = conv(codes)
    found = zero_worth(op, source, Fold(2, 2), "Resource", "7series")
    assert (found.channels_in, found.zero_words, found.idle) == (2, 0, 0)
    assert found.cycles_dense == found.cycles > found.cycles_packed
    assert (found.in_steps, found.unused) == (72, 0)


def test_a_layer_of_zeros_keeps_a_clock_a_filter_group():
    op, source = conv(np.zeros((3, 3, 2, 2), dtype=np.int64))
    found = zero_worth(op, source, Fold(1, 1), "Resource", "7series")
    assert (found.idle, found.channels_out, found.needed_bits, found.bram18_needed) == (1, 2, 0, 0)
    assert found.rom_bits_removable == found.rom_bits == 36 * 4
    assert found.cycles == cycles_of(op, source, Fold(1, 1), 2)
    assert found.cycles_packed == cycles_of(op, source, Fold(1, 1), 1)
    assert found.quiet == 1.0


@pytest.mark.parametrize(
    ("codes", "bits"),
    [
        ([0, 1], 2),
        ([-1, 0], 1),
        ([-2, 1], 2),
        ([-3, 0], 3),
        ([3, 0], 3),
        ([-8, 7], 4),
        ([-4, 4], 4),
    ],
)
def test_bits_that_the_largest_code_needs(codes, bits):
    op, source = conv(np.array(codes).reshape(1, 1, 2, 1))
    found = zero_worth(op, source, Fold(1, 1), "Resource", "7series")
    assert (found.code_bits, found.needed_bits) == (4, bits)
    assert -(2 ** (bits - 1)) <= min(codes) and max(codes) < 2 ** (bits - 1)
    assert bits == 1 or min(codes) < -(2 ** (bits - 2)) or max(codes) >= 2 ** (bits - 2)


def test_block_rams_of_what_is_left():
    codes = np.ones((3, 3, 16, 16), dtype=np.int64)
    codes[:, :, 4:, :] = 0
    op, source = conv(codes)
    found = zero_worth(op, source, Fold(4, 16), "Resource", "7series")
    assert (found.idle, found.bram18) == (4 * 12, bram18_count(36, 4 * 16 * 4))
    assert found.bram18_needed == bram18_count(36, 4 * 4 * 2) < found.bram18


def test_a_network_and_other_kernels():
    """The interval falls only where the slowest layer does."""
    graph, board = tiny_graph(), load_board("pynq-z2")
    hls = Hls(ReuseFactor=64)
    estimate = estimate_layout(graph, board, hls, choose_structure(graph, board, hls).layout)
    found = network_worth(graph, board, estimate)
    names = ["conv1", "conv2", "up", "apart"]
    assert [item.name for item in found.layers] == names
    assert found.interval == estimate.interval_cycles
    rows = {row.name: row for row in estimate.layers}
    assert all(item.cycles == rows[item.name].cycles for item in found.layers)
    assert all(item.energy_pj == rows[item.name].energy_pj for item in found.layers)
    kernels = {
        op.name: replace(op.weight, codes=np.zeros_like(op.weight.codes))
        for op in graph.ops
        if op.name in names
    }
    empty = network_worth(graph, board, estimate, kernels)
    assert all(item.idle == item.multipliers for item in empty.layers)
    others = max(row.cycles for row in estimate.layers if row.name not in names)
    assert empty.interval_dense == found.interval_dense == found.interval > empty.interval
    assert empty.interval >= max(others, *(item.cycles for item in empty.layers))
