// Test bench of tiny, the network without its AXI wrapper: raw frames in, raw traces out, many frames a
// call. Emitted by fcn_hw.
//
//   lanes FRAMES IMAGE_FILE
//
// Compiled with FCN_HW_LANES=N and sim/lanes/ in place of ap_types, a call computes N frames side by side.
// Files are as in csim_main.cpp. Exit status: 0 all frames ran, 1 a file is missing or short or pixels
// were left unread, 2 wrong arguments.
#include "tiny.h"
#include "fcn_hw/trace.h"

#include <cstdio>
#include <cstdlib>

int main(int argc, char **argv) {
    if (argc != 3) {
        std::fprintf(stderr, "usage: %s FRAMES IMAGE_FILE\n", argv[0]);
        return 2;
    }
    const long frames = std::atol(argv[1]);
    fcn_hw::frame_reader<image_t> image_file(argv[2]);
    fcn_hw::frame_writer<class_map_t> class_map_file("class_map.bin");
    hls::stream<image_t> image_stream("image");
    hls::stream<class_map_t> class_map_stream("class_map");

    for (long frame = 0; frame < frames; frame += fcn_hw::frames_at_hand()) {
        if (frames - frame < fcn_hw::frames_side_by_side) {
            fcn_hw::frames_at_hand() = int(frames - frame);
        }
        if (!image_file.read(image_stream, 48)) {
            std::fprintf(stderr, "%s ends before frame %ld\n", argv[2], frame);
            return 1;
        }
        tiny(image_stream, class_map_stream);
        class_map_file.write(class_map_stream);
        if (!image_stream.empty()) {
            std::fprintf(stderr, "frame %ld: pixels of image were left unread\n", frame);
            return 1;
        }
        std::printf("frame %ld of %ld\n", frame + fcn_hw::frames_at_hand(), frames);
        std::fflush(stdout);
    }
    return 0;
}
