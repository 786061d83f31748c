"""Stage export: the trained model as a graph, and how far the graph equals the model."""

from __future__ import annotations

import io
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from fcn_hw.design import INPUT_FORMAT
from fcn_hw.files import replace_file
from fcn_hw.fixed import Codes
from fcn_hw.flow.agreement import compare_layers
from fcn_hw.flow.progress import Progress
from fcn_hw.frontend.proofs import Status, forget_proofs, load_proofs, save_proofs, statuses
from fcn_hw.harness.compare import Comparison, Difference
from fcn_hw.ir import Graph
from fcn_hw.ir.outputs import OutputKind
from fcn_hw.ir.serialize import save
from fcn_hw.passes.pipeline import run_passes

AGREEMENT = "qkeras.json"
CLASS_MAPS = "qkeras_class_maps.npz"
"""Class maps of the float and of the QKeras model, on the images that csim will see."""


def export_graph(
    model_path: Path, name: str, folder: Path, output_kind: OutputKind
) -> tuple[Graph, object]:
    """Exports a model and saves its graph; its first output is a class map.

    Args:
        output_kind: ``"classes"`` or ``"both"``.

    Returns:
        the graph, passes applied, and the loaded model.
    """
    from fcn_hw.frontend.model_file import load_model
    from fcn_hw.frontend.qkeras import export

    model = load_model(model_path)
    exported = export(model, INPUT_FORMAT, name=name, output_kind=output_kind)
    graph = run_passes(exported.graph)
    forget_proofs(folder)
    save(graph, folder)
    save_proofs(exported.proofs, folder)
    return graph, model


def compare_with_qkeras(
    graph: Graph, model: object, float_model: Path, codes: Codes, folder: Path, progress: Progress
) -> None:
    """Graph against QKeras on input codes, layer by layer; kept in ``folder`` for csim."""
    from fcn_hw.frontend.model_file import load_model
    from fcn_hw.train.predict import predict

    known = statuses(graph, load_proofs(folder))
    found = compare_layers(graph, model, known, codes, progress)
    agreement = {
        name: {"status": known[name].value, **asdict(item)} for name, item in found.layers.items()
    }
    replace_file(folder / AGREEMENT, json.dumps(agreement, indent=1) + "\n")
    maps = found.qkeras_maps[graph.outputs[0]].astype(np.uint8)
    float_maps = predict(load_model(float_model), codes.astype(np.uint8))
    archive = io.BytesIO()
    np.savez_compressed(archive, quantized=maps, float=float_maps)
    replace_file(folder / CLASS_MAPS, archive.getvalue())


def equal_layers(folder: Path) -> dict[str, Comparison]:
    """What :func:`compare_with_qkeras` found of the layers that must be equal, by op.

    The others are measured: QKeras itself rounds there, and the graph is csim's reference.
    """
    stored: dict[str, Any] = json.loads((folder / AGREEMENT).read_text(encoding="utf-8"))
    found = {}
    for name, item in stored.items():
        status, first = item.pop("status"), item.pop("first")
        if first:
            first = Difference(**{**first, "index": tuple(first["index"])})
        if status != Status.MEASURED.value:
            found[name] = Comparison(**item, first=first)
    return found
