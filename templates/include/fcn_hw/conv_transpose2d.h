// Transposed convolution with a fused crop, without a multiplication by an inserted zero.
//
//   out[i][j][f] = bias[f] + sum over m, n, p, q, c of in[m][n][c] * weight[p][q][c][f]
//       where m*stride + p - crop_top == i and n*stride + q - crop_left == j
//
// Along an axis, only the taps p = r, r + s, r + 2s, ... with r = (i + crop_top) % s meet an input. An
// output of phase r is therefore a plain sum over ceil(kernel / stride) neighbouring inputs with
// weights of its phase; the window moves by one input every s outputs. A position that no product
// reaches holds the bias. Sums are exact; the conversion to the output's type rounds and saturates
// once.
//
// Cycles of a frame (fcn_hw/ops/convolution.py holds the same formulas):
//   fold      = ceil(kernel_height / stride_height) * ceil(kernel_width / stride_width)
//               * (n_chan / simd) * (n_filt / pe), or fewer steps where a table lists those with a
//               weight that is not zero, of the phase that has the most
//   cycles    = fill_rows*in_width + out_height*out_width * period + drain_rows*in_width
//   period    = fold, or more where the first rows of outputs are too few to read a row of inputs;
//               windows.h has the formula
//
// Parameters:
//   in_T, out_T       nnet::array of ap_[u]fixed with n_chan and n_filt channels; a beat is a pixel.
//   CONFIG_T          as conv2d.h documents it, with crop_top and crop_left (rows and columns of the
//                     full result that are cut off before) instead of padding and dilation, and
//                     rom_depth = stride_height * stride_width * fold
//   weights           [phase row][phase column] one after another, each as in conv2d.h, its taps from
//                     the top left input to the bottom right one; 0 where a phase has fewer taps
//   biases            [n_filt / pe][pe]
//   tables            as in conv2d.h; what lists the steps has rom_depth words
#ifndef FCN_HW_CONV_TRANSPOSE2D_H_
#define FCN_HW_CONV_TRANSPOSE2D_H_

#include "fcn_hw/pixel_steps.h"
#include "fcn_hw/types.h"
#include "fcn_hw/windows.h"

namespace fcn_hw {

// A transposed convolution's windows: a phase for each of the outputs that share a window.
template <typename CONFIG_T> struct conv_transpose2d_window {
    static constexpr int taps_height = ceil_div(CONFIG_T::kernel_height, CONFIG_T::stride_height);
    static constexpr int taps_width = ceil_div(CONFIG_T::kernel_width, CONFIG_T::stride_width);
    static constexpr int spread_height = 1;
    static constexpr int spread_width = 1;
    static constexpr int top = CONFIG_T::crop_top / CONFIG_T::stride_height - (taps_height - 1);
    static constexpr int left = CONFIG_T::crop_left / CONFIG_T::stride_width - (taps_width - 1);
    static constexpr int move_height = 1;
    static constexpr int move_width = 1;
    static constexpr int phases_height = CONFIG_T::stride_height;
    static constexpr int phases_width = CONFIG_T::stride_width;
    static constexpr int phase_top = CONFIG_T::crop_top % CONFIG_T::stride_height;
    static constexpr int phase_left = CONFIG_T::crop_left % CONFIG_T::stride_width;
};

template <class in_T, class out_T, typename CONFIG_T, class... table_T>
void conv_transpose2d(
    hls::stream<in_T> &in, hls::stream<out_T> &out,
    const typename CONFIG_T::weight_t weights[CONFIG_T::rom_depth]
                                             [mac_plan<CONFIG_T>::columns][CONFIG_T::simd],
    const typename CONFIG_T::bias_t biases[CONFIG_T::n_filt / CONFIG_T::pe][mac_plan<CONFIG_T>::sums],
    const table_T &...tables) {
    typedef conv_transpose2d_window<CONFIG_T> window;
    static_assert(in_T::size == CONFIG_T::n_chan && out_T::size == CONFIG_T::n_filt,
                  "The pixels that conv_transpose2d reads and writes must have n_chan and n_filt channels.");
    static_assert(CONFIG_T::n_chan % CONFIG_T::simd == 0,
                  "conv_transpose2d multiplies simd channels in parallel, so simd must divide n_chan.");
    static_assert(CONFIG_T::n_filt % CONFIG_T::pe == 0,
                  "conv_transpose2d computes pe filters in parallel, so pe must divide n_filt.");
    static_assert(right_fold(lists_steps<table_T...>::value, CONFIG_T::fold,
                             window::taps_height * window::taps_width *
                                 (CONFIG_T::n_chan / CONFIG_T::simd) * (CONFIG_T::n_filt / CONFIG_T::pe),
                             CONFIG_T::n_filt / CONFIG_T::pe),
                  "The fold of conv_transpose2d must be the steps that pe x simd multipliers need for "
                  "the taps of one phase.");
    static_assert(CONFIG_T::rom_depth == window::phases_height * window::phases_width * CONFIG_T::fold,
                  "The weight ROM of conv_transpose2d must have one word for each step of each phase.");

    // The weights of a step are one word of the ROM, and so are the biases of a filter group.
    #pragma HLS ARRAY_RESHAPE variable=weights dim=2
    #pragma HLS ARRAY_RESHAPE variable=weights dim=3
    #pragma HLS ARRAY_RESHAPE variable=biases dim=2
    sum_windows<in_T, out_T, CONFIG_T, window, all_channels<CONFIG_T>>(in, out, weights, biases,
                                                                       tables...);
}

} // namespace fcn_hw

#endif
