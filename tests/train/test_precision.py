"""Per-layer precision: defaults, what can't be, and the JSON of the resolved table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from fcn_hw.design import Design
from fcn_hw.errors import ConfigError, FormatError
from fcn_hw.fixed import parse_format
from fcn_hw.results import read_result, write_result
from fcn_hw.train.design_network import design_topology
from fcn_hw.train.precision import (
    ChannelFormat,
    LayerFormats,
    PrecisionTable,
    SignFormat,
    Wish,
    parse_weight_quantizer,
    wishes,
)


def test_a_layer_overrides_only_what_it_names(tiny_design: Callable[..., Design]) -> None:
    design = tiny_design(
        precision={
            "default": {"weight": "ternary", "bias": 6, "activation": 3},
            "layers": {"conv1_1": {"weight": 8}, "score_fr": {"activation": 7}},
        }
    )
    wanted = wishes(design, design_topology(design))
    assert list(wanted) == ["conv1_1", "conv2_1", "score_fr", "score_pool1"]
    assert wanted["conv1_1"] == Wish(8, 6, 3)
    assert wanted["conv2_1"] == Wish("ternary", 6, 3)
    assert wanted["score_fr"] == Wish("ternary", 6, 7)


def test_a_scale_by_channel_is_for_numbers_of_bits(tiny_design: Callable[..., Design]) -> None:
    layers = {"conv1_1": {"weight_scale": "layer"}, "score_fr": {"weight": 8}}
    design = tiny_design(
        precision={"default": {"weight_scale": "channel"}, "layers": layers},
    )
    wanted = wishes(design, design_topology(design))
    assert [wish.by_channel for wish in wanted.values()] == [False, True, True, True]
    assert wanted["score_fr"] == Wish(8, 8, 4, by_channel=True)
    for weight, said in (("ternary", "ternary"), ({"bits": 4, "integer": 0}, "a format")):
        layers = {"conv2_1": {"weight": weight, "weight_scale": "channel"}}
        design = tiny_design(precision={"layers": layers})
        with pytest.raises(ConfigError) as caught:
            wishes(design, design_topology(design))
        assert str(caught.value) == (
            "precision: the weights of layer 'conv2_1' have a scale by channel, so their "
            f"precision is a number of bits, not {said}"
        )
        assert caught.value.hint == "set precision.layers.conv2_1.weight_scale to layer"


def test_unknown_layer_is_refused(tiny_design: Callable[..., Design]) -> None:
    design = tiny_design(precision={"layers": {"score": {"weight": 8}}})
    with pytest.raises(ConfigError, match=r"precision\.layers: 'score' is not a layer of this"):
        wishes(design, design_topology(design))


def test_one_bit_is_for_hidden_layers_only(tiny_design: Callable[..., Design]) -> None:
    design = tiny_design(precision={"default": {"activation": 1}})
    with pytest.raises(ConfigError) as caught:
        wishes(design, design_topology(design))
    assert str(caught.value) == (
        "precision: layer 'score_fr' is linear, so its activation has a sign and needs 2 bits or "
        "more, not 1"
    )
    assert caught.value.hint == "set precision.layers.score_fr.activation"


def test_table_survives_json(tmp_path: Path) -> None:
    table = PrecisionTable(
        {
            "conv1_1": LayerFormats(
                parse_format("fixed<4,-1,RND_CONV,SAT>"),
                parse_format("fixed<8,1,RND_CONV,SAT>"),
                parse_format("ufixed<4,2,RND_CONV,SAT>"),
            ),
            "score": LayerFormats(
                SignFormat("ternary", -3),
                parse_format("fixed<8,1,RND_CONV,SAT>"),
                parse_format("fixed<4,3,RND_CONV,SAT>"),
            ),
        }
    )
    write_result(tmp_path / "precision.json", table)
    assert '"ternary(2^-3)"' in (tmp_path / "precision.json").read_text()
    assert read_result(tmp_path / "precision.json", PrecisionTable) == table


@pytest.mark.parametrize("text", ["quinary(2^1)", "binary(3)", "fixed<4>"])
def test_a_broken_format_is_refused(text: str) -> None:
    with pytest.raises(FormatError, match="is not a fixed-point format"):
        parse_weight_quantizer(text)


def test_an_absurd_exponent_is_refused() -> None:
    with pytest.raises(FormatError, match=r"'binary\(2\^99\)': the exponent is out of range"):
        parse_weight_quantizer("binary(2^99)")


def test_a_format_by_channel_as_text() -> None:
    fmt = ChannelFormat(4, (0, -2, 1), 3)
    assert str(fmt) == "channel<4,3>(0 -2 1)"
    assert parse_weight_quantizer(str(fmt)) == fmt
    assert str(fmt.fixed) == "fixed<7,1,RND_CONV,SAT>"
    formats = LayerFormats(fmt, parse_format("fixed<8,0>"), parse_format("ufixed<4,1>"))
    assert formats.weight_bits == 7
    with pytest.raises(FormatError):
        parse_weight_quantizer("channel<4,3>()")
