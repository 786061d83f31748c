"""The model against yosys on the grid of ``benchmarks/estimate_fit.py``."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.estimate_fit import (
    BOARD,
    MEASURED,
    OPEN_BOARD,
    points,
    read_measured,
    relative_error,
    table,
)

DOCS = Path(__file__).parents[2] / "docs" / "estimates.md"

MOST = {BOARD: {"lut": 0.35, "ff": 0.4}, OPEN_BOARD: {"lut": 0.45, "ff": 0.6}}
MOST_OF_ALL = {BOARD: {"lut": 0.2, "ff": 0.2}, OPEN_BOARD: {"lut": 0.2, "ff": 0.25}}
"""Errors on the held-out shapes, of an op and of all; a wrong formula goes beyond them."""

BOARDS = pytest.mark.parametrize("board", MEASURED)
SMALL = 400
"""LUTs, or flip-flops, that are few either way."""


@BOARDS
def test_counts_are_of_the_shapes_that_are_drawn(board: str) -> None:
    measured = read_measured(board)
    assert {point.name: point.shape for point in points(board)} == {
        name: counts["shape"] for name, counts in measured.items()
    }


@BOARDS
def test_a_third_of_the_shapes_of_each_op_is_held_out(board: str) -> None:
    held = [point.kind for point in points(board) if point.held_out]
    every = [point.kind for point in points(board)]
    assert {kind: 3 * held.count(kind) for kind in every} == {
        kind: every.count(kind) for kind in every
    }


@BOARDS
def test_the_model_holds_on_the_shapes_that_were_held_out(board: str) -> None:
    measured, held = read_measured(board), [point for point in points(board) if point.held_out]
    for quantity in ("lut", "ff"):
        truth = {point: measured[point.name][quantity] for point in held}
        found = {point: getattr(point.estimated(board), quantity) for point in held}
        assert relative_error(found.values(), list(truth.values())) < MOST_OF_ALL[board][quantity]
        for kind in dict.fromkeys(point.kind for point in held):
            own = [point for point in held if point.kind == kind]
            total = [truth[point] for point in own]
            error = relative_error([found[point] for point in own], total)
            assert error < MOST[board][quantity] or sum(total) < SMALL, (
                f"{kind}, {quantity}: {error}"
            )


@BOARDS
def test_the_documents_table_is_the_commands_output(board: str) -> None:
    assert table(read_measured(board), board) in DOCS.read_text(encoding="utf-8")
