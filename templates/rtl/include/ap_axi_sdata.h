// A beat of an AXI4-Stream and a stream of them, for fcn_hw's own HLS compiler (fcn_hw/rtl).
//
// In RTL a beat is a pixel of ten bits a channel: a channel for each byte of TDATA, with its TKEEP in
// bit 8 and its TSTRB in bit 9, and a last one that holds TLAST. TREADY and TVALID are the stream's.
#ifndef FCN_HW_RTL_AP_AXI_SDATA_H_
#define FCN_HW_RTL_AP_AXI_SDATA_H_

#include "ap_int.h"
#include "hls_stream.h"

template <int D, int U, int TI, int TD> struct ap_axiu {
    static_assert(D > 0 && D % 8 == 0, "TDATA must be a whole number of bytes wide.");
    static_assert(U == 0 && TI == 0 && TD == 0, "fcn_hw's compiler takes no TUSER, TID and TDEST.");
    ap_uint<D> data;
    ap_uint<D / 8> keep;
    ap_uint<D / 8> strb;
    ap_uint<1> last;
};

namespace hls {

template <int D> class stream<ap_axiu<D, 0, 0, 0>> {
    typedef ap_axiu<D, 0, 0, 0> beat_t;
    typedef typename ap_uint<D>::code_type data_t;
    typedef typename ap_uint<D / 8>::code_type flags_t;
    typedef unsigned _BitInt(10) channel_t;
    char unused;

  public:
    beat_t read() {
        const unsigned token = fcn_hw_read(this);
        data_t data = 0;
        flags_t keep = 0, strb = 0;
        _Pragma("clang loop unroll(full)") for (unsigned b = 0; b < D / 8; ++b) {
            const channel_t byte = fcn_hw_channel<channel_t>(token, b);
            data |= data_t(byte & channel_t(255)) << (8 * b);
            keep |= flags_t((byte >> 8) & channel_t(1)) << b;
            strb |= flags_t(byte >> 9) << b;
        }
        beat_t beat;
        beat.data.code = data;
        beat.keep.code = keep;
        beat.strb.code = strb;
        beat.last.code = ap_uint<1>::code_type(fcn_hw_channel<channel_t>(token, D / 8));
        return beat;
    }

    void write(const beat_t &beat) {
        unsigned token = FCN_HW_NO_CHANNELS;
        _Pragma("clang loop unroll(full)") for (unsigned b = 0; b < D / 8; ++b) {
            const channel_t byte = channel_t(beat.data.code >> (8 * b)) & channel_t(255);
            const channel_t keep = channel_t(beat.keep.code >> b) & channel_t(1);
            const channel_t strb = channel_t(beat.strb.code >> b) & channel_t(1);
            token = fcn_hw_with_channel<channel_t>(token, b, channel_t(byte | (keep << 8) | (strb << 9)));
        }
        token = fcn_hw_with_channel<channel_t>(token, D / 8, channel_t(beat.last.code));
        fcn_hw_write(this, token);
    }
};

} // namespace hls

#endif
