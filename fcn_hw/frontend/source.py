"""A model file of any kind to a graph."""

from __future__ import annotations

from pathlib import Path

from fcn_hw.frontend.ports import Export, Formats
from fcn_hw.ir.outputs import OutputKind
from fcn_hw.scaling import Scaling

ONNX_SUFFIX = ".onnx"


def export_file(
    path: Path,
    input_format: Formats,
    *,
    name: str = "fcn",
    scaling: Scaling | None = None,
    output_kind: OutputKind | None = None,
) -> Export:
    """The graph of a QONNX file (``.onnx``) or of a QKeras model (``.h5``, ``.keras``).

    Args:
        input_format, name, scaling, output_kind: as :func:`fcn_hw.frontend.qkeras.export` has them.

    Raises:
        ConfigError: the file can't be read, or a package is missing.
        UnsupportedLayer: with every layer that is refused, why and what to do.
    """
    if path.suffix.lower() == ONNX_SUFFIX:
        from fcn_hw.frontend.qonnx import export as qonnx

        return qonnx.export_file(
            path, input_format, name=name, scaling=scaling, output_kind=output_kind
        )
    from fcn_hw.frontend.model_file import load_model
    from fcn_hw.frontend.qkeras import export

    return export(
        load_model(path), input_format, name=name, scaling=scaling, output_kind=output_kind
    )
