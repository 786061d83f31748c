"""The model against published figures of implemented designs.

``python -m fcn_hw.estimate.published`` prints its error against each. The figures are in
``published.yaml``, with their sources. The model's constants are not fitted to them. What the model
leaves out stays in its error: DMA, interconnect and processing system of a whole system, FINN's
thresholds and their memories, FINN's converters of stream widths.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import log2
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from fcn_hw.costs.arithmetic import counter, maximum
from fcn_hw.costs.family import Family
from fcn_hw.costs.mac_unit import MacUnit, mac_unit
from fcn_hw.costs.memory import ram
from fcn_hw.costs.resources import Resources, total
from fcn_hw.estimate.compare import Row, by_name, rows
from fcn_hw.ops.base import PROCESS
from fcn_hw.schema import validate
from fcn_hw.yaml_source import read_yaml

FIGURES = Path(__file__).with_name("published.yaml")


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Layer(_Section):
    """A matrix-vector unit with its sliding window; names as in the file."""

    kernel: int = Field(ge=1)
    in_channels: int = Field(alias="in", ge=1)
    out_channels: int = Field(alias="out", ge=1)
    in_dim: int = Field(ge=1)
    out_dim: int = Field(ge=1)
    simd: int = Field(ge=1)
    pe: int = Field(ge=1)
    weight: int = Field(ge=1)
    input: int = Field(ge=1)
    output: int = Field(ge=1)
    pool: int = Field(default=1, ge=1)


class PublishedDesign(_Section):
    """A design with its figures."""

    name: str
    source: str
    scope: str
    family: Literal["7series", "ultrascale+"]
    measured: dict[str, float]
    rom_banks: int | None = Field(default=None, ge=1)
    """Memories that the weights of a layer are spread over; None: one for each PE."""
    layers: tuple[Layer, ...]


class Published(_Section):
    """The whole file."""

    designs: tuple[PublishedDesign, ...]


@dataclass(frozen=True)
class Comparison:
    """A design, estimated and measured."""

    design: PublishedDesign
    rows: tuple[Row, ...]


def load_published(path: Path = FIGURES) -> tuple[PublishedDesign, ...]:
    """The published designs.

    Raises:
        ConfigError: the file is wrong.
    """
    return validate(Published, read_yaml(path), "the figures").designs


def estimated(design: PublishedDesign) -> Resources:
    """What the model says."""
    return total(_layer(design, layer) for layer in design.layers)


def comparisons(designs: Iterable[PublishedDesign] | None = None) -> tuple[Comparison, ...]:
    """The model beside every published figure."""
    return tuple(
        Comparison(design, rows(by_name(estimated(design)), design.measured))
        for design in (load_published() if designs is None else designs)
    )


def table(results: Iterable[Comparison]) -> str:
    """The comparison in Markdown."""
    lines = [
        "| design | scope | quantity | estimate | published | error |",
        "|---|---|---|---:|---:|---:|",
    ]
    for result in results:
        for row in result.rows:
            error = "" if row.error is None else f"{row.error:+.0%}"
            lines.append(
                f"| {result.design.name} | {result.design.scope} | {row.quantity} "
                f"| {row.estimated:g} | {row.measured:g} | {error} |"
            )
    return "\n".join(lines) + "\n"


def _layer(design: PublishedDesign, layer: Layer) -> Resources:
    family: Family = design.family
    taps = layer.kernel**2
    words = taps * layer.in_channels * layer.out_channels // (layer.pe * layer.simd)
    # The sum of n products of b bits has at most b + log2(n) bits.
    terms = taps * layer.in_channels
    accum_bits = layer.weight + layer.input + max(int(log2(terms)), 1)
    unit = MacUnit(
        pe=layer.pe,
        simd=layer.simd,
        n_chan=layer.in_channels,
        n_filt=layer.out_channels,
        weight_bits=layer.weight,
        input_bits=layer.input,
        input_signed=True,
        accum_bits=accum_bits,
        output_bits=layer.output,
        rounds=layer.output < accum_bits,
        saturates=layer.output < accum_bits,
        rom_words=words,
        rom_storage="auto",
        rom_banks=design.rom_banks or layer.pe,
    )
    amount = PROCESS + mac_unit(unit, family)
    if layer.kernel > 1:
        pixel_bits = layer.in_channels * layer.input
        # finn-hlslib's sliding window keeps each row in a memory of its own.
        row = ram(layer.in_dim, pixel_bits, family).resources
        amount = amount + row * (layer.kernel + 1) + PROCESS + counter(layer.in_dim) * 6
    if layer.pool > 1:
        bits = layer.out_channels * layer.output
        row = ram(layer.out_dim // layer.pool, bits, family).resources
        larger = maximum(layer.output) * (2 * layer.out_channels)
        amount = amount + PROCESS + row + larger + Resources(ff=2 * bits)
    return amount


if __name__ == "__main__":
    print(table(comparisons()), end="")
