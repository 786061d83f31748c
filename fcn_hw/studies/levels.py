"""A design at several levels of precision and from several seeds: what each bit costs.

For each seed the float network is trained once; each level quantizes it, scores it as it is and
retrains it. A level is a folder with all that ``train`` leaves, so any of them can be exported.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import computed_field
from pydantic.dataclasses import dataclass

from fcn_hw.design import Activation, DefaultPrecision, Design, LayerPrecision, Precision
from fcn_hw.errors import ConfigError
from fcn_hw.flow.progress import Progress
from fcn_hw.flow.stage import StageRecord
from fcn_hw.flow.train import train_stage
from fcn_hw.flow.training import FLOAT_MODEL, MODEL, training_digest
from fcn_hw.flow.workspace import Workspace
from fcn_hw.locks import locked
from fcn_hw.results import STRICT, read_result, write_result
from fcn_hw.studies.float_training import share_float_training
from fcn_hw.train.datasets import DataSet, load_dataset
from fcn_hw.train.datasets.base import Metric
from fcn_hw.train.design_network import design_topology
from fcn_hw.train.precision import is_hidden
from fcn_hw.train.result import TRAINING, ModelKey, ModelScores, TrainResult
from fcn_hw.train.run import PRECISION_FILE
from fcn_hw.train.topology import quantizable

LEVELS = "levels"
LEVELS_FILE = "levels.json"
OWN = "design"
"""The level of the design's own precision."""
SCORE_BITS: Activation = 8
"""Of the class scores at every level: a pixel's class is the largest of them, and with 2 bits most
would be equal."""


def level_title(level: str) -> str:
    """What people call a level."""
    if level == OWN:
        return "the design's bits"
    return f"{level} bits" if level.isdecimal() else f"the bits of {level}"


@dataclass(frozen=True, config=STRICT)
class Row:
    """A level from one seed.

    Args:
        level: :data:`OWN`, uniform bits: ``"4"``, or the name of the design whose bits they are.
        seed: of weights, order and augmentation.
        scores: of the models of a training on the validation split, 0 to 1.
        test: the same on the test split; empty where there is none.
        zeros: part of the retrained weights that are zero.
        weight_bits: of all kernels together.
        seconds: of training, by phase.
    """

    level: str
    seed: int
    scores: dict[ModelKey, float]
    test: dict[ModelKey, float]
    zeros: float
    weight_bits: int
    seconds: dict[str, float]


@dataclass(frozen=True, config=STRICT)
class Mean:
    """A level over its seeds: mean and sample standard deviation (0 of one seed)."""

    level: str
    seeds: int
    scores: dict[ModelKey, tuple[float, float]]
    test: dict[ModelKey, tuple[float, float]]
    zeros: float
    weight_bits: int


@dataclass(frozen=True, config=STRICT)
class Levels:
    """``model/levels.json``.

    Args:
        metric: ``"mIoU"`` or ``"accuracy"``.
        rows: a level and seed each, in the order of the command.
    """

    metric: Metric
    rows: tuple[Row, ...]

    @computed_field  # type: ignore[prop-decorator]
    @property
    def means(self) -> tuple[Mean, ...]:
        """Each level over its seeds."""
        return tuple(
            _mean(level, [row for row in self.rows if row.level == level])
            for level in dict.fromkeys(row.level for row in self.rows)
        )


def levels_stage(
    workspace: Workspace,
    progress: Progress,
    *,
    bits: Sequence[int] = (8, 4, 3, 2),
    seeds: Sequence[int] | None = None,
    others: Sequence[Design] = (),
) -> Levels:
    """Trains every level from every seed, or takes what is there; writes ``model/levels.json``.

    Args:
        bits: uniform levels beside the design's own: weights and activations of all layers, but
            the class scores have 8.
        seeds: None takes the design's.
        others: designs of the same network, as the points of a search: the precision of each is a
            level too, by its name.

    Raises:
        ConfigError: another's network is not the design's.
        FcnHwError: a training diverged; finished levels are kept.
    """
    design = workspace.design
    levels = _levels(design, bits, others)
    seeds = (design.training.seed,) if seeds is None else tuple(dict.fromkeys(seeds))
    folder = workspace.model / LEVELS
    dataset = load_dataset(design.dataset)
    rows: list[Row] = []
    for seed in seeds:
        with locked(folder / f"seed{seed}", "fcn-hw levels"):  # other seeds may run beside it
            rows += _levels_of_seed(workspace, dataset, seed, levels, progress)
    result = Levels(dataset.metric, tuple(rows))
    path = workspace.model / LEVELS_FILE
    write_result(path, result)
    StageRecord(LEVELS, workspace.model, training_digest(design)).finish([path])
    return result


def _levels(design: Design, bits: Sequence[int], others: Sequence[Design]) -> dict[str, Precision]:
    """Precisions by level, the design's own first."""
    levels = {OWN: design.precision}
    levels.update((str(b), _uniform(design, b)) for b in bits)
    for other in others:
        if other.network != design.network:
            raise ConfigError(
                f"levels: '{other.name}' has another network than '{design.name}', so its bits are "
                "of other layers",
                hint="name a design of the same network, as a point of its search",
            )
        if levels.setdefault(other.name, other.precision) != other.precision:
            raise ConfigError(
                f"levels: '{other.name}' is the name of two levels",
                hint="give the design another name",
            )
    return levels


def _levels_of_seed(
    workspace: Workspace,
    dataset: DataSet,
    seed: int,
    levels: Mapping[str, Precision],
    progress: Progress,
) -> list[Row]:
    design, rows = workspace.design, []
    training = design.training.model_copy(update={"seed": seed})
    float_from: Path | None = None  # the first level trains in float, the others start from there
    for level, precision in levels.items():
        variant = design.model_copy(update={"training": training, "precision": precision})
        own = level == OWN and seed == design.training.seed
        place = workspace.model if own else workspace.model / LEVELS / f"seed{seed}" / level
        if own:
            train_stage(workspace, progress)
        else:
            progress.say(f"[cyan]levels[/]  seed {seed}, {level_title(level)}")
            _train_level(variant, dataset, place, float_from, progress)
        rows.append(_row(level, seed, place))
        if level == OWN:
            float_from = place
    return rows


def _uniform(design: Design, bits: int) -> Precision:
    scores = [node.name for node in quantizable(design_topology(design)) if not is_hidden(node)]
    return Precision(
        default=DefaultPrecision(weight=bits, bias=design.precision.default.bias, activation=bits),
        layers={name: LayerPrecision(activation=SCORE_BITS) for name in scores},
    )


def _train_level(
    design: Design, dataset: DataSet, folder: Path, float_from: Path | None, progress: Progress
) -> None:
    from fcn_hw.train.run import train

    record = StageRecord("level", folder, training_digest(design))
    if record.is_current():
        return
    record.begin()
    if float_from is not None:
        share_float_training(float_from, folder)
    train(design, dataset, folder, progress=progress.bars)
    record.finish(folder / name for name in (MODEL, FLOAT_MODEL, PRECISION_FILE, TRAINING))


def _row(level: str, seed: int, folder: Path) -> Row:
    found = read_result(folder / TRAINING, TrainResult)

    def scores(split: ModelScores) -> dict[ModelKey, float]:
        return {key: item.value for key, item in split.by_model().items()}

    return Row(
        level=level,
        seed=seed,
        scores=scores(found),
        test={} if found.test is None else scores(found.test),
        zeros=found.zeros_total,
        weight_bits=found.weight_bits,
        seconds=found.seconds,
    )


def _mean(level: str, rows: Sequence[Row]) -> Mean:
    def of(values: Sequence[Mapping[ModelKey, float]]) -> dict[ModelKey, tuple[float, float]]:
        return {
            name: (
                statistics.fmean(item[name] for item in values),
                statistics.stdev([item[name] for item in values]) if len(values) > 1 else 0.0,
            )
            for name in values[0]
        }

    return Mean(
        level=level,
        seeds=len(rows),
        scores=of([row.scores for row in rows]),
        test=of([row.test for row in rows]),
        zeros=statistics.fmean(row.zeros for row in rows),
        weight_bits=rows[0].weight_bits,
    )
