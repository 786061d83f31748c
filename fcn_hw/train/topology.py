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

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Union

from fcn_hw.design import Design, ListDataset, Mnist, Network
from fcn_hw.errors import ConfigError, nearest
from fcn_hw.scaling import Scaling

Upsampling = Literal["nearest", "bilinear", "transposed"]

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
class Conv:
    """Convolution with bias; ``hidden`` ones end in a ReLU, the others are linear.

    'same', or 'valid' with a kernel as large as the image, which leaves one pixel.
    """

    name: str
    source: str
    shape: Shape
    kernel: int
    hidden: bool
    padding: Literal["same", "valid"] = "same"


@dataclass(frozen=True)
class ConvTranspose:
    """Learned upsampling: kernel ``2 * scale``, stride ``scale``, 'same', linear."""

    name: str
    source: str
    shape: Shape
    scale: int

    @property
    def kernel(self) -> int:
        return 2 * self.scale


@dataclass(frozen=True)
class MaxPool:
    """Maximum over 2 x 2, stride 2, 'same'."""

    name: str
    source: str
    shape: Shape


@dataclass(frozen=True)
class Upsample:
    """Fixed upsampling by ``scale``; bilinear with half-pixel centres."""

    name: str
    source: str
    shape: Shape
    scale: int
    method: Literal["nearest", "bilinear"]


@dataclass(frozen=True)
class Crop:
    """Keeps the upper left ``shape.height`` x ``shape.width``."""

    name: str
    source: str
    shape: Shape


@dataclass(frozen=True)
class Merge:
    """Skip connection: sum, or concatenation along the channels, of two tensors of one size."""

    name: str
    sources: tuple[str, str]
    shape: Shape
    how: Literal["add", "concat"]


Node = Union[Input, Conv, ConvTranspose, MaxPool, Upsample, Crop, Merge]
Topology = tuple[Node, ...]


def build_topology(
    network: Network, image: Shape, n_classes: int, scaling: Scaling | None = None
) -> Topology:
    """The nodes of a network.

    Layer names, with ``k`` the stage (from 1) whose resolution is reached:

    * encoder ``conv{k}_{i}``, ``pool{k}``;
    * FCN: ``fc6``, ``fc7`` (if ``head_filters``; fc6 has the network's kernel, fc7 is 1 x 1),
      ``score_fr``, then for each skip ``up_pool{k}``, ``crop_pool{k}``, ``score_pool{k}``,
      ``skip_pool{k}`` and, for concat, ``fuse_pool{k}``; last ``up_out`` (``up_out_1``, ... where
      the factor is above 8) and ``crop_out``;
    * U-Net: for each stage upwards ``reduce{k}`` (1 x 1, to the skip's channels, so that all
      upsamplings and both skips fit), ``up{k}``, ``crop{k}``, ``skip{k}``, ``dec{k}_{i}``; last
      ``score``;
    * CNN: ``fc6``, whose kernel covers what is left of the image (``head_filters``), and
      ``score_fr``; without ``head_filters`` ``score_fr`` alone, with that kernel.

    Args:
        network: the design's section.
        image: shape of the input.
        n_classes: channels of the scores.
        scaling: what the first layer is given for a byte; None: ``byte / 256``.

    Raises:
        ConfigError: fewer stages than the network has skips, ``convs_per_stage`` is a list of
            another length than ``filters``, or a classifier's last map is not square.
    """
    needed, given = _STAGES_NEEDED[network.kind], len(network.filters)
    if given < needed:
        raise ConfigError(
            f"network.filters: {network.kind} needs at least {needed} stages, has {given}",
            hint="add an entry to network.filters for each missing stage",
        )
    convs = network.convs_per_stage
    if isinstance(convs, tuple) and len(convs) != given:
        raise ConfigError(
            f"network.convs_per_stage: {len(convs)} entries for {given} stages",
            hint="give one number for all stages, or as many as network.filters has",
        )
    builder = _Builder(network, image, scaling)
    if network.kind == "unet":
        _unet(builder, n_classes)
    elif network.kind == "cnn":
        _cnn(builder, n_classes)
    else:
        _fcn(builder, n_classes)
    return tuple(builder.nodes)


def design_topology(design: Design, n_classes: int | None = None) -> Topology:
    """The topology of a design; ``n_classes`` defaults to what its data set declares."""
    dataset = design.dataset
    channels = 3
    if isinstance(dataset, ListDataset):
        channels = dataset.channels
    elif isinstance(dataset, Mnist):
        channels = 1
    return build_topology(
        design.network,
        Shape(dataset.height, dataset.width, channels),
        n_classes or dataset.n_classes,
        dataset.input.of_bytes(),
    )


def quantizable(topology: Topology) -> tuple[Conv | ConvTranspose, ...]:
    """The nodes that own weights, in order; ``precision.layers`` may name them."""
    return tuple(node for node in topology if isinstance(node, (Conv, ConvTranspose)))


def layer_names(design: Design) -> tuple[str, ...]:
    """Names that ``precision.layers`` and ``hls.LayerName`` may use, in network order."""
    return tuple(node.name for node in quantizable(design_topology(design)))


def check_layer_names(design: Design) -> None:
    """Checks the layer names of the design against its network.

    Raises:
        ConfigError: a name is not a layer of the network; gives the nearest that are.
    """
    valid = layer_names(design)
    sections: dict[str, Mapping[str, object]] = {
        "precision.layers": design.precision.layers,
        "hls.LayerName": design.hls.LayerName,
        "training.pruning.layers": design.training.pruning.layers
        if design.training.pruning
        else {},
    }
    for section, entries in sections.items():
        for name in entries:
            if name not in valid:
                raise ConfigError(
                    f"{section}: '{name}' is not a layer of this {design.network.kind}",
                    hint=f"nearest: {nearest(name, valid)}",
                )


def multiplications(topology: Topology) -> int:
    """Multiply-accumulates of one image, over all convolutions; padding counted as work."""
    channels = {node.name: node.shape.channels for node in topology}
    total = 0
    for node in quantizable(topology):
        outputs = node.shape.height * node.shape.width * node.shape.channels
        taps = node.kernel**2 if isinstance(node, Conv) else 4  # (2s/s)^2 taps an output
        total += outputs * taps * channels[node.source]
    return total


def parameters(topology: Topology) -> int:
    """Weights and biases of the network, batch normalization folded."""
    channels = {node.name: node.shape.channels for node in topology}
    return sum(
        (node.kernel**2 * channels[node.source] + 1) * node.shape.channels
        for node in quantizable(topology)
    )


class _Builder:
    """Appends nodes; every method returns the name of what it made."""

    def __init__(self, network: Network, image: Shape, scaling: Scaling | None) -> None:
        self.network = network
        self.image = image
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
        return self._add(
            Conv(name, source, Shape(size.height, size.width, filters), kernel, hidden)
        )

    def whole_conv(self, name: str, source: str, filters: int, *, hidden: bool) -> str:
        """A convolution whose kernel covers the image: one pixel is left."""
        size = self.shape(source)
        if size.height != size.width:
            raise ConfigError(
                f"network: layer '{name}' of a cnn covers {size.height} x {size.width} pixels, "
                "and a kernel has to be square",
                hint="give dataset.height and dataset.width one value",
            )
        return self._add(Conv(name, source, Shape(1, 1, filters), size.height, hidden, "valid"))

    def stage(self, prefix: str, number: int, source: str) -> str:
        """The hidden convolutions ``{prefix}{number}_1``, ``_2``, ... of a stage (from 1)."""
        network = self.network
        convs = network.convs_per_stage
        count = convs if isinstance(convs, int) else convs[number - 1]
        for index in range(1, count + 1):
            name, filters = f"{prefix}{number}_{index}", network.filters[number - 1]
            source = self.conv(name, source, filters, network.kernel, hidden=True)
        return source

    def pool(self, name: str, source: str) -> str:
        size = self.shape(source)
        half = Shape((size.height + 1) // 2, (size.width + 1) // 2, size.channels)
        return self._add(MaxPool(name, source, half))

    def upsample(self, name: str, source: str, factor: int) -> str:
        """Upsamples by ``factor``, a power of two; numbered steps where it is above 8."""
        steps = _steps(factor)
        for index, scale in enumerate(steps, start=1):
            size = self.shape(source)
            shape = Shape(size.height * scale, size.width * scale, size.channels)
            step = name if len(steps) == 1 else f"{name}_{index}"
            method = self.network.upsampling
            if method == "transposed":
                source = self._add(ConvTranspose(step, source, shape, scale))
            else:
                source = self._add(Upsample(step, source, shape, scale, method))
        return source

    def crop(self, name: str, source: str, like: Shape) -> str:
        """Crops to the height and width of ``like``; nothing is added where they fit."""
        size = self.shape(source)
        if (size.height, size.width) == (like.height, like.width):
            return source
        return self._add(Crop(name, source, Shape(like.height, like.width, size.channels)))

    def merge(self, name: str, first: str, second: str) -> str:
        a, b = self.shape(first), self.shape(second)
        assert (a.height, a.width) == (b.height, b.width), name
        how = self.network.skip
        channels = a.channels if how == "add" else a.channels + b.channels
        return self._add(Merge(name, (first, second), Shape(a.height, a.width, channels), how))


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
    pools: list[str] = []
    tip = "image"
    for stage in range(1, len(network.filters) + 1):
        tip = builder.pool(f"pool{stage}", builder.stage("conv", stage, tip))
        pools.append(tip)
    if network.head_filters:
        tip = builder.conv("fc6", tip, network.head_filters, network.kernel, hidden=True)
        tip = builder.conv("fc7", tip, network.head_filters, 1, hidden=True)
    tip = builder.conv("score_fr", tip, n_classes, 1, hidden=False)
    n_skips = {"fcn32s": 0, "fcn16s": 1, "fcn8s": 2}[network.kind]
    last = len(pools)
    for stage in range(last - 1, last - 1 - n_skips, -1):
        pool = pools[stage - 1]
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
    filters = builder.network.filters
    skips: list[str] = []
    tip = "image"
    for stage in range(1, len(filters) + 1):
        tip = builder.stage("conv", stage, tip)
        if stage < len(filters):
            skips.append(tip)
            tip = builder.pool(f"pool{stage}", tip)
    for stage in range(len(filters) - 1, 0, -1):
        skip = skips[stage - 1]
        tip = builder.conv(f"reduce{stage}", tip, filters[stage - 1], 1, hidden=True)
        tip = builder.upsample(f"up{stage}", tip, 2)
        tip = builder.crop(f"crop{stage}", tip, builder.shape(skip))
        tip = builder.merge(f"skip{stage}", tip, skip)
        tip = builder.stage("dec", stage, tip)
    builder.conv("score", tip, n_classes, 1, hidden=False)
