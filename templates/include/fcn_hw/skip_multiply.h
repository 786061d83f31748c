// Product of two streams of one size, channel by channel. A stream of one channel is multiplied with
// every channel of the other.
//
// Products are exact; the conversion to the output's type rounds and saturates once. pe multipliers
// work on a channel group, pe consecutive channels; the groups of a pixel follow one another, and so do
// the pixels.
//
// Cycles of a frame: height * width * fold.
//
// Parameters:
//   in1_T, in2_T   nnet::array of ap_[u]fixed with n_chan channels or one; a beat is a pixel.
//   out_T          the same, with n_chan channels
//   CONFIG_T       height, width, n_chan
//                  pe        channels that are computed in parallel
//                  fold      channel groups, n_chan / pe
//                  accum_t   ap_[u]fixed that holds every product exactly
#ifndef FCN_HW_SKIP_MULTIPLY_H_
#define FCN_HW_SKIP_MULTIPLY_H_

#include "fcn_hw/code.h"
#include "fcn_hw/types.h"
#include "hls_stream.h"

namespace fcn_hw {

// Invariant: `group` is the channel group at hand, of the pixels that were read in group 0.
template <class in1_T, class in2_T, class out_T, typename CONFIG_T>
void skip_multiply(hls::stream<in1_T> &in1, hls::stream<in2_T> &in2, hls::stream<out_T> &out) {
    typedef typename out_T::value_type result_t;
    typedef sum_t<code_of<typename CONFIG_T::accum_t>::width> exact_t; // holds the codes of accum_t
    static_assert((in1_T::size == CONFIG_T::n_chan || in1_T::size == 1) &&
                      (in2_T::size == CONFIG_T::n_chan || in2_T::size == 1),
                  "The pixels that skip_multiply reads must have n_chan channels or one.");
    static_assert(out_T::size == CONFIG_T::n_chan,
                  "The pixels that skip_multiply writes must have n_chan channels.");
    static_assert(CONFIG_T::n_chan % CONFIG_T::pe == 0,
                  "skip_multiply computes pe channels in parallel, so pe must divide n_chan.");
    static_assert(CONFIG_T::fold * CONFIG_T::pe == CONFIG_T::n_chan,
                  "The fold of skip_multiply must be the steps that pe multipliers need for a pixel.");

    code_t<typename in1_T::value_type> left[in1_T::size];
    #pragma HLS ARRAY_PARTITION variable=left
    code_t<typename in2_T::value_type> right[in2_T::size];
    #pragma HLS ARRAY_PARTITION variable=right
    result_t results[CONFIG_T::n_chan];
    #pragma HLS ARRAY_PARTITION variable=results
    count_t<CONFIG_T::fold - 1> group = 0;

Cycle:
    for (int n = 0; n < CONFIG_T::height * CONFIG_T::width * CONFIG_T::fold; ++n) {
        #pragma HLS PIPELINE II=1
        if (group == 0) {
            read_codes(in1, left);
            read_codes(in2, right);
        }
    Channels:
        for (int p = 0; p < CONFIG_T::pe; ++p) {
            #pragma HLS UNROLL
            const int channel = group * CONFIG_T::pe + p;
            const exact_t left_code = left[in1_T::size == 1 ? 0 : channel];
            const exact_t right_code = right[in2_T::size == 1 ? 0 : channel];
            const exact_t product = left_code * right_code;
            results[channel] = convert<result_t>(from_code<typename CONFIG_T::accum_t>(product));
        }
        if (group == CONFIG_T::fold - 1) {
            write_pixel(out, results);
        }
        group = next_of<CONFIG_T::fold>(group);
    }
}

} // namespace fcn_hw

#endif
