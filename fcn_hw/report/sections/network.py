"""The network as processes and FIFOs."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from fcn_hw.dataflow.lowering import lower
from fcn_hw.figures.network import network_svg
from fcn_hw.ir.macs import total_macs, total_parameters
from fcn_hw.ir.outputs import meaning
from fcn_hw.report.section import Section, made, missing
from fcn_hw.report.sources import Sources

ID, TITLE = "network", "Network"


@dataclass(frozen=True)
class NetworkContext:
    """``network.html.j2``.

    Args:
        commands: that bring folds and depths into the picture, where they are missing.
        ports: inputs and outputs, and what a code of each stands for.
    """

    picture: Markup
    ops: int
    macs: int
    parameters: int
    processes: int
    fifos: int
    commands: tuple[str, ...]
    ports: tuple[tuple[str, str], ...]


def network(sources: Sources) -> Section:
    """The dataflow graph with formats, folds, cycles and FIFO depths."""
    graph, layout = sources.graph, sources.layout
    if graph is None:
        what = "The network as a graph, with formats, folds and depths of FIFOs."
        return missing(ID, TITLE, what, sources.command("export", board=False))
    dataflow = lower(graph) if layout is None else layout.dataflow
    layers = () if sources.estimate is None else sources.estimate.layers
    picture = network_svg(
        dataflow,
        folds={} if layout is None else layout.folding.folds,
        cycles={layer.name: layer.cycles for layer in layers},
        sized=layout is not None,
    )
    ours = sources.workspace.hls.Conv == "fcn_hw"
    return made(
        ID,
        TITLE,
        NetworkContext(
            Markup(picture),  # its template escapes
            len(graph.computed),
            total_macs(graph),
            total_parameters(graph),
            len(dataflow.processes),
            len(dataflow.fifos),
            (sources.command("fifo"),) if layout is None and ours else (),
            tuple(
                (name, meaning(graph, name))
                for name in (*(op.name for op in graph.inputs), *graph.outputs)
            ),
        ),
    )
