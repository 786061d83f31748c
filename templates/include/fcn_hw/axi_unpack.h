// AXI4-Stream in: beats of bytes to pixels, and what happens after a TLAST in the wrong place.
//
// A call always writes exactly one frame of pixels, so whatever comes in, the processes behind it run
// to their end and a frame leaves the design. The beat behind a TLAST is always the first of a frame.
//
//   TLAST early    (a packet that is too short, or a byte of the frame without TKEEP) the bytes that are
//                  missing are zeros. The frame counts as early; the next one is not touched.
//   TLAST late     (the frame's last beat has none) the frame itself is complete. What follows is
//                  dropped, up to the next TLAST, but never more beats than a frame has; the frame
//                  counts as late. So a packet that is too long, by a frame at most, loses nothing but
//                  its own surplus; where two packets have lost the TLAST between them the second one is
//                  lost; and a source that never sends TLAST gets every second frame through. After a
//                  longer packet the frames that it is cut into are counted until its TLAST has come.
//
// Every loop has a constant bound and waits for nothing but a beat; TREADY comes again after each one.
// The bytes behind the frame in its last beat are not looked at.
//
// Invariant of the pixel loop: the buffer holds the `fill` bytes that are read and belong to no pixel
// yet, the oldest ones lowest. A beat is read when they are less than a pixel's, so at most one an
// iteration; a pixel is written when they are enough.
//
// Cycles of a frame: max(height * width, beats); a late TLAST adds the beats that are dropped.
//
// Parameters:
//   beat_T     ap_axiu<data_width_bits, 0, 0, 0>
//   pixel_T    nnet::array of ap_[u]fixed; a beat of `out` is a pixel.
//   CONFIG_T   height, width, data_width_bits; a type of its own for each port, because a port's
//              counters are static.
#ifndef FCN_HW_AXI_UNPACK_H_
#define FCN_HW_AXI_UNPACK_H_

#include "ap_axi_sdata.h"
#include "fcn_hw/axi_layout.h"

namespace fcn_hw {

// Where the TLAST of a frame was.
struct axi_end_t {
    bool early;
    bool late;
};

// Writes the lowest bytes of the buffer as a pixel.
template <class pixel_T, class buffer_T>
void write_bytes(hls::stream<pixel_T> &out, const buffer_T &buffer) {
    #pragma HLS INLINE
    typedef typename pixel_T::value_type element_t;
    constexpr int step_bits = 8 * code_bytes(element_t::width);
    pixel_T pixel;
Channel:
    for (unsigned c = 0; c < pixel_T::size; ++c) {
        #pragma HLS UNROLL
        const ap_uint<element_t::width> bits = buffer >> (step_bits * c);
        pixel[c].range() = bits.range();
    }
    out.write(pixel);
}

// The data of a beat; a byte without TKEEP is zero.
template <int BYTES, class beat_T> ap_uint<8 * BYTES> kept_bytes(const beat_T &beat) {
    #pragma HLS INLINE
    ap_uint<8 * BYTES> bytes = beat.data;
Byte:
    for (int b = 0; b < BYTES; ++b) {
        #pragma HLS UNROLL
        if (beat.keep[b] == 0) {
            bytes.range(8 * b + 7, 8 * b) = 0;
        }
    }
    return bytes;
}

template <class beat_T, class pixel_T, typename CONFIG_T>
axi_end_t unpack_frame(hls::stream<beat_T> &in, hls::stream<pixel_T> &out) {
    #pragma HLS INLINE
    typedef axi_layout<pixel_T, CONFIG_T> layout;
    typename layout::buffer_t buffer = 0;
    typename layout::fill_t fill = 0;
    count_t<layout::beats> beats = 0;
    bool missing = false;
    bool last = false;
Pixel:
    for (int n = 0; n < layout::unpack_cycles; ++n) {
        #pragma HLS PIPELINE II=1
        if (fill < layout::pixel_bytes) {
            typename layout::buffer_t bytes = 0;
            if (last) {
                missing = true;
            } else {
                const beat_T beat = in.read();
                ++beats;
                const typename layout::keep_t needed = layout::keep_of(
                    beats == layout::beats ? layout::last_beat_bytes : layout::beat_bytes);
                missing = missing || (beat.keep & needed) != needed;
                last = beat.last != 0;
                bytes = kept_bytes<layout::beat_bytes>(beat);
            }
            buffer |= bytes << (8 * fill);
            fill += layout::beat_bytes;
        }
        if (fill >= layout::pixel_bytes) {
            write_bytes(out, buffer);
            buffer >>= 8 * layout::pixel_bytes;
            fill -= layout::pixel_bytes;
        }
    }
    const axi_end_t end = {missing, !last};
Drop:
    for (int n = 0; n < layout::beats && !last; ++n) {
        #pragma HLS LOOP_TRIPCOUNT min=0 max=layout::beats avg=0
        #pragma HLS PIPELINE II=1
        last = in.read().last != 0;
    }
    return end;
}

// A frame, without a count of errors.
template <class beat_T, class pixel_T, typename CONFIG_T>
void axi_unpack(hls::stream<beat_T> &in, hls::stream<pixel_T> &out) {
    unpack_frame<beat_T, pixel_T, CONFIG_T>(in, out);
}

// A frame; `errors` tells how many were early (bits 15..0) and late (bits 31..16) since reset.
template <class beat_T, class pixel_T, typename CONFIG_T>
void axi_unpack(hls::stream<beat_T> &in, hls::stream<pixel_T> &out, ap_uint<32> &errors) {
    static ap_uint<16> early = 0;
    static ap_uint<16> late = 0;
    #pragma HLS RESET variable=early
    #pragma HLS RESET variable=late
    const axi_end_t end = unpack_frame<beat_T, pixel_T, CONFIG_T>(in, out);
    early += end.early ? 1 : 0;
    late += end.late ? 1 : 0;
    errors = (late, early);
}

} // namespace fcn_hw

#endif
