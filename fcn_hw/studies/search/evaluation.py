"""One configuration: retrained for some epochs, judged on the validation split, priced.

What is found is remembered by the digest of everything that it depends on, so another study, or a
worker that takes over, does not do it again. The test split is never looked at.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fcn_hw.files import replace_file
from fcn_hw.flow.stage import code_digest, digest_of
from fcn_hw.ir import Graph
from fcn_hw.studies.search.formats import FormatBook
from fcn_hw.studies.search.pricing import Costs, Pricing
from fcn_hw.studies.search.space import Configuration
from fcn_hw.studies.search.variants import with_formats
from fcn_hw.train.loop import Report
from fcn_hw.train.networks import folded_weights
from fcn_hw.train.precision import PrecisionTable
from fcn_hw.train.store import CheckpointFile
from fcn_hw.train.study import Study, design_phase, phase_digest

EVALUATIONS, WORK = "evaluations", "work"


@dataclass(frozen=True)
class Evaluation:
    """What a configuration is worth.

    Args:
        metric: of the retrained network, weights on their grid, on the validation split.
        costs: of its graph, at the folds of the design.
        epoch: of the best epoch; 0: no retraining was better than none.
    """

    metric: float
    costs: Costs
    epoch: int

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Evaluation:
        return Evaluation(float(data["metric"]), Costs(**data["costs"]), int(data["epoch"]))


class Evaluator:
    """Evaluates configurations of one design.

    Args:
        study: its float network.
        graph: exported from its network, for the structure.
        pricing: folds and depths.
        book: formats of the choices.
        epochs: of retraining.
        folder: for evaluations and the checkpoints of unfinished ones.
        digest: of float network, data and settings.
    """

    def __init__(
        self,
        study: Study,
        graph: Graph,
        pricing: Pricing,
        book: FormatBook,
        epochs: int,
        folder: Path,
        digest: str,
    ) -> None:
        self._study, self._graph, self._pricing, self._book = study, graph, pricing, book
        self._epochs, self._folder = epochs, folder
        self._digest = digest_of(
            digest, epochs, pricing.board.name, dict(pricing.depths),
            {name: str(fold) for name, fold in pricing.folds.items()}, dict(pricing.strategies),
            code_digest("train", "estimate", "ir", "fixed.py", "studies/search/evaluation.py",
                        "studies/search/pricing.py", "studies/search/variants.py"),
        )  # fmt: skip

    def evaluate(self, chosen: Configuration, report: Report | None = None) -> Evaluation:
        """Retrains and prices, unless it is remembered.

        Raises:
            FcnHwError: training diverged.
        """
        table = self._book.table(chosen)
        digest = digest_of(self._digest, table.to_json())
        path = self._folder / EVALUATIONS / f"{digest[:32]}.json"
        found = _remembered(path, digest)
        if found is None:
            found = self._retrained(table, digest, report)
            text = json.dumps({"digest": digest, **asdict(found)}, indent=1)
            replace_file(path, text + "\n")
        return found

    def _retrained(self, table: PrecisionTable, digest: str, report: Report | None) -> Evaluation:
        from fcn_hw.keras_env import seed_everything

        study, settings = self._study, self._study.design.training
        seed_everything(settings.seed)  # the result does not depend on what ran before
        model = study.quantized(table)
        phase = design_phase(study.design, "retrain", self._epochs, settings.retrain_learning_rate)
        path = self._folder / WORK / f"{digest[:32]}.npz"
        file = CheckpointFile(path, phase_digest(phase, digest))
        state = study.retrain(model, phase, file, report)
        metric = study.score(study.snapped(model, table), "val").value
        weights = folded_weights(model, study.topology)
        costs = self._pricing.costs(with_formats(self._graph, table, weights))
        file.discard()
        return Evaluation(metric, costs, state.best_epoch)


def _remembered(path: Path, digest: str) -> Evaluation | None:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return Evaluation.from_json(data) if data["digest"] == digest else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
