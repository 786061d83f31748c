"""The packages ``onnx``, ``onnxruntime`` and ``qonnx``, which an extra brings."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Any

from fcn_hw.errors import ConfigError


@dataclass(frozen=True)
class QonnxEnv:
    """The imported modules.

    Args:
        onnx: reads and writes the files.
        runtime: ``onnxruntime``, which computes ONNX's own operators.
        quant, bipolar, trunc, thresholds: qonnx's modules that compute its operators.
    """

    onnx: Any
    runtime: Any
    quant: Any
    bipolar: Any
    trunc: Any
    thresholds: Any


@lru_cache
def qonnx_env() -> QonnxEnv:
    """The modules, imported once.

    Raises:
        ConfigError: one of them is not installed.
    """
    operators = "qonnx.custom_op.general"
    names = ("onnx", "onnxruntime", f"{operators}.intquant", f"{operators}.bipolar_quant",
             f"{operators}.trunc", f"{operators}.multithreshold")  # fmt: skip
    try:
        modules = [import_module(name) for name in names]
    except ImportError as error:
        package = (error.name or str(error)).split(".")[0]
        raise ConfigError(
            f"an .onnx file needs the package {package}, which is not installed",
            hint="pip install 'fcn_hw[qonnx]'",
        ) from error
    modules[1].set_default_logger_severity(4)  # what it warns of is said by name here
    return QonnxEnv(*modules)
