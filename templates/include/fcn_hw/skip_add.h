// Sum of 2 to 4 streams of one shape, binary points aligned. The sum is exact; the conversion to the
// output's type rounds and saturates once.
//
// Cycles of a frame: height * width.
//
// Parameters:
//   in1_T .. in4_T   nnet::array of ap_[u]fixed with the same number of channels; a beat is a pixel.
//   out_T            the same, of the output
//   CONFIG_T         height, width; accum_t: ap_[u]fixed that holds every partial sum exactly
#ifndef FCN_HW_SKIP_ADD_H_
#define FCN_HW_SKIP_ADD_H_

#include "fcn_hw/code.h"
#include "hls_stream.h"

namespace fcn_hw {

// Adds the next pixel of a stream to the sums.
template <class in_T, class accum_T> void add_pixel(hls::stream<in_T> &in, accum_T sums[in_T::size]) {
    #pragma HLS INLINE
    const in_T pixel = in.read();
AddPixel:
    for (unsigned c = 0; c < in_T::size; ++c) {
        #pragma HLS UNROLL
        sums[c] += pixel[c];
    }
}

template <class accum_T, unsigned CHANNELS> void clear_sums(accum_T (&sums)[CHANNELS]) {
    #pragma HLS INLINE
ClearSums:
    for (unsigned c = 0; c < CHANNELS; ++c) {
        #pragma HLS UNROLL
        sums[c] = 0;
    }
}

template <class in1_T, class in2_T, class out_T, typename CONFIG_T>
void skip_add(hls::stream<in1_T> &in1, hls::stream<in2_T> &in2, hls::stream<out_T> &out) {
    static_assert(in1_T::size == out_T::size && in2_T::size == out_T::size,
                  "skip_add sums streams that have the same number of channels.");
Pixel:
    for (int n = 0; n < CONFIG_T::height * CONFIG_T::width; ++n) {
        #pragma HLS PIPELINE II=1
        typename CONFIG_T::accum_t sums[out_T::size];
        #pragma HLS ARRAY_PARTITION variable=sums
        clear_sums(sums);
        add_pixel(in1, sums);
        add_pixel(in2, sums);
        write_converted(out, sums);
    }
}

template <class in1_T, class in2_T, class in3_T, class out_T, typename CONFIG_T>
void skip_add(hls::stream<in1_T> &in1, hls::stream<in2_T> &in2, hls::stream<in3_T> &in3,
              hls::stream<out_T> &out) {
    static_assert(in1_T::size == out_T::size && in2_T::size == out_T::size &&
                      in3_T::size == out_T::size,
                  "skip_add sums streams that have the same number of channels.");
Pixel:
    for (int n = 0; n < CONFIG_T::height * CONFIG_T::width; ++n) {
        #pragma HLS PIPELINE II=1
        typename CONFIG_T::accum_t sums[out_T::size];
        #pragma HLS ARRAY_PARTITION variable=sums
        clear_sums(sums);
        add_pixel(in1, sums);
        add_pixel(in2, sums);
        add_pixel(in3, sums);
        write_converted(out, sums);
    }
}

template <class in1_T, class in2_T, class in3_T, class in4_T, class out_T, typename CONFIG_T>
void skip_add(hls::stream<in1_T> &in1, hls::stream<in2_T> &in2, hls::stream<in3_T> &in3,
              hls::stream<in4_T> &in4, hls::stream<out_T> &out) {
    static_assert(in1_T::size == out_T::size && in2_T::size == out_T::size &&
                      in3_T::size == out_T::size && in4_T::size == out_T::size,
                  "skip_add sums streams that have the same number of channels.");
Pixel:
    for (int n = 0; n < CONFIG_T::height * CONFIG_T::width; ++n) {
        #pragma HLS PIPELINE II=1
        typename CONFIG_T::accum_t sums[out_T::size];
        #pragma HLS ARRAY_PARTITION variable=sums
        clear_sums(sums);
        add_pixel(in1, sums);
        add_pixel(in2, sums);
        add_pixel(in3, sums);
        add_pixel(in4, sums);
        write_converted(out, sums);
    }
}

} // namespace fcn_hw

#endif
