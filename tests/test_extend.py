"""Ops from outside the package. The whole way is ``examples/custom_operator.py``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fcn_hw.backend.project import plan_project
from fcn_hw.boards import load_board
from fcn_hw.design import Hls
from fcn_hw.errors import ConfigError, GraphError, TemplateError
from fcn_hw.extend import PROCESS, OpCost, register_operator, unregister_operator
from fcn_hw.fixed import Codes, convert, parse_format
from fcn_hw.ir import Graph, Op, Tensor
from fcn_hw.ir import intervals as ir_intervals
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ir.serialize import load, save
from fcn_hw.reference import EVALUATORS, evaluate
from fcn_hw.reference.evaluate import evaluate_parts


@dataclass(frozen=True)
class MirrorColumns(Op):
    """Columns in reverse, ``times`` times."""

    times: int


def oracle(op: MirrorColumns, codes: Sequence[Codes], operands: Sequence[Tensor]) -> Codes:
    flipped = codes[0][:, :, ::-1] if op.times % 2 else codes[0]
    return convert(flipped, operands[0].format.fraction, op.output.format)


def rules(op: MirrorColumns, operands: tuple[Tensor, ...]) -> Iterator[str]:
    if op.times < 1:
        yield f"times is {op.times}, must be 1 or more"


def files(folder: Path) -> dict[str, Any]:
    header, config = folder / "mirror_columns.h", folder / "mirror.j2"
    header.write_text("// a header\n")
    config.write_text("struct {{ name }}_config { static constexpr int width = {{ width }}; };\n")
    return {
        "evaluate": oracle,
        "interval": lambda op, operands: operands[0],
        "header": header,
        "config": config,
        "cost": lambda op, operands, family: OpCost(PROCESS),
        "rules": rules,
        "cycles": lambda op, operands: 2 * operands[0].height * operands[0].width,
    }


@pytest.fixture
def registered(tmp_path: Path) -> Iterator[dict[str, Any]]:
    given = files(tmp_path)
    register_operator(MirrorColumns, **given)
    yield given
    unregister_operator("MirrorColumns")


def network(times: int = 1) -> Graph:
    build = GraphBuilder("mirrored")
    build.input("image", (2, 3, 1), parse_format("ufixed<4,4>"))
    build.own(MirrorColumns, "flip", "image", times=times)
    return build.finish("flip")


def test_the_graph_knows_it(registered: dict[str, Any], tmp_path: Path) -> None:
    graph = network()
    codes = np.arange(6).reshape(1, 2, 3, 1)
    assert np.array_equal(evaluate(graph, {"image": codes})["flip"], codes[:, :, ::-1])
    (part,) = evaluate_parts(graph, {"image": codes.astype(np.uint8)})
    assert part[2]["flip"].dtype == np.int64  # given to it, whatever our own ops pass on
    save(graph, tmp_path / "graph")
    assert load(tmp_path / "graph") == graph
    assert "MirrorColumns(%image) times=1" in (tmp_path / "graph/graph.txt").read_text()
    assert ir_intervals.intervals(graph)["flip"][0].high == 15
    with pytest.raises(GraphError, match="MirrorColumns 'flip': times is 0, must be 1 or more"):
        network(0)
    unregister_operator("MirrorColumns")
    with pytest.raises(ConfigError, match="'MirrorColumns' is no op; near:"):
        load(tmp_path / "graph")
    register_operator(MirrorColumns, **registered)


def test_the_project_has_its_header_and_config(registered: dict[str, Any]) -> None:
    plan = plan_project(network(), load_board("pynq-z2"), Hls())
    assert plan.files["firmware/fcn_hw/mirror_columns.h"] == b"// a header\n"
    assert "struct flip_config { static constexpr int width = 3; };" in str(
        plan.files["firmware/parameters.h"]
    )
    call = "fcn_hw::mirror_columns<image_t, flip_t, flip_config>(image, flip);"
    assert call in str(plan.files["firmware/mirrored.cpp"])
    registered["config"].write_text("{{ nothing }}")
    with pytest.raises(TemplateError, match="'nothing' is undefined"):
        plan_project(network(), load_board("pynq-z2"), Hls())


def test_a_second_registration_replaces_the_first(
    registered: dict[str, Any], tmp_path: Path
) -> None:
    again = dataclass(frozen=True)(
        type("MirrorColumns", (Op,), {"__annotations__": {"times": int}})
    )
    register_operator(again, **registered)
    assert MirrorColumns not in EVALUATORS
    assert again in EVALUATORS
    unregister_operator("MirrorColumns")
    unregister_operator("MirrorColumns")
    unregister_operator("Relu")  # not from outside: stays
    assert "Relu" in {kind.__name__ for kind in EVALUATORS}


def test_what_is_refused(tmp_path: Path) -> None:
    given = files(tmp_path)

    def refused(kind: type[Op], message: str, **changes: Any) -> None:
        with pytest.raises(ConfigError, match=message):
            register_operator(kind, **{**given, **changes})
        assert kind not in EVALUATORS

    (tmp_path / "other.h").write_text("")
    refused(MirrorColumns, "must be named mirror_columns.h", header=tmp_path / "other.h")
    refused(MirrorColumns, "no such file", config=tmp_path / "none.j2")
    refused(type("Relu", (Op,), {}), "has an op 'Relu' of its own")
    (tmp_path / "windows.h").write_text("")
    refused(
        dataclass(frozen=True)(type("Windows", (Op,), {})),
        "has a header 'windows.h' of its own",
        header=tmp_path / "windows.h",
    )
    floating = dataclass(frozen=True)(
        type("MirrorColumns", (Op,), {"__annotations__": {"times": float}})
    )
    refused(floating, "op 'MirrorColumns': field 'times' can't be stored")
