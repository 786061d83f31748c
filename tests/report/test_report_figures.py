"""Where things are drawn."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from html_checks import Document
from random_networks import random_network

from fcn_hw.dataflow.lowering import lower
from fcn_hw.fixed import parse_format, to_float
from fcn_hw.ir import Constant
from fcn_hw.report.figures.bars import bar_part, percent
from fcn_hw.report.figures.histogram import histogram_figure
from fcn_hw.report.figures.network import network_figure
from fcn_hw.report.figures.occupancy import HEIGHT, TOP, WIDTH, occupancy_figure
from fcn_hw.report.figures.placement import place


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
    graph = random_network(seed)
    dataflow = lower(graph)
    text = network_figure("n", graph, dataflow, folds={}, cycles={}, sized=True)
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


def test_histogram_counts_each_weight_once() -> None:
    fmt = parse_format("fixed<3,1>")  # codes -4..3, steps of 1/4
    codes = np.array([-4, -1, 0, 0, 0, 1, 3, 3])
    text = str(histogram_figure("h", "conv<1>", Constant(codes, fmt), np.array([0.1, 0.5])))
    bars = [e.attributes for e in Document(text).all("rect")]
    heights = [float(bar["height"]) for bar in bars]
    unit = heights[0]  # one weight
    assert [round(h / unit) for h in heights] == [1, 1, 3, 1, 2]
    places = [float(bar["x"]) for bar in bars]
    steps = np.diff(places) / (places[2] - places[1])
    assert np.allclose(steps, [3, 1, 1, 2], atol=0.02)  # codes -4, -1, 0, 1, 3
    assert "8 weights, fixed&lt;3,1&gt;: 5 different values, 37.5 % zero" in text
    assert "conv&lt;1&gt;" in text and "conv<1>" not in text
    assert to_float(codes, fmt).min() == -1.0 and "from -1 to 0.75" in text


@pytest.mark.parametrize(
    ("codes", "fmt"),
    [
        ([0, 0], "fixed<4,1>"),
        ([5], "ufixed<8,8>"),
        ([-32768, 32767], "fixed<16,2>"),
        ([1], "fixed<1,1>"),
    ],
)
def test_histograms_of_odd_weights(codes: list[int], fmt: str) -> None:
    text = str(histogram_figure("h", "x", Constant(np.array(codes), parse_format(fmt)), None))
    assert "nan" not in text and "inf" not in text
    ElementTree.fromstring(re.sub(r"<figcaption>.*</figcaption>", "", text))
    bars = Document(text).all("rect")
    assert 1 <= len(bars) <= 2
    assert all(0 <= float(bar.attributes["x"]) <= 280 for bar in bars)


def test_outliers_among_float_weights_are_counted() -> None:
    before = np.concatenate([np.zeros(10_000), [100.0, -100.0]])
    text = histogram_figure(
        "h", "x", Constant(np.array([0, 1]), parse_format("fixed<4,1>")), before
    )
    assert "from -100 to 100, 2 of them outside the picture" in text


def test_occupancy_is_to_scale() -> None:
    text = occupancy_figure(
        "o", "skip", depth=8, cycles=(0, 50), pixels=(0, 4), end=100, frame_ends=(75,)
    )
    area, frame, limit = (e.attributes["d"] for e in Document(text).all("path"))
    assert frame == f"M{0.75 * WIDTH} 0V{HEIGHT}"
    assert limit == f"M0 {TOP}.0H{WIDTH}"
    assert f"L{WIDTH / 2} {TOP + (HEIGHT - TOP) / 2}" in area
    assert "at most 4 of 8 pixels" in text


def test_bars_stay_in_their_cell() -> None:
    assert percent(5, 0) == 0 and percent(3, 2) == 100 and percent(-1, 2) == 0
    part = bar_part(90, 20, 100, "#000")
    assert (part.x, part.width) == ("90.00", "10.00")
