"""The multipliers of convolutions: :mod:`fcn_hw.ir.folding`."""

from fcn_hw.ir.folding import Fold, choose_fold, legal_folds

__all__ = ["Fold", "choose_fold", "legal_folds"]
