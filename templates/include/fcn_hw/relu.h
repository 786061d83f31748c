// max(x, 0), then conversion to the output's type, by its rounding and overflow modes.
//
// Cycles of a frame: height * width.
//
// Parameters:
//   in_T, out_T   nnet::array of ap_[u]fixed with the same number of channels; a beat is a pixel.
//   CONFIG_T      height, width
#ifndef FCN_HW_RELU_H_
#define FCN_HW_RELU_H_

#include "fcn_hw/code.h"
#include "fcn_hw/types.h"
#include "hls_stream.h"

namespace fcn_hw {

template <class in_T, class out_T, typename CONFIG_T>
void relu(hls::stream<in_T> &in, hls::stream<out_T> &out) {
    static_assert(in_T::size == out_T::size, "relu must write as many channels as it reads.");
    typedef typename in_T::value_type input_t;
    const input_t zero = 0;
Pixel:
    for (int n = 0; n < CONFIG_T::height * CONFIG_T::width; ++n) {
        #pragma HLS PIPELINE II=1
        const in_T pixel = in.read();
        out_T result;
    Channel:
        for (unsigned c = 0; c < in_T::size; ++c) {
            #pragma HLS UNROLL
            const input_t positive = choose(pixel[c] > zero, pixel[c], zero);
            result[c] = convert<typename out_T::value_type>(positive);
        }
        out.write(result);
    }
}

} // namespace fcn_hw

#endif
