"""A small network placed and routed for real: `make place-route`, a minute of processor time."""

from __future__ import annotations

from pathlib import Path

import pytest
from seeded_design import quiet, seed_design

from fcn_hw.boards import load_board
from fcn_hw.errors import ToolNotFound
from fcn_hw.flow.ecp5 import TOOLS, ecp5_bitstream
from fcn_hw.tools.find import find_tool

pytestmark = [pytest.mark.slow, pytest.mark.rtl, pytest.mark.gxx]


@pytest.mark.parametrize("name", ["ulx3s-85f", "ecpix5-85f"])
def test_a_bitstream(tmp_path: Path, name: str) -> None:
    for tool in TOOLS:
        try:
            find_tool(tool)
        except ToolNotFound as error:
            pytest.skip(error.message)
    board = load_board(name)
    found = ecp5_bitstream(seed_design(tmp_path), board, quiet())
    placement = found.placement
    assert found.bit is not None and found.bit.stat().st_size > 10_000
    assert placement.clock_mhz == pytest.approx(1000 / board.clock_period_ns), "the PLL's clock"
    used = {row.name: row for row in placement.resources}
    assert used["EBR"].used >= 2, "the FIFOs of the byte port"
    assert {n: row.available for n, row in used.items()} == {
        "LUT4": board.resources.lut, "FF": board.resources.ff,
        "EBR": 2 * board.resources.bram36, "MULT18X18D": board.resources.dsp,
    }  # fmt: skip
    owners = {part.owner for part in placement.path}
    assert owners & {"conv1", "score", "class_map"} or "byte port" in owners
    assert placement.path_ns == pytest.approx(1000 / placement.fmax_mhz, abs=0.6)
