// Copies a stream for 2 to 4 readers: in a dataflow region a stream has one writer and one reader.
//
// Cycles of a frame: PIXELS.
//
// Parameters:
//   data_T   nnet::array; a beat is a pixel.
//   PIXELS   pixels of a frame
#ifndef FCN_HW_FORK_H_
#define FCN_HW_FORK_H_

#include "hls_stream.h"

namespace fcn_hw {

template <class data_T, int PIXELS>
void fork(hls::stream<data_T> &in, hls::stream<data_T> &out1, hls::stream<data_T> &out2) {
Pixel:
    for (int n = 0; n < PIXELS; ++n) {
        #pragma HLS PIPELINE II=1
        const data_T pixel = in.read();
        out1.write(pixel);
        out2.write(pixel);
    }
}

template <class data_T, int PIXELS>
void fork(hls::stream<data_T> &in, hls::stream<data_T> &out1, hls::stream<data_T> &out2,
          hls::stream<data_T> &out3) {
Pixel:
    for (int n = 0; n < PIXELS; ++n) {
        #pragma HLS PIPELINE II=1
        const data_T pixel = in.read();
        out1.write(pixel);
        out2.write(pixel);
        out3.write(pixel);
    }
}

template <class data_T, int PIXELS>
void fork(hls::stream<data_T> &in, hls::stream<data_T> &out1, hls::stream<data_T> &out2,
          hls::stream<data_T> &out3, hls::stream<data_T> &out4) {
Pixel:
    for (int n = 0; n < PIXELS; ++n) {
        #pragma HLS PIPELINE II=1
        const data_T pixel = in.read();
        out1.write(pixel);
        out2.write(pixel);
        out3.write(pixel);
        out4.write(pixel);
    }
}

} // namespace fcn_hw

#endif
