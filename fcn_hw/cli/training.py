"""Verbs ``train`` and ``export``: from a design to its graph."""

from __future__ import annotations

import json
import os
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from fcn_hw.cli.application import app
from fcn_hw.cli.common import (
    HERE,
    DesignArgument,
    JsonOption,
    NoTrainOption,
    OptionalDesign,
    RootOption,
    needed,
    numbers,
    only_one,
    output_kind_named,
    print_json,
    progress_for,
)
from fcn_hw.errors import ConfigError
from fcn_hw.tables import console, print_agreement, print_levels, print_training


class Strategy(str, Enum):
    """How a design is trained."""

    ALONE = "alone"
    MULTI_WORKER = "multi-worker"


@app.command(epilog="Example: fcn-hw train digits_fcn8s")
def train(
    design: DesignArgument,
    strategy: Annotated[
        Strategy,
        typer.Option("--strategy", help="multi-worker: with the workers that TF_CONFIG names."),
    ] = Strategy.ALONE,
    root: RootOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Train a design: in float, then quantized with float shadow weights.

    An interrupted training goes on where it stopped; a finished one is not repeated.
    With --strategy multi-worker, start the same command on every worker: worker 0 writes the files.
    """
    from fcn_hw.flow import open_workspace, train_stage, work_for_chief
    from fcn_hw.train.cluster import cluster_of

    cluster = cluster_of(os.environ) if strategy is Strategy.MULTI_WORKER else None
    progress = progress_for(as_json)
    workspace = open_workspace(design, root)
    if cluster is not None and not cluster.chief:
        work_for_chief(workspace, progress, cluster)
        return
    folder = train_stage(workspace, progress, cluster)
    text = (folder / "training.json").read_text(encoding="utf-8")
    if as_json:
        typer.echo(text.rstrip())
    else:
        print_training(json.loads(text))


@app.command(
    epilog="Examples: fcn-hw levels mnist_cnn --bits 8,4,3,2 --seeds 1,2,3; "
    "fcn-hw levels camvid_fcn8s --bits 4 --precision-of camvid_fcn8s_mixed"
)
def levels(
    design: DesignArgument,
    bits: Annotated[
        str, typer.Option("--bits", help="Uniform levels, beside the design's own; '-' for none.")
    ] = "8,4,3,2",
    seeds: Annotated[
        str | None, typer.Option("--seeds", show_default="the design's", help="1,2,3: of each.")
    ] = None,
    precision_of: Annotated[
        list[str] | None,
        typer.Option(
            "--precision-of",
            metavar="DESIGN",
            show_default="none",
            help="And at the bits of this design of the same network; again for more.",
        ),
    ] = None,
    root: RootOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Train a design at several levels of precision and from several seeds, and compare.

    A level: weights and activations of all layers have so many bits, class scores have 8. All
    levels of a seed start from one float network. What is finished is not repeated.
    """
    from fcn_hw.flow import open_workspace
    from fcn_hw.studies.levels import levels_stage

    others = [open_workspace(name, root).design for name in precision_of or ()]
    result = levels_stage(
        open_workspace(design, root),
        progress_for(as_json),
        bits=() if bits.strip() == "-" else numbers("--bits", bits, 2, 16),
        seeds=None if seeds is None else numbers("--seeds", seeds, 0, 2**31 - 1),
        others=others,
    )
    if as_json:
        print_json(result.to_json())
    else:
        print_levels(result)


@app.command(
    epilog="Examples: fcn-hw export digits_fcn8s; "
    "fcn-hw export --model mine.h5 --input-format 'ufixed<8,0>' --output mine_graph"
)
def export(
    design: OptionalDesign = None,
    model: Annotated[
        Path | None, typer.Option("--model", help="A QKeras model, .h5 or .keras, instead.")
    ] = None,
    input_format: Annotated[
        str, typer.Option("--input-format", help="With --model: format of the input codes.")
    ] = "ufixed<8,0>",
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
    output: Annotated[
        Path | None, typer.Option("--output", help="With --model: folder of the graph.")
    ] = None,
    check: Annotated[
        Path | None,
        typer.Option(
            "--check",
            help="With --model: compare with QKeras on these images: a folder, a list, or a .npy.",
        ),
    ] = None,
    images: Annotated[
        int | None, typer.Option("--images", min=1, help="With --check: the first N images only.")
    ] = None,
    root: RootOption = HERE,
    no_train: NoTrainOption = False,
    as_json: JsonOption = False,
) -> None:
    """Export a trained design as an integer graph and compare it with QKeras, layer by layer.

    With --model, export any QKeras model file. A layer that can't be expressed exactly is refused.
    With --check, every layer says how many of its codes differ from QKeras. Exit status 1 if one
    differs that is exact or proved.
    """
    if model is not None:
        only_one(design, "--model")
        from fcn_hw.flow import agreement
        from fcn_hw.flow.standalone import export_model

        kind = output_kind_named(output_kind)
        folder = needed(output, "--output", "--model")
        if str(folder) in ("classes", "scores", "both"):
            raise ConfigError(
                f"--output is the folder of the graph, and '{folder}' is what it may give",
                hint=f"--output-kind {folder}",
            )
        graph, found = export_model(
            model, input_format, folder, progress_for(as_json), input_scale=input_scale,
            input_offset=input_offset, output_kind=kind, check=check, images=images,
        )  # fmt: skip
        if as_json:
            print_json(agreement.to_json(found))
        else:
            typer.echo((folder / "graph.txt").read_text(encoding="utf-8").rstrip())
            print_agreement(found)
            console().print(f"graph '{graph.name}' is in {escape(str(folder))}", highlight=False)
        if not found.holds:
            raise typer.Exit(1)
        return
    else:
        from fcn_hw.flow import export_stage, open_workspace

        workspace = open_workspace(needed(design, "DESIGN", "export"), root, may_train=not no_train)
        graph, folder = export_stage(workspace, progress_for(as_json)), workspace.graph
        if as_json:
            from fcn_hw.flow.images import AGREEMENT

            layers = json.loads((folder / AGREEMENT).read_text(encoding="utf-8"))
            print_json({"graph": graph.name, "folder": str(folder), "layers": layers})
            return
    typer.echo((folder / "graph.txt").read_text(encoding="utf-8").rstrip())
    console().print(f"graph '{graph.name}' is in {escape(str(folder))}", highlight=False)
