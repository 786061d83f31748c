"""A QONNX file against its graph, layer by layer, tolerance zero."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from qonnx_models import Net

from fcn_hw.fixed import parse_format
from fcn_hw.frontend.ports import Export
from fcn_hw.frontend.proofs import Status, statuses
from fcn_hw.frontend.qonnx.export import export_file
from fcn_hw.ir import Graph
from fcn_hw.passes.pipeline import run_passes
from fcn_hw.reference import evaluate

BYTES = "ufixed<8,0>"


def exported(net: Net, folder: Path, *outputs: str, fmt: str = BYTES) -> tuple[Export, Graph]:
    made = export_file(net.save(folder / "net.onnx", *outputs), parse_format(fmt))
    return made, run_passes(made.graph)


def random_codes(graph: Graph, frames: int = 3, seed: int = 1) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    return {
        op.name: rng.integers(
            op.output.format.min_code, op.output.format.max_code, (frames, *op.output.shape),
            endpoint=True,
        )
        for op in graph.inputs
    }  # fmt: skip


def check(net: Net, folder: Path, *outputs: str, fmt: str = BYTES) -> dict[str, Status]:
    """Exports and compares; the status of each layer.

    Codes of exact and proved layers are the source model's. So are those of measured ones here,
    where a quantizer follows and no value lies at a tie.
    """
    made, graph = exported(net, folder, *outputs, fmt=fmt)
    known = statuses(graph, made.proofs)
    codes = random_codes(graph)
    expected = evaluate(graph, codes, keep=list(known))
    compared = 0
    for name, values in made.layer_values(graph, codes, list(known), None):
        if any(proof.op == name and "stated" in proof.text for proof in made.proofs):
            continue
        found = np.rint(values) if known[name] is Status.MEASURED else values
        np.testing.assert_array_equal(found, expected[name], err_msg=name)
        compared += 1
    assert compared > 1
    return {graph[name].origin: status for name, status in known.items()}
