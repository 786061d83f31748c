"""Functions of TensorFlow in a model's configuration, taken as the layers that do the same.

``a + b`` and ``tf.concat`` on tensors of a model become layers of class ``TFOpLambda``, which name
a function that Keras would look up and call. They are replaced by name, in the configuration and
before Keras sees it: no code of a file is run, and no function is looked up.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fcn_hw.keras_files.refused import AXES

CALLS_FUNCTION = "TFOpLambda"

DEPTH_TO_SPACE = "tf.nn.depth_to_space"
"""The class of a layer that calls this function. Keras has none that does the same; no class that
is written in Python can have this name, so no file holds another class of it."""

Arguments = dict[str, Any]
Tensors = list[list[Any]]
"""References to tensors, ``[layer, node, tensor]`` each."""

Replacement = Callable[[Tensors, Arguments], "tuple[str, Arguments] | None"]
"""(tensors, other arguments) -> class and settings of a layer; None where none does the same."""


def _join(kind: str) -> Replacement:
    def replace(tensors: Tensors, others: Arguments) -> tuple[str, Arguments] | None:
        return (kind, {}) if len(tensors) > 1 and not others else None

    return replace


def _single(kind: str, **settings: Any) -> Replacement:
    def replace(tensors: Tensors, others: Arguments) -> tuple[str, Arguments] | None:
        return (kind, settings) if len(tensors) == 1 and not others else None

    return replace


def _maximum(tensors: Tensors, others: Arguments) -> tuple[str, Arguments] | None:
    if len(tensors) == 1 and others == {"y": 0}:
        return "ReLU", {}
    return _join("Maximum")(tensors, others)


def _concat(tensors: Tensors, others: Arguments) -> tuple[str, Arguments] | None:
    if len(tensors) < 2 or set(others) != {"axis"} or not isinstance(others["axis"], int):
        return None
    return "Concatenate", others


def _pad(tensors: Tensors, others: Arguments) -> tuple[str, Arguments] | None:
    sizes = others.pop("paddings", None)
    plain = others.pop("mode", "CONSTANT") == "CONSTANT" and not others.pop("constant_values", 0)
    if len(tensors) != 1 or others or not plain or not isinstance(sizes, list) or len(sizes) != 4:
        return None
    batch, rows, columns, channels = sizes
    if [batch, channels] != [[0, 0], [0, 0]]:
        return None
    return "ZeroPadding2D", {"padding": [rows, columns]}


def _resize(tensors: Tensors, others: Arguments) -> tuple[str, Arguments] | None:
    size, method = others.pop("size", None), others.pop("method", "bilinear")
    others = {key: value for key, value in others.items() if value is not False}
    if len(tensors) != 1 or others or not isinstance(size, list) or len(size) != 2:
        return None
    return "Resizing", {"height": size[0], "width": size[1], "interpolation": method}


def _depth_to_space(tensors: Tensors, others: Arguments) -> tuple[str, Arguments] | None:
    block, order = others.pop("block_size", None), others.pop("data_format", "NHWC")
    if len(tensors) != 1 or others or order != "NHWC" or type(block) is not int or block < 1:
        return None
    return DEPTH_TO_SPACE, {"block_size": block}


FUNCTIONS: dict[str, Replacement] = {
    **dict.fromkeys(("__operators__.add", "math.add", "math.add_n"), _join("Add")),
    **dict.fromkeys(("__operators__.sub", "math.subtract"), _join("Subtract")),
    "math.multiply": _join("Multiply"),
    "math.maximum": _maximum,
    "math.minimum": _join("Minimum"),
    "concat": _concat,
    "nn.relu": _single("ReLU"),
    "nn.relu6": _single("ReLU", max_value=6.0),
    "nn.softmax": _single("Softmax"),
    "identity": _single("Activation", activation="linear"),
    **dict.fromkeys(("pad", "compat.v1.pad"), _pad),
    "image.resize": _resize,
    "nn.depth_to_space": _depth_to_space,
}
"""By the name that Keras stores: that of the function, without ``tf.``."""

_SCALE = "scale the weights of the layer in front, or let a quantizer's binary point do it"
_MATRIX = "matrix products of activations have no op here: use Multiply, value by value"
_BEFORE = "use the layer of Keras, and put a QActivation behind it"

FUNCTION_HINTS: dict[str, str] = {
    "nn.depth_to_space": "give it one tensor and a block size, channels last",
    "nn.space_to_depth": "use a QConv2D with strides",
    **dict.fromkeys(("linalg.matmul", "einsum"), _MATRIX),
    **dict.fromkeys(("math.multiply", "math.truediv", "math.divide", "math.negative"), _SCALE),
    "math.minimum": "the smallest of a tensor and a constant has no op here",
    **dict.fromkeys(("math.abs", "math.square", "math.sqrt", "math.exp", "math.log", "math.pow"),
                    "use a quantizer or an activation that docs/operators.md lists"),
    **dict.fromkeys(("math.sigmoid", "math.tanh", "nn.elu", "nn.leaky_relu", "nn.silu", "nn.swish",
                     "math.softplus", "nn.softsign"), _BEFORE),
    "clip_by_value": "use QActivation('quantized_relu(bits, integer)'), which clips",
    "math.reduce_mean": "use GlobalAveragePooling2D(keepdims=True)",
    "math.reduce_max": "use MaxPooling2D with the frame's size",
    "math.argmax": "leave it out: arg-max follows the last layer by itself",
    **dict.fromkeys(("reshape", "transpose", "expand_dims", "squeeze", "cast", "stack", "shape",
                     "compat.v1.shape", "compat.v1.transpose"), AXES),
    **dict.fromkeys(("split", "slice", "strided_slice", "gather"),
                    "use a QConv2D for each part instead of slices of channels"),
    **dict.fromkeys(("nn.conv2d", "nn.depthwise_conv2d", "nn.conv2d_transpose"),
                    "use QConv2D, QDepthwiseConv2D or QConv2DTranspose"),
    **dict.fromkeys(("nn.max_pool2d", "nn.max_pool", "compat.v1.nn.max_pool"), "use MaxPooling2D"),
    **dict.fromkeys(("nn.avg_pool2d", "nn.avg_pool", "compat.v1.nn.avg_pool"),
                    "use AveragePooling2D"),
    "nn.bias_add": "give the bias to the layer in front",
    **dict.fromkeys(("__operators__.add", "math.add", "__operators__.sub", "math.subtract"),
                    "add tensors of the model only: a constant belongs into the bias of a layer"),
    "math.maximum": "of a tensor and a constant, only maximum(x, 0) is a ReLU",
    "concat": "concatenate tensors of the model, along the channels",
    **dict.fromkeys(("pad", "compat.v1.pad"),
                    "pad rows and columns by zeros, as ZeroPadding2D does"),
    "image.resize": "resize to a whole multiple, 'nearest' or 'bilinear', without antialias",
}  # fmt: skip
"""What a model can do instead of a function, or of these arguments."""

OTHER_FUNCTION = "use the layer of Keras that does the same, if docs/operators.md lists one"


def with_layers(config: Any, depth: int = 0) -> Any:
    """A configuration whose functions are layers, where one does the same; others stay.

    Args:
        depth: of ``config``; what is deeper than any model is not looked at.
    """
    if depth > _DEEPEST:
        return config
    if isinstance(config, list):
        return [with_layers(item, depth + 1) for item in config]
    if not isinstance(config, dict):
        return config
    if config.get("class_name") == CALLS_FUNCTION:
        return _replaced(config) or config
    return {key: with_layers(value, depth + 1) for key, value in config.items()}


_DEEPEST = 200
"""Deeper than any configuration that is vetted."""


def _replaced(entry: dict[str, Any]) -> dict[str, Any] | None:
    settings, nodes = entry.get("config"), entry.get("inbound_nodes")
    if not isinstance(settings, dict) or not isinstance(nodes, list) or len(nodes) != 1:
        return None
    rule = FUNCTIONS.get(str(settings.get("function")))
    found = _call(nodes[0])
    if rule is None or found is None:
        return None
    layer = rule(*found)
    if layer is None:
        return None
    kind, own = layer
    name = settings.get("name")
    registered = kind if kind == DEPTH_TO_SPACE else None  # else it is sought in the module
    return {
        **entry,
        "class_name": kind,
        "config": {"name": name, "dtype": settings.get("dtype", "float32"), **own},
        "inbound_nodes": [[[*tensor, {}] for tensor in found[0]]],
        **({"module": "keras.layers", "registered_name": registered} if "module" in entry else {}),
    }


def _call(node: Any) -> tuple[Tensors, Arguments] | None:
    """The tensors of a call, and its other arguments."""
    items = node if isinstance(node, list) and node and isinstance(node[0], list) else [node]
    tensors: Tensors = []
    others: Arguments = {}
    for item in items:
        if not isinstance(item, list) or len(item) != 4 or not isinstance(item[3], dict):
            return None
        if not _is_tensor(item[:3]):
            return None
        tensors.append(item[:3])
        others |= item[3]
    others = {key: value for key, value in others.items() if key != "name"}
    if _is_tensor(others.get("y")):
        tensors.append(others.pop("y"))
    return tensors, others


def _is_tensor(item: Any) -> bool:
    return (
        isinstance(item, list)
        and len(item) == 3
        and isinstance(item[0], str)
        and item[0] != "_CONSTANT_VALUE"
        and all(type(number) is int for number in item[1:])
    )
