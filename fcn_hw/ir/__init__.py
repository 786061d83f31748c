"""The graph: one meaning for the oracle, the emitted C++, the simulators and the estimates."""

from fcn_hw.ir.graph import Graph
from fcn_hw.ir.ops import (
    ArgMax,
    Constant,
    Conv2D,
    ConvTranspose2D,
    Crop2D,
    Input,
    MaxPool2D,
    Op,
    Quantize,
    Relu,
    SkipAdd,
    SkipConcat,
    Tensor,
    UpsampleBilinear,
    UpsampleNearest,
    ZeroPad2D,
)

__all__ = [
    "ArgMax",
    "Constant",
    "Conv2D",
    "ConvTranspose2D",
    "Crop2D",
    "Graph",
    "Input",
    "MaxPool2D",
    "Op",
    "Quantize",
    "Relu",
    "SkipAdd",
    "SkipConcat",
    "Tensor",
    "UpsampleBilinear",
    "UpsampleNearest",
    "ZeroPad2D",
]
