// A beat of an AXI4-Stream, for C simulation with g++ only.
//
// Vitis HLS brings a header of this name with more to it; this one has the signals that fcn_hw uses:
// TDATA, TKEEP, TSTRB, TLAST. TREADY and TVALID are the stream's.
#ifndef FCN_HW_SIM_AP_AXI_SDATA_H_
#define FCN_HW_SIM_AP_AXI_SDATA_H_

#include "ap_int.h"

template <int D, int U, int TI, int TD> struct ap_axiu {
    static_assert(D > 0 && D % 8 == 0, "TDATA must be a whole number of bytes wide.");
    static_assert(U == 0 && TI == 0 && TD == 0, "TUSER, TID and TDEST are not simulated.");
    ap_uint<D> data;
    ap_uint<D / 8> keep;
    ap_uint<D / 8> strb;
    ap_uint<1> last;
};

#endif
