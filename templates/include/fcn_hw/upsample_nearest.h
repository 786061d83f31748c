// Nearest upsampling: every pixel scale_height times down and scale_width times across.
//
// The first of the scale_height copies of a row leaves while the row is read into a row buffer, the
// others leave from the buffer. Nothing else is stored, and an output pixel leaves in every cycle.
//
// Invariant: in copy 0, columns 0 .. col of the row are in the buffer; in later copies all are.
//
// Cycles of a frame: in_height * scale_height * in_width * scale_width.
//
// Parameters:
//   in_T, out_T   nnet::array of ap_[u]fixed with the same number of channels; a beat is a pixel.
//   CONFIG_T      in_height, in_width, scale_height, scale_width
#ifndef FCN_HW_UPSAMPLE_NEAREST_H_
#define FCN_HW_UPSAMPLE_NEAREST_H_

#include "fcn_hw/code.h"

namespace fcn_hw {

template <class in_T, class out_T, typename CONFIG_T>
void upsample_nearest(hls::stream<in_T> &in, hls::stream<out_T> &out) {
    static_assert(in_T::size == out_T::size, "upsample_nearest must write as many channels as it reads.");
    typedef typename in_T::value_type input_t;
    typedef code_t<input_t> input_code_t;

    static input_code_t buffer[CONFIG_T::in_width][in_T::size];
    #pragma HLS ARRAY_RESHAPE variable=buffer dim=2
    #pragma HLS BIND_STORAGE variable=buffer type=ram_s2p
    input_code_t pixel[in_T::size];
    #pragma HLS ARRAY_PARTITION variable=pixel

Row:
    for (int row = 0; row < CONFIG_T::in_height; ++row) {
    Copy:
        for (int copy = 0; copy < CONFIG_T::scale_height; ++copy) {
        Column:
            for (int col = 0; col < CONFIG_T::in_width; ++col) {
            Repeat:
                for (int repeat = 0; repeat < CONFIG_T::scale_width; ++repeat) {
                    #pragma HLS PIPELINE II=1
                    if (repeat == 0) {
                        if (copy == 0) {
                            read_codes(in, pixel);
                        }
                    Buffer:
                        for (unsigned c = 0; c < in_T::size; ++c) {
                            #pragma HLS UNROLL
                            if (copy == 0) {
                                buffer[col][c] = pixel[c];
                            } else {
                                pixel[c] = buffer[col][c];
                            }
                        }
                    }
                    out_T result;
                Channel:
                    for (unsigned c = 0; c < in_T::size; ++c) {
                        #pragma HLS UNROLL
                        result[c] = from_code<input_t>(pixel[c]);
                    }
                    out.write(result);
                }
            }
        }
    }
}

} // namespace fcn_hw

#endif
