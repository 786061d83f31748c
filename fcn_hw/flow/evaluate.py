"""A trained design on a split of its data set, or on any list of images and masks.

The float, the directly quantized and the retrained model, and on request the emitted C++, see the
same batches of images, one after another: memory does not grow with the number of images.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.markup import escape

from fcn_hw.boards import Board
from fcn_hw.files import replace_file
from fcn_hw.flow.build import build_program, program_digest
from fcn_hw.flow.confusion import confusion_svg
from fcn_hw.flow.csim_report import oracle_row
from fcn_hw.flow.evaluation import (
    MODELS,
    Evaluation,
    HardwareRun,
    evaluation_from_json,
    evaluation_to_json,
)
from fcn_hw.flow.pipeline import (
    DIRECT_MODEL,
    FLOAT_MODEL,
    MODEL,
    hls_stage,
    program_of,
    trained_models,
)
from fcn_hw.flow.progress import Progress
from fcn_hw.flow.stage import StageRecord, code_digest, digest_of, file_digest
from fcn_hw.flow.workspace import Workspace
from fcn_hw.harness.compare import Comparison
from fcn_hw.harness.csim import traced
from fcn_hw.harness.whole_set import simulate_set
from fcn_hw.ir import Graph
from fcn_hw.locks import locked
from fcn_hw.train.boundary import squared_tolerance
from fcn_hw.train.datasets.base import Bytes, Split
from fcn_hw.train.datasets.streams import Stream, list_stream, split_stream
from fcn_hw.train.tally import Tally

FOLDER = "evaluation"
"""Below the design's folder."""

_FILES = {"float": FLOAT_MODEL, "direct": DIRECT_MODEL, "retrained": MODEL}
_MAPS_FILE = "evaluation_maps.u8"

_CHUNK_BYTES = 16 << 20
_CHUNK_IMAGES = 1024
"""Images in memory at a time: enough to keep all cores of a simulation at work."""

_BATCH_BYTES = 2 << 20
"""Images that TensorFlow sees at a time; its activations are some hundred times as large."""


def evaluate_stage(
    workspace: Workspace,
    progress: Progress,
    *,
    split: str = "val",
    listed: Path | None = None,
    board: Board | None = None,
) -> Evaluation:
    """Measures a trained design; not again where nothing has changed.

    Writes ``evaluation/<name>.json`` and a picture of the confusion matrix, ``<name>.svg``; with a
    board, ``<name>_<board>``.

    Args:
        split: of the design's data set.
        listed: a text file with one "image mask" a line, instead of a split.
        board: also run the emitted C++ for it, compared with the oracle, code for code.

    Returns:
        also for a run that found mismatches: look at ``exact``.

    Raises:
        ConfigError: the design is not trained, or there is no such split.
        DataError: the list, an image or a mask is missing or wrong; the message names it.
    """
    models = trained_models(workspace)
    config = workspace.design.dataset
    stream = split_stream(config, split) if listed is None else list_stream(config, listed)
    folder = workspace.folder / FOLDER
    with ExitStack() as locks:
        locks.enter_context(locked(folder, "fcn-hw evaluate"))
        hardware = None
        if board is not None:
            locks.enter_context(locked(workspace.project(board), "fcn-hw evaluate"))
            hardware = _emitted(workspace, board, progress)
        name = stream.name if hardware is None else f"{stream.name}_{hardware.project.name}"
        record = _record(folder, name, workspace, models, stream, hardware)
        document = folder / f"{name}.json"
        if record.is_current():
            progress.say("[green]evaluate[/] up to date")
            return evaluation_from_json(json.loads(document.read_text(encoding="utf-8")))
        record.begin()
        result = _measured(workspace, name, models, stream, hardware, progress)
        replace_file(document, json.dumps(evaluation_to_json(result), indent=1) + "\n")
        replace_file(folder / f"{name}.svg", confusion_svg(result))
        record.finish([document, folder / f"{name}.svg"])
        return result


@dataclass(frozen=True, eq=False)
class _Emitted:
    """A compiled project.

    Args:
        project: its folder.
        program: folder of the simulation's program, below it.
        digest: of the sources and the way they are compiled.
    """

    graph: Graph
    board: Board
    project: Path
    program: str
    digest: str


def _emitted(workspace: Workspace, board: Board, progress: Progress) -> _Emitted:
    graph, _ = hls_stage(workspace, board, progress)
    project = workspace.project(board)
    program, build = program_of(graph, workspace.design.hls.Conv, sign_off=False)
    build_program(build, project, progress)
    return _Emitted(graph, board, project, program, program_digest(build, project))


def _record(
    folder: Path,
    name: str,
    workspace: Workspace,
    models: Path,
    stream: Stream,
    hardware: _Emitted | None,
) -> StageRecord:
    return StageRecord(
        f"evaluate_{name}",
        folder,
        digest_of(
            workspace.design.name, stream.name, stream.digest,
            [file_digest(models / file) for file in _FILES.values()],
            hardware and hardware.digest,
            code_digest("train/boundary.py", "train/metrics.py", "train/tally.py",
                        "train/predict.py", "train/datasets/images.py", "train/datasets/pairs.py",
                        "flow/evaluate.py", "flow/evaluation.py",
                        "flow/confusion.py", "harness", "reference"),
        ),
    )  # fmt: skip


def _measured(
    workspace: Workspace,
    file: str,
    models: Path,
    stream: Stream,
    hardware: _Emitted | None,
    progress: Progress,
) -> Evaluation:
    from fcn_hw.frontend.model_file import load_model
    from fcn_hw.train.predict import Predictor

    with_what = "" if hardware is None else ", C simulation = oracle"
    progress.say(f"[cyan]evaluate[/] {escape(stream.name)}: {stream.count} images{with_what}")
    predictors = {key: Predictor(load_model(models / item)) for key, item in _FILES.items()}
    keys = [key for key in MODELS if key in predictors or hardware is not None]
    tallies = {key: Tally(stream.classes, stream.void) for key in keys}
    simulation = None if hardware is None else _Simulation(hardware)
    size = min(_CHUNK_IMAGES, max(1, _CHUNK_BYTES // stream.frame_bytes))
    batch = min(_CHUNK_IMAGES, max(1, _BATCH_BYTES // stream.frame_bytes))
    done, shape = 0, (1, 1)
    with progress.counter("evaluation", stream.count) as update:
        for images in stream.batches(size):
            maps = {key: predict(images.images, batch) for key, predict in predictors.items()}
            if simulation is not None:
                maps["hardware"] = simulation.run(images, maps["retrained"], done, update)
            for key, found in maps.items():
                tallies[key].add(images.masks, found)
            done, shape = done + len(images), images.masks.shape[1:]
            update(done)
    metrics = {key: tally.metrics() for key, tally in tallies.items()}
    present = tallies["float"].confusion.sum(axis=1)
    return Evaluation(
        design=workspace.design.name,
        name=stream.name,
        file=file,
        metric=stream.metric,
        images=done,
        labelled_pixels=int(present.sum()),
        absent=tuple(c for c, n in zip(stream.classes, present, strict=True) if not n),
        boundary_tolerance_px=None if shape == (1, 1) else math.sqrt(squared_tolerance(*shape)),
        models=metrics,
        hardware=None if simulation is None else simulation.result(),
    )


class _Simulation:
    """The compiled C++, batch after batch, and what was found so far."""

    def __init__(self, hardware: _Emitted) -> None:
        self.hardware = hardware
        self._compared = {name: Comparison(name) for name in traced(hardware.graph)}
        self._flips = 0

    def run(
        self, images: Split, expected: Bytes, first: int, update: Callable[[int], None]
    ) -> Bytes:
        """The class maps of a batch.

        Args:
            expected: those of the QKeras model.
            first: number of the batch's first image.
            update: called with the number of images that are done.
        """
        made = self.hardware
        path = made.project / made.program / _MAPS_FILE
        try:
            finished = simulate_set(
                made.graph, made.project, images.images, folder=made.program, first_frame=first,
                maps_file=_MAPS_FILE, on_frame=lambda done: update(first + done),
            )  # fmt: skip
            assert finished.class_maps is not None, "a design's output is a class map"
            maps = np.array(finished.class_maps)
        finally:
            path.unlink(missing_ok=True)
        self._compared = {
            name: sofar.followed_by(finished.compared[name])
            for name, sofar in self._compared.items()
        }
        self._flips += int(np.count_nonzero(maps != expected))
        return maps

    def result(self) -> HardwareRun:
        graph = self.hardware.graph
        layers = tuple(oracle_row(graph, name, found) for name, found in self._compared.items())
        return HardwareRun(
            board=self.hardware.board.name,
            values_compared=sum(row.values for row in layers),
            mismatches=sum(row.mismatches for row in layers),
            argmax_flips=self._flips,
            layers=layers,
        )
