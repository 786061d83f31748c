"""The emitted project: its text, and what hls4ml holds of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sample_graphs import tiny_graph

from fcn_hw.backend.project import plan_project
from fcn_hw.boards import load_board
from fcn_hw.design import Hls, HlsLayer
from fcn_hw.ir import Graph
from fcn_hw.plan import Plan

GOLDEN = Path(__file__).parent.parent / "golden" / "tiny"
HLS = Hls(ReuseFactor=4, LayerName={"conv2": HlsLayer(ReuseFactor=1, Strategy="Latency")})


def plan(graph: Graph | None = None, board: str = "pynq-z2") -> Plan:
    return plan_project(graph or tiny_graph(), load_board(board), HLS)


def test_emitted_text(pytestconfig: pytest.Config) -> None:
    """Read the difference as an engineer would before you refresh it with --update-golden."""
    emitted = {
        path: text
        for path, text in plan().files.items()
        if not path.startswith(("firmware/fcn_hw/", "firmware/nnet_utils/", "tb/sim/", "tb/axis/"))
    }
    if pytestconfig.getoption("--update-golden"):
        for path, text in emitted.items():
            (GOLDEN / path).parent.mkdir(parents=True, exist_ok=True)
            (GOLDEN / path).write_text(str(text))
    stored = {
        str(path.relative_to(GOLDEN)): path.read_text()
        for path in GOLDEN.rglob("*")
        if path.is_file()
    }
    assert sorted(stored) == sorted(emitted)
    for path, text in emitted.items():
        assert text == stored[path], path


def test_text_depends_on_nothing_but_graph_board_and_settings() -> None:
    assert plan().digest == plan().digest
    assert plan(board="zcu104").digest != plan().digest
    home = str(Path.home())
    for path, data in plan().files.items():
        text = data if isinstance(data, str) else data.decode()
        assert home not in text and str(Path.cwd()) not in text, path
        assert not re.search(r"20\d\d-\d\d-\d\d", text), path


def test_part_and_clock_of_the_design_win() -> None:
    hls = Hls(Part="xc7a35ticsg324-1L", ClockPeriod=7.5)
    tcl = str(plan_project(tiny_graph(), load_board("pynq-z2"), hls).files["scripts/project.tcl"])
    assert 'set part "xc7a35ticsg324-1L"' in tcl
    assert "set clock_period_ns 7.5" in tcl


def test_every_stream_has_one_writer_and_one_reader() -> None:
    top = str(plan().files["firmware/tiny.cpp"])
    body = top[top.index("DATAFLOW") :]
    calls = re.findall(r"fcn_hw::\w+<[^;]*>\(([^;]*)\);", body)
    used = [name for call in calls for name in call.split(", ")]
    for name in re.findall(r'hls::stream<\w+> (\w+)\("', body):
        assert used.count(name) == 2, name
    assert used.count("image") == 1 and used.count("class_map") == 1
