// Scale and bias of each channel: out[..., c] = in[..., c] * scale[c] + bias[c].
//
// Products and sums are exact; the conversion to the output's type rounds and saturates once. pe
// multipliers work on a channel group, pe consecutive channels; the groups of a pixel follow one
// another, and so do the pixels.
//
// Cycles of a frame: height * width * fold.
//
// Parameters:
//   in_T, out_T   nnet::array of ap_[u]fixed with n_chan channels; a beat is a pixel.
//   CONFIG_T      height, width, n_chan
//                 pe                 channels that are computed in parallel
//                 fold               channel groups, n_chan / pe
//                 scale_t, bias_t    elements of the ROMs, rom_t (types.h)
//                 accum_t            ap_[u]fixed that holds every product and every sum
//                 product_shift, bias_shift   left shifts of the codes of products and biases to the
//                                    binary point of accum_t
//   scales        [fold][pe]
//   biases        [fold][pe]
#ifndef FCN_HW_BATCH_NORM_H_
#define FCN_HW_BATCH_NORM_H_

#include "fcn_hw/code.h"
#include "fcn_hw/mac_array.h"
#include "fcn_hw/types.h"
#include "hls_stream.h"

namespace fcn_hw {

// Invariant: `group` is the channel group at hand, of the pixel that was read in group 0.
template <class in_T, class out_T, typename CONFIG_T>
void batch_norm(hls::stream<in_T> &in, hls::stream<out_T> &out,
                const typename CONFIG_T::scale_t scales[CONFIG_T::fold][CONFIG_T::pe],
                const typename CONFIG_T::bias_t biases[CONFIG_T::fold][CONFIG_T::pe]) {
    typedef code_t<typename in_T::value_type> input_code_t;
    typedef typename out_T::value_type result_t;
    typedef sum_t<code_of<typename CONFIG_T::accum_t>::width> exact_t; // holds the codes of accum_t
    static_assert(in_T::size == CONFIG_T::n_chan && out_T::size == CONFIG_T::n_chan,
                  "The pixels that batch_norm reads and writes must have n_chan channels.");
    static_assert(CONFIG_T::n_chan % CONFIG_T::pe == 0,
                  "batch_norm computes pe channels in parallel, so pe must divide n_chan.");
    static_assert(CONFIG_T::fold * CONFIG_T::pe == CONFIG_T::n_chan,
                  "The fold of batch_norm must be the steps that pe multipliers need for a pixel.");

    // The constants of a channel group are one word of each ROM.
    #pragma HLS ARRAY_RESHAPE variable=scales dim=2
    #pragma HLS ARRAY_RESHAPE variable=biases dim=2
    input_code_t pixel[CONFIG_T::n_chan];
    #pragma HLS ARRAY_PARTITION variable=pixel
    result_t results[CONFIG_T::n_chan];
    #pragma HLS ARRAY_PARTITION variable=results
    count_t<CONFIG_T::fold - 1> group = 0;

Cycle:
    for (int n = 0; n < CONFIG_T::height * CONFIG_T::width * CONFIG_T::fold; ++n) {
        #pragma HLS PIPELINE II=1
        if (group == 0) {
            read_codes(in, pixel);
        }
    Channels:
        for (int p = 0; p < CONFIG_T::pe; ++p) {
            #pragma HLS UNROLL
            const int channel = group * CONFIG_T::pe + p;
            const exact_t product = scales[group][p] * pixel[channel];
            const exact_t bias = biases[group][p];
            const exact_t sum = shift_left<CONFIG_T::product_shift>(product) +
                                shift_left<CONFIG_T::bias_shift>(bias);
            results[channel] = convert<result_t>(from_code<typename CONFIG_T::accum_t>(sum));
        }
        if (group == CONFIG_T::fold - 1) {
            write_pixel(out, results);
        }
        group = next_of<CONFIG_T::fold>(group);
    }
}

} // namespace fcn_hw

#endif
