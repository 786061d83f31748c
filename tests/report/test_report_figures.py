"""Where things are drawn."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from html_checks import Document

from fcn_hw.fixed import parse_format, to_float
from fcn_hw.ops import Constant
from fcn_hw.report.figures.bars import bar_part, percent
from fcn_hw.report.figures.histogram import histogram_figure


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


def test_bars_stay_in_their_cell() -> None:
    assert percent(5, 0) == 0 and percent(3, 2) == 100 and percent(-1, 2) == 0
    part = bar_part(90, 20, 100, "#000")
    assert (part.x, part.width) == ("90.00", "10.00")
