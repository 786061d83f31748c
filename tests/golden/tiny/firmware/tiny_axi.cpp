// tiny_axi: tiny behind AXI, the top function of synthesis. Emitted by fcn_hw from graph ec15ae28f3d5;
// changes here are overwritten.
#include "tiny_axi.h"
#include "tiny.h"
#include "fcn_hw/axi_pack.h"
#include "fcn_hw/axi_unpack.h"

struct in_image_port {
    static constexpr int height = 6;
    static constexpr int width = 8;
    static constexpr int data_width_bits = 64;
};

struct out_class_map_port {
    static constexpr int height = 6;
    static constexpr int width = 8;
    static constexpr int data_width_bits = 64;
    static constexpr unsigned design_id = 0xec15ae28u;
};

void tiny_axi(
    hls::stream<ap_axiu<64, 0, 0, 0>> &in_image,
    hls::stream<ap_axiu<64, 0, 0, 0>> &out_class_map,
    ap_uint<32> &frames,
    ap_uint<32> &design_id,
    ap_uint<32> &errors_image) {
    #pragma HLS INTERFACE axis port=in_image
    #pragma HLS INTERFACE axis port=out_class_map
    #pragma HLS INTERFACE s_axilite port=return bundle=control
    #pragma HLS INTERFACE s_axilite port=frames bundle=control offset=0x20
    #pragma HLS INTERFACE s_axilite port=design_id bundle=control offset=0x30
    #pragma HLS INTERFACE s_axilite port=errors_image bundle=control offset=0x40
    #pragma HLS DATAFLOW

    hls::stream<image_t> pixels_in_image("pixels_in_image");
    #pragma HLS STREAM variable=pixels_in_image depth=2
    hls::stream<class_map_t> pixels_out_class_map("pixels_out_class_map");
    #pragma HLS STREAM variable=pixels_out_class_map depth=2

    fcn_hw::axi_unpack<ap_axiu<64, 0, 0, 0>, image_t, in_image_port>(in_image, pixels_in_image, errors_image);
    tiny(pixels_in_image, pixels_out_class_map);
    fcn_hw::axi_pack<class_map_t, ap_axiu<64, 0, 0, 0>, out_class_map_port>(pixels_out_class_map, out_class_map, frames, design_id);
}
