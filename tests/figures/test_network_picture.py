"""The network as boxes and arrows."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pytest
from html_checks import Document
from random_networks import random_network
from sample_graphs import tiny_graph

from fcn_hw.dataflow.lowering import lower
from fcn_hw.figures.network import network_svg
from fcn_hw.figures.placement import place
from fcn_hw.ops import Fold


def test_a_skip_runs_beside_what_it_skips() -> None:
    # 0 -> 1(fork) -> 2 -> 3 -> 4(join), 1 -> 4
    placed = place(5, [(0, 1), (1, 2), (1, 4), (2, 3), (3, 4)])
    assert placed.rows == (0, 1, 2, 3, 4)
    assert placed.lanes == (0, 0, 0, 0, 0)
    assert [wire.lane for wire in placed.wires] == [0, 0, 1, 0, 0]


def test_a_short_branch_goes_aside_and_a_lane_is_used_again() -> None:
    # two skips one after the other, each with an op on it: 2 and 6
    edges = [(0, 1), (0, 2), (1, 3), (2, 4), (3, 4), (4, 5), (4, 6), (5, 7), (6, 8), (7, 8)]
    placed = place(9, edges)
    assert placed.lanes == (0, 0, 1, 0, 0, 0, 1, 0, 0)
    assert placed.rows == (0, 1, 1, 2, 3, 4, 4, 5, 6)


@pytest.mark.parametrize("seed", range(12))
def test_random_networks_are_drawn_whole(seed: int) -> None:
    dataflow = lower(random_network(seed))
    text = network_svg(dataflow, folds={}, cycles={}, sized=True)
    ElementTree.fromstring(text)  # a file of its own
    page = Document(text)
    assert page.problems == []
    boxes = [e.attributes for e in page.all("rect") if e.attributes["fill"] == "#fff"]
    ports = len(dataflow.inputs) + len(dataflow.outputs)
    forks = sum(process.op is None for process in dataflow.processes)
    assert len(boxes) == ports + len(dataflow.processes) - forks
    assert len(page.all("circle")) == forks
    (svg,) = page.all("svg")
    width, height = (float(svg.attributes[name]) for name in ("width", "height"))
    corners = set()
    for box in boxes:
        x, y, wide, high = (float(box[name]) for name in ("x", "y", "width", "height"))
        assert x >= 0 and x + wide <= width and y >= 0 and y + high <= height
        corners.add((x, y))
    assert len(corners) == len(boxes)
    titles = [element.text for element in page.all("title")]
    for stream in (*dataflow.fifos, *dataflow.outputs):
        assert any(title.startswith(f"{stream.name}: ") for title in titles)


@pytest.mark.parametrize("seed", range(20))
def test_no_two_streams_share_a_place_in_a_lane(seed: int) -> None:
    rng = np.random.default_rng(seed)
    count = int(rng.integers(3, 30))
    edges = [(int(rng.integers(0, head)), head) for head in range(1, count)]
    edges += [
        (tail, int(rng.integers(tail + 1, count)))
        for tail in rng.integers(0, count - 1, count // 2).tolist()
    ]
    placed = place(count, edges)
    taken: dict[tuple[int, int], object] = {}
    for node in range(count):
        assert taken.setdefault((placed.lanes[node], placed.rows[node]), node) == node
    for number, wire in enumerate(placed.wires):
        assert placed.rows[wire.tail] < placed.rows[wire.head]
        assert wire.lane >= placed.lanes[wire.head]  # it comes in from the right
        for row in range(placed.rows[wire.tail] + 1, placed.rows[wire.head]):
            mine = f"wire {number}"
            assert taken.setdefault((wire.lane, row), mine) == mine


def test_shows_formats_folds_depths_and_cycles() -> None:
    dataflow = lower(tiny_graph()).with_depths({"conv1_to_skip": 31})
    text = network_svg(dataflow, folds={"conv1": Fold(2, 1)}, cycles={"conv1": 477}, sized=True)
    titles = [element.text for element in Document(text).all("title")]
    assert "conv1_to_skip: 6×8×2 ufixed<4,2,RND_CONV,SAT>, FIFO of 31 pixels" in titles
    (box,) = (title for title in titles if title.startswith("conv1: Conv2D; "))
    assert box.endswith("; PE 2 × SIMD 1, 477 cycles")
    assert text == network_svg(
        dataflow, folds={"conv1": Fold(2, 1)}, cycles={"conv1": 477}, sized=True
    )
    unsized = network_svg(dataflow, folds={}, cycles={}, sized=False)
    assert "FIFO of" not in unsized and "cycles" not in unsized
