"""The limit of the folds: cycles a frame that no arrangement of the same multipliers can beat.

``interval >= max(input beats, output beats, max over layers of ceil(MACs / multipliers))``: a
port moves a beat of the DMA's width a clock and a pixel a clock, a multiplier does a multiplication
a clock, and a row of comparators counts the thresholds of a value a clock. The MACs of a layer are
those of the steps that it does; steps of zeros are left out.

The bound of the board takes the multipliers of the whole device instead: ``max(input beats, output
beats, MACs / (lanes x DSPs + LUTs left / LUTs a MAC))``. Lanes are the most products that a DSP
slice makes in any fold, LUTs are left by the layers that multiply nothing, and a MAC is the
smallest product of the network by the model. Only layers of one step can be below it, whose weights
are constants, and layers that leave out steps of zeros.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

from fcn_hw.costs.arithmetic import fabric_product
from fcn_hw.costs.family import Family
from fcn_hw.costs.resources import Resources
from fcn_hw.fixed import FixedFormat
from fcn_hw.ir.axi_cycles import unpack_cycles
from fcn_hw.ir.graph import Graph
from fcn_hw.ops import Fold, Folded, Op, Operands


@dataclass(frozen=True)
class Limit:
    """The limit and what sets it.

    Args:
        cycles: least cycles from frame to frame.
        cause: ``"input beats"``, ``"output beats"``, or the name of a layer.
        input_beats, output_beats: clocks of the largest input and output at its port: its pixels,
            or its beats where a pixel is wider than one.
    """

    cycles: int
    cause: str
    input_beats: int
    output_beats: int


def layer_limit(op: Op, operands: Operands, fold: Fold | None) -> int:
    """Least cycles of one op: its multiplications or searches, or its beats where it has none."""
    if isinstance(op, Folded):
        fold = op.given(fold)
        return -(-op.work(operands, fold) // fold.multipliers)
    beats = [tensor.pixels for tensor in (*operands, op.output)]
    return max(beats) if operands else 0


def fold_limit(graph: Graph, folds: Mapping[str, Fold], data_width_bits: int) -> Limit:
    """The limit of a graph.

    Args:
        folds: of every :class:`fcn_hw.ops.Folded` op.
        data_width_bits: of the DMA's streams.
    """
    input_beats = max(unpack_cycles(op.output, data_width_bits) for op in graph.inputs)
    output_beats = max(unpack_cycles(graph.tensor(n), data_width_bits) for n in graph.outputs)
    candidates = [(input_beats, "input beats"), (output_beats, "output beats")]
    candidates += [
        (layer_limit(op, graph.operands(op), folds[op.name]), op.name)
        for op in graph.ops
        if op.name in folds
    ]
    cycles, cause = max(candidates, key=lambda item: item[0])
    return Limit(cycles, cause, input_beats, output_beats)


@dataclass(frozen=True)
class Bound:
    """The bound of the board.

    Args:
        cycles: from frame to frame.
        macs: of a frame.
        lanes: products that a DSP slice makes at a time.
        dsp: slices of the device.
        lut: LUTs that are left for multipliers.
        luts_a_mac: of a product.
    """

    cycles: int
    macs: int
    lanes: int
    dsp: int
    lut: int
    luts_a_mac: int


def board_bound(
    graph: Graph, limit: Limit, have: Resources, family: Family, others_lut: int
) -> Bound:
    """The bound of a graph on a device.

    Args:
        have: what the device holds.
        family: of the device.
        others_lut: LUTs of what multiplies nothing.
    """
    macs = sum(op.macs(graph.operands(op)) for op in graph.ops)
    lanes = max(
        (
            fold.lanes
            for op in graph.ops
            if isinstance(op, Folded)
            for fold in op.lane_folds(graph.operands(op), family)
        ),
        default=1,
    )
    luts_a_mac = min(
        (
            _product_luts(weight.format, graph.operands(op)[0].format, family)
            for op in graph.ops
            if op.macs(graph.operands(op)) and (weight := op.constants[0]) is not None
        ),
        default=1,
    )
    lut = max(have.lut - others_lut, 0)
    products = lanes * have.dsp + lut / luts_a_mac
    cycles = max(limit.input_beats, limit.output_beats, ceil(macs / max(products, 1)))
    return Bound(cycles, macs, lanes, have.dsp, lut, luts_a_mac)


def _product_luts(weight: FixedFormat, source: FixedFormat, family: Family) -> int:
    found = fabric_product(weight.signed_width, source.width, family, signed=source.signed)
    return found.lut + found.lut4
