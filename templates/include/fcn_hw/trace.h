// Frames in files, for C simulation only: nothing here is synthesised.
//
// A file holds the integer codes of one stream, little-endian, in (frame, row, column, channel)
// order; a code takes the narrowest of 1, 2, 4 and 8 bytes that holds its format.
#ifndef FCN_HW_TRACE_H_
#define FCN_HW_TRACE_H_

#include "ap_int.h"
#include "fcn_hw/sizes.h"
#include "hls_stream.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <vector>

#ifdef FCN_HW_LANES
#include "frame_files.h"
#endif

namespace fcn_hw {

#ifndef FCN_HW_LANES

// Frames that one call of the top function computes.
constexpr int frames_side_by_side = 1;

// Puts a frame's bytes into a stream.
template <class pixel_T>
void spread_frames(hls::stream<pixel_T> &stream, const std::vector<unsigned char> &bytes, int,
                   unsigned pixels) {
    typedef typename pixel_T::value_type element_t;
    const unsigned char *next = bytes.data();
    for (unsigned p = 0; p < pixels; ++p) {
        pixel_T pixel;
        for (unsigned c = 0; c < pixel_T::size; ++c) {
            std::uint64_t code = 0;
            for (int byte = 0; byte < code_bytes(element_t::width); ++byte)
                code |= std::uint64_t(*next++) << (8 * byte);
            pixel[c].range(element_t::width - 1, 0) = ap_uint<element_t::width>(code);
        }
        stream.write(pixel);
    }
}

// Appends the bytes of a pixel.
template <class pixel_T> void append_pixel(const pixel_T &pixel, std::vector<unsigned char> &bytes) {
    typedef typename pixel_T::value_type element_t;
    for (unsigned c = 0; c < pixel_T::size; ++c) {
        // the sign is extended to the file's word: the bits above the code are the sign's
        const element_t element = pixel[c];
        std::uint64_t code = element.range(element_t::width - 1, 0).to_uint64();
        const bool negative = element < 0;
        if (negative && element_t::width < 64)
            code |= ~std::uint64_t(0) << (element_t::width % 64);
        for (int byte = 0; byte < code_bytes(element_t::width); ++byte)
            bytes.push_back(static_cast<unsigned char>(code >> (8 * byte)));
    }
}

// The bytes of the frame in a stream, which is left as it was.
template <class pixel_T>
void gather_frames(hls::stream<pixel_T> &stream, std::vector<unsigned char> &bytes, int) {
    bytes.clear();
    for (std::size_t left = stream.size(); left > 0; --left) {
        const pixel_T pixel = stream.read();
        append_pixel(pixel, bytes);
        stream.write(pixel);
    }
}

#endif

// How many of the frames side by side are there: fewer in the last call if they don't come out even.
inline int &frames_at_hand() {
    static int frames = frames_side_by_side;
    return frames;
}

// Appends frames of pixels to a file; a file that can't be written ends the simulation.
template <class pixel_T> class frame_writer {
  public:
    explicit frame_writer(const char *path) : file(std::fopen(path, "wb")) {
        if (!file) {
            std::perror(path);
            std::exit(1);
        }
    }
    ~frame_writer() { std::fclose(file); }
    frame_writer(const frame_writer &) = delete;
    frame_writer &operator=(const frame_writer &) = delete;

    // Takes every pixel out of the stream.
    void write(hls::stream<pixel_T> &stream) {
        copy(stream);
        while (!stream.empty())
            stream.read();
    }

    // Writes every pixel and leaves the stream as it was.
    void copy(hls::stream<pixel_T> &stream) {
        gather_frames(stream, bytes, frames_at_hand());
        flush();
    }

#ifndef FCN_HW_LANES
    // Takes so many pixels out of the stream.
    void write(hls::stream<pixel_T> &stream, unsigned pixels) {
        bytes.clear();
        for (unsigned p = 0; p < pixels; ++p)
            append_pixel(stream.read(), bytes);
        flush();
    }
#endif

  private:
    void flush() {
        if (std::fwrite(bytes.data(), 1, bytes.size(), file) != bytes.size() || std::fflush(file)) {
            std::perror("trace");
            std::exit(1);
        }
    }

    std::FILE *file;
    std::vector<unsigned char> bytes;
};

// Reads frames of pixels from a file.
template <class pixel_T> class frame_reader {
  public:
    explicit frame_reader(const char *path) : file(std::fopen(path, "rb")) {
        if (!file) {
            std::perror(path);
            std::exit(1);
        }
    }
    ~frame_reader() { std::fclose(file); }
    frame_reader(const frame_reader &) = delete;
    frame_reader &operator=(const frame_reader &) = delete;

    // Puts the frames at hand, of `pixels` pixels each, into the stream; false if the file ends before.
    bool read(hls::stream<pixel_T> &stream, unsigned pixels) {
        const std::size_t frame_bytes =
            std::size_t(pixels) * pixel_T::size * code_bytes(pixel_T::value_type::width);
        bytes.resize(frame_bytes * frames_at_hand());
        if (std::fread(bytes.data(), 1, bytes.size(), file) != bytes.size())
            return false;
        spread_frames(stream, bytes, frames_at_hand(), pixels);
        return true;
    }

  private:
    std::FILE *file;
    std::vector<unsigned char> bytes;
};

// Copies a stream's frames to the file of its own; the file stays open for the frames that follow.
template <class pixel_T> void trace(hls::stream<pixel_T> &stream, const char *path) {
    static std::map<std::string, std::unique_ptr<frame_writer<pixel_T>>> writers;
    std::unique_ptr<frame_writer<pixel_T>> &writer = writers[path];
    if (!writer)
        writer.reset(new frame_writer<pixel_T>(path));
    writer->copy(stream);
}

} // namespace fcn_hw

#endif
