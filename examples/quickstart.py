"""From nothing to a proved HLS project: a design, its training, its C simulation, its estimate.

    python examples/quickstart.py --root /tmp/quickstart

`fcn-hw new`, `csim`, `fifo` and `estimate` do the same on the command line.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import fcn_hw


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--root", type=Path, default=Path("quickstart"))
    arguments.add_argument("--board", default="pynq-z2")
    arguments.add_argument("--small", action="store_true", help="Seconds instead of minutes.")
    given = arguments.parse_args()

    design_file = given.root / "hls_projects" / "digits" / "design.yaml"
    if not design_file.exists():
        size = (24, 32) if given.small else (64, 96)
        fcn_hw.new_design("digits", given.root, network="fcn8s", height=size[0], width=size[1])
        if given.small:
            shrink(design_file)
    design = fcn_hw.load_design("digits", given.root)
    print(f"{design.name}: {design.network.kind}, {design.dataset.height}x{design.dataset.width}")

    # Trains, exports, emits, compiles and compares; what is up to date is skipped.
    result = fcn_hw.csim_design("digits", given.board, given.root, progress=True)
    print(f"{result.values_compared:,} values, {result.mismatches} mismatches")
    print(f"mIoU: float {result.score_float:.3f}, 4 bits {result.score_quantized:.3f}")

    run = fcn_hw.estimate_design("digits", given.board, given.root)
    speed = run.estimate
    print(f"{speed.fps:,.0f} frames/s, set by {speed.bottleneck}")
    used, have = speed.resources, speed.available
    print(f"{used.dsp:,} of {have.dsp:,} DSP, {used.lut:,.0f} of {have.lut:,} LUT")
    run.check()
    if not result.exact:
        raise SystemExit(1)


def shrink(path: Path) -> None:
    """One epoch on a few images: to see that all of it runs, not to learn anything."""
    text = path.read_text(encoding="utf-8")
    for before, after in (
        ("train_images: 2400", "train_images: 16"),
        ("val_images: 200", "val_images: 4"),
        ("float_epochs: 6", "float_epochs: 1"),
        ("retrain_epochs: 4", "retrain_epochs: 1"),
        ("filters: [6, 12, 20]", "filters: [2, 3, 4]"),
        ("head_filters: 48", "head_filters: 4"),
    ):
        assert before in text, before
        text = text.replace(before, after)
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
