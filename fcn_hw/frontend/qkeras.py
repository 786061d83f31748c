"""QKeras model -> graph. What can't be expressed exactly is refused, all problems at once.

TensorFlow is imported inside functions only. A model file is untrusted: it is searched for code
(Lambda layers) before Keras sees it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fcn_hw.errors import ConfigError, FcnHwError, UnsupportedLayer, nearest
from fcn_hw.fixed import FixedFormat
from fcn_hw.frontend.constants import weight_constant
from fcn_hw.frontend.layers import HINTS, LAYERS, Context
from fcn_hw.frontend.names import CNames
from fcn_hw.ir import Graph
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.keras_env import keras_env

Floats = npt.NDArray[np.float64]


def load_model(path: Path) -> Any:
    """Loads a QKeras model from ``.h5`` or ``.keras``.

    Raises:
        ConfigError: missing, truncated or no Keras model.
        UnsupportedLayer: it holds a Lambda layer, which is never executed.
    """
    _refuse_code(path)
    env = keras_env()
    try:
        return env.qkeras.utils.load_qmodel(str(path), compile=False)
    except Exception as error:  # h5py, Keras and QKeras raise whatever they like
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ConfigError(
            f"{path}: can't be loaded as a QKeras model: {reason[:200]}",
            hint="save the model with model.save('model.h5'); custom classes are not supported",
        ) from error


def export(
    model: Any, input_format: FixedFormat, *, name: str = "fcn", arg_max: bool = True
) -> Graph:
    """The graph of a model, not yet optimised by passes.

    Args:
        model: a functional or sequential (Q)Keras model with static input shapes.
        input_format: format of the input codes; the model is fed ``code * step``.
        name: of the graph, a C identifier.
        arg_max: whether an :class:`ArgMax` follows each output of several channels.

    Raises:
        UnsupportedLayer: with every layer that is refused, why and what to do.
    """
    names = CNames(name)
    builder = GraphBuilder(name)
    context = Context(builder, names)
    found: dict[int, str] = {}  # id of a Keras tensor -> op
    problems: list[UnsupportedLayer] = []
    for layer in model.layers:
        kind = type(layer).__name__
        node = _single_node(layer, model, problems)
        if node is None:
            continue
        tensors = _flat(node.output_tensors)
        if kind == "InputLayer":
            shape = tensors[0].shape[1:]
            if len(shape) != 3 or None in tuple(shape):
                problems.append(
                    UnsupportedLayer(
                        layer.name,
                        f"input shape {tuple(tensors[0].shape)} is not "
                        "(None, height, width, channels)",
                        hint="build the model with a fixed height, width and channel count",
                    )
                )
                continue
            height, width, channels = (int(item) for item in shape)
            found[id(tensors[0])] = builder.input(
                names(layer.name), (height, width, channels), input_format
            )
            continue
        sources = [found.get(id(tensor), "") for tensor in _flat(node.keras_inputs)]
        function = LAYERS.get(kind)
        if function is None:
            problems.append(
                UnsupportedLayer(
                    layer.name,
                    f"layer class {kind} is not supported",
                    hint=HINTS.get(kind, f"near: {nearest(kind, LAYERS)}"),
                )
            )
            continue
        if "" in sources:
            continue  # behind a refused layer: that one is reported
        try:
            found[id(tensors[0])] = function(context, layer, sources)
        except UnsupportedLayer as error:
            problems.append(error)
    if problems:
        raise UnsupportedLayer.together(problems)
    outputs = [found[id(tensor)] for tensor in _flat(model.outputs)]
    if arg_max:
        outputs = [
            builder.arg_max(names("class_map"), item) if builder.tensor(item).channels > 1 else item
            for item in outputs
        ]
    return builder.finish(*outputs)


def layer_values(
    model: Any, graph: Graph, codes: npt.NDArray[np.int64], names: Sequence[str]
) -> Iterator[tuple[str, Floats]]:
    """What the QKeras model computes for ops of the graph, in units of each op's step.

    A value that equals the graph's is an integer and equals the code; any other value differs.

    Args:
        codes: int64 input codes (N, H, W, C).
        names: ops with an ``origin``.

    Yields:
        (op name, float64 of shape (N, H, W, C)).
    """
    env = keras_env()
    wanted = [graph[name] for name in names if graph[name].origin]
    probe = env.keras.Model(
        model.inputs, [model.get_layer(op.origin).output for op in wanted], name="probe"
    )
    step = graph.inputs[0].output.format.step
    with exact_inference(model):
        results = probe(np.asarray(codes * step, dtype=np.float32), training=False)
    for op, result in zip(wanted, _flat(results), strict=True):
        yield op.name, np.ldexp(np.asarray(result, np.float64), op.output.format.fraction)


class exact_inference:
    """Evaluates the model with its exact quantized weights.

    QKeras' straight-through form ``x + (q(x) - x)`` leaves an ulp for binary and ternary weights.
    Inside, kernels and biases hold the exact quantized values and their quantizers pass them on.
    """

    def __init__(self, model: Any) -> None:
        self._layers = [
            (layer, attribute, variable)
            for layer in model.layers
            for attribute, variable in (
                ("kernel_quantizer_internal", "kernel"),
                ("bias_quantizer_internal", "bias"),
            )
            if getattr(layer, attribute, None) is not None
            and getattr(layer, variable, None) is not None
        ]
        self._saved: list[tuple[Any, str, Any]] = []

    def __enter__(self) -> None:
        for layer, attribute, variable in self._layers:
            quantizer = getattr(layer, attribute)
            values = np.asarray(quantizer(getattr(layer, variable)))
            constant = weight_constant(layer.name, variable, quantizer, values)
            exact = (constant.codes * constant.format.step).astype(np.float32)
            self._saved.append((layer, attribute, quantizer))
            setattr(layer, attribute, lambda _, exact=exact: exact)

    def __exit__(self, *_: object) -> None:
        for layer, attribute, quantizer in self._saved:
            setattr(layer, attribute, quantizer)
        self._saved.clear()


# -- inside ----------------------------------------------------------------------------------------


def _single_node(layer: Any, model: Any, problems: list[UnsupportedLayer]) -> Any | None:
    """The one place where the model calls the layer."""
    nodes = [
        node
        for node in layer.inbound_nodes
        if any(node in depth for depth in model._nodes_by_depth.values())
    ]
    if len(nodes) == 1:
        return nodes[0]
    problems.append(
        UnsupportedLayer(
            layer.name,
            f"is used {len(nodes)} times",
            hint="give each use a layer of its own",
        )
    )
    return None


def _flat(item: Any) -> list[Any]:
    if isinstance(item, Mapping):
        return list(item.values())
    return list(item) if isinstance(item, (list, tuple)) else [item]


def _refuse_code(path: Path) -> None:
    """Refuses a model file that would run code of its own when loaded."""
    if not path.is_file():
        raise ConfigError(f"{path}: there is no such model file", hint="train or copy it first")
    config = _stored_config(path)
    lambdas = list(_find_lambdas(config))
    if lambdas:
        raise UnsupportedLayer.together(
            [
                UnsupportedLayer(name, "Lambda: it holds code", hint=HINTS["Lambda"])
                for name in lambdas
            ]
        )


def _stored_config(path: Path) -> Any:
    import zipfile

    import h5py

    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                return json.loads(archive.read("config.json"))
        with h5py.File(path, "r") as file:
            return json.loads(file.attrs["model_config"])
    except FcnHwError:
        raise
    except Exception as error:
        raise ConfigError(
            f"{path}: is no Keras model file ({type(error).__name__})",
            hint="save the model with model.save('model.h5'), not its weights alone",
        ) from error


def _find_lambdas(item: Any) -> Iterator[str]:
    if isinstance(item, dict):
        if item.get("class_name") == "Lambda":
            config = item.get("config")
            yield str(config.get("name", "lambda") if isinstance(config, dict) else "lambda")
        for value in item.values():
            yield from _find_lambdas(value)
    elif isinstance(item, list):
        for value in item:
            yield from _find_lambdas(value)
