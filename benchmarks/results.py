"""The tables of ``docs/results/``, as Markdown, from what the commands left below a design.

    python -m benchmarks.results mnist_cnn camvid_fcn8s

reads ``model/levels.json`` (``fcn-hw levels``), ``model/training.json`` and ``evaluation/*.json``.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from fcn_hw.flow.evaluation import Evaluation
from fcn_hw.results import read_result
from fcn_hw.studies.levels import Levels, level_title
from fcn_hw.train.result import MODELS, ModelKey, TrainResult


def tables(folder: Path) -> str:
    """All tables of a design; ``folder`` holds its design.yaml."""
    parts = [f"### {folder.name}"]
    path = folder / "model" / "training.json"
    if path.is_file():
        training = read_result(path, TrainResult)
        seconds = ", ".join(f"{name} {value:,.0f} s" for name, value in training.seconds.items())
        parts.append(
            f"{training.parameters:,} parameters, {training.multiplications / 1e6:.1f} MMAC; "
            f"trained in {seconds}."
        )
    path = folder / "model" / "levels.json"
    if path.is_file():
        parts.append(_levels(read_result(path, Levels)))
    parts += [
        _evaluation(read_result(path, Evaluation))
        for path in sorted((folder / "evaluation").glob("*.json"))
    ]
    return "\n\n".join(parts)


def _levels(levels: Levels) -> str:
    rows, split = [], "validation"
    keys: tuple[ModelKey, ...] = get_args(ModelKey)
    for mean in levels.means:
        if mean.test:
            split = "test"
        cells = [_score(*(mean.test or mean.scores)[key], mean.seeds) for key in keys]
        size, zeros = f"{mean.weight_bits / 8192:.1f} KiB", f"{100 * mean.zeros:.1f} %"
        rows.append([level_title(mean.level), str(mean.seeds), *cells, zeros, size])
    heads = ["precision", "seeds", *MODELS.values(), "zeros", "weights"]
    return f"{levels.metric} in % of the {split} split:\n\n" + _table(heads, rows)


def _score(mean: float, spread: float, seeds: int) -> str:
    return f"{100 * mean:.2f}" + (f" ± {100 * spread:.2f}" if seeds > 1 else "")


def _evaluation(found: Evaluation) -> str:
    classes = list(next(iter(found.models.values())).iou)
    rows = [
        [label, *(_percent(model.iou.get(label)) for model in found.models.values())]
        for label in classes
    ]
    return f"IoU by class in % on {found.name}, {found.images} images:\n\n" + _table(
        ["class", *found.models], rows
    )


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f}"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    print("\n\n".join(tables(Path("hls_projects") / name) for name in sys.argv[1:]))
