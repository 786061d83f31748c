"""``fcn-hw train --strategy multi-worker``: what each worker does."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from fcn_hw.design import Design
from fcn_hw.train.cluster import JOIN_TIMEOUT_S, Cluster
from fcn_hw.train.datasets import DataSet, dataset_digest
from fcn_hw.train.pruning import Blocks
from fcn_hw.train.result import TrainResult
from fcn_hw.train.run import train
from fcn_hw.train.study import json_digest
from fcn_hw.train.team import Team


def train_together(
    design: Design,
    load: Callable[[], DataSet],
    cluster: Cluster,
    out_dir: Path,
    *,
    progress: bool = True,
    join_timeout_s: float = JOIN_TIMEOUT_S,
    before_writing: Callable[[], None] | None = None,
    say: Callable[[str], None] | None = None,
    tensorboard: bool = False,
    blocks: Callable[[], Blocks] | None = None,
) -> TrainResult:
    """Trains with the other workers of ``cluster``; only the chief writes files.

    Args:
        design: what to train; ``training.batch_size`` counts the images of all workers.
        load: loads the data set, the same on every worker.
        cluster: of :func:`fcn_hw.train.cluster.cluster_of`.
        out_dir: the chief's; others work in a folder that they remove.
        progress: draw the chief's bars.
        join_timeout_s: how long to wait for the others.
        before_writing, say, tensorboard: of the chief, as :func:`fcn_hw.train.run.train` has them.
        blocks: as there; every worker asks for them.

    Raises:
        FcnHwError: a worker is missing, trains something else, or is gone. What
            :func:`fcn_hw.train.run.train` raises.
    """
    subject = json_digest(
        design.model_dump(mode="json", exclude_defaults=True, exclude={"dataset": {"path"}}),
        dataset_digest(design.dataset),
        version("fcn_hw"),
        version("tensorflow"),
    )
    dataset = load()
    team = Team(cluster, subject, join_timeout_s)
    if team.chief:
        return train(
            design, dataset, out_dir, progress=progress, team=team,
            before_writing=before_writing, say=say, tensorboard=tensorboard, blocks=blocks,
        )  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="fcn_hw_worker_") as scratch:
        return train(design, dataset, Path(scratch), progress=False, team=team, blocks=blocks)
