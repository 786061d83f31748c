"""Verb ``sparsity``: zeros of a trained design, and what they are worth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, cast

import typer

import fcn_hw
from fcn_hw.cli import options
from fcn_hw.cli.application import MODEL, app
from fcn_hw.cli.completion import complete_board
from fcn_hw.cli.printers.common import print_json, progress_for
from fcn_hw.cli.printers.sparsity import print_sparsity
from fcn_hw.errors import ConfigError

if TYPE_CHECKING:  # `fcn-hw --help` does not load it
    from fcn_hw.design import PruningBlock, PruningScope


@app.command(
    rich_help_panel=MODEL,
    epilog="Example: fcn-hw sparsity digits_fcn8s --board pynq-z2 --prune 0.5,0.8,0.9 --epochs 4",
)
def sparsity(
    design: options.Design,
    board: Annotated[
        str | None,
        typer.Option(
            "--board",
            "-b",
            help="Value the zeros at the folds of this board.",
            autocompletion=complete_board,
        ),
    ] = None,
    score: Annotated[
        bool,
        typer.Option("--score", help="Score the network on every grid, one layer quantized."),
    ] = False,
    prune: Annotated[
        str | None,
        typer.Option(
            "--prune", metavar="PARTS", help="Prune to these parts of zeros: 0.5,0.8,0.9."
        ),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option("--epochs", min=1, help="Of each retraining.", show_default="the design's"),
    ] = None,
    scope: Annotated[
        str | None,
        typer.Option(
            "--scope",
            metavar="layer|global",
            help="Prune this part of each layer, or of all together.",
            show_default="the design's",
        ),
    ] = None,
    block: Annotated[
        str | None,
        typer.Option(
            "--block",
            metavar="weight|fold|weight,fold",
            help="Prune single weights, or those of a step of the hardware together.",
            show_default="the design's",
        ),
    ] = None,
    root: options.Root = options.HERE,
    no_train: options.NoTrain = False,
    as_json: options.Json = False,
) -> None:
    """Count the zeros of a trained design, by step and by pruning, and say what they save.

    Each layer's zeros at several bits and steps of its quantizer; with --prune, scores and zeros
    with and without retraining; with --board, which zeros save a multiplier, ROM bits or cycles at
    the chosen folds, which nothing, and the frames a second of each pruned network. The result and
    a picture go to the design's model folder. A run that was cut off goes on where it stopped.
    """
    from fcn_hw.flow import open_workspace
    from fcn_hw.results import result_data
    from fcn_hw.studies.sparsity.stage import PICTURE, RESULT

    levels = _levels(prune)
    for name, given in (("--epochs", epochs), ("--scope", scope), ("--block", block)):
        if given is not None and not levels:
            raise ConfigError(f"{name} is of pruning, and there is none without --prune")
    if scope not in (None, "layer", "global"):
        raise ConfigError(f"--scope is layer or global, not '{scope}'")
    kinds = () if block is None else tuple(block.split(","))
    if kinds not in ((), ("weight",), ("fold",), ("weight", "fold")):
        raise ConfigError(f"--block is weight, fold or weight,fold, not '{block}'")
    run = fcn_hw.sparsity_design(
        design,
        root,
        board=board,
        score=score,
        prune=levels,
        epochs=epochs,
        scope=cast("PruningScope | None", scope),
        block=cast("tuple[PruningBlock, ...]", kinds),
        train=not no_train,
        progress=progress_for(as_json),
    )
    if as_json:
        print_json(result_data(run))
    else:
        model = open_workspace(design, root).model
        print_sparsity(run, model / RESULT, model / PICTURE)


def _levels(text: str | None) -> tuple[float, ...]:
    levels = []
    for part in () if text is None else text.split(","):
        try:
            levels.append(float(part))
        except ValueError:
            raise ConfigError(
                f"--prune: '{part}' is not a number", hint="for instance --prune 0.5,0.8,0.9"
            ) from None
    return tuple(levels)
