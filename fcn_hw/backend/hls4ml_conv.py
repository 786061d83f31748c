"""``Conv: hls4ml``: which processes hls4ml's own layers compute, and with which settings.

hls4ml 1.3.0, Vitis backend, io_stream. A ``Conv2D`` of the graph becomes hls4ml's ``Conv2D`` layer,
and the padding in front of it hls4ml's ``ZeroPadding2D``; hls4ml itself turns a kernel of 1x1 into
its ``PointwiseConv2D``. Every other op stays ours. What hls4ml can't express exactly is refused.

Of hls4ml's two streaming convolutions the Vitis backend has the line buffer only; it replaces
``Encoded`` by it with a warning.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeGuard

import numpy as np

from fcn_hw.backend.jinja import render
from fcn_hw.dataflow.lowering import Dataflow, Process
from fcn_hw.errors import FormatError, UnsupportedLayer
from fcn_hw.estimate.design_folds import Folding
from fcn_hw.fixed import FixedFormat, to_float
from fcn_hw.ir import Graph
from fcn_hw.ops import Op, Padding
from fcn_hw.ops.conv2d import Conv2D
from fcn_hw.ops.convolution import Convolution
from fcn_hw.ops.zero_pad2d import ZeroPad2D
from fcn_hw.passes.pipeline import HLS4ML_CONV_PASSES, run_passes

_OURS = "or set hls.Conv to fcn_hw"
DOUBLE_BITS = 53
"""Bits of a double's significand (IEEE 754)."""
LITERAL_BITS = 63
"""Bits of an integer literal, as which hls4ml prints a number without fraction."""


@dataclass(frozen=True)
class Hls4mlLayer:
    """A process that a layer of hls4ml computes.

    Args:
        layer: its entry in hls4ml's layer list.
        settings: its entry in hls4ml's ``LayerName``, None where it needs none.
        about: one line for the config struct's comment.
    """

    layer: dict[str, Any]
    settings: dict[str, Any] | None
    about: str


@dataclass(frozen=True)
class Hls4mlArray:
    """An array of weights as hls4ml prints it.

    Args:
        definition: ``type name[length]``.
        shape: of the array.
        rows: its elements, a line of the header each; decimals that are exact.
    """

    definition: str
    shape: tuple[int, ...]
    rows: list[list[str]]


@dataclass(frozen=True)
class Hls4mlWeightsContext:
    """What ``config/hls4ml_weights.h.j2`` sees."""

    name: str
    arrays: list[Hls4mlArray]


def emitted_graph(graph: Graph, conv: str) -> Graph:
    """The graph whose ops are the processes: the same one, or its paddings apart for hls4ml.

    Args:
        conv: ``Hls.Conv``.
    """
    return run_passes(graph, HLS4ML_CONV_PASSES) if conv == "hls4ml" else graph


def check_hls4ml(graph: Graph) -> None:
    """Checks that hls4ml's layers can compute every ``Conv2D`` exactly.

    Raises:
        UnsupportedLayer: with every layer that they can't.
    """
    problems = [
        UnsupportedLayer(op.name, reason, hint=f"{hint}, {_OURS}")
        for op in graph.ops
        for reason, hint in _refusals(op)
    ]
    if problems:
        raise UnsupportedLayer.together(problems)


def convolutions_that_stay(graph: Graph) -> tuple[str, ...]:
    """The ops with weights that stay ours, such as ``ConvTranspose2D``, which hls4ml lacks."""
    return tuple(
        op.name for op in graph.ops if isinstance(op, Convolution) and not is_hls4ml_conv(op)
    )


def is_hls4ml_conv(op: Op | None) -> TypeGuard[Conv2D]:
    """Whether hls4ml has the op; a subclass of ``Conv2D`` would be another op."""
    return type(op) is Conv2D


def hls4ml_layers(graph: Graph, dataflow: Dataflow, folding: Folding) -> Mapping[str, Hls4mlLayer]:
    """The processes that hls4ml computes, by name.

    Args:
        graph: before the paddings were separated; a ``ZeroPad2D`` that it has itself stays ours.
        dataflow: of the emitted graph.
        folding: of every convolution. hls4ml gets the same multipliers, or the nearest number that
            it allows.
    """
    found = {}
    for process in dataflow.processes:
        op = process.op
        if is_hls4ml_conv(op):
            found[op.name] = _convolution(process, op, folding)
        elif isinstance(op, ZeroPad2D) and op.name not in graph:
            found[op.name] = _padding(process, op)
    return found


def legal_reuse_factor(n_in: int, n_out: int, wanted: int) -> int:
    """The legal reuse factor of the Resource strategy that is nearest; of two the larger.

    ``nnet_dense_resource.h`` asserts what is legal: a divisor of the inputs of a dot product, or
    all inputs times a divisor of the outputs.

    Args:
        n_in: kernel positions times channels in.
        n_out: channels out.
        wanted: multiplications of one multiplier for an output pixel.
    """
    legal = [n for n in range(1, n_in + 1) if n_in % n == 0]
    legal += [n_in * n for n in range(2, n_out + 1) if n_out % n == 0]
    return min(legal, key=lambda factor: (abs(factor - wanted), -factor))


def accumulator(op: Conv2D) -> FixedFormat:
    """The op's accumulator, with a bit below half a step of the result.

    An ``ap_fixed`` without such a bit can't be rounded to the result (C simulation aborts), and
    hls4ml assigns the sum as it is. Bits in front change no value.

    Raises:
        FormatError: that takes more than 63 bits.
    """
    gap = op.accum.fraction - op.output.format.fraction - op.accum.width
    if gap <= 0:
        return op.accum
    return replace(op.accum, width=op.accum.width + gap, integer=op.accum.integer + gap)


def render_hls4ml_weights(name: str, arrays: list[Hls4mlArray]) -> str:
    """The header with the weights and biases of a convolution, non-const as hls4ml takes them."""
    return render("config/hls4ml_weights.h.j2", Hls4mlWeightsContext(name, arrays))


# -- inside ----------------------------------------------------------------------------------------


def _refusals(op: Op) -> Iterator[tuple[str, str]]:
    """(reason, hint) of everything that keeps hls4ml from computing the op."""
    if not is_hls4ml_conv(op):
        return
    if op.dilation != (1, 1):
        yield (
            f"hls4ml's streaming convolution ignores a dilation, here {op.dilation}",
            "use dilation 1",
        )
    kernel_h, kernel_w = op.weight.codes.shape[:2]
    if kernel_h == 1 and kernel_w > 1 and op.strides[0] > 1:
        yield (
            f"with a kernel of one row hls4ml's line buffer ignores a vertical stride, here "
            f"{op.strides[0]}",
            "use vertical stride 1",
        )
    for constant in (op.weight, op.bias):
        if constant is not None and (
            constant.format.width > DOUBLE_BITS or constant.format.integer > LITERAL_BITS
        ):
            yield (
                f"hls4ml prints weights and biases as numbers of C++, which do not hold every "
                f"{constant.format}",
                f"use at most {DOUBLE_BITS} bits and {LITERAL_BITS} integer bits",
            )
    try:
        accumulator(op)
    except FormatError as error:
        yield (
            f"hls4ml rounds {op.accum} to {op.output.format} in an accumulator that holds both: "
            f"{error}",
            "use an output format of fewer integer bits",
        )


def _convolution(process: Process, op: Conv2D, folding: Folding) -> Hls4mlLayer:
    kernel_h, kernel_w, n_chan, n_filt = op.weight.codes.shape
    strategy = folding.strategies[op.name]
    reuse = op.fold_steps(folding.folds[op.name])
    if strategy == "Resource":
        reuse = legal_reuse_factor(kernel_h * kernel_w * n_chan, n_filt, reuse)
    formats = {
        "result": op.output.format,
        "weight": op.weight.format,
        "bias": op.bias_format,
        "accum": accumulator(op),
    }
    biases = np.zeros(n_filt, np.int64) if op.bias is None else op.bias.codes
    layer = _frame(process, op, Padding()) | {
        "class_name": "Conv2D",
        "n_filt": n_filt,
        "filt_height": kernel_h,
        "filt_width": kernel_w,
        "stride_height": op.strides[0],
        "stride_width": op.strides[1],
        "weight_data": to_float(op.weight.codes, op.weight.format),
        "bias_data": to_float(biases, formats["bias"]),
    }
    settings = {
        "Precision": {kind: str(fmt) for kind, fmt in formats.items()},
        "ReuseFactor": reuse,
        "Strategy": strategy.lower(),  # as hls4ml writes it back; it warns of any other spelling
    }
    about = (
        f"{kernel_h}x{kernel_w} convolution of {n_chan} into {n_filt} channels by hls4ml, "
        f"{strategy}, reuse factor {reuse}: cycles and FIFO depths are not proved."
    )
    return Hls4mlLayer(layer, settings, about)


def _padding(process: Process, op: ZeroPad2D) -> Hls4mlLayer:
    layer = _frame(process, op, op.padding) | {"class_name": "ZeroPadding2D"}
    return Hls4mlLayer(layer, None, "Zeros around the frame, by hls4ml.")


def _frame(process: Process, op: Op, padding: Padding) -> dict[str, Any]:
    """The attributes that both layers have."""
    (source,), (result,) = process.inputs, process.outputs
    return {
        "name": op.name,
        "inputs": [source.name],
        "outputs": [result.name],
        "data_format": "channels_last",
        "in_height": source.tensor.height,
        "in_width": source.tensor.width,
        "n_chan": source.tensor.channels,
        "out_height": op.output.height,
        "out_width": op.output.width,
        "pad_top": padding.top,
        "pad_bottom": padding.bottom,
        "pad_left": padding.left,
        "pad_right": padding.right,
    }
