"""The peer: hls4ml's own layers, its ``ModelGraph``, its ``compile()`` and ``predict()``.

Run as a program it serves :mod:`benchmarks.__main__` from a process of its own, as hls4ml loads the
compiled network into Python. For each line that it reads it predicts once, and it answers in lines
of JSON.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.networks import NETWORKS, images
from fcn_hw.backend.hls4ml_conv import accumulator, emitted_graph
from fcn_hw.errors import UnsupportedLayer
from fcn_hw.fixed import FixedFormat, to_codes, to_float
from fcn_hw.ir import Graph
from fcn_hw.ops import Op, Tensor
from fcn_hw.ops.conv2d import Conv2D
from fcn_hw.ops.max_pool2d import MaxPool2D
from fcn_hw.ops.skip_add import SkipAdd
from fcn_hw.ops.skip_concat import SkipConcat
from fcn_hw.ops.upsample_nearest import UpsampleNearest
from fcn_hw.ops.zero_pad2d import ZeroPad2D
from fcn_hw.reference import evaluate


def hls4ml_model(graph: Graph, folder: Path) -> Any:
    """hls4ml's model of a graph whose paddings stand apart, converted and ready to compile."""
    import hls4ml

    operands = {op.name: graph.operands(op) for op in graph.ops}
    layers = [_layer(op, operands[op.name]) for op in graph.ops]
    config = {
        "OutputDir": str(folder),
        "ProjectName": graph.name,
        "Backend": "Vitis",
        "Part": "xc7z020clg400-1",
        "ClockPeriod": 10,
        "IOType": "io_stream",
        "HLSConfig": {
            "Model": {"Precision": "fixed<16,6>", "ReuseFactor": 1, "Strategy": "Resource"},
            "LayerName": {op.name: _settings(op) for op in graph.ops},
        },
    }
    model = hls4ml.model.ModelGraph.from_layer_list(
        config, layers, inputs=[op.name for op in graph.inputs], outputs=list(graph.outputs)
    )
    model.apply_flow(model.config.backend.get_default_flow())
    return model


def _settings(op: Op) -> dict[str, Any]:
    formats: dict[str, FixedFormat] = {"result": op.output.format}
    if not isinstance(op, Conv2D):
        if isinstance(op, MaxPool2D):
            formats["accum"] = op.output.format
        return {"Precision": {kind: str(fmt) for kind, fmt in formats.items()}}
    formats |= {"weight": op.weight.format, "bias": op.bias_format, "accum": accumulator(op)}
    return {
        "Precision": {kind: str(fmt) for kind, fmt in formats.items()},
        "ReuseFactor": int(np.prod(op.weight.codes.shape[:3])),
        "Strategy": "resource",
    }


def _layer(op: Op, operands: tuple[Tensor, ...]) -> dict[str, Any]:
    result = op.output
    layer: dict[str, Any] = {"name": op.name, "inputs": list(op.inputs), "outputs": [op.name]}
    if not operands:
        return {"name": op.name, "class_name": "InputLayer", "input_shape": list(result.shape)}
    source = operands[0]
    layer |= {
        "data_format": "channels_last",
        "in_height": source.height,
        "in_width": source.width,
        "out_height": result.height,
        "out_width": result.width,
        "n_chan": source.channels,
        "n_filt": result.channels,
    }
    if isinstance(op, Conv2D):
        assert op.bias is not None and op.dilation == (1, 1)
        height, width = op.weight.codes.shape[:2]
        return layer | {
            "class_name": "Conv2D",
            "filt_height": height,
            "filt_width": width,
            "stride_height": op.strides[0],
            "stride_width": op.strides[1],
            **dict.fromkeys(("pad_top", "pad_bottom", "pad_left", "pad_right"), 0),
            "weight_data": to_float(op.weight.codes, op.weight.format),
            "bias_data": to_float(op.bias.codes, op.bias.format),
        }
    if isinstance(op, (ZeroPad2D, MaxPool2D)):
        pad = op.padding
        layer |= {
            "pad_top": pad.top, "pad_bottom": pad.bottom,
            "pad_left": pad.left, "pad_right": pad.right,
        }  # fmt: skip
    if isinstance(op, ZeroPad2D):
        return layer | {"class_name": "ZeroPadding2D"}
    if isinstance(op, MaxPool2D):
        return layer | {
            "class_name": "MaxPooling2D",
            "pool_height": op.pool[0],
            "pool_width": op.pool[1],
            "stride_height": op.strides[0],
            "stride_width": op.strides[1],
        }
    if isinstance(op, UpsampleNearest):
        return layer | {
            "class_name": "Resize",
            "algorithm": "nearest",
            "height_factor": op.scale[0],
            "width_factor": op.scale[1],
        }
    if isinstance(op, SkipAdd):
        return layer | {"class_name": "Merge", "op": "add"}
    if isinstance(op, SkipConcat):
        return layer | {"class_name": "Concatenate", "op": "concatenate3d", "axis": 3}
    raise UnsupportedLayer(op.name, f"the benchmark has no hls4ml layer for a {op.kind}")


def main() -> None:
    """``python -m benchmarks.hls4ml_peer NETWORK FOLDER IMAGES CONVERSIONS``."""
    name, folder = sys.argv[1], Path(sys.argv[2])
    count, conversions = int(sys.argv[3]), int(sys.argv[4])
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what hls4ml and g++ print is no answer

    def answer(**values: Any) -> None:
        print(json.dumps(values), file=answers, flush=True)

    import hls4ml  # noqa: F401  before the clock starts

    graph = emitted_graph(NETWORKS[name](), "hls4ml")
    codes = images(graph, count)
    inputs = np.ldexp(codes.astype(np.float32), -graph.inputs[0].output.format.fraction)
    seconds = []
    for _ in range(conversions):
        started = time.monotonic()
        model = hls4ml_model(graph, folder)
        model.write()
        seconds.append(time.monotonic() - started)
    answer(convert_s=seconds)
    started = time.monotonic()
    model.compile()
    answer(compile_s=time.monotonic() - started)
    for _ in sys.stdin:
        started, processor = time.monotonic(), time.process_time()
        found = model.predict(inputs)
        took, processor = time.monotonic() - started, time.process_time() - processor
        fmt = graph.tensor(graph.outputs[0]).format
        expected = evaluate(graph, {graph.inputs[0].name: codes}, keep=graph.outputs)
        values = to_codes(np.asarray(found, np.float64), fmt).ravel()
        wrong = int((values != expected[graph.outputs[0]].ravel()).sum())
        answer(seconds=took, cpu_seconds=processor, mismatches=wrong)


if __name__ == "__main__":
    main()
