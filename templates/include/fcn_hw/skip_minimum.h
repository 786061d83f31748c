// Smallest value of 2 to 4 streams of one shape, binary points aligned. The comparison is exact; the
// conversion to the output's type rounds and saturates once.
//
// Cycles of a frame: height * width.
//
// Parameters:
//   in1_T .. in4_T   nnet::array of ap_[u]fixed with the same number of channels; a beat is a pixel.
//   out_T            the same, of the output
//   CONFIG_T         height, width; accum_t: ap_[u]fixed that holds every value of every stream exactly
#ifndef FCN_HW_SKIP_MINIMUM_H_
#define FCN_HW_SKIP_MINIMUM_H_

#include "fcn_hw/code.h"
#include "fcn_hw/types.h"
#include "hls_stream.h"

namespace fcn_hw {

// Starts the minima with the next pixel of a stream.
template <class in_T, class accum_T>
void start_minima(hls::stream<in_T> &in, accum_T minima[in_T::size]) {
    #pragma HLS INLINE
    const in_T pixel = in.read();
StartMinima:
    for (unsigned c = 0; c < in_T::size; ++c) {
        #pragma HLS UNROLL
        minima[c] = pixel[c];
    }
}

// Takes the next pixel of a further stream into the minima.
template <class in_T, class accum_T>
void lower_minima(hls::stream<in_T> &in, accum_T minima[in_T::size]) {
    #pragma HLS INLINE
    const in_T pixel = in.read();
LowerMinima:
    for (unsigned c = 0; c < in_T::size; ++c) {
        #pragma HLS UNROLL
        const accum_T value = pixel[c];
        minima[c] = choose(minima[c] > value, value, minima[c]);
    }
}

template <class in1_T, class in2_T, class out_T, typename CONFIG_T>
void skip_minimum(hls::stream<in1_T> &in1, hls::stream<in2_T> &in2, hls::stream<out_T> &out) {
    static_assert(in1_T::size == out_T::size && in2_T::size == out_T::size,
                  "skip_minimum compares streams that have the same number of channels.");
Pixel:
    for (int n = 0; n < CONFIG_T::height * CONFIG_T::width; ++n) {
        #pragma HLS PIPELINE II=1
        typename CONFIG_T::accum_t minima[out_T::size];
        #pragma HLS ARRAY_PARTITION variable=minima
        start_minima(in1, minima);
        lower_minima(in2, minima);
        write_converted(out, minima);
    }
}

template <class in1_T, class in2_T, class in3_T, class out_T, typename CONFIG_T>
void skip_minimum(hls::stream<in1_T> &in1, hls::stream<in2_T> &in2, hls::stream<in3_T> &in3,
                  hls::stream<out_T> &out) {
    static_assert(in1_T::size == out_T::size && in2_T::size == out_T::size &&
                      in3_T::size == out_T::size,
                  "skip_minimum compares streams that have the same number of channels.");
Pixel:
    for (int n = 0; n < CONFIG_T::height * CONFIG_T::width; ++n) {
        #pragma HLS PIPELINE II=1
        typename CONFIG_T::accum_t minima[out_T::size];
        #pragma HLS ARRAY_PARTITION variable=minima
        start_minima(in1, minima);
        lower_minima(in2, minima);
        lower_minima(in3, minima);
        write_converted(out, minima);
    }
}

template <class in1_T, class in2_T, class in3_T, class in4_T, class out_T, typename CONFIG_T>
void skip_minimum(hls::stream<in1_T> &in1, hls::stream<in2_T> &in2, hls::stream<in3_T> &in3,
                  hls::stream<in4_T> &in4, hls::stream<out_T> &out) {
    static_assert(in1_T::size == out_T::size && in2_T::size == out_T::size &&
                      in3_T::size == out_T::size && in4_T::size == out_T::size,
                  "skip_minimum compares streams that have the same number of channels.");
Pixel:
    for (int n = 0; n < CONFIG_T::height * CONFIG_T::width; ++n) {
        #pragma HLS PIPELINE II=1
        typename CONFIG_T::accum_t minima[out_T::size];
        #pragma HLS ARRAY_PARTITION variable=minima
        start_minima(in1, minima);
        lower_minima(in2, minima);
        lower_minima(in3, minima);
        lower_minima(in4, minima);
        write_converted(out, minima);
    }
}

} // namespace fcn_hw

#endif
