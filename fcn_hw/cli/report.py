"""Verb ``report``: one HTML file of all results."""

from __future__ import annotations

import fcn_hw
from fcn_hw.cli import options
from fcn_hw.cli.application import RESULTS, app
from fcn_hw.cli.printers.common import print_json
from fcn_hw.cli.printers.report import print_report


@app.command(
    rich_help_panel=RESULTS,
    epilog="Examples: fcn-hw report digits_fcn8s --board pynq-z2; "
    "fcn-hw report --graph mine_graph --board zcu104 --output mine_project",
)
def report(
    board: options.Board,
    design: options.OptionalDesign = None,
    graph: options.Graph = None,
    output: options.Output = None,
    root: options.Root = options.HERE,
    conv: options.Conv = None,
    as_json: options.Json = False,
) -> None:
    """Write one HTML file that shows all results of a design, or of a graph, on a board.

    It opens from disk, without network. No stage is run: a section whose stage has not run says
    which command makes it. With --json, print what the file shows, pictures left out.
    """
    from fcn_hw.report import report_to_json

    chosen, alone = options.conv_named(conv), options.of_graph(design, graph, output, "report")
    if alone is not None:
        made, path = fcn_hw.report_graph(alone.graph, board, alone.output)
    else:
        made, path = fcn_hw.report_design(str(design), board, root, conv=chosen)
    if as_json:
        print_json(report_to_json(made, path))
    else:
        print_report(made, path)
