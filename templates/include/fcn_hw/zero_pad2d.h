// Code 0 around the frame.
//
// Cycles of a frame: out_height * out_width.
//
// Parameters:
//   in_T, out_T   nnet::array of ap_[u]fixed with the same number of channels; a beat is a pixel.
//   CONFIG_T      in_height, in_width, out_height, out_width, pad_top, pad_left
#ifndef FCN_HW_ZERO_PAD2D_H_
#define FCN_HW_ZERO_PAD2D_H_

#include "hls_stream.h"

namespace fcn_hw {

template <class in_T, class out_T, typename CONFIG_T>
void zero_pad2d(hls::stream<in_T> &in, hls::stream<out_T> &out) {
    static_assert(in_T::size == out_T::size, "zero_pad2d must write as many channels as it reads.");
    static_assert(CONFIG_T::pad_top + CONFIG_T::in_height <= CONFIG_T::out_height &&
                      CONFIG_T::pad_left + CONFIG_T::in_width <= CONFIG_T::out_width,
                  "The padded frame of zero_pad2d must have room for the whole frame.");
Row:
    for (int row = 0; row < CONFIG_T::out_height; ++row) {
    Column:
        for (int col = 0; col < CONFIG_T::out_width; ++col) {
            #pragma HLS PIPELINE II=1
            out_T result;
            if (row >= CONFIG_T::pad_top && row < CONFIG_T::pad_top + CONFIG_T::in_height &&
                col >= CONFIG_T::pad_left && col < CONFIG_T::pad_left + CONFIG_T::in_width) {
                const in_T pixel = in.read();
            Channel:
                for (unsigned c = 0; c < in_T::size; ++c) {
                    #pragma HLS UNROLL
                    result[c] = pixel[c];
                }
            } else {
            Zero:
                for (unsigned c = 0; c < in_T::size; ++c) {
                    #pragma HLS UNROLL
                    result[c] = 0;
                }
            }
            out.write(result);
        }
    }
}

} // namespace fcn_hw

#endif
