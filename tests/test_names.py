"""Names of emitted projects: what is given for a layer's name, and what no graph may have."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from fcn_hw.backend.hls4ml_bridge import ap_types_folder
from fcn_hw.backend.project import plan_project
from fcn_hw.boards import load_board
from fcn_hw.design import Hls
from fcn_hw.fixed import parse_format
from fcn_hw.ir import Graph
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.names import MAX_NAME_LENGTH, Names, graph_name, graph_refusal
from fcn_hw.ops import Constant
from fcn_hw.tools.runner import write_files

NASTY = (
    "Conv1 conv1 conv1_t conv_1 conv_1_config CONV_1_WEIGHTS conv1_to_conv1 conv1_out conv1_fork1 "
    "conv1_rest1 conv1_thresholds3 conv1_file int8 uint_fast32 size time ptrdiff errno EOF NULL "
    "stdin putc isnan linux unix main std abs y0 class int co_await char8_t requires final input "
    "output reg wire join always_comb table hls nnet fcn_hw ap_clk half config2 strategy weight "
    "net net_axi aux COM1 1st-conv a__b block/conv:2 x.1 \x1b[31mred \x00 über for while _ L_tmpnam"
).split(" ")
"""Names of layers that are words of a language, of a library, or one another's derived names."""


def test_given_names() -> None:
    names = Names("net")
    expected = {
        "image": "image", "input.1": "input_1", "in-put": "in_put", "1st": "op_1st", "": "op",
        "a__b": "a_b", "FC6": "fc6", "fc6": "fc6_2", "EOF": "eof", "int8": "op_int8",
        "Int": "op_Int", "int": "op_int_2", "size": "op_size", "net": "net_2", "Conv1": "Conv1",
        "conv1": "conv1_2", "conv1_t": "conv1_t_2", "score_t": "score_t", "score": "score_2",
        "conv1_weights": "conv1_weights_2", "conv1_extra": "conv1_extra", "\x1b[1m": "op_1m",
        "x" * 200: "x" * MAX_NAME_LENGTH, "X" * 200: "x" * (MAX_NAME_LENGTH - 2) + "_2",
    }  # fmt: skip
    assert {wanted: names.give(wanted) for wanted in expected} == expected
    assert names.renamed == {wanted: found for wanted, found in expected.items() if found != wanted}


def test_streams_make_way_for_ops_and_for_one_another() -> None:
    names = Names("net", ["a", "b", "a_to_b"])
    assert [names.give_one("a_to_b") for _ in range(2)] == ["a_to_b_2", "a_to_b_3"]
    assert [names.give_one(name) for name in ("a_out", "A_t", "a_to_b_2")] == [
        "a_out", "A_t_2", "a_to_b_2_2"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("model", "model"), ("my-unet.v2", "my_unet_v2"), ("class", "net_class"),
        ("math", "net_math"), ("2020", "net_2020"), ("CAMVID", "camvid"), ("", "net"),
        ("string", "net_string"), ("Time", "net_Time"),
    ],
)  # fmt: skip
def test_names_of_graphs(text: str, name: str) -> None:
    assert graph_name(text) == name
    assert graph_refusal(name) == ""


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        *((word, "a word of C, C++ or Verilog") for word in (
            "class", "int", "std", "main", "nnet", "hls", "small", "fcn_hw", "reg")),
        *((word, "for that of the C library") for word in ("math", "time", "string", "defines")),
        ("a__b", "two underscores in a row"), ("NET", "no small letter"),
        ("2net", "no C identifier"), ("n" * 129, "129 characters, 128 is the limit"),
    ],
)  # fmt: skip
def test_no_graph_has_these_names(name: str, reason: str) -> None:
    assert reason in graph_refusal(name)


def nasty_graph() -> Graph:
    """A chain of pixelwise ops, each tensor read twice, named like nothing that C++ would take."""
    names, build = Names("net"), GraphBuilder("net")
    fmt = parse_format("fixed<4,2>")
    last = build.input(names.give("stdout"), (2, 3, 1), fmt)
    other = build.input(names.give("stdout_file"), (2, 3, 1), fmt)
    last = build.skip_add(names.give("typename"), last, other, fmt=fmt)
    table, one = np.arange(16) - 8, Constant(np.array([1]), fmt)
    for index, wanted in enumerate(NASTY):
        name = names.give(wanted)
        if index % 4 == 0:
            last = build.skip_add(name, last, last, fmt=fmt)
        elif index % 4 == 1:
            weight = Constant(np.ones((1, 1, 1, 1)), fmt)
            last = build.conv2d(name, last, weight, fmt=fmt)
        elif index % 4 == 2:
            last = build.batch_norm(name, last, one, one, fmt=fmt)
        else:
            last = build.lookup(name, last, Constant(table, fmt), fmt=fmt)
    return build.finish(last)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("nasty")
    write_files(plan_project(nasty_graph(), load_board("pynq-z2"), Hls(ReuseFactor=1)), folder)
    return folder


def gxx(project: Path, sources: tuple[str, ...], *arguments: str) -> str:
    done = subprocess.run(
        ["g++", "-std=c++14", "-w", "-Ifirmware", "-Itb/axis", "-isystem", str(ap_types_folder()),
         *arguments, *sources],
        cwd=project, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, "\n".join(re.findall(r".*error:.*", done.stderr)[:40])
    return done.stdout


SOURCES = ("firmware/net.cpp", "firmware/net_axi.cpp", "tb/csim_main.cpp")


def test_a_project_of_nasty_names_compiles(project: Path) -> None:
    gxx(project, SOURCES, "-fsyntax-only", "-DFCN_HW_TRACE")
    files = [path.name.lower() for path in (project / "firmware" / "weights").iterdir()]
    assert len(set(files)) == len(files)


def test_macros_and_types_of_what_is_included_are_known(project: Path) -> None:
    """Whatever a layer is named, what is made of its name can be declared beside all headers."""
    bench = ("tb/csim_main.cpp",)
    macros = set(re.findall(r"#define (\w+)", gxx(project, bench, "-E", "-dM")))
    types = set(re.findall(r"\b([a-zA-Z]\w*)_t\b", gxx(project, bench, "-E", "-P")))
    assert len(macros) > 500 and len(types) > 100
    names = Names("net", ["op_net"])
    given = [names.give(word) for word in sorted(macros | types)]
    lines = [
        f"struct {name}_config {{}}; typedef int {name}_t; int {name}_weights[2];\n"
        f'int f{index}() {{ {name}_t {name}(sizeof "{name}"); return {name}; }}'
        for index, name in enumerate(given)
    ]
    headers = re.findall(r"#include .*", (project / "tb/csim_main.cpp").read_text())
    text = [line for line in headers if "net_axi" not in line]
    (project / "words.cpp").write_text("\n".join(['#include "ap_fixed.h"', *text, *lines]) + "\n")
    gxx(project, ("words.cpp",), "-fsyntax-only")
