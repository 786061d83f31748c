"""A worker of a training on several machines that is not its chief: it leaves nothing."""

from __future__ import annotations

from functools import partial

from fcn_hw.flow.progress import Progress
from fcn_hw.flow.workspace import Workspace
from fcn_hw.train.cluster import Cluster
from fcn_hw.train.datasets import load_dataset


def work_for_chief(workspace: Workspace, progress: Progress, cluster: Cluster) -> None:
    """Trains with the chief, which writes the files.

    Raises:
        FcnHwError: the chief or another worker is missing, or is gone.
    """
    from fcn_hw.train.together import train_together

    name = f"worker {cluster.index} of {len(cluster.workers)}"
    progress.say(f"[cyan]train[/]   {name}, for the chief at {cluster.workers[0]}")
    load = partial(load_dataset, workspace.design.dataset)
    train_together(workspace.design, load, cluster, workspace.model, progress=False)
    progress.say("        done; the chief has the files")
