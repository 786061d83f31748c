"""Conversions whose input lies wholly below the output's last bit, where ap_fixed finds no bit."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest
from header_bench import Case, check, make_case
from tiers import BOTH_TIERS, header_traits, mode_traits, of_tier

from fcn_hw.fixed import FixedFormat, Overflow, Rounding
from fcn_hw.ir import Graph
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ops import Constant, Fold

pytestmark = pytest.mark.gxx

FRACTION = 3


def target(signed: bool, rounding: Rounding, overflow: Overflow, below: int) -> FixedFormat:
    """A format whose last bit lies ``below`` bits above the first bit of an input of four bits."""
    return FixedFormat(signed, 3, 3 + 4 + below - FRACTION, rounding, overflow)


def one_op(kind: str, signed: bool, fmt: FixedFormat) -> Graph:
    build = GraphBuilder("net")
    image = build.input("image", (2, 3, 2), FixedFormat(signed, 4, 4 - FRACTION))
    if kind == "quantize":
        return build.finish(build.quantize("op", image, fmt))
    if kind == "relu":
        return build.finish(build.relu("op", image, fmt))
    if kind == "upsample_bilinear":
        return build.finish(build.upsample_bilinear("op", image, (2, 1), fmt=fmt))
    if kind == "skip_add":
        other = build.input("other", (2, 3, 2), FixedFormat(signed, 4, 4 - FRACTION))
        return build.finish(build.skip_add("op", image, other, fmt=fmt))
    weight = Constant(np.array([[[[1], [-1]]]]), FixedFormat(True, 2, 2))
    return build.finish(build.conv2d("op", image, weight, fmt=fmt))


def cases() -> list[Case]:
    found = []
    modes = list(product((False, True), (False, True), Rounding, Overflow))
    for index, (in_signed, signed, rounding, overflow) in enumerate(modes):
        fmt = target(signed, rounding, overflow, 1 + index % 3)
        found.append(make_case(one_op("quantize", in_signed, fmt), index))
    for kind, index in product(
        ("relu", "upsample_bilinear", "skip_add", "conv2d"), range(0, 48, 5)
    ):
        in_signed, signed, rounding, overflow = modes[index]
        fmt = target(signed, rounding, overflow, 2 + index % 4)
        fold = Fold(1, 2) if kind == "conv2d" else None
        found.append(make_case(one_op(kind, in_signed, fmt), index, fold))
    return found


@BOTH_TIERS
def test_nothing_left_of_the_input(tmp_path: Path, tier: str) -> None:
    check(of_tier(cases(), tier, mode_traits), tmp_path)


@BOTH_TIERS
def test_frames_side_by_side(tmp_path: Path, tier: str) -> None:
    check(of_tier(cases(), tier, header_traits), tmp_path, lanes=True)
