"""What layers of images have in common: data format, padding, pairs of numbers."""

from __future__ import annotations

from typing import Any

from fcn_hw.errors import UnsupportedLayer
from fcn_hw.frontend.walk import Call
from fcn_hw.ops import Pair


def channels_last(call: Call) -> None:
    """Refuses ``channels_first``."""
    if call.layer.data_format != "channels_last":
        raise UnsupportedLayer(
            call.path, f"data_format '{call.layer.data_format}'", hint="use channels_last"
        )


def padding_of(call: Call) -> str:
    """``"same"`` or ``"valid"``; anything else is refused."""
    padding = str(call.layer.padding).lower()
    if padding not in ("same", "valid"):
        raise UnsupportedLayer(call.path, f"padding '{padding}'", hint="use 'same' or 'valid'")
    return padding


def pair(value: Any) -> Pair:
    vertical, horizontal = value
    return int(vertical), int(horizontal)
