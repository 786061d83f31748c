"""Arguments and options that several verbs have."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple, TypeVar, cast

import typer

from fcn_hw.cli.completion import complete_board, complete_design
from fcn_hw.errors import ConfigError

if TYPE_CHECKING:  # `fcn-hw --help` loads neither
    from fcn_hw.design import ConvEmitter, HlsCompiler
    from fcn_hw.ir.outputs import OutputKind

A_BOARD = "a board that fcn-hw boards lists, or the path of a board's .yaml"

_DESIGN = typer.Argument(
    help="A design below hls_projects/, or the path of a design.yaml.",
    autocompletion=complete_design,
)
Design = Annotated[str, _DESIGN]
OptionalDesign = Annotated[str | None, _DESIGN]
Board = Annotated[
    str,
    typer.Option("--board", "-b", help=f"{A_BOARD.capitalize()}.", autocompletion=complete_board),
]
BoardOfCsim = Annotated[
    str | None,
    typer.Option(
        "--board",
        "-b",
        help=f"With --csim: {A_BOARD}.",
        autocompletion=complete_board,
    ),
]
Root = Annotated[
    Path, typer.Option("--root", help="The folder that holds hls_projects/.", show_default="here")
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON only.")]
Images = Annotated[
    int | None, typer.Option("--images", min=1, help="Simulate the first N images only.")
]  # fmt: skip
Hours = Annotated[
    float | None, typer.Option("--timeout-hours", min=0, help="Time-out of each tool.")
]
NoTrain = Annotated[
    bool,
    typer.Option("--no-train", help="Stop where the design would have to be trained, and say why."),
]

Graph = Annotated[
    Path | None, typer.Option("--graph", help="A folder that holds a graph.json, instead.")
]
Output = Annotated[
    Path | None, typer.Option("--output", help="With --graph: folder of the HLS project.")
]
Data = Annotated[
    Path | None,
    typer.Option(
        "--data",
        help="With --graph: a folder of images, a list, or a .npy of codes; for several inputs a "
        "folder that holds one of these for each, by its name. Default: random codes.",
    ),
]
Conv = Annotated[
    str | None,
    typer.Option(
        "--conv",
        metavar="fcn_hw|hls4ml",
        help="Whose convolutions: fcn_hw's, or hls4ml's own for comparison.",
        show_default="the design's",
    ),
]

Compiler = Annotated[
    str | None,
    typer.Option(
        "--compiler",
        metavar="auto|vitis|fcn_hw",
        help="Whose RTL: Vitis HLS', or fcn_hw's own compiler's; auto takes Vitis HLS where it is.",
        show_default="the design's",
    ),
]

HERE = Path()

T = TypeVar("T")


def only_one(design: str | None, option: str) -> None:
    """Raises ``ConfigError`` where a design is given beside an option that stands for one."""
    if design is not None:
        raise ConfigError(f"both a design and {option} are given", hint="give one of them")


class GraphFolders(NamedTuple):
    """A graph without a design, and the folder of its HLS project."""

    graph: Path
    output: Path


def of_graph(
    design: str | None, graph: Path | None, output: Path | None, verb: str
) -> GraphFolders | None:
    """The folders of a graph; None where the verb is about a design.

    Raises:
        ConfigError: both or neither are given, or a graph without a folder for its project.
    """
    if graph is None:
        needed(design, "DESIGN or --graph", verb)
        return None
    only_one(design, "--graph")
    return GraphFolders(graph, needed(output, "--output", "--graph"))


def report_folder(alone: GraphFolders | None, design: str | None, root: Path, board: str) -> Path:
    """The folder of the report files: of a graph's project, or of a design's on a board."""
    if alone is not None:
        return alone.output / "report"
    from fcn_hw.boards import load_board
    from fcn_hw.flow import open_workspace

    return open_workspace(str(design), root).report(load_board(board))


def data_of_graph(data: Path | None, graph: Path | None) -> None:
    """Raises ``ConfigError`` where ``--data`` is given without ``--graph``."""
    if data is not None and graph is None:
        raise ConfigError("--data has no effect without --graph", hint="a design has its own data")


def needed(value: T | None, name: str, because: str) -> T:
    """The value; raises ``ConfigError`` where there is none."""
    if value is None:
        raise ConfigError(f"{because} needs {name}", hint="see --help for an example")
    return value


def numbers(option: str, text: str, least: int, most: int) -> tuple[int, ...]:
    """The whole numbers of a list like ``8,4,3``; raises ``ConfigError`` where it is none."""
    found = []
    for part in text.split(","):
        value = int(part) if part.strip().isdecimal() else -1
        if not least <= value <= most:
            raise ConfigError(
                f"{option}: '{part.strip()}' is no whole number from {least} to {most}",
                hint=f"a list, like {option} 8,4",
            )
        found.append(value)
    return tuple(found)


def conv_named(name: str | None) -> ConvEmitter | None:
    """The value of ``--conv``; raises ``ConfigError`` where it is none."""
    if name not in (None, "fcn_hw", "hls4ml"):
        raise ConfigError(f"--conv is fcn_hw or hls4ml, not '{name}'")
    return cast("ConvEmitter | None", name)


def output_kind_named(name: str | None) -> OutputKind | None:
    """The value of ``--output-kind``; raises ``ConfigError`` where it is none."""
    if name not in (None, "classes", "scores", "both"):
        raise ConfigError(f"--output-kind is classes, scores or both, not '{name}'")
    return cast("OutputKind | None", name)


def compiler_named(name: str | None) -> HlsCompiler | None:
    """The value of ``--compiler``; raises ``ConfigError`` where it is none."""
    if name not in (None, "auto", "vitis", "fcn_hw"):
        raise ConfigError(f"--compiler is auto, vitis or fcn_hw, not '{name}'")
    return cast("HlsCompiler | None", name)
