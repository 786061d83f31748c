"""Layers of a float Keras model as nodes of a topology, with their weights.

What stands alone in Keras is put where the hardware has it: a normalization goes into the weights
in front of it, a ReLU belongs to the layer whose values it takes. A normalization that has no
weights in front becomes a depthwise 1x1 convolution. Dropout and augmentation act in training only
and are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, get_args

import numpy as np
import numpy.typing as npt

from fcn_hw.errors import UnsupportedLayer
from fcn_hw.keras_files.calls import LayerCall
from fcn_hw.keras_files.refused import AXES, NEVER
from fcn_hw.names import Names
from fcn_hw.ops.skip_average import AVERAGED_INPUTS
from fcn_hw.train.networks import Weights, scaled_outputs
from fcn_hw.train.topology import (
    RELU,
    Activate,
    AveragePool,
    Conv,
    ConvTranspose,
    Crop,
    DepthwiseConv,
    Function,
    Input,
    MaxPool,
    Merge,
    Node,
    Pad,
    Shape,
    Size,
    Upsample,
    Weighted,
    function_of,
    kernel_shape,
    sources_of,
)

Array = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]

BILINEAR_SCALES = (1, 2, 4, 8, 16, 32)
"""Whose weights are short binary fractions."""

MAX_SIZE = 1 << 16
"""Rows, columns or channels of a tensor."""

_SUFFIXES = ("_act", "_function", "_bn", "_scale")
"""Of the layers that stand behind a node in a Keras model of a topology."""


class FloatLayers:
    """Builds nodes from calls, one after the other.

    Args:
        image: what the network reads.
        consumers: how many calls and outputs read each tensor.
        weights_of: the stored weights of a layer, by its path.
    """

    def __init__(
        self,
        image: Input,
        tensor: int,
        consumers: Mapping[int, int],
        weights_of: Callable[[str], list[Array]],
    ) -> None:
        self.nodes: dict[str, Node] = {image.name: image}
        self.weights: Weights = {}
        channels = image.shape.channels
        self.factor, self.summand = np.ones(channels), np.zeros(channels)
        """What the layers in front make of a value of the image, by channel."""
        self.notes: list[str] = []
        self.gives_classes = False
        """Whether a softmax or sigmoid was left out."""
        self._image = image.name
        self._names = Names(ops=[image.name])
        self._layers = {image.name, *(image.name + end for end in _SUFFIXES)}
        self._consumers, self._weights_of = consumers, weights_of
        self._at: dict[int, str] = {tensor: image.name}
        self._shared = {tensor: consumers.get(tensor, 0) > 1}
        self.paths: dict[str, str] = {}
        """The layer of the file that each node stands for."""

    def take(self, call: LayerCall, *, ends: bool) -> None:
        """Adds what a call does.

        Args:
            ends: whether its output is only an output of the model.

        Raises:
            UnsupportedLayer: it can't be quantized.
        """
        rule = RULES.get(call.kind)
        if rule is None:
            hint = REFUSED.get(call.kind, "use layers that docs/howto/your-float-model.md lists")
            raise UnsupportedLayer(call.path, f"{call.kind[:60]} can't be quantized", hint=hint)
        if call.settings.get("data_format") == "channels_first":
            raise UnsupportedLayer(
                call.path, "its images have channels first",
                hint="build it with data_format='channels_last'; the weights stay as they are",
            )  # fmt: skip
        if call.constants and call.kind not in _TAKES_CONSTANTS:
            raise UnsupportedLayer(
                call.path, "it joins a tensor and a constant",
                hint="put the constant into the bias or the weights of a layer",
            )  # fmt: skip
        if any(number not in self._at for number in call.inputs):
            return  # behind a refused layer: its shape is not known
        try:
            rule(self, call, ends)
        except (KeyError, TypeError, ValueError) as error:
            raise UnsupportedLayer(
                call.path, f"its settings are none that Keras writes ({error})",
                hint="save the model again with the Keras that built it",
            ) from error  # fmt: skip

    def node_of(self, number: int) -> Node | None:
        """The node that gives a tensor; None behind a refused layer."""
        name = self._at.get(number)
        return None if name is None else self.nodes[name]

    # -- what the rules do ------------------------------------------------------------------------

    def source(self, call: LayerCall) -> Node:
        """The only tensor that a call reads."""
        if len(call.inputs) != 1:
            raise UnsupportedLayer(
                call.path, f"it reads {len(call.inputs)} tensors, not one",
                hint="save the model again with the Keras that built it",
            )  # fmt: skip
        return self.nodes[self._at[call.inputs[0]]]

    def alone(self, call: LayerCall) -> bool:
        """Whether nothing else reads the tensor that a call reads."""
        (number,) = call.inputs
        return self._consumers[number] == 1 and not self._shared[number]

    def name(self, path: str) -> str:
        """A name for the node of a layer: an identifier that nothing else has."""
        wanted = path.replace("/", "_")
        found = self._names.give(wanted)
        while any(found + end in self._layers for end in ("", *_SUFFIXES)):
            found = self._names.give(wanted)
        self._layers |= {found + end for end in ("", *_SUFFIXES)}
        return found

    def gives(self, call: LayerCall, node: Node) -> Node:
        """A call gives the value of a new node."""
        shape = node.shape
        if min(shape.height, shape.width, shape.channels) < 1:
            raise UnsupportedLayer(
                call.path, f"it leaves {shape.height} x {shape.width} pixels",
                hint="give the network larger images",
            )  # fmt: skip
        if max(shape.height, shape.width, shape.channels) > MAX_SIZE:
            raise UnsupportedLayer(
                call.path, f"it gives {shape.height} x {shape.width} x {shape.channels} values",
                hint=f"at most {MAX_SIZE:,} rows, columns or channels",
            )  # fmt: skip
        self.nodes[node.name] = node
        self.paths.setdefault(node.name, call.path)
        self._at[call.output] = node.name
        self._shared[call.output] = False
        return node

    def passes(self, call: LayerCall) -> None:
        """A call gives what it reads."""
        (number,) = call.inputs
        self._at[call.output] = self._at[number]
        self._shared[call.output] = not self.alone(call)

    def weighted(self, call: LayerCall, node: Weighted, kernel: Array, bias: Array | None) -> None:
        """A call gives a node with weights, behind the function that the layer has inside."""
        channels = self.nodes[node.source].shape.channels
        for what, array, shape in (
            ("kernel", kernel, kernel_shape(node, channels)),
            ("bias", bias, (node.shape.channels,)),
        ):
            if array is not None and array.shape != shape:
                raise UnsupportedLayer(
                    call.path, f"its {what} is stored with shape {array.shape}, not {shape}",
                    hint="the file's weights are of another model: save the whole model again",
                )  # fmt: skip
        if bias is None:
            bias = np.zeros(node.shape.channels, np.float32)
        self.weights[node.name] = (kernel, bias)
        self.gives(call, node)

    def stored(self, call: LayerCall, *names: str) -> list[Array]:
        """The weights of a layer, of which there are as many as names.

        Raises:
            UnsupportedLayer: the file holds others.
        """
        found = self._weights_of(call.path)
        if len(found) != len(names):
            held = f"{len(found)} arrays" if found else "none"
            raise UnsupportedLayer(
                call.path, f"it has {', '.join(names)}, and the file holds {held}",
                hint="the file's weights are of another model: save the whole model again",
            )  # fmt: skip
        return found

    def affine(self, call: LayerCall, factor: Floats, summand: Floats) -> None:
        """A call gives ``factor * x + summand`` by channel."""
        node, alone = self.source(call), self.alone(call)
        if node.name == self._image and alone:
            self.factor, self.summand = self.factor * factor, self.summand * factor + summand
            self.passes(call)
        elif isinstance(node, get_args(Weighted)) and node.function is None and alone:
            kernel, bias = self.weights[node.name]
            self.weights[node.name] = (
                scaled_outputs(node, kernel, factor).astype(np.float32),
                (bias * factor + summand).astype(np.float32),
            )
            self.passes(call)
        else:
            kernel = factor.astype(np.float32).reshape(1, 1, -1, 1)
            own = DepthwiseConv(self.name(call.path), node.name, node.shape, (1, 1))
            self.weighted(call, own, kernel, summand.astype(np.float32))

    def activated(self, call: LayerCall, function: Function) -> None:
        """A call gives a function of what it reads."""
        node = self.source(call)
        takes = isinstance(node, (*get_args(Weighted), AveragePool, Merge))
        inside = takes and function_of(node) is None and getattr(node, "how", None) != "concat"
        if inside and self.alone(call) and function.kind != "hard_swish":
            self.nodes[node.name] = self._with_function(node, function)
            self.passes(call)
            return
        self.gives(call, Activate(self.name(call.path), node.name, node.shape, function))

    def _with_function(self, node: Any, function: Function) -> Node:
        changed: Node = replace(node, function=function)
        return replace(changed, quantized=True) if isinstance(changed, Merge) else changed

    def inside(self, call: LayerCall, name: str, ends: bool) -> None:
        """What a layer calls its ``activation``, behind the node that it gave."""
        behind, consumers = replace(call, inputs=(call.output,)), self._consumers
        self._consumers = {call.output: 1}  # whoever reads the layer reads what is behind it
        _named_function(self, behind, name, ends)
        self._consumers = consumers

    def finished(self, output: str) -> tuple[Node, ...]:
        """The nodes that the output needs, in order; sums that a convolution reads are quantized,
        and what a hard swish reads."""
        needed = {output}
        for node in reversed(self.nodes.values()):
            if node.name in needed:
                needed.update(sources_of(node))
        kept = [node for node in self.nodes.values() if node.name in needed]
        read: set[str] = set()
        for node in reversed(kept):
            if (
                isinstance(node, (*get_args(Weighted), AveragePool, Activate))
                or (isinstance(node, Merge) and node.quantized)
                or node.name in read
            ):
                read.update(sources_of(node))
        return tuple(
            replace(node, quantized=True)
            if isinstance(node, Merge) and node.how in _SUMS and node.name in read
            else node
            for node in kept
        )


Rule = Callable[[FloatLayers, LayerCall, bool], None]

# -- rules ----------------------------------------------------------------------------------------


def _conv(layers: FloatLayers, call: LayerCall, ends: bool) -> None:
    source, settings = layers.source(call), call.settings
    if settings.get("groups", 1) != 1:
        raise UnsupportedLayer(
            call.path, f"a convolution of {settings['groups']} groups",
            hint="use groups=1, or DepthwiseConv2D",
        )  # fmt: skip
    kernel, strides, dilation, padding = _window(call)
    shape = _moved(source.shape, kernel, strides, dilation, padding, int(settings["filters"]))
    node = Conv(
        layers.name(call.path), source.name, shape, kernel, None, padding, strides, dilation
    )
    layers.weighted(call, node, *_kernel_and_bias(layers, call))
    layers.inside(call, _function_name(call, "activation"), ends)


def _depthwise(layers: FloatLayers, call: LayerCall, ends: bool) -> None:
    source = layers.source(call)
    node = _depthwise_node(layers, call, source, call.path)
    layers.weighted(call, node, *_kernel_and_bias(layers, call))
    layers.inside(call, _function_name(call, "activation"), ends)


def _depthwise_node(layers: FloatLayers, call: LayerCall, source: Node, path: str) -> DepthwiseConv:
    kernel, strides, dilation, padding = _window(call)
    multiplier = int(call.settings.get("depth_multiplier", 1))
    channels = source.shape.channels * multiplier
    shape = _moved(source.shape, kernel, strides, dilation, padding, channels)
    name = layers.name(path)
    return DepthwiseConv(
        name, source.name, shape, kernel, None, padding, strides, dilation, multiplier
    )


def _separable(layers: FloatLayers, call: LayerCall, ends: bool) -> None:
    source, has_bias = layers.source(call), call.settings.get("use_bias", True)
    names = ("depthwise_kernel", "pointwise_kernel", *(("bias",) if has_bias else ()))
    depthwise, pointwise, *bias = layers.stored(call, *names)
    first = _depthwise_node(layers, call, source, f"{call.path}_depthwise")
    layers.weighted(call, first, depthwise, None)
    size, filters = first.shape, int(call.settings["filters"])
    shape = Shape(size.height, size.width, filters)
    node = Conv(layers.name(call.path), first.name, shape, (1, 1))
    layers.weighted(call, node, pointwise, bias[0] if bias else None)
    layers.inside(call, _function_name(call, "activation"), ends)


def _transpose(layers: FloatLayers, call: LayerCall, ends: bool) -> None:
    source = layers.source(call)
    kernel, strides, dilation, padding = _window(call)
    if dilation != (1, 1) or call.settings.get("output_padding") is not None:
        raise UnsupportedLayer(
            call.path, "a transposed convolution with dilation or output_padding",
            hint="use padding='same' without them, and Cropping2D",
        )  # fmt: skip
    rows, columns = (
        size * stride + (max(k - stride, 0) if padding == "valid" else 0)
        for size, k, stride in zip(_size(source), kernel, strides, strict=True)
    )
    shape = Shape(rows, columns, int(call.settings["filters"]))
    node = ConvTranspose(layers.name(call.path), source.name, shape, kernel, strides, None, padding)
    layers.weighted(call, node, *_kernel_and_bias(layers, call))
    layers.inside(call, _function_name(call, "activation"), ends)


def _dense(layers: FloatLayers, call: LayerCall, ends: bool) -> None:
    """Of each pixel: what a 1x1 convolution does."""
    source, size = layers.source(call), layers.source(call).shape
    kernel, bias = _kernel_and_bias(layers, call)
    shape = Shape(size.height, size.width, int(call.settings["units"]))
    node = Conv(layers.name(call.path), source.name, shape, (1, 1))
    layers.weighted(call, node, kernel[None, None], bias)
    layers.inside(call, _function_name(call, "activation"), ends)


def _batch_norm(layers: FloatLayers, call: LayerCall, ends: bool) -> None:
    settings = call.settings
    axis = settings.get("axis", -1)
    axis = axis[0] if isinstance(axis, list) and len(axis) == 1 else axis
    if axis not in (-1, 3):
        raise UnsupportedLayer(
            call.path, f"normalization along axis {axis}", hint="use axis=-1, the channels"
        )
    flags = (("gamma", "scale"), ("beta", "center"))
    held = [name for name, flag in flags if settings.get(flag, True)]
    found = layers.stored(call, *held, "mean", "variance")
    by_name = dict(zip((*held, "mean", "variance"), found, strict=True))
    channels = layers.source(call).shape.channels
    for name, array in by_name.items():
        if array.shape != (channels,):
            raise UnsupportedLayer(
                call.path, f"its {name} is stored with shape {array.shape}, not ({channels},)",
                hint="the file's weights are of another model: save the whole model again",
            )  # fmt: skip
    deviation = np.sqrt(by_name["variance"].astype(np.float64) + float(settings["epsilon"]))
    if not np.all(deviation > 0):
        raise UnsupportedLayer(
            call.path, "a variance is negative", hint="train the model again, or repair it"
        )
    factor = by_name.get("gamma", np.ones(channels)) / deviation
    summand = by_name.get("beta", np.zeros(channels)) - by_name["mean"] * factor
    layers.affine(call, np.asarray(factor), np.asarray(summand))


def _rescaling(layers: FloatLayers, call: LayerCall, ends: bool) -> None:
    channels = layers.source(call).shape.channels
    factor = _by_channel(call, "scale", call.settings["scale"], channels)
    summand = _by_channel(call, "offset", call.settings.get("offset", 0.0), channels)
    layers.affine(call, factor, summand)


def _normalization(layers: FloatLayers, call: LayerCall, ends: bool) -> None:
    channels, settings = layers.source(call).shape.channels, call.settings
    mean, variance = settings.get("mean"), settings.get("variance")
    if mean is None or variance is None:
        mean, variance, *_ = layers.stored(call, "mean", "variance", "count")
    mean = _by_channel(call, "mean", mean, channels)
    deviation = np.sqrt(_by_channel(call, "variance", variance, channels))
    deviation = np.maximum(deviation, 1e-7)  # Keras' epsilon
    if settings.get("invert"):
        layers.affine(call, deviation, mean)
    else:
        layers.affine(call, 1.0 / deviation, -mean / deviation)


def _by_channel(call: LayerCall, what: str, value: Any, channels: int) -> Floats:
    found = np.asarray(value, np.float64)
    if found.size not in (1, channels) or not np.all(np.isfinite(found)):
        raise UnsupportedLayer(
            call.path, f"its {what} is not one number, or one for each of {channels} channels",
            hint="use axis=-1 or one number",
        )  # fmt: skip
    return np.array(np.broadcast_to(found.reshape(-1), (channels,)))


def _relu(layers: FloatLayers, call: LayerCall, ends: bool) -> None:
    settings = call.settings
    limit, slope = settings.get("max_value"), settings.get("negative_slope") or 0.0
    if settings.get("threshold") or (slope and limit is not None):
        raise UnsupportedLayer(
            call.path, "a ReLU with a threshold, or with a slope and a largest value",
            hint="use ReLU, ReLU(max_value=6) or LeakyReLU",
        )  # fmt: skip
    if slope:
        layers.activated(call, _leaky(call, slope))
    else:
        layers.activated(call, RELU if limit is None else Function("relu", limit=float(limit)))


def _leaky_relu(layers: FloatLayers, call: LayerCall, ends: bool) -> None:
    slope = call.settings.get("negative_slope", call.settings.get("alpha", 0.3))
    layers.activated(call, _leaky(call, slope))


def _leaky(call: LayerCall, slope: Any) -> Function:
    if not 0.0 <= float(slope) <= 1.0:
        raise UnsupportedLayer(
            call.path, f"LeakyReLU with a slope of {float(slope):g}", hint="use a slope of 0 to 1"
        )
    return Function("leaky_relu", slope=float(slope))


def _activation(layers: FloatLayers, call: LayerCall, ends: bool) -> None:
    _named_function(layers, call, _function_name(call, "activation"), ends)


def _softmax(layers: FloatLayers, call: LayerCall, ends: bool) -> None:
    _named_function(layers, call, "softmax", ends)


def _sigmoid(layers: FloatLayers, call: LayerCall, ends: bool) -> None:
    _named_function(layers, call, "sigmoid", ends)


def _relu_function(layers: FloatLayers, call: LayerCall, ends: bool) -> None:
    layers.activated(call, RELU)


def _relu6_function(layers: FloatLayers, call: LayerCall, ends: bool) -> None:
    layers.activated(call, FUNCTIONS["relu6"])


def _hard_swish(layers: FloatLayers, call: LayerCall, ends: bool) -> None:
    layers.activated(call, FUNCTIONS["hard_swish"])


FUNCTIONS = {
    "relu": RELU,
    "relu6": Function("relu", limit=6.0),
    "leaky_relu": Function("leaky_relu", slope=0.2),
    **dict.fromkeys(("hard_swish", "hard_silu"), Function("hard_swish")),
}
"""By the name that Keras gives them."""


def _named_function(layers: FloatLayers, call: LayerCall, name: str, ends: bool) -> None:
    if name in FUNCTIONS:
        layers.activated(call, FUNCTIONS[name])
    elif name == "linear":
        layers.passes(call)
    elif name in ("softmax", "sigmoid") and ends:
        layers.passes(call)
        layers.gives_classes = True
        layers.notes.append(f"layer '{call.path}': {name} is left out, the class is the same")
    elif name in ("softmax", "sigmoid"):
        raise UnsupportedLayer(
            call.path, f"{name} in the middle of the network",
            hint="use ReLU; softmax and sigmoid may be last, where they are left out",
        )  # fmt: skip
    else:
        raise UnsupportedLayer(
            call.path, f"activation '{name[:40]}' can't be quantized",
            hint="use relu, relu6, leaky_relu or hard_swish, and train it so",
        )  # fmt: skip


def _function_name(call: LayerCall, key: str) -> str:
    """What a setting names: a function, or a layer that is one."""
    value = call.settings.get(key)
    if value is None:
        return "linear"
    if isinstance(value, dict):
        inner, kind = value.get("config"), str(value.get("class_name"))
        if kind == "function":
            return str(inner)
        if kind == "ReLU" and isinstance(inner, dict) and inner.get("max_value") == 6.0:
            return "relu6"
        return {"ReLU": "relu"}.get(kind, kind)
    return str(value)


def _max_pool(layers: FloatLayers, call: LayerCall, ends: bool) -> None:
    source, (pool, strides, padding) = layers.source(call), _pooling(call)
    shape = _moved(source.shape, pool, strides, (1, 1), padding, source.shape.channels)
    layers.gives(call, MaxPool(layers.name(call.path), source.name, shape, pool, strides, padding))


def _average_pool(layers: FloatLayers, call: LayerCall, ends: bool) -> None:
    source, (pool, strides, padding) = layers.source(call), _pooling(call)
    shape = _moved(source.shape, pool, strides, (1, 1), padding, source.shape.channels)
    layers.gives(
        call, AveragePool(layers.name(call.path), source.name, shape, pool, strides, padding)
    )


def _global_average(layers: FloatLayers, call: LayerCall, ends: bool) -> None:
    source = layers.source(call)
    size, shape = _size(source), Shape(1, 1, source.shape.channels)
    layers.gives(call, AveragePool(layers.name(call.path), source.name, shape, size, size, "valid"))


def _upsampling(layers: FloatLayers, call: LayerCall, ends: bool) -> None:
    source, scale = layers.source(call), _pair(call.settings["size"])
    method = call.settings.get("interpolation", "nearest")
    _upsampled(layers, call, source, scale, method)


def _resizing(layers: FloatLayers, call: LayerCall, ends: bool) -> None:
    source, settings = layers.source(call), call.settings
    wanted = (int(settings["height"]), int(settings["width"]))
    sizes = _size(source)
    whole = all(new % old == 0 for new, old in zip(wanted, sizes, strict=True))
    if not whole or any(
        settings.get(key) for key in ("crop_to_aspect_ratio", "pad_to_aspect_ratio", "antialias")
    ):
        raise UnsupportedLayer(
            call.path,
            f"it resizes {sizes[0]}x{sizes[1]} to {wanted[0]}x{wanted[1]}, which is no whole "
            "multiple",
            hint="resize to a whole multiple, or let the host resize the images",
        )
    scale = (wanted[0] // sizes[0], wanted[1] // sizes[1])
    _upsampled(layers, call, source, scale, settings.get("interpolation", "bilinear"))


def _upsampled(
    layers: FloatLayers, call: LayerCall, source: Node, scale: Size, method: Any
) -> None:
    if method not in ("nearest", "bilinear"):
        raise UnsupportedLayer(
            call.path, f"interpolation '{str(method)[:40]}'", hint="use 'nearest' or 'bilinear'"
        )
    if method == "bilinear" and not set(scale) <= set(BILINEAR_SCALES):
        raise UnsupportedLayer(
            call.path, f"bilinear upsampling by {scale}: its weights are no short binary fractions",
            hint="use a power of two up to 32, or a Conv2DTranspose",
        )  # fmt: skip
    size = source.shape
    shape = Shape(size.height * scale[0], size.width * scale[1], size.channels)
    layers.gives(call, Upsample(layers.name(call.path), source.name, shape, scale, method))


def _cropping(layers: FloatLayers, call: LayerCall, ends: bool) -> None:
    source = layers.source(call)
    (top, bottom), (left, right) = _borders(call.settings["cropping"])
    size = source.shape
    shape = Shape(size.height - top - bottom, size.width - left - right, size.channels)
    layers.gives(call, Crop(layers.name(call.path), source.name, shape, top, left))


def _zero_padding(layers: FloatLayers, call: LayerCall, ends: bool) -> None:
    source = layers.source(call)
    (top, bottom), (left, right) = _borders(call.settings["padding"])
    size = source.shape
    shape = Shape(size.height + top + bottom, size.width + left + right, size.channels)
    layers.gives(call, Pad(layers.name(call.path), source.name, shape, top, left))


def _merge(how: Any) -> Rule:
    def rule(layers: FloatLayers, call: LayerCall, ends: bool) -> None:
        if how == "maximum" and call.constants == (0.0,) and len(call.inputs) == 1:
            layers.activated(call, RELU)
            return
        if call.constants and how != "concat":
            raise UnsupportedLayer(
                call.path, "it joins a tensor and a constant",
                hint="put the constant into the bias or the weights of a layer",
            )  # fmt: skip
        nodes = [layers.nodes[layers._at[number]] for number in call.inputs]
        if len(nodes) < 2 or (how == "subtract" and len(nodes) != 2):
            raise UnsupportedLayer(
                call.path, f"it joins {len(nodes)} tensors", hint="join two of them"
            )
        shapes = [node.shape for node in nodes]
        largest = _largest(shapes)
        same = {(s.height, s.width) if how == "concat" else s for s in shapes}
        if how == "multiply":
            same = {_where_repeated(s, largest) for s in shapes}
        if len(same) > 1:
            listed = ", ".join(f"{s.height} x {s.width} x {s.channels}" for s in shapes)
            raise UnsupportedLayer(
                call.path, f"its inputs have different shapes: {listed}",
                hint="bring them to one shape first",
            )  # fmt: skip
        channels = sum(s.channels for s in shapes) if how == "concat" else largest.channels
        shape = replace(largest, channels=channels)
        if how == "concat" and call.settings.get("axis", -1) not in (-1, 3):
            raise UnsupportedLayer(
                call.path, f"concatenation along axis {call.settings['axis']}",
                hint="concatenate channels",
            )  # fmt: skip
        sources = tuple(node.name for node in nodes)
        # what is no short binary fraction needs a quantizer
        quantized = how == "multiply" or (how == "average" and len(nodes) not in AVERAGED_INPUTS)
        node = Merge(layers.name(call.path), sources, shape, how, quantized=quantized)
        layers.gives(call, node)

    return rule


def _largest(shapes: Sequence[Shape]) -> Shape:
    """The most rows, columns and channels."""
    return Shape(
        max(s.height for s in shapes), max(s.width for s in shapes), max(s.channels for s in shapes)
    )


def _where_repeated(shape: Shape, whole: Shape) -> Shape:
    """The shape of a tensor whose single row, column or channel is there as often as in another."""
    return Shape(
        whole.height if shape.height == 1 else shape.height,
        whole.width if shape.width == 1 else shape.width,
        whole.channels if shape.channels == 1 else shape.channels,
    )


def _nothing(layers: FloatLayers, call: LayerCall, ends: bool) -> None:
    layers.source(call)
    layers.passes(call)


RULES: dict[str, Rule] = {
    "Conv2D": _conv,
    "DepthwiseConv2D": _depthwise,
    "SeparableConv2D": _separable,
    "Conv2DTranspose": _transpose,
    "Dense": _dense,
    "BatchNormalization": _batch_norm,
    "Rescaling": _rescaling,
    "Normalization": _normalization,
    "ReLU": _relu,
    "LeakyReLU": _leaky_relu,
    "Activation": _activation,
    "Softmax": _softmax,
    "MaxPooling2D": _max_pool,
    "AveragePooling2D": _average_pool,
    "GlobalAveragePooling2D": _global_average,
    "UpSampling2D": _upsampling,
    "Resizing": _resizing,
    "Cropping2D": _cropping,
    "ZeroPadding2D": _zero_padding,
    "Add": _merge("add"),
    "Average": _merge("average"),
    "Subtract": _merge("subtract"),
    "Multiply": _merge("multiply"),
    "Maximum": _merge("maximum"),
    "Minimum": _merge("minimum"),
    "Concatenate": _merge("concat"),
    **dict.fromkeys(("Dropout", "SpatialDropout2D", "GaussianNoise", "GaussianDropout",
                     "ActivityRegularization", "AlphaDropout", "Identity"), _nothing),
    **{f"Random{kind}": _nothing
       for kind in ("Flip", "Rotation", "Translation", "Zoom", "Contrast", "Brightness")},
    # functions of keras.ops
    "Relu": _relu_function,
    "Relu6": _relu6_function,
    "HardSilu": _hard_swish,
    "Sigmoid": _sigmoid,
}  # fmt: skip
"""By class. What is not here is refused."""

_SUMS = frozenset({"add", "average", "subtract"})
"""Joins whose results have more bits than what they join."""

_TAKES_CONSTANTS = frozenset({"Add", "Subtract", "Maximum", "Minimum", "Concatenate"})

REFUSED: dict[str, str] = {
    "Lambda": "a Lambda holds code, which is never run: use a layer of Keras",
    "TFOpLambda": "use the layer of Keras that does the same",
    "GetItem": NEVER["SlicingOpLambda"],
    "Flatten": "use a Conv2D whose kernel covers the frame",
    "Reshape": AXES,
    "Permute": AXES,
    "PReLU": "use LeakyReLU, and train it so",
    "ELU": "use ReLU or LeakyReLU, and train it so",
    **dict.fromkeys(
        ("QConv2D", "QActivation", "QDepthwiseConv2D", "QConv2DTranspose"),
        "the model is quantized: fcn-hw export --model takes it as it is",
    ),
    **NEVER,
}
"""What a model can do instead of a class."""

# -- shared by the rules --------------------------------------------------------------------------


def _window(call: LayerCall) -> tuple[Size, Size, Size, Any]:
    settings = call.settings
    dilation = _pair(settings.get("dilation_rate", (1, 1)))
    return (
        _pair(settings["kernel_size"]), _pair(settings.get("strides", (1, 1))), dilation,
        _padding(call),
    )  # fmt: skip


def _pooling(call: LayerCall) -> tuple[Size, Size, Any]:
    pool = _pair(call.settings["pool_size"])
    strides = call.settings.get("strides")
    return pool, pool if strides is None else _pair(strides), _padding(call)


def _padding(call: LayerCall) -> Any:
    padding = call.settings.get("padding", "valid")
    if padding not in ("same", "valid"):
        raise UnsupportedLayer(
            call.path, f"padding '{str(padding)[:40]}'", hint="use 'same' or 'valid'"
        )
    return padding


def _pair(value: Any) -> Size:
    rows, columns = (value, value) if isinstance(value, int) else value
    if not 1 <= int(rows) <= MAX_SIZE or not 1 <= int(columns) <= MAX_SIZE:
        raise ValueError(f"{value} is no size")
    return int(rows), int(columns)


def _borders(value: Any) -> tuple[Size, Size]:
    rows, columns = (value, value) if isinstance(value, int) else value
    found = [(item, item) if isinstance(item, int) else tuple(item) for item in (rows, columns)]
    if any(len(item) != 2 or not min(item) >= 0 or max(item) > MAX_SIZE for item in found):
        raise ValueError(f"{value} are no borders")
    return found[0], found[1]


def _size(node: Node) -> Size:
    return node.shape.height, node.shape.width


def _moved(
    size: Shape, kernel: Size, strides: Size, dilation: Size, padding: str, channels: int
) -> Shape:
    """What a window that moves over an image leaves."""
    rows, columns = (
        -(-n // s) if padding == "same" else (n - (k - 1) * d - 1) // s + 1
        for n, k, s, d in zip((size.height, size.width), kernel, strides, dilation, strict=True)
    )
    return Shape(rows, columns, channels)


def _kernel_and_bias(layers: FloatLayers, call: LayerCall) -> tuple[Array, Array | None]:
    if not call.settings.get("use_bias", True):
        (kernel,) = layers.stored(call, "a kernel")
        return kernel, None
    kernel, bias = layers.stored(call, "a kernel", "a bias")
    return kernel, bias
