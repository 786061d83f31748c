// Test bench of tiny_axi: raw frames in, raw traces out, through the AXI streams. Emitted by fcn_hw.
//
//   csim FRAMES IMAGE_FILE
//
// Files hold integer codes, little-endian, in (frame, row, column, channel) order, which are the bytes
// that a DMA moves; with FCN_HW_TRACE defined every tapped stream is written to <stream>.bin in the
// working directory.
// Exit status: 0 all frames ran, 1 a file is missing or short or a packet is wrong, 2 wrong arguments.
#include "tiny_axi.h"
#include "fcn_hw/axi_files.h"

#include <cstdio>
#include <cstdlib>

int main(int argc, char **argv) {
    if (argc != 3) {
        std::fprintf(stderr, "usage: %s FRAMES IMAGE_FILE\n", argv[0]);
        return 2;
    }
    const long frame_count = std::atol(argv[1]);
    fcn_hw::packet_reader<ap_axiu<64, 0, 0, 0>> in_image_file(argv[2], 48);
    fcn_hw::packet_writer<ap_axiu<64, 0, 0, 0>> out_class_map_file("class_map.bin", 48);
    hls::stream<ap_axiu<64, 0, 0, 0>> in_image("in_image");
    hls::stream<ap_axiu<64, 0, 0, 0>> out_class_map("out_class_map");
    ap_uint<32> frames = 0;
    ap_uint<32> design_id = 0;
    ap_uint<32> errors_image = 0;

    for (long frame = 0; frame < frame_count; ++frame) {
        if (!in_image_file.read(in_image)) {
            std::fprintf(stderr, "%s ends before frame %ld\n", argv[2], frame);
            return 1;
        }
        tiny_axi(in_image, out_class_map, frames, design_id, errors_image);
        if (const char *fault = out_class_map_file.write(out_class_map)) {
            std::fprintf(stderr, "frame %ld: out_class_map: %s\n", frame, fault);
            return 1;
        }
        if (!in_image.empty()) {
            std::fprintf(stderr, "frame %ld: beats of in_image were left unread\n", frame);
            return 1;
        }
        if (errors_image != 0) {
            std::fprintf(stderr, "frame %ld: errors_image is 0x%08x\n", frame, errors_image.to_uint());
            return 1;
        }
        std::printf("frame %ld of %ld\n", frame + 1, frame_count);
        std::fflush(stdout);
    }
    return 0;
}
