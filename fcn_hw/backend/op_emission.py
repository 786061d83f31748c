"""The text of one dataflow process: call, config struct, header, ROMs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fcn_hw.backend.jinja import render
from fcn_hw.dataflow.lowering import Process
from fcn_hw.ops import Fold, Op, Operands, Rom, Tensor


@dataclass(frozen=True)
class ProcessText:
    """What the top function and its headers need of a process.

    Args:
        call: the statement in the dataflow region.
        config: the config struct, empty for a fork.
        headers: to include.
        pragmas: lines that stand before the calls.
        weights: (file name, text) of the ROM header, or None.
    """

    call: str
    config: str
    headers: tuple[str, ...]
    pragmas: tuple[str, ...] = ()
    weights: tuple[str, str] | None = None


@dataclass(frozen=True)
class RomsContext:
    """What ``config/roms.h.j2`` sees."""

    name: str
    roms: tuple[Rom, ...]


def emit_process(process: Process, fold: Fold | None, strategy: str) -> ProcessText:
    """The text of a process.

    Args:
        fold: of a :class:`fcn_hw.ops.Folded` op, else None.
        strategy: hls4ml's name: ``"Resource"`` is block RAM, ``"Latency"`` is LUTs.

    Raises:
        TemplateError: a template misses a value.
    """
    inputs = [stream.name for stream in process.inputs]
    outputs = [stream.name for stream in process.outputs]
    if process.op is None:
        tensor = process.inputs[0].tensor
        return ProcessText(_fork_call(tensor, inputs[0], outputs), "", ("fcn_hw/fork.h",))
    operands = tuple(stream.tensor for stream in process.inputs)
    return emit_op(process.op, operands, inputs, outputs[0], fold, strategy)


def emit_op(
    op: Op,
    operands: Operands,
    inputs: Sequence[str],
    output: str,
    fold: Fold | None,
    strategy: str,
) -> ProcessText:
    """The text of an op. In its call, each tensor's pixel type is named ``<tensor>_t``.

    Args:
        operands: the tensors that it reads.
        inputs, output: names of its streams.
        fold, strategy: as for :func:`emit_process`.

    Raises:
        TemplateError: as :func:`emit_process`.
    """
    roms = op.roms(operands, fold, strategy)
    types = [*(f"{name}_t" for name in op.inputs), f"{op.name}_t", f"{op.name}_config"]
    arguments = [*inputs, output, *(f"{op.name}_{rom.name}" for rom in roms)]
    values = {"name": op.name, "cycles": op.cycles(operands, fold)} | op.config(operands, fold)
    text = render("config/roms.h.j2", RomsContext(op.name, roms)) if roms else ""
    return ProcessText(
        call=f"fcn_hw::{op.snake_name()}<{', '.join(types)}>({', '.join(arguments)});",
        config=render(op.template(), values),
        headers=(f"fcn_hw/{op.header().name}",),
        pragmas=tuple(line for rom in roms for line in _placement(f"{op.name}_{rom.name}", rom)),
        weights=(f"{op.name}.h", text) if roms else None,
    )


def _placement(variable: str, rom: Rom) -> Iterator[str]:
    """The lines that place a ROM, to stand in the top function before the call.

    A pragma can't depend on a template parameter nor name one of a pack of arguments, so the header
    can't hold them. UG1399, "pragma HLS bind_storage", "pragma HLS array_partition".
    """
    if rom.split:
        yield f"#pragma HLS ARRAY_PARTITION variable={variable} dim=2"
    if rom.storage:
        yield f"#pragma HLS BIND_STORAGE variable={variable} type={rom.ports} impl={rom.storage}"


def _fork_call(tensor: Tensor, source: str, branches: Sequence[str]) -> str:
    """The call that copies a stream of ``tensor``."""
    return f"fcn_hw::fork<{tensor.name}_t, {tensor.pixels}>({', '.join([source, *branches])});"
