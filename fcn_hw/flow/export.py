"""Stage export: the trained model as a graph, and how far the graph equals the model."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from fcn_hw.design import INPUT_FORMAT, Design, Mnist
from fcn_hw.errors import ConfigError
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
from fcn_hw.scaling import Scaling

OUTPUTS = (GRAPH_FILE, WEIGHTS_FILE, TEXT_FILE, PROOFS_FILE, AGREEMENT, CLASS_MAPS)


def export_design(
    design: Design, model: Path, float_model: Path | None, folder: Path, progress: Progress
) -> Graph:
    """Exports a quantized model and compares its graph with it, on the images that csim will see.

    Writes :data:`OUTPUTS`.

    Args:
        model: trained here, or a QONNX file.
        float_model: None of a QONNX file, which has none.

    Raises:
        ConfigError: the model does not give the classes of the data set's masks.
    """
    # a model that is trained here scales the bytes itself
    scaling = design.dataset.input.of_bytes() if float_model is None else None
    graph, layer_values = export_graph(model, design.name, folder, design.output_kind, scaling)
    if float_model is None:
        _check_classes(design, graph, model)
    progress.say(f"[cyan]export[/]  {len(graph.ops)} ops; comparing the graph with its model")
    codes = input_codes(validation_images(design))
    compare_with_qkeras(graph, layer_values, float_model, codes, folder, progress, scaling)
    return graph


def _check_classes(design: Design, graph: Graph, model: Path) -> None:
    """Whether a model of a file gives a class of the data set for each pixel of a mask."""
    dataset = design.dataset
    size = (1, 1) if isinstance(dataset, Mnist) else (dataset.height, dataset.width)
    scores = graph.tensor(graph[graph.outputs[0]].inputs[0])
    expected = (dataset.height, dataset.width)
    image = graph.inputs[0].output.shape[:2]
    if len(graph.inputs) != 1 or image != expected or scores.shape[:2] != size:
        raise ConfigError(
            f"{model}: an image of {image[0]} x {image[1]} gives a map of {scores.height} x "
            f"{scores.width}; the data set has {expected[0]} x {expected[1]} and {size[0]} x "
            f"{size[1]}",
            hint="export the network for images of the data set's size",
        )
    if scores.channels != dataset.n_classes and (scores.channels, dataset.n_classes) != (1, 2):
        raise ConfigError(
            f"{model}: the model gives {scores.channels} scores a pixel, the data set has "
            f"{dataset.n_classes} classes",
            hint="one score for each class; or one score for two classes, above 0 for the second",
        )


def export_graph(
    model_path: Path,
    name: str,
    folder: Path,
    output_kind: OutputKind,
    scaling: Scaling | None = None,
) -> tuple[Graph, LayerValues]:
    """Exports a model and saves its graph; its first output is a class map.

    Args:
        output_kind: ``"classes"`` or ``"both"``.
        scaling: what the model is given for a byte; None: ``byte / 256``.

    Returns:
        the graph, passes applied, and what the model computes.
    """
    exported = export_file(
        model_path, INPUT_FORMAT, name=name, scaling=scaling, output_kind=output_kind
    )
    graph = run_passes(exported.graph)
    forget_proofs(folder)
    save(graph, folder)
    save_proofs(exported.proofs, folder)
    return graph, exported.layer_values


def compare_with_qkeras(
    graph: Graph,
    layer_values: LayerValues,
    float_model: Path | None,
    codes: Codes,
    folder: Path,
    progress: Progress,
    scaling: Scaling | None = None,
) -> None:
    """Graph against its model on input codes, layer by layer; kept in ``folder`` for csim."""
    known = statuses(graph, load_proofs(folder))
    found = compare_layers(
        graph, layer_values, known, {graph.inputs[0].name: codes}, progress, scaling
    )
    layers = {
        name: QKerasComparison(**vars(item), status=known[name])
        for name, item in found.layers.items()
    }
    write_result(folder / AGREEMENT, QKerasComparisons(layers))
    maps = found.model_maps[graph.outputs[0]].astype(np.uint8)
    found_maps = {"quantized": maps}
    if float_model is not None:
        from fcn_hw.frontend.model_file import load_model
        from fcn_hw.train.predict import predict

        found_maps["float"] = predict(load_model(float_model), codes.astype(np.uint8))
    archive = io.BytesIO()
    np.savez_compressed(archive, allow_pickle=False, **found_maps)
    replace_file(folder / CLASS_MAPS, archive.getvalue())
