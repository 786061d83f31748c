"""Dataflow -> hls4ml ``ModelGraph``: hls4ml emits, it does not parse.

The only file that imports hls4ml (1.3.0). Its Keras front end and its precision inference are not
used: the layer list is built from the graph, every format is given, and each of our ops is a layer
of hls4ml's extension API whose config and call text come from our own templates.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

from fcn_hw.backend.op_emission import ProcessText
from fcn_hw.dataflow.lowering import Dataflow, Process, Stream
from fcn_hw.errors import TemplateError
from fcn_hw.fixed import FixedFormat, Overflow, Rounding

_LAYER_CLASS = "FcnHwProcess"


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


@dataclass(frozen=True)
class EmittedProcess:
    """The text of one process, as the hls4ml model holds it.

    Args:
        process: what it computes.
        call: the call in the top function.
        config: the config struct, may be empty.
        header: the header to include.
        weights: (file name, text) of its ROM header, or None.
        pragmas: lines that stand before the calls.
    """

    process: Process
    call: str
    config: str
    header: str
    weights: tuple[str, str] | None
    pragmas: tuple[str, ...]


def to_model_graph(dataflow: Dataflow, target: Target, texts: dict[str, ProcessText]) -> Any:
    """The hls4ml model of a dataflow, its default flow for Vitis applied.

    Args:
        texts: for each process, what ``op_emission.emit_process`` made of it.

    Returns:
        a ``hls4ml.model.graph.ModelGraph``.
    """
    hls4ml = _hls4ml()
    layers = [_input_layer(port) for port in dataflow.inputs]
    layers += [_layer(process, texts[process.name]) for process in dataflow.processes]
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
                port.name: {"Precision": {"result": _precision_text(port.tensor.format)}}
                for port in dataflow.inputs
            },
        },
    }
    model = _model_class(hls4ml, dataflow).from_layer_list(
        config,
        layers,
        inputs=[port.name for port in dataflow.inputs],
        outputs=_output_layers(dataflow),
    )
    model.apply_flow(model.config.backend.get_default_flow())
    for fifo in dataflow.fifos:  # hls4ml gives every stream a whole frame
        model.get_layer_output_variable(fifo.name).pragma = ("stream", fifo.depth)
    return model


def emitted_processes(model: Any, dataflow: Dataflow) -> tuple[EmittedProcess, ...]:
    """The text of every process of an hls4ml model, in the model's order."""
    by_name = {process.name: process for process in dataflow.processes}
    found = []
    for node in model.get_layers():
        process = by_name.get(node.name)
        if process is None:
            continue
        text: ProcessText = node.get_attr("fcn_hw_text")
        found.append(
            EmittedProcess(
                process,
                call=node.get_attr("function_cpp"),
                config=node.get_attr("config_cpp") or "",
                header=node.get_attr("include_header")[0],
                weights=text.weights,
                pragmas=text.pragmas,
            )
        )
    assert len(found) == len(by_name), "hls4ml's flow dropped a process"
    return tuple(found)


def fifo_depth(model: Any, stream: Stream) -> int:
    """The depth that hls4ml holds for a stream."""
    return int(model.get_layer_output_variable(stream.name).pragma[1])


def ap_types_folder() -> Path:
    """The C simulation headers (``ap_fixed.h``, ``ap_int.h``, ``hls_stream.h``) of hls4ml."""
    return _templates_folder() / "ap_types"


def hls4ml_licence() -> bytes:
    """hls4ml's licence, Apache-2.0, under which it brings ``ap_types`` and ``nnet_utils``."""
    import importlib.metadata

    for file in importlib.metadata.files("hls4ml") or ():
        if file.name == "LICENSE":
            return file.read_binary()
    raise TemplateError("the installed hls4ml has no LICENSE file", hint="Install it again.")


def nnet_types_header() -> Path:
    """hls4ml's ``nnet_types.h``, which defines ``nnet::array``."""
    return _templates_folder() / "nnet_utils" / "nnet_types.h"


# -- inside ----------------------------------------------------------------------------------------


def _templates_folder() -> Path:
    return Path(str(_hls4ml().__file__)).parent / "templates" / "vivado"


@lru_cache(maxsize=1)
def _hls4ml() -> ModuleType:
    """hls4ml with our layer class registered; the registries are global, so this is done once."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import hls4ml
    from hls4ml.backends.template import FunctionCallTemplate, LayerConfigTemplate
    from hls4ml.model.layers import Layer, register_layer

    class FcnHwProcess(Layer):  # type: ignore[misc]
        """A process of ours: its outputs' shapes and precisions are given."""

        def initialize(self) -> None:
            for stream in self.get_attr("fcn_hw_outputs"):
                self.add_output_variable(
                    list(stream.tensor.shape),
                    out_name=stream.name,
                    var_name=stream.name,
                    type_name=f"{stream.tensor.name}_t",
                    precision=_precision(hls4ml, stream.tensor.format),
                )

    class ConfigTemplate(LayerConfigTemplate):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(FcnHwProcess)

        def format(self, node: Any) -> str:
            text: ProcessText = node.get_attr("fcn_hw_text")
            return text.config

    class CallTemplate(FunctionCallTemplate):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(FcnHwProcess, include_header=[])

        def format(self, node: Any) -> str:
            text: ProcessText = node.get_attr("fcn_hw_text")
            node.set_attr("include_header", [text.header])
            return text.call

    register_layer(_LAYER_CLASS, FcnHwProcess)
    backend = hls4ml.backends.get_backend("Vitis")
    backend.register_template(ConfigTemplate)
    backend.register_template(CallTemplate)
    return hls4ml  # type: ignore[no-any-return]


def _model_class(hls4ml: ModuleType, dataflow: Dataflow) -> Any:
    """A ``ModelGraph`` whose outputs are the ports of the top function.

    ``from_layer_list`` takes *all* streams of a layer for outputs of the model if one is. A fork
    that feeds a port and other processes would have those streams cloned, as if each had two
    readers.
    """
    ports = {port.name for port in dataflow.outputs}

    class PortGraph(hls4ml.model.graph.ModelGraph):  # type: ignore[misc, name-defined]
        def __init__(self, config: Any, inputs: Any, outputs: list[str], index: int = 0) -> None:
            super().__init__(config, inputs, [name for name in outputs if name in ports], index)

    return PortGraph


def _input_layer(port: Stream) -> dict[str, Any]:
    return {
        "class_name": "InputLayer",
        "name": port.name,
        "input_shape": list(port.tensor.shape),
        "outputs": [port.name],
    }


def _layer(process: Process, text: ProcessText) -> dict[str, Any]:
    return {
        "class_name": _LAYER_CLASS,
        "name": process.name,
        "inputs": [stream.name for stream in process.inputs],
        "outputs": [stream.name for stream in process.outputs],
        "fcn_hw_outputs": process.outputs,
        "fcn_hw_text": text,
    }


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


def _precision_text(fmt: FixedFormat) -> str:
    """hls4ml's spelling in a configuration."""
    plain = (fmt.rounding, fmt.overflow) == (Rounding.TRN, Overflow.WRAP)
    modes = "" if plain else f",{fmt.rounding.value},{fmt.overflow.value}"
    return f"{'' if fmt.signed else 'u'}fixed<{fmt.width},{fmt.integer}{modes}>"
