"""What a search is asked for, and what parent and workers both know of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from fcn_hw.boards import Board, load_board
from fcn_hw.errors import ConfigError, nearest
from fcn_hw.flow.layout import stored_layout
from fcn_hw.flow.stage import digest_of
from fcn_hw.flow.workspace import Workspace, open_workspace
from fcn_hw.ir import Graph
from fcn_hw.ir.serialize import load
from fcn_hw.studies.search.budget import RESOURCES, Budget, budget_of
from fcn_hw.studies.search.desk import SAMPLERS, Desk
from fcn_hw.studies.search.formats import FormatBook
from fcn_hw.studies.search.part_costs import part_costs
from fcn_hw.studies.search.place import Place, place_of
from fcn_hw.studies.search.pricing import UNITS, Pricing, pricing_of
from fcn_hw.studies.search.space import Space, WeightChoice, space_of
from fcn_hw.train.datasets import dataset_digest, load_dataset
from fcn_hw.train.study import Study

FOLDER = "search"
JOURNAL = "journal.log"
BOOK = "formats.json"


@dataclass(frozen=True)
class SearchOptions:
    """What is asked for; plain data, so that a worker process can be given it.

    Args:
        board: whose hardware the costs are of.
        cost: ``"lut"``, ``"dsp"``, ``"bram"``, ``"energy"`` or ``"weight_bits"``.
        trials: configurations to evaluate in all, those of earlier runs included.
        epochs: of retraining for each.
        workers: processes.
        storage: URL of a database or path of a journal; None: a journal in the design's folder.
        study: its name; None: of design, cost and board.
        sampler: ``"tpe"`` or ``"nsga2"``.
        seed: of the sampler.
        max_average_bits: of a weight, over all kernels.
        weights, activations: choices; None: see :func:`space_of`.
    """

    board: str = "pynq-z2"
    cost: str = "lut"
    trials: int = 24
    epochs: int = 2
    workers: int = 1
    storage: str | None = None
    study: str | None = None
    sampler: str = "tpe"
    seed: int = 1
    max_average_bits: float | None = None
    weights: tuple[WeightChoice, ...] | None = None
    activations: tuple[int, ...] | None = None

    def check(self) -> None:
        """Raises ``ConfigError`` for what makes no sense."""
        for name, value, least in (
            ("trials", self.trials, 1), ("epochs", self.epochs, 0), ("workers", self.workers, 1),
            ("seed", self.seed, 0),
        ):  # fmt: skip
            if value < least:
                raise ConfigError(f"--{name} {value}: at least {least}")
        if self.cost not in UNITS:
            raise ConfigError(f"--cost {self.cost}: unknown; near: {nearest(self.cost, UNITS)}")
        if self.sampler not in SAMPLERS:
            raise ConfigError(
                f"--sampler {self.sampler}: unknown; near: {nearest(self.sampler, SAMPLERS)}"
            )
        if self.study is not None and not re.fullmatch(r"[A-Za-z0-9][\w.-]{0,99}", self.study):
            raise ConfigError(
                f"--study '{self.study}': a folder gets this name too",
                hint="use letters, digits, '_', '-' and '.'",
            )


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
    def place(self) -> Place:
        return place_of(self.options.storage, self.folder / JOURNAL)

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
        training = design.training.model_dump(
            mode="json", exclude={"float_epochs", "learning_rate", "retrain_epochs"}
        )
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
            "network": digest_of(design.network.model_dump(mode="json")),
            "data set": dataset_digest(design.dataset),
            "section precision": digest_of(design.precision.model_dump(mode="json")),
            "section training": digest_of(training),
            "set of choices": digest_of(choices),
            "float model": weights_digest(study),
            "folding": digest_of(
                dict(pricing.reuse), dict(pricing.strategies), dict(pricing.depths)
            ),
        }

    def budget(self, book: FormatBook, study: Study) -> Budget:
        """What a configuration may use of the board.

        Raises:
            ConfigError: no configuration fits.
        """
        parts = part_costs(self.graph, self.pricing, self.space, book, study.weights)
        utilization = self.workspace.design.hls.utilization
        own = self.pricing.costs(self.graph)
        return budget_of(self.space, parts, self.board, utilization, own)

    def desk(self, seed: int, budget: Budget | None = None) -> Desk:
        """The study's trials; a process that takes some gives the budget."""
        """The trials."""
        options = self.options
        return Desk(
            self.place,
            self.study_name,
            self.space if budget is None else replace(self.space, fits=budget.allows),
            sampler=options.sampler,
            seed=seed,
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


def book_digest(setting: Setting, identity: Mapping[str, str]) -> str:
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
