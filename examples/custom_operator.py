"""An op that fcn_hw does not have, added from outside and proved exact.

    python examples/custom_operator.py --output /tmp/custom

Each thing has one place: the class says what the op means, the oracle computes it, the interval
bounds it, `absolute/absolute.h` builds it, `absolute/absolute.h.j2` sizes it, the cost estimates
it. It reads and writes a pixel a cycle, which is the firing rule where none is given.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import fcn_hw
from fcn_hw.estimate.arithmetic import adder
from fcn_hw.estimate.family import Family
from fcn_hw.extend import PROCESS, Interval, OpCost, register_operator
from fcn_hw.fixed import Codes, convert, parse_format
from fcn_hw.ir import Constant, Graph, Op, Tensor
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ir.ops import Padding

FOLDER = Path(__file__).parent / "absolute"


@dataclass(frozen=True)
class Absolute(Op):
    """``|x|``, then conversion to the output's format."""


def oracle(op: Absolute, codes: Sequence[Codes], operands: Sequence[Tensor]) -> Codes:
    """Integers only: the codes' magnitudes have the input's binary point."""
    return convert(np.abs(codes[0]), operands[0].format.fraction, op.output.format)


def interval(op: Absolute, operands: list[Interval]) -> Interval:
    """What |x| can be where x lies between two codes."""
    (item,) = operands
    crosses_zero = item.low <= 0 <= item.high
    ends = (abs(item.low), abs(item.high))
    return Interval(0 if crosses_zero else min(ends), max(ends), item.fraction)


def cost(op: Absolute, operands: tuple[Tensor, ...], family: Family) -> OpCost:
    """A negation and a choice a channel, beside the process itself."""
    bits = operands[0].format.width + 1
    return OpCost(PROCESS + adder(bits) * operands[0].channels)


def network(height: int, width: int) -> Graph:
    """Edges: a convolution whose sign does not matter."""
    kernel = np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]]).reshape(3, 3, 1, 1)
    build = GraphBuilder("edges")
    build.input("image", (height, width, 1), parse_format("ufixed<8,0>"))
    build.conv2d(
        "sobel", "image", Constant(kernel, parse_format("fixed<3,3>")), padding=Padding(1, 1, 1, 1)
    )
    build.own(Absolute, "strength", "sobel")  # exact: the narrowest format that holds |x|
    build.own(Absolute, "coarse", "sobel", fmt=parse_format("ufixed<4,1,RND,SAT>"))
    build.skip_concat("both", "strength", "coarse")
    return build.finish("both")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--output", type=Path, default=Path("custom_operator"))
    arguments.add_argument("--height", type=int, default=48)
    arguments.add_argument("--width", type=int, default=64)
    given = arguments.parse_args()

    register_operator(
        Absolute,
        evaluate=oracle,
        interval=interval,
        header=FOLDER / "absolute.h",
        config=FOLDER / "absolute.h.j2",
        cost=cost,
    )
    graph = network(given.height, given.width)
    fcn_hw.save_graph(graph, given.output / "graph")
    print(fcn_hw.show_graph(given.output / "graph").text())

    found = fcn_hw.csim_graph(given.output / "graph", "pynq-z2", given.output / "project", images=3)
    print(f"{found.values_compared:,} values compared, {found.mismatches} mismatches")
    run = fcn_hw.estimate_graph(given.output / "graph", "pynq-z2")
    layer = next(item for item in run.estimate.layers if item.name == "strength")
    print(f"'strength' takes {layer.cycles:,} cycles and about {layer.resources.lut:,.0f} LUTs")
    if found.mismatches:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
