"""One function an operator: from a node of ONNX to values of a graph.

Facts of the operators: the ONNX specification, "Operator Schemas", of opsets 9 to 21.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from fcn_hw.errors import FormatError
from fcn_hw.frontend.convolution_sums import Build, convolved
from fcn_hw.frontend.operations import (
    added,
    averaged,
    concatenated,
    cropped,
    depth_to_space,
    largest,
    max_pooled,
    mean_of,
    multiplied,
    padded,
    rectified,
    smallest,
    subtracted,
    upsampled_bilinear,
    upsampled_nearest,
)
from fcn_hw.frontend.parts import UNIT_ROUNDOFF, Affine, Curve, Floats, Rising
from fcn_hw.frontend.qonnx.items import MAX_SIDE, Fixed, Given, Image, Item, Levels
from fcn_hw.frontend.qonnx.program import Array
from fcn_hw.frontend.qonnx.quantizers import (
    bipolar_quant,
    clipped,
    dequantize_linear,
    multi_threshold,
    quant,
    quantize_linear,
    trunc,
)
from fcn_hw.frontend.values import Pending, Value
from fcn_hw.frontend.weights import Weights, check_finite, dyadic_constant
from fcn_hw.ops import Constant, Padding, Pair

MAX_FLOAT_BITS = 16
"""The widest weights that no quantizer has made: they are taken if they lie on a grid."""

_NORM_ROUNDINGS = 8
"""Roundings of a batch normalization: variance plus epsilon, square root, quotient, product with
the scale, mean, product, bias, and one for the order in which they are done."""


# -- convolutions ----------------------------------------------------------------------------------


def conv(given: Given) -> Item:
    image = given.image()
    weights = _weights(given)
    filters, depth, *kernel = weights.constant.codes.shape
    channels, group = image.shape[2], int(given.number("group", 1))
    strides, dilation = given.integers("strides", (1, 1)), given.integers("dilations", (1, 1))
    if group < 1 or depth * group != channels or filters % group:
        raise given.refused(
            f"weights of shape {weights.constant.codes.shape} in {group} groups do not go with "
            f"{channels} channels",
            "export the model again",
        )
    size = (kernel[0], kernel[1])
    padding = _padding(given, image, size, _pair(strides), _pair(dilation))
    depthwise = depth == 1 and group > 1
    if depthwise:  # (C * M, 1, p, q) to (p, q, C, M)
        shape = (channels, filters // channels, *size)
        moved = _moved(weights, lambda array: array.reshape(shape).transpose(2, 3, 0, 1))
    else:
        moved = _moved(_in_groups(weights, group), lambda array: array.transpose(2, 3, 1, 0))
    method = given.context.builder.depthwise_conv2d if depthwise else given.context.builder.conv2d

    def build(name: str, source: str, weight: Constant, bias: Constant | None, origin: str) -> str:
        return method(
            name, source, weight, bias,
            strides=_pair(strides), dilation=_pair(dilation), padding=padding, origin=origin,
        )  # fmt: skip

    return _convolution(given, image, moved, build, filters, depthwise=depthwise)


def conv_transpose(given: Given) -> Item:
    image = given.image()
    weights = _weights(given)
    depth, filters, *kernel = weights.constant.codes.shape
    strides = _pair(given.integers("strides", (1, 1)))
    more = given.integers("output_padding", (0, 0))
    if given.number("group", 1) != 1 or given.integers("dilations", (1, 1)) != (1, 1):
        raise given.refused("a transposed convolution in groups or with dilation", "use one of 1")
    if depth != image.shape[2]:
        raise given.refused(
            f"weights of shape {weights.constant.codes.shape} do not go with {image.shape[2]} "
            "channels",
            "export the model again",
        )
    if given.text("auto_pad", "NOTSET") != "NOTSET" or "output_shape" in given.node.attributes:
        raise given.refused("auto_pad or output_shape", "give pads and output_padding")
    top, left, bottom, right = given.integers("pads", (0, 0, 0, 0))
    height, width, _ = image.shape
    size = (
        (height - 1) * strides[0] + kernel[0] - top - bottom + more[0],
        (width - 1) * strides[1] + kernel[1] - left - right + more[1],
    )
    if min(*strides, *kernel, *size) < 1 or max(size) > MAX_SIDE:
        raise given.refused(f"it gives a frame of {size[0]}x{size[1]}", "look at its attributes")
    moved = _moved(weights, lambda array: array.transpose(2, 3, 0, 1))

    def build(name: str, source: str, weight: Constant, bias: Constant | None, origin: str) -> str:
        return given.context.builder.conv_transpose2d(
            name, source, weight, bias, strides=strides, crop=(top, left), size=size, origin=origin
        )

    return _convolution(given, image, moved, build, filters)


def _convolution(
    given: Given, image: Image, weights: Weights, build: Build, filters: int, *,
    depthwise: bool = False,
) -> Item:  # fmt: skip
    bias = _bias(given, filters)
    value = convolved(
        given.context, given.path, image.value, weights, bias, build, given.path, given.path,
        depthwise=depthwise,
    )  # fmt: skip
    return Image(value, image.last)


def _weights(given: Given) -> Weights:
    item = given.items[1] if len(given.items) > 1 else None
    if not isinstance(item, Fixed):
        raise given.refused("its weights depend on the image", "give constant weights")
    if item.array.ndim != 4:
        raise given.refused(
            f"weights of shape {item.array.shape}", "images have two dimensions: use Conv2d"
        )
    if given.image().last:
        raise given.refused("channels are last in front of it", "transpose images to NCHW")
    if item.weights is not None:
        return item.weights
    array = np.asarray(item.array, np.float64)
    check_finite(given.path, "its weights hold", array)
    try:
        return Weights(dyadic_constant(array, MAX_FLOAT_BITS))
    except FormatError as error:
        raise given.refused(
            f"float weights with no quantizer ({error})",
            "use brevitas.nn.QuantConv2d with a weight_quant, or weights on a grid of "
            f"{MAX_FLOAT_BITS} bits",
        ) from error


def _bias(given: Given, filters: int) -> Weights | Floats | None:
    array = given.constant(2)
    if array is None:
        return None
    if array.size != filters:
        raise given.refused(f"{array.size} biases for {filters} filters", "export the model again")
    values = np.asarray(array, np.float64).reshape(-1)
    check_finite(given.path, "its bias holds", values)
    try:
        return Weights(dyadic_constant(values))
    except FormatError:
        return values


def _moved(weights: Weights, move: Callable[[Array], Array]) -> Weights:
    codes = weights.constant.codes
    unit = weights.unit
    if unit is not None:
        unit = move(np.broadcast_to(unit, codes.shape))
    return Weights(Constant(move(codes), weights.constant.format), unit)


def _in_groups(weights: Weights, group: int) -> Weights:
    """Weights over all channels, zeros where a filter reads none of another group."""
    if group == 1:
        return weights
    codes = weights.constant.codes
    filters, depth, *kernel = codes.shape
    whole = np.zeros((filters, depth * group, *kernel), dtype=np.int64)
    unit = None if weights.unit is None else np.broadcast_to(weights.unit, codes.shape)
    units = None if unit is None else np.repeat(unit[:, :1], depth * group, axis=1)
    each = filters // group
    for n in range(group):
        rows, columns = slice(n * each, (n + 1) * each), slice(n * depth, (n + 1) * depth)
        whole[rows, columns] = codes[rows]
    return Weights(Constant(whole, weights.constant.format), units)


# -- windows ---------------------------------------------------------------------------------------


def max_pool(given: Given) -> Item:
    image = given.image()
    if len([name for name in given.node.outputs if name]) > 1:
        raise given.refused("it gives indices too", "use MaxPool without them")
    if given.integers("dilations", (1, 1)) != (1, 1):
        raise given.refused("a pooling with dilation", "use a dilation of 1")
    pool, strides, padding = _pooling(given, image)
    return Image(
        max_pooled(given.context, given.path, image.value, pool, strides, padding), image.last
    )


def average_pool(given: Given) -> Item:
    image = given.image()
    pool, strides, padding = _pooling(given, image)
    value = image.value
    if given.number("count_include_pad", 0) and padding != Padding():
        if given.number("ceil_mode", 0):
            raise given.refused(
                "zeros count in windows that ceil_mode adds", "leave ceil_mode or padding out"
            )
        value = padded(given.context, f"{given.path}_padding", value, padding)
        padding = Padding()
    return Image(averaged(given.context, given.path, value, pool, strides, padding), image.last)


def global_average_pool(given: Given) -> Item:
    image = given.image()
    return _whole_mean(given, image)


def reduce_mean(given: Given) -> Item:
    image = given.image()
    axes = given.constant(1)
    listed = given.node.attributes.get("axes") if axes is None else axes.reshape(-1).tolist()
    frame = {1, 2} if image.last else {2, 3}
    if not isinstance(listed, list) or {int(axis) % 4 for axis in listed} != frame:
        raise given.refused(f"a mean along axes {listed}", "take it over rows and columns")
    if not given.number("keepdims", 1):
        raise given.refused("without keepdims it gives no image", "use keepdim=True")
    return _whole_mean(given, image)


def _whole_mean(given: Given, image: Image) -> Item:
    size = image.shape[:2]
    return Image(
        averaged(given.context, given.path, image.value, size, size, Padding()), image.last
    )


def _pooling(given: Given, image: Image) -> tuple[Pair, Pair, Padding]:
    if "kernel_shape" not in given.node.attributes:
        raise given.refused("it has no kernel_shape", "export the model again")
    pool = _pair(given.integers("kernel_shape", (0, 0)))
    strides = _pair(given.integers("strides", (1, 1)))
    padding = _padding(given, image, pool, strides, (1, 1))
    if not given.number("ceil_mode", 0):
        return pool, strides, padding

    def end(length: int, before: int, after: int, size: int, stride: int) -> int:
        """Rows behind the frame with the last window, which must begin in front of them."""
        count = -(-(length + before + after - size) // stride) + 1
        count -= (count - 1) * stride >= length + before
        return max((count - 1) * stride + size - length - before, 0)

    height, width, _ = image.shape
    bottom = end(height, padding.top, padding.bottom, pool[0], strides[0])
    right = end(width, padding.left, padding.right, pool[1], strides[1])
    return pool, strides, replace(padding, bottom=bottom, right=right)


def _padding(given: Given, image: Image, kernel: Pair, strides: Pair, dilation: Pair) -> Padding:
    if min(*kernel, *strides, *dilation) < 1:
        raise given.refused(
            f"windows of {kernel}, strides {strides}, dilation {dilation}", "use 1 or more"
        )
    padding = _given_padding(given, image, kernel, strides, dilation)
    height, width, _ = image.shape
    rows, columns = ((n - 1) * d + 1 for n, d in zip(kernel, dilation, strict=True))
    if (
        height + padding.top + padding.bottom < rows
        or width + padding.left + padding.right < columns
    ):
        raise given.refused(
            f"its window of {rows}x{columns} is larger than the frame of {height}x{width}",
            "use a smaller window",
        )
    return padding


def _given_padding(
    given: Given, image: Image, kernel: Pair, strides: Pair, dilation: Pair
) -> Padding:
    kind = given.text("auto_pad", "NOTSET")
    if kind == "NOTSET":
        top, left, bottom, right = given.integers("pads", (0, 0, 0, 0))
        return Padding(top, bottom, left, right)
    if kind == "VALID":
        return Padding()
    same = Padding.same(image.shape[:2], kernel, strides, dilation)
    if kind == "SAME_UPPER":
        return same
    if kind == "SAME_LOWER":
        return Padding(same.bottom, same.top, same.right, same.left)
    raise given.refused(f"auto_pad '{kind[:40]}'", "give pads")


# -- sizes of frames -------------------------------------------------------------------------------


def resize(given: Given) -> Item:
    image = given.image()
    height, width, _ = image.shape
    new = _new_size(given, image)
    if new[0] % height or new[1] % width:
        raise given.refused(
            f"it resizes {height}x{width} to {new[0]}x{new[1]}, which is no whole multiple",
            "resize to a whole multiple, or let the host resize the images",
        )
    scale = (new[0] // height, new[1] // width)
    mode, place = _resize_mode(given)
    if given.number("antialias", 0) or given.number("exclude_outside", 0):
        raise given.refused("antialias or exclude_outside", "leave both out")
    if mode == "nearest":
        nearest = given.text("nearest_mode", "round_prefer_floor" if place else "floor")
        if not all(_repeats(n, place or "asymmetric", nearest) for n in scale):
            raise given.refused(
                f"nearest with {place} and {nearest} does not repeat pixels",
                "use torch.nn.Upsample(scale_factor=2), which writes asymmetric and floor",
            )
        value = upsampled_nearest(given.context, given.path, image.value, scale)
        return Image(value, image.last)
    if mode != "linear":
        raise given.refused(f"mode '{mode[:40]}'", "use 'nearest' or 'bilinear'")
    if place not in ("half_pixel", "pytorch_half_pixel"):
        raise given.refused(
            f"bilinear with {place or 'asymmetric'} coordinates",
            "use align_corners=False, which writes half_pixel coordinates, and opset 11 or later",
        )
    value = upsampled_bilinear(given.context, given.path, image.value, scale)
    return Image(value, image.last)


def pixel_shuffle(given: Given) -> Item:
    image, block = given.image(), given.number("blocksize", 0)
    mode = given.text("mode", "DCR")
    if image.last:
        raise given.refused("channels are last in front of it", "transpose images to NCHW")
    if not isinstance(block, int) or not 1 <= block <= MAX_SIDE or mode not in ("DCR", "CRD"):
        raise given.refused(f"blocks of {block}, mode '{mode[:40]}'", "use torch.nn.PixelShuffle")
    stride = 1 if mode == "DCR" else block * block
    value = depth_to_space(given.context, given.path, image.value, (block, block), stride)
    return Image(value)


def _resize_mode(given: Given) -> tuple[str, str]:
    """Mode, and place of pixels; ``""`` for Upsample and Resize of opset 10, which have none."""
    old = given.node.kind == "Upsample" or given.node.version < 11
    place = "" if old else given.text("coordinate_transformation_mode", "half_pixel")
    return given.text("mode", "nearest"), place


def _new_size(given: Given, image: Image) -> Pair:
    old = given.node.kind == "Upsample" or given.node.version < 11
    scales = given.constant(1 if old else 2)
    sizes = None if old else given.constant(3)
    if sizes is not None and sizes.size:
        wanted = [int(size) for size in sizes.reshape(-1)]
    elif scales is not None and scales.size:
        flat = np.asarray(scales, np.float64).reshape(-1)
        if len(flat) != 4 or not np.all(np.isfinite(flat)):
            raise given.refused("its scales are not those of four axes", "export the model again")
        wanted = [int(np.floor(a * b)) for a, b in zip(image.sizes, flat, strict=True)]
    else:
        listed = given.node.attributes.get("scales", [])
        raise given.refused(f"scales {listed} as an attribute", "use opset 9 or later")
    axis = image.channel_axis
    if len(wanted) != 4 or wanted[0] != 1 or wanted[axis] != image.shape[2]:
        raise given.refused(f"it resizes to {wanted}", "resize rows and columns")
    height, width = (wanted[n] for n in range(1, 4) if n != axis)
    if not 0 < height <= MAX_SIDE or not 0 < width <= MAX_SIDE:
        raise given.refused(f"it resizes to {wanted}", "use a whole multiple of the frame")
    return height, width


def _repeats(scale: int, place: str, nearest: str) -> bool:
    """Whether nearest neighbours of an upsampling by ``scale`` are each pixel ``scale`` times."""
    x = np.arange(4 * scale, dtype=np.float64)
    if place == "asymmetric":
        source = x / scale
    elif place in ("half_pixel", "pytorch_half_pixel"):
        source = (x + 0.5) / scale - 0.5
    else:
        return False
    ways: dict[str, Callable[[Floats], Floats]] = {
        "floor": np.floor,
        "ceil": np.ceil,
        "round_prefer_floor": lambda v: np.ceil(v - 0.5),
        "round_prefer_ceil": lambda v: np.floor(v + 0.5),
    }
    if nearest not in ways:
        return False
    return bool(np.array_equal(np.clip(ways[nearest](source), 0, 3), x // scale))


def pad(given: Given) -> Item:
    image = given.image()
    if given.text("mode", "constant") != "constant":
        raise given.refused(f"mode '{given.text('mode', '')[:40]}'", "pad by zeros")
    value = given.constant(2)
    if (value is not None and np.any(value)) or given.number("value", 0):
        raise given.refused("it pads by another value than 0", "pad by zeros")
    pads = given.constant(1)
    listed = given.node.attributes.get("pads") if pads is None else pads.reshape(-1).tolist()
    axes = given.constant(3)
    if not isinstance(listed, list) or len(listed) != 8 or axes is not None:
        raise given.refused("its pads are not those of four axes", "export the model again")
    before, after = [int(n) for n in listed[:4]], [int(n) for n in listed[4:]]
    axis = image.channel_axis
    if before[0] or after[0] or before[axis] or after[axis]:
        raise given.refused("it pads channels", "pad rows and columns")
    (top, left), (bottom, right) = (
        [ends[n] for n in range(1, 4) if n != axis] for ends in (before, after)
    )
    found, value_of = image.value, [top, bottom, left, right]
    if min(value_of) < 0:
        cut = [max(-n, 0) for n in value_of]
        height, width, _ = found.shape
        size = (height - cut[0] - cut[1], width - cut[2] - cut[3])
        if min(size) < 1:
            raise given.refused("it cuts the whole frame", "cut less")
        found = cropped(given.context, f"{given.path}_cut", found, (cut[0], cut[2]), size)
    added_ = Padding(*(max(n, 0) for n in value_of))
    return Image(padded(given.context, given.path, found, added_), image.last)


def crop(given: Given) -> Item:
    """Slice of rows and columns."""
    image = given.image()
    if given.node.version < 10:
        starts, ends, axes, steps = (
            given.node.attributes.get(name) for name in ("starts", "ends", "axes", "steps")
        )
    else:
        starts, ends, axes, steps = (
            None if array is None else [int(n) for n in array.reshape(-1)]
            for array in (given.constant(n) for n in range(1, 5))
        )
    if not starts or not ends or len(starts) != len(ends):
        raise given.refused("its starts and ends are missing", "export the model again")
    ranges = [(0, size) for size in image.sizes]
    for n, (start, end) in enumerate(zip(starts, ends, strict=True)):
        axis = (axes or list(range(len(starts))))[n] % 4
        if (steps or [1] * len(starts))[n] != 1:
            raise given.refused("a slice with steps", "use a convolution or pooling with strides")
        size = image.sizes[axis]
        first, last, _ = slice(start, end).indices(size)
        ranges[axis] = (first, last)
    axis = image.channel_axis
    if ranges[0] != (0, 1) or ranges[axis] != (0, image.shape[2]):
        raise given.refused("it cuts channels", "use a convolution for each part instead")
    (top, bottom), (left, right) = (ranges[n] for n in range(1, 4) if n != axis)
    if bottom <= top or right <= left:
        raise given.refused("nothing is left of the frame", "cut less")
    kept = (bottom - top, right - left)
    return Image(cropped(given.context, given.path, image.value, (top, left), kept), image.last)


def transpose(given: Given) -> Item:
    item = given.items[0]
    if not isinstance(item, Image):
        raise given.refused("it transposes integers", "put it behind the DequantizeLinear")
    perm = given.node.attributes.get("perm")
    if perm == [0, 1, 2, 3]:
        return nothing(given)
    if item.classes or perm != ([0, 3, 1, 2] if item.last else [0, 2, 3, 1]):
        raise given.refused(f"a transposition {perm}", "only NCHW to NHWC and back is taken")
    _moves_head(given)
    return replace(item, last=not item.last)


# -- joins -----------------------------------------------------------------------------------------


def add(given: Given) -> Item:
    if any(isinstance(item, Fixed) for item in given.items):
        return _with_constant(given)
    return _joined(given, added)


def sub(given: Given) -> Item:
    if any(isinstance(item, Fixed) for item in given.items):
        return _with_constant(given)
    return _joined(given, subtracted)


def mean(given: Given) -> Item:
    return _joined(given, mean_of)


def mul(given: Given) -> Item:
    if any(isinstance(item, Fixed) for item in given.items):
        return _with_constant(given)
    return _joined(given, multiplied)


def div(given: Given) -> Item:
    if len(given.items) == 2 and isinstance(given.items[1], Fixed):
        return _with_constant(given)
    raise given.refused("quotients of images have no op here", "divide by a constant")


def maximum(given: Given) -> Item:
    return _extremum(given, largest)


def minimum(given: Given) -> Item:
    return _extremum(given, smallest)


def _extremum(given: Given, join: Callable[..., Value]) -> Item:
    fixed = [n for n, item in enumerate(given.items) if isinstance(item, Fixed)]
    if not fixed:
        return _joined(given, join)
    if len(given.items) != 2 or len(fixed) != 1:
        raise given.refused("more than one constant", "give one image and one constant")
    position = 1 - fixed[0]
    image = given.image(position)
    array = given.constant(fixed[0])
    assert array is not None
    given.by_channel(array, image, "constant")
    part = Rising(given.path, f"{given.node.kind} with a constant", given.function(position))
    return Image(Pending(image.value, part), image.last)


def concat(given: Given) -> Item:
    images = given.images()
    axis = int(given.number("axis", 0)) % 4
    if axis != images[0].channel_axis:
        raise given.refused(f"concatenation along axis {axis}", "concatenate channels")
    frames = {image.value.shape[:2] for image in images}
    if len(frames) > 1:
        raise given.refused(f"frames of different sizes: {sorted(frames)}", "crop or pad one first")
    return _joined(given, concatenated)


def _joined(given: Given, join: Callable[..., Value]) -> Item:
    images = given.images()
    values = [image.value for image in images]
    return Image(
        values[0] if len(values) == 1 else join(given.context, given.path, values), images[0].last
    )


# -- values alone ----------------------------------------------------------------------------------


def _with_constant(given: Given) -> Item:
    """An image and a constant: added, subtracted, multiplied or divided."""
    fixed = [n for n, item in enumerate(given.items) if isinstance(item, Fixed)]
    if len(given.items) != 2 or len(fixed) != 1:
        raise given.refused("it takes no image", "give it one image and one constant")
    position = 1 - fixed[0]
    image, array = given.image(position), given.constant(fixed[0])
    assert array is not None, "it is a constant"
    number = given.by_channel(array, image, "constant")
    ones, zeros = np.ones(len(number)), np.zeros(len(number))
    kind = given.node.kind
    if kind == "Div" and not np.all(number):
        raise given.refused("it divides by 0", "train the model again")
    factor, summand = {
        "Add": (ones, number),
        "Sub": (ones, -number) if position == 0 else (-ones, number),
        "Mul": (number, zeros),
        "Div": (1.0 / np.where(number == 0, 1.0, number), zeros),
    }[kind]
    part = Affine(given.path, f"{kind} with a constant", factor, summand, given.function(position))
    return Image(Pending(image.value, part), image.last)


def batch_normalization(given: Given) -> Item:
    image = given.image()
    if given.number("training_mode", 0) or len([name for name in given.node.outputs if name]) > 1:
        raise given.refused("a normalization in training mode", "export model.eval()")
    numbers = []
    for n, what in enumerate(("scale", "bias", "mean", "variance"), start=1):
        array = given.constant(n)
        if array is None or array.size != image.shape[2]:
            raise given.refused(f"its {what} is not one number a channel", "export the model again")
        numbers.append(given.finite(array, what, image.shape[2]))
    gamma, beta, mean, variance = numbers
    epsilon = float(np.float32(given.number("epsilon", 1e-5)))
    with np.errstate(all="ignore"):  # what is not finite is refused
        factor = gamma / np.sqrt(variance + epsilon)
        summand = beta - mean * factor
    check_finite(given.path, "its parameters give", factor, summand)
    part = Affine(
        given.path,
        "BatchNormalization",
        factor,
        summand,
        given.function(),
        own_error=_NORM_ROUNDINGS * UNIT_ROUNDOFF * np.abs(mean * factor),
        roundings=_NORM_ROUNDINGS,
    )
    return Image(Pending(image.value, part), image.last)


def relu(given: Given) -> Item:
    image = given.image()
    part = Rising(given.path, "Relu", given.function(), rectifies=True)
    value = rectified(given.context, given.path, image.value, given.path, part)
    return Image(value, image.last)


def clip(given: Given) -> Item:
    if isinstance(given.items[0], Levels):
        return clipped(given, given.items[0])
    if given.node.version < 11:
        low = given.number("min", -np.inf)
        high = given.number("max", np.inf)
    else:
        low = -np.inf if given.constant(1) is None else given.one(1, "minimum")
        high = np.inf if given.constant(2) is None else given.one(2, "maximum")
    if not low <= high:
        raise given.refused(f"it clips to {low:g} to {high:g}", "give a minimum below the maximum")
    if (low, high) == (0, np.inf):
        return relu(given)
    return _rising(given, f"Clip to {low:g} to {high:g}")


def leaky_relu(given: Given) -> Item:
    alpha = given.number("alpha", 0.01)
    if not 0 <= alpha <= 1:
        raise given.refused(f"LeakyRelu with alpha={alpha:g}", "use an alpha of 0 to 1")
    return _rising(given, f"LeakyRelu with alpha={alpha:g}")


def prelu(given: Given) -> Item:
    image, array = given.image(), given.constant(1)
    if array is None:
        raise given.refused("its slopes are missing", "export the model again")
    slopes = given.by_channel(array, image, "slope")
    if np.any(slopes > 1) or np.any(slopes < 0):
        return _curve(given, "PRelu", max(1.0, float(np.abs(slopes).max())))
    return _rising(given, "PRelu")


def hard_sigmoid(given: Given) -> Item:
    if not 0 <= given.number("alpha", 0.2) <= 1:
        raise given.refused("HardSigmoid with another slope than 0 to 1", "use 1/6 or 0.2")
    return _rising(given, "HardSigmoid")


def elu(given: Given) -> Item:
    if not 0 <= given.number("alpha", 1.0) <= 1:
        raise given.refused("Elu with another alpha than 0 to 1", "use an alpha of 1")
    return _rising(given, "Elu")


def rising(given: Given) -> Item:
    return _rising(given, given.node.kind)


def hard_swish(given: Given) -> Item:
    return _curve(given, "HardSwish", 1.5)


def sigmoid(given: Given) -> Item:
    if given.node.output in given.reading.ends:
        return _head(given, "sigmoid")
    return _rising(given, "Sigmoid")


def _rising(given: Given, label: str) -> Item:
    image = given.image()
    return Image(Pending(image.value, Rising(given.path, label, given.function())), image.last)


def _curve(given: Given, label: str, steepest: float) -> Item:
    image = given.image()
    part = Curve(given.path, label, given.function(), steepest)
    return Image(Pending(image.value, part), image.last)


def nothing(given: Given) -> Item:
    """A node that does nothing in inference."""
    item = given.items[0]
    if item is None:
        raise given.refused("input 0 is missing", "export the model again")
    _moves_head(given)
    return item


def _moves_head(given: Given) -> None:
    """A function that keeps classes stays the last one in front of a node that does nothing."""
    heads = given.context.heads
    head = heads.pop(given.node.inputs[0], None)
    if head is not None:
        heads[given.node.output] = head


def cast(given: Given) -> Item:
    if given.number("to", 0) != 1 and not _is_class_map(given):
        raise given.refused("it casts images to another type than float32", "leave the cast out")
    return nothing(given)


def _is_class_map(given: Given) -> bool:
    item = given.items[0]
    return isinstance(item, Image) and item.classes


# -- ends ------------------------------------------------------------------------------------------


def softmax(given: Given) -> Item:
    image = given.image()
    axis = int(given.number("axis", 1 if given.node.version < 13 else -1)) % 4
    if axis != image.channel_axis:
        raise given.refused(f"softmax along axis {axis}", "take it along the channels")
    return _head(given, "softmax")


def arg_max(given: Given) -> Item:
    image = given.image()
    axis = int(given.number("axis", 0)) % 4
    if axis != image.channel_axis or given.number("select_last_index", 0):
        raise given.refused(f"ArgMax along axis {axis}", "take it along the channels")
    _moves_head(given)  # of a softmax in front of it
    given.context.heads[given.node.output] = (given.path, "softmax")
    return replace(image, classes=True)


def _head(given: Given, label: str) -> Item:
    """A function that keeps the order of channels: arg-max needs none of it."""
    image = given.image()
    given.context.heads[given.node.output] = (given.path, label)
    return image


def shape(given: Given) -> Item:
    return Fixed(np.array(given.image().sizes, dtype=np.int64))


def _pair(numbers: Sequence[int]) -> Pair:
    first, second = numbers
    return first, second


@dataclass(frozen=True)
class NodeRule:
    """How an operator is taken, for the reader and for ``docs/operators.md``.

    Args:
        read: the function.
        status: ``exact``, or what it depends on.
        note: its form in hardware, and its limits.
    """

    read: Callable[[Given], Item]
    status: str
    note: str = ""


_EXACT, _NOTHING = "exact", "removed"
_BEHIND = "proved behind a quantizer, else measured"
_SCALED = "exact between scales that are powers of two; other scales as below"

NODES: dict[str, NodeRule] = {
    "Conv": NodeRule(
        conv, _SCALED, "stride, dilation, pads on each side, groups, depthwise; bias or none"
    ),
    "ConvTranspose": NodeRule(
        conv_transpose, _SCALED, "kernel, stride, pads, output_padding; no groups, no dilation"
    ),
    "MaxPool": NodeRule(max_pool, _EXACT, "any window and stride, pads, ceil_mode"),
    "AveragePool": NodeRule(
        average_pool,
        _EXACT,
        "windows of 2**n positions; others proved behind a quantizer, else measured; pads count or "
        "not",
    ),
    "GlobalAveragePool": NodeRule(global_average_pool, _EXACT, "as AveragePool"),
    "ReduceMean": NodeRule(reduce_mean, _EXACT, "of rows and columns, with keepdims"),
    "Resize": NodeRule(
        resize,
        _EXACT,
        "whole multiples: nearest where it repeats pixels, linear by powers of two to 32 with "
        "half_pixel or pytorch_half_pixel, other factors behind a quantizer as AveragePool; "
        "asymmetric and align_corners are refused for linear",
    ),
    "Upsample": NodeRule(resize, _EXACT, "nearest"),
    "DepthToSpace": NodeRule(pixel_shuffle, _EXACT, "modes DCR and CRD (torch.nn.PixelShuffle)"),
    "Pad": NodeRule(pad, _EXACT, "zeros around the frame; negative pads cut"),
    "Slice": NodeRule(crop, _EXACT, "of rows and columns, without steps"),
    "Transpose": NodeRule(transpose, _NOTHING, "NCHW to NHWC and back"),
    "Add": NodeRule(
        add,
        _EXACT,
        "images of one scale; other scales are proved behind a quantizer where their combinations "
        "of codes are few, else measured; a constant is as Mul",
    ),
    "Sum": NodeRule(add, _EXACT, "as Add"),
    "Mean": NodeRule(mean, _EXACT, "of two or four images of one scale; of others as AveragePool"),
    "Sub": NodeRule(sub, _EXACT, "two images of one scale; a constant is as Mul"),
    "Max": NodeRule(maximum, _EXACT, "images of one scale; a constant needs a quantizer behind it"),
    "Min": NodeRule(minimum, _EXACT, "as Max"),
    "Concat": NodeRule(concat, _EXACT, "channels; of one scale, or with a quantizer behind it"),
    "Mul": NodeRule(
        mul,
        _EXACT,
        "images; one of them may have one channel, one row or one column; by a constant, one or "
        "one a channel, as Div",
    ),
    "Div": NodeRule(div, _BEHIND, "by a constant, one or one a channel"),
    "BatchNormalization": NodeRule(batch_normalization, _BEHIND, "in inference"),
    "Relu": NodeRule(relu, _EXACT, "measured behind float nodes without a quantizer"),
    "Clip": NodeRule(clip, _BEHIND, "a quantizer must follow; from 0 on it is a Relu"),
    "LeakyRelu": NodeRule(leaky_relu, _BEHIND, "a quantizer must follow"),
    "PRelu": NodeRule(
        prelu, _BEHIND, "slopes by channel, 0 to 1; others, alike on all channels, as HardSwish"
    ),
    "Elu": NodeRule(elu, _BEHIND, "a quantizer must follow"),
    "Sigmoid": NodeRule(
        sigmoid, _BEHIND, "a quantizer must follow; as the last node: score > 0, or the scores"
    ),
    "Tanh": NodeRule(rising, _BEHIND, "a quantizer must follow"),
    "Softsign": NodeRule(rising, _BEHIND, "a quantizer must follow"),
    "Softplus": NodeRule(rising, _BEHIND, "a quantizer must follow"),
    "HardSigmoid": NodeRule(hard_sigmoid, _BEHIND, "a quantizer must follow"),
    "HardSwish": NodeRule(
        hard_swish,
        "proved",
        "a table, between a quantizer of at most 12 bits and another; also what falls and rises",
    ),
    "Softmax": NodeRule(softmax, _NOTHING, "as the last node, along the channels: arg-max"),
    "LogSoftmax": NodeRule(softmax, _NOTHING, "as Softmax"),
    "ArgMax": NodeRule(arg_max, _EXACT, "as the last node, along the channels"),
    "Identity": NodeRule(nothing, _NOTHING),
    "Dropout": NodeRule(nothing, _NOTHING),
    "Cast": NodeRule(cast, _NOTHING, "to float32, and of class maps"),
    "Shape": NodeRule(shape, "a constant", "sizes of frames are fixed"),
    "QuantizeLinear": NodeRule(
        quantize_linear, _EXACT, "to int8 or uint8; a Clip of the integers makes fewer bits"
    ),
    "DequantizeLinear": NodeRule(
        dequantize_linear, _EXACT, "of a QuantizeLinear of the same scale, or of weights"
    ),
}
"""ONNX's own operators. What is not here is refused by name."""

QONNX_NODES: dict[str, NodeRule] = {
    "Quant": NodeRule(quant, _EXACT, "as IntQuant"),
    "IntQuant": NodeRule(
        quant,
        _EXACT,
        "1 to 24 bits, signed or not, narrow or not, zero point 0; all rounding modes of qonnx",
    ),
    "BipolarQuant": NodeRule(bipolar_quant, "proved", "one threshold a channel"),
    "Trunc": NodeRule(trunc, "proved", "versions 1 and 2"),
    "MultiThreshold": NodeRule(
        multi_threshold, "proved", "thresholds by channel; no out_scale or out_bias"
    ),
}
"""Operators of qonnx. What is not here is refused by name."""

_ONE_PIXEL = "a 1x1 convolution does the same for every pixel"
_FRAME = "keep images as (1, channels, height, width)"

REFUSED: dict[str, str] = {
    "Gemm": _ONE_PIXEL,
    "MatMul": _ONE_PIXEL,
    "Flatten": "use a convolution whose kernel covers the frame",
    **dict.fromkeys(("Reshape", "Squeeze", "Unsqueeze", "Expand", "Tile"), _FRAME),
    "SpaceToDepth": "use Conv with strides",
    **dict.fromkeys(("Split", "Gather"), "use a convolution for each part instead of slices"),
    "GlobalMaxPool": "use MaxPool with the frame's size",
    **dict.fromkeys(
        ("InstanceNormalization", "LayerNormalization", "GroupNormalization"),
        "its statistics are of each image: use BatchNormalization",
    ),
    **dict.fromkeys(("LSTM", "GRU", "RNN"), "recurrent layers keep state, which frames have not"),
    **dict.fromkeys(("If", "Loop", "Scan"), "networks of a fixed order of nodes are read"),
    **dict.fromkeys(
        ("QLinearConv", "ConvInteger", "QLinearAdd", "DynamicQuantizeLinear"),
        "export QONNX or QCDQ, whose weights and scales stand beside float operators",
    ),
    "FloatQuant": "use integers: IntQuant",
    "QuantAvgPool2d": "use AveragePool and Trunc",
}
"""What a model can do instead of these operators."""
