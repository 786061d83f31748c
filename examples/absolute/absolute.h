// |x|, then conversion to the output's type, by its rounding and overflow modes.
//
// Cycles of a frame: height * width.
//
// Parameters:
//   in_T, out_T   nnet::array of ap_[u]fixed with the same number of channels; a beat is a pixel.
//   CONFIG_T      height, width
#ifndef FCN_HW_ABSOLUTE_H_
#define FCN_HW_ABSOLUTE_H_

#include "fcn_hw/code.h"
#include "fcn_hw/types.h"
#include "hls_stream.h"

namespace fcn_hw {

template <class in_T, class out_T, typename CONFIG_T>
void absolute(hls::stream<in_T> &in, hls::stream<out_T> &out) {
    static_assert(in_T::size == out_T::size, "absolute must write as many channels as it reads.");
    typedef typename in_T::value_type input_t;
    // One bit more than the input: the most negative code has no counterpart.
    typedef ap_fixed<input_t::width + 1, input_t::iwidth + 1> wide_t;
    const wide_t zero = 0;
Pixel:
    for (int n = 0; n < CONFIG_T::height * CONFIG_T::width; ++n) {
        #pragma HLS PIPELINE II=1
        const in_T pixel = in.read();
        out_T result;
    Channel:
        for (unsigned c = 0; c < in_T::size; ++c) {
            #pragma HLS UNROLL
            const wide_t value = pixel[c];
            const wide_t negated = zero - value;
            // choose(), and not ?:, because the C simulation runs frames side by side
            const wide_t magnitude = choose(value > zero, value, negated);
            result[c] = convert<typename out_T::value_type>(magnitude);
        }
        out.write(result);
    }
}

} // namespace fcn_hw

#endif
