// Codes of frames that are simulated side by side, from and to files: the lanes' part of trace.h.
#ifndef FCN_HW_SIM_FRAME_FILES_H_
#define FCN_HW_SIM_FRAME_FILES_H_

#include "each.h"
#include "hls_stream.h"

#include <cstring>
#include <vector>

namespace fcn_hw {

constexpr int frames_side_by_side = FCN_HW_LANES;

// Puts the frames of a file's bytes into a stream; frames that are not there hold zeros.
//
// A file holds frame after frame, a pixel in a stream the same position of all frames.
template <class pixel_T>
void spread_frames(hls::stream<pixel_T> &stream, const std::vector<unsigned char> &bytes, int frames,
                   unsigned pixels) {
    typedef typename pixel_T::value_type::code_t code_t;
    const code_t *codes = reinterpret_cast<const code_t *>(bytes.data());
    const std::size_t size = std::size_t(pixels) * pixel_T::size;
    std::size_t next = 0;
    for (unsigned p = 0; p < pixels; ++p) {
        pixel_T pixel;
        for (unsigned c = 0; c < pixel_T::size; ++c, ++next) {
            for (int frame = 0; frame < FCN_HW_LANES; ++frame)
                pixel[c].codes.of[frame] = frame < frames ? codes[frame * size + next] : 0;
        }
        stream.write(pixel);
    }
}

// The bytes of the frames in a stream, which stays as it is: frame after frame.
template <class pixel_T>
void gather_frames(const hls::stream<pixel_T> &stream, std::vector<unsigned char> &bytes, int frames) {
    typedef typename pixel_T::value_type::code_t code_t;
    constexpr std::size_t tile = 64; // elements of a frame whose codes of all frames lie in the cache
    const std::size_t size = stream.size() * pixel_T::size;
    bytes.resize(size * frames * sizeof(code_t));
    code_t *codes = reinterpret_cast<code_t *>(bytes.data());
    std::size_t done = 0;
    stream.visit_runs([&](const pixel_T *pixels, std::size_t count) {
        // The elements of neighbours in memory, an each<> behind the other.
        const typename pixel_T::value_type *elements = &pixels[0].data[0];
        const std::size_t length = count * pixel_T::size;
        for (std::size_t start = 0; start < length; start += tile) {
            const std::size_t stop = start + tile < length ? start + tile : length;
            for (int frame = 0; frame < frames; ++frame) {
                code_t *to = codes + frame * size + done;
                for (std::size_t n = start; n < stop; ++n)
                    to[n] = elements[n].codes.of[frame];
            }
        }
        done += length;
    });
}

} // namespace fcn_hw

#endif
