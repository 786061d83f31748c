"""Verb ``verify``: the bundle, checked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import fcn_hw
from fcn_hw.cli import options
from fcn_hw.cli.application import RESULTS, app
from fcn_hw.cli.printers.common import print_json
from fcn_hw.cli.printers.verify import print_verified


@app.command(
    rich_help_panel=RESULTS, epilog="Example: fcn-hw verify handoff/digits_fcn8s-pynq-z2.tar.gz"
)
def verify(
    bundle: Annotated[Path, typer.Argument(help="A bundle of fcn-hw handoff, .tar.gz.")],
    as_json: options.Json = False,
) -> None:
    """Check a bundle: every byte, what its manifest says, and what its C++ computes.

    Needs g++ only. The last step compiles and runs C++ that is in the bundle, as you, in a
    temporary folder, with fcn_hw's own commands and time limits, and only after all checksums hold:
    verify bundles of people whose programs you would run. Exit status 1 if anything differs.
    """
    from fcn_hw.handoff.verify import AS_STATED, COMPARED, RECOMPUTED
    from fcn_hw.results import result_data

    found = fcn_hw.verify_bundle(bundle)
    if as_json:
        facts = {"bundle": found.name, "sha256": found.sha256, "files": found.files}
        facts |= {"recomputed": RECOMPUTED, "compared": COMPARED, "as_stated": AS_STATED}
        facts["agreeing"] = found.agreeing
        facts |= {"values_compared": found.values_compared, "mismatches": found.mismatches}
        print_json({**facts, "layers": [result_data(item) for item in found.layers]})
    else:
        print_verified(found)
    if found.mismatches:
        raise typer.Exit(1)
