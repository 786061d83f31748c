// A rectangle of the frame. Every pixel is read, those of the rectangle are written.
//
// Cycles of a frame: in_height * in_width.
//
// Parameters:
//   in_T, out_T   nnet::array of ap_[u]fixed with the same number of channels; a beat is a pixel.
//   CONFIG_T      in_height, in_width, out_height, out_width, offset_top, offset_left
#ifndef FCN_HW_CROP2D_H_
#define FCN_HW_CROP2D_H_

#include "hls_stream.h"

namespace fcn_hw {

template <class in_T, class out_T, typename CONFIG_T>
void crop2d(hls::stream<in_T> &in, hls::stream<out_T> &out) {
    static_assert(in_T::size == out_T::size, "crop2d must write as many channels as it reads.");
    static_assert(CONFIG_T::offset_top + CONFIG_T::out_height <= CONFIG_T::in_height &&
                      CONFIG_T::offset_left + CONFIG_T::out_width <= CONFIG_T::in_width,
                  "The rectangle that crop2d keeps must lie in the frame.");
Row:
    for (int row = 0; row < CONFIG_T::in_height; ++row) {
    Column:
        for (int col = 0; col < CONFIG_T::in_width; ++col) {
            #pragma HLS PIPELINE II=1
            const in_T pixel = in.read();
            if (row >= CONFIG_T::offset_top && row < CONFIG_T::offset_top + CONFIG_T::out_height &&
                col >= CONFIG_T::offset_left && col < CONFIG_T::offset_left + CONFIG_T::out_width) {
                out_T result;
            Channel:
                for (unsigned c = 0; c < in_T::size; ++c) {
                    #pragma HLS UNROLL
                    result[c] = pixel[c];
                }
                out.write(result);
            }
        }
    }
}

} // namespace fcn_hw

#endif
