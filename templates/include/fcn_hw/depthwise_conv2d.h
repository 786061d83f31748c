// Convolution channel by channel, n_filt / n_chan filters each, with fused padding, stride and dilation.
//
//   out[i][j][c*M + m] = bias[c*M + m] + sum over p, q of
//       in[i*stride - pad_top + p*dilation][j*stride - pad_left + q*dilation][c] * weight[p][q][c][m]
//   where M = n_filt / n_chan
//
// A position outside the frame counts as code 0. Sums are exact; the conversion to the output's type
// rounds and saturates once.
//
// Cycles of a frame (fcn_hw/ops/convolution.py holds the same formulas):
//   fold      = kernel_height * kernel_width / taps * (n_filt / pe), or fewer steps where a table lists
//               those with a weight that is not zero
//   several taps in parallel: as raster_windows.h says
//   otherwise:  fill_rows*in_width + out_height*out_width * period + drain_rows*in_width
//   period    = max(fold, ceil(stride_height*in_width / out_width))
//   fill_rows = rows that the first row of outputs needs, drain_rows = rows that none needs at the end
//
// Parameters:
//   in_T, out_T       nnet::array of ap_[u]fixed with n_chan and n_filt channels; a beat is a pixel.
//   CONFIG_T          as conv2d.h documents it; simd = 1, as a filter reads one channel
//   weights           [fold][pe][taps], in the order of the steps: filter group, tap group. A filter
//                     group is pe consecutive filters, filter c*M + m is number m of channel c; a tap
//                     group is `taps` consecutive kernel positions, row by row.
//   biases            [n_filt / pe][pe]
//   tables            as in conv2d.h
#ifndef FCN_HW_DEPTHWISE_CONV2D_H_
#define FCN_HW_DEPTHWISE_CONV2D_H_

#include "fcn_hw/conv2d_window.h"
#include "fcn_hw/mac_array.h"
#include "fcn_hw/pixel_steps.h"
#include "fcn_hw/raster_windows.h"
#include "fcn_hw/windows.h"

namespace fcn_hw {

template <bool RASTER> struct depthwise_conv2d_body {
    template <class in_T, class out_T, typename CONFIG_T, class... table_T>
    static void run(
        hls::stream<in_T> &in, hls::stream<out_T> &out,
        const typename CONFIG_T::weight_t weights[CONFIG_T::fold][CONFIG_T::pe][CONFIG_T::taps],
        const typename CONFIG_T::bias_t biases[CONFIG_T::n_filt / CONFIG_T::pe][CONFIG_T::pe],
        const table_T &...tables) {
        #pragma HLS INLINE
        sum_windows<in_T, out_T, CONFIG_T, conv2d_window<CONFIG_T>, own_channels<CONFIG_T>>(
            in, out, weights, biases, tables...);
    }
};

template <> struct depthwise_conv2d_body<true> {
    template <class in_T, class out_T, typename CONFIG_T, class... table_T>
    static void run(
        hls::stream<in_T> &in, hls::stream<out_T> &out,
        const typename CONFIG_T::weight_t weights[CONFIG_T::fold][CONFIG_T::pe][CONFIG_T::taps],
        const typename CONFIG_T::bias_t biases[CONFIG_T::n_filt / CONFIG_T::pe][CONFIG_T::pe],
        const table_T &...tables) {
        #pragma HLS INLINE
        sum_raster_windows<in_T, out_T, CONFIG_T, conv2d_window<CONFIG_T>, own_channel_taps<CONFIG_T>>(
            in, out, weights, biases, tables...);
    }
};

template <class in_T, class out_T, typename CONFIG_T, class... table_T>
void depthwise_conv2d(
    hls::stream<in_T> &in, hls::stream<out_T> &out,
    const typename CONFIG_T::weight_t weights[CONFIG_T::fold][CONFIG_T::pe][CONFIG_T::taps],
    const typename CONFIG_T::bias_t biases[CONFIG_T::n_filt / CONFIG_T::pe][CONFIG_T::pe],
    const table_T &...tables) {
    static_assert(in_T::size == CONFIG_T::n_chan && out_T::size == CONFIG_T::n_filt,
                  "The pixels that depthwise_conv2d reads and writes must have n_chan and n_filt channels.");
    static_assert(CONFIG_T::n_filt % CONFIG_T::n_chan == 0,
                  "Every channel of depthwise_conv2d has the same number of filters, so n_chan must "
                  "divide n_filt.");
    static_assert(CONFIG_T::simd == 1, "A filter of depthwise_conv2d reads one channel, so simd must be 1.");
    static_assert(CONFIG_T::n_filt % CONFIG_T::pe == 0,
                  "depthwise_conv2d computes pe filters in parallel, so pe must divide n_filt.");
    static_assert(CONFIG_T::kernel_height * CONFIG_T::kernel_width % CONFIG_T::taps == 0,
                  "depthwise_conv2d multiplies taps kernel positions in parallel, so taps must divide "
                  "those of the kernel.");
    static_assert(right_fold(lists_steps<table_T...>::value, CONFIG_T::fold,
                             CONFIG_T::kernel_height * CONFIG_T::kernel_width / CONFIG_T::taps *
                                 (CONFIG_T::n_filt / CONFIG_T::pe),
                             CONFIG_T::n_filt / CONFIG_T::pe),
                  "The fold of depthwise_conv2d must be the steps that pe x taps multipliers need for a "
                  "pixel.");
    static_assert(CONFIG_T::rom_depth == CONFIG_T::fold,
                  "The weight ROM of depthwise_conv2d must have one word for each step of a pixel.");

    // The weights of a step are one word of the ROM, and so are the biases of a filter group.
    #pragma HLS ARRAY_RESHAPE variable=weights dim=2
    #pragma HLS ARRAY_RESHAPE variable=weights dim=3
    #pragma HLS ARRAY_RESHAPE variable=biases dim=2
    depthwise_conv2d_body<(CONFIG_T::taps > 1)>::template run<in_T, out_T, CONFIG_T>(
        in, out, weights, biases, tables...);
}

} // namespace fcn_hw

#endif
