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

from pydantic import ConfigDict, PlainSerializer, PlainValidator, RootModel
from pydantic.dataclasses import dataclass as pydantic_dataclass

from fcn_hw.design import Activation, Bias, Design, Precision, Weight
from fcn_hw.errors import ConfigError, FormatError
from fcn_hw.fixed import FixedFormat, from_sign, parse_format
from fcn_hw.results import STRICT
from fcn_hw.train.topology import (
    Conv,
    ConvTranspose,
    Topology,
    check_layer_names,
    quantizable,
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


WeightQuantizer = Union[FixedFormat, SignFormat]


def parse_weight_quantizer(text: str) -> WeightQuantizer:
    """Reads ``ternary(2^-3)``, ``binary(2^0)`` or a fixed-point format.

    Raises:
        FormatError: neither of these.
    """
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


@pydantic_dataclass(frozen=True, config=STRICT)
class LayerFormats:
    """Formats of one layer's weights, bias and output activation; in JSON their texts.

    A text that is no format raises FormatError.
    """

    weight: Annotated[WeightQuantizer, PlainValidator(_weight_quantizer), PlainSerializer(str)]
    bias: Format
    activation: Format

    @property
    def weight_bits(self) -> int:
        """Bits that store a weight: 1 for binary, 2 for ternary."""
        if isinstance(self.weight, SignFormat):
            return 1 if self.weight.levels == "binary" else 2
        return self.weight.width


class PrecisionTable(RootModel[dict[str, LayerFormats]]):
    """Formats by layer name, in network order: ``model/precision.json``."""

    model_config = ConfigDict(frozen=True)

    @property
    def layers(self) -> Mapping[str, LayerFormats]:
        return MappingProxyType(self.root)


@dataclass(frozen=True)
class Wish:
    """What the design says about one layer; the defaults are filled in."""

    weight: Weight
    bias: Bias
    activation: Activation


def wishes(design: Design, topology: Topology) -> dict[str, Wish]:
    """What the design asks for each layer of its network.

    Raises:
        ConfigError: ``precision.layers`` names no layer of the network, or wants a linear layer in
            one bit.
    """
    check_layer_names(design)
    result = {}
    for node in quantizable(topology):
        wish = _wish(design.precision, node.name)
        bits = wish.activation if isinstance(wish.activation, int) else wish.activation.bits
        if bits == 1 and not is_hidden(node):
            raise ConfigError(
                f"precision: layer '{node.name}' is linear, so its activation has a sign and "
                "needs 2 bits or more, not 1",
                hint=f"set precision.layers.{node.name}.activation",
            )
        result[node.name] = wish
    return result


def is_hidden(node: Conv | ConvTranspose) -> bool:
    """Whether the layer ends in a ReLU: its activation is unsigned."""
    return isinstance(node, Conv) and node.hidden


def _wish(precision: Precision, name: str) -> Wish:
    default, own = precision.default, precision.layers.get(name)
    if own is None:
        return Wish(default.weight, default.bias, default.activation)
    return Wish(
        default.weight if own.weight is None else own.weight,
        default.bias if own.bias is None else own.bias,
        default.activation if own.activation is None else own.activation,
    )
