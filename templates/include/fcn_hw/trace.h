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

namespace fcn_hw {

// Appends frames of pixels to a file; a file that can't be written ends the simulation.
template <class pixel_T> class frame_writer {
  public:
    typedef typename pixel_T::value_type element_t;

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
        std::vector<unsigned char> bytes;
        while (!stream.empty())
            append(stream.read(), bytes);
        flush(bytes);
    }

    // Takes so many pixels out of the stream.
    void write(hls::stream<pixel_T> &stream, unsigned pixels) {
        std::vector<unsigned char> bytes;
        for (unsigned p = 0; p < pixels; ++p)
            append(stream.read(), bytes);
        flush(bytes);
    }

    // Writes every pixel and leaves the stream as it was.
    void copy(hls::stream<pixel_T> &stream) {
        std::vector<pixel_T> pixels;
        std::vector<unsigned char> bytes;
        while (!stream.empty()) {
            pixels.push_back(stream.read());
            append(pixels.back(), bytes);
        }
        for (const pixel_T &pixel : pixels)
            stream.write(pixel);
        flush(bytes);
    }

  private:
    static void append(const pixel_T &pixel, std::vector<unsigned char> &bytes) {
        for (unsigned c = 0; c < pixel_T::size; ++c) {
            // the sign is extended to the file's word: the bits above the code are the sign's
            const element_t element = pixel[c];
            std::uint64_t code = element.range(element_t::width - 1, 0).to_uint64();
            const bool negative = element < 0;
            if (negative && element_t::width < 64)
                code |= ~std::uint64_t(0) << (element_t::width % 64);
            for (unsigned byte = 0; byte < unsigned(code_bytes(element_t::width)); ++byte)
                bytes.push_back(static_cast<unsigned char>(code >> (8 * byte)));
        }
    }

    void flush(const std::vector<unsigned char> &bytes) {
        if (std::fwrite(bytes.data(), 1, bytes.size(), file) != bytes.size() || std::fflush(file)) {
            std::perror("trace");
            std::exit(1);
        }
    }

    std::FILE *file;
};

// Reads frames of pixels from a file.
template <class pixel_T> class frame_reader {
  public:
    typedef typename pixel_T::value_type element_t;

    explicit frame_reader(const char *path) : file(std::fopen(path, "rb")) {
        if (!file) {
            std::perror(path);
            std::exit(1);
        }
    }
    ~frame_reader() { std::fclose(file); }
    frame_reader(const frame_reader &) = delete;
    frame_reader &operator=(const frame_reader &) = delete;

    // Puts `pixels` pixels into the stream; false if the file ends before.
    bool read(hls::stream<pixel_T> &stream, unsigned pixels) {
        const unsigned step = code_bytes(element_t::width);
        std::vector<unsigned char> bytes(std::size_t(pixels) * pixel_T::size * step);
        if (std::fread(bytes.data(), 1, bytes.size(), file) != bytes.size())
            return false;
        const unsigned char *next = bytes.data();
        for (unsigned p = 0; p < pixels; ++p) {
            pixel_T pixel;
            for (unsigned c = 0; c < pixel_T::size; ++c) {
                std::uint64_t code = 0;
                for (unsigned byte = 0; byte < step; ++byte)
                    code |= std::uint64_t(*next++) << (8 * byte);
                pixel[c].range(element_t::width - 1, 0) = ap_uint<element_t::width>(code);
            }
            stream.write(pixel);
        }
        return true;
    }

  private:
    std::FILE *file;
};

// Copies a stream's frame to the file of its own; the file stays open for the frames that follow.
template <class pixel_T> void trace(hls::stream<pixel_T> &stream, const char *path) {
    static std::map<std::string, std::unique_ptr<frame_writer<pixel_T>>> writers;
    std::unique_ptr<frame_writer<pixel_T>> &writer = writers[path];
    if (!writer)
        writer.reset(new frame_writer<pixel_T>(path));
    writer->copy(stream);
}

} // namespace fcn_hw

#endif
