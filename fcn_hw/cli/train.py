"""Verb ``train``: from a design to its models."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import typer

import fcn_hw
from fcn_hw.cli import options
from fcn_hw.cli.application import MODEL, app
from fcn_hw.cli.printers.common import print_result, progress_for
from fcn_hw.cli.printers.train import print_training


class Strategy(str, Enum):
    """How a design is trained."""

    ALONE = "alone"
    MULTI_WORKER = "multi-worker"


@app.command(rich_help_panel=MODEL, epilog="Example: fcn-hw train digits_fcn8s")
def train(
    design: options.Design,
    strategy: Annotated[
        Strategy,
        typer.Option("--strategy", help="multi-worker: with the workers that TF_CONFIG names."),
    ] = Strategy.ALONE,
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", help="Also write model/tensorboard/ for TensorBoard.")
    ] = False,
    root: options.Root = options.HERE,
    as_json: options.Json = False,
) -> None:
    """Train a design: in float, then quantized with float shadow weights.

    An interrupted training goes on where it stopped; a finished one is not repeated.
    Meanwhile model/epochs.csv and model/epochs/*.png say how far it has come.
    With --strategy multi-worker, start the same command on every worker: worker 0 writes the files.
    """
    result = fcn_hw.train_design(
        design, root, strategy=strategy.value, tensorboard=tensorboard,
        progress=progress_for(as_json),
    )  # fmt: skip
    if result is None:  # the chief prints
        return
    print_result(result, print_training, as_json)
