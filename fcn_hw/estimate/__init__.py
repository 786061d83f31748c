"""Resources, cycles and energy of a design without a vendor tool, and folds that fit a board.

Everything here is a model: its formulas stand next to their sources, its error against published
figures is computed by ``python -m fcn_hw.estimate.published``. See ``docs/estimates.md``.
"""

from fcn_hw.costs.resources import Resources

__all__ = ["Resources"]
