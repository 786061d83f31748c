"""How ops are emitted: config structs, calls, pragmas."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fcn_hw.backend.op_emission import ProcessText, emit_op, emit_process
from fcn_hw.dataflow.lowering import Process, Stream
from fcn_hw.errors import TemplateError
from fcn_hw.fixed import parse_format
from fcn_hw.ir import Graph
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ops import OPS, Constant, Fold, Folded, Padding, Tensor
from fcn_hw.ops.average_pool2d import AveragePool2D
from fcn_hw.ops.conv2d import Conv2D

U4 = parse_format("ufixed<4,0>")
WEIGHT = parse_format("fixed<4,1>")


def all_ops() -> Graph:
    """A graph in which every op occurs."""
    builder = GraphBuilder("every_op")
    builder.input("image", (6, 8, 4), U4)
    weight = Constant(np.ones((3, 3, 4, 2)), WEIGHT)
    bias = Constant(np.array([1, -1]), parse_format("fixed<8,1>"))
    builder.conv2d("conv", "image", weight, bias, padding=Padding(1, 1, 1, 1), fmt=U4)
    builder.max_pool2d("pool", "conv", (2, 2))
    weight = Constant(np.ones((4, 4, 2, 2)), WEIGHT)
    builder.conv_transpose2d("up", "pool", weight, strides=(2, 2), crop=(1, 1), size=(6, 8), fmt=U4)
    builder.skip_add("sum", "up", "conv")
    builder.skip_concat("both", "sum", "conv")
    weight = Constant(np.ones((2, 3, 4, 3)), WEIGHT)
    builder.depthwise_conv2d("apart", "both", weight, padding=Padding(1, 0, 1, 1), fmt=U4)
    builder.average_pool2d("mean", "apart", (3, 3), (1, 1), Padding(1, 1, 1, 1), fmt=U4)
    builder.upsample_nearest("big", "mean", (2, 2))
    builder.crop2d("cut", "big", (1, 2), (4, 5))
    builder.zero_pad2d("padded", "cut", Padding(1, 0, 2, 0))
    builder.upsample_bilinear("smooth", "padded", (2, 4))
    row = Constant(np.arange(12) % 4, WEIGHT)
    builder.batch_norm("scaled", "smooth", row, row)
    thresholds = Constant(np.arange(36).reshape(12, 3), builder.tensor("scaled").format)
    ones = Constant(np.ones(12), U4)
    builder.threshold("counted", "scaled", thresholds, ones, ones)
    builder.lookup("looked_up", "counted", Constant(np.arange(8), WEIGHT))
    builder.skip_subtract("less", "smooth", "looked_up")
    builder.skip_maximum("most", "less", "looked_up")
    builder.skip_minimum("least", "most", "smooth")
    builder.skip_average("middle", "least", "smooth")
    builder.skip_multiply("gated", "middle", "looked_up")
    builder.relu("positive", "gated", parse_format("ufixed<6,2,RND_CONV,SAT>"))
    builder.quantize("coarse", "positive", parse_format("ufixed<2,1,RND,SAT>"))
    builder.depth_to_space("shuffled", "coarse", (2, 3), 6)
    builder.arg_max("classes", "shuffled")
    return builder.finish("classes")


FOLDS = {
    "conv": Fold(2, 4),
    "up": Fold(1, 2),
    "apart": Fold(6, 1),
    "scaled": Fold(2, 1),
    "counted": Fold(1, 1),
}


def text_of(graph: Graph, name: str, fold: Fold | None = None, **changes: Any) -> ProcessText:
    """The text of an op; ``changes`` are of the streams and the strategy."""
    op = graph[name]
    given = {"inputs": op.inputs, "output": name, "strategy": "Resource", **changes}
    return emit_op(op, graph.operands(op), fold=fold or FOLDS.get(name), **given)


def test_every_op_has_a_header_and_a_template_of_its_name() -> None:
    graph = all_ops()
    assert {type(op) for op in graph.ops} == set(OPS)
    for op in graph.computed:
        assert op.header().is_file() and op.template().is_file(), op.kind
        assert f"struct {op.name}_config {{" in text_of(graph, op.name).config


def test_names_in_snake_case() -> None:
    graph = all_ops()
    assert graph["conv"].snake_name() == "conv2d"
    assert graph["up"].snake_name() == "conv_transpose2d"
    assert graph["classes"].snake_name() == "arg_max"
    assert text_of(graph, "padded").headers == ("fcn_hw/zero_pad2d.h",)


def test_every_field_of_a_context_is_in_the_config() -> None:
    graph = all_ops()
    for op in graph.computed:
        text = text_of(graph, op.name).config
        for label, value in op.config(graph.operands(op), FOLDS.get(op.name)).items():
            if label in ("count", "accum") or label.endswith("_width"):
                assert str(getattr(value, "ap_type", value)) in text
            else:
                assert f"static constexpr int {label} = {value};" in text


def test_config_of_a_convolution() -> None:
    graph = all_ops()
    text = text_of(graph, "conv", Fold(2, 4)).config
    conv = graph["conv"]
    assert isinstance(conv, Conv2D)
    assert text == (
        "// 3x3 convolution of 4 into 2 channels by 2 x 4 x 1 multipliers: 448 cycles a frame.\n"
        "struct conv_config {\n"
        "    static constexpr int in_height = 6;\n"
        "    static constexpr int in_width = 8;\n"
        "    static constexpr int n_chan = 4;\n"
        "    static constexpr int out_height = 6;\n"
        "    static constexpr int out_width = 8;\n"
        "    static constexpr int n_filt = 2;\n"
        "    static constexpr int kernel_height = 3;\n"
        "    static constexpr int kernel_width = 3;\n"
        "    static constexpr int stride_height = 1;\n"
        "    static constexpr int stride_width = 1;\n"
        "    static constexpr int dilation_height = 1;\n"
        "    static constexpr int dilation_width = 1;\n"
        "    static constexpr int pad_top = 1;\n"
        "    static constexpr int pad_left = 1;\n"
        "    static constexpr int pe = 2;\n"
        "    static constexpr int simd = 4;\n"
        "    static constexpr int taps = 1;\n"
        "    static constexpr int lanes = 0;\n"
        "    static constexpr int fold = 9;\n"
        "    static constexpr int rom_depth = 9;\n"
        "    static constexpr int product_shift = 0;\n"
        "    static constexpr int bias_shift = 0;\n"
        "    typedef fcn_hw::rom_t<4> weight_t;\n"
        "    typedef fcn_hw::rom_t<8> bias_t;\n"
        f"    typedef {conv.accum.ap_type} accum_t;\n"
        "};\n"
    )


def test_config_of_a_depthwise_convolution_and_of_an_average() -> None:
    graph = all_ops()
    text = text_of(graph, "apart", Fold(6, 1)).config
    assert text.startswith(
        "// 2x3 depthwise convolution of 4 into 12 channels by 6 x 1 multipliers: "
        "584 cycles a frame.\n"
    )
    for line in ("n_chan = 4;", "n_filt = 12;", "pe = 6;", "simd = 1;", "fold = 12;"):
        assert f"    static constexpr int {line}\n" in text
    mean = graph["mean"]
    assert isinstance(mean, AveragePool2D)
    text = text_of(graph, "mean").config
    assert text.startswith("// 3x3 average: 63 cycles a frame.\nstruct mean_config {\n")
    # 9, 6 and 4 positions: 36 is 9 times 2 bits
    assert text.endswith(
        f"    static constexpr int multiple = 36;\n    typedef {mean.accum.ap_type} accum_t;\n}};\n"
    )
    assert mean.accum.fraction == U4.fraction + 2


@pytest.mark.parametrize(
    ("bias", "product_shift", "bias_shift"),
    [("fixed<8,1>", 0, 0), ("fixed<8,5>", 0, 4), ("fixed<12,2>", 3, 0), (None, 0, 0)],
)
def test_shifts_align_products_and_biases(
    bias: str | None, product_shift: int, bias_shift: int
) -> None:
    builder = GraphBuilder("g")
    builder.input("x", (2, 2, 1), U4)
    constant = Constant(np.array([1]), parse_format(bias)) if bias else None
    builder.conv2d("y", "x", Constant(np.ones((1, 1, 1, 1)), WEIGHT), constant)
    graph = builder.finish("y")
    text = text_of(graph, "y", Fold(1, 1)).config
    assert f"product_shift = {product_shift};" in text
    assert f"bias_shift = {bias_shift};" in text


def test_rom_of_a_transposed_convolution_holds_all_phases() -> None:
    graph = all_ops()
    text = text_of(graph, "up", Fold(1, 2)).config
    assert "fold = 8;" in text
    assert "rom_depth = 32;" in text


def test_weights_of_one_word_are_no_memory() -> None:
    """They are constants of the code: a tool that is told to keep them in block RAM would not fold
    them into logic."""
    graph = all_ops()
    conv = graph["conv"]
    assert isinstance(conv, Conv2D)
    filters, channels = conv.filters, conv.weight.codes.shape[2]
    whole = text_of(graph, "conv", Fold(filters, channels, taps=9))
    assert "rom_depth = 1;" in whole.config and whole.pragmas == ()
    assert text_of(graph, "conv", Fold(filters, channels, taps=3)).pragmas == (
        "#pragma HLS BIND_STORAGE variable=conv_weights type=rom_1p impl=bram",
    )


def test_calls() -> None:
    graph = all_ops()
    assert text_of(graph, "conv").call == (
        "fcn_hw::conv2d<image_t, conv_t, conv_config>(image, conv, conv_weights, conv_biases);"
    )
    assert text_of(graph, "apart").call == (
        "fcn_hw::depthwise_conv2d<both_t, apart_t, apart_config>"
        "(both, apart, apart_weights, apart_biases);"
    )
    assert text_of(graph, "mean").call == (
        "fcn_hw::average_pool2d<apart_t, mean_t, mean_config>(apart, mean);"
    )
    assert text_of(graph, "sum", inputs=["up", "conv_to_sum"]).call == (
        "fcn_hw::skip_add<up_t, conv_t, sum_t, sum_config>(up, conv_to_sum, sum);"
    )
    assert text_of(graph, "counted").call == (
        "fcn_hw::threshold<scaled_t, counted_t, counted_config>(scaled, counted, counted_bases, "
        "counted_steps, counted_thresholds0, counted_thresholds1);"
    )
    assert text_of(graph, "looked_up").call == (
        "fcn_hw::lookup<counted_t, looked_up_t, looked_up_config>"
        "(counted, looked_up, looked_up_table);"
    )
    tensor = graph.tensor("conv")
    source, *branches = (Stream(name, tensor) for name in ("conv", "a", "b"))
    fork = emit_process(Process("fork", None, (source,), tuple(branches)), None, "Resource")
    assert fork.call == "fcn_hw::fork<conv_t, 48>(conv, a, b);"


def test_strategy_places_the_weights() -> None:
    graph = all_ops()
    resource = "#pragma HLS BIND_STORAGE variable=conv_weights type=rom_1p impl=bram"
    assert text_of(graph, "conv").pragmas == (resource,)
    fabric = resource.replace("bram", "lutram")
    assert text_of(graph, "conv", strategy="Latency").pragmas == (fabric,)
    for name in ("pool", "mean"):
        assert text_of(graph, name).pragmas == ()
    assert text_of(graph, "apart").pragmas == (resource.replace("conv_", "apart_"),)


def test_small_roms_are_in_luts_and_the_strategy_places_the_others() -> None:
    builder = GraphBuilder("g")
    builder.input("x", (2, 2, 96), U4)
    constant = Constant(np.ones(96), WEIGHT)
    builder.batch_norm("scaled", "x", constant, constant)
    thresholds = Constant(np.zeros((96, 4)), builder.tensor("scaled").format)
    builder.threshold("counted", "scaled", thresholds, constant, constant)
    builder.lookup("looked_up", "x", Constant(np.arange(16), U4))
    graph = builder.finish("counted", "looked_up")
    bind = "#pragma HLS BIND_STORAGE variable="
    assert text_of(graph, "scaled", Fold(2, 1)).pragmas == (
        f"{bind}scaled_scales type=rom_1p impl=lutram",
    )
    assert text_of(graph, "scaled", Fold(1, 1)).pragmas == (
        f"{bind}scaled_scales type=rom_1p impl=bram",
    )
    # 32, 64 and 128 words
    split = "#pragma HLS ARRAY_PARTITION variable="
    assert text_of(graph, "counted", Fold(3, 1)).pragmas == (
        f"{split}counted_thresholds0 dim=2",
        f"{bind}counted_thresholds0 type=rom_1p impl=lutram",
        f"{split}counted_thresholds1 dim=2",
        f"{bind}counted_thresholds1 type=rom_1p impl=lutram",
        f"{split}counted_thresholds2 dim=2",
        f"{bind}counted_thresholds2 type=rom_1p impl=bram",
    )
    fabric = text_of(graph, "counted", Fold(1, 1), strategy="Latency").pragmas
    assert all("bram" not in line for line in fabric)
    assert text_of(graph, "looked_up").pragmas == (
        f"{bind}looked_up_table type=rom_np impl=lutram",
    )


def test_a_name_that_cpp_reserves_is_refused() -> None:
    graph = all_ops()
    op = replace(graph["pool"], name="new", output=Tensor("new", (3, 4, 2), U4))
    with pytest.raises(TemplateError, match="'new' can't be a name in C\\+\\+"):
        emit_op(op, graph.operands(graph["pool"]), op.inputs, "new", None, "Resource")


def test_what_shares_its_arithmetic_needs_a_fold() -> None:
    graph = all_ops()
    for name in ("conv", "up", "apart", "scaled", "counted"):
        op = graph[name]
        assert isinstance(op, Folded)
        with pytest.raises(AssertionError, match="fold"):
            emit_op(op, graph.operands(op), op.inputs, name, None, "Resource")
