"""The text of one dataflow process: call, config struct, header, ROM."""

from __future__ import annotations

from dataclasses import dataclass

from fcn_hw.backend.constant_roms import CONSTANT_OPS, render_constants
from fcn_hw.backend.op_configs import (
    FORK_HEADER,
    header_of,
    render_call,
    render_config,
    render_fork_call,
    rom_pragmas,
)
from fcn_hw.backend.rom import render_rom
from fcn_hw.dataflow.lowering import Process
from fcn_hw.ir import Op, Tensor
from fcn_hw.ir.cycles import Fold
from fcn_hw.ir.ops import CONVOLUTIONS


@dataclass(frozen=True)
class ProcessText:
    """What the top function and its headers need of a process.

    Args:
        call: the statement in the dataflow region.
        config: the config struct, empty for a fork.
        header: to include.
        pragmas: lines that stand before the calls.
        weights: (file name, text) of the ROM header, or None.
    """

    call: str
    config: str
    header: str
    pragmas: tuple[str, ...] = ()
    weights: tuple[str, str] | None = None


def emit_process(process: Process, fold: Fold | None, strategy: str) -> ProcessText:
    """The text of a process.

    Args:
        fold: of an op of :data:`fcn_hw.ir.ops.FOLDED`, else None.
        strategy: hls4ml's, ``"Resource"`` or ``"Latency"``.

    Raises:
        TemplateError: a template misses a value.
    """
    inputs = [stream.name for stream in process.inputs]
    outputs = [stream.name for stream in process.outputs]
    op = process.op
    if op is None:
        tensor = process.inputs[0].tensor
        return ProcessText(render_fork_call(tensor, inputs[0], outputs), "", FORK_HEADER)
    operands = tuple(stream.tensor for stream in process.inputs)
    constants = op_roms(op, operands, fold)
    return ProcessText(
        call=render_call(op, inputs, outputs[0]),
        config=render_config(op, operands, fold),
        header=header_of(op),
        pragmas=rom_pragmas(op, strategy, fold),
        weights=(f"{op.name}.h", constants) if constants else None,
    )


def op_roms(op: Op, operands: tuple[Tensor, ...], fold: Fold | None) -> str:
    """The header with the ROMs of an op, empty where it has none.

    Args:
        operands: the tensors that it reads.
        fold: of an op of :data:`fcn_hw.ir.ops.FOLDED`, else None.
    """
    if isinstance(op, CONVOLUTIONS):
        assert fold is not None, "a convolution is emitted with a fold"
        return render_rom(op, fold)
    if isinstance(op, CONSTANT_OPS):
        return render_constants(op, operands[0], fold)
    return ""
