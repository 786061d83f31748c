"""What fcn_hw's compiler does not take, each with its line and its reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from fcn_hw.errors import NotSynthesizable
from fcn_hw.rtl.compile import compile_call
from fcn_hw.rtl.front_end import ProcessSource, prepared
from fcn_hw.rtl.if_conversion import PixelType
from fcn_hw.rtl.network import Call, Network, StreamSpec, read_network

pytestmark = pytest.mark.rtl

HEAD = """#include "ap_fixed.h"
#include "hls_stream.h"
namespace nnet {
template <class T, unsigned N> struct array {
    typedef T value_type;
    static const unsigned size = N;
    T data[N];
    T &operator[](unsigned n) { return data[n]; }
    const T &operator[](unsigned n) const { return data[n]; }
};
}
typedef nnet::array<ap_ufixed<8, 8>, 1> pixel_t;
"""
ARGUMENTS = "hls::stream<pixel_t> &in, hls::stream<pixel_t> &out"
FIRST_LINE = len(HEAD.splitlines()) + 1


def refused(body: str, folder: Path, before: str = "") -> NotSynthesizable:
    """What is said of ``void own(in, out)``; its first line is :data:`FIRST_LINE`."""
    header = f"{HEAD}{before}void own({ARGUMENTS}) {{\n{body}}}\n"
    source = ProcessSource(
        "p", '#include "own.h"', "own(x, y);", (), {"x": "pixel_t", "y": "pixel_t"}
    )
    pixel = PixelType(8, 1)
    streams = {name: StreamSpec(name, pixel, 0) for name in ("x", "y")}
    network = Network("n", streams, (), prepared({"own.h": header}))
    call = Call(source, ("x",), ("y",))
    with pytest.raises(NotSynthesizable) as told:
        compile_call(network, call, folder, family="7series", period_ns=10.0)
    return told.value


def test_two_reads_in_an_iteration(tmp_path: Path) -> None:
    body = (
        "for (int n = 0; n < 8; ++n) {\n"
        "    const pixel_t a = in.read();\n"
        "    const pixel_t b = in.read();\n"
        "    pixel_t c;\n    c[0] = a[0] > b[0] ? a[0] : b[0];\n    out.write(c);\n}\n"
    )
    error = refused(body, tmp_path)
    first, second = FIRST_LINE + 2, FIRST_LINE + 3
    assert error.reason == f"an iteration reads 'x' twice (the other time: own.h:{first})"
    assert error.line == f"own.h:{second}"
    assert str(error).startswith(f"process 'p', own.h:{second}: an iteration")


def test_a_loop_whose_end_depends_on_data(tmp_path: Path) -> None:
    body = (
        "pixel_t a = in.read();\n"
        "while (a[0] > ap_ufixed<8, 8>(3)) {\n    a = in.read();\n}\nout.write(a);\n"
    )
    error = refused(body, tmp_path)
    assert error.reason == (
        "data decide when 'y' is written, and a process must take the same iterations for every "
        "frame"
    )
    assert error.line == f"own.h:{FIRST_LINE + 2}"


def test_a_write_that_depends_on_what_was_kept(tmp_path: Path) -> None:
    body = (
        "static ap_uint<8> kept[8];\n"
        "for (int n = 0; n < 8; ++n) {\n"
        "    const pixel_t a = in.read();\n"
        "    if (kept[n] > 3) {\n        out.write(a);\n    }\n"
        "    kept[n].range() = a[0].range();\n}\n"
    )
    error = refused(body, tmp_path)
    assert error.reason.startswith("data decide when 'y' is written, and a process")
    assert error.line == f"own.h:{FIRST_LINE + 4}"


def test_a_rounding_mode_that_no_format_has(tmp_path: Path) -> None:
    body = (
        "for (int n = 0; n < 8; ++n) {\n    const pixel_t a = in.read();\n"
        "    const ap_ufixed<4, 6, AP_RND_INF> half = a[0];\n"
        "    pixel_t c;\n    c[0] = half;\n    out.write(c);\n}\n"
    )
    error = refused(body, tmp_path)
    assert error.reason == (
        "fcn_hw's compiler rounds by AP_TRN, AP_TRN_ZERO, AP_RND and AP_RND_CONV."
    )
    assert error.line.startswith("ap_fixed.h:")


def test_an_overflow_mode_that_no_format_has(tmp_path: Path) -> None:
    body = (
        "for (int n = 0; n < 8; ++n) {\n    const pixel_t a = in.read();\n"
        "    const ap_ufixed<6, 6, AP_TRN, AP_SAT_ZERO> less = a[0];\n"
        "    pixel_t c;\n    c[0] = less;\n    out.write(c);\n}\n"
    )
    error = refused(body, tmp_path)
    assert error.reason == "fcn_hw's compiler keeps codes by AP_WRAP, AP_SAT and AP_SAT_SYM."
    assert error.line.startswith("ap_fixed.h:")


def test_a_process_of_another_origin() -> None:
    top = (
        "void net(hls::stream<x_t> &x, hls::stream<x_t> &y) {\n"
        "    nnet::conv_2d_cl<x_t, x_t, config2>(x, y, w2, b2);\n}\n"
    )
    types = "typedef nnet::array<ap_fixed<4, 2>, 1> x_t;\n"
    files = {"firmware/net.cpp": top, "firmware/defines.h": types, "firmware/parameters.h": ""}
    with pytest.raises(NotSynthesizable) as told:
        read_network("net", files, {"conv": (["x"], ["y"])})
    assert str(told.value) == (
        "process 'conv', net.cpp: 'nnet::conv_2d_cl' is hls4ml's, which this compiler does not take"
    )
    assert told.value.hint == "Set hls.Conv to fcn_hw, or hls.Compiler to vitis."


def test_a_memory_with_too_few_ports(tmp_path: Path) -> None:
    body = (
        "static ap_uint<8> kept[16];\n"
        "for (int n = 0; n < 16; ++n) {\n"
        "    const pixel_t a = in.read();\n"
        "    kept[n].range() = a[0].range();\n"
        "    pixel_t c;\n"
        "    const ap_uint<8> sum = kept[(n * 3) % 16] ^ kept[(n * 5) % 16];\n"
        "    c[0].range() = sum.range();\n    out.write(c);\n}\n"
    )
    assert refused(body, tmp_path).reason.startswith(
        "an iteration reads two words of 'kept', whose memory has one read port (the other read: "
    )


def test_a_source_that_is_no_cpp(tmp_path: Path) -> None:
    error = refused("    int a = b;\n", tmp_path)
    assert str(error) == f"process 'p', own.h:{FIRST_LINE + 1}: use of undeclared identifier 'b'"
