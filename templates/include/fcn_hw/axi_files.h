// Packets of an AXI4-Stream in files, for C simulation only: nothing here is synthesised.
//
// A file holds the bytes of one frame after another, as a DMA's memory does.
#ifndef FCN_HW_AXI_FILES_H_
#define FCN_HW_AXI_FILES_H_

#include "ap_axi_sdata.h"
#include "hls_stream.h"

#include <cstdio>
#include <cstdlib>
#include <vector>

namespace fcn_hw {

// The bytes as a packet, as a DMA sends them.
template <class beat_T> void send_packet(const std::vector<unsigned char> &bytes, hls::stream<beat_T> &out) {
    typedef decltype(beat_T::data) data_t;
    const std::size_t beat_bytes = data_t::width / 8;
    for (std::size_t first = 0; first < bytes.size(); first += beat_bytes) {
        beat_T beat;
        beat.data = 0;
        beat.keep = 0;
        for (std::size_t b = 0; b < beat_bytes && first + b < bytes.size(); ++b) {
            beat.data |= data_t(bytes[first + b]) << int(8 * b);
            beat.keep[b] = 1;
        }
        beat.strb = beat.keep;
        beat.last = first + beat_bytes >= bytes.size() ? 1 : 0;
        out.write(beat);
    }
}

// Appends the bytes of a packet; false if the stream ends before its TLAST.
template <class beat_T> bool receive_packet(hls::stream<beat_T> &in, std::vector<unsigned char> &bytes) {
    const std::size_t beat_bytes = decltype(beat_T::data)::width / 8;
    while (!in.empty()) {
        const beat_T beat = in.read();
        for (std::size_t b = 0; b < beat_bytes; ++b)
            if (beat.keep[b] == 1)
                bytes.push_back(static_cast<unsigned char>(ap_uint<8>(beat.data >> int(8 * b)).to_uint()));
        if (beat.last == 1)
            return true;
    }
    return false;
}

// A file that is open or ends the simulation.
class open_file {
  public:
    open_file(const char *path, const char *mode) : handle(std::fopen(path, mode)) {
        if (!handle) {
            std::perror(path);
            std::exit(1);
        }
    }
    ~open_file() { std::fclose(handle); }
    open_file(const open_file &) = delete;
    open_file &operator=(const open_file &) = delete;

    std::FILE *const handle;
};

// Reads frames of so many bytes from a file.
template <class beat_T> class packet_reader {
  public:
    packet_reader(const char *path, std::size_t frame_bytes) : file(path, "rb"), bytes(frame_bytes) {}

    // Puts a frame into the stream; false if the file ends before.
    bool read(hls::stream<beat_T> &stream) {
        if (std::fread(bytes.data(), 1, bytes.size(), file.handle) != bytes.size())
            return false;
        send_packet(bytes, stream);
        return true;
    }

  private:
    open_file file;
    std::vector<unsigned char> bytes;
};

// Appends frames of so many bytes to a file.
template <class beat_T> class packet_writer {
  public:
    packet_writer(const char *path, std::size_t frame_bytes) : file(path, "wb"), frame_bytes(frame_bytes) {}

    // Takes a frame out of the stream, which must hold nothing else; what is wrong, or a null pointer.
    const char *write(hls::stream<beat_T> &stream) {
        std::vector<unsigned char> bytes;
        if (!receive_packet(stream, bytes))
            return "the packet has no TLAST";
        if (bytes.size() != frame_bytes)
            return "the packet is not as long as a frame";
        if (!stream.empty())
            return "beats follow the packet";
        if (std::fwrite(bytes.data(), 1, bytes.size(), file.handle) != bytes.size() ||
            std::fflush(file.handle))
            return "the file can't be written";
        return nullptr;
    }

  private:
    open_file file;
    const std::size_t frame_bytes;
};

} // namespace fcn_hw

#endif
