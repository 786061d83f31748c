"""The ops: one module an op, and in it every answer that anything else asks of the op.

What ops are made of is exported here. An op itself is imported from its module, for instance
``from fcn_hw.ops.conv2d import Conv2D``. An op from outside is a subclass of :class:`Op`, or of one
of the bases in this folder (``pixelwise.py``, ``joins.py``, ...).
"""

from fcn_hw.ops.base import (
    Constant,
    Fold,
    Folded,
    Moving,
    Op,
    Operands,
    Padding,
    Pair,
    Rom,
    Tensor,
)
from fcn_hw.ops.listing import OPS, op_classes

__all__ = [
    "OPS",
    "Constant",
    "Fold",
    "Folded",
    "Moving",
    "Op",
    "Operands",
    "Padding",
    "Pair",
    "Rom",
    "Tensor",
    "op_classes",
]
