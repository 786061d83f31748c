"""What hls4ml's ModelGraph holds of a dataflow."""

from __future__ import annotations

from sample_graphs import tiny_graph

from fcn_hw.backend.hls4ml_bridge import Target, emitted_processes, fifo_depth, to_model_graph
from fcn_hw.backend.op_emission import emit_process
from fcn_hw.dataflow.lowering import lower
from fcn_hw.fixed import FixedFormat
from fcn_hw.ir import Conv2D, ConvTranspose2D
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ir.folding import choose_fold

TARGET = Target("xc7z020clg400-1", 10.0, 1, "Resource")


def test_model_graph_holds_formats_depths_and_text() -> None:
    dataflow = lower(tiny_graph())
    texts = {
        item.name: emit_process(
            item,
            choose_fold(item.op, 1) if isinstance(item.op, (Conv2D, ConvTranspose2D)) else None,
            "Resource",
        )
        for item in dataflow.processes
    }
    model = to_model_graph(dataflow, TARGET, texts)
    emitted = emitted_processes(model, dataflow)
    # hls4ml's flow inserted, merged and dropped nothing, and kept the order
    assert [item.process for item in emitted] == list(dataflow.processes)
    for item in emitted:
        text = texts[item.process.name]
        assert (item.call, item.config, item.headers) == (text.call, text.config, (text.header,))
        for stream in item.process.outputs:
            variable = model.get_layer_output_variable(stream.name)
            fmt, held = stream.tensor.format, variable.type.precision
            assert list(variable.shape) == list(stream.tensor.shape)
            assert (held.width, held.integer, bool(held.signed)) == (
                fmt.width, fmt.integer, fmt.signed,
            )  # fmt: skip
            assert held.rounding_mode.name == fmt.rounding.value
            assert held.saturation_mode.name == fmt.overflow.value
    (port,) = dataflow.inputs
    held = model.get_layer_output_variable(port.name).type.precision
    assert (held.width, held.integer, bool(held.signed)) == (8, 0, False)
    for fifo in dataflow.fifos:
        assert fifo_depth(model, fifo) == fifo.depth > 0


def test_streams_of_a_fork_to_a_port_are_not_cloned() -> None:
    build = GraphBuilder("net")
    image = build.input("image", (2, 3, 1), FixedFormat(False, 8, 0))
    shared = build.relu("shared", image)
    first, second = build.relu("first", shared), build.relu("second", shared)
    dataflow = lower(build.finish(build.skip_add("total", first, second), shared))
    texts = {item.name: emit_process(item, None, "Resource") for item in dataflow.processes}
    model = to_model_graph(dataflow, TARGET, texts)
    assert [node.name for node in model.get_layers()] == [
        "image", "shared", "shared_fork1", "first", "second", "total",
    ]  # fmt: skip
    assert sorted(model.outputs) == ["shared_out", "total"]
    assert len(emitted_processes(model, dataflow)) == len(dataflow.processes)
