"""What a model file may name: classes and functions that are known, and nothing else.

Keras imports and calls what a configuration names. So every name is looked at before Keras sees
the file; one that is not listed here is refused by the name of its layer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from fcn_hw.errors import ConfigError, UnsupportedLayer, nearest
from fcn_hw.frontend.layers import LAYERS, REFUSED

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
    zeros ones constant glorot_uniform glorot_normal he_normal he_uniform lecun_normal
    lecun_uniform random_normal random_uniform truncated_normal
    L1 L2 L1L2 l1 l2 l1_l2 OrthogonalRegularizer MaxNorm MinMaxNorm NonNeg UnitNorm RadialConstraint
    Clip QInitializer __tensor__ __numpy__ __tuple__ TypeSpec Policy DTypePolicy
    """.split()
)
"""Initializers, regularizers and constraints: they have no part in inference."""

_KERAS_LAYERS = frozenset(
    """Average AveragePooling1D AveragePooling3D AlphaDropout Attention AdditiveAttention
    Bidirectional CategoryEncoding CenterCrop Conv1D Conv1DTranspose Conv3D Conv3DTranspose
    Cropping3D Dot Embedding GlobalAveragePooling1D GlobalMaxPooling1D GroupNormalization
    LocallyConnected1D LocallyConnected2D
    Cropping1D Masking MaxPooling1D MaxPooling3D Minimum Multiply
    MultiHeadAttention Normalization RandomBrightness RandomContrast RandomFlip RandomRotation
    RandomTranslation RandomZoom RNN RepeatVector SeparableConv1D SpatialDropout1D SpatialDropout3D
    ThresholdedReLU TimeDistributed UnitNormalization UpSampling1D UpSampling3D ZeroPadding1D
    ZeroPadding3D LSTMCell GRUCell SimpleRNNCell StackedRNNCells
    QConv1D QSeparableConv1D QSimpleRNNCell QLSTMCell QGRUCell QBidirectional
    QOctaveConv2D""".split()
)
"""Layers that Keras and QKeras know and the exporter refuses: safe to build."""

_NEVER_BUILT = frozenset({"Lambda", "TFOpLambda", "SlicingOpLambda"})
"""Layers that hold code, or the name of a function of TensorFlow."""

_NAMED_FUNCTION = re.compile(r"\s*([A-Za-z_]\w*)\s*(\(.*\))?\s*", re.DOTALL)

_FUNCTION_KEYS = re.compile(r"activation|.*_quantizer|quantizer|.*_activation")

MAX_DEPTH = 100
"""Nested objects of a configuration."""


def vet(config: Any) -> None:
    """Checks every name in a model's configuration.

    Raises:
        UnsupportedLayer: with each layer that names something unknown.
        ConfigError: the configuration is nested too deeply.
    """
    problems = list(_problems(config, "the model", 0))
    if problems:
        raise UnsupportedLayer.together(problems)


def _problems(item: Any, layer: str, depth: int) -> Iterator[UnsupportedLayer]:
    if depth > MAX_DEPTH:
        raise ConfigError(f"layer '{layer}': its configuration is nested too deeply")
    if isinstance(item, dict):
        kind = item.get("class_name")
        if isinstance(kind, str):
            layer = _layer_name(item, kind) or layer
            problem = _class_problem(layer, kind, item)
            if problem is not None:
                yield problem
                return  # what it holds is never built
        for key, value in item.items():
            if isinstance(value, str) and _FUNCTION_KEYS.fullmatch(str(key)):
                yield from _function_problems(layer, str(key), value)
            yield from _problems(value, layer, depth + 1)
    elif isinstance(item, list):
        for value in item:
            yield from _problems(value, layer, depth + 1)


def _layer_name(item: dict[str, Any], kind: str) -> str:
    """The name of a layer or model; empty for a quantizer, an initializer and the like."""
    config = item.get("config")
    name = config.get("name") if isinstance(config, dict) else None
    if kind in _QUANTIZERS or kind in _PARTS:
        return ""
    return name if isinstance(name, str) else ""


def _class_problem(layer: str, kind: str, item: dict[str, Any]) -> UnsupportedLayer | None:
    if kind in _NEVER_BUILT:
        what = "it holds code" if kind == "Lambda" else "it names a function of TensorFlow"
        return UnsupportedLayer(layer, f"{kind}: {what}", hint=REFUSED[kind])
    if kind == "function":
        name = str(item.get("config"))
        return None if name in _FUNCTIONS else _unknown(layer, f"function '{name}'", _FUNCTIONS)
    known = _MODELS | _QUANTIZERS | _PARTS | _KERAS_LAYERS | LAYERS.keys() | REFUSED.keys()
    if kind not in known:
        return UnsupportedLayer(
            layer,
            f"{kind} is no class of Keras or QKeras that is known: custom objects are not loaded",
            hint=f"near: {nearest(kind, known)}; docs/operators.md lists all",
        )
    module = item.get("module")
    if isinstance(module, str) and module.split(".")[0] not in _PACKAGES:
        return UnsupportedLayer(
            layer, f"{kind} comes from the module '{module}', which is not loaded",
            hint="use the layers of Keras and QKeras",
        )  # fmt: skip
    return None


_PACKAGES = frozenset({"keras", "tf_keras", "qkeras", "tensorflow", "builtins", ""})


def _function_problems(layer: str, key: str, text: str) -> Iterator[UnsupportedLayer]:
    """Problems of a quantizer or activation that is written as text, ``quantized_relu(4, 1)``."""
    match = _NAMED_FUNCTION.fullmatch(text)
    known = _QUANTIZERS | _FUNCTIONS
    if match is None or match.group(1) not in known:
        shown = text if len(text) <= 60 else f"{text[:60]}..."
        yield _unknown(layer, f"{key} '{shown}'", known)


def _unknown(layer: str, what: str, known: frozenset[str]) -> UnsupportedLayer:
    name = re.split(r"[('\s]", what.split("'")[1])[0]
    return UnsupportedLayer(
        layer,
        f"{what} is unknown",
        hint=f"near: {nearest(name, known)}; docs/operators.md lists all",
    )
