"""CONTRIBUTING.md, "How to add": the places that it names exist, and for an op they are enough."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import fcn_hw
from fcn_hw.ops import OPS, Op
from fcn_hw.ops.input import Input

PACKAGE = Path(fcn_hw.__file__).parent
GUIDE = PACKAGE.parent / "CONTRIBUTING.md"

ABOUT_AN_OP = {
    "ir/graph.py": {"Input"},  # the ports of a graph
    "ir/build.py": {"Input"},
    "passes/fold_quantize.py": {"Quantize", "Relu"},
    "passes/remove_identity.py": {"Quantize"},
    "passes/separate_padding.py": {"Conv2D", "ZeroPad2D"},
    "backend/hls4ml_conv.py": {"Conv2D", "ZeroPad2D"},  # those that hls4ml computes
    "studies/search/variants.py": {"ConvTranspose2D"},  # the order of a Keras kernel
    "studies/sparsity/stage.py": {"ConvTranspose2D"},
    "flow/pruned_blocks.py": {"ConvTranspose2D"},
}
"""What is about certain ops; front ends and training are about all of them."""


@pytest.mark.parametrize("kind", [kind for kind in OPS if kind is not Input])
def test_the_three_files_have_the_name_of_the_op(kind: type[Op]) -> None:
    name = kind.snake_name()
    assert kind.__module__ == f"fcn_hw.ops.{name}"
    assert kind.__doc__ and not kind.__doc__.startswith(f"{kind.__name__}("), "no specification"
    assert re.search(rf"^void {name}\(", kind.header().read_text(), re.M)
    assert "struct {{ name | c_ident }}_config {" in kind.template().read_text()


def test_no_other_file_names_an_op() -> None:
    names = {kind.__name__ for kind in OPS}
    found: dict[str, set[str]] = {}
    for path in PACKAGE.rglob("*.py"):
        place = path.relative_to(PACKAGE).as_posix()
        if place.split("/")[0] in ("ops", "frontend", "train"):
            continue
        imports = re.findall(r"from fcn_hw\.ops[\w.]* import (\([^)]*\)|.*)", path.read_text())
        named = names & set(re.findall(r"\w+", " ".join(imports)))
        if named - ABOUT_AN_OP.get(place, set()):
            found[place] = named
    assert found == {}


EXAMPLES = {
    "op": "relu", "board": "pynq-z2", "name": "digits_fcn8s", "kind": "voc", "verb": "fifo",
    "id": "weights", "subject": "loops",
}  # fmt: skip
"""What stands for the words in <> of the guide."""

AT_MOST_3 = ("An op", "A data set", "A verb", "A section of the report")


def chapters() -> dict[str, tuple[int, list[str], str]]:
    """The chapters of the guide by title: places by the heading, the list of them, the text."""
    (guide,) = re.findall(r"## How to add\n(.*?)\n## ", GUIDE.read_text(), re.S)
    found = {}
    for chapter in guide.split("\n### ")[1:]:
        heading, _, text = chapter.partition("\n\n")
        title, count = re.fullmatch(r"(.*): (\d) places?", heading).groups()  # type: ignore[union-attr]
        found[title] = int(count), re.findall(r"^\d\. (.*)", text.split("\n\n")[0], re.M), text
    return found


def test_the_guide_counts_its_places_and_they_exist() -> None:
    found = chapters()
    assert len(found) == 8
    for title, (count, places, text) in found.items():
        assert count == len(places), title
        assert count <= 3 or title not in AT_MOST_3
        for place in places:
            assert place.startswith("`"), place
        for path in re.findall(r"`((?:fcn_hw|tests|docs|templates|constraints)/[^`\s]+)`", text):
            real = re.sub(r"<(\w+)>", lambda word: EXAMPLES[word[1]], path)
            assert (PACKAGE.parent / real).exists(), path
    bases = re.findall(r"`([A-Z]\w+)`", found["An op"][2])
    assert set(bases) <= {kind.__name__ for kind in _below(Op)} | {"Op", "CONFIG_T"}


HEAD = """from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fcn_hw.costs.arithmetic import adder
from fcn_hw.costs.energy import ADD_PJ_A_BIT
from fcn_hw.costs.family import Family
from fcn_hw.costs.resources import OpCost
from fcn_hw.firing import CONVERT, STREAM
from fcn_hw.fixed import Whole, convert_whole
from fcn_hw.intervals import Interval
from fcn_hw.ops.base import Fold, Operands, pixel_process
from fcn_hw.ops.pixelwise import Pixelwise

"""
USE = """
import fcn_hw
from fcn_hw.fixed import parse_format
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ops.absolute import Absolute

build = GraphBuilder("distance")
build.input("image", (3, 5, 2), parse_format("fixed<5,5>"))
build.add(Absolute, "far", "image")
fcn_hw.save_graph(build.finish("far"), "graph")
found = fcn_hw.csim_graph("graph", "pynq-z2", "project", images=2)
assert found.exact and found.values_compared == 2 * 3 * 5 * 2, found
assert fcn_hw.__file__.startswith({tree!r})
"""


@pytest.mark.gxx
def test_the_three_places_of_an_op_are_enough(tmp_path: Path) -> None:
    """The op of ``examples/custom_operator.py`` in a copy of the package, as one of its own."""
    for name in ("fcn_hw", "templates", "constraints"):
        left_out = shutil.ignore_patterns("__pycache__")
        shutil.copytree(PACKAGE.parent / name, tmp_path / name, ignore=left_out)
    examples = PACKAGE.parent / "examples"
    text = (examples / "custom_operator.py").read_text().partition("@dataclass")
    (written,) = re.findall(r"\n(@dataclass.*?)\n\n\ndef ", "\n" + "".join(text[1:]), re.S)
    written = re.sub(r"    folder = .*\n", "", written)
    places = chapters()["An op"][1]
    for place, content in zip(
        places,
        (
            HEAD + "\n" + written + "\n",
            (examples / "absolute/absolute.h").read_text(),
            (examples / "absolute/absolute.h.j2").read_text(),
        ),
        strict=True,
    ):
        path = tmp_path / place.split("`")[1].replace("<op>", "absolute")
        assert not path.exists()
        path.write_text(content)
    done = subprocess.run(
        [sys.executable, "-c", USE.format(tree=str(tmp_path))],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def _below(kind: type[Op]) -> list[type[Op]]:
    return [item for sub in kind.__subclasses__() for item in (sub, *_below(sub))]
