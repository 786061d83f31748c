// How the bytes of a frame lie in the beats of an AXI4-Stream.
//
// A frame is one packet: its last beat carries TLAST. Its bytes are the codes of its elements in (row,
// column, channel) order, little-endian, the sign extended to 1, 2, 4 or 8 whole bytes. Beats are
// filled without gaps and without regard to pixels; only the last beat of a frame may be ragged, which
// TKEEP tells.
//
// Parameters:
//   pixel_T    nnet::array of ap_[u]fixed
//   CONFIG_T   height, width           of a frame
//              data_width_bits         of TDATA
#ifndef FCN_HW_AXI_LAYOUT_H_
#define FCN_HW_AXI_LAYOUT_H_

#include "fcn_hw/code.h"

namespace fcn_hw {

template <class pixel_T, typename CONFIG_T> struct axi_layout {
    static_assert(CONFIG_T::data_width_bits >= 8 && CONFIG_T::data_width_bits % 8 == 0,
                  "The data of an AXI4-Stream must be a whole number of bytes wide.");
    typedef typename pixel_T::value_type element_t;
    static constexpr int element_bytes = code_bytes(element_t::width);
    static constexpr int pixel_bytes = element_bytes * int(pixel_T::size);
    static constexpr int beat_bytes = CONFIG_T::data_width_bits / 8;
    static constexpr int pixels = CONFIG_T::height * CONFIG_T::width;
    static constexpr int frame_bytes = pixels * pixel_bytes;
    static constexpr int beats = ceil_div(frame_bytes, beat_bytes);
    static constexpr int last_beat_bytes = frame_bytes - (beats - 1) * beat_bytes;

    // What is left of a beat or a pixel waits in a buffer: less than one of the pair, and the other.
    static constexpr int buffer_bytes = beat_bytes + pixel_bytes - 1;

    // The last pixel may complete a beat and leave bytes for one more, which takes a cycle of its own.
    static constexpr bool last_pixel_fills_two =
        pixel_bytes < beat_bytes && last_beat_bytes < beat_bytes &&
        frame_bytes / beat_bytes != (frame_bytes - pixel_bytes) / beat_bytes;
    static constexpr int unpack_cycles = max_of(pixels, beats);
    static constexpr int pack_cycles = max_of(pixels, beats) + (last_pixel_fills_two ? 1 : 0);

    typedef ap_uint<beat_bytes> keep_t;
    typedef ap_uint<8 * buffer_bytes> buffer_t;
    typedef count_t<buffer_bytes> fill_t;

    // TKEEP of a beat of which the first so many bytes belong to the frame.
    static keep_t keep_of(int bytes) {
        #pragma HLS INLINE
        const keep_t all = -1;
        return all >> (beat_bytes - bytes);
    }
};

} // namespace fcn_hw

#endif
