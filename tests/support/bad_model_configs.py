"""Configurations that name code, or that would never end."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

from model_file_maker import (
    EVIL,
    LAMBDA,
    SAVE,
    BadModel,
    Config,
    Maker,
    evil,
    inner_layer,
    layer,
    layers,
    replaced,
    setting,
)


def nested(depth: int) -> Callable[[Config], None]:
    def edit(config: Config) -> None:
        item: Any = []
        for _ in range(depth):
            item = [item]
        layer(config, "c")["config"]["extra"] = item

    return edit


def multiplying(config: Config) -> None:
    """Models that call models, ten times each: 10**8 layers."""
    inner = layer(config, "inner")
    for _ in range(8):
        outer = copy.deepcopy(inner)
        outer["config"] = {"name": inner["config"]["name"], "layers": [inner]}
        inner["inbound_nodes"] = [[["image", 0, 0, {}]]] * 10
        inner = outer
    layers(config).append(inner)


def endless(config: Config) -> None:
    """A layer that reads what comes behind it."""
    layer(config, "c")["inbound_nodes"] = [[["a", 0, 0, {}]]]


def no_such_tensor(config: Config) -> None:
    layer(config, "a")["inbound_nodes"] = [[["c", 0, 7, {}]]]


def ask_for(name: str, **settings: Any) -> Callable[[Config], None]:
    """A quantizer of ``c`` as a dictionary."""
    quantizer = {"class_name": name, "config": settings}
    return setting("c", kernel_quantizer=quantizer)


def pickled(config: Config) -> None:
    layer(config, "c")["config"]["kernel_initializer"] = {
        "class_name": "Pickle", "config": {"file": "weights.pkl"}
    }  # fmt: skip


def policy(config: Config) -> None:
    layer(config, "a")["config"]["dtype"] = evil("Policy", config={"name": "float32"})


def renamed(name: str) -> Callable[[Config], None]:
    """Another name of a layer that is refused."""

    def edit(config: Config) -> None:
        item = copy.deepcopy(LAMBDA)
        item["config"]["name"] = name
        layers(config).append(item)

    return edit


def orthogonal(config: Config) -> None:
    """A kernel whose initializer computes for a minute, for nothing."""
    initializer = {"class_name": "Orthogonal", "config": {"gain": 1.0}}
    setting("c", filters=4800, kernel_size=[1600, 1], kernel_initializer=initializer)(config)


def subclassed(make: Maker) -> Path:
    def edit(config: Config) -> None:
        config["class_name"] = "MyNetwork"

    return make.h5(edit)


CASES = (
    BadModel(
        "Lambda in HDF5",
        lambda make: make.h5(lambda config: layers(config).append(LAMBDA)),
        "layer 'evil': Lambda: it holds code",
        "a Lambda holds arbitrary code: use layers that are listed in docs/operators.md",
    ),
    BadModel(
        "Lambda in an archive",
        lambda make: make.keras(lambda config: layers(config).append(LAMBDA)),
        "layer 'evil': Lambda: it holds code",
        "a Lambda holds arbitrary code: use layers that are listed in docs/operators.md",
    ),
    BadModel(
        "Lambda in a nested model",
        lambda make: make.h5(inner_layer("Lambda", function=["4wE=", None, None])),
        "layer 'deep': Lambda: it holds code",
        "a Lambda holds arbitrary code: use layers that are listed in docs/operators.md",
    ),
    BadModel(
        "Lambda in TimeDistributed",
        lambda make: make.h5(inner_layer("TimeDistributed", layer=LAMBDA)),
        "layer 'evil': Lambda: it holds code",
        (
            "a Lambda holds arbitrary code: use layers that are listed in docs/operators.md\n"
            "layer 'deep': layer class TimeDistributed is not supported: frames have no steps of "
            "time: use the layer that it holds"
        ),
    ),
    BadModel(
        "Lambda in Bidirectional",
        lambda make: make.keras(inner_layer("Bidirectional", layer=LAMBDA)),
        "layer 'evil': Lambda: it holds code",
        (
            "a Lambda holds arbitrary code: use layers that are listed in docs/operators.md\n"
            "layer 'deep': layer class Bidirectional is not supported: recurrent layers keep state "
            "from step to step, which frames have not"
        ),
    ),
    BadModel(
        "Lambda as an activation",
        lambda make: make.keras(
            setting(
                "c",
                activation={"class_name": "__lambda__", "config": {"value": ["4wE=", None, None]}},
            )
        ),
        (
            "layer 'c': __lambda__ is no class of Keras or QKeras that is known: custom "
            "objects are not loaded"
        ),
        "near: '__tuple__', '__numpy__'; docs/operators.md lists what is known",
    ),
    BadModel(
        "TFOpLambda",
        lambda make: make.h5(replaced("a", "TFOpLambda", config={"function": "io.write_file"})),
        "layer 'a': it calls tf.io.write_file, for which no layer stands",
        "use the layer of Keras that does the same, if docs/operators.md lists one",
    ),
    BadModel(
        "SlicingOpLambda",
        lambda make: make.h5(
            replaced("a", "SlicingOpLambda", config={"function": "__operators__.getitem"})
        ),
        "layer 'a': SlicingOpLambda: it names a function of TensorFlow",
        "use Cropping2D instead of a slice",
    ),
    BadModel(
        "custom layer",
        lambda make: make.h5(replaced("a", "MyQConv2D")),
        (
            "layer 'a': MyQConv2D is no class of Keras or QKeras that is known: custom "
            "objects are not loaded"
        ),
        "near: 'QConv2D', 'Conv2D', 'QConv1D'; docs/operators.md lists what is known",
    ),
    BadModel(
        "custom layer by package",
        lambda make: make.h5(replaced("a", "Custom>MyLayer")),
        (
            "layer 'a': Custom>MyLayer is no class of Keras or QKeras that is known: custom "
            "objects are not loaded"
        ),
        "near: 'InputLayer'; docs/operators.md lists what is known",
    ),
    BadModel(
        "custom function",
        lambda make: make.h5(setting("c", activation="my_function")),
        "layer 'c': activation 'my_function' is unknown",
        "docs/operators.md lists what is known",
    ),
    BadModel(
        "subclassed model",
        subclassed,
        (
            "layer 'net': MyNetwork is no class of Keras or QKeras that is known: custom "
            "objects are not loaded"
        ),
        "near: 'MaxNorm'; docs/operators.md lists what is known",
    ),
    BadModel(
        "pruned layer",
        lambda make: make.h5(
            replaced(
                "a", "PruneLowMagnitude", config={"layer": {"class_name": "Dense", "config": {}}}
            )
        ),
        "layer 'a': PruneLowMagnitude: its weights are those of a model in training",
        "strip it before saving: tfmot.sparsity.keras.strip_pruning(model)",
    ),
    BadModel(
        "quantizer that runs code",
        lambda make: make.h5(
            setting("c", kernel_quantizer="__import__('os').system('touch executed')")
        ),
        "layer 'c': kernel_quantizer '__import__('os').system('touch executed')' is unknown",
        "docs/operators.md lists what is known",
    ),
    BadModel(
        "quantizer with a call inside",
        lambda make: make.h5(
            setting("c", kernel_quantizer="quantized_bits(__import__('os').getpid())")
        ),
        "layer 'c': kernel_quantizer 'quantized_bits(__import__('os').getpid())' is unknown",
        (
            "near: 'quantized_bits', 'quantized_tanh', 'quantized_po2'; docs/operators.md "
            "lists what is known"
        ),
    ),
    BadModel(
        "quantizer of a helper",
        lambda make: make.h5(setting("c", kernel_quantizer="safe_eval('os')")),
        "layer 'c': kernel_quantizer 'safe_eval('os')' is unknown",
        "docs/operators.md lists what is known",
    ),
    BadModel(
        "quantizer of a deserializer",
        lambda make: make.keras(setting("a", activation="deserialize_keras_object('x')")),
        "layer 'a': activation 'deserialize_keras_object('x')' is unknown",
        "docs/operators.md lists what is known",
    ),
    BadModel(
        "quantizer of a module",
        lambda make: make.h5(setting("c", bias_quantizer="np")),
        "layer 'c': bias_quantizer 'np' is unknown",
        "docs/operators.md lists what is known",
    ),
    BadModel(
        "unknown quantizer",
        lambda make: make.h5(setting("a", activation="quantized_rely(4,1)")),
        "layer 'a': activation 'quantized_rely(4,1)' is unknown",
        (
            "near: 'quantized_relu', 'quantized_relu_po2', 'quantized_ulaw'; "
            "docs/operators.md lists what is known"
        ),
    ),
    BadModel(
        "unknown quantizer class",
        lambda make: make.h5(ask_for("quantized_magic", bits=4)),
        (
            "layer 'c': quantized_magic is no class of Keras or QKeras that is known: custom "
            "objects are not loaded"
        ),
        (
            "near: 'quantized_ulaw', 'quantized_tanh', 'quantized_bits'; docs/operators.md "
            "lists what is known"
        ),
    ),
    BadModel(
        "quantizer of 10**12 bits",
        lambda make: make.h5(ask_for("quantized_bits", bits=10**12, integer=0)),
        (
            "layer 'c': quantized_bits with bits=1000000000000: no number of a quantizer may "
            "exceed 65,536"
        ),
        "use at most 16 bits",
    ),
    BadModel(
        "quantizer text of 10**11 bits",
        lambda make: make.h5(setting("c", kernel_quantizer="quantized_bits(99999999999,0,1)")),
        (
            "layer 'c': quantized_bits with 'quantized_bits(99999999999,0,1)': no number of a"
            " quantizer may exceed 65,536"
        ),
        "use at most 16 bits",
    ),
    BadModel(
        "endless quantizer text",
        lambda make: make.h5(
            setting("c", kernel_quantizer="quantized_bits(" + "4," * 500_000 + ")")
        ),
        (
            "layer 'c': kernel_quantizer "
            "'quantized_bits(4,4,4,4,4,4,4,4,4,4,4,4,4,4,4,4,4,4,4,4,4,4,4...' is unknown"
        ),
        (
            "near: 'quantized_bits', 'quantized_tanh', 'quantized_po2'; docs/operators.md "
            "lists what is known"
        ),
    ),
    BadModel(
        "module of the system",
        lambda make: make.keras(lambda config: layer(config, "c").update(module="os")),
        "layer 'c': QConv2D comes from the module 'os', which is not loaded",
        "use the layers of Keras 2 and QKeras, and save the model with them",
    ),
    BadModel(
        "module that marks",
        lambda make: make.keras(lambda config: layer(config, "c").update(module=EVIL)),
        "layer 'c': QConv2D comes from the module 'fcn_hw_evil_module', which is not loaded",
        "use the layers of Keras 2 and QKeras, and save the model with them",
    ),
    BadModel(
        "function of another module",
        lambda make: make.keras(
            setting("c", activation=evil("function", config="relu", registered_name="run"))
        ),
        "layer 'c': relu comes from the module 'fcn_hw_evil_module', which is not loaded",
        "use the layers of Keras 2 and QKeras, and save the model with them",
    ),
    BadModel(
        "function registered as another",
        lambda make: make.keras(
            setting(
                "c",
                activation={
                    "class_name": "function",
                    "config": "relu",
                    "module": "builtins",
                    "registered_name": "exec",
                },
            )
        ),
        "layer 'c': relu is registered as 'exec': custom objects are not loaded",
        "docs/operators.md lists what is known",
    ),
    BadModel(
        "class registered as another",
        lambda make: make.keras(
            lambda config: layer(config, "c").update(registered_name="Custom>Evil")
        ),
        "layer 'c': QConv2D is registered as 'Custom>Evil': custom objects are not loaded",
        "docs/operators.md lists what is known",
    ),
    BadModel(
        "builtin",
        lambda make: make.keras(
            setting(
                "c", activation={"class_name": "builtin", "config": "exec", "module": "builtins"}
            )
        ),
        (
            "layer 'c': builtin is no class of Keras or QKeras that is known: custom objects "
            "are not loaded"
        ),
        "near: 'Multiply'; docs/operators.md lists what is known",
    ),
    BadModel(
        "function that is none",
        lambda make: make.keras(
            setting(
                "c", activation={"class_name": "function", "config": "exec", "module": "builtins"}
            )
        ),
        "layer 'c': function 'exec' is unknown",
        "docs/operators.md lists what is known",
    ),
    BadModel(
        "initializer of another module",
        lambda make: make.h5(setting("c", kernel_initializer=evil("Zeros"))),
        "layer 'c': Zeros comes from the module 'fcn_hw_evil_module', which is not loaded",
        "use the layers of Keras 2 and QKeras, and save the model with them",
    ),
    BadModel(
        "regularizer of another module",
        lambda make: make.keras(setting("c", kernel_regularizer=evil("L2"))),
        "layer 'c': L2 comes from the module 'fcn_hw_evil_module', which is not loaded",
        "use the layers of Keras 2 and QKeras, and save the model with them",
    ),
    BadModel(
        "constraint of another module",
        lambda make: make.h5(setting("c", bias_constraint=evil("Clip"))),
        "layer 'c': Clip comes from the module 'fcn_hw_evil_module', which is not loaded",
        "use the layers of Keras 2 and QKeras, and save the model with them",
    ),
    BadModel(
        "policy of another module",
        lambda make: make.keras(policy),
        "layer 'a': Policy comes from the module 'fcn_hw_evil_module', which is not loaded",
        "use the layers of Keras 2 and QKeras, and save the model with them",
    ),
    BadModel(
        "initializer by an unknown name",
        lambda make: make.h5(setting("c", kernel_initializer="my_init")),
        "layer 'c': kernel_initializer 'my_init' is unknown",
        "near: 'identity'; docs/operators.md lists what is known",
    ),
    BadModel(
        "pickle as an initializer",
        lambda make: make.h5(pickled),
        (
            "layer 'c': Pickle is no class of Keras or QKeras that is known: custom objects "
            "are not loaded"
        ),
        "near: 'Policy'; docs/operators.md lists what is known",
    ),
    BadModel(
        "type specification",
        lambda make: make.keras(
            setting(
                "c",
                input_spec={
                    "class_name": "__typespec__",
                    "spec_name": "Spec",
                    "module": EVIL,
                    "config": [],
                    "registered_name": None,
                },
            )
        ),
        (
            "layer 'c': __typespec__ is no class of Keras or QKeras that is known: custom "
            "objects are not loaded"
        ),
        "near: '__tuple__', '__tensor__'; docs/operators.md lists what is known",
    ),
    BadModel(
        "class_name that is no text",
        lambda make: make.keras(lambda config: layer(config, "c").update(class_name=["QConv2D"])),
        "layer 'c': a class_name is no text",
        "docs/operators.md lists what is known",
    ),
    BadModel(
        "build configuration with code",
        lambda make: make.keras(
            lambda config: layer(config, "c").update(build_config={"input_shape": evil("Shape")})
        ),
        (
            "layer 'c': Shape is no class of Keras or QKeras that is known: custom objects "
            "are not loaded"
        ),
        "near: 'Reshape', 'TensorShape'; docs/operators.md lists what is known",
    ),
    BadModel(
        "value of a foreign type",
        lambda make: make.keras(
            setting(
                "c",
                bias_initializer={
                    "class_name": "__numpy__",
                    "config": {"value": ["a"], "dtype": "S2000000000"},
                },
            )
        ),
        "layer 'c': a value of type 'S2000000000'",
        "use float32",
    ),
    BadModel(
        "Keras 3",
        lambda make: make.keras(lambda config: config.update(module="keras.src.models.functional")),
        (
            "layer 'net': Functional comes from the module 'keras.src.models.functional', "
            "which is not loaded"
        ),
        "use the layers of Keras 2 and QKeras, and save the model with them",
    ),
    BadModel(
        "two layers that hold code, one that is unsupported",
        lambda make: make.h5(
            lambda config: (
                replaced("a", "Lambda")(config),
                setting("c", activation="my_function")(config),
                inner_layer("Dot")(config),
            )
        ),
        "layer 'c': activation 'my_function' is unknown",
        (
            "docs/operators.md lists what is known\n"
            "layer 'a': Lambda: it holds code: a Lambda holds arbitrary code: use layers that"
            " are listed in docs/operators.md\n"
            "layer 'deep': layer class Dot is not supported: products of all pixels with all "
            "others have no op here: use Multiply, as a gate, or convolutions of a larger "
            "receptive field"
        ),
    ),
    # -- names
    BadModel(
        "name with a line break",
        lambda make: make.h5(renamed("a\nb\x1b[31m")),
        "layer 'a\\nb\\x1b[31m': Lambda: it holds code",
        "a Lambda holds arbitrary code: use layers that are listed in docs/operators.md",
    ),
    BadModel(
        "name of 100,000 characters",
        lambda make: make.h5(renamed("n" * 100_000)),
        (
            "layer 'nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
            "nnnnnnn...': Lambda: it holds code"
        ),
        "a Lambda holds arbitrary code: use layers that are listed in docs/operators.md",
    ),
    BadModel(
        "unicode name",
        lambda make: make.h5(renamed("Straße 日本 🙂")),
        "layer 'Straße 日本 🙂': Lambda: it holds code",
        "a Lambda holds arbitrary code: use layers that are listed in docs/operators.md",
    ),
    BadModel(
        "name that is no text",
        lambda make: make.h5(renamed("a\ud800")),
        "layer 'a\\ud800': Lambda: it holds code",
        "a Lambda holds arbitrary code: use layers that are listed in docs/operators.md",
    ),
    BadModel(
        "empty name",
        lambda make: make.h5(renamed("")),
        "layer 'net': Lambda: it holds code",
        "a Lambda holds arbitrary code: use layers that are listed in docs/operators.md",
    ),
    BadModel(
        "class of a million characters",
        lambda make: make.h5(replaced("a", "Q" * 1_000_000)),
        (
            "layer 'a': QQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ... is no"
            " class of Keras or QKeras that is known: custom objects are not loaded"
        ),
        "docs/operators.md lists what is known",
    ),
    # -- sizes and loops
    BadModel(
        "nested 400 deep",
        lambda make: make.h5(nested(400)),
        "the model's configuration is nested more than 100 deep",
        "nest fewer models in one another",
    ),
    BadModel(
        "models that multiply",
        lambda make: make.h5(multiplying),
        "the model describes more than 50,000 objects",
        "call nested models less often, or split it",
    ),
    BadModel(
        "layers in a circle",
        lambda make: make.h5(endless),
        (
            "{path}: can't be loaded as a QKeras model: its layers read one another in a "
            "circle, or tensors that none gives"
        ),
        SAVE,
    ),
    BadModel(
        "tensor that is not there",
        lambda make: make.keras(no_such_tensor),
        (
            "{path}: can't be loaded as a QKeras model: its layers read one another in a "
            "circle, or tensors that none gives"
        ),
        SAVE,
    ),
    BadModel(
        "a matrix that takes long to make orthogonal",
        lambda make: make.h5(orthogonal),
        (
            "{path}: can't be loaded as a QKeras model: Cannot assign value to variable "
            "' c/kernel:0': Shape mismatch.The variable shape (1600, 1, 3, 4800), and the assigned "
            "value shape (3, 3, 3, 2) are incompatible."
        ),
        SAVE,
    ),
    BadModel(
        "weights beyond memory",
        lambda make: make.h5(setting("c", filters=10**9)),
        "{path}: its layers have more than 268,435,456 weights",
        "use fewer filters: no board here holds so many",
    ),
)
