"""TensorFlow, Keras 2 and QKeras, imported once and in the one way that lets them work together.

No other module imports them at its top level, so importing fcn_hw is
cheap; the first call of :func:`keras_env` costs some seconds.

QKeras 0.9.0 needs six things that it does not say, and Keras 2 one:

* Keras 2: ``TF_USE_LEGACY_KERAS=1`` must be set before TensorFlow resolves ``tf.keras``;
* ``QConv2DTranspose`` calls ``array_ops.stack``, which TensorFlow has since moved to ``tf.stack``;
* its quantizers compute ``K.pow(2, integer)`` on integers, which TensorFlow refuses for a negative
  ``integer``. A range below one (``quantized_bits(4, -2)``: -0.25 to 0.21875) is what most 4-bit
  weights want, so the power is computed exactly, on the host, instead;
* ``QActivation`` keeps the quantizer that a ``.keras`` file describes as a dictionary, and Keras
  refuses a layer that does;
* ``model_quantize`` changes the classes of layers in a configuration and leaves their modules, in
  which Keras then looks for ``QConv2D``;
* ``quantized_hswish`` writes ``keep_negative`` into files, which it does not take itself;
* loading a model whose layers read what no layer gives never ends: it is stopped.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

from fcn_hw.errors import FcnHwError


@dataclass(frozen=True)
class KerasEnv:
    """The imported modules: TensorFlow, Keras 2 (``tf_keras``) and QKeras."""

    tf: ModuleType
    keras: ModuleType
    qkeras: ModuleType


class _ExactPowerBackend:
    """Keras' backend, with ``pow`` of two plain integers computed exactly."""

    def __init__(self, backend: Any) -> None:
        self._backend = backend

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)

    def pow(self, base: Any, exponent: Any) -> Any:
        if isinstance(base, int) and isinstance(exponent, int):
            return self._backend.constant(float(base) ** exponent)
        return self._backend.pow(base, exponent)


@contextmanager
def _quiet() -> Iterator[None]:
    """Hides what TensorFlow's C++ writes to stderr while it loads, before its log level holds."""
    sys.stderr.flush()
    with Path(os.devnull).open("w") as nowhere:
        saved = os.dup(2)
        try:
            os.dup2(nowhere.fileno(), 2)
            yield
        finally:
            os.dup2(saved, 2)
            os.close(saved)


def _check_keras(tf: Any) -> None:
    if not tf.keras.Model.__module__.startswith("tf_keras."):
        raise FcnHwError(
            "Keras 3 was loaded before fcn_hw.train, and QKeras needs Keras 2",
            hint="set TF_USE_LEGACY_KERAS=1 before TensorFlow is imported",
        )


def _activation_from_config(cls: Any, config: dict[str, Any]) -> Any:
    """``QActivation.from_config``, its quantizer built."""
    activation = config.get("activation")
    if isinstance(activation, dict):
        import qkeras

        config = {**config, "activation": qkeras.quantizers.get_quantizer(activation)}
    return cls(**config)


def _hswish_from_config(cls: Any, config: dict[str, Any]) -> Any:
    """``quantized_hswish.from_config``, without what its base class adds."""
    return cls(**{key: value for key, value in config.items() if key != "keep_negative"})


def _find_by_class(utils: ModuleType) -> None:
    """Lets Keras find the classes of QKeras in a configuration by their names alone."""
    load = utils.model_from_json
    if hasattr(load, "finds_by_class"):
        return

    def model_from_json(text: str, custom_objects: dict[str, Any] | None = None) -> Any:
        def named(item: dict[str, Any]) -> dict[str, Any]:
            own = item.get("class_name") in (custom_objects or {}) and "registered_name" in item
            return {**item, "registered_name": item["class_name"]} if own else item

        return load(json.dumps(json.loads(text, object_hook=named)), custom_objects=custom_objects)

    model_from_json.finds_by_class = True  # type: ignore[attr-defined]
    utils.model_from_json = model_from_json  # type: ignore[attr-defined]


_NEVER_GIVEN = "its layers read one another in a circle, or tensors that none gives"


class _CountedLayers(list[Any]):
    """Layers of a configuration, which may be gone through a limited number of times."""

    passes_left = 0

    def __iter__(self) -> Iterator[Any]:
        self.passes_left -= 1
        if self.passes_left < 0:
            raise ValueError(_NEVER_GIVEN)
        return super().__iter__()


def _end_endless_loading(functional: ModuleType) -> None:
    """Keras 2 goes through a model's layers until each has its inputs: for ever, where one never
    gets them. Each pass but the first and last gives at least one layer call its inputs."""
    load = functional.reconstruct_from_config
    if hasattr(load, "counts_passes"):
        return

    def reconstruct_from_config(config: Any, *args: Any, **kwargs: Any) -> Any:
        layers = _CountedLayers(config["layers"])
        nodes = (layer.get("inbound_nodes") or () for layer in config["layers"])
        layers.passes_left = 3 + sum(map(len, nodes))
        try:
            return load({**config, "layers": layers}, *args, **kwargs)
        except IndexError as error:
            raise ValueError(_NEVER_GIVEN) from error

    reconstruct_from_config.counts_passes = True  # type: ignore[attr-defined]
    functional.reconstruct_from_config = reconstruct_from_config  # type: ignore[attr-defined]


@lru_cache(maxsize=1)
def keras_env() -> KerasEnv:
    """Imports TensorFlow, Keras 2 and QKeras, and repairs what QKeras needs repaired.

    Raises:
        FcnHwError: Keras 3 was already loaded in this process, or a package is missing.
    """
    os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        with _quiet():
            import tensorflow as tf

            _check_keras(tf)
            import qkeras
            from qkeras import quantizers
            from tensorflow.python.ops import array_ops
    except ImportError as error:
        raise FcnHwError(
            f"training needs the package '{error.name}', which is not installed",
            hint="install fcn_hw with the versions of its lock file; make does so",
        ) from error
    if not hasattr(array_ops, "stack"):
        array_ops.stack = tf.stack
    tf.get_logger().setLevel("ERROR")
    # Keras 2 advises against what QKeras does (HDF5, quantizers as constraints): nothing to act on
    warnings.filterwarnings("ignore", category=UserWarning, module=r"tf_keras\.")
    if not isinstance(quantizers.K, _ExactPowerBackend):
        quantizers.K = _ExactPowerBackend(quantizers.K)
    qkeras.QActivation.from_config = classmethod(_activation_from_config)
    _find_by_class(qkeras.utils)
    quantizers.quantized_hswish.from_config = classmethod(_hswish_from_config)
    _share_gpus(tf)
    _end_endless_loading(sys.modules["tf_keras.src.engine.functional"])
    return KerasEnv(tf=tf, keras=tf.keras, qkeras=qkeras)


def _share_gpus(tf: Any) -> None:
    """Lets a GPU's memory be taken as it is needed. TensorFlow would take all of it at once, and a
    second process, such as a search's, would get none."""
    for gpu in tf.config.list_physical_devices("GPU"):
        with suppress(RuntimeError):  # TensorFlow has already started on it
            tf.config.experimental.set_memory_growth(gpu, True)


def seed_everything(seed: int) -> None:
    """Seeds Python, NumPy and TensorFlow, and makes TensorFlow's operations reproducible."""
    env = keras_env()
    env.keras.utils.set_random_seed(seed)
    env.tf.config.experimental.enable_op_determinism()
