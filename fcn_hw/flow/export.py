"""Stage export: the trained model as a graph, and how far the graph equals the model."""

from __future__ import annotations

import io
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np

from fcn_hw.design import INPUT_FORMAT
from fcn_hw.files import replace_file
from fcn_hw.fixed import Codes
from fcn_hw.flow.progress import Progress
from fcn_hw.frontend.proofs import Status, forget_proofs, load_proofs, save_proofs, statuses
from fcn_hw.harness.compare import Comparison
from fcn_hw.harness.csim import batches
from fcn_hw.ir import Graph
from fcn_hw.ir.serialize import save
from fcn_hw.passes.pipeline import run_passes
from fcn_hw.reference import evaluate

AGREEMENT = "qkeras.json"
CLASS_MAPS = "qkeras_class_maps.npz"
"""Class maps of the float and of the QKeras model, on the images that csim will see."""


def export_graph(model_path: Path, name: str, folder: Path) -> tuple[Graph, object]:
    """Exports a model and saves its graph.

    Returns:
        the graph, passes applied, and the loaded model.
    """
    from fcn_hw.frontend.model_file import load_model
    from fcn_hw.frontend.qkeras import export

    model = load_model(model_path)
    exported = export(model, INPUT_FORMAT, name=name)
    graph = run_passes(exported.graph)
    forget_proofs(folder)
    save(graph, folder)
    save_proofs(exported.proofs, folder)
    return graph, model


def compare_with_qkeras(
    graph: Graph, model: object, float_model: Path, codes: Codes, folder: Path, progress: Progress
) -> dict[str, Comparison]:
    """Graph against QKeras on input codes, layer by layer; kept in ``folder`` for csim.

    Only where both must be equal: elsewhere QKeras itself rounds, and the graph is the reference.
    """
    from fcn_hw.frontend.model_file import load_model
    from fcn_hw.frontend.probe import layer_values
    from fcn_hw.train.predict import predict

    known = statuses(graph, load_proofs(folder))
    names = [name for name, status in known.items() if status is not Status.MEASURED]
    found = {name: Comparison(name) for name in names}
    scores = graph[graph.outputs[0]].inputs[0]
    wanted = list(dict.fromkeys([*names, scores]))
    maps = []
    for batch in progress.over(list(batches(len(codes))), "QKeras = graph"):
        frames = {graph.inputs[0].name: codes[batch]}
        expected = evaluate(graph, frames, keep=wanted)
        for name, values in layer_values(model, graph, frames, wanted):
            if name in found:
                found[name] = found[name].extended(values, expected[name], batch.start)
            if name == scores:
                maps.append(np.argmax(values, axis=-1).astype(np.uint8))
    agreement = {name: asdict(item) for name, item in found.items()}
    replace_file(folder / AGREEMENT, json.dumps(agreement, indent=1) + "\n")
    float_maps = predict(load_model(float_model), codes.astype(np.uint8))
    archive = io.BytesIO()
    np.savez_compressed(archive, quantized=np.concatenate(maps), float=float_maps)
    replace_file(folder / CLASS_MAPS, archive.getvalue())
    return found
