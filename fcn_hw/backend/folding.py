"""The multipliers of convolutions: :mod:`fcn_hw.ir.folding`."""

from fcn_hw.ir.cycles import Fold
from fcn_hw.ir.folding import choose_fold, legal_folds

__all__ = ["Fold", "choose_fold", "legal_folds"]
