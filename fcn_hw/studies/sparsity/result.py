"""What is known of the zeros of a design: ``model/sparsity.json``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from fcn_hw.backend.zero_worth import NetworkWorth
from fcn_hw.studies.sparsity.sweep import PrunedLevel, StepZeros


@dataclass(frozen=True, eq=False)
class SparsityRun:
    """What is known of the zeros of a design.

    Args:
        design: its name.
        metric: of the scores, which are 0 to 1 and on the validation split.
        float_score: of the float network.
        precisions: the design's bits of a weight, or their name, by layer.
        steps: grids around those of least error, layer by layer.
        levels: of pruning, ascending.
        hardware: what the trained design's zeros are worth; None without a board.
        level_hardware: the same of each level's retrained network, at the same folds.
    """

    design: str
    metric: str
    float_score: float
    precisions: Mapping[str, str]
    steps: tuple[StepZeros, ...]
    levels: tuple[PrunedLevel, ...] = ()
    hardware: NetworkWorth | None = None
    level_hardware: tuple[NetworkWorth, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """What ``sparsity.json`` holds."""
        levels = []
        for index, level in enumerate(self.levels):
            row = level.to_json()
            if self.level_hardware:
                row["hardware"] = worth_to_json(self.level_hardware[index])
            levels.append(row)
        return {
            "design": self.design,
            "metric": self.metric,
            "float": self.float_score,
            "precisions": dict(self.precisions),
            "steps": [row.to_json() for row in self.steps],
            "pruning": levels,
            "hardware": None if self.hardware is None else worth_to_json(self.hardware),
        }


def worth_to_json(worth: NetworkWorth) -> dict[str, Any]:
    """Every number of every layer, and their sums."""
    rows = {layer.name: {**asdict(layer), "unused": layer.unused} for layer in worth.layers}
    for row in rows.values():
        del row["name"]
    summed = (
        "weights", "zeros", "in_multipliers", "in_steps", "unused", "multipliers", "idle",
        "rom_bits", "rom_bits_removable", "bram18", "bram18_needed", "macs", "zero_macs",
    )  # fmt: skip
    return {
        "board": worth.board,
        "layers": rows,
        "total": {name: sum(row[name] for row in rows.values()) for name in summed},
        "interval": worth.interval,
        "interval_skipping": worth.interval_skipping,
    }
