"""Positions of pooling windows, and the weights that follow from them."""

from __future__ import annotations

from math import lcm

from hypothesis import assume, given
from hypothesis import strategies as st

from fcn_hw.fixed import parse_format
from fcn_hw.ir import Graph
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ops import Padding
from fcn_hw.ops.average_pool2d import AveragePool2D, window_multiple, window_positions


@st.composite
def pooled(draw: st.DrawFn) -> Graph:
    """An average pooling, its edges as wide as they may be."""
    size = (draw(st.integers(1, 12)), draw(st.integers(1, 12)))
    pool = (draw(st.integers(1, 6)), draw(st.integers(1, 6)))
    edges = [draw(st.integers(0, pool[k // 2] - 1)) for k in range(4)]
    assume(all(pool[k] <= size[k] + edges[2 * k] + edges[2 * k + 1] for k in range(2)))
    build = GraphBuilder("net")
    build.input("x", (*size, 1), parse_format("ufixed<4,0>"))
    strides = (draw(st.integers(1, 4)), draw(st.integers(1, 4)))
    build.average_pool2d("y", "x", pool, strides, Padding(*edges))
    return build.finish("y")


def counted(graph: Graph) -> tuple[list[int], list[int]]:
    """Rows inside the frame of each row of windows, and columns of each column."""
    op, source = graph["y"], graph.tensor("x")
    assert isinstance(op, AveragePool2D)
    axes = []
    for axis, before in enumerate((op.padding.top, op.padding.left)):
        starts = [op.strides[axis] * n - before for n in range(op.output.shape[axis])]
        axes.append(
            [sum(0 <= k < source.shape[axis] for k in range(s, s + op.pool[axis])) for s in starts]
        )
    return axes[0], axes[1]


@given(pooled())
def test_positions_are_those_inside_the_frame(graph: Graph) -> None:
    op, source = graph["y"], graph.tensor("x")
    assert isinstance(op, AveragePool2D)
    for axis, before in enumerate((op.padding.top, op.padding.left)):
        found = window_positions(
            source.shape[axis], op.pool[axis], op.strides[axis], before, op.output.shape[axis]
        )
        assert found == counted(graph)[axis]


@given(pooled())
def test_the_multiple_is_that_of_the_rows_times_that_of_the_columns(graph: Graph) -> None:
    """What average_pool2d.h rests on: a weight is a factor of the row times one of the column."""
    op, (rows, columns) = graph["y"], counted(graph)
    assert isinstance(op, AveragePool2D)
    assert op.multiple == lcm(*(r * c for r in rows for c in columns)) == lcm(*rows) * lcm(*columns)
    weights = {(lcm(*rows) // r) * (lcm(*columns) // c) for r in rows for c in columns}
    assert op.window_weights(graph.tensor("x")) == tuple(sorted(weights))
    assert op.multiple == op.divisor << op.multiple_bits and op.divisor % 2 == 1


def test_known_multiples() -> None:
    def multiple(size: int, pool: int, stride: int, edge: int, windows: int) -> int:
        square = [(n, n) for n in (size, pool, stride, windows)]
        padding = Padding(edge, edge, edge, edge)
        return window_multiple(*square[:3], padding, square[3])

    assert multiple(8, 2, 2, 0, 4) == 4
    assert multiple(9, 3, 3, 0, 3) == 9, "all windows have 9 positions: the weight is 1"
    assert multiple(5, 3, 1, 1, 5) == 36
    assert multiple(1, 3, 1, 1, 1) == 1
