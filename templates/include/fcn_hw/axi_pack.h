// AXI4-Stream out: pixels to beats of bytes, TLAST on the last beat of each frame.
//
// Invariant of the beat loop: the buffer holds the `fill` bytes that are read and not yet written, the
// oldest ones lowest. A pixel is read when they are less than a beat's, so at most one an iteration; a
// beat is written when they are enough, or when the frame's last pixel has been read.
//
// Cycles of a frame: max(height * width, beats); one more where the last pixel both completes a beat
// and leaves bytes for a ragged one.
//
// Parameters:
//   pixel_T    nnet::array of ap_[u]fixed; a beat of `in` is a pixel.
//   beat_T     ap_axiu<data_width_bits, 0, 0, 0>
//   CONFIG_T   height, width, data_width_bits; design_id where frames are counted. A type of its own
//              for each port, because the counter is static.
#ifndef FCN_HW_AXI_PACK_H_
#define FCN_HW_AXI_PACK_H_

#include "ap_axi_sdata.h"
#include "fcn_hw/axi_layout.h"

namespace fcn_hw {

// The codes of a pixel as bytes, the sign of each extended to its last byte.
template <class pixel_T, class buffer_T> buffer_T bytes_of(const pixel_T &pixel) {
    #pragma HLS INLINE
    typedef typename pixel_T::value_type element_t;
    constexpr int step_bits = 8 * code_bytes(element_t::width);
    buffer_T bytes = 0;
Channel:
    for (unsigned c = 0; c < pixel_T::size; ++c) {
        #pragma HLS UNROLL
        const ap_int<step_bits> code = to_code(pixel[c]);
        const ap_uint<step_bits> bits = code;
        bytes |= buffer_T(bits) << (step_bits * c);
    }
    return bytes;
}

template <class pixel_T, class beat_T, typename CONFIG_T>
void axi_pack(hls::stream<pixel_T> &in, hls::stream<beat_T> &out) {
    typedef axi_layout<pixel_T, CONFIG_T> layout;
    typename layout::buffer_t buffer = 0;
    typename layout::fill_t fill = 0;
    count_t<layout::pixels> pixels = 0;
    count_t<layout::beats> beats = 0;
Beat:
    for (int n = 0; n < layout::pack_cycles; ++n) {
        #pragma HLS PIPELINE II=1
        if (fill < layout::beat_bytes && pixels < layout::pixels) {
            typedef typename layout::buffer_t buffer_t;
            buffer |= bytes_of<pixel_T, buffer_t>(in.read()) << (8 * fill);
            fill += layout::pixel_bytes;
            ++pixels;
        }
        if (fill >= layout::beat_bytes || (fill > 0 && pixels == layout::pixels)) {
            ++beats;
            const bool last = beats == layout::beats;
            beat_T beat;
            beat.data = buffer;
            beat.keep = layout::keep_of(last ? layout::last_beat_bytes : layout::beat_bytes);
            beat.strb = beat.keep;
            beat.last = last ? 1 : 0;
            out.write(beat);
            buffer >>= 8 * layout::beat_bytes;
            fill = last ? typename layout::fill_t(0) : typename layout::fill_t(fill - layout::beat_bytes);
        }
    }
}

// A frame; `frames` tells how many were written since reset, `design_id` which design this is.
template <class pixel_T, class beat_T, typename CONFIG_T>
void axi_pack(hls::stream<pixel_T> &in, hls::stream<beat_T> &out, ap_uint<32> &frames,
              ap_uint<32> &design_id) {
    static ap_uint<32> count = 0;
    #pragma HLS RESET variable=count
    axi_pack<pixel_T, beat_T, CONFIG_T>(in, out);
    ++count;
    frames = count;
    design_id = CONFIG_T::design_id;
}

} // namespace fcn_hw

#endif
