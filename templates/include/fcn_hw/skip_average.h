// Mean of 2 or 4 streams of one shape, binary points aligned: their exact sum, whose binary point is one
// or two places further left. The conversion to the output's type rounds and saturates once.
//
// Cycles of a frame: height * width.
//
// Parameters:
//   in1_T .. in4_T   nnet::array of ap_[u]fixed with the same number of channels; a beat is a pixel.
//   out_T            the same, of the output
//   CONFIG_T         height, width; accum_t: ap_[u]fixed that holds the code of every partial sum, with
//                    the binary point of the mean
#ifndef FCN_HW_SKIP_AVERAGE_H_
#define FCN_HW_SKIP_AVERAGE_H_

#include "fcn_hw/code.h"
#include "fcn_hw/skip_add.h"
#include "hls_stream.h"

namespace fcn_hw {

// The type of 2^BITS times a fixed_T: the same codes.
template <class fixed_T, int BITS> struct times_power;

template <int W, int I, ap_q_mode Q, ap_o_mode O, int N, int BITS>
struct times_power<ap_fixed<W, I, Q, O, N>, BITS> {
    typedef ap_fixed<W, I + BITS> type;
};

template <int W, int I, ap_q_mode Q, ap_o_mode O, int N, int BITS>
struct times_power<ap_ufixed<W, I, Q, O, N>, BITS> {
    typedef ap_ufixed<W, I + BITS> type;
};

// Writes a pixel: the codes of sums are those of means.
template <class mean_T, class out_T, class sum_T>
void write_means(hls::stream<out_T> &out, const sum_T sums[out_T::size]) {
    #pragma HLS INLINE
    mean_T means[out_T::size];
    #pragma HLS ARRAY_PARTITION variable=means
Mean:
    for (unsigned c = 0; c < out_T::size; ++c) {
        #pragma HLS UNROLL
        means[c] = from_code<mean_T>(to_code(sums[c]));
    }
    write_converted(out, means);
}

template <class in1_T, class in2_T, class out_T, typename CONFIG_T>
void skip_average(hls::stream<in1_T> &in1, hls::stream<in2_T> &in2, hls::stream<out_T> &out) {
    static_assert(in1_T::size == out_T::size && in2_T::size == out_T::size,
                  "skip_average joins streams that have the same number of channels.");
    typedef typename CONFIG_T::accum_t mean_t;
Pixel:
    for (int n = 0; n < CONFIG_T::height * CONFIG_T::width; ++n) {
        #pragma HLS PIPELINE II=1
        typename times_power<mean_t, 1>::type sums[out_T::size];
        #pragma HLS ARRAY_PARTITION variable=sums
        clear_sums(sums);
        add_pixel(in1, sums);
        add_pixel(in2, sums);
        write_means<mean_t>(out, sums);
    }
}

template <class in1_T, class in2_T, class in3_T, class in4_T, class out_T, typename CONFIG_T>
void skip_average(hls::stream<in1_T> &in1, hls::stream<in2_T> &in2, hls::stream<in3_T> &in3,
                  hls::stream<in4_T> &in4, hls::stream<out_T> &out) {
    static_assert(in1_T::size == out_T::size && in2_T::size == out_T::size &&
                      in3_T::size == out_T::size && in4_T::size == out_T::size,
                  "skip_average joins streams that have the same number of channels.");
    typedef typename CONFIG_T::accum_t mean_t;
Pixel:
    for (int n = 0; n < CONFIG_T::height * CONFIG_T::width; ++n) {
        #pragma HLS PIPELINE II=1
        typename times_power<mean_t, 2>::type sums[out_T::size];
        #pragma HLS ARRAY_PARTITION variable=sums
        clear_sums(sums);
        add_pixel(in1, sums);
        add_pixel(in2, sums);
        add_pixel(in3, sums);
        add_pixel(in4, sums);
        write_means<mean_t>(out, sums);
    }
}

} // namespace fcn_hw

#endif
