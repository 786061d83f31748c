"""The model against yosys on the grid of ``benchmarks/estimate_fit.py``."""

from __future__ import annotations

from pathlib import Path

from benchmarks.estimate_fit import GRID, points, read_measured, relative_error, table

DOCS = Path(__file__).parents[2] / "docs" / "estimates.md"

MOST, MOST_OF_ALL = 0.35, 0.2
"""Errors on the held-out shapes, of an op and of all; a wrong formula goes beyond them."""
SMALL = 400
"""LUTs, or flip-flops, that are few either way."""


def test_counts_are_of_the_shapes_that_are_drawn() -> None:
    measured = read_measured()
    assert {point.name: point.shape for point in points()} == {
        name: counts["shape"] for name, counts in measured.items()
    }


def test_a_third_of_the_shapes_of_each_op_is_held_out() -> None:
    held = [point.kind for point in points() if point.held_out]
    assert {make.__name__: 3 * held.count(make.__name__) for make in GRID} == {
        make.__name__: count for make, count in GRID.items()
    }


def test_the_model_holds_on_the_shapes_that_were_held_out() -> None:
    measured, held = read_measured(), [point for point in points() if point.held_out]
    for quantity in ("lut", "ff"):
        truth = {point: measured[point.name][quantity] for point in held}
        found = {point: getattr(point.estimated(), quantity) for point in held}
        assert relative_error(found.values(), list(truth.values())) < MOST_OF_ALL
        for make in GRID:
            own = [point for point in held if point.kind == make.__name__]
            total = [truth[point] for point in own]
            error = relative_error([found[point] for point in own], total)
            assert error < MOST or sum(total) < SMALL, f"{make.__name__}, {quantity}: {error}"


def test_the_documents_table_is_the_commands_output() -> None:
    assert table(read_measured()) in DOCS.read_text(encoding="utf-8")
