"""What a graph gives for each pixel: classes, or scores."""

from __future__ import annotations

from typing import Literal

import numpy as np

from fcn_hw.fixed import FixedFormat
from fcn_hw.ir.graph import Graph
from fcn_hw.ir.ops import ArgMax, Op, Threshold

OutputKind = Literal["classes", "scores", "both"]
"""classes: a byte a pixel. scores: the codes of all channels. both: classes, then scores."""

CLASS_FORMAT = FixedFormat(signed=False, width=8, integer=8)


def class_maps(graph: Graph) -> dict[str, str]:
    """The outputs that are class maps, each with the tensor of the scores behind it.

    Several channels of scores have an :class:`ArgMax`; one channel has class 1 where it is above 0.
    """
    found = {name: graph[name] for name in graph.outputs}
    return {
        name: op.inputs[0]
        for name, op in found.items()
        if isinstance(op, ArgMax) or _tells_above_zero(op)
    }


def _tells_above_zero(op: Op) -> bool:
    return (
        isinstance(op, Threshold)
        and op.output.format == CLASS_FORMAT
        and op.output.channels == 1
        and np.array_equal(op.thresholds.codes, [[1]])
        and (int(op.base.codes[0]), int(op.step.codes[0])) == (0, 1)
    )
