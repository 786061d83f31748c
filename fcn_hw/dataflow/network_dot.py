"""The processes of a design as a Graphviz picture: formats, folds and FIFO depths on its edges."""

from __future__ import annotations

from collections.abc import Mapping

import graphviz

from fcn_hw.dataflow.lowering import Dataflow, Process, Stream
from fcn_hw.ir.cycles import Fold

_FORK = {"shape": "point", "width": "0.09"}
_PORT = {"shape": "plain", "fontname": "Helvetica-Bold"}


def network_dot(dataflow: Dataflow, folds: Mapping[str, Fold], cycles: Mapping[str, int]) -> str:
    """The picture as DOT text; ``dot -Tsvg`` draws it.

    An edge carries the tensor's shape and format and, for a FIFO, its depth in pixels. The more
    it holds, the thicker it is.

    Args:
        folds: of the ops that have one.
        cycles: of a frame, by process; one that is not named shows none.
    """
    picture = graphviz.Digraph(
        dataflow.name,
        graph_attr={"rankdir": "TB", "fontname": "Helvetica", "ranksep": "0.35"},
        node_attr={
            "shape": "box", "style": "rounded,filled", "fillcolor": "#e8f1fa",
            "color": "#2b6ca3", "fontname": "Helvetica", "fontsize": "11",
        },
        edge_attr={"fontname": "Helvetica", "fontsize": "9", "color": "#444444"},
    )  # fmt: skip
    writers: dict[str, str] = {}
    for port in dataflow.inputs:
        picture.node(port.name, **_PORT)
        writers[port.name] = port.name
    for process in dataflow.processes:
        if process.op is None:
            picture.node(process.name, "", **_FORK)
        else:
            picture.node(process.name, _label(process, folds, cycles))
        writers.update({stream.name: process.name for stream in process.outputs})
    for process in dataflow.processes:
        for stream in process.inputs:
            _edge(picture, writers[stream.name], process.name, stream)
    for port in dataflow.outputs:
        end = f"{port.name}_port"
        picture.node(end, port.name, **_PORT)
        _edge(picture, writers[port.name], end, port)
    return str(picture.source)


def _label(process: Process, folds: Mapping[str, Fold], cycles: Mapping[str, int]) -> str:
    assert process.op is not None
    lines = [process.name, process.op.kind]
    if process.name in folds:
        fold = folds[process.name]
        lines.append(f"{fold.pe} x {fold.simd} multipliers")
    if process.name in cycles:
        lines.append(f"{cycles[process.name]:,} cycles")
    return "\n".join(graphviz.escape(line) for line in lines)


def _edge(picture: graphviz.Digraph, tail: str, head: str, stream: Stream) -> None:
    height, width, channels = stream.tensor.shape
    label = f" {height}x{width}x{channels} {stream.tensor.format}"
    if stream.depth:
        label += f"\n depth {stream.depth:,}"
    thick = 1.0 + min(stream.depth / (height * width), 1.0) * 3.0
    picture.edge(tail, head, graphviz.escape(label), penwidth=f"{thick:.2f}")
