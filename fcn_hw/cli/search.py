"""Verb ``search``: the precision of each layer, accuracy against hardware."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import Annotated, Any, get_type_hints

import typer

import fcn_hw
from fcn_hw.cli import options
from fcn_hw.cli.application import MODEL, app
from fcn_hw.cli.completion import complete_board
from fcn_hw.cli.printers.common import print_result, progress_for
from fcn_hw.cli.printers.search import print_search
from fcn_hw.errors import ConfigError
from fcn_hw.studies.search.options import SearchOptions

_KEYWORD = inspect.Parameter.KEYWORD_ONLY


def _with_search_options(verb: Callable[..., None]) -> Callable[..., None]:
    """Gives a verb an option for each of :class:`SearchOptions` in place of ``asked``."""
    names = [field.name for field in fields(SearchOptions)]

    def called(**given: Any) -> None:
        asked = {name: given.pop(name) for name in names}
        for name, read in _LISTS.items():
            if asked[name] is not None:
                asked[name] = tuple(map(read, _listed(asked[name])))
        verb(**given, asked=SearchOptions(**asked))

    parameters: list[inspect.Parameter] = []
    for parameter in inspect.signature(verb, eval_str=True).parameters.values():
        ours = parameter.name == "asked"
        parameters += _parameters() if ours else [parameter.replace(kind=_KEYWORD)]
    called.__name__, called.__doc__ = verb.__name__, verb.__doc__
    called.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    called.__annotations__ = {item.name: item.annotation for item in parameters}
    return called


def _parameters() -> Iterator[inspect.Parameter]:
    """The options as typer reads them; lists are text."""
    types = {**get_type_hints(SearchOptions), **dict.fromkeys(_LISTS, str | None)}
    for field in fields(SearchOptions):
        is_board = field.name == "board"
        option = typer.Option(
            f"--{field.name.replace('_', '-')}",
            *(["-b"] if is_board else []),
            help=field.metadata["help"],
            metavar=field.metadata["metavar"],
            show_default=field.metadata["shown"],
            autocompletion=complete_board if is_board else None,
        )
        yield inspect.Parameter(
            field.name,
            _KEYWORD,
            default=field.default,
            annotation=Annotated[types[field.name], option],
        )


def _bits_or_name(text: str) -> int | str:
    return int(text) if text.isdecimal() else text


def _bits(text: str) -> int:
    if not text.isdecimal():
        raise ConfigError(f"--activations: '{text}' is no number of bits", hint="as 2,4,8")
    return int(text)


_LISTS: dict[str, Callable[[str], int | str]] = {"weights": _bits_or_name, "activations": _bits}
"""Options that are lists, written with commas, and how to read an item."""


def _listed(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]


@app.command(
    rich_help_panel=MODEL,
    epilog="Examples: fcn-hw search digits_fcn8s --trials 40 --workers 2; "
    "fcn-hw search digits_fcn8s --cost energy --max-average-bits 4; "
    "fcn-hw search digits_fcn8s --storage postgresql://me@host/searches",
)
@_with_search_options
def search(
    design: options.Design,
    asked: SearchOptions,
    root: options.Root = options.HERE,
    as_json: options.Json = False,
) -> None:
    """Search the bits of each layer: the most accurate network for each cost in hardware.

    First points by integer programming over sensitivities, then Optuna trials, each retrained
    shortly and judged on the validation split. Costs are estimates at the folds of the design. A
    search that was interrupted, or a worker that was killed, loses nothing: run it again. Each
    point of the Pareto front is a design.yaml that make hls builds.
    """
    from fcn_hw.flow.workspace import open_workspace

    result = fcn_hw.search_design(design, root, asked, progress=progress_for(as_json))
    print_result(result, print_search, as_json, open_workspace(design, root).folder)
