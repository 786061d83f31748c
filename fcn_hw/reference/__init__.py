"""The integer oracle: what every op computes, bit for bit, in NumPy.

One module an op, named like the op's header in ``templates/include/fcn_hw``. The docstrings of
:mod:`fcn_hw.ir.ops` are the specification of both.
"""

from fcn_hw.reference.evaluate import EVALUATORS, evaluate

__all__ = ["EVALUATORS", "evaluate"]
