"""What a search may be asked for: the one list of its options, which the command line reads too."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Union

from fcn_hw.errors import ConfigError, nearest

COSTS = ("lut", "dsp", "bram", "energy", "weight_bits")
SAMPLERS = ("tpe", "nsga2")
_CHOICES = "2,3,4,6,8 and the design's own"


def _option(default: Any, help_text: str, *, metavar: str = "", shown: str = "") -> Any:
    """An option.

    Args:
        help_text: what ``--help`` says of it.
        metavar: what ``--help`` shows for its value; else its type.
        shown: what ``--help`` shows for a default of None.
    """
    metadata = {"help": help_text, "metavar": metavar or None, "shown": shown or True}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True)
class SearchOptions:
    """The options of a search; plain data, so that a worker process can be given them.

    The help text of each option is in its metadata, below the key ``help``.
    """

    board: str = _option("pynq-z2", "The board whose hardware the costs are of.")
    cost: str = _option("lut", "The cost that the search minimises.", metavar="|".join(COSTS))
    trials: int = _option(24, "Configurations to evaluate in all, those of earlier runs included.")
    epochs: int = _option(2, "Epochs of retraining for each configuration.")
    workers: int = _option(1, "Processes on this machine; the processors are split between them.")
    max_average_bits: float | None = _option(
        None, "The most bits that a weight may have, on average over all kernels.", shown="no limit"
    )
    weights: tuple[Union[int, str], ...] | None = _option(
        None, "Choices of a layer's weights: bits, binary, ternary.", shown=_CHOICES
    )
    activations: tuple[int, ...] | None = _option(
        None, "Choices of a layer's activation, in bits.", shown=_CHOICES
    )
    storage: str | None = _option(
        None,
        "Where the study is, which machines may share: the URL of a SQLite, PostgreSQL or MySQL "
        "database, or the path of a journal file.",
        shown="search/journal.log of the design",
    )
    study: str | None = _option(
        None, "The name of the study in its storage.", shown="design, cost and board"
    )
    sampler: str = _option("tpe", "What proposes configurations.", metavar="|".join(SAMPLERS))
    seed: int = _option(1, "The seed of the sampler.")

    def check(self) -> None:
        """Checks the options.

        Raises:
            ConfigError: an option makes no sense.
        """
        for name, value, least in (
            ("trials", self.trials, 1), ("epochs", self.epochs, 0), ("workers", self.workers, 1),
            ("seed", self.seed, 0), ("max-average-bits", self.max_average_bits, 1),
        ):  # fmt: skip
            if value is not None and value < least:
                raise ConfigError(f"--{name} {value:g}: at least {least}")
        words = (("cost", self.cost, COSTS), ("sampler", self.sampler, SAMPLERS))
        for name, word, known in words:
            if word not in known:
                raise ConfigError(f"--{name} {word}: unknown; near: {nearest(word, known)}")
        if self.study is not None and not re.fullmatch(r"[A-Za-z0-9][\w.-]{0,99}", self.study):
            raise ConfigError(
                f"--study '{self.study}': a folder gets this name too",
                hint="use letters, digits, '_', '-' and '.'",
            )
