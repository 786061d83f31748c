"""Verbs ``handoff`` and ``verify``: the bundle, packed and checked."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from fcn_hw.cli.application import app
from fcn_hw.cli.common import (
    HERE,
    BoardOption,
    DesignArgument,
    JsonOption,
    NoTrainOption,
    RootOption,
    print_json,
    progress_for,
)
from fcn_hw.tables import print_handoff, print_verified


@app.command(epilog="Example: fcn-hw handoff digits_fcn8s --board pynq-z2")
def handoff(
    design: DesignArgument,
    board: BoardOption,
    output: Annotated[
        Path | None, typer.Option("--output", help="Folder of the bundle; handoff/ by default.")
    ] = None,
    images: Annotated[
        int | None, typer.Option("--images", min=1, help="Golden frames; 3 by default.")
    ] = None,
    root: RootOption = HERE,
    no_train: NoTrainOption = False,
    as_json: JsonOption = False,
) -> None:
    """Pack a proved design for the engineer who builds the bitstream.

    Sources, scripts, constraints, driver, golden vectors, expected numbers and what vendor tools
    left, in handoff/DESIGN-BOARD.tar.gz. The same input gives the same bytes. Check it anywhere by
    `fcn-hw verify`.
    """
    from fcn_hw.flow import open_workspace
    from fcn_hw.flow.handoff import FOLDER, handoff_stage
    from fcn_hw.flow.workspace import open_board

    target, workspace = open_board(board), open_workspace(design, root, may_train=not no_train)
    folder = root / FOLDER if output is None else output
    made = handoff_stage(workspace, target, progress_for(as_json), output=folder, images=images)
    if as_json:
        print_json({**asdict(made), "path": str(made.path)})
    else:
        print_handoff(made)


@app.command(epilog="Example: fcn-hw verify handoff/digits_fcn8s-pynq-z2.tar.gz")
def verify(
    bundle: Annotated[Path, typer.Argument(help="A bundle of fcn-hw handoff, .tar.gz.")],
    as_json: JsonOption = False,
) -> None:
    """Check a bundle: every byte, what its manifest says, and what its C++ computes.

    Needs g++ only. The last step compiles and runs C++ that is in the bundle, as you, in a
    temporary folder, with fcn_hw's own commands and time limits, and only after all checksums hold:
    verify bundles of people whose programs you would run. Exit status 1 if anything differs.
    """
    from fcn_hw.handoff.verify import AS_STATED, COMPARED, RECOMPUTED, verify_bundle

    found = verify_bundle(bundle)
    if as_json:
        layers = [asdict(item) for item in found.layers]
        totals = {"values_compared": found.values_compared, "mismatches": found.mismatches}
        facts = {"bundle": found.name, "sha256": found.sha256, "files": found.files}
        facts |= {"recomputed": RECOMPUTED, "compared": COMPARED, "as_stated": AS_STATED}
        facts["agreeing"] = found.agreeing
        print_json({**facts, **totals, "layers": layers})
    else:
        print_verified(found)
    if found.mismatches:
        raise typer.Exit(1)
