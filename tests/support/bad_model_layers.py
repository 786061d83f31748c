"""Whole models that Keras loads and that have no exact form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from model_file_maker import BadModel


def conv(env: Any, filters: int = 2, kernel: int = 3, **settings: Any) -> Any:
    quantized = env.qkeras.quantized_bits
    return env.qkeras.QConv2D(filters, kernel, **{
        "padding": "same", "kernel_quantizer": quantized(4, 0, alpha=1.0),
        "kernel_initializer": "ones", "bias_quantizer": quantized(8, 0, alpha=1.0), "name": "c",
        **settings,
    })  # fmt: skip


def holding(layer_of: Callable[[Any], Any], value: float, index: int = 0) -> Any:
    """A layer with one weight changed."""

    def build(env: Any, image: Any) -> Any:
        made = layer_of(env)
        result = made(image)
        values = made.get_weights()
        values[index].flat[0] = value
        made.set_weights(values)
        return result

    return build


def activation(function: Callable[[Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda env, image: env.qkeras.QActivation(function(env.qkeras), name="a")(
        conv(env)(image)
    )


def keras_layer(kind: str, *args: Any, **settings: Any) -> Callable[[Any, Any], Any]:
    return lambda env, image: getattr(env.keras.layers, kind)(*args, name="x", **settings)(image)


def two_problems(env: Any, image: Any) -> Any:
    made = env.keras.layers
    left = made.Conv2D(3, 3, padding="same", name="one")(image)
    right = made.LayerNormalization(name="two")(image)
    return made.ELU(name="three")(made.Add()([left, right]))


def twice(env: Any, image: Any) -> Any:
    result = conv(env)(image)
    return env.keras.Model(image, [result, result])


def soft_middle(env: Any, image: Any) -> Any:
    return conv(env)(env.keras.layers.Softmax(name="s")(image))


def padded_binary(env: Any, image: Any) -> Any:
    padded = env.keras.layers.ZeroPadding2D(1, name="p")(
        env.keras.layers.BatchNormalization(name="n")(conv(env)(image))
    )
    return env.qkeras.QActivation(env.qkeras.binary(alpha=1.0), name="b")(padded)


def wide_hswish(env: Any, image: Any) -> Any:
    return env.qkeras.QActivation(env.qkeras.quantized_hswish(8, 3), name="h")(conv(env)(image))


def recurrent(env: Any, image: Any) -> Any:
    made = env.keras.layers
    rows = made.Reshape((6, 18), name="r")(image)
    return made.LSTM(4, name="l")(rows)


def turned_only(env: Any, image: Any) -> Any:
    return env.keras.layers.Permute((2, 1, 3), name="p")(image)


def turned(env: Any, image: Any) -> Any:
    return conv(env)(turned_only(env, image))


def cut_rows(env: Any, image: Any) -> Any:
    made = env.keras.layers
    turned = made.Permute((2, 1, 3), name="p")(image)
    return made.Reshape((4, 9, 3), name="r")(turned)


def dropout_in_training(env: Any, image: Any) -> Any:
    return env.keras.layers.Dropout(0.5, name="d")(image, training=True)


def no_image(env: Any, image: Any) -> Any:
    flat = env.keras.layers.Input((8,), name="flat")
    return env.keras.Model(flat, env.keras.layers.Activation("relu", name="r")(flat))


CASES = (
    BadModel(
        "float weights",
        lambda make: make.saved(keras_layer("Conv2D", 2, 3)),
        "layer 'x': float kernel with no quantizer (more than 16 bits are needed)",
        "use the layer of qkeras with a quantizer, or weights on a grid of 16 bits",
    ),
    BadModel(
        "NaN in a kernel",
        lambda make: make.saved(holding(conv, float("nan"))),
        "layer 'c': the kernel holds values that are not finite",
        "train the model again: a loss that was not finite leaves them",
    ),
    BadModel(
        "infinity in a bias",
        lambda make: make.saved(holding(conv, float("inf"), 1)),
        "layer 'c': the bias holds values that are not finite",
        "train the model again: a loss that was not finite leaves them",
    ),
    BadModel(
        "NaN in a float kernel",
        lambda make: make.saved(
            holding(
                lambda env: env.keras.layers.Conv2D(2, 1, name="f", kernel_initializer="ones"),
                float("nan"),
            )
        ),
        "layer 'f': the kernel holds values that are not finite",
        "train the model again: a loss that was not finite leaves them",
    ),
    BadModel(
        "infinity in a float bias",
        lambda make: make.saved(
            holding(
                lambda env: env.keras.layers.Conv2D(2, 1, name="f", kernel_initializer="ones"),
                float("inf"),
                1,
            )
        ),
        "layer 'f': the bias holds values that are not finite",
        "train the model again: a loss that was not finite leaves them",
    ),
    BadModel(
        "negative variance",
        lambda make: make.saved(
            holding(lambda env: env.keras.layers.BatchNormalization(name="n"), -1.0, 3)
        ),
        "layer 'n': its parameters give values that are not finite",
        "train the model again: a loss that was not finite leaves them",
    ),
    BadModel(
        "huge scale",
        lambda make: make.saved(
            holding(lambda env: env.keras.layers.BatchNormalization(name="n"), 1e38)
        ),
        (
            "layer 'n': its values fit no format of 18 bits (128 integer bits with 18 bits: "
            "out of range)"
        ),
        "put a QActivation behind it, and look at its weights",
    ),
    BadModel(
        "alpha auto",
        lambda make: make.saved(activation(lambda q: q.quantized_bits(4, 0, alpha="auto"))),
        "layer 'a': activation quantized_bits with alpha='auto' has no fixed binary point",
        "use alpha=1 and choose the integer bits",
    ),
    BadModel(
        "noise factor",
        lambda make: make.saved(activation(lambda q: q.quantized_relu(4, 1, qnoise_factor=0.5))),
        "layer 'a': quantized_relu has qnoise_factor 0.5: not fully quantized",
        "set qnoise_factor to 1 before saving the model",
    ),
    BadModel(
        "ulaw",
        lambda make: make.saved(activation(lambda q: q.quantized_ulaw(4))),
        "layer 'a': activation quantizer quantized_ulaw has no exact fixed-point form here",
        "use quantized_bits(bits, integer, alpha=1) or quantized_relu(bits, integer)",
    ),
    BadModel(
        "recurrent",
        lambda make: make.saved(recurrent),
        "layer 'l': layer class LSTM is not supported",
        "recurrent layers keep state from step to step, which frames have not",
    ),
    BadModel(
        "Permute",
        lambda make: make.saved(turned),
        "layer 'p': it gives 6x6x3 values, which are no image, and 'c' reads them",
        "Reshape and Permute are taken where they give (height, width, channels) of the same "
        "image, or do what tf.nn.depth_to_space does",
    ),
    BadModel(
        "Reshape that cuts rows",
        lambda make: make.saved(lambda env, image: conv(env)(cut_rows(env, image))),
        "layer 'r': it makes 4x9x3 of what no axis of the image ends with",
        "split axes into factors and join whole ones: (height, width, channels) into "
        "(height, width, 2, 2, channels / 4)",
    ),
    BadModel(
        "Permute at the end",
        lambda make: make.saved(lambda env, image: turned_only(env, conv(env)(image))),
        "layer 'p': it gives 6x6x2 values, which are no image, and they go out",
        "Reshape and Permute are taken where they give (height, width, channels) of the same "
        "image, or do what tf.nn.depth_to_space does",
    ),
    BadModel(
        "Dense of float weights",
        lambda make: make.saved(keras_layer("Dense", 2)),
        "layer 'x': float kernel with no quantizer (more than 16 bits are needed)",
        "use the layer of qkeras with a quantizer, or weights on a grid of 16 bits",
    ),
    BadModel(
        "Flatten",
        lambda make: make.saved(keras_layer("Flatten")),
        "layer 'x': layer class Flatten is not supported",
        "use a QConv2D whose kernel covers the frame",
    ),
    BadModel(
        "channels first",
        lambda make: make.saved(keras_layer("MaxPooling2D", 2, data_format="channels_first")),
        "layer 'x': data_format 'channels_first'",
        "use channels_last",
    ),
    BadModel(
        "dynamic height",
        lambda make: make.saved(lambda env, image: conv(env)(image), (None, 6, 3)),
        "layer 'image': input shape (None, None, 6, 3) is not (None, height, width, channels)",
        "build the model with a fixed height, width and channel count",
    ),
    BadModel(
        "no image",
        lambda make: make.saved(no_image),
        "layer 'flat': input shape (None, 8) is not (None, height, width, channels)",
        "build the model with a fixed height, width and channel count",
    ),
    BadModel(
        "groups",
        lambda make: make.saved(keras_layer("Conv2D", 3, 1, groups=3, kernel_initializer="ones")),
        "layer 'x': groups=3",
        "use groups=1, or QDepthwiseConv2D",
    ),
    BadModel(
        "dilated transposed convolution",
        lambda make: make.saved(
            keras_layer("Conv2DTranspose", 2, 3, dilation_rate=2, kernel_initializer="ones")
        ),
        "layer 'x': dilation_rate=(2, 2) of a transposed convolution",
        "use dilation_rate=1",
    ),
    BadModel(
        "output padding",
        lambda make: make.saved(
            keras_layer(
                "Conv2DTranspose", 2, 3, strides=2, output_padding=1, kernel_initializer="ones"
            )
        ),
        "layer 'x': output_padding=(1, 1)",
        "leave output_padding out",
    ),
    BadModel(
        "softmax in the middle",
        lambda make: make.saved(soft_middle),
        "layer 's': softmax inside the network has no exact fixed-point form",
        "use it as the last layer only, where it becomes arg-max",
    ),
    BadModel(
        "padding before binary",
        lambda make: make.saved(padded_binary),
        "layer 'b': binary(alpha=1.0) of the zeros that 'p' adds is not 0",
        "put 'b' before 'p'",
    ),
    BadModel(
        "hswish of a wide sum",
        lambda make: make.saved(wide_hswish),
        (
            "layer 'h': quantized_hswish(8) is no step function, and what it reads is 16 bits"
            " wide: a table takes 12 bits at most"
        ),
        "put a QActivation(quantized_bits(8, ...)) before it",
    ),
    BadModel(
        "Dot",
        lambda make: make.saved(
            lambda env, image: env.keras.layers.Dot(axes=-1, name="m")([image, image])
        ),
        "layer 'm': layer class Dot is not supported",
        "products of all pixels with all others have no op here: use Multiply, as a gate, or "
        "convolutions of a larger receptive field",
    ),
    BadModel(
        "a tensor given twice",
        lambda make: make.saved(twice),
        "the model gives the tensor 'c' twice",
        "give it once, or copy it outside",
    ),
    BadModel(
        "dropout in training",
        lambda make: make.saved(dropout_in_training),
        "layer 'd': it is called with training=True",
        "leave training out of the call",
    ),
    BadModel(
        "half precision",
        lambda make: make.saved(keras_layer("MaxPooling2D", 2, dtype="float16")),
        "layer 'x': it computes in float16, not in float32",
        "leave dtype and mixed precision out: quantizers make the values short",
    ),
    BadModel(
        "two problems",
        lambda make: make.saved(two_problems),
        "layer 'one': float kernel with no quantizer (more than 16 bits are needed)",
        (
            "use the layer of qkeras with a quantizer, or weights on a grid of 16 bits\n"
            "layer 'two': layer class LayerNormalization is not supported: its statistics are of "
            "each image: use BatchNormalization\n"
            "layer 'three': layer class ELU is not supported: put a QActivation behind "
            "Activation('elu')"
        ),
    ),
)
