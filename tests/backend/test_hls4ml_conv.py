"""``Conv: hls4ml``: what is emitted, what is refused, what stays fcn_hw's."""

from __future__ import annotations

import contextlib
import io
import re
import warnings
from pathlib import Path

import numpy as np
import pytest
from sample_graphs import tiny_graph

from fcn_hw.backend.hls4ml_bridge import Target, hls4ml_texts, to_model_graph
from fcn_hw.backend.hls4ml_conv import (
    check_hls4ml,
    convolutions_that_stay,
    emitted_graph,
    hls4ml_layers,
    legal_reuse_factor,
)
from fcn_hw.backend.project import plan_project
from fcn_hw.boards import load_board
from fcn_hw.dataflow.lowering import lower
from fcn_hw.design import Hls, HlsLayer
from fcn_hw.errors import UnsupportedLayer
from fcn_hw.estimate.design_folds import Folding
from fcn_hw.fixed import parse_format
from fcn_hw.ir import Graph
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ops import Constant, Fold
from fcn_hw.plan import Plan

GOLDEN = Path(__file__).parent.parent / "golden" / "tiny_hls4ml"
HLS = Hls(
    Conv="hls4ml",
    ReuseFactor=4,
    LayerName={"conv2": HlsLayer(ReuseFactor=1, Strategy="Latency")},
)


def plan(conv: str = "hls4ml") -> Plan:
    hls = HLS.model_copy(update={"Conv": conv})
    return plan_project(tiny_graph(), load_board("pynq-z2"), hls)


def one_conv(
    kernel: tuple[int, int] = (3, 3),
    strides: tuple[int, int] = (1, 1),
    dilation: tuple[int, int] = (1, 1),
    fmt: str = "fixed<8,4,RND,SAT>",
    weight: str = "fixed<4,1>",
    bias: str | None = None,
) -> Graph:
    build = GraphBuilder("net")
    build.input("image", (9, 9, 2), parse_format("ufixed<4,0>"))
    build.conv2d(
        "conv", "image", Constant(np.full((*kernel, 2, 4), 1), parse_format(weight)),
        Constant(np.ones(4), parse_format(bias)) if bias else None,
        strides=strides, dilation=dilation, fmt=parse_format(fmt),
    )  # fmt: skip
    return build.finish("conv")


def test_emitted_text(pytestconfig: pytest.Config) -> None:
    """What differs from the project with fcn_hw's convolutions, as an engineer reads it."""
    ours = plan("fcn_hw").files
    emitted = {
        path: str(text)
        for path, text in plan().files.items()
        if not path.startswith("firmware/nnet_utils/") and ours.get(path) != text
    }
    if pytestconfig.getoption("--update-golden"):
        for path, text in emitted.items():
            (GOLDEN / path).parent.mkdir(parents=True, exist_ok=True)
            (GOLDEN / path).write_text(text)
    stored = {str(p.relative_to(GOLDEN)): p.read_text() for p in GOLDEN.rglob("*") if p.is_file()}
    assert sorted(stored) == sorted(emitted)
    for path, text in emitted.items():
        assert text == stored[path], path


def test_hls4ml_prints_nothing_and_warns_of_nothing() -> None:
    """``--json`` owns the standard output."""
    said = io.StringIO()
    with warnings.catch_warnings(), contextlib.redirect_stdout(said):
        warnings.simplefilter("error")
        plan()
    assert said.getvalue() == ""


def test_headers_are_complete_and_vitis_own_where_it_has_some() -> None:
    files = plan().files
    nnet = {path.removeprefix("firmware/"): text for path, text in files.items() if "nnet_" in path}
    assert {"nnet_utils/nnet_conv2d_stream.h", "nnet_utils/nnet_sepconv2d_stream.h"} <= set(nnet)
    text = nnet["nnet_utils/nnet_conv2d_stream.h"]
    assert isinstance(text, bytes) and b"implementation is supported in Vitis HLS" in text
    for text in nnet.values():
        assert isinstance(text, bytes)
        for name in re.findall(rb'#include "(nnet_\w+\.h)"', text):
            assert f"nnet_utils/{name.decode()}" in nnet
    ours = [path for path in plan("fcn_hw").files if "nnet_utils/" in path]
    assert ours == ["firmware/nnet_utils/nnet_types.h"]


def test_other_convolutions_stay_and_the_config_says_so() -> None:
    assert convolutions_that_stay(tiny_graph()) == ("up", "apart")
    text = str(plan().files["firmware/parameters.h"])
    assert "// Not hls4ml's: this layer stays fcn_hw's.\n// 4x4 transposed" in text
    assert text.count("stays fcn_hw's") == 2


def test_a_zero_padding_of_the_graph_stays_ours() -> None:
    top = str(plan().files["firmware/tiny.cpp"])
    assert "fcn_hw::zero_pad2d<conv2_t, padded_t" in top
    assert "nnet::zeropad2d_cl<image_t, conv1_padding_t" in top


@pytest.mark.parametrize(
    ("graph", "message", "hint"),
    [
        (
            one_conv(dilation=(2, 1)),
            "layer 'conv': hls4ml's streaming convolution ignores a dilation, here (2, 1)",
            "use dilation 1, or set hls.Conv to fcn_hw",
        ),
        (
            one_conv(kernel=(1, 3), strides=(2, 1)),
            "layer 'conv': with a kernel of one row hls4ml's line buffer ignores a vertical "
            "stride, here 2",
            "use vertical stride 1, or set hls.Conv to fcn_hw",
        ),
        (
            one_conv(bias="fixed<54,9>", fmt="fixed<8,4>"),
            "layer 'conv': hls4ml prints weights and biases as numbers of C++, which do not hold "
            "every fixed<54,9>",
            "use at most 53 bits and 63 integer bits, or set hls.Conv to fcn_hw",
        ),
        (
            one_conv(fmt="fixed<2,66,RND,SAT>"),
            "layer 'conv': hls4ml rounds ufixed<9,2> to fixed<2,66,RND,SAT> in an accumulator "
            "that holds both: width 71 is outside 1 to 63 bits",
            "use an output format of fewer integer bits, or set hls.Conv to fcn_hw",
        ),
    ],
)
def test_refusals(graph: Graph, message: str, hint: str) -> None:
    with pytest.raises(UnsupportedLayer) as caught:
        plan_project(graph, load_board("pynq-z2"), Hls(Conv="hls4ml"))
    assert caught.value.message == message
    assert caught.value.hint.splitlines()[0] == hint
    plan_project(graph, load_board("pynq-z2"), Hls())  # fcn_hw's are not concerned


def test_all_refusals_are_told_at_once() -> None:
    with pytest.raises(UnsupportedLayer) as caught:
        check_hls4ml(one_conv(fmt="fixed<2,66,RND,SAT>", dilation=(2, 2)))
    assert "hls4ml's streaming convolution ignores" in caught.value.message
    assert "layer 'conv': hls4ml rounds" in caught.value.hint


def test_legal_reuse_factors_are_hls4mls() -> None:
    import hls4ml

    backend = hls4ml.backends.get_backend("Vitis")
    for n_in, n_out in [(1, 1), (9, 2), (12, 8), (27, 6), (8, 8), (50, 3)]:
        legal = backend.get_valid_reuse_factors(n_in, n_out)
        for wanted in (1, 2, 5, n_in, n_in + 1, n_in * n_out, n_in * n_out + 7):
            found = legal_reuse_factor(n_in, n_out, wanted)
            assert found in legal
            assert abs(found - wanted) == min(abs(item - wanted) for item in legal)


def test_model_graph_holds_formats() -> None:
    graph = one_conv(kernel=(1, 1), bias="fixed<6,3>")
    dataflow = lower(emitted_graph(graph, "hls4ml"))
    folding = Folding({"conv": Fold(2, 1)}, {"conv": "Resource"})
    theirs = hls4ml_layers(graph, dataflow, folding)
    model = to_model_graph(dataflow, Target("part", 10.0, 1, "Resource"), theirs)
    (text,) = hls4ml_texts(model, theirs).values()
    assert text.call.startswith("nnet::pointwise_conv_2d_cl<image_t, conv_t, config")
    node = model.graph["conv"]
    assert node.get_attr("reuse_factor") == 4  # 8 multiplications by 2 multipliers
    held = {name: item.precision for name, item in node.get_layer_precision().items()}
    for name, text in {
        "conv_t": "fixed<8,4,RND,SAT>", "conv_weight_t": "fixed<4,1>",
        "conv_bias_t": "fixed<6,3>", "conv_accum_t": str(graph["conv"].accum),
    }.items():  # fmt: skip
        fmt = parse_format(text)
        assert (held[name].width, held[name].integer, bool(held[name].signed)) == (
            fmt.width, fmt.integer, fmt.signed,
        )  # fmt: skip
