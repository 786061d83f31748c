"""Charts of estimates."""

from __future__ import annotations

from xml.etree import ElementTree

from estimate_graphs import fcn

from fcn_hw.boards import load_board
from fcn_hw.estimate.network import Estimate, estimate
from fcn_hw.figures.estimate import cycles_svg, resources_svg
from fcn_hw.ir.folding import choose_fold
from fcn_hw.ops.conv2d import Conv2D


def made() -> Estimate:
    graph = fcn()
    folds = {op.name: choose_fold(op, 36) for op in graph.ops if isinstance(op, Conv2D)}
    return estimate(graph, load_board("pynq-z2"), folds)


def test_pictures_show_the_numbers_and_are_the_same_every_time() -> None:
    result = made()
    cycles, resources = cycles_svg(result), resources_svg(result)
    assert (cycles, resources) == (cycles_svg(made()), resources_svg(made()))
    for text in (cycles, resources):
        words = [
            element.text
            for element in ElementTree.fromstring(text).iter("{http://www.w3.org/2000/svg}text")
        ]
        assert any("net on pynq-z2" in (word or "") for word in words)
    for layer in result.layers:
        assert f">{layer.name}<" in cycles
    share = 100 * result.resources.lut / 53200
    assert f"{share:.0f} % of 53,200" in resources
    assert "Date" not in cycles and "date" not in cycles
