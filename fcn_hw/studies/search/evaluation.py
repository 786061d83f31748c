"""One configuration: retrained for some epochs, judged on the validation split, priced.

It is a job of the pool of workers, whose result is kept by the digest of everything that it
depends on: another study, or a worker that takes over, does not do it again. The test split is
never looked at.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fcn_hw.errors import FcnHwError
from fcn_hw.flow.stage import digest_of
from fcn_hw.ir import Graph
from fcn_hw.results import result_data, result_from
from fcn_hw.studies.pool import Job
from fcn_hw.studies.search.options import SearchOptions
from fcn_hw.studies.search.pricing import Pricing
from fcn_hw.studies.search.setting import setting_of
from fcn_hw.studies.search.variants import with_formats
from fcn_hw.train.networks import folded_weights
from fcn_hw.train.precision import PrecisionTable
from fcn_hw.train.store import CheckpointFile
from fcn_hw.train.study import Study, design_phase, phase_digest

EVALUATIONS, WORK = "evaluations", "work"


@dataclass(frozen=True)
class Evaluator:
    """Evaluates configurations of one design.

    Args:
        study: its float network.
        graph: exported from its network, for the structure.
        pricing: folds and depths.
        epochs: of retraining.
        folder: for checkpoints of what is not finished.
    """

    study: Study
    graph: Graph
    pricing: Pricing
    epochs: int
    folder: Path

    def evaluate(self, table: PrecisionTable, digest: str) -> dict[str, Any]:
        """Retrains and prices.

        Args:
            table: the formats of the configuration.
            digest: of everything that the result depends on.

        Returns:
            ``metric`` of the retrained network on the validation split, weights on their grid;
            ``costs`` of its graph at the folds of the design; ``epoch``, the best one, 0 where no
            retraining was better.

        Raises:
            FcnHwError: training diverged.
        """
        from fcn_hw.keras_env import seed_everything

        study, settings = self.study, self.study.design.training
        seed_everything(settings.seed)  # the result does not depend on what ran before
        model = study.quantized(table)
        phase = design_phase(study.design, "retrain", self.epochs, settings.retrain_learning_rate)
        file = CheckpointFile(self.folder / f"{digest[:32]}.npz", phase_digest(phase, digest))
        state = study.retrain(model, phase, file)
        metric = study.score(study.snapped(model, table), "val").value
        weights = folded_weights(model, study.topology)
        costs = self.pricing.costs(with_formats(self.graph, table, weights))
        file.discard()
        return {"metric": metric, "costs": asdict(costs), "epoch": state.best_epoch}


def evaluation_job(trial: int, table: PrecisionTable, common: str) -> Job:
    """The job that evaluates a trial.

    Args:
        trial: its number, for messages.
        table: the formats of its configuration.
        common: digest of what all trials depend on: :meth:`Setting.evaluation_digest`.
    """
    formats = result_data(table)
    return Job("evaluation", digest_of(common, formats), formats, f"trial {trial}")


def prepare(design: str, root: Path, options: SearchOptions) -> Evaluator:
    """What a worker loads once."""
    setting = setting_of(design, root, options)
    return Evaluator(
        setting.load_study(), setting.graph, setting.pricing, options.epochs, setting.folder / WORK
    )


def perform(evaluator: Evaluator, job: Job) -> dict[str, Any]:
    """The evaluation of a job, or ``failed``: why its configuration has no value."""
    try:
        return evaluator.evaluate(result_from(job.task, PrecisionTable), job.digest)
    except FcnHwError as error:
        return {"failed": error.message}
