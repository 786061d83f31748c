// First stream minus the second, of one shape, binary points aligned. The difference is exact; the
// conversion to the output's type rounds and saturates once.
//
// Cycles of a frame: height * width.
//
// Parameters:
//   in1_T, in2_T   nnet::array of ap_[u]fixed with the same number of channels; a beat is a pixel.
//   out_T          the same, of the output
//   CONFIG_T       height, width; accum_t: ap_[u]fixed that holds every difference exactly
#ifndef FCN_HW_SKIP_SUBTRACT_H_
#define FCN_HW_SKIP_SUBTRACT_H_

#include "fcn_hw/code.h"
#include "hls_stream.h"

namespace fcn_hw {

template <class in1_T, class in2_T, class out_T, typename CONFIG_T>
void skip_subtract(hls::stream<in1_T> &in1, hls::stream<in2_T> &in2, hls::stream<out_T> &out) {
    static_assert(in1_T::size == out_T::size && in2_T::size == out_T::size,
                  "skip_subtract takes streams that have the same number of channels.");
Pixel:
    for (int n = 0; n < CONFIG_T::height * CONFIG_T::width; ++n) {
        #pragma HLS PIPELINE II=1
        const in1_T left = in1.read();
        const in2_T right = in2.read();
        typename CONFIG_T::accum_t differences[out_T::size];
        #pragma HLS ARRAY_PARTITION variable=differences
    Channel:
        for (unsigned c = 0; c < out_T::size; ++c) {
            #pragma HLS UNROLL
            differences[c] = left[c] - right[c];
        }
        write_converted(out, differences);
    }
}

} // namespace fcn_hw

#endif
