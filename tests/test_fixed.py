"""Formats and conversions, against exact rational arithmetic."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from brute_force import convert_value, power
from hypothesis import given, settings
from hypothesis import strategies as st
from random_graphs import formats

from fcn_hw.errors import FormatError
from fcn_hw.fixed import (
    FixedFormat,
    Overflow,
    Rounding,
    convert,
    convert_whole,
    from_quantized_bits,
    from_quantized_relu,
    from_sign,
    parse_format,
    quantize,
    shift_left,
    smallest_format,
    to_codes,
    to_float,
)

ANY = formats(max_width=63)


# -- formats -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "low", "high", "fraction", "ap_type"),
    [
        ("fixed<8,3>", -128, 127, 5, "ap_fixed<8, 3>"),
        ("ufixed<8,0>", 0, 255, 8, "ap_ufixed<8, 0>"),
        ("ufixed<4,-1>", 0, 15, 5, "ap_ufixed<4, -1>"),
        ("fixed<4,6>", -8, 7, -2, "ap_fixed<4, 6>"),
        ("fixed<1,1>", -1, 0, 0, "ap_fixed<1, 1>"),
        ("fixed<4,4,RND_CONV,SAT>", -8, 7, 0, "ap_fixed<4, 4, AP_RND_CONV, AP_SAT>"),
        ("fixed<4,4,TRN,SAT_SYM>", -7, 7, 0, "ap_fixed<4, 4, AP_TRN, AP_SAT_SYM>"),
        ("ufixed<4,4,TRN,SAT_SYM>", 0, 15, 0, "ap_ufixed<4, 4, AP_TRN, AP_SAT_SYM>"),
        ("fixed<63,63>", -(1 << 62), (1 << 62) - 1, 0, "ap_fixed<63, 63>"),
    ],
)
def test_range_and_spelling(text: str, low: int, high: int, fraction: int, ap_type: str) -> None:
    fmt = parse_format(text)
    assert (fmt.min_code, fmt.max_code, fmt.fraction) == (low, high, fraction)
    assert fmt.step == 2.0**-fraction
    assert (str(fmt), fmt.ap_type) == (text, ap_type)


@given(ANY)
def test_both_spellings_are_read_back(fmt: FixedFormat) -> None:
    assert parse_format(str(fmt)) == fmt
    assert parse_format(fmt.ap_type) == fmt


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("float", "'float' is not a fixed-point format"),
        ("fixed<8>", "'fixed<8>' is not a fixed-point format"),
        ("fixed<8,3,ROUND>", "'fixed<8,3,ROUND>': 'ROUND' is not a valid Rounding"),
        ("fixed<8,3,TRN,CLIP>", "'fixed<8,3,TRN,CLIP>': 'CLIP' is not a valid Overflow"),
        ("fixed<0,0>", "width 0 is outside 1 to 63 bits"),
        ("fixed<64,0>", "width 64 is outside 1 to 63 bits"),
        ("fixed<8,-65>", "-65 integer bits with 8 bits: out of range"),
        ("fixed<63,-65>", "-65 integer bits with 63 bits: out of range"),
    ],
)
def test_impossible_formats(text: str, message: str) -> None:
    with pytest.raises(FormatError) as caught:
        parse_format(text)
    assert str(caught.value) == message


@given(st.integers(-(2**40), 2**40), st.integers(0, 2**40), st.integers(-8, 8))
def test_smallest_format(low: int, span: int, fraction: int) -> None:
    high = low + span
    fmt = smallest_format(low, high, fraction)
    assert fmt.signed == (low < 0)
    assert fmt.fraction == fraction
    assert fmt.min_code <= low and high <= fmt.max_code
    if fmt.width > 1:
        narrower = FixedFormat(fmt.signed, fmt.width - 1, fmt.integer - 1)
        assert low < narrower.min_code or high > narrower.max_code


# -- conversions ---------------------------------------------------------------------------------


@settings(max_examples=500)
@given(st.data(), ANY, st.integers(-64, 127))
def test_convert_is_exact(data: st.DataObject, fmt: FixedFormat, fraction: int) -> None:
    """Any code that does not leave 64 bits on the way, the neighbourhood of ties included."""
    shift = fraction - fmt.fraction
    bits = max(62 + min(shift, 0), 0)  # codes of more leave 64 bits when they are aligned
    tie = st.integers(-256, 256).map(lambda k: (2 * k + 1) << (shift - 1) if 0 < shift < 50 else k)
    near = st.tuples(tie, st.integers(-1, 1)).map(sum)
    anything = st.integers(-(1 << bits) + 1, (1 << bits) - 1)
    codes = data.draw(st.lists(st.one_of(near, anything), min_size=1, max_size=6))
    codes = [code for code in codes if abs(code) < 1 << bits]
    found = convert(codes, fraction, fmt)
    assert found.dtype == np.int64
    assert found.tolist() == [convert_value(code * power(-fraction), fmt) for code in codes]


@settings(max_examples=400)
@given(st.data(), ANY, st.sampled_from([(np.float32, 24), (np.float64, 53)]), st.integers(-45, 60))
def test_floats_that_hold_codes_convert_alike(
    data: st.DataObject, fmt: FixedFormat, number: tuple[type, int], shift: int
) -> None:
    """Up to the last code that the float type holds; ties and their neighbours included."""
    dtype, bits = number
    most = 1 << max(min(bits, 62 + min(shift, 0)), 0)
    tie = st.integers(-256, 256).map(lambda k: (2 * k + 1) << (shift - 1) if shift > 0 else k)
    near = st.tuples(tie, st.integers(-1, 1)).map(sum)
    edge = st.sampled_from([most, -most, most - 1, 1 - most, 0])
    codes = data.draw(
        st.lists(st.one_of(near, edge, st.integers(-most, most)), min_size=1, max_size=8)
    )
    codes = [code for code in codes if abs(code) <= most and abs(code) < 1 << (62 + min(shift, 0))]
    held = np.array(codes, np.int64).astype(dtype)
    before = held.copy()
    fraction = fmt.fraction + shift
    found = convert_whole(held, fraction, fmt)
    assert found.tolist() == [convert_value(code * power(-fraction), fmt) for code in codes]
    assert np.array_equal(held, before)


@pytest.mark.parametrize("rounding", Rounding)
@pytest.mark.parametrize("overflow", Overflow)
@pytest.mark.parametrize("shift", [-3, 0, 1, 5, 23, 24, 25])
def test_every_float32_of_the_last_bits_converts_alike(
    rounding: Rounding, overflow: Overflow, shift: int
) -> None:
    fmt = FixedFormat(True, 6, 6, rounding, overflow)
    codes = np.concatenate([np.arange(-5000, 5001), np.arange((1 << 24) - 5000, (1 << 24) + 1)])
    codes = np.concatenate([codes, -codes])
    found = convert_whole(codes.astype(np.float32), fmt.fraction + shift, fmt)
    assert np.array_equal(found, convert(codes, fmt.fraction + shift, fmt))


@pytest.mark.parametrize("shift", [61, 62, 63, 64, 65, 120])
@pytest.mark.parametrize("rounding", Rounding)
def test_convert_at_the_end_of_int64(shift: int, rounding: Rounding) -> None:
    fmt = FixedFormat(True, 8, 8, rounding, Overflow.SAT)
    edge = 1 << 62
    codes = [0, 1, -1, edge, edge + 1, edge - 1, -edge, -edge - 1, (1 << 63) - 1, -(1 << 63)]
    expected = [convert_value(Fraction(code, 1 << shift), fmt) for code in codes]
    assert convert(codes, shift, fmt).tolist() == expected


@settings(max_examples=1000)
@given(
    ANY,
    st.one_of(
        st.floats(-(2.0**20), 2.0**20, allow_subnormal=False),
        st.integers(-(2**12), 2**12).map(lambda k: k / 16),
    ),
)
def test_quantize_is_exact(fmt: FixedFormat, value: float) -> None:
    if fmt.overflow is Overflow.WRAP and abs(value) * 2.0**fmt.fraction >= 2.0**62:
        with pytest.raises(FormatError, match="too large to be wrapped"):
            quantize(value, fmt)
        return
    if abs(value) * 2.0**fmt.fraction < 1e-300:
        value = 0.0
    assert int(quantize(value, fmt)) == convert_value(Fraction(value), fmt)


def test_quantize_saturates_what_is_far_outside() -> None:
    fmt = parse_format("fixed<8,3,RND,SAT>")
    assert quantize([1e300, -1e300, 1e30], fmt).tolist() == [127, -128, 127]


def test_quantize_refuses() -> None:
    with pytest.raises(FormatError) as caught:
        quantize([0.0, float("nan")], parse_format("fixed<8,3>"))
    assert str(caught.value) == "a value that is not finite can't be quantized to fixed<8,3>"
    with pytest.raises(FormatError) as caught:
        quantize([1e30], parse_format("fixed<8,3>"))
    assert str(caught.value) == "a value is too large to be wrapped to fixed<8,3>"


@given(st.lists(st.integers(-(2**40), 2**40)), st.integers(0, 21))
def test_shift_left(codes: list[int], bits: int) -> None:
    found = shift_left(np.array(codes, np.int64), bits)
    assert found.tolist() == [code << bits for code in codes]


@pytest.mark.parametrize(("code", "bits"), [(1, 63), (-1, 63), (1 << 40, 23), (-(1 << 62), 1)])
def test_shift_left_refuses_to_leave_int64(code: int, bits: int) -> None:
    with pytest.raises(FormatError) as caught:
        shift_left(np.array([0, code]), bits)
    assert str(caught.value) == f"aligning binary points by {bits} bits leaves 64-bit arithmetic"


@given(formats(max_width=50), st.data())
def test_codes_to_values_and_back(fmt: FixedFormat, data: st.DataObject) -> None:
    codes = data.draw(st.lists(st.integers(fmt.min_code, fmt.max_code), min_size=1))
    values = to_float(codes, fmt)
    assert [Fraction(v) for v in values.tolist()] == [c * power(-fmt.fraction) for c in codes]
    assert to_codes(values, fmt).tolist() == codes


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (0.25, "a value does not lie on the grid of fixed<4,3>"),
        (float("inf"), "a value does not lie on the grid of fixed<4,3>"),
        (4.0, "a value lies outside the range of fixed<4,3>"),
        (-4.5, "a value lies outside the range of fixed<4,3>"),
    ],
)
def test_to_codes_refuses(value: float, message: str) -> None:
    with pytest.raises(FormatError) as caught:
        to_codes([0.0, value], parse_format("fixed<4,3>"))
    assert str(caught.value) == message


# -- QKeras' quantizers (against QKeras itself: test_fixed_qkeras.py) ----------------------------


def test_formats_of_quantizers() -> None:
    assert str(from_quantized_bits(6, 1)) == "fixed<6,2,RND_CONV,SAT>"
    assert str(from_quantized_bits(6, 1, symmetric=True)) == "fixed<6,2,RND_CONV,SAT_SYM>"
    assert str(from_quantized_bits(6, 1, keep_negative=False)) == "ufixed<6,1,RND_CONV,SAT>"
    assert str(from_quantized_relu(4, 2)) == "ufixed<4,2,RND_CONV,SAT>"
    ternary = from_sign(-3)
    assert [to_float(code, ternary) for code in (-1, 0, 1)] == [-0.125, 0.0, 0.125]
    assert (ternary.min_code, ternary.max_code) == (-1, 1)
