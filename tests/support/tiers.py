"""The two tiers of a grid of cases: what `make test` runs, and the rest, for `make test-all`.

A grid crosses sizes, kernels, formats and folds far more often than a wrong line needs to be met.
The everyday tier is the smallest choice (greedy, in the grid's order) in which each trait of each
kind of op occurs.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Hashable, Iterable, Sequence
from typing import Any, TypeVar

import pytest
from header_bench import Case

from fcn_hw.fixed import FixedFormat, Overflow, Rounding
from fcn_hw.ops.convolution import Convolution

T = TypeVar("T")

BOTH_TIERS = pytest.mark.parametrize(
    "tier", [pytest.param("everyday"), pytest.param("rest", marks=pytest.mark.grid)]
)
"""Runs a test twice: on the everyday part of a grid, and on the rest of it in `make test-all`."""


def in_tiers(values: Iterable[Any], everyday: Container[Any]) -> list[Any]:
    """Values of ``pytest.mark.parametrize``; those not named everyday are for `make test-all`."""
    return [
        pytest.param(*(value if isinstance(value, tuple) else (value,)), marks=marks)
        for value in values
        for marks in [() if value in everyday else pytest.mark.grid]
    ]


def of_tier(
    cases: Sequence[T],
    tier: str,
    traits: Callable[[T], frozenset[Hashable]],
    always: Sequence[T] = (),
) -> list[T]:
    """The cases of a tier; both tiers together have all cases, and none twice.

    Args:
        cases: of a grid.
        traits: of a case; each occurs in the everyday tier.
        always: cases that were written for one thing each; all are in the everyday tier.
    """
    chosen = covering([traits(case) for case in cases])
    if tier == "rest":
        return [case for index, case in enumerate(cases) if index not in chosen]
    return [*(cases[index] for index in sorted(chosen)), *always]


def covering(traits: Sequence[frozenset[Hashable]]) -> set[int]:
    """Indices of cases that hold every trait, by the greedy choice of set cover."""
    missing: set[Hashable] = set().union(*traits)
    chosen: set[int] = set()
    while missing:
        best = max(range(len(traits)), key=lambda index: len(traits[index] & missing))
        chosen.add(best)
        missing -= traits[best]
    return chosen


def header_traits(case: Case) -> frozenset[Hashable]:
    """What a header may do otherwise for another case, each with the kind of the op."""
    op, graph = case.op, case.graph
    tensors = [graph.tensor(name) for name in op.inputs]
    first = tensors[0]
    found: dict[str, Hashable] = {
        "rounds": op.output.format.rounding is not Rounding.TRN,
        "saturates": op.output.format.overflow is not Overflow.WRAP,
        "sources": len(tensors),
        "height": first.height == 1,
        "width": first.width == 1,
        "channels": first.channels == 1,
        "signed": first.format.signed,
        "format": _size(first.format),
    }
    for name in ("weight", "bias"):
        constant = getattr(op, name, None)
        found[name] = None if constant is None else _size(constant.format)
    for name in ("strides", "dilation", "kernel", "pool", "scale"):
        pair = getattr(op, name, None)
        if isinstance(pair, tuple):
            found |= {f"{name} down": pair[0] == 1, f"{name} across": pair[1] == 1}
            found[f"{name} of one size"] = pair[0] == pair[1]
    padding = getattr(op, "padding", None)
    if padding is not None:
        for side in ("top", "bottom", "left", "right"):
            found[f"padding {side}"] = getattr(padding, side) > 0
    if case.fold is not None:
        outputs, pe, simd = op.output.channels, case.fold.pe, case.fold.simd
        found["pe"] = "one" if pe == 1 else "all" if pe == outputs else "some"
        found["simd"] = "one" if simd == 1 else "all" if simd == first.channels else "some"
        found["fold"] = (found["pe"], found["simd"])
        packing = op.packing(first, case.fold) if isinstance(op, Convolution) else None
        found["lanes"] = packing and (packing.lanes, packing.terms == 0, case.fold.lut_pe > 0)
        found["uneven groups"] = outputs % pe != 0
        if isinstance(op, Convolution):
            found["shifts"] = op.shifts_behind(first) is not None, found["lanes"]
            left_out = op.pixel_steps(case.fold).listed
            found["steps left out"] = left_out, op.is_pointwise(first)
        found["taps"] = "one" if case.fold.taps == 1 else "several"
        if case.fold.taps > 1:  # another engine: everything of its window again
            found |= {f"{name} of several taps": value for name, value in found.items()}
    return frozenset((op.kind, *trait) for trait in found.items())


def mode_traits(case: Case) -> frozenset[Hashable]:
    """Each rounding with each overflow, from and to numbers with a sign and without, any op."""
    source, target = case.graph.tensor(case.op.inputs[0]).format, case.op.output.format
    return frozenset(
        {
            ("kind", case.op.kind),
            (source.signed, target.signed, target.rounding, target.overflow),
        }
    )


def _size(fmt: FixedFormat) -> str:
    """Whether codes are a bit, a byte, an int or longer."""
    sizes = (("bit", 1), ("byte", 8), ("int", 32), ("long", 64))
    return next(name for name, bits in sizes if fmt.width <= bits)
