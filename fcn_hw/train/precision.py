"""The formats of every layer, resolved: what the design fixes and what calibration chose.

The table is plain data: it is written beside the model as ``precision.json`` and needs no
TensorFlow to be read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Literal, Union

from pydantic import ConfigDict, Field, PlainSerializer, PlainValidator, RootModel
from pydantic.dataclasses import dataclass as pydantic_dataclass

from fcn_hw.design import Activation, Bias, Design, Precision, Weight
from fcn_hw.errors import ConfigError, FormatError
from fcn_hw.fixed import FixedFormat, from_quantized_bits, from_sign, parse_format
from fcn_hw.results import STRICT
from fcn_hw.train.design_network import check_layer_names
from fcn_hw.train.topology import (
    Topology,
    Weighted,
    quantizable,
    unsigned_nodes,
    unweighted,
)


@dataclass(frozen=True)
class SignFormat:
    """Weights of one magnitude: binary ``-a, a`` or ternary ``-a, 0, a``, ``a = 2**exponent``."""

    levels: Literal["binary", "ternary"]
    exponent: int

    @property
    def magnitude(self) -> float:
        return 2.0**self.exponent

    @property
    def threshold(self) -> float:
        """Ternary: a weight of at least this magnitude is not 0; the nearest level is taken."""
        return self.magnitude / 2

    @property
    def fixed(self) -> FixedFormat:
        """The fixed-point format that holds the levels."""
        return from_sign(self.exponent)

    def __str__(self) -> str:
        return f"{self.levels}(2^{self.exponent})"


@dataclass(frozen=True)
class ChannelFormat:
    """Signed weights of ``bits`` bits, the binary point of each filter at a place of its own.

    Args:
        bits: the sign included.
        integers: integer bits of each filter, the sign included.
        axis: of the kernel, that the filters lie along.
    """

    bits: int
    integers: tuple[int, ...]
    axis: int

    @property
    def fixed(self) -> FixedFormat:
        """The fixed-point format that holds the weights of all filters."""
        most, least = max(self.integers), min(self.integers)
        return from_quantized_bits(self.bits + most - least, most - 1)

    def __str__(self) -> str:
        return f"channel<{self.bits},{self.axis}>({' '.join(map(str, self.integers))})"


WeightQuantizer = Union[FixedFormat, SignFormat, ChannelFormat]


def stored_format(quantizer: WeightQuantizer) -> FixedFormat:
    """The fixed-point format that holds all weights of a quantizer."""
    return quantizer if isinstance(quantizer, FixedFormat) else quantizer.fixed


def parse_weight_quantizer(text: str) -> WeightQuantizer:
    """Reads ``ternary(2^-3)``, ``binary(2^0)``, ``channel<4,3>(0 -1 2)`` or a fixed-point format.

    Raises:
        FormatError: none of these.
    """
    by_channel = re.fullmatch(r"channel<(\d+),(\d)>\((-?\d+(?: -?\d+)*)\)", text.strip())
    if by_channel is not None:
        bits, axis, integers = by_channel.groups()
        return ChannelFormat(int(bits), tuple(map(int, integers.split())), int(axis))
    match = re.fullmatch(r"(binary|ternary)\(2\^(-?\d+)\)", text.strip())
    if match is None:
        return parse_format(text)
    exponent = int(match.group(2))
    if abs(exponent) > 60:
        raise FormatError(f"'{text}': the exponent is out of range")
    return SignFormat("binary" if match.group(1) == "binary" else "ternary", exponent)


def _format(value: FixedFormat | str) -> FixedFormat:
    return parse_format(value) if isinstance(value, str) else value


def _weight_quantizer(value: WeightQuantizer | str) -> WeightQuantizer:
    return parse_weight_quantizer(value) if isinstance(value, str) else value


Format = Annotated[FixedFormat, PlainValidator(_format), PlainSerializer(str)]
WeightFormat = Annotated[WeightQuantizer, PlainValidator(_weight_quantizer), PlainSerializer(str)]
"""In JSON its text."""


@pydantic_dataclass(frozen=True, config=STRICT)
class LayerFormats:
    """Formats of one layer's weights, bias and output activation; in JSON their texts.

    A text that is no format raises FormatError.
    """

    weight: WeightFormat
    bias: Format
    activation: Format

    @property
    def weight_bits(self) -> int:
        """Bits that store a weight: 1 for binary, 2 for ternary; scales by channel are in it."""
        if isinstance(self.weight, SignFormat):
            return 1 if self.weight.levels == "binary" else 2
        return stored_format(self.weight).width


@pydantic_dataclass(frozen=True, config=STRICT)
class OutputFormat:
    """Format of the output of a layer without weights, such as a sum; in JSON its text."""

    activation: Format


Formats = Annotated[Union[LayerFormats, OutputFormat], Field(union_mode="left_to_right")]


class PrecisionTable(RootModel[dict[str, Formats]]):
    """Formats by layer name, in network order: ``model/precision.json``."""

    model_config = ConfigDict(frozen=True)

    @property
    def layers(self) -> Mapping[str, LayerFormats]:
        """Of the layers that own weights."""
        found = {name: f for name, f in self.root.items() if isinstance(f, LayerFormats)}
        return MappingProxyType(found)

    @property
    def others(self) -> Mapping[str, OutputFormat]:
        """Of the layers without weights."""
        found = {name: f for name, f in self.root.items() if isinstance(f, OutputFormat)}
        return MappingProxyType(found)


@dataclass(frozen=True)
class Wish:
    """What the design says about one layer; the defaults are filled in."""

    weight: Weight
    bias: Bias
    activation: Activation
    by_channel: bool = False


def wishes(design: Design, topology: Topology) -> dict[str, Wish]:
    """What the design asks for each layer of its network.

    Raises:
        ConfigError: ``precision.layers`` names no layer of the network, or wants a linear layer in
            one bit.
    """
    check_layer_names(design, topology)
    result = {}
    for node in quantizable(topology):
        wish = _wish(design.precision, node.name)
        _check_sign(node.name, wish.activation, is_hidden(node))
        if wish.by_channel and not isinstance(wish.weight, int):
            raise ConfigError(
                f"precision: the weights of layer '{node.name}' have a scale by channel, so "
                f"their precision is a number of bits, not {_said(wish.weight)}",
                hint=f"set precision.layers.{node.name}.weight_scale to layer",
            )
        result[node.name] = wish
    return result


def activation_wishes(design: Design, topology: Topology) -> dict[str, Activation]:
    """What the design asks for the outputs of the layers without weights.

    Raises:
        ConfigError: it asks weights of one, or one bit of one whose values have a sign.
    """
    unsigned = unsigned_nodes(topology)
    result = {}
    for node in unweighted(topology):
        own = design.precision.layers.get(node.name)
        if own is not None and (own.weight is not None or own.bias is not None):
            raise ConfigError(
                f"precision.layers: layer '{node.name}' has no weights and no bias",
                hint="give its activation only",
            )
        wish = _wish(design.precision, node.name).activation
        _check_sign(node.name, wish, node.name in unsigned)
        result[node.name] = wish
    return result


def _check_sign(name: str, wish: Activation, unsigned: bool) -> None:
    bits = wish if isinstance(wish, int) else wish.bits
    if bits == 1 and not unsigned:
        raise ConfigError(
            f"precision: layer '{name}' is linear, so its activation has a sign and "
            "needs 2 bits or more, not 1",
            hint=f"set precision.layers.{name}.activation",
        )


def is_hidden(node: Weighted) -> bool:
    """Whether the layer ends in a ReLU: its activation is unsigned."""
    return node.function is not None and node.function.kind == "relu"


def _wish(precision: Precision, name: str) -> Wish:
    default, own = precision.default, precision.layers.get(name)
    by_channel = ((own and own.weight_scale) or default.weight_scale) == "channel"
    if own is None:
        return Wish(default.weight, default.bias, default.activation, by_channel)
    return Wish(
        default.weight if own.weight is None else own.weight,
        default.bias if own.bias is None else own.bias,
        default.activation if own.activation is None else own.activation,
        by_channel,
    )


def _said(weight: Weight) -> str:
    return weight if isinstance(weight, str) else "a format"
