// Depth to space (sub-pixel convolution, tf.nn.depth_to_space): the channels of a pixel become
// scale_height x scale_width pixels.
//
// The first of the scale_height output rows leaves while the input row is read. The channels of each
// other one wait in a row buffer of its own, and an output pixel leaves in every cycle.
//
// Invariant: in output row 0 of an input row, columns 0 .. col of the other output rows are in their
// buffers; behind it all are. `pixels` are those of one input column in one output row.
//
// Cycles of a frame: in_height * scale_height * in_width * scale_width.
//
// Parameters:
//   in_T, out_T   nnet::array of ap_[u]fixed; in_T has scale_height * scale_width times the channels of
//                 out_T; a beat is a pixel.
//   CONFIG_T      in_height, in_width, scale_height, scale_width, channel_stride
#ifndef FCN_HW_DEPTH_TO_SPACE_H_
#define FCN_HW_DEPTH_TO_SPACE_H_

#include "fcn_hw/code.h"

namespace fcn_hw {

template <class in_T, class out_T, typename CONFIG_T>
void depth_to_space(hls::stream<in_T> &in, hls::stream<out_T> &out) {
    typedef typename in_T::value_type input_t;
    typedef code_t<input_t> input_code_t;
    constexpr int channels = out_T::size;
    constexpr int pixels_made = CONFIG_T::scale_height * CONFIG_T::scale_width;
    constexpr int row_channels = CONFIG_T::scale_width * channels;
    constexpr int later_rows = max_of(CONFIG_T::scale_height - 1, 1);
    // Of an output pixel to the next, in channels of the input.
    constexpr int pixel_stride = CONFIG_T::channel_stride == 1 ? channels : 1;
    static_assert(in_T::size == channels * pixels_made,
                  "depth_to_space reads the channels of scale_height * scale_width output pixels.");
    static_assert(CONFIG_T::channel_stride == 1 || CONFIG_T::channel_stride == pixels_made,
                  "depth_to_space finds the channels of an output pixel side by side, or one for each "
                  "output pixel in turn.");

    static input_code_t later[later_rows][CONFIG_T::in_width][row_channels];
    #pragma HLS ARRAY_PARTITION variable=later dim=1
    #pragma HLS ARRAY_RESHAPE variable=later dim=3
    #pragma HLS BIND_STORAGE variable=later type=ram_s2p
    input_code_t fresh[in_T::size];
    #pragma HLS ARRAY_PARTITION variable=fresh
    input_code_t pixels[row_channels];
    #pragma HLS ARRAY_PARTITION variable=pixels

Row:
    for (int row = 0; row < CONFIG_T::in_height; ++row) {
    OutputRow:
        for (int down = 0; down < CONFIG_T::scale_height; ++down) {
        Column:
            for (int col = 0; col < CONFIG_T::in_width; ++col) {
            OutputColumn:
                for (int across = 0; across < CONFIG_T::scale_width; ++across) {
                    #pragma HLS PIPELINE II=1
                    if (across == 0) {
                        if (down == 0) {
                            read_codes(in, fresh);
                        }
                    Pixel:
                        for (int p = 0; p < CONFIG_T::scale_width; ++p) {
                            #pragma HLS UNROLL
                        Part:
                            for (int c = 0; c < channels; ++c) {
                                #pragma HLS UNROLL
                                const int place = p * channels + c;
                                const int from = p * pixel_stride + c * CONFIG_T::channel_stride;
                                if (down == 0) {
                                    pixels[place] = fresh[from];
                                }
                            LaterRow:
                                for (int k = 1; k < CONFIG_T::scale_height; ++k) {
                                    #pragma HLS UNROLL
                                    if (down == 0) {
                                        later[k - 1][col][place] =
                                            fresh[from + k * CONFIG_T::scale_width * pixel_stride];
                                    } else if (down == k) {
                                        pixels[place] = later[k - 1][col][place];
                                    }
                                }
                            }
                        }
                    }
                    out_T result;
                Channel:
                    for (int c = 0; c < channels; ++c) {
                        #pragma HLS UNROLL
                        result[c] = from_code<input_t>(pixels[across * channels + c]);
                    }
                    out.write(result);
                }
            }
        }
    }
}

} // namespace fcn_hw

#endif
