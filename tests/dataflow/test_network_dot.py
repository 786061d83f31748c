"""The Graphviz picture of a design."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest
from sample_graphs import tiny_graph

from fcn_hw.dataflow.lowering import lower
from fcn_hw.dataflow.network_dot import network_dot
from fcn_hw.ir.cycles import Fold


def picture() -> str:
    dataflow = lower(tiny_graph()).with_depths({"conv1_to_skip": 31})
    return network_dot(dataflow, {"conv1": Fold(2, 1)}, {"conv1": 477})


def test_shows_formats_folds_depths_and_cycles() -> None:
    text = picture()
    dataflow = lower(tiny_graph())
    edges = re.findall(r"^\t(\w+) -> (\w+) \[label=\"?(.*?)\"? penwidth", text, re.M | re.S)
    assert len(edges) == len(dataflow.fifos) + len(dataflow.inputs) + len(dataflow.outputs)
    assert "conv1\nConv2D\n2 x 1 multipliers\n477 cycles" in text
    (skip,) = (label for tail, head, label in edges if (tail, head) == ("conv1_fork1", "skip"))
    assert "6x8x2 ufixed<4,2,RND_CONV,SAT>" in skip
    assert "depth 31" in skip
    assert picture() == text


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz's dot is not on PATH")
def test_dot_draws_it() -> None:
    done = subprocess.run(
        ["dot", "-Tsvg"], input=picture(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "multipliers" in done.stdout
