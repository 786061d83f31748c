"""Models and graphs without a design: export a model file, emit and simulate a graph folder."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fcn_hw.backend.hls4ml_bridge import ap_types_folder
from fcn_hw.backend.project import plan_project
from fcn_hw.backend.structure import choose_structure
from fcn_hw.boards import Board
from fcn_hw.design import Hls
from fcn_hw.errors import ConfigError
from fcn_hw.files import replace_file
from fcn_hw.fixed import Codes, parse_format
from fcn_hw.flow.csim_report import LayerResult, oracle_row
from fcn_hw.flow.lint import lint_stage
from fcn_hw.flow.pipeline import build_program
from fcn_hw.flow.progress import Progress
from fcn_hw.harness.csim import RUN_FOLDER, compare_with_oracle, plan_build, simulate
from fcn_hw.ir import Graph, Input
from fcn_hw.ir.serialize import load, save
from fcn_hw.passes.pipeline import run_passes
from fcn_hw.plan import Plan
from fcn_hw.tools.runner import write_files

HLS = Hls(ReuseFactor="auto")
"""Without a design, the folds are the fastest that fit the board."""

REPORT = "report/csim.json"
RANDOM_SEED = 1


@dataclass(frozen=True)
class GraphCsim:
    """C++ against the oracle on random input codes; times in seconds."""

    images: int
    compile_s: float
    simulate_s: float
    layers: tuple[LayerResult, ...]

    @property
    def values_compared(self) -> int:
        return sum(row.values for row in self.layers)

    @property
    def mismatches(self) -> int:
        return sum(row.mismatches for row in self.layers)


def export_model(model: Path, input_format: str, folder: Path, name: str | None = None) -> Graph:
    """Exports a QKeras model file to ``graph.json``, ``weights.npz`` and ``graph.txt``.

    Args:
        input_format: of the codes that come in, for instance ``ufixed<8,0>``; the model was
            trained on ``code * step``.
        name: of the graph and its top function; None takes the file's name.

    Raises:
        ConfigError: no model file, or one that can't be read.
        FormatError: ``input_format`` is none.
        UnsupportedLayer: with every layer that can't be expressed exactly.
    """
    from fcn_hw.frontend.names import CNames
    from fcn_hw.frontend.qkeras import export, load_model

    fmt = parse_format(input_format)
    graph = run_passes(export(load_model(model), fmt, name=CNames()(name or model.stem)))
    save(graph, folder)
    return graph


def emit_graph(folder: Path, board: Board, output: Path, progress: Progress) -> tuple[Graph, Plan]:
    """Writes the HLS project of a graph folder, folds and FIFO depths chosen for the board.

    It is checked against the rules of Vitis HLS.

    Raises:
        ConfigError, GraphError: the folder holds no valid graph.
        DoesNotFit: no folds fit the board.
        LintFailed: what was written breaks a rule of Vitis HLS.
    """
    graph = load(folder)
    progress.say("[cyan]fifo[/]    folds, FIFO depths")
    plan = plan_project(graph, board, HLS, choose_structure(graph, board, HLS).layout)
    changed = write_files(plan, output)
    progress.say(f"[cyan]hls[/]     {len(plan.files)} files, {len(changed)} written")
    lint_stage(output, plan, progress).check()
    return graph, plan


def csim_graph(
    folder: Path, board: Board, output: Path, images: int, progress: Progress
) -> GraphCsim:
    """Emits, compiles and runs a graph on random frames; compares every tensor with the oracle.

    The result is in ``<output>/report/csim.json`` as well.
    """
    graph, plan = emit_graph(folder, board, output, progress)
    if len(graph.inputs) != 1:
        raise ConfigError(
            f"graph '{graph.name}' has {len(graph.inputs)} inputs; C simulation takes one"
        )
    build = plan_build(graph, ap_types_folder())
    compile_s = build_program(build, plan, output / RUN_FOLDER, progress)
    codes = random_codes(graph, images)
    progress.say(f"[cyan]csim[/]    {images} random frames")
    with progress.counter("C simulation", images) as update:
        finished = simulate(graph, output, codes, on_frame=update)
    with progress.counter("oracle = C++", images) as update:
        found = compare_with_oracle(graph, finished, codes, on_frame=update)
    rows = tuple(
        oracle_row(graph, op.name, found[op.name]) for op in graph.ops if not isinstance(op, Input)
    )
    result = GraphCsim(images, round(compile_s, 3), round(finished.seconds, 3), rows)
    replace_file(output / REPORT, json.dumps(to_json(result), indent=1) + "\n")
    return result


def random_codes(graph: Graph, images: int) -> Codes:
    """Frames over the whole range of the input format; the first two hold its ends."""
    tensor = graph.inputs[0].output
    low, high = tensor.format.min_code, tensor.format.max_code
    codes = np.random.default_rng(RANDOM_SEED).integers(
        low, high, (images, *tensor.shape), dtype=np.int64, endpoint=True
    )
    codes[0] = high
    if images > 1:
        codes[1] = low
    return codes


def to_json(result: GraphCsim) -> dict[str, Any]:
    """The JSON document of a result."""
    totals = {"values_compared": result.values_compared, "mismatches": result.mismatches}
    return {**asdict(result), **totals}
