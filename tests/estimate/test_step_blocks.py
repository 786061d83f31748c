"""Which layers lose steps and how many, and that the hardware then leaves these steps out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fcn_hw.design import Pruning
from fcn_hw.estimate.options import options, steps_kept, without_steps
from fcn_hw.estimate.step_blocks import step_blocks
from fcn_hw.fixed import parse_format
from fcn_hw.flow.pruned_blocks import pruned_blocks
from fcn_hw.ir import Graph
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ops import Constant, Fold, Padding
from fcn_hw.ops.conv_transpose2d import ConvTranspose2D
from fcn_hw.ops.convolution import Convolution
from fcn_hw.train.pruning import choose_masks

FORMAT = parse_format("fixed<4,1>")


def weight(rng: np.random.Generator, *shape: int) -> Constant:
    return Constant(2 * rng.integers(-4, 4, shape) + 1, FORMAT)  # no zero


def network() -> tuple[Graph, dict[str, Fold]]:
    """Three layers of 36, 18 and 9 steps, and one of a single step."""
    rng, builder = np.random.default_rng(1), GraphBuilder("net")
    builder.input("x", (10, 12, 4), parse_format("ufixed<4,0>"))
    for name, source, channels in (("slow", "x", 8), ("middle", "slow", 8), ("fast", "middle", 8)):
        shape = builder.tensor(source).channels
        builder.conv2d(
            name, source, weight(rng, 3, 3, shape, channels), padding=Padding(1, 1, 1, 1),
            fmt=parse_format("ufixed<4,0,TRN,SAT>"),
        )  # fmt: skip
    builder.conv2d("one", "fast", weight(rng, 1, 1, 8, 4))
    folds = {"slow": Fold(2, 4), "middle": Fold(8, 4), "fast": Fold(8, 8), "one": Fold(4, 8)}
    return builder.finish("one"), folds


def cycles(graph: Graph, folds: dict[str, Fold], name: str, steps: int) -> int:
    op = graph[name]
    assert isinstance(op, Convolution)
    return op.cycles_of(graph.operands(op)[0], folds[name], steps)


@pytest.mark.parametrize("part", [0.0, 0.1, 0.3, 0.5, 0.75, 0.9])
def test_the_slowest_layers_lose_steps_until_the_part_is_reached(part: float) -> None:
    graph, folds = network()
    found = step_blocks(graph, folds, part, {})
    assert list(found) == ["slow", "middle", "fast"]  # not the one of a single step
    sizes = {name: graph[name].parameters for name in found}
    every = {"slow": 36, "middle": 18, "fast": 9}
    assert {name: blocks.every for name, blocks in found.items()} == every

    def zeros(left: dict[str, int]) -> float:
        return sum(sizes[name] * (1 - left[name] / every[name]) for name in found)

    left = {name: blocks.left for name, blocks in found.items()}
    assert zeros(left) <= part * sum(sizes.values()) + 1e-9
    least = {
        name: max(4 if name == "slow" else 1, -(-(1 - part) * n // 2)) for name, n in every.items()
    }
    assert all(left[name] >= least[name] for name in left)
    # One step less of each of the slowest layers that may lose one would be too many zeros.
    times = {
        name: cycles(graph, folds, name, left[name]) for name in left if left[name] > least[name]
    }
    if times:
        most = max(times.values())
        more = {name: n - (times.get(name) == most) for name, n in left.items()}
        assert zeros(more) > part * sum(sizes.values()) - 1e-9
        assert all(n == every[name] for name, n in left.items() if times.get(name, most) < most)


def test_layers_that_are_named_have_their_own_part() -> None:
    graph, folds = network()
    found = step_blocks(graph, folds, 0.3, {"slow": 0.0, "middle": 0.5})
    assert (found["slow"].left, found["middle"].left) == (36, 9)
    assert step_blocks(graph, folds, 0.3, {"slow": 0.999})["slow"].left == 4  # filter groups


def test_folds_are_chosen_for_the_steps_that_pruning_leaves() -> None:
    """Cycles of each option are those of the steps that are kept, one for each filter group."""
    graph, _ = network()
    op = graph["slow"]
    assert isinstance(op, Convolution)
    operands = graph.operands(op)
    for fold in (Fold(2, 4), Fold(8, 1), Fold(1, 4, 9), Fold(2, 2, 3)):
        every, groups = op.fold_steps(fold), 8 // fold.pe
        for part in (0.25, 0.5, 0.9):
            kept = steps_kept(every, groups, part)
            assert kept == max(groups, every - round(part * every))
            pruned = without_steps(op, fold, part)
            steps = pruned.pixel_steps(fold)
            assert steps.count == (kept if every - kept >= every / 8 else every)
            (option,) = options(op, operands, "7series", [fold], ["Resource"], part)
            assert option.cycles == pruned.cycles(operands, fold)
    assert steps_kept(8, 8, 0.5) == 8


def single(kind: str, kernel: tuple[int, int, int, int], fold: Fold) -> tuple[Graph, Any]:
    rng, builder = np.random.default_rng(3), GraphBuilder("net")
    builder.input("x", (6, 7, kernel[2]), parse_format("ufixed<4,0>"))
    more: dict[str, Any] = {}
    if kind == "conv_transpose2d":
        more = {"strides": (2, 2), "crop": (1, 1), "size": (12, 14)}
    getattr(builder, kind)("y", "x", weight(rng, *kernel), **more)
    graph = builder.finish("y")
    op = graph["y"]
    assert isinstance(op, Convolution) and fold in op.legal_folds()
    return graph, op


@pytest.mark.parametrize("part", [0.25, 0.5, 0.9])
@pytest.mark.parametrize(
    ("kind", "kernel", "fold"),
    [
        ("conv2d", (3, 3, 4, 6), Fold(2, 2)),
        ("conv2d", (3, 3, 4, 6), Fold(3, 2, 3)),
        ("conv2d", (1, 1, 8, 6), Fold(6, 1)),
        ("depthwise_conv2d", (3, 2, 6, 2), Fold(3, 1)),
        ("conv_transpose2d", (4, 4, 4, 6), Fold(2, 4)),
        ("conv_transpose2d", (3, 3, 4, 6), Fold(3, 2)),
    ],
)
def test_the_hardware_leaves_out_what_is_pruned(
    kind: str, kernel: tuple[int, int, int, int], fold: Fold, part: float
) -> None:
    """From Keras' kernel, over the mask, to the steps of the graph."""
    graph, op = single(kind, kernel, fold)
    blocks = pruned_blocks(graph, {"y": fold}, part, {"y": part})
    codes = op.weight.codes
    turned = (0, 1, 3, 2) if isinstance(op, ConvTranspose2D) else (0, 1, 2, 3)
    given = codes.transpose(turned).astype(np.float32)
    pruning = Pruning(sparsity=part, block="fold", board="pynq-z2")
    mask = choose_masks({"y": given}, pruning, blocks=blocks)["y"]
    pruned = replace(op, weight=Constant(codes * mask.transpose(turned).astype(np.int64), FORMAT))
    steps, wanted = pruned.pixel_steps(fold), round(part * op.fold_steps(fold))
    filters = op.filters // fold.pe
    assert steps.every - steps.count == min(wanted, steps.every - filters)
    norms = np.sqrt(np.sum(np.square(op.weight_rom(fold), dtype=float), axis=(1, 2)))
    gone = np.setdiff1d(np.arange(len(norms)), steps.words)
    phases = len(steps.numbers)
    shaped = np.where(np.isin(np.arange(len(norms)), gone), norms, -1.0).reshape(phases, -1)
    kept = np.where(np.isin(np.arange(len(norms)), gone), np.inf, norms)
    kept = kept.reshape(phases, filters, -1)
    largest = norms.reshape(phases, filters, -1).argmax(axis=2)
    np.put_along_axis(kept, largest[..., None], np.inf, axis=2)  # these stay in any case
    assert np.all(shaped.max(axis=1) <= kept.reshape(phases, -1).min(axis=1))
