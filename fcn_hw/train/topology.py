"""The networks as plain data: one description, from which every variant is built.

A topology is a tuple of nodes in topological order; the last one yields the scores
(H x W x classes). The float model, the quantized model, the layer names that a design may mention
and the counts of multiplications all come from it. Nothing here needs TensorFlow.

Pooling is 'same': an odd size is rounded up. What an upsampling makes too large is cropped at the
bottom and on the right, where the pooling had padded, so any image size works.

Sources: Long, Shelhamer, Darrell, "Fully convolutional networks for semantic segmentation" (CVPR
2015); Ronneberger, Fischer, Brox, "U-Net" (MICCAI 2015), with 'same' convolutions.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, replace
from math import prod
from typing import Any, Literal, Union, get_args

from fcn_hw.design import Encoder, Network
from fcn_hw.errors import ConfigError
from fcn_hw.scaling import Scaling
from fcn_hw.train.encoders import EncoderConv, EncoderPool, encoder_layers

Upsampling = Literal["nearest", "bilinear", "transposed"]
Padding = Literal["same", "valid"]
Size = tuple[int, int]
"""Rows and columns."""

MAX_SCALE = 8
"""The largest single upsampling; a larger factor is a chain."""

_STAGES_NEEDED = {"fcn32s": 1, "fcn16s": 2, "fcn8s": 3, "unet": 2, "cnn": 1}


@dataclass(frozen=True)
class Shape:
    """Height, width (pixels) and channels."""

    height: int
    width: int
    channels: int


@dataclass(frozen=True)
class Input:
    """The image; ``scaling`` is what the first layer is given for a byte, None: ``byte / 256``."""

    name: str
    shape: Shape
    scaling: Scaling | None = None


@dataclass(frozen=True)
class Function:
    """What is done to each value behind a layer.

    Args:
        kind: ``relu``: ``max(x, 0)``, or ``min(max(x, 0), limit)``; ``leaky_relu``:
            ``max(x, slope * x)``; ``hard_swish``: ``x * min(max(x + 3, 0), 6) / 6``.
        limit: of a ``relu``; None: there is none.
        slope: of a ``leaky_relu``, 0 to 1.
    """

    kind: Literal["relu", "leaky_relu", "hard_swish"]
    limit: float | None = None
    slope: float = 0.0


RELU = Function("relu")


@dataclass(frozen=True)
class Conv:
    """Convolution with bias, and the function behind it; None: it is linear."""

    name: str
    source: str
    shape: Shape
    kernel: Size
    function: Function | None = None
    padding: Padding = "same"
    strides: Size = (1, 1)
    dilation: Size = (1, 1)
    normalized: bool = False
    """Whether batch normalization stands behind it while it is trained in float."""


@dataclass(frozen=True)
class DepthwiseConv:
    """Convolution of each channel alone, which gives ``multiplier`` channels; with bias."""

    name: str
    source: str
    shape: Shape
    kernel: Size
    function: Function | None = None
    padding: Padding = "same"
    strides: Size = (1, 1)
    dilation: Size = (1, 1)
    multiplier: int = 1
    normalized: bool = False
    """As that of :class:`Conv`."""


@dataclass(frozen=True)
class ConvTranspose:
    """Learned upsampling by ``strides``, with bias."""

    name: str
    source: str
    shape: Shape
    kernel: Size
    strides: Size
    function: Function | None = None
    padding: Padding = "same"


@dataclass(frozen=True)
class MaxPool:
    """Maximum over a window."""

    name: str
    source: str
    shape: Shape
    pool: Size = (2, 2)
    strides: Size = (2, 2)
    padding: Padding = "same"


@dataclass(frozen=True)
class AveragePool:
    """Mean over a window, quantized."""

    name: str
    source: str
    shape: Shape
    pool: Size
    strides: Size
    padding: Padding = "same"
    function: Function | None = None


@dataclass(frozen=True)
class Upsample:
    """Fixed upsampling by ``scale``; bilinear with half-pixel centres."""

    name: str
    source: str
    shape: Shape
    scale: Size
    method: Literal["nearest", "bilinear"]


@dataclass(frozen=True)
class Crop:
    """Keeps ``shape.height`` x ``shape.width`` from row ``top`` and column ``left`` on."""

    name: str
    source: str
    shape: Shape
    top: int = 0
    left: int = 0


@dataclass(frozen=True)
class Pad:
    """Zeros around: ``top`` rows above, ``left`` columns in front, the rest behind."""

    name: str
    source: str
    shape: Shape
    top: int
    left: int


@dataclass(frozen=True)
class Merge:
    """Joins tensors of one size: value by value, or along the channels (``concat``).

    What is multiplied may have one row, one column or one channel only: it is repeated.

    Args:
        quantized: whether a quantizer stands behind it; without one, it keeps every bit.
    """

    name: str
    sources: tuple[str, ...]
    shape: Shape
    how: Literal["add", "average", "subtract", "multiply", "maximum", "minimum", "concat"]
    function: Function | None = None
    quantized: bool = False


@dataclass(frozen=True)
class Activate:
    """A function by itself, and the quantizer behind it."""

    name: str
    source: str
    shape: Shape
    function: Function | None


Weighted = Union[Conv, DepthwiseConv, ConvTranspose]
Node = Union[Input, Weighted, MaxPool, AveragePool, Upsample, Crop, Pad, Merge, Activate]
Topology = tuple[Node, ...]


def sources_of(node: Node) -> tuple[str, ...]:
    """The nodes that a node reads."""
    if isinstance(node, Input):
        return ()
    return node.sources if isinstance(node, Merge) else (node.source,)


def function_of(node: Node) -> Function | None:
    """What is done to each value behind a node."""
    return getattr(node, "function", None)


def build_topology(
    network: Network,
    image: Shape,
    n_classes: int,
    scaling: Scaling | None = None,
    *,
    folded: Container[str] = (),
) -> Topology:
    """The nodes of a network.

    Layer names, with ``k`` the stage (from 1) whose resolution is reached:

    * encoder ``conv{k}_{i}``, ``pool{k}``; or the names that Keras has for a published one, whose
      last map of stride ``2 ** k`` stands for ``pool{k}``;
    * FCN: ``fc6``, ``fc7`` (if ``head_filters``; fc6 has the network's kernel, fc7 is 1 x 1; with
      ``head_skip`` both have it, and between them are ``up_fc6``, ``crop_fc6``, ``fc6_pool{k}``
      and ``skip_fc6``; with ``head_pooling`` behind fc6 are ``mean``, ``fc6_mean``, ``up_mean`` and
      ``join_mean``), ``score_fr``, then for each skip ``up_pool{k}``, ``crop_pool{k}``,
      ``score_pool{k}``, ``skip_pool{k}`` and, for concat, ``fuse_pool{k}``; last ``up_out``
      (``up_out_1``, ... where the factor is above 8) and ``crop_out``;
    * U-Net: for each stage upwards ``reduce{k}`` (1 x 1, to the skip's channels, so that all
      upsamplings and both skips fit), ``up{k}``, ``crop{k}``, ``skip{k}``, ``dec{k}_{i}``; last
      ``score``; with a published encoder the last skip is that of stride 4, and ``up_out`` and
      ``crop_out`` follow;
    * CNN: ``fc6``, whose kernel covers what is left of the image (``head_filters``), and
      ``score_fr``; without ``head_filters`` ``score_fr`` alone, with that kernel.

    Args:
        network: the design's section.
        image: shape of the input.
        n_classes: channels of the scores.
        scaling: what the first layer is given for a byte; None: ``byte / 256``.
        folded: layers whose first weights have their batch normalization folded: they are trained
            without one.

    Raises:
        ConfigError: fewer stages, or maps of an encoder, than the network has skips;
            ``convs_per_stage`` is a list of another length than ``filters``; or a classifier's last
            map is not square.
    """
    needed, encoder = _STAGES_NEEDED[network.kind] + network.head_skip, network.encoder
    given = len(network.filters) if encoder is None else len(encoder_layers(encoder).taps)
    if given < needed:
        kind = network.kind + (" with head_skip" if network.head_skip else "")
        if encoder is not None:
            raise ConfigError(
                f"network.encoder: {kind} needs at least {needed} maps, has {given}",
                hint="give a larger output_stride, or a kind with fewer skips",
            )
        raise ConfigError(
            f"network.filters: {kind} needs at least {needed} stages, has {given}",
            hint="add an entry to network.filters for each missing stage",
        )
    convs = network.convs_per_stage
    if isinstance(convs, tuple) and len(convs) != given:
        raise ConfigError(
            f"network.convs_per_stage: {len(convs)} entries for {given} stages",
            hint="give one number for all stages, or as many as network.filters has",
        )
    builder = _Builder(network, image, scaling, folded)
    if network.kind == "unet":
        _unet(builder, n_classes)
    elif network.kind == "cnn":
        _cnn(builder, n_classes)
    else:
        _fcn(builder, n_classes)
    return tuple(builder.nodes)


def quantizable(topology: Topology) -> tuple[Weighted, ...]:
    """The nodes that own weights, in order; ``precision.layers`` may name them."""
    return tuple(node for node in topology if isinstance(node, get_args(Weighted)))


def unweighted(topology: Topology) -> tuple[AveragePool | Activate | Merge, ...]:
    """The nodes without weights that a quantizer stands behind, in order; ``precision.layers`` may
    give them an ``activation``."""
    return tuple(
        node
        for node in topology
        if isinstance(node, (AveragePool, Activate)) or (isinstance(node, Merge) and node.quantized)
    )


def unsigned_nodes(topology: Topology) -> frozenset[str]:
    """The nodes whose values are never below 0, whatever the weights are."""
    found: set[str] = set()
    for node in topology:
        if _is_unsigned(node, found):
            found.add(node.name)
    return frozenset(found)


def _is_unsigned(node: Node, found: Container[str]) -> bool:
    """Whether a node's values are never below 0, where those of ``found`` are not."""
    function = function_of(node)
    if function is not None:
        return function.kind == "relu"
    if isinstance(node, Input):
        return node.scaling is None
    if isinstance(node, get_args(Weighted)) or getattr(node, "how", None) == "subtract":
        return False
    return all(source in found for source in sources_of(node))


def readers_of(
    topology: Topology, name: str, through: tuple[type[Any], ...]
) -> tuple[Weighted, ...] | None:
    """The nodes with weights that read a node's output; None where anything else reads it, or it is
    the network's.

    Args:
        through: kinds of nodes that may stand between.
    """
    found: list[Weighted] = []
    passing = {name}
    for node in topology:
        if passing.isdisjoint(sources_of(node)):
            continue
        if isinstance(node, through):
            passing.add(node.name)
        elif isinstance(node, get_args(Weighted)):
            found.append(node)
        else:
            return None
    return None if topology[-1].name in passing else tuple(found)


def kernel_shape(node: Weighted, channels_in: int) -> tuple[int, ...]:
    """As Keras stores the kernel of a node."""
    if isinstance(node, ConvTranspose):
        return (*node.kernel, node.shape.channels, channels_in)
    if isinstance(node, DepthwiseConv):
        return (*node.kernel, channels_in, node.multiplier)
    return (*node.kernel, channels_in, node.shape.channels)


def filter_axis(node: Weighted) -> int:
    """The axis of a node's kernel that its filters lie along; of a depthwise convolution those of
    one channel lie together."""
    return 3 if isinstance(node, Conv) else 2


def multiplications(topology: Topology) -> int:
    """Multiply-accumulates of one image, over all convolutions; padding counted as work."""
    shapes = {node.name: node.shape for node in topology}
    total = 0
    for node in quantizable(topology):
        # a transposed convolution multiplies each input by the kernel, the others each window
        size = shapes[node.source] if isinstance(node, ConvTranspose) else node.shape
        total += size.height * size.width * prod(kernel_shape(node, shapes[node.source].channels))
    return total


def parameters(topology: Topology) -> int:
    """Weights and biases of the network, batch normalization folded."""
    channels = {node.name: node.shape.channels for node in topology}
    return sum(
        prod(kernel_shape(node, channels[node.source])) + node.shape.channels
        for node in quantizable(topology)
    )


class _Builder:
    """Appends nodes; every method returns the name of what it made."""

    def __init__(
        self,
        network: Network,
        image: Shape,
        scaling: Scaling | None,
        folded: Container[str],
    ) -> None:
        self.network = network
        self.image = image
        self._folded = folded
        self.nodes: list[Node] = [Input("image", image, scaling)]
        self._shapes = {"image": image}

    def shape(self, name: str) -> Shape:
        return self._shapes[name]

    def _add(self, node: Node) -> str:
        assert node.name not in self._shapes, node.name
        self.nodes.append(node)
        self._shapes[node.name] = node.shape
        return node.name

    def conv(self, name: str, source: str, filters: int, kernel: int, *, hidden: bool) -> str:
        size = self.shape(source)
        shape, function = Shape(size.height, size.width, filters), RELU if hidden else None
        normalized = hidden and name not in self._folded
        node = Conv(name, source, shape, (kernel, kernel), function, normalized=normalized)
        return self._add(node)

    def whole_conv(self, name: str, source: str, filters: int, *, hidden: bool) -> str:
        """A convolution whose kernel covers the image: one pixel is left."""
        size = self.shape(source)
        if size.height != size.width:
            raise ConfigError(
                f"network: layer '{name}' of a cnn covers {size.height} x {size.width} pixels, "
                "and a kernel has to be square",
                hint="give dataset.height and dataset.width one value",
            )
        kernel, function = (size.height, size.width), RELU if hidden else None
        shape = Shape(1, 1, filters)
        return self._add(Conv(name, source, shape, kernel, function, "valid", normalized=hidden))

    def stage(self, prefix: str, number: int, source: str, filters: int | None = None) -> str:
        """The hidden convolutions ``{prefix}{number}_1``, ``_2``, ... of a stage (from 1).

        Args:
            filters: their channels; None: those that the design gives this stage.
        """
        network = self.network
        convs = network.convs_per_stage
        count = convs if isinstance(convs, int) else convs[number - 1]
        for index in range(1, count + 1):
            name = f"{prefix}{number}_{index}"
            given = network.filters[number - 1] if filters is None else filters
            source = self.conv(name, source, given, network.kernel, hidden=True)
        return source

    def pool(self, name: str, source: str, size: int = 2) -> str:
        return self._add(
            MaxPool(name, source, _strided(self.shape(source), 2), (size, size), (2, 2))
        )

    def encoder(self, encoder: Encoder) -> dict[int, str]:
        """A published encoder; the node of each of its taps."""
        found = encoder_layers(encoder)
        for layer in found.layers:
            if isinstance(layer, EncoderConv):
                self._encoder_conv(encoder, layer, found.limit)
            elif isinstance(layer, EncoderPool):
                self.pool(layer.name, layer.source, 3)
            else:
                first, second = (self.shape(source) for source in layer.sources)
                added = layer.how == "add"
                channels = first.channels + (0 if added else second.channels)
                shape = replace(first, channels=channels)
                # a sum is what a convolution reads
                self._add(Merge(layer.name, layer.sources, shape, layer.how, quantized=added))
        return dict(found.taps)

    def _encoder_conv(self, encoder: Encoder, layer: EncoderConv, limit: float | None) -> None:
        source, padding = layer.source or "image", "same"
        size = self.shape(source)
        shape = replace(_strided(size, layer.stride), channels=layer.filters)
        if layer.stride == 2 and encoder.padding == "before":
            height, width = (n + 1 + n % 2 for n in (size.height, size.width))
            padded = Shape(height, width, size.channels)
            source = self._add(Pad(f"{layer.name}_pad", source, padded, 1, 1))
            padding = "valid"
        settings: dict[str, Any] = {
            "function": Function("relu", limit=limit) if layer.relu else None,
            "padding": padding,
            "strides": (layer.stride, layer.stride),
            "dilation": (layer.dilation, layer.dilation),
            "normalized": layer.name not in self._folded,
        }
        kind = DepthwiseConv if layer.depthwise else Conv
        self._add(kind(layer.name, source, shape, (layer.kernel, layer.kernel), **settings))

    def upsample(self, name: str, source: str, factor: int) -> str:
        """Upsamples by ``factor``, a power of two; numbered steps where it is above 8."""
        steps = _steps(factor)
        for index, scale in enumerate(steps, start=1):
            size = self.shape(source)
            shape = Shape(size.height * scale, size.width * scale, size.channels)
            step = name if len(steps) == 1 else f"{name}_{index}"
            method = self.network.upsampling
            if method == "transposed":
                kernel = (2 * scale, 2 * scale)
                source = self._add(ConvTranspose(step, source, shape, kernel, (scale, scale)))
            else:
                source = self._add(Upsample(step, source, shape, (scale, scale), method))
        return source

    def join_mean(self, source: str, beside: str, filters: int) -> str:
        """The mean of a map through a 1x1 convolution, in front of the channels of ``beside``, or
        where ``head_skip`` adds, added to them."""
        size = self.shape(source)
        whole = (size.height, size.width)
        mean = self._add(AveragePool("mean", source, Shape(1, 1, size.channels), whole, whole))
        mean = self.conv("fc6_mean", mean, filters, 1, hidden=True)
        mean = self._add(Upsample("up_mean", mean, Shape(*whole, filters), whole, "nearest"))
        added = self.network.head_skip
        shape = Shape(*whole, filters if added else filters + self.shape(beside).channels)
        how: Literal["add", "concat"] = "add" if added else "concat"
        return self._add(Merge("join_mean", (mean, beside), shape, how))

    def crop(self, name: str, source: str, like: Shape) -> str:
        """Crops to the height and width of ``like``; nothing is added where they fit."""
        size = self.shape(source)
        if (size.height, size.width) == (like.height, like.width):
            return source
        return self._add(Crop(name, source, Shape(like.height, like.width, size.channels)))

    def merge(self, name: str, first: str, second: str, *, quantized: bool = False) -> str:
        """Adds or concatenates, as the network says.

        Args:
            quantized: whether a quantizer stands behind a sum.
        """
        a, b = self.shape(first), self.shape(second)
        assert (a.height, a.width) == (b.height, b.width), name
        how = self.network.skip
        added = how == "add"
        shape = Shape(a.height, a.width, a.channels if added else a.channels + b.channels)
        return self._add(Merge(name, (first, second), shape, how, quantized=added and quantized))


def _strided(size: Shape, stride: int) -> Shape:
    """What a 'same' window leaves."""
    return replace(size, height=-(-size.height // stride), width=-(-size.width // stride))


def _steps(factor: int) -> tuple[int, ...]:
    """Factors of at most 8 with product ``factor``, the smallest first: 16 is 2 * 8.

    The small step comes first because the large one then works on fewer pixels.
    """
    steps: list[int] = []
    while factor > MAX_SCALE:
        steps.insert(0, MAX_SCALE)
        factor //= MAX_SCALE
    return (factor, *steps) if factor > 1 else tuple(steps)


def _fcn(builder: _Builder, n_classes: int) -> None:
    network = builder.network
    pools: dict[int, str] = {}
    tip = "image"
    if network.encoder is not None:
        pools = builder.encoder(network.encoder)
    for stage in range(1, len(network.filters) + 1):
        tip = pools[stage] = builder.pool(f"pool{stage}", builder.stage("conv", stage, tip))
    last = max(pools)
    tip = pools[last]
    if network.head_filters:
        filters, kernel = network.head_filters, 1
        tip = builder.conv("fc6", tip, filters, network.kernel, hidden=True)
        if network.head_pooling:
            tip = builder.join_mean(pools[last], tip, filters)
        if network.head_skip:
            last, kernel = last - 1, network.kernel
            tip = builder.upsample("up_fc6", tip, 2)
            tip = builder.crop("crop_fc6", tip, builder.shape(pools[last]))
            pool = builder.conv(f"fc6_pool{last}", pools[last], filters, 1, hidden=True)
            tip = builder.merge("skip_fc6", tip, pool, quantized=True)  # a convolution reads it
        tip = builder.conv("fc7", tip, filters, kernel, hidden=True)
    tip = builder.conv("score_fr", tip, n_classes, 1, hidden=False)
    n_skips = {"fcn32s": 0, "fcn16s": 1, "fcn8s": 2}[network.kind]
    for stage in range(last - 1, last - 1 - n_skips, -1):
        pool = pools[stage]
        tip = builder.upsample(f"up_pool{stage}", tip, 2)
        tip = builder.crop(f"crop_pool{stage}", tip, builder.shape(pool))
        score = builder.conv(f"score_pool{stage}", pool, n_classes, 1, hidden=False)
        tip = builder.merge(f"skip_pool{stage}", tip, score)
        if network.skip == "concat":
            tip = builder.conv(f"fuse_pool{stage}", tip, n_classes, 1, hidden=False)
    tip = builder.upsample("up_out", tip, 2 ** (last - n_skips))
    builder.crop("crop_out", tip, builder.image)


def _cnn(builder: _Builder, n_classes: int) -> None:
    network = builder.network
    tip = "image"
    for stage in range(1, len(network.filters) + 1):
        tip = builder.pool(f"pool{stage}", builder.stage("conv", stage, tip))
    if network.head_filters:
        tip = builder.whole_conv("fc6", tip, network.head_filters, hidden=True)
        builder.conv("score_fr", tip, n_classes, 1, hidden=False)
    else:
        builder.whole_conv("score_fr", tip, n_classes, hidden=False)


def _unet(builder: _Builder, n_classes: int) -> None:
    network = builder.network
    skips: dict[int, str] = {}
    tip, filters, stride = "image", network.filters, 1
    if network.encoder is not None:
        taps = builder.encoder(network.encoder)
        tip = taps.pop(max(taps))
        skips, stride = {stage: name for stage, name in taps.items() if stage > 1}, 4
    for stage in range(1, len(filters) + 1):
        tip = builder.stage("conv", stage, tip)
        if stage < len(filters):
            skips[stage] = tip
            tip = builder.pool(f"pool{stage}", tip)
    for stage, skip in sorted(skips.items(), reverse=True):
        wanted = builder.shape(skip).channels
        tip = builder.conv(f"reduce{stage}", tip, wanted, 1, hidden=True)
        tip = builder.upsample(f"up{stage}", tip, 2)
        tip = builder.crop(f"crop{stage}", tip, builder.shape(skip))
        tip = builder.merge(f"skip{stage}", tip, skip)
        tip = builder.stage("dec", stage, tip, wanted)
    tip = builder.conv("score", tip, n_classes, 1, hidden=False)
    tip = builder.upsample("up_out", tip, stride)
    builder.crop("crop_out", tip, builder.image)
