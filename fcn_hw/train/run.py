"""A whole training: float, folding, choice of formats, direct quantization, retraining.

The order is that of Hwang & Sung (SiPS 2014): train in float, quantize each layer with its best
step, retrain with quantized weights and activations while the updates go to float weights.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fcn_hw.design import Design, Distillation, InputScaling, KerasNetwork
from fcn_hw.errors import ConfigError, nearest
from fcn_hw.keras_env import seed_everything
from fcn_hw.results import result_data, result_from, write_result
from fcn_hw.train.bars import training_bars
from fcn_hw.train.datasets.base import DataSet, Split
from fcn_hw.train.datasets.coverage import check_labels
from fcn_hw.train.design_network import (
    design_topology,
    encoder_weights,
    float_model,
    network_identity,
    quantization_identity,
    teacher_model,
    training_identity,
)
from fcn_hw.train.loop import PhaseState, Report, Watch, epoch_rows, run_phase
from fcn_hw.train.networks import build_float, fold_batchnorm, folded_weights, set_weights
from fcn_hw.train.pixel_loss import PixelLoss
from fcn_hw.train.precision import PrecisionTable, Wish, wishes
from fcn_hw.train.predict import Predictor, score
from fcn_hw.train.pruning import Blocks, blocks_digest, check_pruning
from fcn_hw.train.quantized import snapped_weights
from fcn_hw.train.result import TRAINING, Epoch, ModelKey, ModelScores, Scores, TrainResult
from fcn_hw.train.store import CheckpointFile, save_model
from fcn_hw.train.study import (
    FLOAT_MODEL,
    Study,
    design_answers,
    design_loss_weights,
    design_phase,
    json_digest,
    phase_digest,
)
from fcn_hw.train.team import Team
from fcn_hw.train.topology import Topology, multiplications, parameters, quantizable
from fcn_hw.train.watching import Watching

DIRECT_MODEL = "direct.h5"
QUANTIZED_MODEL = "quantized.h5"
PRECISION_FILE = "precision.json"


def train(
    design: Design,
    dataset: DataSet,
    out_dir: Path,
    *,
    progress: bool = True,
    team: Team | None = None,
    before_writing: Callable[[], None] | None = None,
    say: Callable[[str], None] | None = None,
    tensorboard: bool = False,
    blocks: Callable[[], Blocks] | None = None,
) -> TrainResult:
    """Trains a design's network, or goes on where an interrupted training stopped.

    Writes to ``out_dir``: ``float.h5``, ``direct.h5``, ``quantized.h5`` (QKeras, weights on their
    grid), ``precision.json``, ``training.json`` when all is done, and meanwhile
    ``checkpoints/*.npz`` (with the float shadow weights), ``epochs.csv`` and ``epochs/*.png``.
    Each file is replaced in one go.

    Args:
        design: what to train.
        dataset: of ``load_dataset(design.dataset)``.
        out_dir: made where it is missing.
        progress: draw bars, if in a terminal.
        team: the workers that train together; None: this process alone.
        before_writing: is called when all is trained, before the first file but the checkpoints is
            touched: an interrupted training leaves the results of the last one.
        say: is told a line after each epoch; None: nobody is.
        tensorboard: also write TensorBoard's files, to ``tensorboard/``.
        blocks: tells the weights that ``training.pruning.block: fold`` prunes together.

    Raises:
        ConfigError: an impossible network, an unknown layer name, a precision that a layer can't
            have.
        DataError: a split is empty, or all of it is void.
        FcnHwError: training diverged.
    """
    _check_data(design, dataset)
    topology = design_topology(design, dataset.n_classes)
    _check_channels(design, dataset, topology)
    wanted = wishes(design, topology)  # a wrong design fails before TensorFlow starts
    _check_pruning(design, dataset, wanted)
    teacher_model(design)
    if team is not None and design.training.norm_batches:
        raise ConfigError(
            "training.norm_batches: one process measures normalizations, several workers can't",
            hint="leave it out, or train without --strategy",
        )
    pruned = None if blocks is None else blocks()
    seed_everything(design.training.seed)
    watch = Watching(out_dir, dataset, say=say, tensorboard=tensorboard)
    session = _Session(design, dataset, topology, out_dir, team, watch)
    with training_bars(enabled=progress) as report:
        study = session.float_phase(report)
        table = study.table(wanted)
        if team is not None:  # activations may differ by an ulp between machines, and formats then
            table = result_from(team.agreed(result_data(table)), PrecisionTable)
        session.retrain_phase(study, table, report, pruned)
    if before_writing is not None:
        before_writing()
    return session.finish(table)


def _check_data(design: Design, dataset: DataSet) -> None:
    check_labels(dataset)
    size = dataset.train.images.shape[1:3]
    wanted = (design.dataset.height, design.dataset.width)
    if size != wanted:
        raise ConfigError(
            f"dataset: the design says {wanted[0]} x {wanted[1]} pixels, the images have "
            f"{size[0]} x {size[1]}"
        )
    for name in design.training.repeat:
        if name not in dataset.classes:
            raise ConfigError(
                f"training.repeat: '{name}' is not a class of data set '{dataset.name}'",
                hint=f"nearest: {nearest(name, dataset.classes)}",
            )


def _check_channels(design: Design, dataset: DataSet, topology: Topology) -> None:
    wanted, given = topology[0].shape.channels, dataset.train.images.shape[3]
    if wanted != given:
        raise ConfigError(
            f"network: it reads images of {wanted} channels, those of data set "
            f"'{dataset.name}' have {given}",
            hint="set dataset.channels to the network's",
        )


def _check_pruning(design: Design, dataset: DataSet, wanted: Mapping[str, Wish]) -> None:
    settings = design.training
    if settings.pruning is not None:
        images = len(epoch_rows(dataset, settings.repeat))
        steps = settings.retrain_epochs * ceil(images / settings.batch_size)
        binary = [name for name, wish in wanted.items() if wish.weight == "binary"]
        check_pruning(settings.pruning, list(wanted), binary, steps)


class _Session:
    """The steps of one training, and what passes between them."""

    def __init__(
        self,
        design: Design,
        dataset: DataSet,
        topology: Topology,
        out_dir: Path,
        team: Team | None,
        watch: Watch,
    ) -> None:
        self.team, self.watch = team, watch
        self.design, self.dataset, self.topology, self.out_dir = design, dataset, topology, out_dir
        # what only retraining reads leaves the float phase as it is
        later = {
            "retrain_epochs", "retrain_learning_rate", "pruning", "distillation",
            "calibration_images", "relative_steps", "bias_correction", "equalize",
        }  # fmt: skip
        how = training_identity(design.training).get("distillation")
        teacher = [how] if isinstance(how, dict) and how.get("float_share") else []
        scaling = design.dataset.input
        self.digest = json_digest(
            network_identity(design.network),
            *([] if scaling == InputScaling() else [scaling.model_dump(mode="json")]),
            design.training.model_dump(mode="json", exclude=later, exclude_defaults=True),
            *teacher,
            dataset.classes,
            dataset.void,
            *(
                hashlib.sha256(np.ascontiguousarray(data).data).hexdigest()
                for split in (dataset.train, dataset.val)
                for data in (split.images, split.masks)
            ),
        )
        self.scores: dict[ModelKey, Scores] = {}
        self.test: dict[ModelKey, Scores] = {}
        self.epochs: dict[str, int] = {}
        self.seconds: dict[str, float] = {}
        self.history: dict[str, tuple[Epoch, ...]] = {}
        self.zeros: dict[str, tuple[int, int]] = {}
        self.models: dict[str, Any] = {}
        self.answers: npt.NDArray[np.uint8] | None = None

    def float_phase(self, report: Report | None) -> Study:
        """Trains the float model and folds it, or takes the one of a file."""
        settings, network = self.design.training, self.design.network
        model = build_float(self.topology, batchnorm=True, shared=self.team and self.team.active)
        stored = encoder_weights(self.design)
        if isinstance(network, KerasNetwork):
            set_weights(model, float_model(self.design).weights)
        if stored is not None:
            stored.put_into(model)
        if not isinstance(network, KerasNetwork) or network.fine_tune:
            loss = self._float_loss()
            for name, epochs, encoder_rate in (
                ("head", settings.head_epochs, 0.0),
                ("float", settings.float_epochs, settings.encoder_rate),
            ):
                if epochs == 0:
                    continue
                phase = design_phase(
                    self.design, name, epochs, settings.learning_rate, encoder_rate
                )
                file = self._checkpoint(name, phase_digest(phase, self.digest))
                state = run_phase(
                    model, phase, self.dataset, loss, file, report, team=self.team,
                    watch=self.watch,
                )  # fmt: skip
                self._done(name, state)
        folded = fold_batchnorm(model, self.topology)
        self._evaluate("float", folded, FLOAT_MODEL)
        weights = folded_weights(folded, self.topology)
        return Study(self.design, self.dataset, self.topology, weights, self.answers)

    def _float_loss(self) -> PixelLoss:
        loss = PixelLoss(design_loss_weights(self.design, self.dataset))
        how = self.design.training.distillation
        if isinstance(how, Distillation) and how.float_share:
            self.answers = design_answers(self.design, self.dataset)
            loss = replace(loss, share=how.float_share, answers=self.answers)
        return loss

    def retrain_phase(
        self,
        study: Study,
        table: PrecisionTable,
        report: Report | None,
        blocks: Blocks | None,
    ) -> None:
        """Quantizes directly, then retrains."""
        model = study.quantized(table)
        self._evaluate("direct", study.snapped(model, table), DIRECT_MODEL)
        settings = self.design.training
        phase = design_phase(
            self.design, "retrain", settings.retrain_epochs, settings.retrain_learning_rate
        )
        pruning = settings.pruning and settings.pruning.model_dump(
            mode="json", exclude_defaults=True
        )
        # what is off adds nothing: a retraining of before the key was there stays valid
        more: list[object] = [
            item for key, item in training_identity(settings).items() if key == "distillation"
        ]
        more += [] if blocks is None else [blocks_digest(blocks)]
        more += quantization_identity(settings)
        digest = phase_digest(phase, self.digest, result_data(table), pruning, *more)
        file = self._checkpoint("retrain", digest)
        state = study.retrain(model, phase, file, report, self.team, self.watch, blocks)
        self._done("retrain", state)
        self._evaluate("retrained", study.snapped(model, table), QUANTIZED_MODEL)
        codes = snapped_weights(folded_weights(model, self.topology), table)
        self.zeros = {
            name: (int(np.count_nonzero(kernel == 0)), int(kernel.size))
            for name, (kernel, _) in codes.items()
        }

    def finish(self, table: PrecisionTable) -> TrainResult:
        """Writes what was trained."""
        write_result(self.out_dir / PRECISION_FILE, table)
        for file, model in self.models.items():
            save_model(model, self.out_dir / file)
        zeros, sizes = (sum(part) for part in zip(*self.zeros.values(), strict=True))
        result = TrainResult(
            **self.scores,
            test=ModelScores(**self.test) if self.test else None,
            epochs=self.epochs,
            history=self.history,
            seconds={phase: round(value, 1) for phase, value in self.seconds.items()},
            parameters=parameters(self.topology),
            multiplications=multiplications(self.topology),
            zeros={name: zero / size for name, (zero, size) in self.zeros.items()},
            zeros_total=zeros / sizes,
            weight_bits=sum(
                self.zeros[node.name][1] * table.layers[node.name].weight_bits
                for node in quantizable(self.topology)
            ),
        )
        write_result(self.out_dir / TRAINING, result)
        return result

    def _checkpoint(self, name: str, digest: str) -> CheckpointFile:
        return CheckpointFile(self.out_dir / "checkpoints" / f"{name}.npz", digest)

    def _done(self, name: str, state: PhaseState) -> None:
        self.epochs[name], self.seconds[name] = state.epoch, state.seconds
        self.history[name] = tuple(Epoch(**row) for row in state.history)

    def _evaluate(self, name: ModelKey, model: Any, file: str) -> None:
        data = self.dataset
        predictor = Predictor(model)

        def of(split: Split) -> Scores:
            return score(predictor, split, data.classes, data.void)

        self.scores[name] = of(data.val)
        if len(data.test):
            self.test[name] = of(data.test)
        self.models[file] = model
