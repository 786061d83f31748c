"""Ports, bytes and registers of the hardware."""

from __future__ import annotations

from fractions import Fraction
from typing import Literal

import pytest
from sample_graphs import tiny_graph

from fcn_hw.backend.axi_interface import AxiPort, AxiRegister, axi_interface
from fcn_hw.boards import Board, load_board
from fcn_hw.fixed import parse_format
from fcn_hw.ir import Graph
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.scaling import Scaling


def board(width_bits: int, control: Literal["axi_lite", "none"] = "axi_lite") -> Board:
    changed = {"axi_stream_width_bits": width_bits, "control": control}
    return load_board("pynq-z2").model_copy(update=changed)


def two_inputs() -> Graph:
    build = GraphBuilder("pair")
    left = build.input("left", (3, 5, 2), parse_format("fixed<11,3>"))
    right = build.input("right", (3, 5, 2), parse_format("fixed<17,3>"))
    return build.finish(build.skip_add("total", left, right))


def test_bytes_and_beats() -> None:
    found = axi_interface(tiny_graph(), board(64))
    image, classes = parse_format("ufixed<8,0>"), parse_format("ufixed<8,8>")
    assert found.top == "tiny_axi"
    assert found.inputs == (
        AxiPort("in_image", "in", "image", (6, 8, 1), image, 64, 1, 48, 6, "code * 1/256"),
    )
    assert found.outputs == (
        AxiPort(
            "out_class_map", "out", "class_map", (6, 8, 1), classes, 64, 1, 48, 6,
            "class of the largest score",
        ),
    )  # fmt: skip


def test_what_codes_stand_for() -> None:
    build = GraphBuilder("told")
    scaling = Scaling((Fraction(1, 255),), (Fraction(-1, 2),))
    build.input("image", (4, 4, 1), parse_format("ufixed<8,0>"), scaling=scaling)
    graph = build.finish(build.above_zero("mask", "image"), "image")
    interface = axi_interface(graph, board(64))
    assert [port.meaning for port in interface.inputs] == ["code * 1/255 - 1/2"]
    assert [port.meaning for port in interface.outputs] == [
        "class: 1 where the score is above 0", "code * 1/255 - 1/2",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("width_bits", "beats"), [(8, (60, 120)), (32, (15, 30)), (64, (8, 15)), (128, (4, 8))]
)
def test_wide_elements(width_bits: int, beats: tuple[int, int]) -> None:
    left, right = axi_interface(two_inputs(), board(width_bits)).inputs
    assert (left.bytes_per_element, left.bytes_per_frame) == (2, 60)
    assert (right.bytes_per_element, right.bytes_per_frame) == (4, 120)
    assert (left.beats_per_frame, right.beats_per_frame) == beats


def test_registers() -> None:
    found = axi_interface(two_inputs(), board(32)).registers
    assert [(item.name, item.offset, item.access) for item in found] == [
        ("ctrl", 0x00, "read/write"),
        ("frames", 0x20, "read"),
        ("design_id", 0x30, "read"),
        ("errors_left", 0x40, "read"),
        ("errors_right", 0x50, "read"),
    ]
    assert isinstance(found[0], AxiRegister)
    without = axi_interface(two_inputs(), board(32, "none"))
    assert (without.control, without.registers) == ("none", ())
