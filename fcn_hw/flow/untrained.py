"""Folds, FIFO depths and resources of a design that is not trained: its shapes with other weights.

The results lie in folders of their own, ``graph_untrained/`` and ``<board>_untrained/``, so that
nobody takes them for those of the trained network.
"""

from __future__ import annotations

from dataclasses import replace

from fcn_hw.design import QonnxNetwork
from fcn_hw.flow.code import code_digest
from fcn_hw.flow.export import export_graph
from fcn_hw.flow.progress import Progress
from fcn_hw.flow.stage import StageRecord, digest_of
from fcn_hw.flow.training import MODEL, SECTIONS, is_trained, not_trained
from fcn_hw.flow.workspace import UNTRAINED_SUFFIX, Workspace
from fcn_hw.frontend.proofs import PROOFS_FILE
from fcn_hw.ir import Graph
from fcn_hw.ir.serialize import GRAPH_FILE, TEXT_FILE, WEIGHTS_FILE, load
from fcn_hw.locks import locked
from fcn_hw.train.design_network import network_identity
from fcn_hw.train.placeholder import save_placeholder

_OUTPUTS = (MODEL, GRAPH_FILE, WEIGHTS_FILE, TEXT_FILE, PROOFS_FILE)


def with_shapes_at_least(workspace: Workspace, progress: Progress) -> Workspace:
    """The workspace, or where its design is not trained, the one of placeholder weights.

    Args:
        progress: is told of placeholders, even where nothing else is said.
    """
    if isinstance(workspace.design.network, QonnxNetwork):
        return workspace
    if (workspace.model / MODEL).is_file() and is_trained(workspace):
        return workspace
    progress.warn(
        f"{not_trained(workspace).message}. Seeded weights stand in for the trained ones: shapes, "
        "folds, FIFO depths and resources are those of the design, what it computes is not. "
        f"Results go to folders that end in {UNTRAINED_SUFFIX}"
    )
    return replace(workspace, untrained=True)


def untrained_graph(workspace: Workspace, progress: Progress) -> Graph:
    """The graph of a design with placeholder weights; made once for its settings.

    Args:
        workspace: whose results are not those of the trained design.
    """
    assert workspace.untrained
    design, folder = workspace.design, workspace.graph
    sections = design.model_dump(mode="json", include=set(SECTIONS))
    sections["network"] = network_identity(design.network, exclude_defaults=False)
    code = [code_digest(item.__module__) for item in (save_placeholder, export_graph)]
    record = StageRecord(
        "export", folder, digest_of(design.name, design.output_kind, sections, code)
    )
    if record.is_current():
        progress.say("[green]export[/]  up to date, placeholder weights")
        return load(folder)
    with locked(folder, "fcn-hw export"):
        progress.say("[cyan]export[/]  placeholder weights")
        record.begin()
        save_placeholder(design, folder / MODEL)
        graph, _ = export_graph(folder / MODEL, design.name, folder, design.output_kind)
        record.finish(folder / name for name in _OUTPUTS)
        return graph
