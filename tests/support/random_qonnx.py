"""Random QONNX networks: a few layers of all kinds, of 1 to 8 bits, with skips."""

from __future__ import annotations

import numpy as np
from qonnx_models import Net


def random_net(seed: int) -> tuple[Net, str]:
    """A network and its output."""
    rng = np.random.default_rng(seed)
    channels = int(rng.integers(1, 4))
    height, width = (int(n) for n in rng.integers(4, 9, 2))
    net = Net(
        (channels, height, width),
        seed,
        opset=int(rng.choice([13, 17])),
        powers=bool(rng.integers(2)),
    )
    x, size = "image", (height, width)
    if rng.integers(4):
        x = _quantized(net, rng, x, 1 / 64)
    skips: list[tuple[str, int, tuple[int, int]]] = []
    for _ in range(int(rng.integers(1, 4))):
        filters = int(rng.integers(1, 5))
        depthwise = channels > 1 and not rng.integers(4)
        filters = channels * int(rng.integers(1, 3)) if depthwise else filters
        x = net.conv(
            x, filters, channels, int(rng.choice([1, 3])), bits=int(rng.integers(1, 9)),
            group=channels if depthwise else 1, per_channel=bool(rng.integers(2)),
            bias=bool(rng.integers(2)),
        )  # fmt: skip
        channels = filters
        if rng.integers(2):
            x = net.norm(x, channels)
        x = _function(net, rng, x)
        x = _quantized(net, rng, x, 0.3)
        skips.append((x, channels, size))
        x, size = _moved(net, rng, x, size)
        same = [name for name, count, there in skips[:-1] if (count, there) == (channels, size)]
        if same and rng.integers(2):
            x = _joined(net, rng, x, same[-1])
            if x.startswith("concat"):
                channels *= 2
            x = _quantized(net, rng, x, 0.4)
    if rng.integers(3) == 0:
        x = net.node("ArgMax", [net.conv(x, 3, channels, 1)], axis=1, keepdims=int(rng.integers(2)))
    return net, x


def _quantized(net: Net, rng: np.random.Generator, x: str, about: float) -> str:
    bits = int(rng.integers(1, 9))
    if not rng.integers(6):
        return net.bipolar(x, about)
    signed = bool(rng.integers(2))
    mode = str(rng.choice(["ROUND", "ROUND", "FLOOR", "CEIL", "DOWN", "HALF_UP"]))
    narrow = bool(rng.integers(2)) and bits > 1
    scale = about * 8.0 / (1 << bits)
    return net.quant(x, bits, scale, signed=signed, narrow=narrow, mode=mode)


def _function(net: Net, rng: np.random.Generator, x: str) -> str:
    kind = str(rng.choice(["", "Relu", "Relu", "LeakyRelu", "Clip", "Tanh", "Sigmoid"]))
    if not kind:
        return x
    constants = [net.const(-0.5), net.const(1.5)] if kind == "Clip" else []
    attributes = {"alpha": 0.125} if kind == "LeakyRelu" else {}
    return net.node(kind, [x, *constants], **attributes)


def _moved(
    net: Net, rng: np.random.Generator, x: str, size: tuple[int, int]
) -> tuple[str, tuple[int, int]]:
    height, width = size
    kind = int(rng.integers(6))
    if kind == 0 and min(size) > 1:
        x = net.node("MaxPool", [x], kernel_shape=[2, 2], strides=[2, 2])
        return x, (height // 2, width // 2)
    if kind == 1 and max(size) < 9:
        return net.nearest(x), (2 * height, 2 * width)
    if kind == 2 and max(size) < 9:
        return _quantized(net, rng, net.bilinear(x), 0.4), (2 * height, 2 * width)
    if kind == 3 and min(size) > 1:
        x = net.node("AveragePool", [x], kernel_shape=[2, 2])
        return _quantized(net, rng, x, 0.4), (height - 1, width - 1)
    return x, size


def _joined(net: Net, rng: np.random.Generator, x: str, other: str) -> str:
    kind = str(rng.choice(["Add", "Sub", "Max", "Concat"]))
    if rng.integers(2):
        scale = net.scale(0.3)
        x, other = (net.quant(t, 4, signed=True, scale=scale) for t in (x, other))
    return net.node(kind, [x, other], **({"axis": 1} if kind == "Concat" else {}))
