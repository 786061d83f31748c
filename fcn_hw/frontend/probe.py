"""The QKeras model run layer by layer, with its exact quantized weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from fcn_hw.frontend.activation_layers import keeps_class
from fcn_hw.frontend.activations import SIGNS
from fcn_hw.frontend.constants import weights
from fcn_hw.frontend.parts import Floats
from fcn_hw.frontend.walk import Call, Program, flat, walk
from fcn_hw.ir import Graph
from fcn_hw.keras_env import keras_env
from fcn_hw.scaling import Scaling, step_scaling

_QUANTIZERS = (
    ("kernel_quantizer_internal", "kernel"),
    ("depthwise_quantizer_internal", "depthwise kernel"),
    ("pointwise_quantizer_internal", "pointwise kernel"),
    ("bias_quantizer_internal", "bias"),
)


def layer_values(
    model: Any,
    graph: Graph,
    codes: Mapping[str, npt.NDArray[np.int64]],
    names: Sequence[str],
    scaling: Scaling | None = None,
) -> Iterator[tuple[str, Floats]]:
    """What the QKeras model computes for ops of the graph, in units of each op's step.

    A value that equals the graph's is an integer and equals the code; any other value differs.

    Args:
        codes: int64 codes (N, H, W, C) of each input.
        names: ops with an ``origin``.
        scaling: what the model is given for a code; None: ``code * step``.

    Yields:
        (op name, float64 of shape (N, H, W, C)).
    """
    wanted = [graph[name] for name in names if graph[name].origin]
    frames = [
        (scaling or step_scaling(op.output.format)).values(codes[op.name]) for op in graph.inputs
    ]
    found = run(model, frames, {op.origin for op in wanted})
    for op in wanted:
        # the layer may give rows behind one another, as Reshape does at the end
        values = np.asarray(found[op.origin], np.float64).reshape(-1, *op.output.shape)
        yield op.name, np.ldexp(values, op.output.format.fraction)


def run(model: Any, frames: Sequence[npt.NDArray[np.float32]], paths: set[str]) -> dict[str, Any]:
    """The outputs of the calls ``paths``, and of the inputs, by path.

    Args:
        frames: float32 (N, H, W, C) of each input, in the model's order.
    """
    program = walk(model)
    tf = keras_env().tf
    live: dict[int, Any] = {}
    found: dict[str, Any] = {}
    for (number, name, _), frame in zip(program.inputs, frames, strict=True):
        live[number] = found[name] = tf.constant(frame)
    last = _last_reads(program)
    with exact_inference(program):
        for index, call in enumerate(program.calls):
            results = flat(_called(call, [live[number] for number in call.inputs]))
            live.update(zip(call.outputs, results, strict=True))
            if call.path in paths:
                found[call.path] = results[0]
            for number in {*call.inputs, *call.outputs}:
                if last.get(number, -1) <= index:
                    live.pop(number, None)
    return found


class exact_inference:
    """Evaluates layers with their exact quantized values.

    QKeras' straight-through form ``x + (q(x) - x)`` leaves an ulp for binary and ternary. Inside,
    quantizers give exactly what they stand for, and a softmax or sigmoid of a layer that the graph
    leaves out is left out.
    """

    def __init__(self, program: Program) -> None:
        self._program = program
        self._saved: list[tuple[Any, str, Any]] = []

    def __enter__(self) -> None:
        for call in {id(call.layer): call for call in self._program.calls}.values():
            for attribute, label in _QUANTIZERS:
                quantizer = getattr(call.layer, attribute, None)
                if quantizer is not None:
                    self._set(call.layer, attribute, _exact_weights(call.path, label, quantizer))
            for attribute in ("activation", "quantizer"):
                quantizer = getattr(call.layer, attribute, None)
                if type(quantizer).__name__ in SIGNS:
                    self._set(call.layer, attribute, _exact_sign(quantizer))
                elif keeps_class(quantizer, call, self._program.ends):
                    self._set(call.layer, attribute, lambda values: values)

    def __exit__(self, *_: object) -> None:
        for layer, attribute, quantizer in self._saved:
            setattr(layer, attribute, quantizer)
        self._saved.clear()

    def _set(self, layer: Any, attribute: str, function: Callable[[Any], Any]) -> None:
        self._saved.append((layer, attribute, getattr(layer, attribute)))
        setattr(layer, attribute, function)


def _exact_weights(path: str, label: str, quantizer: Any) -> Callable[[Any], Any]:
    def exact(values: Any) -> Any:
        made = weights(path, label, quantizer, np.asarray(quantizer(values)))
        # a tensor: QDense asks its kernel for the rank
        return keras_env().tf.constant(made.values.astype(np.float32))

    return exact


def _exact_sign(quantizer: Any) -> Callable[[Any], Any]:
    def exact(values: Any) -> Any:
        scale = np.float32(1.0 if quantizer.alpha is None else quantizer.alpha)
        return np.rint(np.asarray(quantizer(values)) / scale) * scale

    return exact


def _called(call: Call, tensors: list[Any]) -> Any:
    arguments = tensors[0] if len(tensors) == 1 else tensors
    if getattr(call.layer, "_expects_training_arg", False):
        return call.layer(arguments, training=False)
    return call.layer(arguments)


def _last_reads(program: Program) -> dict[int, int]:
    return {n: index for index, call in enumerate(program.calls) for n in call.inputs}
