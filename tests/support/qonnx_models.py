"""Small networks as ONNX files, written node by node as Brevitas' exporter writes them.

What its files hold: Quant, BipolarQuant and Trunc of the domain ``qonnx.custom_op.general`` (in
older files ``onnx.brevitas``) with scale, zero point and bit width as float32 initializers; weights
as float32 initializers behind a Quant, one scale or one an output channel of shape (C, 1, 1, 1);
images as (1, C, H, W). Source: "QONNX: Representing Arbitrary-Precision Quantized Neural
Networks", arXiv 2206.07527, and qonnx's documents of its custom operators.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

DOMAIN = "qonnx.custom_op.general"

Array = npt.NDArray[Any]


@dataclass
class Net:
    """A network in the making; methods add nodes and return the names of their outputs.

    Args:
        shape: (channels, height, width) of the image, tensor ``"image"``.
        seed: of weights and scales.
        opset: of ONNX's operators.
        powers: whether all scales are powers of two.
    """

    shape: tuple[int, int, int] = (3, 8, 8)
    seed: int = 0
    opset: int = 13
    powers: bool = False
    domain: str = DOMAIN
    nodes: list[Any] = field(default_factory=list)
    constants: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        self._count: dict[str, int] = {}

    # -- parts of files ----------------------------------------------------------------------------

    def const(self, value: Any, dtype: Any = np.float32) -> str:
        name = self._name("const")
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def node(self, kind: str, inputs: Sequence[str], **attributes: Any) -> str:
        name = self._name(kind.lower())
        domain = self.domain if kind in ("Quant", "IntQuant", "BipolarQuant", "Trunc") else ""
        self.nodes.append(
            helper.make_node(
                kind, list(inputs), [f"{name}_out"], name=name, domain=domain, **attributes
            )
        )
        return f"{name}_out"

    def model(self, *outputs: str) -> Any:
        info = helper.make_tensor_value_info
        graph = helper.make_graph(
            self.nodes,
            "net",
            [info("image", TensorProto.FLOAT, [1, *self.shape])],
            [
                info(name, TensorProto.INT64 if "argmax" in name else TensorProto.FLOAT, None)
                for name in outputs
            ],
            initializer=self.constants,
        )
        opsets = [helper.make_opsetid("", self.opset), helper.make_opsetid(self.domain, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=8)

    def save(self, path: Path, *outputs: str) -> Path:
        onnx.save(self.model(*outputs), path)
        return path

    # -- quantized layers --------------------------------------------------------------------------

    def scale(self, about: float, size: tuple[int, ...] = ()) -> Array:
        """A positive scale near ``about``, as it is learned."""
        found = about * self.rng.uniform(0.7, 1.4, size)
        if self.powers:
            found = np.exp2(np.rint(np.log2(found)))
        return np.asarray(found, np.float32)

    def quant(
        self, source: str, bits: int = 4, about: float = 0.1, *, signed: bool = False,
        narrow: bool = False, mode: str = "ROUND", scale: Any = None,
    ) -> str:  # fmt: skip
        given = self.scale(about) if scale is None else scale
        inputs = [source, self.const(given), self.const(0.0), self.const(float(bits))]
        return self.node(
            "Quant", inputs, signed=int(signed), narrow=int(narrow), rounding_mode=mode
        )

    def bipolar(self, source: str, about: float = 1.0) -> str:
        return self.node("BipolarQuant", [source, self.const(self.scale(about))])

    def weights(
        self, shape: tuple[int, ...], bits: int = 4, *, per_channel: bool = False, axis: int = 0
    ) -> str:
        """Quantized weights: the tensor behind their Quant."""
        values = self.const(self.rng.normal(0, 1, shape))
        sizes = [1] * len(shape)
        if per_channel:
            sizes[axis] = shape[axis]
        about = 2.0 / (1 << (bits - 1))
        if bits == 1:
            return self.node("BipolarQuant", [values, self.const(self.scale(about))])
        scale = self.scale(about, tuple(sizes)) if per_channel else self.scale(about)
        return self.quant(values, bits, signed=True, narrow=True, scale=scale)

    def conv(
        self, source: str, filters: int, channels: int, size: int = 3, *, bits: int = 4,
        per_channel: bool = False, bias: bool = False, group: int = 1, **attributes: Any,
    ) -> str:  # fmt: skip
        shape = (filters, channels // group, size, size)
        inputs = [source, self.weights(shape, bits, per_channel=per_channel)]
        if bias:
            inputs.append(self.const(self.rng.normal(0, 0.5, filters)))
        if "auto_pad" not in attributes:
            attributes = {"pads": [size // 2] * 4, **attributes}
        return self.node("Conv", inputs, kernel_shape=[size, size], group=group, **attributes)

    def norm(self, source: str, channels: int) -> str:
        rng = self.rng
        numbers = (
            rng.uniform(0.5, 1.5, channels), rng.normal(0, 0.5, channels),
            rng.normal(0, 0.5, channels), rng.uniform(0.5, 2, channels),
        )  # fmt: skip
        return self.node("BatchNormalization", [source, *(self.const(n) for n in numbers)])

    def layer(self, source: str, filters: int, channels: int, bits: int = 4, **more: Any) -> str:
        """Convolution, normalization, ReLU and an unsigned quantizer."""
        made = self.norm(self.conv(source, filters, channels, **more), filters)
        return self.quant(self.node("Relu", [made]), bits, 4.0 / (1 << bits))

    def bilinear(self, source: str, scale: int = 2) -> str:
        roi = "" if self.opset > 12 else self.const([])
        inputs = [source, roi, self.const([1.0, 1.0, scale, scale])]
        return self.node(
            "Resize", inputs, mode="linear", coordinate_transformation_mode="half_pixel"
        )

    def nearest(self, source: str, scale: int = 2) -> str:
        roi = "" if self.opset > 12 else self.const([])
        inputs = [source, roi, self.const([1.0, 1.0, scale, scale])]
        return self.node(
            "Resize", inputs, mode="nearest", nearest_mode="floor",
            coordinate_transformation_mode="asymmetric",
        )  # fmt: skip

    def _name(self, kind: str) -> str:
        self._count[kind] = self._count.get(kind, 0) + 1
        return f"{kind}_{self._count[kind]}"
