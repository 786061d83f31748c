"""``python -m benchmarks.estimate_fit``: the resource model against yosys, op by op.

The grid holds every op alone, at shapes, widths and folds drawn by a fixed generator. ``--measure``
compiles those that were not measured, by :mod:`fcn_hw.rtl`, has yosys map the Verilog for 7 series,
and keeps the counts in ``estimate_fit.json``; some minutes of processor time for the whole grid.
The coefficients of the model were chosen on two thirds of the shapes; the table is of every third
one, which is held out.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from fcn_hw.backend.project import plan_project
from fcn_hw.backend.structure import Layout
from fcn_hw.boards import load_board
from fcn_hw.costs.resources import Resources
from fcn_hw.dataflow.lowering import lower
from fcn_hw.design import Hls
from fcn_hw.estimate.design_folds import Folding
from fcn_hw.files import replace_file
from fcn_hw.fixed import FixedFormat, Overflow, Rounding, parse_format
from fcn_hw.harness.whole_set import cores
from fcn_hw.ir import Graph
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ops import Constant, Fold, Folded, Padding, Tensor
from fcn_hw.ops.convolution import Convolution
from fcn_hw.rtl.compile import compile_call
from fcn_hw.rtl.gates import plan_gates, read_gates
from fcn_hw.rtl.network import read_network
from fcn_hw.tools.runner import run

BOARD = "pynq-z2"
OPEN_BOARD = "ulx3s-85f"
MEASURED = {
    BOARD: Path(__file__).with_name("estimate_fit.json"),
    OPEN_BOARD: Path(__file__).with_name("estimate_fit_ecp5.json"),
}
ECP5_SHAPES = 6
"""Of each kind at most, the first; yosys takes longer for look-up tables of four inputs."""


@dataclass(frozen=True, eq=False)
class Point:
    """A shape of the grid.

    Args:
        kind: its row in the table.
        number: in its kind; the last of every three is held out.
        graph: an input or two, and the op ``y``.
        fold: of the op, where it has one.
        strategy: where its constants are.
    """

    kind: str
    number: int
    graph: Graph
    fold: Fold | None
    strategy: str

    @property
    def name(self) -> str:
        """Its key in the file of counts."""
        return f"{self.kind} {self.number}"

    @property
    def shape(self) -> str:
        """What was drawn; kept with the counts, which are of this shape and no other."""
        op = self.graph["y"]
        sources = " + ".join(_tensor(source) for source in self.graph.operands(op))
        fold = f", {self.fold} {self.strategy}" if self.fold else ""
        return f"{op.kind}: {sources} -> {_tensor(op.output)}{fold}"

    @property
    def held_out(self) -> bool:
        return self.number % 3 == 2

    def estimated(self, board: str = BOARD) -> Resources:
        """What the model says."""
        op = self.graph["y"]
        operands = self.graph.operands(op)
        return op.cost_on(operands, load_board(board).family, self.fold, self.strategy).resources


def _tensor(tensor: Tensor) -> str:
    return f"{tensor.height}x{tensor.width}x{tensor.channels} {tensor.format}"


class _Draw:
    """What a shape is drawn from, with the numbers of its kind."""

    def __init__(self, kind: str) -> None:
        self.rng = np.random.default_rng(list(kind.encode()))

    def of(self, *values: Any) -> Any:
        return values[int(self.rng.integers(len(values)))]

    def unsigned(self, *bits: int) -> FixedFormat:
        return FixedFormat(False, self.of(*bits), 1, Rounding.RND_CONV, Overflow.SAT)

    def signed(self, *bits: int) -> FixedFormat:
        return FixedFormat(True, self.of(*bits), 3, Rounding.RND_CONV, Overflow.SAT)

    def either(self, *bits: int) -> FixedFormat:
        return self.unsigned(*bits) if self.rng.integers(2) else self.signed(*bits)

    def codes(self, shape: tuple[int, ...], bits: int, integer: int = 1) -> Constant:
        most = 1 << (bits - 1)
        return Constant(self.rng.integers(-most, most, shape), FixedFormat(True, bits, integer))

    def size(self) -> tuple[int, int]:
        return self.of(12, 16, 24, 32), self.of(16, 24, 40, 64)


Drawn = tuple[GraphBuilder, Fold | None, str]


def _input(draw: _Draw, fmt: FixedFormat, channels: int) -> GraphBuilder:
    build = GraphBuilder("point")
    build.input("x", (*draw.size(), channels), fmt)
    return build


def _fold(draw: _Draw, build: GraphBuilder, least: int = 1, most: int = 64) -> Fold:
    op = build.op("y")
    assert isinstance(op, Folded)
    folds = [fold for fold in op.legal_folds() if fold == Fold(fold.pe, fold.simd)]
    chosen: Fold = draw.of(*([f for f in folds if least <= f.multipliers <= most] or folds))
    return chosen


def _conv(draw: _Draw, kernel: tuple[int, int]) -> Drawn:
    channels, filters = draw.of(3, 4, 8, 16, 24), draw.of(4, 8, 12, 16, 32)
    build = _input(draw, draw.either(2, 4, 4, 6, 8), channels)
    bits = draw.of(2, 4, 4, 4, 6, 8)
    pad = kernel[0] // 2, kernel[1] // 2
    build.conv2d(
        "y", "x", draw.codes((*kernel, channels, filters), bits), draw.codes((filters,), 8),
        strides=draw.of((1, 1), (1, 1), (2, 2)) if kernel != (1, 1) else (1, 1),
        padding=Padding(pad[0], pad[0], pad[1], pad[1]), fmt=draw.either(4, 4, 6, 8),
    )  # fmt: skip
    return build, _fold(draw, build, 4, 96), draw.of("Resource", "Resource", "Latency")


def conv2d(draw: _Draw) -> Drawn:
    return _conv(draw, draw.of((3, 3), (3, 3), (3, 3), (5, 5), (2, 2), (1, 5)))


def conv2d_1x1(draw: _Draw) -> Drawn:
    return _conv(draw, (1, 1))


def lanes(draw: _Draw) -> Drawn:
    channels, filters = draw.of(4, 6, 8, 16), draw.of(6, 12, 24)
    build = _input(draw, draw.either(4, 4, 8), channels)
    bits, kernel = draw.of(4, 4, 4, 8), draw.of((3, 3), (3, 3), (1, 1))
    build.conv2d(
        "y", "x", draw.codes((*kernel, channels, filters), bits), draw.codes((filters,), 8),
        padding=Padding(*(kernel[0] // 2,) * 4), fmt=draw.either(4, 4, 6, 8),
    )  # fmt: skip
    op = build.op("y")
    assert isinstance(op, Folded)
    folds = op.lane_folds((build.tensor("x"),), load_board(BOARD).family)
    fold: Fold = draw.of(
        *(f for f in folds if 6 <= f.multipliers <= 96 and f.taps < 9 and not f.lut_pe)
    )
    return build, fold, draw.of("Resource", "Latency")


def raster(draw: _Draw) -> Drawn:
    """Several taps at once, and several steps."""
    channels, filters = draw.of(3, 4, 6, 8, 16), draw.of(4, 6, 8, 12, 24)
    kernel = draw.of((3, 3), (3, 3), (3, 3), (5, 5), (2, 2), (1, 5))
    build = _input(draw, draw.either(2, 4, 4, 6, 8), channels)
    dilation = draw.of((1, 1), (1, 1), (1, 1), (2, 2))
    pad = (kernel[0] // 2 * dilation[0],) * 2 + (kernel[1] // 2 * dilation[1],) * 2
    build.conv2d(
        "y", "x", draw.codes((*kernel, channels, filters), draw.of(2, 4, 4, 8)),
        draw.codes((filters,), 8), strides=draw.of((1, 1), (1, 1), (2, 2)), dilation=dilation,
        padding=Padding(*pad), fmt=draw.either(4, 4, 6, 8),
    )  # fmt: skip
    op = build.op("y")
    assert isinstance(op, Convolution)
    fold: Fold = draw.of(
        *(
            f for f in op.legal_folds()
            if f.taps > 1 and 6 <= f.multipliers <= 108 and op.fold_steps(f) > 1
        )
    )  # fmt: skip
    return build, fold, draw.of("Resource", "Latency")


def constants(draw: _Draw) -> Drawn:
    """One step for everything: the weights are constants of the code."""
    channels, filters = draw.of(1, 2, 3, 4, 6), draw.of(4, 6, 8)
    kernel = draw.of((3, 3), (3, 3), (3, 3), (2, 2), (1, 3), (1, 1))
    build = _input(draw, draw.either(2, 4, 4, 6, 8), channels)
    codes = draw.codes((*kernel, channels, filters), draw.of(2, 4, 4, 4, 8))
    kept = draw.rng.random(codes.codes.shape) >= draw.of(0.0, 0.0, 0.3, 0.6)
    build.conv2d(
        "y", "x", Constant(codes.codes * kept, codes.format), draw.codes((filters,), 8),
        strides=draw.of((1, 1), (1, 1), (2, 2)) if kernel != (1, 1) else (1, 1),
        padding=Padding(*(kernel[0] // 2,) * 2, *(kernel[1] // 2,) * 2),
        fmt=draw.either(4, 4, 6, 8),
    )  # fmt: skip
    return build, Fold(filters, channels, kernel[0] * kernel[1]), "Resource"


def conv_transpose2d(draw: _Draw) -> Drawn:
    channels, filters = draw.of(3, 6, 8, 12), draw.of(3, 6, 8, 12)
    build = _input(draw, draw.either(4, 4, 6, 8), channels)
    height, width = build.tensor("x").shape[:2]
    kernel = draw.of(2, 4, 4)
    build.conv_transpose2d(
        "y", "x", draw.codes((kernel, kernel, channels, filters), draw.of(2, 4, 4, 8)),
        draw.codes((filters,), 8), strides=(2, 2), crop=(kernel // 2 - 1,) * 2,
        size=(2 * height, 2 * width), fmt=draw.either(4, 4, 6, 8),
    )  # fmt: skip
    return build, _fold(draw, build, 4, 48), "Resource"


def depthwise_conv2d(draw: _Draw) -> Drawn:
    channels = draw.of(4, 8, 12, 16, 32)
    build = _input(draw, draw.either(4, 4, 6, 8), channels)
    build.depthwise_conv2d(
        "y", "x", draw.codes((3, 3, channels, draw.of(1, 1, 2)), draw.of(2, 4, 4, 8)),
        strides=draw.of((1, 1), (2, 2)), padding=Padding(1, 1, 1, 1), fmt=draw.either(4, 4, 6, 8),
    )  # fmt: skip
    return build, _fold(draw, build, 1, 32), draw.of("Resource", "Latency")


def filter_shifts(draw: _Draw) -> Drawn:
    """Weights with a binary point a filter, up to four places apart."""
    channels, filters = draw.of(4, 8, 16, 24), draw.of(6, 8, 12, 24)
    kind, kernel = draw.of(("conv2d", 1), ("conv2d", 1), ("conv2d", 3), ("depthwise_conv2d", 3))
    apart = kind != "conv2d"
    build = _input(draw, draw.either(4, 4, 6, 8), channels)
    bits, count = draw.of(4, 4, 8), channels if apart else filters
    narrow = draw.codes((kernel, kernel, channels, 1 if apart else filters), bits)
    shifts = draw.rng.permutation(np.arange(count) % draw.of(2, 4, 5, 5))
    codes = narrow.codes << (shifts[:, None] if apart else shifts)
    getattr(build, kind)(
        "y", "x", Constant(codes, FixedFormat(True, bits + int(shifts.max()), 1)),
        draw.codes((count,), 12), padding=Padding(*(kernel // 2,) * 4), fmt=draw.either(4, 4, 6, 8),
    )  # fmt: skip
    return build, _fold(draw, build, 1, 48), draw.of("Resource", "Latency")


def batch_norm(draw: _Draw) -> Drawn:
    channels = draw.of(4, 8, 16, 24)
    build = _input(draw, draw.either(4, 8, 12), channels)
    scale, bias = draw.codes((channels,), draw.of(4, 6, 8)), draw.codes((channels,), 10, 3)
    build.batch_norm("y", "x", scale, bias, fmt=draw.either(4, 6, 8))
    return build, _fold(draw, build), "Resource"


def threshold(draw: _Draw) -> Drawn:
    channels, count = draw.of(4, 8, 16), draw.of(1, 3, 7, 15)
    build = _input(draw, draw.signed(6, 8, 12), channels)
    fmt = build.tensor("x").format
    codes = np.sort(draw.rng.integers(fmt.min_code, fmt.max_code, (channels, count)), axis=1)
    step = draw.rng.choice([-1, 1], channels)
    build.threshold(
        "y", "x", Constant(codes, fmt),
        Constant(np.where(step < 0, count, 0), parse_format("fixed<8,8>")),
        Constant(step, parse_format("fixed<2,2>")),
    )  # fmt: skip
    return build, _fold(draw, build), "Resource"


def lookup(draw: _Draw) -> Drawn:
    bits = draw.of(3, 4, 6, 8)
    build = _input(draw, draw.unsigned(bits), draw.of(2, 4, 8))
    build.lookup("y", "x", draw.codes((1 << bits,), draw.of(4, 6, 8)))
    return build, None, ""


def _pool(draw: _Draw, kind: str) -> Drawn:
    build = _input(draw, draw.either(2, 4, 6, 8), draw.of(3, 6, 8, 16, 24))
    pool, strides, pad = draw.of(
        ((2, 2), (2, 2), 0), ((2, 2), (2, 2), 0), ((3, 3), (2, 2), 1), ((3, 3), (1, 1), 1)
    )
    formats = {"fmt": draw.either(4, 6)} if kind == "average_pool2d" else {}
    getattr(build, kind)("y", "x", pool, strides, Padding(pad, pad, pad, pad), **formats)
    return build, None, ""


def max_pool2d(draw: _Draw) -> Drawn:
    return _pool(draw, "max_pool2d")


def average_pool2d(draw: _Draw) -> Drawn:
    return _pool(draw, "average_pool2d")


def upsample_nearest(draw: _Draw) -> Drawn:
    build = _input(draw, draw.either(2, 4, 6, 8), draw.of(3, 6, 8, 16, 24))
    build.upsample_nearest("y", "x", draw.of((2, 2), (4, 4), (1, 2)))
    return build, None, ""


def upsample_bilinear(draw: _Draw) -> Drawn:
    build = _input(draw, draw.either(2, 4, 6, 8), draw.of(2, 4, 6, 11, 16))
    scale = draw.of((2, 2), (2, 2), (4, 4), (8, 8), (1, 2))
    formats = draw.of({}, {"fmt": draw.signed(6, 8)})
    build.upsample_bilinear("y", "x", scale, **formats)
    return build, None, ""


def arg_max(draw: _Draw) -> Drawn:
    build = _input(draw, draw.either(2, 4, 6, 8, 12, 16), draw.of(2, 3, 6, 11, 16, 21))
    build.arg_max("y", "x")
    return build, None, ""


def joins(draw: _Draw) -> Drawn:
    build = _input(draw, draw.either(2, 4, 6, 8), draw.of(2, 4, 6, 11, 16))
    build.input("x2", build.tensor("x").shape, draw.either(2, 4, 6, 8))
    kind = draw.of(
        "skip_add", "skip_add", "skip_add", "skip_subtract", "skip_maximum", "skip_minimum"
    )
    getattr(build, kind)("y", "x", "x2", **draw.of({}, {"fmt": draw.signed(4, 6)}))
    return build, None, ""


def skip_multiply(draw: _Draw) -> Drawn:
    channels = draw.of(3, 4, 8, 12)
    build = _input(draw, draw.either(2, 4, 6, 8), channels)
    gate = (*build.tensor("x").shape[:2], draw.of(1, channels))
    build.input("x2", gate, draw.either(2, 4, 6))
    build.skip_multiply("y", "x", "x2", fmt=draw.either(4, 6))
    return build, _fold(draw, build), "Resource"


def depth_to_space(draw: _Draw) -> Drawn:
    down, across = draw.of((2, 2), (2, 2), (4, 4), (1, 2), (3, 3))
    build = _input(draw, draw.either(2, 4, 6, 8), down * across * draw.of(1, 3, 4))
    build.depth_to_space("y", "x", (down, across))
    return build, None, ""


def skip_concat(draw: _Draw) -> Drawn:
    build = _input(draw, draw.either(2, 4, 6, 8), draw.of(2, 4, 6, 11, 16))
    build.input("x2", build.tensor("x").shape, build.tensor("x").format)
    build.skip_concat("y", "x", "x2")
    return build, None, ""


def relu(draw: _Draw) -> Drawn:
    build = _input(draw, draw.signed(4, 6, 8, 12), draw.of(2, 4, 6, 11, 16))
    build.relu("y", "x", **draw.of({}, {"fmt": draw.unsigned(4, 6)}))
    return build, None, ""


def quantize(draw: _Draw) -> Drawn:
    build = _input(draw, draw.signed(8, 12, 16), draw.of(2, 4, 6, 11, 16))
    build.quantize("y", "x", draw.either(4, 6))
    return build, None, ""


def crop2d(draw: _Draw) -> Drawn:
    build = _input(draw, draw.either(2, 4, 8), draw.of(2, 6, 16))
    height, width = build.tensor("x").shape[:2]
    build.crop2d("y", "x", (1, 2), (height - 3, width - 4))
    return build, None, ""


def zero_pad2d(draw: _Draw) -> Drawn:
    build = _input(draw, draw.either(2, 4, 8), draw.of(2, 6, 16))
    build.zero_pad2d("y", "x", draw.of(Padding(1, 1, 1, 1), Padding(0, 1, 0, 1)))
    return build, None, ""


GRID: dict[Callable[[_Draw], Drawn], int] = {
    conv2d: 15, conv2d_1x1: 9, lanes: 9, raster: 15, constants: 3,
    conv_transpose2d: 9, depthwise_conv2d: 12, filter_shifts: 12,
    batch_norm: 9, threshold: 9,
    lookup: 3, max_pool2d: 9, average_pool2d: 9, upsample_nearest: 6,
    upsample_bilinear: 9, depth_to_space: 6, arg_max: 9, joins: 9, skip_multiply: 6,
    skip_concat: 3, relu: 12, quantize: 6, crop2d: 3, zero_pad2d: 3,
}  # fmt: skip
"""How many shapes of each kind."""


def points(board: str = BOARD) -> Iterator[Point]:
    """The grid, in the order of the table; of an open board, whose multipliers have no lanes, a
    part of it."""
    for make, shapes in GRID.items():
        ecp5 = 0 if make is lanes else min(shapes, ECP5_SHAPES)
        draw = _Draw(make.__name__)
        for number in range(ecp5 if board == OPEN_BOARD else shapes):
            build, fold, strategy = make(draw)
            yield Point(make.__name__, number, build.finish("y"), fold, strategy)


def measure(batch: Sequence[Point], board: str) -> dict[str, Any]:
    """What yosys counts of some shapes, all of whose products go to LUTs, or none of whose."""
    family = load_board(board).family
    (in_luts,) = {point.estimated(board).dsp == 0 for point in batch}
    with tempfile.TemporaryDirectory(prefix="fcn_hw_fit_") as text:
        folder = Path(text)
        names = {f"y{n}": point for n, point in enumerate(batch)}
        modules = {name: compiled(point, name, folder, board) for name, point in names.items()}
        instances = "".join(f"(* keep *) {name} of_{name}(); " for name in modules)
        verilog = "\n".join([*modules.values(), f"module {_TOP}(); {instances}endmodule\n"])
        run(plan_gates(_TOP, verilog, family, no_dsps=in_luts), folder)
        found = {}
        for name, point in names.items():
            gates = read_gates(name, folder, of=_TOP)
            model = point.estimated(board)
            found[point.name] = {
                "before": {"lut": model.lut, "ff": model.ff},
                "shape": point.shape, "lut": gates.lut, "ff": gates.ff, "dsp": gates.dsp,
                "bram18": round(2 * gates.bram36),
            }  # fmt: skip
    return found


_TOP = "points"
"""The module around those of a batch."""


def compiled(point: Point, name: str, folder: Path, board_name: str) -> str:
    """The Verilog of a shape, for the board's own clock.

    Args:
        name: of its module.
    """
    graph, board = point.graph, load_board(board_name)
    whole = load_board(BOARD)  # an open board has one input and one output
    folds = {} if point.fold is None else {"y": point.fold}
    strategies = {"y": point.strategy} if folds else {}
    dataflow = lower(graph)
    plan = plan_project(graph, whole, Hls(), Layout(Folding(folds, strategies), dataflow))
    streams = {
        process.name: ([s.name for s in process.inputs], [s.name for s in process.outputs])
        for process in dataflow.processes
    }
    network = read_network(graph.name, plan.files, streams)
    (call,) = network.calls
    found = compile_call(
        network, call, folder / name, family=board.family, period_ns=board.clock_period_ns
    )
    return found.verilog.replace("module y", f"module {name}", 1)


def measure_all(found: dict[str, Any], board: str) -> None:
    """Measures what the file has not, or has of another shape."""
    missing = [p for p in points(board) if found.get(p.name, {}).get("shape") != p.shape]
    batches = []
    for in_luts in (True, False):
        own = [point for point in missing if (point.estimated(board).dsp == 0) is in_luts]
        batches += [own[n : n + AT_ONCE] for n in range(0, len(own), AT_ONCE)]
    names = [point.name for point in points(board)]
    with ProcessPoolExecutor(cores(), mp_context=get_context("spawn")) as pool:
        for job in as_completed([pool.submit(measure, batch, board) for batch in batches]):
            for name, counts in job.result().items():
                found[name] = found.get(name, {}) | counts
            ordered = {name: found[name] for name in names if name in found}
            replace_file(MEASURED[board], json.dumps(ordered, indent=1) + "\n")


AT_ONCE = 9
"""Shapes that yosys maps in one run: it takes four seconds to read its libraries."""


def table(measured: Mapping[str, Any], board: str = BOARD) -> str:
    """The error of LUTs and flip-flops on the held-out third, in Markdown.

    An error is the sum of the absolute differences over the sum of what was measured, so that a
    process counts for what it takes of a device. In parentheses, that of the sums.
    """
    lines = [
        "| op | shapes | LUT, yosys | before | now | FF, yosys | before | now |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    held = [point for point in points(board) if point.held_out]
    for kind in dict.fromkeys(point.kind for point in held):
        lines.append(_row(kind, [p for p in held if p.kind == kind], measured, board))
    lines.append(_row("all", held, measured, board))
    return "\n".join(lines)


def _row(title: str, sample: Sequence[Point], measured: Mapping[str, Any], board: str) -> str:
    cells = [title, str(len(sample))]
    for quantity in ("lut", "ff"):
        truth = [measured[point.name][quantity] for point in sample]
        before = [measured[point.name]["before"][quantity] for point in sample]
        now = [getattr(point.estimated(board), quantity) for point in sample]
        cells += [f"{sum(truth):,}", _error(before, truth), _error(now, truth)]
    return f"| {' | '.join(cells)} |"


def _error(found: Sequence[int], truth: Sequence[int]) -> str:
    return f"{relative_error(found, truth):.0%} ({sum(found) / sum(truth) - 1:+.0%})"


def relative_error(found: Iterable[int], truth: Sequence[int]) -> float:
    """The sum of the absolute differences over the sum of what is true."""
    return sum(abs(a - b) for a, b in zip(found, truth, strict=True)) / sum(truth)


def read_measured(board: str = BOARD) -> dict[str, Any]:
    """The counts of a board's file by name.

    ``before`` is what the model said before it was fitted to this grid.
    """
    found: dict[str, Any] = json.loads(MEASURED[board].read_text(encoding="utf-8"))
    return found


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.estimate_fit", description=__doc__)
    parser.add_argument("--measure", action="store_true", help="what is missing, by yosys")
    parser.add_argument("--board", choices=MEASURED, default=BOARD)
    options = parser.parse_args()
    measured = read_measured(options.board)
    if options.measure:
        measure_all(measured, options.board)
    print(table(measured, options.board))


if __name__ == "__main__":
    main()
