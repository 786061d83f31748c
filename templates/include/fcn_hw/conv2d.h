// Convolution with fused padding, stride and dilation; any kernel, any frame size.
//
//   out[i][j][f] = bias[f] + sum over p, q, c of
//       in[i*stride - pad_top + p*dilation][j*stride - pad_left + q*dilation][c] * weight[p][q][c][f]
//
// A position outside the frame counts as code 0. Sums are exact; the conversion to the output's type
// rounds and saturates once.
//
// Cycles of a frame (fcn_hw/ops/convolution.py holds the same formulas):
//   fold      = kernel_height * kernel_width / taps * (n_chan / simd) * (n_filt / pe), or fewer steps
//               where a table lists those with a weight that is not zero
//   1x1 without padding:
//               in_height*in_width + out_height*out_width * (fold - 1)
//   several taps in parallel: as raster_windows.h says
//   otherwise:  fill_rows*in_width + out_height*out_width * period + drain_rows*in_width
//   period    = max(fold, ceil(stride_height*in_width / out_width))
//   fill_rows = rows that the first row of outputs needs, drain_rows = rows that none needs at the end
//
// Parameters:
//   in_T, out_T       nnet::array of ap_[u]fixed with n_chan and n_filt channels; a beat is a pixel.
//   CONFIG_T          in_height, in_width, n_chan, out_height, out_width, n_filt
//                     kernel_height, kernel_width, stride_height, stride_width
//                     dilation_height, dilation_width, pad_top, pad_left
//                     pe, simd        filters and channels that are multiplied in parallel
//                     taps            kernel positions that are multiplied in parallel
//                     lanes           products that a DSP slice makes at a time, or 0: see mac_array.h,
//                                     also for the members that it needs then
//                     fold            steps of an output pixel, see above
//                     rom_depth       fold
//                     weight_t, bias_t  elements of the ROMs, rom_t (types.h)
//                     accum_t         ap_[u]fixed that holds every partial sum
//                     product_shift, bias_shift   left shifts of the codes of products and biases to
//                                     the binary point of accum_t
//   weights           [fold][pe][taps * simd], with lanes [fold][pe / lanes][taps * simd], in the order of
//                     the steps: filter group, tap group, channel group. A filter group is pe consecutive
//                     filters, a tap group `taps` consecutive kernel positions, row by row.
//   biases            [n_filt / pe][pe], with lanes and sums that stay packed [n_filt / pe][pe / lanes]
//   tables            none, or [n_filt / pe][pe]: the shifts of the filters, see mac_array.h; or [fold]:
//                     which steps are done, see pixel_steps.h; or both, in this order
#ifndef FCN_HW_CONV2D_H_
#define FCN_HW_CONV2D_H_

#include "fcn_hw/code.h"
#include "fcn_hw/conv2d_window.h"
#include "fcn_hw/mac_array.h"
#include "fcn_hw/pixel_steps.h"
#include "fcn_hw/raster_windows.h"
#include "fcn_hw/types.h"
#include "fcn_hw/windows.h"

namespace fcn_hw {

// 1x1 without padding: an output depends on one input pixel, no line buffer is needed.
template <typename CONFIG_T> constexpr bool is_pointwise() {
    return CONFIG_T::kernel_height == 1 && CONFIG_T::kernel_width == 1 && CONFIG_T::pad_top == 0 &&
           CONFIG_T::pad_left == 0 &&
           (CONFIG_T::out_height - 1) * CONFIG_T::stride_height < CONFIG_T::in_height &&
           (CONFIG_T::out_width - 1) * CONFIG_T::stride_width < CONFIG_T::in_width;
}

template <bool POINTWISE, bool RASTER> struct conv2d_body {
    template <class in_T, class out_T, typename CONFIG_T, class... table_T>
    static void run(
        hls::stream<in_T> &in, hls::stream<out_T> &out,
        const typename CONFIG_T::weight_t weights[CONFIG_T::fold][mac_plan<CONFIG_T>::columns]
                                                 [CONFIG_T::taps * CONFIG_T::simd],
        const typename CONFIG_T::bias_t biases[CONFIG_T::n_filt / CONFIG_T::pe][mac_plan<CONFIG_T>::sums],
        const table_T &...tables) {
        #pragma HLS INLINE
        sum_windows<in_T, out_T, CONFIG_T, conv2d_window<CONFIG_T>, all_channels<CONFIG_T>>(
            in, out, weights, biases, tables...);
    }
};

template <> struct conv2d_body<false, true> {
    template <class in_T, class out_T, typename CONFIG_T, class... table_T>
    static void run(
        hls::stream<in_T> &in, hls::stream<out_T> &out,
        const typename CONFIG_T::weight_t weights[CONFIG_T::fold][mac_plan<CONFIG_T>::columns]
                                                 [CONFIG_T::taps * CONFIG_T::simd],
        const typename CONFIG_T::bias_t biases[CONFIG_T::n_filt / CONFIG_T::pe][mac_plan<CONFIG_T>::sums],
        const table_T &...tables) {
        #pragma HLS INLINE
        sum_raster_windows<in_T, out_T, CONFIG_T, conv2d_window<CONFIG_T>, all_channel_taps<CONFIG_T>>(
            in, out, weights, biases, tables...);
    }
};

// Without a line buffer. A pixel on the grid of the strides takes `fold` cycles, another one takes 1.
//
// Invariant: (row, col) is the input pixel at hand, read in step 0.
template <> struct conv2d_body<true, false> {
    template <class in_T, class out_T, typename CONFIG_T, class... table_T>
    static void run(
        hls::stream<in_T> &in, hls::stream<out_T> &out,
        const typename CONFIG_T::weight_t weights[CONFIG_T::fold][mac_plan<CONFIG_T>::columns]
                                                 [CONFIG_T::taps * CONFIG_T::simd],
        const typename CONFIG_T::bias_t biases[CONFIG_T::n_filt / CONFIG_T::pe][mac_plan<CONFIG_T>::sums],
        const table_T &...tables) {
        #pragma HLS INLINE
        typedef code_t<typename in_T::value_type> input_code_t;
        typedef all_channels<CONFIG_T> operands_t;
        constexpr int filter_groups = CONFIG_T::n_filt / CONFIG_T::pe;
        constexpr int channel_groups = operands_t::channel_groups;
        constexpr int cycles = CONFIG_T::in_height * CONFIG_T::in_width +
                               CONFIG_T::out_height * CONFIG_T::out_width * (CONFIG_T::fold - 1);

        input_code_t pixel[CONFIG_T::n_chan];
        #pragma HLS ARRAY_PARTITION variable=pixel
        accumulator_t<CONFIG_T> sums[mac_plan<CONFIG_T>::sums];
        #pragma HLS ARRAY_PARTITION variable=sums
        typename out_T::value_type results[CONFIG_T::n_filt];
        #pragma HLS ARRAY_PARTITION variable=results

        // Distance of the pixel from the last row and column of the grid.
        count_t<CONFIG_T::stride_height - 1> off_row = 0;
        count_t<CONFIG_T::stride_width - 1> off_col = 0;
        count_t<CONFIG_T::in_width - 1> col = 0;
        count_t<CONFIG_T::fold - 1> step = 0;
        pixel_steps<lists_steps<table_T...>::value, 1, 1, channel_groups> steps;
        count_t<filter_groups - 1> filter_group = 0;

    Cycle:
        for (int n = 0; n < cycles; ++n) {
            #pragma HLS PIPELINE II=1
            if (step == 0) {
                read_codes(in, pixel);
            }
            const bool on_grid = off_row == 0 && off_col == 0;
            if (on_grid) {
                steps.take(step, tables...);
                input_code_t inputs[CONFIG_T::simd];
                #pragma HLS ARRAY_PARTITION variable=inputs
            Inputs:
                for (int s = 0; s < CONFIG_T::simd; ++s) {
                    #pragma HLS UNROLL
                    inputs[s] = pixel[operands_t::channel(steps.channel_group, s)];
                }
                if (steps.first()) {
                    start_sums<CONFIG_T>(sums, biases[filter_group]);
                }
                add_products<CONFIG_T, operands_t>(sums, weights[step], inputs);
                if (steps.last()) {
                    finish_by<table_T...>::template sums<CONFIG_T>(results, sums, filter_group, tables...);
                    filter_group = next_of<filter_groups>(filter_group);
                }
                steps.next();
                if (step == CONFIG_T::fold - 1) {
                    write_pixel(out, results);
                }
            }

            if (on_grid && step != CONFIG_T::fold - 1) {
                ++step;
            } else {
                step = 0;
                off_col = next_of<CONFIG_T::stride_width>(off_col);
                if (col == CONFIG_T::in_width - 1) {
                    off_col = 0;
                    off_row = next_of<CONFIG_T::stride_height>(off_row);
                }
                col = next_of<CONFIG_T::in_width>(col);
            }
        }
    }
};

template <class in_T, class out_T, typename CONFIG_T, class... table_T>
void conv2d(hls::stream<in_T> &in, hls::stream<out_T> &out,
            const typename CONFIG_T::weight_t weights[CONFIG_T::fold][mac_plan<CONFIG_T>::columns]
                                                     [CONFIG_T::taps * CONFIG_T::simd],
            const typename CONFIG_T::bias_t biases[CONFIG_T::n_filt / CONFIG_T::pe]
                                                  [mac_plan<CONFIG_T>::sums],
            const table_T &...tables) {
    static_assert(in_T::size == CONFIG_T::n_chan && out_T::size == CONFIG_T::n_filt,
                  "The pixels that conv2d reads and writes must have n_chan and n_filt channels.");
    static_assert(CONFIG_T::n_chan % CONFIG_T::simd == 0,
                  "conv2d multiplies simd channels in parallel, so simd must divide n_chan.");
    static_assert(CONFIG_T::n_filt % CONFIG_T::pe == 0,
                  "conv2d computes pe filters in parallel, so pe must divide n_filt.");
    static_assert(CONFIG_T::kernel_height * CONFIG_T::kernel_width % CONFIG_T::taps == 0,
                  "conv2d multiplies taps kernel positions in parallel, so taps must divide those of "
                  "the kernel.");
    static_assert(right_fold(lists_steps<table_T...>::value, CONFIG_T::fold,
                             CONFIG_T::kernel_height * CONFIG_T::kernel_width / CONFIG_T::taps *
                                 (CONFIG_T::n_chan / CONFIG_T::simd) * (CONFIG_T::n_filt / CONFIG_T::pe),
                             CONFIG_T::n_filt / CONFIG_T::pe),
                  "The fold of conv2d must be the steps that pe x simd x taps multipliers need for a "
                  "pixel.");
    static_assert(CONFIG_T::rom_depth == CONFIG_T::fold,
                  "The weight ROM of conv2d must have one word for each step of a pixel.");

    // The weights of a step are one word of the ROM, and so are the biases of a filter group.
    #pragma HLS ARRAY_RESHAPE variable=weights dim=2
    #pragma HLS ARRAY_RESHAPE variable=weights dim=3
    #pragma HLS ARRAY_RESHAPE variable=biases dim=2
    conv2d_body<is_pointwise<CONFIG_T>(), (CONFIG_T::taps > 1)>::template run<in_T, out_T, CONFIG_T>(
        in, out, weights, biases, tables...);
}

} // namespace fcn_hw

#endif
