"""Verb ``cosim``: the RTL, simulated."""

from __future__ import annotations

import fcn_hw
from fcn_hw.cli import options
from fcn_hw.cli.application import RTL, app
from fcn_hw.cli.csynth import show_run
from fcn_hw.cli.printers.common import progress_for


@app.command(
    rich_help_panel=RTL,
    epilog="Examples: fcn-hw cosim digits_fcn8s --board pynq-z2 --images 2; "
    "fcn-hw cosim --graph mine_graph --board zcu104 --output mine_project",
)
def cosim(
    board: options.Board,
    design: options.OptionalDesign = None,
    graph: options.Graph = None,
    output: options.Output = None,
    root: options.Root = options.HERE,
    compiler: options.Compiler = None,
    images: options.Images = None,
    data: options.Data = None,
    hours: options.Hours = None,
    no_train: options.NoTrain = False,
    as_json: options.Json = False,
) -> None:
    """RTL cosimulation: the RTL's codes on validation images, each one compared.

    The RTL is Vitis HLS' in its own simulator, against the C++; or that of fcn_hw's compiler in
    Verilator, every stream against the integer oracle. With --graph, an exported graph on random
    frames or on those of --data. Two images where no number is given. Exit status 1 at a single
    code that differs, or if processes wait for one another.
    """
    options.data_of_graph(data, graph)
    chosen, progress = options.compiler_named(compiler), progress_for(as_json)
    alone = options.of_graph(design, graph, output, "cosim")
    if alone is not None:
        found = fcn_hw.cosim_graph(
            alone.graph,
            board,
            alone.output,
            compiler=chosen,
            images=images,
            data=data,
            hours=hours,
            progress=progress,
        )
    else:
        found = fcn_hw.cosim_design(
            str(design),
            board,
            root,
            compiler=chosen,
            images=images,
            hours=hours,
            train=not no_train,
            progress=progress,
        )
    show_run(found, options.report_folder(alone, design, root, board), as_json)
