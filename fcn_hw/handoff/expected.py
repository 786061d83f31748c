"""What a bundle's manifest says of the hardware, and how it follows from graph, board and folds."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict

from fcn_hw.backend.jinja import tcl_quote
from fcn_hw.backend.structure import Layout, fifos_of
from fcn_hw.boards import Board
from fcn_hw.dataflow.lowering import lower
from fcn_hw.errors import BundleError
from fcn_hw.estimate.network import Estimate, estimate
from fcn_hw.estimate.problem import folded_ops
from fcn_hw.estimate.reports import report_data
from fcn_hw.handoff.manifest import MANIFEST, Expected, FoldEntry, Manifest, Structure
from fcn_hw.ir import Graph
from fcn_hw.ops import Fold

REPORTS = "reports"
PROJECT_TCL, BLOCK_DESIGN_TCL = "scripts/project.tcl", "scripts/block_design.tcl"
PARAMETERS = "firmware/parameters.h"

_STREAM = re.compile(r"#pragma HLS STREAM variable=(\w+) depth=(\d+)")


def structure_of(layout: Layout) -> Structure:
    """Folds and FIFO depths of a layout."""
    folding = layout.folding
    return Structure(
        folds={
            name: FoldEntry(**asdict(fold), strategy=folding.strategies[name])
            for name, fold in folding.folds.items()
        },
        fifo_depths={fifo.name: fifo.depth for fifo in layout.dataflow.fifos},
    )


def estimate_of(
    graph: Graph, board: Board, structure: Structure, clock_period_ns: float
) -> Estimate:
    """The estimate of a structure.

    Raises:
        BundleError: it is none of this graph: a fold that is missing, too many or not legal, or
            other FIFOs.
    """
    ops = {op.name: op for op in folded_ops(graph)}
    folds = {name: item.fold for name, item in structure.folds.items()}
    if folds.keys() != ops.keys():
        raise BundleError(f"{MANIFEST}: structure.folds are not those of the graph's layers")
    for name, fold in folds.items():
        op = ops[name]
        if fold not in op.legal_folds() + op.lane_folds(graph.operands(op), board.family):
            raise BundleError(f"{MANIFEST}: structure.folds: '{name}' can't have {fold}")
    dataflow = lower(graph)
    if structure.fifo_depths.keys() != {fifo.name for fifo in dataflow.fifos}:
        raise BundleError(f"{MANIFEST}: structure.fifo_depths are not those of the graph's streams")
    return estimate(
        graph,
        board,
        folds,
        fifos=fifos_of(dataflow.with_depths(structure.fifo_depths)),
        strategies={name: item.strategy for name, item in structure.folds.items()},
        clock_period_ns=clock_period_ns,
    )


def expected_of(result: Estimate) -> Expected:
    """What the manifest says of an estimate."""
    need = result.resources
    return Expected(
        interval_cycles=result.interval_cycles,
        critical_path_cycles=result.critical_path_cycles,
        frames_per_s=round(result.fps, 3),
        dsp=need.dsp,
        bram36=need.bram36,
        lut=need.lut,
        ff=need.ff,
    )


def in_words(expected: Expected) -> str:
    """The sentence of the README that names the numbers."""
    return (
        f"{expected.interval_cycles} cycles a frame, {expected.frames_per_s:.1f} frames/s; "
        f"{expected.dsp} DSP, {expected.bram36:g} BRAM36, {expected.lut} LUT, {expected.ff} FF."
    )


def check_expected(manifest: Manifest, graph: Graph, board: Board) -> Estimate:
    """Computes the estimate again and compares the manifest's numbers with it.

    Raises:
        BundleError: with the first number that differs.
    """
    found = estimate_of(graph, board, manifest.structure, manifest.clock_period_ns)
    for key, value in expected_of(found):
        stated = getattr(manifest.expected, key)
        if stated != value:
            raise BundleError(
                f"{MANIFEST}: expected.{key} is {stated}, from graph, folds and board it is "
                f"{value}",
                hint=f"The bundle was made by fcn_hw {manifest.tools.get('fcn_hw', 'unknown')}, "
                f"commit {manifest.git_commit}; another version may estimate otherwise.",
            )
    return found


def check_scripts(manifest: Manifest, files: Mapping[str, bytes]) -> tuple[str, ...]:
    """Compares the Tcl and the C++ with top, part, clock, folds and FIFO depths of the manifest.

    Returns:
        the files that were compared.

    Raises:
        BundleError: with the first file that says something else.
    """
    names = {"top": tcl_quote(manifest.top), "part": tcl_quote(manifest.part)}
    clock = {"clock_period_ns": str(manifest.clock_period_ns)}
    for script, facts in ((PROJECT_TCL, {**names, **clock}), (BLOCK_DESIGN_TCL, names)):
        if script not in files and script == BLOCK_DESIGN_TCL:
            continue  # the part is not the board's
        for key, value in facts.items():
            _compare(script, f"'{key}'", _setting(_text(files, script), key), value)
    network = f"firmware/{manifest.design}.cpp"
    depths = {name: int(depth) for name, depth in _STREAM.findall(_text(files, network))}
    for name, depth in manifest.structure.fifo_depths.items():
        _compare(network, f"the depth of '{name}'", depths.get(name), depth)
    for name, item in manifest.structure.folds.items():
        written = _fold(_text(files, PARAMETERS), name)
        _compare(PARAMETERS, f"the fold of '{name}'", written, item.fold)
    compared = (PROJECT_TCL, BLOCK_DESIGN_TCL, network, PARAMETERS)
    return tuple(file for file in compared if file in files)


def check_reports(
    manifest: Manifest, found: Estimate, files: Mapping[str, bytes]
) -> tuple[str, ...]:
    """Compares README and the reports of estimate, C simulation and FIFOs with the manifest.

    Args:
        found: the estimate as :func:`check_expected` computed it.

    Returns:
        the files that were compared; a report that a bundle lacks is not missed.

    Raises:
        BundleError: with the first report that says something else.
    """
    structure = manifest.structure
    stated: dict[str, dict[str, object]] = {f"{k}.json": v for k, v in report_data(found).items()}
    stated["csim.json"] = {"graph": manifest.graph_digest, "mismatches": 0, "argmax_flips": 0}
    stated["fifo_certificate.json"] = {
        "design": manifest.design,
        "graph": manifest.graph_digest,
        "folds": {name: asdict(item.fold) for name, item in structure.folds.items()},
        "depths": structure.fifo_depths,
    }
    stated["fifo_depths.json"] = dict(structure.fifo_depths)
    if in_words(manifest.expected) not in _text(files, "README.md"):
        raise BundleError(
            f"'README.md' does not say what {MANIFEST} expects: {in_words(manifest.expected)}"
        )
    compared = ["README.md"]
    for name, facts in stated.items():
        file = f"{REPORTS}/{name}"
        if file not in files:
            continue
        try:
            data = json.loads(files[file])
        except (ValueError, RecursionError) as error:
            raise BundleError(f"'{file}' is not JSON: {error}") from error
        if not isinstance(data, dict):
            raise BundleError(f"'{file}' is no report of a stage")
        for key, value in facts.items():
            said = data.get(key)
            if name == "fifo_depths.json":  # other columns are of the search for the depth
                said = said.get("optimized") if isinstance(said, dict) else None
            _compare(file, f"'{key}'", said, value)
        compared.append(file)
    return tuple(compared)


# -- inside ----------------------------------------------------------------------------------------


def _compare(file: str, what: str, found: object, stated: object) -> None:
    if found != stated:
        if found is None:
            raise BundleError(f"'{file}' does not say {what}, by {MANIFEST} it is {stated}")
        raise BundleError(f"'{file}': {what} is {found}, by {MANIFEST} it is {stated}")


def _text(files: Mapping[str, bytes], file: str) -> str:
    if file not in files:
        raise BundleError(f"the bundle has no {file}")
    return files[file].decode(errors="replace")


def _setting(tcl: str, key: str) -> str | None:
    """The word that a line ``set key word`` gives; the last one counts, as in Tcl."""
    found = re.findall(rf"^set {key} (.*)$", tcl, re.MULTILINE)
    return found[-1] if found else None


def _fold(parameters: str, name: str) -> Fold | None:
    """The fold of the config struct of a layer; a struct without simd reads one channel."""
    body = re.search(rf"^struct {re.escape(name)}_config \{{(.*?)^\}};", parameters, re.M | re.S)
    if body is None:
        return None
    member = r"^    static constexpr int (pe|simd|taps|lanes|lut_columns) = (\d+);"
    values = {key: int(value) for key, value in re.findall(member, body[1], re.M)}
    if "pe" not in values:
        return None
    lut_pe = values.pop("lut_columns", 0) * values.get("lanes", 0)
    return Fold(**({"simd": 1} | values), lut_pe=lut_pe)
