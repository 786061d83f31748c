"""The constants of batch normalization, thresholds and lookups in the order of their headers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Union

from fcn_hw.backend.jinja import render
from fcn_hw.backend.rom import rom_width
from fcn_hw.fixed import Codes, FixedFormat
from fcn_hw.ir.cycles import Fold
from fcn_hw.ir.ops import BatchNorm, Constant, Lookup, Tensor, Threshold
from fcn_hw.ir.thresholds import levels, threshold_format, threshold_levels

ConstantOp = Union[BatchNorm, Threshold, Lookup]
CONSTANT_OPS = (BatchNorm, Threshold, Lookup)


@dataclass(frozen=True)
class RomTable:
    """An array of codes.

    Args:
        variable: its name in C++.
        label: what it holds.
        format: of the codes.
        axes: what its indices are.
        width: bits of an element.
        shape: one to three sizes.
        codes: nested lists.
    """

    variable: str
    label: str
    format: str
    axes: str
    width: int
    shape: tuple[int, ...]
    codes: list[Any]


@dataclass(frozen=True)
class ConstantsContext:
    """What ``config/constants.h.j2`` sees."""

    name: str
    tables: tuple[RomTable, ...]


def rom_tables(op: ConstantOp, source: Tensor, fold: Fold | None = None) -> tuple[RomTable, ...]:
    """The ROMs of an op, in the order of its header's arguments.

    Args:
        source: the tensor that it reads.
        fold: None for a lookup.
    """
    if isinstance(op, Lookup):
        axes = f"[code of the input {len(op.table.codes)}]"
        return (_table(f"{op.name}_table", "table", op.table.format, axes, op.table.codes),)
    assert fold is not None, f"a {op.kind} is emitted with a fold"
    pe = fold.pe

    def by_group(variable: str, label: str, constant: Constant) -> RomTable:
        codes = constant.codes.reshape(-1, pe)
        axes = f"[channel group {len(codes)}][channel {pe}]"
        return _table(f"{op.name}_{variable}", label, constant.format, axes, codes)

    if isinstance(op, BatchNorm):
        return by_group("scales", "scales", op.scale), by_group("biases", "biases", op.bias)
    tables = [by_group("bases", "bases", op.base), by_group("steps", "steps", op.step)]
    fmt = threshold_format(op, source)
    for level, codes in enumerate(threshold_levels(op, source)):
        grouped = codes.reshape(-1, pe, codes.shape[1])
        axes = f"[channel group {len(grouped)}][channel {pe}][entry {codes.shape[1]}]"
        label = f"level {level}"
        tables.append(_table(f"{op.name}_thresholds{level}", label, fmt, axes, grouped))
    return tuple(tables)


def rom_names(op: ConstantOp) -> list[str]:
    """The variables of :func:`rom_tables`."""
    if isinstance(op, BatchNorm):
        labels = ["scales", "biases"]
    elif isinstance(op, Threshold):
        labels = ["bases", "steps", *(f"thresholds{level}" for level in range(levels(op)))]
    else:
        labels = ["table"]
    return [f"{op.name}_{label}" for label in labels]


def render_constants(op: ConstantOp, source: Tensor, fold: Fold | None = None) -> str:
    """The header with the ROMs of :func:`rom_tables`."""
    return render("config/constants.h.j2", ConstantsContext(op.name, rom_tables(op, source, fold)))


def _table(variable: str, label: str, fmt: FixedFormat, axes: str, codes: Codes) -> RomTable:
    return RomTable(variable, label, str(fmt), axes, rom_width(fmt), codes.shape, codes.tolist())
