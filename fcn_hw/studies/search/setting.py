"""What a search is asked for, and what parent and workers both know of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from fcn_hw.boards import Board, load_board
from fcn_hw.flow.code import code_digest
from fcn_hw.flow.layout import stored_layout
from fcn_hw.flow.stage import digest_of
from fcn_hw.flow.workspace import Workspace, open_workspace
from fcn_hw.ir import Graph
from fcn_hw.ir.serialize import load
from fcn_hw.studies.search.budget import RESOURCES, Budget, budget_of
from fcn_hw.studies.search.formats import ChoiceFormats
from fcn_hw.studies.search.options import SearchOptions
from fcn_hw.studies.search.part_costs import part_costs
from fcn_hw.studies.search.pricing import Pricing, pricing_of
from fcn_hw.studies.search.space import Space, space_of
from fcn_hw.studies.search.storage import storage_of
from fcn_hw.studies.search.trials import Trials
from fcn_hw.train.datasets import dataset_digest, load_dataset
from fcn_hw.train.design_network import network_identity, training_identity
from fcn_hw.train.study import Study

FOLDER = "search"
JOURNAL = "journal.log"
FORMATS = "formats.json"


_OF_FLOAT = frozenset(
    {"head_epochs", "float_epochs", "learning_rate", "encoder_rate", "retrain_epochs"}
)
"""Keys of section training that no trial reads: the float model is there, the epochs are asked."""


@dataclass(frozen=True)
class Setting:
    """A design that is searched, trained and exported.

    Args:
        workspace: its folders.
        board: the board.
        options: what is asked for.
        space: what is chosen between.
    """

    workspace: Workspace
    board: Board
    options: SearchOptions
    space: Space

    @property
    def folder(self) -> Path:
        return self.workspace.folder / FOLDER

    @property
    def study_name(self) -> str:
        options = self.options
        return options.study or f"{self.workspace.design.name}-{options.cost}-{self.board.name}"

    @property
    def points_folder(self) -> Path:
        return self.folder / self.study_name

    @cached_property
    def graph(self) -> Graph:
        return load(self.workspace.graph)

    @cached_property
    def pricing(self) -> Pricing:
        layout = stored_layout(self.workspace, self.graph, self.board)
        assert layout is not None, "the parent has made it"
        clock_period_ns = self.workspace.design.hls.ClockPeriod
        return pricing_of(self.graph, self.board, layout, clock_period_ns)

    def load_study(self) -> Study:
        """The float network, with its data set."""
        design = self.workspace.design
        return Study.of_trained(design, load_dataset(design.dataset), self.workspace.model)

    def identity(self, study: Study) -> dict[str, str]:
        """What the values of a trial depend on, by what people call it."""
        design, options = self.workspace.design, self.options
        training = training_identity(design.training, exclude_defaults=False)
        training = {key: value for key, value in training.items() if key not in _OF_FLOAT}
        choices = {name: list(values) for name, values in self.space.parameters.items()}
        pricing = self.pricing
        return {
            "design": design.name,
            "cost": options.cost,
            "board": self.board.name,
            "number of epochs": str(options.epochs),
            "limit of average bits": str(options.max_average_bits),
            "utilization of the board": ", ".join(
                f"{name} {getattr(design.hls.utilization, name):g}" for name in RESOURCES
            ),
            "network": digest_of(network_identity(design.network, exclude_defaults=False)),
            "data set": dataset_digest(design.dataset),
            "section precision": digest_of(design.precision.model_dump(mode="json")),
            "section training": digest_of(training),
            "set of choices": digest_of(choices),
            "float model": weights_digest(study),
            "folding": digest_of(
                dict(pricing.reuse), dict(pricing.strategies), dict(pricing.depths)
            ),
        }

    def budget(self, formats: ChoiceFormats, study: Study) -> Budget:
        """What a configuration may use of the board.

        Raises:
            ConfigError: no configuration fits.
        """
        parts = part_costs(self.graph, self.pricing, self.space, formats, study.weights)
        utilization = self.workspace.design.hls.utilization
        own = self.pricing.costs(self.graph)
        return budget_of(self.space, parts, self.board, utilization, own)

    def evaluation_digest(self, identity: Mapping[str, str]) -> str:
        """Of what the evaluation of any configuration depends on, beside its formats."""
        pricing = self.pricing
        return digest_of(
            [identity[name] for name in ("network", "data set", "section training", "float model")],
            self.options.epochs, pricing.board.model_dump(mode="json"), dict(pricing.depths),
            {name: str(fold) for name, fold in pricing.folds.items()}, dict(pricing.strategies),
            code_digest(f"{__package__}.evaluation"),
        )  # fmt: skip

    def trials(self) -> Trials:
        """The trials of the study.

        Raises:
            StorageError: the storage can't be reached, or holds no such study.
        """
        options = self.options
        return Trials(
            storage_of(options.storage, self.folder / JOURNAL),
            self.study_name,
            self.space,
            sampler=options.sampler,
            seed=options.seed,
            target=options.trials,
        )


def setting_of(design: str, root: Path, options: SearchOptions) -> Setting:
    """Opens a design for a search.

    Raises:
        ConfigError: a wrong design, board or option.
    """
    options.check()
    workspace = open_workspace(design, root)
    space = space_of(
        workspace.design,
        weights=options.weights,
        activations=options.activations,
        max_average_bits=options.max_average_bits,
    )
    return Setting(workspace, load_board(options.board), options, space)


def formats_digest(identity: Mapping[str, str]) -> str:
    """Of what formats and losses depend on."""
    return digest_of({name: identity[name] for name in (
        "network", "data set", "section precision", "section training", "set of choices",
        "float model",
    )})  # fmt: skip


def weights_digest(study: Study) -> str:
    """Of the float network; the HDF5 file itself holds more than its weights."""
    import hashlib

    hashed = hashlib.sha256()
    for name, arrays in study.weights.items():
        hashed.update(name.encode())
        for array in arrays:
            hashed.update(np.ascontiguousarray(array).tobytes())
    return hashed.hexdigest()
