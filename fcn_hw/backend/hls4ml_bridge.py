"""Dataflow -> hls4ml ``ModelGraph``: hls4ml emits, it does not parse.

The only file that imports hls4ml (1.3.0). Its Keras front end and its precision inference are not
used: the layer list is built from the graph, every format is given, and each of our processes is a
layer of hls4ml's extension API that has streams and no text: ``op_emission`` makes that. With
``Conv: hls4ml`` convolutions are hls4ml's own layers, and their text comes from hls4ml's templates.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

from fcn_hw.backend.hls4ml_conv import Hls4mlArray, Hls4mlLayer, render_hls4ml_weights
from fcn_hw.backend.op_emission import ProcessText
from fcn_hw.dataflow.lowering import Dataflow, Process, Stream
from fcn_hw.errors import TemplateError
from fcn_hw.fixed import FixedFormat

_LAYER_CLASS = "FcnHwProcess"
_NNET_UTILS = "nnet_utils/"
_LINE = 16  # weights on a line


@dataclass(frozen=True)
class Target:
    """What hls4ml has to know of the board and the design.

    Args:
        part: FPGA part.
        clock_period_ns: target clock period.
        reuse_factor: of the model; each process carries its own fold.
        strategy: hls4ml's ``Strategy``.
    """

    part: str
    clock_period_ns: float
    reuse_factor: int
    strategy: str


def to_model_graph(
    dataflow: Dataflow,
    target: Target,
    theirs: Mapping[str, Hls4mlLayer] = MappingProxyType({}),
) -> Any:
    """The hls4ml model of a dataflow, its default flow for Vitis applied.

    Args:
        theirs: for each process that hls4ml computes, its layer.

    Returns:
        a ``hls4ml.model.graph.ModelGraph``.
    """
    hls4ml = _hls4ml()
    layers = [_input_layer(port) for port in dataflow.inputs]
    layers += [
        theirs[process.name].layer if process.name in theirs else _layer(process)
        for process in dataflow.processes
    ]
    layers = [
        layer | {end: list(map(_key, layer[end])) for end in ("inputs", "outputs") if end in layer}
        for layer in layers
    ]
    config = {
        "OutputDir": "unused",  # the project is written by fcn_hw.backend.project
        "ProjectName": dataflow.name,
        "Backend": "Vitis",
        "Part": target.part,
        "ClockPeriod": target.clock_period_ns,
        "IOType": "io_stream",
        "HLSConfig": {
            "Model": {
                "Precision": "fixed<16,6>",  # never used: each layer states its own
                "ReuseFactor": target.reuse_factor,
                "Strategy": target.strategy,
            },
            "LayerName": {
                _key(port.name): {"Precision": {"result": str(port.tensor.format)}}
                for port in dataflow.inputs
            }
            | {name: item.settings for name, item in theirs.items() if item.settings},
        },
    }
    model = _model_class(hls4ml, dataflow).from_layer_list(
        config,
        layers,
        inputs=[_key(port.name) for port in dataflow.inputs],
        outputs=_output_layers(dataflow),
    )
    model.apply_flow(model.config.backend.get_default_flow())
    if theirs:
        _rename(model, dataflow, theirs)
    for fifo in dataflow.fifos:  # hls4ml gives every stream a whole frame
        stream_variable(model, fifo).pragma = ("stream", fifo.depth)
    return model


def hls4ml_texts(model: Any, theirs: Mapping[str, Hls4mlLayer]) -> dict[str, ProcessText]:
    """The text of every process that hls4ml computes, by name.

    Args:
        theirs: as :func:`to_model_graph` got it.
    """
    nodes = {node.name: node for node in model.get_layers()}
    assert set(theirs) <= set(nodes), "hls4ml's flow dropped a layer"
    return {name: _hls4ml_text(nodes[name], item.about) for name, item in theirs.items()}


def fifo_depth(model: Any, stream: Stream) -> int:
    """The depth that hls4ml holds for a stream."""
    return int(stream_variable(model, stream).pragma[1])


def stream_variable(model: Any, stream: Stream) -> Any:
    """hls4ml's variable of a stream: its type, shape and pragma."""
    return model.get_layer_output_variable(_key(stream.name))


def ap_types_folder() -> Path:
    """The C simulation headers (``ap_fixed.h``, ``ap_int.h``, ``hls_stream.h``) of hls4ml."""
    return _templates_folder() / "ap_types"


def nnet_headers(names: Iterable[str]) -> dict[str, bytes]:
    """hls4ml's headers, as its Vitis writer takes them, and all that they include.

    Args:
        names: ``nnet_utils/<header>.h``, others are passed over.

    Returns:
        the bytes of each by its name.
    """
    found: dict[str, bytes] = {}
    waiting = [name for name in names if name.startswith(_NNET_UTILS)]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        vitis = _templates_folder("vitis") / name
        path = vitis if vitis.is_file() else _templates_folder() / name
        found[name] = path.read_bytes()
        included = re.findall(r'#include "(nnet_\w+\.h)"', path.read_text(encoding="utf-8"))
        waiting += [_NNET_UTILS + header for header in included]
    return found


def hls4ml_licence() -> bytes:
    """hls4ml's licence, Apache-2.0, under which it brings ``ap_types`` and ``nnet_utils``."""
    import importlib.metadata

    for file in importlib.metadata.files("hls4ml") or ():
        if file.name == "LICENSE":
            return file.read_binary()
    raise TemplateError("the installed hls4ml has no LICENSE file", hint="Install it again.")


# -- inside ----------------------------------------------------------------------------------------


def _templates_folder(backend: str = "vivado") -> Path:
    return Path(str(_hls4ml().__file__)).parent / "templates" / backend


@lru_cache(maxsize=1)
def _hls4ml() -> ModuleType:
    """hls4ml with our layer class registered; the registry is global, so this is done once."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import hls4ml
    from hls4ml.model.layers import Layer, register_layer

    class FcnHwProcess(Layer):  # type: ignore[misc]
        """A process of ours: its outputs' shapes and precisions are given."""

        def initialize(self) -> None:
            for stream in self.get_attr("fcn_hw_outputs"):
                self.add_output_variable(
                    list(stream.tensor.shape),
                    out_name=_key(stream.name),
                    var_name=stream.name,
                    type_name=f"{stream.tensor.name}_t",
                    precision=_precision(hls4ml, stream.tensor.format),
                )

    register_layer(_LAYER_CLASS, FcnHwProcess)
    return hls4ml  # type: ignore[no-any-return]


def _model_class(hls4ml: ModuleType, dataflow: Dataflow) -> Any:
    """A ``ModelGraph`` whose outputs are the ports of the top function.

    ``from_layer_list`` takes *all* streams of a layer for outputs of the model if one is. A fork
    that feeds a port and other processes would have those streams cloned, as if each had two
    readers.
    """
    ports = {_key(port.name) for port in dataflow.outputs}

    class PortGraph(hls4ml.model.graph.ModelGraph):  # type: ignore[misc, name-defined]
        def __init__(self, config: Any, inputs: Any, outputs: list[str], index: int = 0) -> None:
            super().__init__(config, inputs, [name for name in outputs if name in ports], index)

    return PortGraph


def _key(stream: str) -> str:
    """What a stream is called in hls4ml's model.

    A layer keeps its outputs among its settings, by name: a stream ``strategy`` would take the
    place of the layer's strategy.
    """
    return f"fcn_hw_stream_{stream}"


def _input_layer(port: Stream) -> dict[str, Any]:
    return {
        "class_name": "InputLayer",
        "name": _key(port.name),  # hls4ml wants it to be that of its stream
        "input_shape": list(port.tensor.shape),
        "outputs": [port.name],
    }


def _layer(process: Process) -> dict[str, Any]:
    return {
        "class_name": _LAYER_CLASS,
        "name": process.name,
        "inputs": [stream.name for stream in process.inputs],
        "outputs": [stream.name for stream in process.outputs],
        "fcn_hw_outputs": process.outputs,
    }


def _rename(model: Any, dataflow: Dataflow, theirs: Mapping[str, Hls4mlLayer]) -> None:
    """Gives hls4ml's layers the names of our streams, types and ROMs, and prints them again.

    hls4ml numbers the layers and names by number, also what its passes put in their place.
    """
    for stream in (*dataflow.inputs, *(s for p in dataflow.processes for s in p.outputs)):
        variable = stream_variable(model, stream)
        variable.name, variable.type.name = stream.name, f"{stream.tensor.name}_t"
    for node in model.get_layers():
        if node.name in theirs and node.weights:
            node.weights["weight"].name = f"{node.name}_weights"
            node.weights["bias"].name = f"{node.name}_biases"
    for backend in ("vivado", "vitis"):
        model.apply_flow(f"{backend}:apply_templates")


def _hls4ml_text(node: Any, about: str) -> ProcessText:
    """The text of a process that a layer of hls4ml computes."""
    results = {variable.type.name for variable in node.variables.values()}
    typedefs = "".join(
        kind.definition_cpp()
        for name, kind in node.get_layer_precision().items()
        if name not in results
    )
    arrays = [_hls4ml_array(variable) for variable in node.weights.values()]
    return ProcessText(
        call=node.get_attr("function_cpp"),
        config=f"// {about}\n{typedefs}{node.get_attr('config_cpp')}".rstrip(),
        headers=tuple(node.get_attr("include_header")),
        weights=(f"{node.name}.h", render_hls4ml_weights(node.name, arrays)) if arrays else None,
    )


def _hls4ml_array(variable: Any) -> Hls4mlArray:
    shape = tuple(int(size) for size in variable.data.shape)
    values = [str(value) for value in variable]
    rows = [values[start : start + _LINE] for start in range(0, len(values), _LINE)]
    return Hls4mlArray(variable.definition_cpp(), shape, rows)


def _output_layers(dataflow: Dataflow) -> list[str]:
    ports = {port.name for port in dataflow.outputs}
    return [
        process.name
        for process in dataflow.processes
        if any(stream.name in ports for stream in process.outputs)
    ]


def _precision(hls4ml: ModuleType, fmt: FixedFormat) -> Any:
    types = hls4ml.model.types
    return types.FixedPrecisionType(
        fmt.width,
        fmt.integer,
        fmt.signed,
        getattr(types.RoundingMode, fmt.rounding.value),
        getattr(types.SaturationMode, fmt.overflow.value),
    )
