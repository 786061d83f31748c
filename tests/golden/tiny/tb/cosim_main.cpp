// Test bench of tiny_axi for RTL cosimulation: frames in, what its streams carry out. Emitted by fcn_hw.
//
//   cosim IN_FOLDER OUT_FOLDER
//
// Sends every frame of IN_FOLDER/<port>.in.bin, one after another, and writes what comes back to
// OUT_FOLDER/<port>.<run>.bin, where <run> is the first number that is not taken. RTL cosimulation runs
// this program twice: run 0 is the C++, run 1 gets what the RTL wrote. The codes are compared outside;
// here each frame must come back as one packet of the right length.
// Exit status: 0 all frames passed, 1 they did not, or a file is missing or ragged, 2 wrong arguments.
#include "tiny_axi.h"
#include "fcn_hw/axi_files.h"

#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

// Frames of so many bytes in a file.
long frames_in(const std::string &path, long frame_bytes) {
    const fcn_hw::open_file file(path.c_str(), "rb");
    const long bytes = std::fseek(file.handle, 0, SEEK_END) == 0 ? std::ftell(file.handle) : -1;
    if (bytes <= 0 || bytes % frame_bytes != 0) {
        std::fprintf(stderr, "%s holds %ld bytes, no whole number of frames of %ld\n", path.c_str(), bytes, frame_bytes);
        std::exit(1);
    }
    return bytes / frame_bytes;
}

// The file of the first run that has left none.
std::string next_file(const std::string &stem) {
    for (int run = 0;; ++run) {
        const std::string path = stem + "." + std::to_string(run) + ".bin";
        std::FILE *taken = std::fopen(path.c_str(), "rb");
        if (!taken)
            return path;
        std::fclose(taken);
    }
}

} // namespace

int main(int argc, char **argv) {
    if (argc != 3) {
        std::fprintf(stderr, "usage: %s IN_FOLDER OUT_FOLDER\n", argv[0]);
        return 2;
    }
    const std::string from = argv[1], to = argv[2];
    const std::string in_image_path = from + "/in_image.in.bin";
    const long in_image_frames = frames_in(in_image_path, 48);
    fcn_hw::packet_reader<ap_axiu<64, 0, 0, 0>> in_image_file(in_image_path.c_str(), 48);
    fcn_hw::packet_writer<ap_axiu<64, 0, 0, 0>> out_class_map_file(next_file(to + "/out_class_map").c_str(), 48);
    hls::stream<ap_axiu<64, 0, 0, 0>> in_image("in_image");
    hls::stream<ap_axiu<64, 0, 0, 0>> out_class_map("out_class_map");
    ap_uint<32> frames = 0;
    ap_uint<32> design_id = 0;
    ap_uint<32> errors_image = 0;

    const long frame_count = in_image_frames;
    for (long frame = 0; frame < frame_count; ++frame) {
        if (!in_image_file.read(in_image)) {
            std::fprintf(stderr, "frame %ld: in_image.in.bin can't be read\n", frame);
            return 1;
        }
        tiny_axi(in_image, out_class_map, frames, design_id, errors_image);
        if (const char *fault = out_class_map_file.write(out_class_map)) {
            std::fprintf(stderr, "frame %ld: out_class_map: %s\n", frame, fault);
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
