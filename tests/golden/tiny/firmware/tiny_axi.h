// tiny_axi: tiny behind AXI, the top function of synthesis. Emitted by fcn_hw from graph ec15ae28f3d5;
// changes here are overwritten.
#ifndef TINY_AXI_H_
#define TINY_AXI_H_

#include "ap_axi_sdata.h"
#include "ap_int.h"
#include "hls_stream.h"

// Reads one frame from each input and writes one frame to each output. A frame is a packet: codes in
// (row, column, channel) order, little-endian, TLAST on its last beat; fcn_hw/axi_unpack.h says what
// happens after a TLAST in the wrong place.
//   in in_image: 6x8x1 ap_ufixed<8, 0>, 1 byte an element,
//     48 bytes a frame in 6 beats of 64 bits, 48 cycles
//   out out_class_map: 6x8x1 ap_ufixed<8, 8>, 1 byte an element,
//     48 bytes a frame in 6 beats of 64 bits, 48 cycles
// Registers of s_axi_control:
//   0x00 ctrl: Block protocol: bit 0 start, bit 7 start again after every frame.
//   0x20 frames: Frames written since reset, modulo 2^32.
//   0x30 design_id: First 32 bits of the graph's digest; 0 until the first frame has ended.
//   0x40 errors_image: Frames since reset with a TLAST that was early (15..0), late or missing (31..16).
void tiny_axi(
    hls::stream<ap_axiu<64, 0, 0, 0>> &in_image,
    hls::stream<ap_axiu<64, 0, 0, 0>> &out_class_map,
    ap_uint<32> &frames,
    ap_uint<32> &design_id,
    ap_uint<32> &errors_image);

#endif
