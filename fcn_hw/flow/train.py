"""The stage train: run once for its settings and data, never again without saying why."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from rich.markup import escape

from fcn_hw.design import QonnxNetwork
from fcn_hw.errors import ConfigError
from fcn_hw.flow.progress import Progress
from fcn_hw.flow.pruned_blocks import blocks_of_design
from fcn_hw.flow.stage import StageRecord
from fcn_hw.flow.training import MODEL_FILES, not_trained, train_record, why_not
from fcn_hw.flow.workspace import Workspace
from fcn_hw.locks import locked
from fcn_hw.results import read_result
from fcn_hw.train.cluster import Cluster
from fcn_hw.train.datasets import DataSet, load_dataset
from fcn_hw.train.datasets.coverage import absent_classes, class_shares, uneven_classes
from fcn_hw.train.design_network import design_topology
from fcn_hw.train.result import MODELS, TRAINING, TrainResult
from fcn_hw.train.run import PRECISION_FILE


def train_stage(
    workspace: Workspace,
    progress: Progress,
    cluster: Cluster | None = None,
    *,
    tensorboard: bool = False,
) -> Path:
    """Trains the design's model unless it is there.

    Args:
        workspace: of the design.
        progress: what is said meanwhile; why a finished training is repeated, and what the last one
            took, is said even where nothing else is.
        cluster: whose chief this process is; None: it trains alone.
        tensorboard: a training also writes TensorBoard's files.

    Returns:
        the folder of the model.

    Raises:
        ConfigError: it is to be trained, and the workspace does not allow it.
    """
    if isinstance(workspace.design.network, QonnxNetwork):
        design_topology(workspace.design)  # says that it is not trained
    record = train_record(workspace.model, workspace.design)
    if record.is_current():
        progress.say("[green]train[/]   up to date")
        return record.folder
    if not workspace.may_train:
        raise not_trained(workspace)
    with locked(record.folder, "fcn-hw train"):
        if (record.folder / TRAINING).is_file():
            progress.warn(f"{why_not(record)}. It is trained again; {_cost(record.folder)}")
        _train(workspace, record, progress, cluster, tensorboard)
    return record.folder


def _train(
    workspace: Workspace,
    record: StageRecord,
    progress: Progress,
    cluster: Cluster | None,
    tensorboard: bool,
) -> None:
    from fcn_hw.train.run import train
    from fcn_hw.train.together import train_together

    design = workspace.design
    progress.say("[cyan]train[/]   float, then quantized")
    pruning = design.training.pruning
    blocks = None
    if pruning is not None and pruning.block == "fold":
        blocks = partial(blocks_of_design, workspace, progress)

    def load() -> DataSet:
        dataset = load_dataset(design.dataset)
        for line in absent_classes(dataset):
            progress.warn(line)
        progress.say(f"        {escape(class_shares(dataset))}")
        uneven = uneven_classes(dataset)
        if uneven and not design.training.class_weights:
            progress.say(f"        {escape(uneven)}")
        return dataset

    say = None if progress.bars else (lambda line: progress.say(f"        {escape(line)}"))
    # the record of the last training stands until this one writes: an interrupted one costs nothing
    if cluster is None:
        train(
            design, load(), record.folder, progress=progress.bars, before_writing=record.begin,
            say=say, tensorboard=tensorboard, blocks=blocks,
        )  # fmt: skip
    else:
        train_together(
            design, load, cluster, record.folder, progress=progress.bars,
            before_writing=record.begin, say=say, tensorboard=tensorboard, blocks=blocks,
        )  # fmt: skip
    record.finish(record.folder / name for name in (*MODEL_FILES, PRECISION_FILE, TRAINING))
    found = read_result(record.folder / TRAINING, TrainResult)
    scores = [f"{MODELS[key]} {100 * item.value:.2f} %" for key, item in found.by_model().items()]
    progress.say(f"        {found.float.metric} {', '.join(scores)}")


def _cost(folder: Path) -> str:
    """What the last training took."""
    try:
        seconds = sum(read_result(folder / TRAINING, TrainResult).seconds.values())
    except ConfigError:
        return "what the last training took is not known"
    if seconds < 60:
        return f"the last training took {seconds:.0f} s"
    return f"the last training took {seconds / 60:.0f} min"
