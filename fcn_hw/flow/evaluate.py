"""A trained design on a split of its data set, or on any list of images and masks."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from fcn_hw.boards import Board
from fcn_hw.files import replace_file
from fcn_hw.flow.code import code_digest
from fcn_hw.flow.confusion import confusion_svg
from fcn_hw.flow.emitted import Emitted
from fcn_hw.flow.evaluation import Evaluation
from fcn_hw.flow.measuring import measure
from fcn_hw.flow.pipeline import emitted_program
from fcn_hw.flow.progress import Progress
from fcn_hw.flow.stage import StageRecord, digest_of, file_digest
from fcn_hw.flow.training import DIRECT_MODEL, FLOAT_MODEL, MODEL, trained_models
from fcn_hw.flow.workspace import Workspace
from fcn_hw.locks import locked
from fcn_hw.results import read_result, write_result
from fcn_hw.train.datasets.streams import Stream, list_stream, split_stream

FOLDER = "evaluation"
"""Below the design's folder."""

_FILES = {"float": FLOAT_MODEL, "direct": DIRECT_MODEL, "retrained": MODEL}


def evaluate_stage(
    workspace: Workspace,
    progress: Progress,
    *,
    split: str = "val",
    listed: Path | None = None,
    board: Board | None = None,
    own_size: bool = False,
) -> Evaluation:
    """Measures a trained design; not again where nothing has changed.

    Writes ``evaluation/<name>.json`` and a picture of the confusion matrix, ``<name>.svg``; with a
    board, ``<name>_<board>``.

    Args:
        split: of the design's data set.
        listed: a text file with one "image mask" a line, instead of a split.
        board: also run the emitted C++ for it, compared with the oracle, code for code.
        own_size: also measure class maps in the sizes of the images.

    Returns:
        also for a run that found mismatches: look at ``exact``.

    Raises:
        ConfigError: the design is not trained, there is no such split, or ``own_size`` has no
            meaning for the data set.
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
            hardware = emitted_program(workspace, board, progress)
        name = stream.name if hardware is None else f"{stream.name}_{hardware.project.name}"
        record = _record(folder, name, workspace, models, stream, hardware, own_size)
        document = folder / f"{name}.json"
        if record.is_current():
            progress.say("[green]evaluate[/] up to date")
            return read_result(document, Evaluation)
        record.begin()
        result = measure(
            workspace.design.name, name, {key: models / file for key, file in _FILES.items()},
            stream, hardware, progress, own_size=own_size,
        )  # fmt: skip
        write_result(document, result)
        replace_file(folder / f"{name}.svg", confusion_svg(result))
        record.finish([document, folder / f"{name}.svg"])
        return result


def _record(
    folder: Path,
    name: str,
    workspace: Workspace,
    models: Path,
    stream: Stream,
    hardware: Emitted | None,
    own_size: bool,
) -> StageRecord:
    return StageRecord(
        f"evaluate_{name}",
        folder,
        digest_of(
            workspace.design.name, stream.name, stream.digest,
            [file_digest(models / file) for file in _FILES.values()],
            hardware and hardware.digest, own_size,
            [code_digest(item.__module__) for item in (measure, confusion_svg)],
        ),
    )  # fmt: skip
