"""Verb ``export``: from a model to its graph."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

import fcn_hw
from fcn_hw.cli import options
from fcn_hw.cli.application import PROJECT, app
from fcn_hw.cli.printers.common import console, print_json, progress_for
from fcn_hw.cli.printers.export import print_agreement
from fcn_hw.errors import ConfigError

if TYPE_CHECKING:  # `fcn-hw --help` does not load it
    from fcn_hw.flow.agreement import Agreement


@app.command(
    rich_help_panel=PROJECT,
    epilog="Examples: fcn-hw export digits_fcn8s; "
    "fcn-hw export --model mine.h5 --input-format 'ufixed<8,0>' --output mine_graph; "
    "fcn-hw export --model brevitas.onnx --output mine_graph --check photos",
)
def export(
    design: options.OptionalDesign = None,
    model: Annotated[
        Path | None,
        typer.Option(
            "--model",
            help="A QKeras model (.h5, .keras) or a QONNX file of Brevitas (.onnx), instead.",
        ),
    ] = None,
    input_format: Annotated[
        list[str] | None,
        typer.Option(
            "--input-format",
            help="With --model: format of the input codes; of several inputs also NAME=FORMAT, "
            "once for each. Default: ufixed<8,0>.",
        ),
    ] = None,
    input_scale: Annotated[
        str | None,
        typer.Option(
            "--input-scale",
            help="With --model: the model was trained on code * scale + offset. A decimal or a "
            "fraction (1/255), or one a channel with commas. Default: the step of --input-format.",
        ),
    ] = None,
    input_offset: Annotated[
        str | None,
        typer.Option("--input-offset", help="With --model: as --input-scale. Default: 0."),
    ] = None,
    output_kind: Annotated[
        str | None,
        typer.Option(
            "--output-kind",
            help="With --model: classes, scores or both. Default: classes behind a softmax and "
            "behind a sigmoid of one channel, else scores.",
        ),
    ] = None,
    classes: Annotated[
        list[str] | None,
        typer.Option(
            "--classes",
            metavar="NAMES",
            help="With --model: names of the classes, with commas, for pictures and drivers; of "
            "several class maps OUTPUT=NAMES, once for each. Default: their numbers.",
        ),
    ] = None,
    fit: Annotated[
        str | None,
        typer.Option(
            "--fit",
            metavar="resize|crop|pad",
            help="With --model: how an image of another size is brought to the network's, by this "
            "command and by all that take the graph. Default: resize.",
        ),
    ] = None,
    channel_order: Annotated[
        str | None,
        typer.Option(
            "--channel-order",
            metavar="rgb|bgr",
            help="With --model: bgr of a model that was given blue first. Default: rgb.",
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", help="With --model: folder of the graph.")
    ] = None,
    check: Annotated[
        Path | None,
        typer.Option(
            "--check",
            help="With --model: compare graph and model on these images: a folder, a list, or a "
            ".npy.",
        ),
    ] = None,
    images: Annotated[
        int | None, typer.Option("--images", min=1, help="With --check: the first N images only.")
    ] = None,
    qonnx: Annotated[
        Path | None,
        typer.Option("--qonnx", help="Write the graph as a QONNX file too, for FINN and others."),
    ] = None,
    calibrate: Annotated[
        Path | None,
        typer.Option(
            "--calibrate",
            help="With --model: the model is a float one, of Keras 2 or Keras 3. It is quantized "
            "as it is, with formats chosen on these images: a folder, a list, or a .npy. They need "
            "no labels.",
        ),
    ] = None,
    bits: Annotated[
        int,
        typer.Option("--bits", min=2, max=16, help="With --calibrate: of weights and activations."),
    ] = 8,
    root: options.Root = options.HERE,
    no_train: options.NoTrain = False,
    as_json: options.Json = False,
) -> None:
    """Export a trained design as an integer graph and compare it with its model, layer by layer.

    With --model, export a QKeras or QONNX file, or with --calibrate a float Keras model. A layer
    that can't be expressed exactly is refused. With --check, every layer says how many of its codes
    differ from the model's. Exit status 1 if one differs that is exact or proved.
    """
    from fcn_hw.results import read_result, result_data

    if model is None:
        from fcn_hw.flow import open_workspace
        from fcn_hw.flow.images import AGREEMENT, QKerasComparisons

        named = options.needed(design, "DESIGN", "export")
        graph = fcn_hw.export_design(
            named, root, train=not no_train, progress=progress_for(as_json)
        )
        if qonnx is not None:
            fcn_hw.write_qonnx(graph, qonnx)
        folder = open_workspace(named, root).graph
        if as_json:
            layers = result_data(read_result(folder / AGREEMENT, QKerasComparisons))
            print_json({"graph": graph.name, "folder": str(folder), "layers": layers})
        else:
            _print_graph(graph.name, folder)
        return
    options.only_one(design, "--model")
    folder = options.needed(output, "--output", "--model")
    if str(folder) in ("classes", "scores", "both"):
        raise ConfigError(
            f"--output is the folder of the graph, and '{folder}' is what it may give",
            hint=f"--output-kind {folder}",
        )
    graph, found = fcn_hw.export_model(
        model,
        folder,
        input_format=_formats(input_format or ["ufixed<8,0>"]),
        input_scale=input_scale,
        input_offset=input_offset,
        output_kind=options.output_kind_named(output_kind),
        classes=_class_names(classes),
        fit=fit,
        channel_order=channel_order,
        check=check,
        images=images,
        calibrate=calibrate,
        bits=bits,
        progress=progress_for(as_json),
    )
    if qonnx is not None:
        fcn_hw.write_qonnx(graph, qonnx)
    if as_json:
        print_json(result_data(found))
    else:
        _print_graph(graph.name, folder, found)
    if not found.holds:
        raise typer.Exit(1)


def _formats(given: list[str]) -> str | dict[str, str]:
    """The format of all inputs, or of each by its name."""
    if len(given) == 1 and "=" not in given[0]:
        return given[0]
    pairs = [text.partition("=") for text in given]
    for (name, equal, fmt), text in zip(pairs, given, strict=True):
        if not (name and equal and fmt):
            raise ConfigError(
                f"--input-format: '{text}' is no NAME=FORMAT",
                hint="give one format for all inputs, or 'rgb=ufixed<8,0>' once for each",
            )
    return {name: fmt for name, _, fmt in pairs}


def _class_names(given: list[str] | None) -> list[str] | dict[str, list[str]] | None:
    """The names of the classes of the only class map, or of each by its output."""
    if given is None:
        return None
    if len(given) == 1 and "=" not in given[0]:
        return _names(given[0])
    found = {}
    for text in given:
        output, equal, names = text.partition("=")
        if not (output and equal):
            raise ConfigError(
                f"--classes: '{text}' is no OUTPUT=NAMES",
                hint="give the names of one class map, or OUTPUT=NAMES once for each",
            )
        found[output] = _names(names)
    return found


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",")]


def _print_graph(name: str, folder: Path, found: Agreement | None = None) -> None:
    typer.echo((folder / "graph.txt").read_text(encoding="utf-8").rstrip())
    if found is not None:
        print_agreement(found)
    console().print(f"graph '{name}' is in {escape(str(folder))}", highlight=False)
