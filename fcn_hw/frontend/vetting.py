"""What a model file may name: classes and functions that are known, and nothing else.

Keras imports the modules and calls the classes and functions that a configuration names. So every
name is looked at before Keras sees it; one that is not listed here is refused by the name of its
layer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from fcn_hw.errors import ConfigError, UnsupportedLayer, nearest
from fcn_hw.frontend.layers import LAYERS, REFUSED
from fcn_hw.keras_files.functions import (
    CALLS_FUNCTION,
    FUNCTION_HINTS,
    FUNCTIONS,
    OTHER_FUNCTION,
)

_MODELS = frozenset({"Functional", "Model", "Sequential", "InputLayer"})

_QUANTIZERS = frozenset(
    """quantized_bits quantized_relu quantized_ulaw quantized_tanh quantized_sigmoid quantized_po2
    quantized_relu_po2 quantized_hswish bernoulli binary ternary stochastic_binary
    stochastic_ternary""".split()
)

_FUNCTIONS = frozenset(
    """linear relu relu6 softmax sigmoid hard_sigmoid tanh softplus softsign elu selu gelu swish
    exponential mish leaky_relu hard_tanh smooth_sigmoid smooth_tanh binary_sigmoid binary_tanh
    """.split()
)

_PARTS = frozenset(
    """Zeros Ones Constant RandomNormal RandomUniform TruncatedNormal VarianceScaling Orthogonal
    Identity GlorotNormal GlorotUniform HeNormal HeUniform LecunNormal LecunUniform
    L1 L2 L1L2 OrthogonalRegularizer MaxNorm MinMaxNorm NonNeg UnitNorm RadialConstraint
    Clip QInitializer""".split()
)
"""Initializers, regularizers and constraints: they have no part in inference."""

_PART_ALIASES = frozenset(
    """zeros zero ones one constant identity orthogonal uniform normal variance_scaling
    glorot_uniform glorot_normal he_normal he_uniform lecun_normal lecun_uniform random_normal
    random_uniform truncated_normal l1 l2 l1_l2 orthogonal_regularizer max_norm maxnorm min_max_norm
    non_neg nonneg unit_norm unitnorm radial_constraint""".split()
)

_VALUES = frozenset({"__tensor__", "__numpy__", "__tuple__", "TensorShape", "Policy"})
"""Values that JSON has no word for, and policies of data types."""

_NUMBERS = re.compile(r"(float|bfloat|u?int)(8|16|32|64)|bool")
"""Types of ``__tensor__`` and ``__numpy__``."""

_NEVER_BUILT = {
    "Lambda": "it holds code",
    CALLS_FUNCTION: "it names a function of TensorFlow",
    "SlicingOpLambda": "it names a function of TensorFlow",
    "PruneLowMagnitude": "its weights are those of a model in training",
}
"""Layers that hold code, or the name of a function, or another package's classes; and why not."""

_MODULES = re.compile(
    r"(tf_)?keras(\.(layers|models|initializers|regularizers|constraints|activations))?"
    r"|(tf_)?keras(\.src)?\.engine\.(functional|sequential|training|input_layer)"
    r"|(tf_)?keras(\.src)?\.(mixed_precision|mixed_precision\.policy)"
    r"|qkeras\.(qlayers|qconvolutional|qconv2d_batchnorm|qdepthwiseconv2d_batchnorm|qnormalization"
    r"|quantizers|qpooling|qrecurrent|qoctave|qseparable)|qkeras"
    r"|builtins"
)
"""Modules that Keras 2 and QKeras write into their files. Keras imports what is named here."""

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,2})?"
_ARGUMENT = rf"(?:\w+\s*=\s*)?(?:{_NUMBER}|True|False|None|'\w*'|\"\w*\")"
_NAMED_FUNCTION = re.compile(
    rf"([A-Za-z_]\w*)(?:\(\s*(?:{_ARGUMENT}(?:\s*,\s*{_ARGUMENT})*)?\s*\))?\s*"
)
"""``quantized_relu(4, 1, use_sigmoid=0)``: plain numbers and words, no expressions."""

_FUNCTION_KEYS = re.compile(r"activation|.*_quantizer|quantizer|.*_activation")
_PART_KEYS = re.compile(r".*initializer|.*regularizer|(?:.*_)?constraint")

MAX_QUANTIZER_NUMBER = 1 << 16
"""Arguments of quantizers: QKeras computes powers of two of them."""

MAX_DEPTH = 100
"""Nested objects of a configuration."""

MAX_OBJECTS = 50_000
"""Objects that Keras builds, those of a model that is called n times counted n times: models that
call models can multiply. A network of 1,000 layers has some 8,000."""

_SHOWN = 60
"""Characters of a name that a message shows."""


def vet(config: Any) -> None:
    """Checks every name in a model's configuration.

    Raises:
        UnsupportedLayer: with each layer that names something unknown; and then with each layer of
            a class that is not supported, since nothing is built that could tell of it later.
        ConfigError: the configuration is nested too deeply, or describes too many layers.
    """
    if _objects(config, 0) > MAX_OBJECTS:
        raise ConfigError(
            f"the model describes more than {MAX_OBJECTS:,} objects",
            hint="call nested models less often, or split it",
        )
    problems = list(_problems(config, "the model"))
    if problems:
        told = {problem.layer for problem in problems}
        others = (other for other in _unsupported(config) if other.layer not in told)
        raise UnsupportedLayer.together([*problems, *others])


def _objects(item: Any, depth: int) -> int:
    """Objects that are built from an item of a configuration, models unfolded."""
    if depth > MAX_DEPTH:
        raise ConfigError(
            f"the model's configuration is nested more than {MAX_DEPTH} deep",
            hint="nest fewer models in one another",
        )
    if isinstance(item, list):
        return sum(_objects(value, depth + 1) for value in item)
    if not isinstance(item, dict):
        return 0
    inner = sum(_objects(value, depth + 1) for value in item.values())
    if "class_name" not in item:
        return inner
    nodes = item.get("inbound_nodes")
    return (inner + 1) * max(1, len(nodes) if isinstance(nodes, list) else 1)


def _problems(item: Any, layer: str) -> Iterator[UnsupportedLayer]:
    if isinstance(item, dict):
        if "class_name" in item:
            layer = _layer_name(item) or layer
            problem = _class_problem(layer, item)
            if problem is not None:
                yield problem
                return  # what it holds is never built
        for key, value in item.items():
            if isinstance(value, str):
                yield from _text_problems(layer, str(key), value)
            yield from _problems(value, layer)
    elif isinstance(item, list):
        for value in item:
            yield from _problems(value, layer)


def _unsupported(item: Any) -> Iterator[UnsupportedLayer]:
    """Layers of a known class that the exporter refuses."""
    if isinstance(item, dict):
        kind = str(item.get("class_name"))
        if kind in _NEVER_BUILT:
            return
        if kind in REFUSED:
            yield UnsupportedLayer(
                _layer_name(item) or kind,
                f"layer class {kind} is not supported",
                hint=REFUSED[kind],
            )
        for value in item.values():
            yield from _unsupported(value)
    elif isinstance(item, list):
        for value in item:
            yield from _unsupported(value)


def _layer_name(item: dict[str, Any]) -> str:
    """The name of a layer or model; empty for a quantizer, an initializer and the like."""
    if str(item["class_name"]) in _QUANTIZERS | _PARTS | _VALUES:
        return ""
    config = item.get("config")
    name = config.get("name") if isinstance(config, dict) else None
    return name if isinstance(name, str) else ""


def _class_problem(layer: str, item: dict[str, Any]) -> UnsupportedLayer | None:
    kind = item["class_name"]
    if not isinstance(kind, str):
        return UnsupportedLayer(layer, "a class_name is no text", hint=_CLASSES_HINT)
    if kind == CALLS_FUNCTION:
        return _function_problem(layer, item.get("config"))
    if kind in _NEVER_BUILT:
        return UnsupportedLayer(layer, f"{kind}: {_NEVER_BUILT[kind]}", hint=REFUSED[kind])
    name = kind
    if kind == "function":
        name = str(item.get("config"))
        if name not in _FUNCTIONS:
            return _unknown(layer, f"function '{_short(name)}'", name, _FUNCTIONS)
    elif kind not in _KNOWN:
        return UnsupportedLayer(
            layer,
            f"{_short(kind)} is no class of Keras or QKeras that is known: custom objects are not "
            "loaded",
            hint=_names_hint(kind, _KNOWN),
        )
    module, registered = item.get("module"), item.get("registered_name")
    if module is not None and not (isinstance(module, str) and _MODULES.fullmatch(module)):
        return UnsupportedLayer(
            layer, f"{name} comes from the module '{_short(module)}', which is not loaded",
            hint="use the layers of Keras 2 and QKeras, and save the model with them",
        )  # fmt: skip
    if registered not in (None, name):
        return UnsupportedLayer(
            layer, f"{name} is registered as '{_short(registered)}': custom objects are not loaded",
            hint=_CLASSES_HINT,
        )  # fmt: skip
    return _value_problem(layer, kind, item.get("config"))


def _function_problem(layer: str, config: Any) -> UnsupportedLayer:
    """A function of TensorFlow, or arguments of one, that no layer stands for."""
    function = str(config.get("function")) if isinstance(config, dict) else "?"
    hint = FUNCTION_HINTS.get(function, OTHER_FUNCTION)
    what = "with arguments " if function in FUNCTIONS else ""
    reason = f"it calls tf.{_short(function)}, {what}for which no layer stands"
    return UnsupportedLayer(layer, reason, hint=hint)


def _value_problem(layer: str, kind: str, config: Any) -> UnsupportedLayer | None:
    if kind in ("__tensor__", "__numpy__"):
        dtype = config.get("dtype") if isinstance(config, dict) else None
        if not (isinstance(dtype, str) and _NUMBERS.fullmatch(dtype)):
            return UnsupportedLayer(layer, f"a value of type '{_short(dtype)}'", hint="use float32")
    if kind in _QUANTIZERS and isinstance(config, dict):
        for key, value in config.items():
            if _too_large(value):
                return _too_large_problem(layer, kind, f"{_short(key)}={_short(value)}")
    return None


def _text_problems(layer: str, key: str, text: str) -> Iterator[UnsupportedLayer]:
    """Problems of a quantizer, activation or the like that is written as text."""
    if _FUNCTION_KEYS.fullmatch(key):
        known = _QUANTIZERS | _FUNCTIONS
        match = _NAMED_FUNCTION.fullmatch(text) if len(text) <= _MAX_TEXT else None
        if match is None or match.group(1) not in known:
            name = re.split(r"[('\s.]", text[:_SHOWN].strip())[0]
            yield _unknown(layer, f"{_short(key)} '{_short(text)}'", name, known)
            return
        numbers = re.findall(rf"(?<![\w'\"]){_NUMBER}", text[match.end(1) :])
        if any(_too_large(float(number)) for number in numbers):
            yield _too_large_problem(layer, match.group(1), f"'{_short(text)}'")
    elif _PART_KEYS.fullmatch(key) and text not in _PARTS | _PART_ALIASES:
        yield _unknown(layer, f"{_short(key)} '{_short(text)}'", text, _PARTS | _PART_ALIASES)


_MAX_TEXT = 300
"""Characters of a quantizer that is written as text."""


def _too_large(value: Any) -> bool:
    return isinstance(value, (int, float)) and not abs(value) <= MAX_QUANTIZER_NUMBER


def _too_large_problem(layer: str, kind: str, what: str) -> UnsupportedLayer:
    return UnsupportedLayer(
        layer,
        f"{kind} with {what}: no number of a quantizer may exceed {MAX_QUANTIZER_NUMBER:,}",
        hint="use at most 16 bits",
    )


_CLASSES_HINT = "docs/operators.md lists what is known"

_KNOWN = frozenset(
    {*_MODELS, *_QUANTIZERS, *_PARTS, *_PART_ALIASES, *_VALUES, *LAYERS, *REFUSED}
) - _NEVER_BUILT.keys()  # fmt: skip


def _unknown(layer: str, what: str, name: str, known: Iterable[str]) -> UnsupportedLayer:
    return UnsupportedLayer(layer, f"{what} is unknown", hint=_names_hint(name, known))


def _names_hint(name: str, known: Iterable[str]) -> str:
    near = nearest(_short(name), known)
    return _CLASSES_HINT if near.count(",") > _FEW else f"near: {near}; {_CLASSES_HINT}"


_FEW = 3
"""More names are all that there are: none is near."""


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
