"""What fcn_hw emits is clean, a spoiled project is not, and compilers have no warning."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
from dataflow_graphs import fcn8s
from random_networks import random_network
from sample_graphs import tiny_graph

from fcn_hw.backend.hls4ml_bridge import ap_types_folder
from fcn_hw.backend.project import plan_project
from fcn_hw.backend.structure import Layout
from fcn_hw.boards import load_board
from fcn_hw.dataflow.lowering import lower
from fcn_hw.design import Hls
from fcn_hw.estimate.design_folds import Folding
from fcn_hw.fixed import parse_format
from fcn_hw.ir import Graph
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.lint import lint_project
from fcn_hw.ops import Constant, Fold, Padding
from fcn_hw.results import read_result, write_result
from fcn_hw.tools.runner import write_files

NETWORKS = [2, 20]
"""Seeds: overlapping pools, 16 kinds of ops, five ways of skipping."""


def emit(graph: Graph, folder: Path, **settings: object) -> Path:
    hls = Hls(**({"ReuseFactor": 1} | settings))  # type: ignore[arg-type]
    write_files(plan_project(graph, load_board("pynq-z2"), hls), folder)
    return folder


@pytest.mark.parametrize("seed", NETWORKS)
def test_random_networks_are_clean(seed: int, tmp_path: Path) -> None:
    report = lint_project(emit(random_network(seed), tmp_path), [ap_types_folder()])
    assert report.findings == ()


def test_every_op_is_clean_and_told_the_same_twice(tmp_path: Path) -> None:
    emit(tiny_graph(), tmp_path, ReuseFactor=4)
    report = lint_project(tmp_path, [ap_types_folder()])
    assert report.findings == ()
    assert report.project == "tiny_axi"
    assert report.functions > 100
    write_result(tmp_path / "lint.json", report)
    assert read_result(tmp_path / "lint.json", type(report)) == report


def test_lanes_and_filters_in_luts_are_clean(tmp_path: Path) -> None:
    """Sums that are read at every step, and sums that stay packed."""
    weight = parse_format("fixed<4,1>")
    build = GraphBuilder("shared")
    build.input("image", (4, 8, 2), parse_format("ufixed<4,0>"))
    for name, source, shape in (("first", "image", (3, 3, 2, 6)), ("last", "first", (3, 3, 6, 4))):
        codes = np.random.default_rng(1).integers(-8, 8, shape)
        build.conv2d(name, source, Constant(codes, weight), fmt=parse_format("ufixed<4,2>"),
                     padding=Padding(1, 1, 1, 1))  # fmt: skip
    graph = build.finish("last")
    folds = {"first": Fold(6, 2, 1, 3, 3), "last": Fold(4, 2, 1, 2, 2)}
    layout = Layout(Folding(folds, {}), lower(graph))
    write_files(plan_project(graph, load_board("pynq-z2"), Hls(), layout), tmp_path)
    assert lint_project(tmp_path, [ap_types_folder()]).findings == ()


def test_spoiled_headers_are_told(tmp_path: Path) -> None:
    """All of them, in order; in an instantiation, at the line of the template."""
    emit(tiny_graph(), tmp_path, ReuseFactor=1)
    spoil = {
        "windows.h": ("    #pragma HLS ARRAY_RESHAPE variable=ring dim=2\n", ""),
        "upsample_bilinear.h": ("variable=buffer dim=1", "variable=buffer dim=4"),
        "code.h": ("#pragma HLS INLINE", "#pragma HLS INLNE"),
        "arg_max.h": ("n < CONFIG_T::height * CONFIG_T::width", "!in.empty()"),
    }
    for name, (old, new) in spoil.items():
        path = tmp_path / "firmware" / "fcn_hw" / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))
    found = lint_project(tmp_path, [ap_types_folder()]).findings
    assert list(found) == sorted(found, key=lambda f: (f.place, f.rule, f.message))
    told = {(f.place.file.rpartition("/")[2], f.rule) for f in found}
    assert told == {
        ("windows.h", "memory-ports"),
        ("upsample_bilinear.h", "memory-ports"),
        ("upsample_bilinear.h", "pragma-dimension"),
        ("code.h", "pragma-directive"),
        ("arg_max.h", "loop-bound"),
    }


@pytest.mark.slow
def test_a_whole_network_on_a_board_is_clean(tmp_path: Path) -> None:
    emit(fcn8s(48, 48), tmp_path, ReuseFactor="auto")
    assert lint_project(tmp_path, [ap_types_folder()]).findings == ()


@pytest.mark.parametrize(
    "compiler",
    [
        pytest.param("g++", marks=pytest.mark.gxx),
        pytest.param("clang++", marks=pytest.mark.clang),
    ],
)
@pytest.mark.parametrize("widths", ["-DFCN_HW_TRACE", "-DFCN_HW_EXACT_WIDTHS"])
def test_sources_compile_without_a_warning(compiler: str, widths: str, tmp_path: Path) -> None:
    emit(tiny_graph(), tmp_path)
    command = [compiler, "-std=c++14", "-Wall", "-Wextra", "-fsyntax-only", widths]
    command += ["-Wno-unknown-pragmas", "-Wno-unused-label"]  # HLS's, and for its reports
    if compiler == "clang++":
        command += ["-Wno-deprecated-copy"]  # nnet::array of hls4ml assigns, but copies by default
    command += ["-Ifirmware", "-Itb/axis", "-isystem", str(ap_types_folder())]
    sources = ["firmware/tiny.cpp", "firmware/tiny_axi.cpp"]
    if "TRACE" in widths:
        sources.append("tb/csim_main.cpp")
    done = subprocess.run(
        [*command, *sources], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
