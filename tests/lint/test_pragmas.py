"""Pragmas as they are read from text."""

from __future__ import annotations

from fcn_hw.lint.pragmas import read_pragmas
from fcn_hw.lint.roms import emptied

TEXT = """int a[4];
    #pragma HLS ARRAY_PARTITION variable = a, b cyclic factor=2 // why
\t# pragma  HLS INTERFACE mode=axis \\
        port=in
#pragma once
/* #pragma HLS UNROLL */ int x;
#pragma HLS
"""


def test_options_positions_and_continued_lines() -> None:
    first, second, third = read_pragmas("f.h", TEXT)
    assert (first.line, first.column, first.offset) == (2, 5, 14)
    assert TEXT[first.offset :].startswith("#pragma HLS ARRAY")
    assert first.kind == "array_partition"
    assert first.variables == ("a", "b")
    assert [(o.name, o.value) for o in first.options] == [
        ("variable", "a,b"),
        ("cyclic", None),
        ("factor", "2"),
    ]
    assert TEXT.split("\n")[1][first.options[2].column - 1 :].startswith("factor=2")
    assert first.word("type", frozenset(["cyclic", "block"])) == "cyclic"
    assert (second.line, second.value("mode"), second.value("port")) == (3, "axis", "in")
    assert TEXT[second.offset] == "#"
    assert (third.line, third.directive, third.options) == (7, "", ())


def test_long_tables_are_emptied_in_place() -> None:
    numbers = ",\n".join(["{1, -2, 0x3}"] * 40)
    text = f"static const int t[40][3] = {{{numbers}}};\nint after;\n"
    shorter = emptied(text)
    assert len(shorter) == len(text)
    assert shorter.count("\n") == text.count("\n")
    assert shorter.index("int after") == text.index("int after")
    assert "0x3" not in shorter
    assert shorter.startswith("static const int t[40][3] = {  ")
    assert emptied("int t[2] = {1, 2};") == "int t[2] = {1, 2};"
