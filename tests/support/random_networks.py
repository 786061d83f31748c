"""Random whole networks: valid DAGs of all ops, with skips around ops that change the size.

Unlike the strategy in ``random_graphs``, which shrinks, a network is a function of its seed alone,
so that a program of many networks is compiled once and a failure is told by one number.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from random_graphs import random_codes

from fcn_hw.errors import FormatError
from fcn_hw.fixed import Codes, FixedFormat, Overflow, Rounding
from fcn_hw.ir import Graph
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ops import Constant, Padding
from fcn_hw.ops.lookup import MAX_LOOKUP_BITS

MAX_SIDE = 17
MAX_PIXELS = 240
MAX_CHANNELS = 6
MAX_WIDTH = 20
"""Bits; a wider tensor is converted at once."""

Sampler = np.random.Generator


def random_network(seed: int) -> Graph:
    """The network of a seed: one or two inputs, at least one skip, one output or more; every fourth
    has a gate."""
    sampler = np.random.default_rng(seed)
    while True:
        try:
            return _Network(sampler, f"net{seed}", seed % 4 == 2).finished()
        except FormatError:  # a sum of more than 63 bits: draw again
            continue


def random_format(sampler: Sampler, min_width: int = 1, max_width: int = 8) -> FixedFormat:
    """Any signedness, any modes, the binary point up to 2 bits outside the code."""
    width = int(sampler.integers(min_width, max_width, endpoint=True))
    return FixedFormat(
        signed=bool(sampler.integers(2)),
        width=width,
        integer=int(sampler.integers(-2, width + 2, endpoint=True)),
        rounding=list(Rounding)[sampler.integers(len(Rounding))],
        overflow=list(Overflow)[sampler.integers(len(Overflow))],
    )


def without_blocks(codes: Codes) -> Codes:
    """The weights of a kernel, of one in two without some taps, channels and filters together.

    Drawn from the weights themselves, so that all else of a network stays what it is.
    """
    sampler = np.random.default_rng(np.abs(codes).ravel())
    if sampler.random() < 0.5:
        return codes
    sizes = [size if sampler.random() < 0.5 else 1 for size in codes.shape]
    return codes * (sampler.random(sizes) < 0.5)


class _Network:
    """A network that grows: methods add ops behind a tensor and return the name of the last."""

    def __init__(self, sampler: Sampler, name: str, gated: bool) -> None:
        self.sampler, self.gated = sampler, gated
        self.build = GraphBuilder(name)
        self.names: list[str] = []
        self.read: set[str] = set()
        for index in range(1 + self.chance(0.15)):
            largest = self.pick([5, MAX_SIDE - 2, MAX_SIDE - 2])
            shape = (self.upto(largest), self.upto(largest), self.upto(4))
            self.names.append(self.build.input(f"image{index}", shape, self.format()))

    def finished(self) -> Graph:
        steps = [self.skip] + [self.grow] * self.upto(2) + [self.skip] * self.chance(0.25)
        for index in self.sampler.permutation(len(steps)):
            steps[index]()
        if self.gated:
            self.gate(self.names[-1])
        if self.chance(0.4):
            self.arg_max(self.names[-1])
        for name in [name for name in self.names if name not in self.read]:
            if name.startswith("image"):
                self.quantize(name)
        outputs = [name for name in self.names if name not in self.read]
        more = self.pick(self.names)
        if self.chance(0.2) and more not in outputs and not more.startswith("image"):
            outputs.append(more)
        return self.build.finish(*outputs)

    # -- steps -------------------------------------------------------------------------------------

    def grow(self) -> str:
        """An op behind one of the latest tensors."""
        return self.step(self.pick(self.names[-3:]))

    def step(self, source: str) -> str:
        """An op behind a tensor."""
        return self.pick(_STEPS)(self, source)

    def skip(self) -> None:
        """Branches from one tensor that meet again, one or more of them through other ops."""
        source = self.pick(self.names)
        ends = [self.conv2d(source) if self.chance(0.7) else self.max_pool2d(source)]
        for _ in range(self.below(3)):  # the longest way, through rows that must be there first
            ends[0] = self.step(ends[0])
        for _ in range(1 + self.chance(0.25) + self.chance(0.1)):
            ends.append(self.step(source) if self.chance(0.4) else source)
        self.sampler.shuffle(ends)
        if sum(self.build.tensor(end).channels for end in ends) > MAX_CHANNELS or self.chance(0.5):
            self.join(ends)
        else:
            self.skip_concat(ends)

    # -- ops ---------------------------------------------------------------------------------------

    def conv2d(self, source: str, kernel: tuple[int, int] | None = None, filters: int = 0) -> str:
        height, width, channels = self.build.tensor(source).shape
        strides, dilation, padding = (1, 1), (1, 1), Padding()
        if kernel is None:
            kernel, dilation = self.pair(3), self.pair(2)
            strides = self.pair(2) if self.chance(0.4) else (1, 1)
            reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
            lack = [max(r - n, 0) for r, n in zip(reach, (height, width), strict=True)]
            padding = Padding(lack[0], self.below(3), self.below(3), lack[1])
        weight, bias = self.kernel(kernel, channels, filters or self.upto(4))
        return self.add(
            self.build.conv2d, source, weight, bias, strides=strides, dilation=dilation,
            padding=padding, fmt=self.maybe_format(),
        )  # fmt: skip

    def conv_transpose2d(self, source: str) -> str:
        height, width, channels = self.build.tensor(source).shape
        if height * width > MAX_PIXELS // 4:
            return self.max_pool2d(source)
        kernel, strides = self.pair(4), self.pair(2)
        crop = (self.below(kernel[0]), self.below(kernel[1]))
        size = [
            max(1, (n - 1) * s + k - c - self.below(2))
            for n, s, k, c in zip((height, width), strides, kernel, crop, strict=True)
        ]
        weight, bias = self.kernel(kernel, channels, self.upto(3))
        return self.add(
            self.build.conv_transpose2d, source, weight, bias, strides=strides, crop=crop,
            size=(size[0], size[1]), fmt=self.maybe_format(),
        )  # fmt: skip

    def depthwise_conv2d(self, source: str) -> str:
        height, width, channels = self.build.tensor(source).shape
        kernel, dilation = self.pair(3), self.pair(2)
        strides = self.pair(2) if self.chance(0.4) else (1, 1)
        reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
        lack = [max(r - n, 0) for r, n in zip(reach, (height, width), strict=True)]
        padding = Padding(self.below(3), lack[0], lack[1], self.below(3))
        each = self.upto(max(1, min(3, MAX_CHANNELS // channels)))
        weight, bias = self.constants((*kernel, channels, each), channels * each)
        return self.add(
            self.build.depthwise_conv2d, source, weight, bias, strides=strides, dilation=dilation,
            padding=padding, fmt=self.maybe_format(),
        )  # fmt: skip

    def max_pool2d(self, source: str) -> str:
        pool, strides, padding = self.windows(source)
        return self.add(self.build.max_pool2d, source, pool, strides, padding)

    def average_pool2d(self, source: str) -> str:
        pool, strides, padding = self.windows(source)
        return self.add(
            self.build.average_pool2d, source, pool, strides, padding, fmt=self.maybe_format()
        )

    def upsample_nearest(self, source: str) -> str:
        if not self.small(source):
            return self.max_pool2d(source)
        return self.add(self.build.upsample_nearest, source, self.pair(3))

    def upsample_bilinear(self, source: str) -> str:
        if not self.small(source):
            return self.max_pool2d(source)
        scale = self.pick([(2, 2), (1, 2), (2, 1), (4, 1), (3, 2)])
        return self.add(self.build.upsample_bilinear, source, scale, fmt=self.maybe_format())

    def depth_to_space(self, source: str) -> str:
        if not self.small(source):
            return self.max_pool2d(source)
        scale = self.pick([(2, 2), (1, 2), (2, 1), (3, 1)])
        pixels = scale[0] * scale[1]
        source = self.conv2d(source, (1, 1), pixels * self.upto(max(1, MAX_CHANNELS // pixels)))
        return self.add(self.build.depth_to_space, source, scale, self.pick([1, pixels]))

    def crop2d(self, source: str) -> str:
        height, width, _ = self.build.tensor(source).shape
        top, left = self.below(min(height, 3)), self.below(min(width, 3))
        size = (
            height - top - self.below(min(height - top, 3)),
            width - left - self.below(min(width - left, 3)),
        )
        return self.add(self.build.crop2d, source, (top, left), size)

    def zero_pad2d(self, source: str) -> str:
        if not self.small(source):
            return self.crop2d(source)
        edges = [self.below(3) for _ in range(4)]
        return self.add(self.build.zero_pad2d, source, Padding(*edges))

    def quantize(self, source: str) -> str:
        return self.add(self.build.quantize, source, self.format())

    def relu(self, source: str) -> str:
        return self.add(self.build.relu, source, self.maybe_format())

    def arg_max(self, source: str) -> str:
        return self.add(self.build.arg_max, source)

    def batch_norm(self, source: str) -> str:
        channels = self.build.tensor(source).channels
        scale, bias = (self.channel_constant(channels) for _ in range(2))
        return self.add(self.build.batch_norm, source, scale, bias, fmt=self.maybe_format())

    def threshold(self, source: str) -> str:
        tensor = self.build.tensor(source)
        wide = FixedFormat(True, tensor.format.width + 2, tensor.format.integer + 2)
        codes = random_codes(self.sampler, (tensor.channels, self.upto(9)), wide)
        fmt = FixedFormat(True, 6, self.below(7))
        base, step = (
            Constant(self.sampler.integers(-most, most, tensor.channels, endpoint=True), fmt)
            for most in (4, 3)
        )
        thresholds = Constant(np.sort(codes, axis=1), wide)
        return self.add(self.build.threshold, source, thresholds, base, step)

    def lookup(self, source: str) -> str:
        width = self.build.tensor(source).format.width
        if width > MAX_LOOKUP_BITS // 2:
            source = self.add(self.build.quantize, source, self.format())
            width = self.build.tensor(source).format.width
        fmt = self.format()
        table = Constant(random_codes(self.sampler, (1 << width,), fmt), fmt)
        return self.add(self.build.lookup, source, table, fmt=fmt)

    def join(self, sources: list[str]) -> str:
        """Sum, difference, maximum or minimum of tensors that are first brought to the size and the
        channels of one of them."""
        sources = self.same_size(sources)
        channels = self.build.tensor(self.pick(sources)).channels
        for index, source in enumerate(sources):
            if self.build.tensor(source).channels != channels:
                sources[index] = self.conv2d(source, (1, 1), channels)
        methods = [self.build.skip_add, self.build.skip_maximum, self.build.skip_minimum]
        if len(sources) == 2:
            methods += [self.build.skip_subtract, self.build.skip_average]
        return self.add(self.pick(methods), *sources, fmt=self.maybe_format())

    def gate(self, source: str) -> str:
        """A product with what a convolution makes of the same pixels, or of one pixel for all of
        them (squeeze-and-excitation); of as many channels, or one."""
        height, width, channels = self.build.tensor(source).shape
        squeezes = self.chance(0.5)
        whole, size = source, (height, width)
        if squeezes:
            whole = self.add(self.build.max_pool2d, source, size, size, Padding())
        factor = self.conv2d(whole, (1, 1), channels if self.chance(0.6) else 1)
        if squeezes:
            factor = self.add(self.build.upsample_nearest, factor, size)
        factors = [source, factor]
        self.sampler.shuffle(factors)
        return self.add(self.build.skip_multiply, *factors, fmt=self.maybe_format())

    def skip_concat(self, sources: list[str]) -> str:
        return self.add(self.build.skip_concat, *self.same_size(sources))

    # -- inside ------------------------------------------------------------------------------------

    def add(self, method: Callable[..., str], *arguments: object, **options: object) -> str:
        """An op by a method of the builder; its name tells its kind and its number."""
        name = method(f"{method.__name__}_{len(self.names)}", *arguments, **options)
        self.names.append(name)
        self.read.update(item for item in arguments if isinstance(item, str))
        if self.build.tensor(name).format.width > MAX_WIDTH:
            return self.quantize(name)
        return name

    def same_size(self, sources: list[str]) -> list[str]:
        """The tensors, cropped and padded to the size of one of them."""
        height, width, _ = self.build.tensor(self.pick(sources)).shape
        return [self.resized(source, height, width) for source in sources]

    def resized(self, source: str, height: int, width: int) -> str:
        shape = self.build.tensor(source).shape
        more = [max(n - m, 0) for n, m in zip((height, width), shape[:2], strict=True)]
        if any(more):
            top, left = self.below(more[0] + 1), self.below(more[1] + 1)
            padding = Padding(top, more[0] - top, left, more[1] - left)
            source = self.add(self.build.zero_pad2d, source, padding)
        shape = self.build.tensor(source).shape
        if shape[:2] != (height, width):
            offset = (self.below(shape[0] - height + 1), self.below(shape[1] - width + 1))
            source = self.add(self.build.crop2d, source, offset, (height, width))
        return source

    def kernel(
        self, kernel: tuple[int, int], channels: int, filters: int
    ) -> tuple[Constant, Constant | None]:
        return self.constants((*kernel, channels, filters), filters)

    def constants(self, shape: tuple[int, ...], filters: int) -> tuple[Constant, Constant | None]:
        weight = self.format()
        codes = without_blocks(random_codes(self.sampler, shape, weight))
        if self.chance(0.3):
            return Constant(codes, weight), None
        bias = self.format()
        return Constant(codes, weight), Constant(random_codes(self.sampler, (filters,), bias), bias)

    def windows(self, source: str) -> tuple[tuple[int, int], tuple[int, int], Padding]:
        """Of a pooling: sizes, strides, padding."""
        height, width, _ = self.build.tensor(source).shape
        pool = (self.upto(min(3, height)), self.upto(min(3, width)))
        edges = [self.below(pool[k // 2]) for k in range(4)]
        return pool, self.pair(2), Padding(*edges)

    def channel_constant(self, channels: int) -> Constant:
        fmt = self.format()
        return Constant(random_codes(self.sampler, (channels,), fmt), fmt)

    def small(self, source: str) -> bool:
        height, width, _ = self.build.tensor(source).shape
        return max(height, width) <= MAX_SIDE // 2

    def format(self) -> FixedFormat:
        return random_format(self.sampler)

    def maybe_format(self) -> FixedFormat | None:
        return self.format() if self.chance(0.7) else None

    def chance(self, probability: float) -> bool:
        return bool(self.sampler.random() < probability)

    def upto(self, most: int) -> int:
        """1 to ``most``."""
        return int(self.sampler.integers(1, most, endpoint=True))

    def below(self, count: int) -> int:
        """0 to ``count`` - 1."""
        return int(self.sampler.integers(count))

    def pair(self, most: int) -> tuple[int, int]:
        return self.upto(most), self.upto(most)

    def pick(self, items):  # type: ignore[no-untyped-def]
        return items[self.below(len(items))]


_STEPS = (
    _Network.conv2d, _Network.conv2d, _Network.conv2d, _Network.conv_transpose2d,
    _Network.conv_transpose2d,
    _Network.depthwise_conv2d, _Network.max_pool2d, _Network.max_pool2d, _Network.average_pool2d,
    _Network.upsample_nearest, _Network.upsample_bilinear, _Network.depth_to_space,
    _Network.crop2d, _Network.zero_pad2d,
    _Network.batch_norm, _Network.threshold, _Network.lookup, _Network.quantize, _Network.relu,
)  # fmt: skip
