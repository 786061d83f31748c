"""Ops from outside the package. The whole way is ``examples/custom_operator.py``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from fcn_hw.backend.project import plan_project
from fcn_hw.boards import load_board
from fcn_hw.costs.family import Family
from fcn_hw.costs.resources import OpCost
from fcn_hw.design import Hls
from fcn_hw.errors import ConfigError, GraphError, TemplateError
from fcn_hw.firing import STREAM, Loop
from fcn_hw.fixed import Whole, convert_whole, parse_format
from fcn_hw.intervals import Interval
from fcn_hw.ir import Graph
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ir.classes import check_class
from fcn_hw.ir.intervals import intervals
from fcn_hw.ir.serialize import load, save
from fcn_hw.ops import Constant, Fold, Op, Operands, Tensor, op_classes
from fcn_hw.ops.base import PROCESS
from fcn_hw.ops.pixelwise import Pixelwise
from fcn_hw.reference import evaluate


class Mirror(Pixelwise):
    """Columns in reverse: all answers, no fields."""

    converts = True

    def interval(self, operands: Sequence[Interval]) -> Interval:
        return operands[0]

    def codes(self, codes: Sequence[Whole], operands: Operands) -> Whole:
        return convert_whole(codes[0][:, :, ::-1], operands[0].format.fraction, self.output.format)

    def cycles(self, operands: Operands, fold: Fold | None = None) -> int:
        return 2 * self.output.pixels

    def loops(self, operands: Operands, fold: Fold | None = None) -> tuple[Loop, ...]:
        every = 2 * np.arange(self.output.pixels)
        return (Loop(every, every + 1, 2 * self.output.pixels),)

    def latency_cycles(self, operands: Operands, fold: Fold | None = None) -> int:
        return STREAM

    def cost(self, operands: Operands, family: Family, fold: Fold | None, strategy: str) -> OpCost:
        return OpCost(PROCESS)

    def energy_pj(self, operands: Operands, fold: Fold | None = None) -> float:
        return 0.0


def write_files(folder: Path, name: str) -> None:
    (folder / f"{name}.h").write_text("// a header\n")
    (folder / f"{name}.h.j2").write_text(
        "struct {{ name }}_config { static constexpr int width = {{ width }}; };\n"
    )


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[type[Mirror]]:
    """A class of names that settings of hls4ml's layers have too."""
    write_files(tmp_path, "mirror_columns")

    @dataclass(frozen=True)
    class MirrorColumns(Mirror):
        """Columns in reverse."""

        folder = tmp_path
        strategy: int
        index: int = 0
        reuse_factor: int = 1

        def rules(self, operands: Operands) -> Iterator[str]:
            if self.strategy < 1:
                yield f"strategy is {self.strategy}, must be 1 or more"

    yield MirrorColumns
    check_class.cache_clear()


def network(kind: type[Op], strategy: int = 1) -> Graph:
    build = GraphBuilder("mirrored")
    build.input("image", (2, 3, 1), parse_format("ufixed<4,4>"))
    build.add(kind, "flip", "image", strategy=strategy)
    return build.finish("flip")


def test_the_graph_knows_it(mirror: type[Mirror], tmp_path: Path) -> None:
    graph = network(mirror)
    codes = np.arange(6).reshape(1, 2, 3, 1)
    assert np.array_equal(evaluate(graph, {"image": codes})["flip"], codes[:, :, ::-1])
    save(graph, tmp_path / "graph")
    assert load(tmp_path / "graph") == graph
    text = (tmp_path / "graph/graph.txt").read_text()
    assert "MirrorColumns(%image) strategy=1" in text
    assert intervals(graph)["flip"][0].high == 15
    with pytest.raises(GraphError, match="MirrorColumns 'flip': strategy is 0, must be 1 or more"):
        network(mirror, 0)


def test_the_project_has_its_header_and_config(mirror: type[Mirror], tmp_path: Path) -> None:
    plan = plan_project(network(mirror), load_board("pynq-z2"), Hls())
    assert plan.files["firmware/fcn_hw/mirror_columns.h"] == b"// a header\n"
    assert "struct flip_config { static constexpr int width = 3; };" in str(
        plan.files["firmware/parameters.h"]
    )
    call = "fcn_hw::mirror_columns<image_t, flip_t, flip_config>(image, flip);"
    assert call in str(plan.files["firmware/mirrored.cpp"])
    (tmp_path / "mirror_columns.h.j2").write_text("{{ nothing }}")
    with pytest.raises(TemplateError, match="'nothing' is undefined"):
        plan_project(network(mirror), load_board("pynq-z2"), Hls())


def test_a_graph_whose_class_was_not_imported(mirror: type[Mirror], tmp_path: Path) -> None:
    save(network(mirror), tmp_path)
    path = tmp_path / "graph.json"
    path.write_text(path.read_text().replace("MirrorColumns", "MirrorRows"))
    with pytest.raises(
        ConfigError,
        match=r"ops\[1\] 'flip'.kind: 'MirrorRows' is no op of fcn_hw nor of a module that was "
        "imported; near: .*'MirrorColumns'",
    ):
        load(tmp_path)


def test_a_class_that_is_defined_again_takes_the_place_of_the_first(tmp_path: Path) -> None:
    write_files(tmp_path, "twice")

    def define() -> type[Op]:
        @dataclass(frozen=True)
        class Twice(Mirror):
            folder = tmp_path
            strategy: int

        return Twice

    first, second = define(), define()
    save(network(first), tmp_path)
    assert type(load(tmp_path)["flip"]) is second


def test_two_classes_of_one_name(tmp_path: Path) -> None:
    write_files(tmp_path, "doubled")

    def first() -> type[Op]:
        @dataclass(frozen=True)
        class Doubled(Mirror):
            folder = tmp_path
            strategy: int

        return Doubled

    def second() -> type[Op]:
        @dataclass(frozen=True)
        class Doubled(Mirror):
            folder = tmp_path

        return Doubled

    save(network(first()), tmp_path)
    other = second()
    with pytest.raises(
        ConfigError, match=r"two ops are named 'Doubled': .*first.*Doubled and .*second.*Doubled"
    ):
        load(tmp_path)
    with pytest.raises(ConfigError, match="two ops are named 'Doubled'"):
        check_class(other)


def test_a_class_that_leaves_a_question_open_cannot_be_made() -> None:
    @dataclass(frozen=True)
    class Silent(Pixelwise):
        pass

    with pytest.raises(TypeError, match=r"abstract .*codes.*cost.*energy_pj.*interval.*latency"):
        Silent("y", ("x",), Tensor("y", (1, 1, 1), parse_format("fixed<4,4>")))
    assert Silent not in op_classes()


def test_what_is_refused(tmp_path: Path) -> None:
    def refused(kind: type[Op], message: str) -> None:
        with pytest.raises(ConfigError, match=message):
            check_class(kind)

    @dataclass(frozen=True)
    class Fieldless(Mirror):
        folder = tmp_path

    refused(Fieldless, "fieldless.h: there is no such file")
    write_files(tmp_path, "fieldless")
    check_class(Fieldless)
    (tmp_path / "fieldless.h.j2").unlink()
    check_class.cache_clear()
    refused(Fieldless, "fieldless.h.j2: there is no such file")
    refused(Mirror, "op 'Mirror' is no dataclass")

    @dataclass(frozen=True)
    class Relu(Mirror):
        folder = tmp_path

    refused(Relu, "fcn_hw has an op 'Relu' of its own")

    @dataclass(frozen=True)
    class Windows(Mirror):
        folder = tmp_path

    write_files(tmp_path, "windows")
    refused(Windows, "fcn_hw has a header 'windows.h' of its own")

    @dataclass(frozen=True)
    class Floating(Mirror):
        folder = tmp_path
        times: float

    write_files(tmp_path, "floating")
    refused(Floating, "op 'Floating': field 'times' can't be stored")

    @dataclass(frozen=True)
    class Romless(Mirror):
        folder = tmp_path
        table: Constant

    write_files(tmp_path, "romless")
    refused(Romless, "op 'Romless' has constants, and its header gets none of them")
