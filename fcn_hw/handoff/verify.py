"""``fcn-hw verify``: is this bundle whole, does it say the truth, does its C++ compute its codes?

Three steps, each only if the last one holds:

1. The archive is exactly what the manifest lists, byte for byte (in memory; nothing is written).
2. The manifest follows from the graph and the board in the bundle: formats, shapes, ports,
   registers, digest, expected cycles and resources; scripts, C++ and reports say the same; the
   golden codes are the integer oracle's.
3. The C++ of the bundle is compiled and run in a temporary folder, and every tensor of every golden
   frame is compared.

Step 3 runs code that came with the bundle, as the user who calls it: do not verify a bundle of
somebody whose programs you would not run. Commands and flags are fcn_hw's own, never the bundle's;
each has a time limit. Needs g++, but no TensorFlow and no hls4ml.
"""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from fcn_hw.backend.axi_interface import axi_interface
from fcn_hw.backend.driver import labels_text
from fcn_hw.boards import Board, load_board
from fcn_hw.errors import BundleError, FcnHwError
from fcn_hw.files import replace_file
from fcn_hw.fixed import Codes
from fcn_hw.handoff.archive import read_raw, unpack
from fcn_hw.handoff.expected import check_expected, check_reports, check_scripts
from fcn_hw.handoff.manifest import (
    ABSENT,
    AP_TYPES,
    GRAPH,
    INPUTS,
    LAYERS,
    MANIFEST,
    Manifest,
    file_entries,
    from_bytes,
    interface_fields,
)
from fcn_hw.harness.compare import Comparison
from fcn_hw.harness.csim import RUN_FOLDER, plan_build, run_frames, traced
from fcn_hw.harness.traces import element_dtype, read_trace
from fcn_hw.ir import Graph
from fcn_hw.ir.labels import ClassLabel, Labels, channel_orders
from fcn_hw.ir.outputs import class_count, class_maps
from fcn_hw.ir.serialize import GRAPH_FILE, WEIGHTS_FILE, digest, load
from fcn_hw.ops import Tensor
from fcn_hw.reference import evaluate
from fcn_hw.tools.runner import run

BUILD_TIMEOUT_S = 1800.0
RUN_TIMEOUT_S = 3600.0
BUILD_JOBS = 2
DRIVER = "driver/driver.py"
OPTIMIZE = "-O1"
"""A few frames only: compiling takes longer than running."""


RECOMPUTED = (
    "files", "manifest_sha256", "graph_digest", "design", "top", "control", "inputs", "outputs",
    "registers", "layers", "frames", "expected",
)  # fmt: skip
"""Fields of the manifest that are computed again: from the other files, the graph and the board."""

COMPARED = ("board", "part", "clock_period_ns", "structure", "labels", "vendor")
"""Fields of the manifest that are compared with what other files of the bundle say."""

AS_STATED = ("schema_version", "git_commit", "tools")
"""Fields of the manifest that nothing in the bundle can prove."""


@dataclass(frozen=True)
class Verified:
    """A bundle whose archive and manifest hold: :data:`RECOMPUTED`, :data:`COMPARED`.

    Args:
        name: of its folder.
        sha256: of the archive.
        files: how many it holds.
        manifest: what it says.
        layers: C++ against golden codes, every tensor.
        agreeing: scripts, C++ and reports whose numbers are those of the manifest.
    """

    name: str
    sha256: str
    files: int
    manifest: Manifest
    layers: tuple[Comparison, ...]
    agreeing: tuple[str, ...]

    @property
    def values_compared(self) -> int:
        return sum(item.values for item in self.layers)

    @property
    def mismatches(self) -> int:
        return sum(item.mismatches for item in self.layers)


def verify_bundle(path: Path) -> Verified:
    """Verifies a bundle.

    Returns:
        also where codes differ; the caller decides what to do.

    Raises:
        ConfigError: there is no such file.
        BundleError: it is damaged, changed, incomplete, or its manifest lies.
        ToolNotFound, ToolFailed: the C++ can't be compiled or run.
    """
    raw = read_raw(path)
    name, files = unpack(raw)
    manifest = check_files(name, files)
    with tempfile.TemporaryDirectory(prefix="fcn_hw_verify_") as temporary:
        folder = Path(temporary)
        graph = _graph(files, folder / "graph_only")
        board = _board(manifest, files, folder / "board_only")
        golden, agreeing = check_contents(manifest, graph, board, files)
        for file, data in files.items():
            replace_file(folder / "bundle" / file, data)
        layers = _simulate(graph, manifest.frames, golden, folder / "bundle")
    return Verified(name, hashlib.sha256(raw).hexdigest(), len(files), manifest, layers, agreeing)


def check_files(name: str, files: dict[str, bytes]) -> Manifest:
    """Compares the files with the manifest: none missing, none too many, none changed.

    Raises:
        BundleError: with the first file that differs.
    """
    if MANIFEST not in files:
        raise BundleError(f"the bundle has no {MANIFEST}")
    manifest = from_bytes(files[MANIFEST])
    found = file_entries({file: data for file, data in files.items() if file != MANIFEST})
    for file in sorted(found.keys() | manifest.files.keys()):
        if file not in found:
            raise BundleError(f"'{file}' is listed in {MANIFEST}, but missing")
        if file not in manifest.files:
            raise BundleError(f"'{file}' is not listed in {MANIFEST}")
        if found[file] != manifest.files[file]:
            raise BundleError(f"'{file}' was changed: its SHA-256 is not the one in {MANIFEST}")
    if name != f"{manifest.design}-{manifest.board}":
        raise BundleError(
            f"the folder is '{name}', by its {MANIFEST} it is {manifest.design}-{manifest.board}"
        )
    for what, file in manifest.vendor.items():
        if file != ABSENT and file not in files:
            raise BundleError(f"{MANIFEST} says that {what} is '{file}', which is missing")
    return manifest


def check_contents(
    manifest: Manifest, graph: Graph, board: Board, files: dict[str, bytes]
) -> tuple[dict[str, Codes], tuple[str, ...]]:
    """Compares the manifest with what follows from graph and board, and other files with it.

    Returns:
        all golden codes; the scripts, C++ files and reports whose numbers are the manifest's.

    Raises:
        BundleError: the manifest lies, a file says something else, or golden codes are not the
            oracle's.
    """
    if manifest.graph_digest != digest(graph):
        raise BundleError(f"{MANIFEST}: graph_digest is not that of the graph in '{GRAPH}/'")
    expected = interface_fields(graph, axi_interface(graph, board))
    for key, value in expected.items():
        if getattr(manifest, key) != value:
            raise BundleError(f"{MANIFEST}: {key} does not follow from the graph in '{GRAPH}/'")
    _check_labels(manifest, graph, files)
    estimate = check_expected(manifest, graph, board)
    agreeing = (*check_scripts(manifest, files), *check_reports(manifest, estimate, files))
    names = traced(graph)
    inputs = {
        op.name: _codes(files, f"{INPUTS}/{op.name}.bin", op.output, manifest.frames)
        for op in graph.inputs
    }
    golden = {
        name: _codes(files, f"{LAYERS}/{name}.bin", graph.tensor(name), manifest.frames)
        for name in names
    }
    oracle = evaluate(graph, inputs, keep=names)
    for name in names:
        count = int(np.count_nonzero(oracle[name] != golden[name]))
        if count:
            raise BundleError(
                f"'{LAYERS}/{name}.bin' is not what the graph computes: {count:,} codes differ"
            )
    return {**inputs, **golden}, agreeing


# -- inside ----------------------------------------------------------------------------------------


def _check_labels(manifest: Manifest, graph: Graph, files: dict[str, bytes]) -> None:
    """The classes are as many as the graph's, and the driver says the same of them."""
    entry, driver = manifest.labels, files.get(DRIVER, b"").decode(errors="replace")
    if entry is None:
        if "\nCLASSES = {" in driver:
            raise BundleError(f"{MANIFEST} has no labels, '{DRIVER}' has some")
        return
    counts = {output: len(classes) for output, classes in entry.classes.items()}
    orders = {op.name: channel_orders(op.output) for op in graph.inputs}
    if (
        counts != {output: class_count(graph, output) for output in class_maps(graph)}
        or entry.channels.keys() != orders.keys()
        or any(entry.channels[name] not in known for name, known in orders.items())
    ):
        raise BundleError(f"{MANIFEST}: labels are not those of the graph's classes and inputs")
    labels = {
        output: tuple(ClassLabel(item.name, cast(Any, tuple(item.colour))) for item in classes)
        for output, classes in entry.classes.items()
    }
    if f"\n{labels_text(Labels(labels, entry.fit, entry.channels))}" not in driver:
        raise BundleError(f"'{DRIVER}' has other labels than {MANIFEST}")


def _graph(files: dict[str, bytes], folder: Path) -> Graph:
    for file in (GRAPH_FILE, WEIGHTS_FILE):
        if f"{GRAPH}/{file}" not in files:
            raise BundleError(f"the bundle has no {GRAPH}/{file}")
        replace_file(folder / file, files[f"{GRAPH}/{file}"])
    try:
        return load(folder)
    except FcnHwError as error:
        what = error.message.replace(str(folder), GRAPH)
        raise BundleError(f"the graph in the bundle is wrong: {what}") from error


def _board(manifest: Manifest, files: dict[str, bytes], folder: Path) -> Board:
    """The board as the bundle describes it."""
    for file in (f"{manifest.board}.yaml", f"{manifest.board}.xdc"):
        if f"constraints/{file}" not in files:
            raise BundleError(f"the bundle has no constraints/{file}")
        replace_file(folder / file, files[f"constraints/{file}"])
    try:
        return load_board(manifest.board, folder)
    except FcnHwError as error:
        what = error.message.replace(str(folder), "constraints")
        raise BundleError(f"the board in the bundle is wrong: {what}") from error


def _codes(files: dict[str, bytes], file: str, tensor: Tensor, frames: int) -> Codes:
    if file not in files:
        raise BundleError(f"the bundle has no '{file}'")
    dtype = element_dtype(tensor.format)
    if len(files[file]) != frames * tensor.size * dtype.itemsize:
        raise BundleError(f"'{file}' does not hold {frames} frames of {tensor.shape}")
    codes = np.frombuffer(files[file], dtype).reshape(frames, *tensor.shape).astype(np.int64)
    low, high = int(codes.min()), int(codes.max())
    if low < tensor.format.min_code or high > tensor.format.max_code:
        raise BundleError(f"'{file}' holds codes from {low} to {high}, which leave {tensor.format}")
    return codes


def _simulate(
    graph: Graph, frames: int, golden: dict[str, Codes], folder: Path
) -> tuple[Comparison, ...]:
    run(
        plan_build(graph, Path(AP_TYPES), optimize=OPTIMIZE, timeout_s=BUILD_TIMEOUT_S),
        folder,
        jobs=BUILD_JOBS,
    )
    for op in graph.inputs:
        dtype = element_dtype(op.output.format)
        golden[op.name].astype(dtype).tofile(folder / RUN_FOLDER / f"{op.name}.in.bin")
    finished = run_frames(graph, folder, frames, timeout_s=RUN_TIMEOUT_S)
    compared = []
    for name in traced(graph):
        trace = read_trace(finished.folder / f"{name}.bin", graph.tensor(name), frames)
        compared.append(Comparison(name).extended(golden[name], trace, 0))
        del trace  # a map of a file that is about to go
    return tuple(compared)
