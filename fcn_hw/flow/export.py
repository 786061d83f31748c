"""Stage export: the trained model as a graph, and how far the graph equals the model."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from fcn_hw.design import INPUT_FORMAT, Design
from fcn_hw.files import replace_file
from fcn_hw.fixed import Codes
from fcn_hw.flow.agreement import compare_layers
from fcn_hw.flow.images import (
    AGREEMENT,
    CLASS_MAPS,
    QKerasComparison,
    QKerasComparisons,
    input_codes,
    validation_images,
)
from fcn_hw.flow.progress import Progress
from fcn_hw.frontend.ports import LayerValues
from fcn_hw.frontend.proofs import (
    PROOFS_FILE,
    forget_proofs,
    load_proofs,
    save_proofs,
    statuses,
)
from fcn_hw.frontend.source import export_file
from fcn_hw.ir import Graph
from fcn_hw.ir.outputs import OutputKind
from fcn_hw.ir.serialize import GRAPH_FILE, TEXT_FILE, WEIGHTS_FILE, save
from fcn_hw.passes.pipeline import run_passes
from fcn_hw.results import write_result

OUTPUTS = (GRAPH_FILE, WEIGHTS_FILE, TEXT_FILE, PROOFS_FILE, AGREEMENT, CLASS_MAPS)


def export_design(
    design: Design, model: Path, float_model: Path, folder: Path, progress: Progress
) -> Graph:
    """Exports a trained model and compares its graph with it, on the images that csim will see.

    Writes :data:`OUTPUTS`.
    """
    graph, layer_values = export_graph(model, design.name, folder, design.output_kind)
    progress.say(f"[cyan]export[/]  {len(graph.ops)} ops; comparing the graph with QKeras")
    codes = input_codes(validation_images(design))
    compare_with_qkeras(graph, layer_values, float_model, codes, folder, progress)
    return graph


def export_graph(
    model_path: Path, name: str, folder: Path, output_kind: OutputKind
) -> tuple[Graph, LayerValues]:
    """Exports a model and saves its graph; its first output is a class map.

    Args:
        output_kind: ``"classes"`` or ``"both"``.

    Returns:
        the graph, passes applied, and what the model computes.
    """
    exported = export_file(model_path, INPUT_FORMAT, name=name, output_kind=output_kind)
    graph = run_passes(exported.graph)
    forget_proofs(folder)
    save(graph, folder)
    save_proofs(exported.proofs, folder)
    return graph, exported.layer_values


def compare_with_qkeras(
    graph: Graph,
    layer_values: LayerValues,
    float_model: Path,
    codes: Codes,
    folder: Path,
    progress: Progress,
) -> None:
    """Graph against QKeras on input codes, layer by layer; kept in ``folder`` for csim."""
    from fcn_hw.frontend.model_file import load_model
    from fcn_hw.train.predict import predict

    known = statuses(graph, load_proofs(folder))
    found = compare_layers(graph, layer_values, known, {graph.inputs[0].name: codes}, progress)
    layers = {
        name: QKerasComparison(**vars(item), status=known[name])
        for name, item in found.layers.items()
    }
    write_result(folder / AGREEMENT, QKerasComparisons(layers))
    maps = found.model_maps[graph.outputs[0]].astype(np.uint8)
    float_maps = predict(load_model(float_model), codes.astype(np.uint8))
    archive = io.BytesIO()
    np.savez_compressed(archive, quantized=maps, float=float_maps)
    replace_file(folder / CLASS_MAPS, archive.getvalue())
