"""What holds for the text of all headers, the fork, and the sentences of the static assertions."""

from __future__ import annotations

import re
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest
from header_bench import compile_source

from fcn_hw.resources import data_folder

INCLUDE = data_folder("templates") / "include"
HEADERS = sorted((INCLUDE / "fcn_hw").glob("*.h"))

FORK = """
#include "fcn_hw/fork.h"
#include "ap_fixed.h"
#include "nnet_types.h"
#include <cstdio>
constexpr int pixels = 6;

template <class pixel_T> void feed(hls::stream<pixel_T> &in) {
    for (int n = 0; n < pixels; ++n) {
        pixel_T pixel;
        for (unsigned c = 0; c < pixel_T::size; ++c) pixel[c].range() = 5 * n + c;
        in.write(pixel);
    }
}

template <class pixel_T> int drain(hls::stream<pixel_T> &out) {
    int right = 0;
    for (int n = 0; n < pixels && !out.empty(); ++n) {
        const pixel_T pixel = out.read();
        for (unsigned c = 0; c < pixel_T::size; ++c) {
            typename pixel_T::value_type expected;
            expected.range() = 5 * n + c;
            right += pixel[c] == expected;
        }
    }
    return out.empty() ? right : -1;
}

template <class pixel_T> bool run() {
    hls::stream<pixel_T> in("in"), a("a"), b("b"), c("c"), d("d");
    for (int frame = 0; frame < 2; ++frame) {
        feed(in);
        fcn_hw::fork<pixel_T, pixels>(in, a, b);
        std::printf("%d %d\\n", drain(a), drain(b));
        feed(in);
        fcn_hw::fork<pixel_T, pixels>(in, a, b, c);
        std::printf("%d %d %d\\n", drain(a), drain(b), drain(c));
        feed(in);
        fcn_hw::fork<pixel_T, pixels>(in, a, b, c, d);
        std::printf("%d %d %d %d\\n", drain(a), drain(b), drain(c), drain(d));
    }
    return in.empty();
}

int main() {
    const bool one = run<nnet::array<ap_ufixed<6, 0>, 1>>();
    const bool many = run<nnet::array<ap_fixed<7, 9>, 33>>();
    return one && many ? 0 : 1;
}
"""

WRONG = """
#include "fcn_hw/arg_max.h"
#include "fcn_hw/average_pool2d.h"
#include "fcn_hw/axi_layout.h"
#include "fcn_hw/conv2d.h"
#include "fcn_hw/conv_transpose2d.h"
#include "fcn_hw/crop2d.h"
#include "fcn_hw/depth_to_space.h"
#include "fcn_hw/depthwise_conv2d.h"
#include "fcn_hw/batch_norm.h"
#include "fcn_hw/conv2d.h"
#include "fcn_hw/conv_transpose2d.h"
#include "fcn_hw/crop2d.h"
#include "fcn_hw/lookup.h"
#include "fcn_hw/max_pool2d.h"
#include "fcn_hw/skip_add.h"
#include "fcn_hw/skip_average.h"
#include "fcn_hw/skip_concat.h"
#include "fcn_hw/skip_maximum.h"
#include "fcn_hw/skip_minimum.h"
#include "fcn_hw/skip_multiply.h"
#include "fcn_hw/skip_subtract.h"
#include "fcn_hw/threshold.h"
#include "fcn_hw/upsample_bilinear.h"
#include "fcn_hw/zero_pad2d.h"
#include "nnet_types.h"
struct config {
    static constexpr int height = 4, width = 4, in_height = 4, in_width = 4, n_chan = 3;
    static constexpr int out_height = 3, out_width = 3, n_filt = 5, kernel_height = 2;
    static constexpr int kernel_width = 2, stride_height = 1, stride_width = 1;
    static constexpr int dilation_height = 1, dilation_width = 1, pad_top = 0, pad_left = 0;
    static constexpr int crop_top = 0, crop_left = 0, pe = 2, simd = 2, fold = 9, rom_depth = 8;
    static constexpr int taps = 3, lanes = 0;
    static constexpr int product_shift = 0, bias_shift = 0, scale_height = 33, scale_width = 2;
    static constexpr int pool_height = 2, pool_width = 2, offset_top = 2, offset_left = 0;
    static constexpr int multiple = 6, channel_stride = 4;
    typedef fcn_hw::rom_t<4> weight_t;
    typedef fcn_hw::rom_t<4> bias_t;
    typedef ap_fixed<12, 6> accum_t;
};
struct groups : config {
    static constexpr int n_chan = 5, pe = 2, fold = 2, levels = 13, entries = 16;
    typedef fcn_hw::rom_t<4> scale_t, base_t, step_t, table_t;
    typedef fcn_hw::sum_t<8> total_t;
};
struct three_lanes : config {
    static constexpr int lanes = 3, lane_width = 10, lane_terms = 4;
    static constexpr int weight_width = 4, input_width = 4;
};
template struct fcn_hw::mac_plan<three_lanes>;
struct shifted : config {
    static constexpr int most_shift = 2;
    typedef ap_fixed<11, 6> shifted_t;
};
struct padded_table : groups { static constexpr int entries = 17; };
struct padded : config { static constexpr int pad_top = 2; };
template <int N> using pixel = nnet::array<ap_fixed<4, 2>, N>;
template <int N> using stream = hls::stream<pixel<N>>;
struct odd_width : config { static constexpr int data_width_bits = 12; };
template struct fcn_hw::axi_layout<pixel<1>, odd_width>;

void wrong(stream<2> &a2, stream<3> &a3, stream<5> &a5, stream<1> &a1, stream<300> &a300,
           const config::weight_t weights[8][2][2], const config::weight_t of_taps[9][2][6],
           const config::weight_t of_one_channel[9][2][3], const config::bias_t biases[2][2],
           hls::stream<nnet::array<ap_fixed<62, 2>, 5>> &wide) {
    typedef nnet::array<ap_fixed<62, 2>, 5> wide_t;
    fcn_hw::batch_norm<pixel<3>, pixel<5>, groups>(a3, a5, biases, biases);
    fcn_hw::threshold<pixel<3>, pixel<5>, groups>(a3, a5, biases, biases);
    fcn_hw::threshold<wide_t, pixel<5>, groups>(wide, a5, biases, biases);
    fcn_hw::lookup<wide_t, pixel<3>, groups>(wide, a3, biases[0]);
    fcn_hw::lookup<pixel<3>, pixel<3>, padded_table>(a3, a3, biases[0]);
    fcn_hw::skip_subtract<pixel<3>, pixel<1>, pixel<3>, config>(a3, a1, a3);
    fcn_hw::skip_maximum<pixel<3>, pixel<1>, pixel<3>, config>(a3, a1, a3);
    fcn_hw::skip_minimum<pixel<3>, pixel<1>, pixel<3>, config>(a3, a1, a3);
    fcn_hw::skip_multiply<pixel<3>, pixel<1>, pixel<3>, groups>(a3, a1, a3);
    fcn_hw::conv2d<pixel<2>, pixel<5>, config>(a2, a5, of_taps, biases);
    ap_fixed<4, 2> results[5];
    fcn_hw::accumulator_t<shifted> sums[2];
    fcn_hw::finish_by<config::weight_t[2][6]>::sums<shifted>(results, sums, 0, of_taps[0]);
    fcn_hw::conv_transpose2d<pixel<2>, pixel<5>, config>(a2, a5, weights, biases);
    fcn_hw::depthwise_conv2d<pixel<2>, pixel<5>, config>(a2, a5, of_one_channel, biases);
    fcn_hw::average_pool2d<pixel<3>, pixel<2>, padded>(a3, a2);
    fcn_hw::arg_max<pixel<300>, pixel<2>, config>(a300, a2);
    fcn_hw::crop2d<pixel<3>, pixel<3>, config>(a3, a3);
    fcn_hw::depth_to_space<pixel<3>, pixel<3>, config>(a3, a3);
    fcn_hw::max_pool2d<pixel<3>, pixel<3>, padded>(a3, a3);
    fcn_hw::skip_add<pixel<3>, pixel<1>, pixel<3>, config>(a3, a1, a3);
    fcn_hw::skip_average<pixel<3>, pixel<1>, pixel<3>, config>(a3, a1, a3);
    fcn_hw::skip_concat<pixel<3>, pixel<1>, pixel<3>, config>(a3, a1, a3);
    fcn_hw::upsample_bilinear<pixel<3>, pixel<3>, config>(a3, a3);
    fcn_hw::zero_pad2d<pixel<3>, pixel<3>, config>(a3, a3);
}
"""

SENTENCES = [
    "The data of an AXI4-Stream must be a whole number of bytes wide.",
    "The pixels that conv2d reads and writes must have n_chan and n_filt channels.",
    "conv2d multiplies simd channels in parallel, so simd must divide n_chan.",
    "conv2d computes pe filters in parallel, so pe must divide n_filt.",
    "conv2d multiplies taps kernel positions in parallel, so taps must divide those of the kernel.",
    "The fold of conv2d must be the steps that pe x simd x taps multipliers need for a pixel.",
    "The weight ROM of conv2d must have one word for each step of a pixel.",
    "A DSP slice makes the products of `lanes` filters of a group, so lanes must divide pe.",
    "The table of shifts must have a word for each of the pe filters of each filter group.",
    "A sum must have the same binary point in front of its shift and behind it.",
    "A sum must have as many bits behind its shift as in front of it, or more.",
    "conv_transpose2d multiplies simd channels in parallel, so simd must divide n_chan.",
    "conv_transpose2d computes pe filters in parallel, so pe must divide n_filt.",
    "The weight ROM of conv_transpose2d must have one word for each step of each phase.",
    "The pixels that depthwise_conv2d reads and writes must have n_chan and n_filt channels.",
    "Every channel of depthwise_conv2d has the same number of filters, so n_chan must divide "
    "n_filt.",
    "A filter of depthwise_conv2d reads one channel, so simd must be 1.",
    "depthwise_conv2d computes pe filters in parallel, so pe must divide n_filt.",
    "depthwise_conv2d multiplies taps kernel positions in parallel, so taps must divide those of "
    "the kernel.",
    "The fold of depthwise_conv2d must be the steps that pe x taps multipliers need for a pixel.",
    "The weight ROM of depthwise_conv2d must have one word for each step of a pixel.",
    "average_pool2d must write as many channels as it reads.",
    "Every window of average_pool2d must contain a pixel of the frame.",
    "The multiple of average_pool2d must be the least common multiple of the positions of its "
    "windows.",
    "The accumulator of average_pool2d must have the fraction bits of its input and one for each "
    "factor 2 of the multiple.",
    "The pixels that batch_norm reads and writes must have n_chan channels.",
    "batch_norm computes pe channels in parallel, so pe must divide n_chan.",
    "The fold of batch_norm must be the steps that pe multipliers need for a pixel.",
    "The pixels that threshold reads and writes must have n_chan channels.",
    "threshold computes pe channels in parallel, so pe must divide n_chan.",
    "The fold of threshold must be the steps that pe rows of comparators need for a pixel.",
    "threshold needs a ROM for each level of the search.",
    "threshold counts to 4095 at most, as a search of 12 levels finds it.",
    "threshold compares 63 bits at most, so its input has 61 bits at most.",
    "lookup must write as many channels as it reads.",
    "lookup takes an input of 12 bits at most, because each channel has a whole table.",
    "The table of lookup must have one entry for each code of the input.",
    "skip_subtract takes streams that have the same number of channels.",
    "skip_maximum compares streams that have the same number of channels.",
    "skip_minimum compares streams that have the same number of channels.",
    "The pixels that skip_multiply reads must have n_chan channels or one.",
    "The pixels that skip_multiply writes must have n_chan channels.",
    "skip_multiply computes pe channels in parallel, so pe must divide n_chan.",
    "The fold of skip_multiply must be the steps that pe multipliers need for a pixel.",
    "arg_max writes one channel, the index of a class.",
    "arg_max writes one byte, which holds the indices of 256 classes.",
    "The rectangle that crop2d keeps must lie in the frame.",
    "depth_to_space reads the channels of scale_height * scale_width output pixels.",
    "depth_to_space finds the channels of an output pixel side by side, or one for each output "
    "pixel in turn.",
    "Every window of max_pool2d must contain a pixel of the frame.",
    "skip_add sums streams that have the same number of channels.",
    "skip_average joins streams that have the same number of channels.",
    "skip_concat must write as many channels as it reads from all streams.",
    "upsample_bilinear takes scales of 1 to 32.",
    "The padded frame of zero_pad2d must have room for the whole frame.",
]


@pytest.mark.gxx
def test_fork_copies_to_all(tmp_path: Path) -> None:
    (tmp_path / "fork.cpp").write_text(FORK)
    program = tmp_path / "fork"
    compiled = compile_source(tmp_path / "fork.cpp", INCLUDE, "-o", str(program))
    assert compiled.returncode == 0 and not compiled.stderr, compiled.stderr[:3000]
    ran = subprocess.run([program], capture_output=True, text=True, check=True)
    frames = ["6 6\n6 6 6\n6 6 6 6\n"] * 2 + ["198 198\n198 198 198\n198 198 198 198\n"] * 2
    assert ran.stdout == "".join(frames)


@pytest.mark.gxx
def test_limits_are_full_sentences(tmp_path: Path) -> None:
    (tmp_path / "wrong.cpp").write_text(WRONG)
    compiled = compile_source(tmp_path / "wrong.cpp", INCLUDE, "-fsyntax-only")
    assert compiled.returncode != 0
    for sentence in SENTENCES:
        assert f"static assertion failed: {sentence}" in compiled.stderr


def test_only_types_looks_at_synthesis() -> None:
    found = [
        header.name
        for header in HEADERS
        if re.search(r"^#.*__SYNTHESIS__", header.read_text(), flags=re.MULTILINE)
    ]
    assert found == ["types.h"]


@pytest.mark.parametrize("header", HEADERS, ids=lambda path: path.stem)
def test_header_is_guarded_and_fits_the_page(header: Path) -> None:
    text = header.read_text()
    guard = f"FCN_HW_{header.stem.upper()}_H_"
    assert f"#ifndef {guard}\n#define {guard}\n" in text
    assert text.startswith("// ")
    assert text.endswith("\n#endif\n")
    assert max(map(len, text.splitlines())) <= 110


@pytest.mark.parametrize("header", HEADERS, ids=lambda path: path.stem)
def test_every_loop_has_a_label(header: Path) -> None:
    lines = header.read_text().splitlines()
    if header.stem in ("trace", "tap", "axi_files"):
        return  # not synthesised
    for before, line in pairwise(lines):
        if re.match(r"\s*for \(", line):
            assert re.fullmatch(r"\s*\w+:", before), f"{header.name}: {line.strip()}"
