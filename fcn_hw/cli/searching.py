"""Verb ``search``: the precision of each layer, accuracy against hardware."""

from __future__ import annotations

from typing import Annotated

import typer

from fcn_hw.cli.application import app
from fcn_hw.cli.common import (
    HERE,
    DesignArgument,
    JsonOption,
    RootOption,
    print_json,
    progress_for,
)
from fcn_hw.cli.completion import complete_board
from fcn_hw.cli.printed_search import print_search
from fcn_hw.errors import ConfigError


@app.command(
    epilog="Examples: fcn-hw search digits_fcn8s --trials 40 --workers 2; "
    "fcn-hw search digits_fcn8s --cost energy --max-average-bits 4; "
    "fcn-hw search digits_fcn8s --storage postgresql://me@host/searches"
)
def search(
    design: DesignArgument,
    board: Annotated[
        str,
        typer.Option("--board", "-b", help="Whose costs.", autocompletion=complete_board),
    ] = "pynq-z2",
    cost: Annotated[
        str,
        typer.Option("--cost", metavar="lut|dsp|bram|energy|weight_bits", help="What to save."),
    ] = "lut",
    trials: Annotated[
        int, typer.Option("--trials", help="Configurations to evaluate, those of before included.")
    ] = 24,
    epochs: Annotated[int, typer.Option("--epochs", help="Of retraining for each.")] = 2,
    workers: Annotated[int, typer.Option("--workers", help="Processes on this machine.")] = 1,
    max_average_bits: Annotated[
        float | None,
        typer.Option("--max-average-bits", help="Of a weight, over all kernels.", min=1),
    ] = None,
    weights: Annotated[
        str | None,
        typer.Option(
            "--weights",
            help="Choices of a layer's weights: bits, binary, ternary.",
            show_default="2,3,4,6,8 and the design's own",
        ),
    ] = None,
    activations: Annotated[
        str | None,
        typer.Option(
            "--activations",
            help="Choices of a layer's activation, in bits.",
            show_default="2,3,4,6,8 and the design's own",
        ),
    ] = None,
    storage: Annotated[
        str | None,
        typer.Option(
            "--storage",
            help="Of the study, shared by machines: sqlite, postgresql or mysql URL, or the path "
            "of a journal file.",
            show_default="search/journal.log of the design",
        ),
    ] = None,
    study: Annotated[
        str | None,
        typer.Option("--study", help="Its name there.", show_default="design, cost and board"),
    ] = None,
    sampler: Annotated[
        str, typer.Option("--sampler", metavar="tpe|nsga2", help="What proposes trials.")
    ] = "tpe",
    seed: Annotated[int, typer.Option("--seed", help="Of the sampler.")] = 1,
    root: RootOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Search the bits of each layer: the most accurate network for each cost in hardware.

    First points by integer programming over sensitivities, then Optuna trials, each retrained
    shortly and judged on the validation split. Costs are estimates at the folds of the design. A
    search that was interrupted, or a worker that was killed, loses nothing: run it again. Each
    point of the Pareto front is a design.yaml that make hls builds.
    """
    from fcn_hw.flow.workspace import open_workspace
    from fcn_hw.studies.search.run import search_stage
    from fcn_hw.studies.search.setting import SearchOptions

    options = SearchOptions(
        board=board,
        cost=cost,
        trials=trials,
        epochs=epochs,
        workers=workers,
        storage=storage,
        study=study,
        sampler=sampler,
        seed=seed,
        max_average_bits=max_average_bits,
        weights=None if weights is None else tuple(map(_bits_or_name, _listed(weights))),
        activations=None
        if activations is None
        else tuple(_bits(item) for item in _listed(activations)),
    )
    result = search_stage(design, root, options, progress_for(as_json))
    if as_json:
        print_json(result.to_json(open_workspace(design, root).folder))
    else:
        print_search(result)


def _listed(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]


def _bits_or_name(text: str) -> int | str:
    return int(text) if text.isdecimal() else text


def _bits(text: str) -> int:
    if not text.isdecimal():
        raise ConfigError(f"--activations: '{text}' is no number of bits", hint="as 2,4,8")
    return int(text)
