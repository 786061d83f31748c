// Channels of 2 to 4 streams behind one another. The streams may differ in channels and in type; the
// output's type holds the values of each exactly.
//
// Cycles of a frame: height * width.
//
// Parameters:
//   in1_T .. in4_T   nnet::array of ap_[u]fixed; a beat is a pixel.
//   out_T            the same, with the channels of all
//   CONFIG_T         height, width
#ifndef FCN_HW_SKIP_CONCAT_H_
#define FCN_HW_SKIP_CONCAT_H_

#include "hls_stream.h"

namespace fcn_hw {

// Puts the next pixel of a stream into the channels from FIRST on.
template <unsigned FIRST, class in_T, class out_T>
void place_pixel(hls::stream<in_T> &in, out_T &result) {
    #pragma HLS INLINE
    const in_T pixel = in.read();
PlacePixel:
    for (unsigned c = 0; c < in_T::size; ++c) {
        #pragma HLS UNROLL
        result[FIRST + c] = pixel[c];
    }
}

template <class in1_T, class in2_T, class out_T, typename CONFIG_T>
void skip_concat(hls::stream<in1_T> &in1, hls::stream<in2_T> &in2, hls::stream<out_T> &out) {
    static_assert(in1_T::size + in2_T::size == out_T::size,
                  "skip_concat must write as many channels as it reads from all streams.");
Pixel:
    for (int n = 0; n < CONFIG_T::height * CONFIG_T::width; ++n) {
        #pragma HLS PIPELINE II=1
        out_T result;
        place_pixel<0>(in1, result);
        place_pixel<in1_T::size>(in2, result);
        out.write(result);
    }
}

template <class in1_T, class in2_T, class in3_T, class out_T, typename CONFIG_T>
void skip_concat(hls::stream<in1_T> &in1, hls::stream<in2_T> &in2, hls::stream<in3_T> &in3,
                 hls::stream<out_T> &out) {
    static_assert(in1_T::size + in2_T::size + in3_T::size == out_T::size,
                  "skip_concat must write as many channels as it reads from all streams.");
Pixel:
    for (int n = 0; n < CONFIG_T::height * CONFIG_T::width; ++n) {
        #pragma HLS PIPELINE II=1
        out_T result;
        place_pixel<0>(in1, result);
        place_pixel<in1_T::size>(in2, result);
        place_pixel<in1_T::size + in2_T::size>(in3, result);
        out.write(result);
    }
}

template <class in1_T, class in2_T, class in3_T, class in4_T, class out_T, typename CONFIG_T>
void skip_concat(hls::stream<in1_T> &in1, hls::stream<in2_T> &in2, hls::stream<in3_T> &in3,
                 hls::stream<in4_T> &in4, hls::stream<out_T> &out) {
    static_assert(in1_T::size + in2_T::size + in3_T::size + in4_T::size == out_T::size,
                  "skip_concat must write as many channels as it reads from all streams.");
Pixel:
    for (int n = 0; n < CONFIG_T::height * CONFIG_T::width; ++n) {
        #pragma HLS PIPELINE II=1
        out_T result;
        place_pixel<0>(in1, result);
        place_pixel<in1_T::size>(in2, result);
        place_pixel<in1_T::size + in2_T::size>(in3, result);
        place_pixel<in1_T::size + in2_T::size + in3_T::size>(in4, result);
        out.write(result);
    }
}

} // namespace fcn_hw

#endif
