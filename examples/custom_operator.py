"""An op that fcn_hw does not have, added from outside and proved exact.

    python examples/custom_operator.py --output /tmp/custom

An op is a class: what it means, computes, bounds and costs stands in it, and `absolute/` holds its
header and the template of its config struct. It reads and writes a pixel a cycle, as its base says.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import fcn_hw
from fcn_hw.costs.arithmetic import adder
from fcn_hw.costs.energy import ADD_PJ_A_BIT
from fcn_hw.costs.family import Family
from fcn_hw.costs.resources import OpCost
from fcn_hw.firing import CONVERT, STREAM
from fcn_hw.fixed import Whole, convert_whole, parse_format
from fcn_hw.intervals import Interval
from fcn_hw.ir import Graph
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ops import Constant, Fold, Operands, Padding
from fcn_hw.ops.base import pixel_process
from fcn_hw.ops.pixelwise import Pixelwise


@dataclass(frozen=True)
class Absolute(Pixelwise):
    """``|x|``, then conversion to the output's format."""

    folder = Path(__file__).parent / "absolute"
    converts = True

    def interval(self, operands: Sequence[Interval]) -> Interval:
        """What |x| can be where x lies between two codes."""
        (item,) = operands
        crosses_zero = item.low <= 0 <= item.high
        ends = (abs(item.low), abs(item.high))
        return Interval(0 if crosses_zero else min(ends), max(ends), item.fraction)

    def codes(self, codes: Sequence[Whole], operands: Operands) -> Whole:
        """The oracle, integers only: magnitudes have the input's binary point."""
        return convert_whole(np.abs(codes[0]), operands[0].format.fraction, self.output.format)

    def latency_cycles(self, operands: Operands, fold: Fold | None = None) -> int:
        return STREAM + CONVERT

    def cost(self, operands: Operands, family: Family, fold: Fold | None, strategy: str) -> OpCost:
        """A negation and a choice a channel, beside the process itself."""
        bits = operands[0].format.width + 1
        return OpCost(pixel_process(self.output) + adder(bits) * self.output.channels)

    def energy_pj(self, operands: Operands, fold: Fold | None = None) -> float:
        return self.output.size * ADD_PJ_A_BIT * operands[0].format.width


def network(height: int, width: int) -> Graph:
    """Edges: a convolution whose sign does not matter."""
    kernel = np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]]).reshape(3, 3, 1, 1)
    build = GraphBuilder("edges")
    build.input("image", (height, width, 1), parse_format("ufixed<8,0>"))
    build.conv2d(
        "sobel", "image", Constant(kernel, parse_format("fixed<3,3>")), padding=Padding(1, 1, 1, 1)
    )
    build.add(Absolute, "strength", "sobel")  # exact: the narrowest format that holds |x|
    build.add(Absolute, "coarse", "sobel", fmt=parse_format("ufixed<4,1,RND,SAT>"))
    build.skip_concat("both", "strength", "coarse")
    return build.finish("both")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--output", type=Path, default=Path("custom_operator"))
    arguments.add_argument("--height", type=int, default=48)
    arguments.add_argument("--width", type=int, default=64)
    given = arguments.parse_args()

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
