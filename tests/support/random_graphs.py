"""Random formats, graphs and frames for property tests."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from hypothesis import assume
from hypothesis import strategies as st

from fcn_hw.errors import FormatError
from fcn_hw.fixed import FixedFormat, Overflow, Rounding
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ir.graph import Graph
from fcn_hw.ops import Constant, Padding

Codes = npt.NDArray[np.int64]

_MAX_SIDE = 16


@st.composite
def formats(draw: st.DrawFn, min_width: int = 1, max_width: int = 7) -> FixedFormat:
    """Any signedness, any modes, the binary point up to 2 bits outside the code."""
    width = draw(st.integers(min_width, max_width))
    return FixedFormat(
        signed=draw(st.booleans()),
        width=width,
        integer=draw(st.integers(-2, width + 2)),
        rounding=draw(st.sampled_from(Rounding)),
        overflow=draw(st.sampled_from(Overflow)),
    )


def random_codes(random: np.random.Generator, shape: tuple[int, ...], fmt: FixedFormat) -> Codes:
    """Codes of a format, the ends of its range overrepresented."""
    inner = random.integers(fmt.min_code, fmt.max_code, shape, endpoint=True)
    ends = random.choice([fmt.min_code, fmt.max_code, 0], shape)
    return np.where(random.random(shape) < 0.4, ends, inner).astype(np.int64)


def random_frames(graph: Graph, seed: int, count: int = 2) -> dict[str, Codes]:
    """Input codes for each input of the graph."""
    random = np.random.default_rng(seed)
    return {
        op.name: random_codes(random, (count, *op.output.shape), op.output.format)
        for op in graph.inputs
    }


@st.composite
def graphs(draw: st.DrawFn, max_ops: int = 6) -> Graph:
    """A verified graph of a few small ops of all kinds; what nothing reads is an output."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    build = GraphBuilder("net")
    size = st.integers(1, 5)
    shape = (draw(size), draw(size), draw(st.integers(1, 3)))
    names = [build.input("image", shape, draw(formats()))]
    read: set[str] = set()
    for index in range(draw(st.integers(1, max_ops))):
        source = draw(st.sampled_from(names[-3:]))
        kind = draw(st.sampled_from(_KINDS))
        try:
            name, sources = _add(draw, random, build, f"op{index}", kind, source, names)
        except FormatError:  # more than 63 bits
            assume(False)
        names.append(name)
        read.update(sources)
    outputs = [name for name in names if name not in read]
    more = draw(st.sampled_from(names[1:]))
    return build.finish(*outputs, *([more] if more not in outputs and draw(st.booleans()) else []))


_KINDS = (
    "conv2d", "conv2d", "conv_transpose2d", "depthwise_conv2d", "max_pool2d", "average_pool2d",
    "upsample_nearest", "upsample_bilinear", "depth_to_space", "skip_add", "skip_average",
    "skip_subtract", "skip_maximum", "skip_minimum", "skip_multiply",
    "skip_concat", "crop2d", "zero_pad2d", "batch_norm", "threshold", "lookup", "quantize",
    "quantize", "quantize", "relu", "arg_max",
)  # fmt: skip


def _add(
    draw: st.DrawFn,
    random: np.random.Generator,
    build: GraphBuilder,
    name: str,
    kind: str,
    source: str,
    names: list[str],
) -> tuple[str, list[str]]:
    """Adds an op of ``kind``, or a Quantize where that is impossible here."""
    tensor = build.tensor(source)
    height, width, channels = tensor.shape
    pair = st.tuples(st.integers(1, 3), st.integers(1, 3))
    maybe_format = st.one_of(st.none(), formats())
    small = max(height, width) <= _MAX_SIDE // 2
    if kind in ("conv2d", "depthwise_conv2d"):
        kernel, strides, dilation = draw(pair), draw(pair), draw(pair)
        reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
        lack = [max(r - n, 0) for r, n in zip(reach, (height, width), strict=True)]
        padding = Padding(lack[0], draw(st.integers(0, 2)), draw(st.integers(0, 2)), lack[1])
        if kind == "conv2d":
            weight, bias = _kernel(draw, random, kernel, channels)
            add = build.conv2d
        else:
            weight, bias = _filters(draw, random, kernel, channels)
            add = build.depthwise_conv2d
        return add(
            name, source, weight, bias, strides=strides, dilation=dilation, padding=padding,
            fmt=draw(maybe_format),
        ), [source]  # fmt: skip
    if kind == "conv_transpose2d" and small:
        kernel, strides = draw(pair), draw(pair)
        crop = (draw(st.integers(0, 2)), draw(st.integers(0, 2)))
        size = tuple(
            max(1, (n - 1) * s + k - c + draw(st.integers(-1, 2)))
            for n, s, k, c in zip((height, width), strides, kernel, crop, strict=True)
        )
        weight, bias = _kernel(draw, random, kernel, channels)
        return build.conv_transpose2d(
            name, source, weight, bias, strides=strides, crop=crop, size=(size[0], size[1]),
            fmt=draw(maybe_format),
        ), [source]  # fmt: skip
    if kind in ("max_pool2d", "average_pool2d"):
        pool = (draw(st.integers(1, min(3, height))), draw(st.integers(1, min(3, width))))
        edge = [draw(st.integers(0, pool[k // 2] - 1)) for k in range(4)]
        strides, padding = draw(pair), Padding(*edge)
        if kind == "max_pool2d":
            return build.max_pool2d(name, source, pool, strides, padding), [source]
        fmt = draw(maybe_format)
        return build.average_pool2d(name, source, pool, strides, padding, fmt=fmt), [source]
    if kind == "upsample_nearest" and small:
        return build.upsample_nearest(name, source, draw(pair)), [source]
    if kind == "upsample_bilinear" and small:
        scale = draw(
            st.sampled_from([(1, 1), (2, 2), (1, 2), (2, 1), (4, 2), (8, 1), (3, 2), (1, 5)])
        )
        return build.upsample_bilinear(name, source, scale, fmt=draw(maybe_format)), [source]
    if kind == "depth_to_space" and small:
        return build.depth_to_space(name, source, *draw(_blocks(channels))), [source]
    if kind.startswith("skip_") and (kind != "skip_concat" or channels <= 4):
        return _join(draw, build, name, kind, source, names)
    if kind == "crop2d":
        top, left = draw(st.integers(0, height - 1)), draw(st.integers(0, width - 1))
        size = (draw(st.integers(1, height - top)), draw(st.integers(1, width - left)))
        return build.crop2d(name, source, (top, left), size), [source]
    if kind == "zero_pad2d" and small:
        edges = [draw(st.integers(0, 2)) for _ in range(4)]
        return build.zero_pad2d(name, source, Padding(*edges)), [source]
    if kind in ("batch_norm", "threshold") or (kind == "lookup" and tensor.format.width <= 8):
        return _with_constants(draw, random, build, name, kind, source), [source]
    if kind == "relu":
        return build.relu(name, source, draw(maybe_format)), [source]
    if kind == "arg_max":
        return build.arg_max(name, source), [source]
    # Often a format that holds all values, so that there are identities to remove.
    fmt = tensor.format if draw(st.booleans()) else draw(formats())
    return build.quantize(name, source, fmt), [source]


@st.composite
def _blocks(draw: st.DrawFn, channels: int) -> tuple[tuple[int, int], int]:
    """Pixels down and across that the channels give, and the stride of the channels."""
    sides = (1, 2, 3)
    scales = [(p, q) for p in sides for q in sides if channels % (p * q) == 0]
    scale = draw(st.sampled_from(scales))
    return scale, draw(st.sampled_from([1, scale[0] * scale[1]]))


def _join(
    draw: st.DrawFn, build: GraphBuilder, name: str, kind: str, source: str, names: list[str]
) -> tuple[str, list[str]]:
    """An op that joins a tensor and others that suit it, which may be the same one."""
    shape = build.tensor(source).shape
    if kind == "skip_concat":
        like = [other for other in names if build.tensor(other).shape[:2] == shape[:2]]
        sources = [source, draw(st.sampled_from(like))]
        return build.skip_concat(name, *sources), sources
    shapes = (shape, (*shape[:2], 1)) if kind == "skip_multiply" else (shape,)
    like = [other for other in names if build.tensor(other).shape in shapes]
    more = {"skip_subtract": (1,), "skip_multiply": (1,), "skip_average": (1, 3)}
    count = draw(st.sampled_from(more.get(kind, (1, 2))))
    sources = [source, *(draw(st.sampled_from(like)) for _ in range(count))]
    if kind == "skip_multiply" and draw(st.booleans()):
        sources.reverse()
    return getattr(build, kind)(name, *sources, fmt=draw(st.one_of(st.none(), formats()))), sources


def _with_constants(
    draw: st.DrawFn,
    random: np.random.Generator,
    build: GraphBuilder,
    name: str,
    kind: str,
    source: str,
) -> str:
    """An op that computes each value from constants of its channel."""
    tensor = build.tensor(source)
    channels = tensor.channels
    fmt = draw(formats(min_width=3))

    def constant(shape: tuple[int, ...], fmt: FixedFormat) -> Constant:
        return Constant(random_codes(random, shape, fmt), fmt)

    if kind == "batch_norm":
        scale, bias = constant((channels,), draw(formats())), constant((channels,), fmt)
        return build.batch_norm(
            name, source, scale, bias, fmt=draw(st.one_of(st.none(), formats()))
        )
    if kind == "threshold":
        wide = FixedFormat(True, tensor.format.width + 1, tensor.format.integer + 1)
        codes = random_codes(random, (channels, draw(st.integers(1, 5))), wide)
        few = FixedFormat(True, 3, 3 - fmt.fraction)
        return build.threshold(
            name, source, Constant(np.sort(codes, axis=1), wide), constant((channels,), fmt),
            constant((channels,), few),
        )  # fmt: skip
    table = constant((1 << tensor.format.width,), fmt)
    return build.lookup(name, source, table, fmt=draw(st.sampled_from([None, fmt])))


def _kernel(
    draw: st.DrawFn, random: np.random.Generator, kernel: tuple[int, int], channels: int
) -> tuple[Constant, Constant | None]:
    n_out = draw(st.integers(1, 3))
    return _weights(draw, random, (*kernel, channels, n_out), n_out)


def _filters(
    draw: st.DrawFn, random: np.random.Generator, kernel: tuple[int, int], channels: int
) -> tuple[Constant, Constant | None]:
    """Of a depthwise convolution: some for each channel."""
    each = draw(st.integers(1, 3 if channels < 4 else 1))
    return _weights(draw, random, (*kernel, channels, each), channels * each)


def _weights(
    draw: st.DrawFn, random: np.random.Generator, shape: tuple[int, ...], n_out: int
) -> tuple[Constant, Constant | None]:
    weight, bias = draw(formats()), draw(st.one_of(st.none(), formats()))
    return (
        Constant(random_codes(random, shape, weight), weight),
        bias and Constant(random_codes(random, (n_out,), bias), bias),
    )
