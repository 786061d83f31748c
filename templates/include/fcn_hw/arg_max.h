// Index of the largest channel, the lowest index at a tie.
//
// Invariant of the channel loop: `best` is the largest of the channels before c, and `index` the first
// of those that hold it.
//
// Cycles of a frame: height * width.
//
// Parameters:
//   in_T       nnet::array of ap_[u]fixed, a channel for each class; a beat is a pixel.
//   out_T      nnet::array of one ap_ufixed that holds every index.
//   CONFIG_T   height, width
#ifndef FCN_HW_ARG_MAX_H_
#define FCN_HW_ARG_MAX_H_

#include "fcn_hw/code.h"
#include "fcn_hw/types.h"

namespace fcn_hw {

template <class in_T, class out_T, typename CONFIG_T>
void arg_max(hls::stream<in_T> &in, hls::stream<out_T> &out) {
    static_assert(out_T::size == 1, "arg_max writes one channel, the index of a class.");
    static_assert(in_T::size <= 256, "arg_max writes one byte, which holds the indices of 256 classes.");
    typedef code_t<typename in_T::value_type> input_code_t;
    typedef unsigned_code_t<8> index_t;
Pixel:
    for (int n = 0; n < CONFIG_T::height * CONFIG_T::width; ++n) {
        #pragma HLS PIPELINE II=1
        input_code_t codes[in_T::size];
        #pragma HLS ARRAY_PARTITION variable=codes
        read_codes(in, codes);
        input_code_t best = codes[0];
        index_t index = 0;
    Channel:
        for (unsigned c = 1; c < in_T::size; ++c) {
            #pragma HLS UNROLL
            const auto larger = codes[c] > best;
            best = choose(larger, codes[c], best);
            index = choose(larger, index_t(c), index);
        }
        out_T result;
        result[0] = index;
        out.write(result);
    }
}

} // namespace fcn_hw

#endif
