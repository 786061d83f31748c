"""Ops of your own, from outside the package, in one call: class, oracle, header, rule, cost.

    @dataclass(frozen=True)
    class Absolute(Op):
        "|x|, then conversion to the output's format."

    register_operator(Absolute, evaluate=..., interval=..., header=..., config=..., cost=...)

Then graphs with the op are verified, saved, evaluated, sized, estimated, emitted and simulated like
those of the ops of fcn_hw; ``examples/custom_operator.py`` is a whole one. The header is found by
the op's name in snake case: ``absolute.h`` holds ``fcn_hw::absolute<in_T, out_T, CONFIG_T>``, the
config template makes ``<op>_config``.

Ops with a fold of their own (multipliers that channels share) or with ROMs need the package itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from functools import wraps
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np

from fcn_hw.backend.contexts import OpContext, PixelwiseContext
from fcn_hw.backend.op_configs import EMISSIONS, Emission, snake_name_of
from fcn_hw.dataflow.rules import RULES, Iterations, every_pixel
from fcn_hw.errors import ConfigError
from fcn_hw.estimate.family import Family
from fcn_hw.estimate.ops import COSTS, PROCESS, OpCost
from fcn_hw.fixed import Whole
from fcn_hw.ir.extension import EXTENSIONS, Extension
from fcn_hw.ir.intervals import Interval
from fcn_hw.ir.ops import Constant, Op, Tensor
from fcn_hw.ir.serialize import CLASSES, can_store
from fcn_hw.reference.evaluate import EVALUATORS, Evaluator
from fcn_hw.resources import data_folder

__all__ = [
    "PROCESS", "Interval", "OpContext", "OpCost", "PixelwiseContext", "every_pixel",
    "register_operator", "unregister_operator",
]  # fmt: skip

Operands = tuple[Tensor, ...]


def register_operator(
    kind: type[Op],
    *,
    evaluate: Evaluator,
    interval: Callable[[Any, list[Interval]], Interval],
    header: Path,
    config: Path,
    cost: Callable[[Any, Operands, Family], OpCost],
    context: Callable[[Any, Operands, int], OpContext] | None = None,
    rule: Callable[[Any, Tensor], Iterations] | None = None,
    inputs: int = 1,
    shape: Callable[[Any, Operands], tuple[int, int, int]] | None = None,
    rules: Callable[[Any, Operands], Iterable[str]] | None = None,
    cycles: Callable[[Any, Operands], int] | None = None,
    latency_cycles: Callable[[Any, Operands], int] | None = None,
) -> None:
    """Makes an op known everywhere. A second call for a class of the same name replaces the first.

    Args:
        kind: a frozen dataclass that extends :class:`fcn_hw.ir.Op`; its fields are whole numbers,
            pairs of them, ``Padding``, ``FixedFormat``. Constants would need a ROM.
        evaluate: the oracle: (op, codes of each input (N, H, W, C), operands) to int64 codes.
        interval: (op, an interval for each input) to what it computes exactly, before its
            conversion to the output's format.
        header: the C++ header, ``<op>.h``.
        config: the template of its config struct.
        cost: (op, operands, family of the FPGA) to resources.
        context: (op, operands, cycles of a frame) to the dataclass that the template sees; None
            gives :class:`PixelwiseContext`: name, cycles, height and width of the output.
        rule: (op, first operand) to the iterations of the header's loop that read, those that
            write, and how many there are; None for a pixel in and a pixel out in each.
        inputs: tensors that it reads.
        shape: (op, operands) to (height, width, channels); None keeps the first input's.
        rules: (op, operands) to every broken rule, in words, for ``verify``.
        cycles: (op, operands) to the cycles of a frame; None counts the output's pixels.
        latency_cycles: (op, operands) to the cycles from the read of a pixel to its write; None
            counts a conversion.

    Raises:
        ConfigError: the name is that of an op of fcn_hw, the header is missing or misnamed, the
            template is missing, or a field can't be stored.
    """
    name = snake_name_of(kind)
    _check(kind, name, header, config)
    unregister_operator(kind.__name__)
    EXTENSIONS[kind] = Extension(interval, inputs, shape, rules, cycles, latency_cycles)
    CLASSES[kind.__name__] = kind
    EVALUATORS[kind] = _on_int64(evaluate)
    RULES[kind] = rule or _pixelwise
    COSTS[kind] = cost
    EMISSIONS[kind] = Emission(header, config, context or _pixelwise_context)


def unregister_operator(name: str) -> None:
    """Forgets an op that was registered, by the name of its class; others are left alone."""
    kind = CLASSES.get(name)
    if kind is None or kind not in EXTENSIONS:
        return
    registries: tuple[dict[Any, Any], ...] = (EXTENSIONS, EVALUATORS, RULES, COSTS, EMISSIONS)
    for registry in registries:
        del registry[kind]
    del CLASSES[name]


def _on_int64(evaluate: Evaluator) -> Evaluator:
    """The oracle of an op from outside: what it is given are int64 codes, whatever ours pass on."""

    @wraps(evaluate)
    def run(op: Any, codes: Sequence[Whole], operands: Sequence[Tensor], /) -> Whole:
        return evaluate(op, [item.astype(np.int64) for item in codes], operands)

    return run


def _pixelwise(op: Op, source: Tensor) -> Iterations:
    return every_pixel(op.output)


def _pixelwise_context(op: Op, operands: Operands, cycles: int) -> OpContext:
    return PixelwiseContext(
        name=op.name, cycles=cycles, height=op.output.height, width=op.output.width
    )


def _check(kind: type[Op], name: str, header: Path, config: Path) -> None:
    known = CLASSES.get(kind.__name__)
    if known is not None and known not in EXTENSIONS:
        raise ConfigError(
            f"fcn_hw has an op '{kind.__name__}' of its own", hint="Give your class another name."
        )
    if header.name != f"{name}.h":
        raise ConfigError(f"{header}: the header of op '{kind.__name__}' must be named {name}.h")
    for path in (header, config):
        if not path.is_file():
            raise ConfigError(f"{path}: there is no such file")
    if (data_folder("templates") / "include" / "fcn_hw" / header.name).exists():
        raise ConfigError(
            f"fcn_hw has a header '{header.name}' of its own", hint="Give your class another name."
        )
    hints = get_type_hints(kind)
    shared = {item.name for item in fields(Op)}
    for item in fields(kind):
        if item.name not in shared and (
            not can_store(hints[item.name]) or hints[item.name] in (Constant, Constant | None)
        ):
            raise ConfigError(
                f"op '{kind.__name__}': field '{item.name}' can't be stored",
                hint="Fields are int, pairs of int, Padding or FixedFormat.",
            )
