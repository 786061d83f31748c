// Largest value of 2 to 4 streams of one shape, binary points aligned. The comparison is exact; the
// conversion to the output's type rounds and saturates once.
//
// Cycles of a frame: height * width.
//
// Parameters:
//   in1_T .. in4_T   nnet::array of ap_[u]fixed with the same number of channels; a beat is a pixel.
//   out_T            the same, of the output
//   CONFIG_T         height, width; accum_t: ap_[u]fixed that holds every value of every stream exactly
#ifndef FCN_HW_SKIP_MAXIMUM_H_
#define FCN_HW_SKIP_MAXIMUM_H_

#include "fcn_hw/code.h"
#include "fcn_hw/types.h"
#include "hls_stream.h"

namespace fcn_hw {

// Starts the maxima with the next pixel of a stream.
template <class in_T, class accum_T>
void start_maxima(hls::stream<in_T> &in, accum_T maxima[in_T::size]) {
    #pragma HLS INLINE
    const in_T pixel = in.read();
StartMaxima:
    for (unsigned c = 0; c < in_T::size; ++c) {
        #pragma HLS UNROLL
        maxima[c] = pixel[c];
    }
}

// Takes the next pixel of a further stream into the maxima.
template <class in_T, class accum_T>
void raise_maxima(hls::stream<in_T> &in, accum_T maxima[in_T::size]) {
    #pragma HLS INLINE
    const in_T pixel = in.read();
RaiseMaxima:
    for (unsigned c = 0; c < in_T::size; ++c) {
        #pragma HLS UNROLL
        const accum_T value = pixel[c];
        maxima[c] = choose(value > maxima[c], value, maxima[c]);
    }
}

template <class in1_T, class in2_T, class out_T, typename CONFIG_T>
void skip_maximum(hls::stream<in1_T> &in1, hls::stream<in2_T> &in2, hls::stream<out_T> &out) {
    static_assert(in1_T::size == out_T::size && in2_T::size == out_T::size,
                  "skip_maximum compares streams that have the same number of channels.");
Pixel:
    for (int n = 0; n < CONFIG_T::height * CONFIG_T::width; ++n) {
        #pragma HLS PIPELINE II=1
        typename CONFIG_T::accum_t maxima[out_T::size];
        #pragma HLS ARRAY_PARTITION variable=maxima
        start_maxima(in1, maxima);
        raise_maxima(in2, maxima);
        write_converted(out, maxima);
    }
}

template <class in1_T, class in2_T, class in3_T, class out_T, typename CONFIG_T>
void skip_maximum(hls::stream<in1_T> &in1, hls::stream<in2_T> &in2, hls::stream<in3_T> &in3,
                  hls::stream<out_T> &out) {
    static_assert(in1_T::size == out_T::size && in2_T::size == out_T::size &&
                      in3_T::size == out_T::size,
                  "skip_maximum compares streams that have the same number of channels.");
Pixel:
    for (int n = 0; n < CONFIG_T::height * CONFIG_T::width; ++n) {
        #pragma HLS PIPELINE II=1
        typename CONFIG_T::accum_t maxima[out_T::size];
        #pragma HLS ARRAY_PARTITION variable=maxima
        start_maxima(in1, maxima);
        raise_maxima(in2, maxima);
        raise_maxima(in3, maxima);
        write_converted(out, maxima);
    }
}

template <class in1_T, class in2_T, class in3_T, class in4_T, class out_T, typename CONFIG_T>
void skip_maximum(hls::stream<in1_T> &in1, hls::stream<in2_T> &in2, hls::stream<in3_T> &in3,
                  hls::stream<in4_T> &in4, hls::stream<out_T> &out) {
    static_assert(in1_T::size == out_T::size && in2_T::size == out_T::size &&
                      in3_T::size == out_T::size && in4_T::size == out_T::size,
                  "skip_maximum compares streams that have the same number of channels.");
Pixel:
    for (int n = 0; n < CONFIG_T::height * CONFIG_T::width; ++n) {
        #pragma HLS PIPELINE II=1
        typename CONFIG_T::accum_t maxima[out_T::size];
        #pragma HLS ARRAY_PARTITION variable=maxima
        start_maxima(in1, maxima);
        raise_maxima(in2, maxima);
        raise_maxima(in3, maxima);
        raise_maxima(in4, maxima);
        write_converted(out, maxima);
    }
}

} // namespace fcn_hw

#endif
