"""The tables of ``docs/results/``, as Markdown, from what the commands left below a design.

    python -m benchmarks.results mnist_cnn camvid_fcn8s

reads ``model/levels.json`` (``fcn-hw levels``), ``model/training.json`` and ``evaluation/*.json``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fcn_hw.studies.levels import level_title

MODELS = ("float", "direct", "retrained")
HEADS = ("float", "directly quantized", "retrained")


def tables(folder: Path) -> str:
    """All tables of a design; ``folder`` holds its design.yaml."""
    parts = [f"### {folder.name}"]
    training = _read(folder / "model" / "training.json")
    if training is not None:
        seconds = ", ".join(f"{name} {value:,.0f} s" for name, value in training["seconds"].items())
        parts.append(
            f"{training['parameters']:,} parameters, {training['multiplications'] / 1e6:.1f} MMAC; "
            f"trained in {seconds}."
        )
    levels = _read(folder / "model" / "levels.json")
    if levels is not None:
        parts.append(_levels(levels))
    for path in sorted((folder / "evaluation").glob("*.json")):
        found = _read(path)
        if found is not None and "models" in found:
            parts.append(_evaluation(path.stem, found))
    return "\n\n".join(parts)


def _levels(levels: Mapping[str, Any]) -> str:
    rows = []
    for mean in levels["means"]:
        split = "test" if mean["test"] else "validation"
        scores = mean["test"] or mean["scores"]
        cells = [_score(*scores[name], mean["seeds"]) for name in MODELS]
        size = f"{mean['weight_bits'] / 8192:.1f} KiB"
        zeros = f"{100 * mean['zeros']:.1f} %"
        rows.append([level_title(mean["level"]), str(mean["seeds"]), *cells, zeros, size])
    heads = ["precision", "seeds", *HEADS, "zeros", "weights"]
    return f"{levels['metric']} in % of the {split} split:\n\n" + _table(heads, rows)


def _score(mean: float, spread: float, seeds: int) -> str:
    return f"{100 * mean:.2f}" + (f" ± {100 * spread:.2f}" if seeds > 1 else "")


def _evaluation(name: str, found: Mapping[str, Any]) -> str:
    models: Mapping[str, Mapping[str, Any]] = found["models"]
    classes = list(next(iter(models.values()))["iou"])
    rows = [
        [label, *(_percent(model["iou"].get(label)) for model in models.values())]
        for label in classes
    ]
    return f"IoU by class in % on {name}, {found['images']} images:\n\n" + _table(
        ["class", *models], rows
    )


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f}"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return found


if __name__ == "__main__":
    print("\n\n".join(tables(Path("hls_projects") / name) for name in sys.argv[1:]))
