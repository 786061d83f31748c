"""What the verb ``verify`` prints for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fcn_hw.cli.printers.common import console, print_difference

if TYPE_CHECKING:  # `fcn-hw --help` loads none
    from fcn_hw.handoff.verify import Verified


def print_verified(found: Verified) -> None:
    """The verdict on a bundle, what of its manifest was checked how, and tensors that differ."""
    from fcn_hw.handoff.verify import AS_STATED, COMPARED, RECOMPUTED

    out = console()
    for how, what in (
        ("recomputed", RECOMPUTED),
        ("compared with other files of the bundle", COMPARED),
        ("as stated, nothing can prove it", AS_STATED),
        ("files that say what the manifest says", found.agreeing),
    ):
        out.print(f"{how}: {', '.join(what)}", highlight=False)
    for layer in found.layers:
        print_difference(layer.tensor, layer.values, layer.mismatches, layer.first)
    verdict = "[bold red]NOT verified[/]" if found.mismatches else "[bold green]verified[/]"
    out.print(
        f"{verdict}: {found.name}, {found.files} files unchanged; C++ = golden codes: "
        f"{found.manifest.frames} frames, {len(found.layers)} tensors, "
        f"{found.values_compared:,} values, {found.mismatches:,} mismatches",
        highlight=False,
    )
    out.print(f"sha256: {found.sha256}", highlight=False)
