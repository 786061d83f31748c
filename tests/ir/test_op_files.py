"""CONTRIBUTING.md, "A new op": three files, found by their names, and nothing that lists ops."""

from __future__ import annotations

import re
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


def test_the_guide_names_what_there_is() -> None:
    (section,) = re.findall(r"## A new op\n(.*?)\n## ", GUIDE.read_text(), re.S)
    for template in ("fcn_hw/ops/<op>.py", "templates/include/fcn_hw/<op>.h",
                     "templates/config/<op>.h.j2"):  # fmt: skip
        assert template in section
    for path in re.findall(r"`((?:fcn_hw|tests|docs)/[\w/]+\.(?:py|md))`", section):
        assert (PACKAGE.parent / path).is_file(), path
    bases = re.findall(r"`([A-Z]\w+)`", section)
    known = {kind.__name__ for kind in _below(Op)} | {"Op", "CONFIG_T"}
    assert set(bases) <= known


def _below(kind: type[Op]) -> list[type[Op]]:
    return [item for sub in kind.__subclasses__() for item in (sub, *_below(sub))]
