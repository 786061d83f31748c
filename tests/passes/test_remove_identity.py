"""Ops that leave every code as it is."""

from __future__ import annotations

import pytest

from fcn_hw.fixed import parse_format
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ir.verify import verify
from fcn_hw.ops import Padding
from fcn_hw.ops.quantize import Quantize
from fcn_hw.passes.remove_identity import remove_identity

FMT = parse_format("fixed<4,2>")


@pytest.fixture
def build() -> GraphBuilder:
    builder = GraphBuilder("net")
    builder.input("image", (4, 6, 2), FMT)
    return builder


def after(build: GraphBuilder, *outputs: str) -> dict[str, str]:
    """Kind of each op that is left, and what it reads: ``{"y": "Relu(image)"}``."""
    graph = verify(remove_identity(build.finish(*outputs)))
    return {op.name: f"{op.kind}({', '.join(op.inputs)})" for op in graph.ops[1:]}


def identity(build: GraphBuilder, kind: str) -> str:
    makers = {
        "quantize": lambda: build.quantize("same", "image", parse_format("fixed<4,2,RND,SAT>")),
        "crop2d": lambda: build.crop2d("same", "image", (0, 0), (4, 6)),
        "zero_pad2d": lambda: build.zero_pad2d("same", "image", Padding()),
        "upsample_nearest": lambda: build.upsample_nearest("same", "image", (1, 1)),
        "upsample_bilinear": lambda: build.upsample_bilinear("same", "image", (1, 1)),
        "max_pool2d": lambda: build.max_pool2d("same", "image", (1, 1)),
    }
    return makers[kind]()


KINDS = (
    "quantize", "crop2d", "zero_pad2d", "upsample_nearest", "upsample_bilinear", "max_pool2d",
)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_identities_go(build: GraphBuilder, kind: str) -> None:
    identity(build, kind)
    build.skip_add("sum", "same", "same", "image")
    assert after(build, "sum") == {"sum": "SkipAdd(image, image, image)"}


def test_a_chain_goes(build: GraphBuilder) -> None:
    build.crop2d("a", "image", (0, 0), (4, 6))
    build.zero_pad2d("b", "a", Padding())
    build.arg_max("classes", "b")
    assert after(build, "classes") == {"classes": "ArgMax(image)"}


def test_what_does_something_stays(build: GraphBuilder) -> None:
    build.max_pool2d("base", "image", (2, 2))  # no input: an identity of one always stays
    build.quantize("coarser", "base", parse_format("fixed<4,3>"))
    build.quantize("wider", "base", parse_format("fixed<6,4>"))  # its readers see the format
    build.quantize("symmetric", "base", parse_format("fixed<4,2,TRN,SAT_SYM>"))  # -8 to -7
    build.crop2d("crop", "base", (0, 1), (2, 2))
    build.zero_pad2d("pad", "base", Padding(right=1))
    build.upsample_nearest("near", "base", (1, 2))
    build.max_pool2d("every_other", "base", (1, 1), (1, 2))
    build.relu("relu", "base")
    names = [*build._ops][2:]
    assert after(build, *names) == {
        "base": "MaxPool2D(image)",
        "coarser": "Quantize(base)",
        "wider": "Quantize(base)",
        "symmetric": "Quantize(base)",
        "crop": "Crop2D(base)",
        "pad": "ZeroPad2D(base)",
        "near": "UpsampleNearest(base)",
        "every_other": "MaxPool2D(base)",
        "relu": "Relu(base)",
    }


def test_a_symmetric_format_that_loses_nothing_goes(build: GraphBuilder) -> None:
    """The lowest code is given up, but it can't occur."""
    build.relu("relu", "image", parse_format("fixed<4,2>"))
    build.quantize("same", "relu", parse_format("fixed<4,2,TRN,SAT_SYM>"))
    build.arg_max("classes", "same")
    assert after(build, "classes") == {"relu": "Relu(image)", "classes": "ArgMax(relu)"}


def test_ops_that_only_convert_become_a_quantize(build: GraphBuilder) -> None:
    wide = parse_format("fixed<6,3>")
    build.upsample_bilinear("linear", "image", (1, 1), fmt=wide, origin="up")
    build.relu("positive", "image")
    build.relu("again", "positive", wide, origin="act")
    graph = remove_identity(build.finish("linear", "again"))
    assert graph["linear"] == Quantize("linear", ("image",), build.tensor("linear"), origin="up")
    assert graph["again"] == Quantize("again", ("positive",), build.tensor("again"), origin="act")


def test_a_relu_of_what_is_never_negative_goes(build: GraphBuilder) -> None:
    build.relu("relu", "image")
    build.relu("again", "relu")
    build.arg_max("classes", "again")
    assert after(build, "classes") == {"relu": "Relu(image)", "classes": "ArgMax(relu)"}


def test_outputs_follow(build: GraphBuilder) -> None:
    build.relu("relu", "image")
    build.crop2d("same", "relu", (0, 0), (4, 6))
    build.arg_max("classes", "relu")
    graph = remove_identity(build.finish("classes", "same"))
    assert graph.outputs == ("classes", "relu")


def test_an_input_is_never_returned(build: GraphBuilder) -> None:
    build.crop2d("same", "image", (0, 0), (4, 6))
    assert after(build, "same") == {"same": "Quantize(image)"}


def test_no_tensor_is_returned_twice(build: GraphBuilder) -> None:
    build.relu("relu", "image")
    build.crop2d("first", "relu", (0, 0), (4, 6))
    build.crop2d("second", "relu", (0, 0), (4, 6))
    graph = remove_identity(build.finish("first", "second"))
    assert graph.outputs == ("relu", "second")
    build.arg_max("classes", "first")
    graph = remove_identity(build.finish("relu", "classes", "second"))
    assert graph.outputs == ("relu", "classes", "second")


def test_the_origin_is_kept_where_there_is_room(build: GraphBuilder) -> None:
    build.relu("unnamed", "image", origin="")
    build.crop2d("a", "unnamed", (0, 0), (4, 6), origin="layer_a")
    build.relu("named", "image", origin="layer_n")
    build.crop2d("b", "named", (0, 0), (4, 6), origin="layer_b")
    build.skip_add("sum", "a", "b")
    graph = remove_identity(build.finish("sum"))
    assert [op.origin for op in graph.ops] == ["image", "layer_a", "layer_n", "sum"]
