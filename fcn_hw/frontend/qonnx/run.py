"""Nodes computed as the source model computes them: by onnxruntime and by qonnx's own functions.

One node at a time, as qonnx's executor does it, so that nothing is fused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from fcn_hw.errors import ConfigError
from fcn_hw.frontend.qonnx.environment import qonnx_env
from fcn_hw.frontend.qonnx.program import ONNX, Array, Node, Program

QONNX = "qonnx.custom_op.general"
"""The domain of qonnx's operators."""

Computed = Callable[[Sequence["Array | None"]], "list[Array]"]
"""Inputs of a node, None for one that is left out, to its outputs."""


def computed_by(node: Node) -> Computed:
    """What computes a node.

    Raises:
        ConfigError: onnxruntime takes no such node; told when it is called first.
    """
    return _OWN[node.kind](node) if node.domain == QONNX else _by_runtime(node)


def run(program: Program, frames: Mapping[str, Array], wanted: set[str]) -> dict[str, Array]:
    """Tensors of the source model.

    Args:
        frames: of the inputs, float32.
        wanted: names of the tensors to be kept.
    """
    live: dict[str, Array] = {**program.constants, **frames}
    found = {name: live[name] for name in wanted if name in live}
    last = {name: index for index, node in enumerate(program.nodes) for name in node.inputs}
    for index, node in enumerate(program.nodes):
        results = computed_by(node)([live[name] if name else None for name in node.inputs])
        named = {name: item for name, item in zip(node.outputs, results, strict=False) if name}
        live |= named
        found |= {name: item for name, item in named.items() if name in wanted}
        for name in (*node.inputs, *named):
            if last.get(name, -1) <= index and name not in program.constants:
                live.pop(name, None)
    return found


# -- qonnx's operators -----------------------------------------------------------------------------


def _int_quant(node: Node) -> Computed:
    signed, narrow = _flags(node)
    mode = rounding_mode(str(node.attributes.get("rounding_mode", "ROUND")))

    def compute(inputs: Sequence[Array | None]) -> list[Array]:
        values, scale, zero, bits = inputs
        result = qonnx_env().quant.int_quant(values, scale, zero, bits, signed, narrow, mode)
        return [np.asarray(result, np.float32)]

    return compute


def rounding_mode(name: str) -> str:
    """The name that qonnx has for a rounding mode; older files have another one for DOWN."""
    return {"ROUND_TO_ZERO": "DOWN"}.get(name.upper(), name.upper())


def _flags(node: Node) -> tuple[bool, bool]:
    """Signed, narrow; qonnx's documents have 1 and 0 where they are left out."""
    return bool(node.attributes.get("signed", 1)), bool(node.attributes.get("narrow", 0))


def _bipolar_quant(node: Node) -> Computed:
    return lambda inputs: [np.asarray(qonnx_env().bipolar.binary_quant(*inputs), np.float32)]


def _trunc(node: Node) -> Computed:
    mode = rounding_mode(str(node.attributes.get("rounding_mode", "FLOOR")))

    def compute(inputs: Sequence[Array | None]) -> list[Array]:
        trunc = qonnx_env().trunc
        if len(inputs) == 5:
            result = trunc.trunc_v1(*inputs, mode)
        else:
            values, scale, zero, bits, out_scale, out_bits = inputs
            signed, narrow = _flags(node)
            result = trunc.trunc_v2(
                values, scale, zero, bits, narrow, signed, out_scale, out_bits, mode
            )
        return [np.asarray(result, np.float32)]

    return compute


def _multi_threshold(node: Node) -> Computed:
    last = node.attributes.get("data_layout") == "NHWC"

    def compute(inputs: Sequence[Array | None]) -> list[Array]:
        function = qonnx_env().thresholds.multithreshold
        return [np.asarray(function(*inputs, channels_last=last), np.float32)]

    return compute


_OWN: dict[str, Callable[[Node], Computed]] = {
    "Quant": _int_quant,
    "IntQuant": _int_quant,
    "BipolarQuant": _bipolar_quant,
    "Trunc": _trunc,
    "MultiThreshold": _multi_threshold,
}
"""By operator; of the domain :data:`QONNX`."""


# -- ONNX's operators ------------------------------------------------------------------------------

_OPTIONS = 4
"""Severity of a message that onnxruntime prints: fatal only."""


def _by_runtime(node: Node) -> Computed:
    sessions: dict[tuple[Any, ...], Any] = {}

    def compute(inputs: Sequence[Array | None]) -> list[Array]:
        given = {f"i{n}": item for n, item in enumerate(inputs) if item is not None}
        key = tuple((name, item.dtype.str, _sizes(item)) for name, item in given.items())
        if key not in sessions:
            sessions[key] = _session(node, given, len(inputs))
        return list(sessions[key].run(None, given))

    return compute


def _sizes(array: Array) -> tuple[int | None, ...]:
    """Open for images; onnxruntime wants to know how long a list of sizes is."""
    return array.shape if array.ndim < 2 else (None,) * array.ndim


def _session(node: Node, given: Mapping[str, Array], count: int) -> Any:
    """An onnxruntime session of one node, of any sizes."""
    env = qonnx_env()
    helper, onnx, runtime = env.onnx.helper, env.onnx, env.runtime
    made = helper.make_node(
        node.kind,
        [f"i{n}" if f"i{n}" in given else "" for n in range(count)],
        [f"o{n}" if name else "" for n, name in enumerate(node.outputs)],
        domain=ONNX,
        **{
            key: onnx.numpy_helper.from_array(value) if isinstance(value, np.ndarray) else value
            for key, value in node.attributes.items()
        },
    )
    inputs = [
        helper.make_tensor_value_info(
            name, helper.np_dtype_to_tensor_dtype(item.dtype), _sizes(item)
        )
        for name, item in given.items()
    ]
    outputs = [onnx.ValueInfoProto(name=name) for name in made.output if name]
    graph = helper.make_graph([made], "node", inputs, outputs)
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid(ONNX, node.version)], ir_version=8
    )
    options = runtime.SessionOptions()
    options.log_severity_level = _OPTIONS
    options.intra_op_num_threads = 1
    options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        return runtime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # onnxruntime has errors of its own, one class a kind
        raise ConfigError(
            f"node '{node.path}': onnxruntime can't compute this {node.kind}: {_line(error)}",
            hint="look at its attributes and at the opset of the file",
        ) from error


def _line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__


def batches_of(frames: Mapping[str, Array]) -> Iterator[dict[str, Array]]:
    """The frames one at a time: files often fix the batch to 1."""
    count = len(next(iter(frames.values())))
    for n in range(count):
        yield {name: item[n : n + 1] for name, item in frames.items()}
