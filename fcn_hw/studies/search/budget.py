"""What a configuration may use of the board, so that ``make hls`` builds every point.

All configurations have the folds of the design. Wider ones take larger multipliers there, and may
need more than the board has: they are neither proposed nor trained.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fcn_hw.boards import Board
from fcn_hw.design import Utilization
from fcn_hw.errors import ConfigError
from fcn_hw.studies.search.part_costs import PartCosts, sum_of_parts
from fcn_hw.studies.search.pricing import UNITS, Costs
from fcn_hw.studies.search.space import Configuration, Space

RESOURCES = ("lut", "dsp", "bram")
_SLACK = 1e-6
"""Of a limit: the solver's own, so that what it chose is allowed."""


@dataclass(frozen=True)
class Budget:
    """A budget of resources.

    Args:
        space: what is chosen between.
        parts: what the choices cost.
        limits: of each of :data:`RESOURCES`; none where nothing is limited.
    """

    space: Space
    parts: PartCosts
    limits: Mapping[str, float]

    def allows(self, chosen: Configuration) -> bool:
        """Whether the sum of its parts keeps the limits."""
        cost = sum_of_parts(self.parts, self.space, chosen)
        return all(
            getattr(cost, name) <= limit * (1 + _SLACK) for name, limit in self.limits.items()
        )


def budget_of(
    space: Space, parts: PartCosts, board: Board, utilization: Utilization, own: Costs
) -> Budget:
    """What ``hls.utilization`` allows, or what the design itself uses, where that is more.

    Args:
        own: costs of the design as it stands.

    Raises:
        ConfigError: not even the narrowest configuration keeps it.
    """
    designed = space.as_designed()
    if designed is not None:
        own = sum_of_parts(parts, space, designed)
    have = _device(board)
    limits = {
        name: max(getattr(utilization, name) * have[name], getattr(own, name)) for name in RESOURCES
    }
    budget = Budget(space, parts, limits)
    narrowest = space.configuration(dict.fromkeys(space.parameters, 0))
    if not budget.allows(narrowest):
        cost = sum_of_parts(parts, space, narrowest)
        over = max(RESOURCES, key=lambda name: getattr(cost, name) / max(limits[name], 1.0))
        raise ConfigError(
            f"no choice fits {board.name} at the folds of the design: the narrowest needs "
            f"{getattr(cost, over):,g} {UNITS[over]} of {limits[over]:,g}",
            hint="give narrower --weights and --activations, or more of the board: "
            f"hls.utilization.{over}",
        )
    return budget


def fits_device(costs: Costs, board: Board, own: Costs) -> bool:
    """Whether the estimate of a trained point keeps to the device, or to what the design uses."""
    have = _device(board)
    return all(getattr(costs, name) <= max(have[name], getattr(own, name)) for name in RESOURCES)


def _device(board: Board) -> dict[str, float]:
    have = board.resources
    return {"lut": have.lut, "dsp": have.dsp, "bram": have.bram36}
