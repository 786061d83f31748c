"""The graph of other formats, from a graph of the same network: no Keras model is built.

Structure, names and constants' shapes stay; codes, accumulators and the formats of what has no
quantizer are derived anew. For the formats and weights of a trained model it is the graph that
``export`` makes of it, op for op.
"""

from __future__ import annotations

from dataclasses import replace

from fcn_hw.fixed import quantize
from fcn_hw.ir import Graph
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ops import Constant
from fcn_hw.ops.conv_transpose2d import ConvTranspose2D
from fcn_hw.ops.convolution import Convolution
from fcn_hw.train.calibrate import weight_codes
from fcn_hw.train.networks import Weights
from fcn_hw.train.precision import PrecisionTable, stored_format


def with_formats(graph: Graph, table: PrecisionTable, weights: Weights) -> Graph:
    """The graph with the formats of a table and the codes of these weights.

    Args:
        graph: exported from the design's network.
        table: of all its layers.
        weights: float, by layer, as Keras stores them.
    """
    builder = GraphBuilder(graph.name)
    for op in graph.ops:
        if isinstance(op, Convolution):
            formats = table.layers[op.name]
            kernel, bias = weights[op.name]
            codes = weight_codes(kernel, formats.weight)
            fmt = stored_format(formats.weight)
            if isinstance(op, ConvTranspose2D):  # Keras: (height, width, out, in)
                codes = codes.transpose(0, 1, 3, 2)
            changed = replace(
                op,
                weight=Constant(codes, fmt),
                bias=Constant(quantize(bias, formats.bias), formats.bias),
            )
            builder.again(changed, formats.activation)
        elif not op.inputs:
            builder.again(op, op.output.format)
        else:
            builder.again(op)
    return builder.finish(*graph.outputs)
