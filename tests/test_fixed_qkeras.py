"""The formats of QKeras quantizers, against QKeras itself, code for code."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fcn_hw.fixed import (
    FixedFormat,
    from_quantized_bits,
    from_quantized_relu,
    quantize,
    to_codes,
)
from fcn_hw.keras_env import keras_env


@pytest.fixture(scope="module")
def qkeras() -> Any:
    return keras_env().qkeras


def values(fmt: FixedFormat) -> np.ndarray:
    """Multiples of an eighth of a step across the range and beyond: all ties are among them."""
    span = 1 << fmt.width
    return (np.arange(-12 * span, 12 * span) * fmt.step / 8).astype(np.float32)


@pytest.mark.parametrize("bits", [2, 3, 4, 6, 8])
@pytest.mark.parametrize("integer", [-1, 0, 1, 3])
@pytest.mark.parametrize("keep_negative", [True, False])
@pytest.mark.parametrize("symmetric", [True, False])
def test_quantized_bits(
    qkeras: Any, bits: int, integer: int, keep_negative: bool, symmetric: bool
) -> None:
    quantizer = qkeras.quantized_bits(
        bits, integer, symmetric=symmetric, keep_negative=keep_negative, alpha=1
    )
    fmt = from_quantized_bits(bits, integer, keep_negative=keep_negative, symmetric=symmetric)
    x = values(fmt)
    expected = to_codes(np.asarray(quantizer(x)), fmt)
    assert np.array_equal(quantize(x, fmt), expected)
    assert expected.min() == fmt.min_code and expected.max() == fmt.max_code


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
@pytest.mark.parametrize("integer", [-1, 0, 1, 2])
def test_quantized_relu(qkeras: Any, bits: int, integer: int) -> None:
    fmt = from_quantized_relu(bits, integer)
    x = values(fmt)
    expected = to_codes(np.asarray(qkeras.quantized_relu(bits, integer)(x)), fmt)
    assert np.array_equal(quantize(x, fmt), expected)
    assert expected.min() == 0 and expected.max() == fmt.max_code
