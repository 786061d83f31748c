// hls::stream with a depth that is kept: a read waits for a pixel, a write waits for room.
//
// Stands before the folder of ap_types on the include path of the bounded C simulation, in place of
// the header that lets every stream grow without end. network.h says what waiting is. There are no
// non-blocking calls, on purpose: with one, what a network computes would depend on who is faster.
#ifndef FCN_HW_SIM_HLS_STREAM_H_
#define FCN_HW_SIM_HLS_STREAM_H_

#include "network.h"

namespace hls {

// Invariant: the pixels of `ring` from `first` on, `fill` of them, wrapping around, are in the FIFO.
template <class pixel_T> class stream : public fcn_hw::sim::fifo {
  public:
    explicit stream(const std::string &name) : fcn_hw::sim::fifo(name) {}

    void set_depth(std::size_t pixels) override {
        ring.assign(pixels, pixel_T());
        depth = pixels;
        first = fill = 0;
    }

    pixel_T read() {
        fcn_hw::sim::network *network = fcn_hw::sim::network::instance();
        while (fill == 0) {
            network->block(*this, fcn_hw::sim::wait_t::read);
        }
        const pixel_T pixel = ring[first];
        first = first + 1 == depth ? 0 : first + 1;
        --fill;
        network->wake(writer, *this, fcn_hw::sim::wait_t::write);
        return pixel;
    }

    void write(const pixel_T &pixel) {
        fcn_hw::sim::network *network = fcn_hw::sim::network::instance();
        while (fill == depth) {
            network->block(*this, fcn_hw::sim::wait_t::write);
        }
        const std::size_t end = first + fill;
        ring[end < depth ? end : end - depth] = pixel;
        ++fill;
        peak = fill > peak ? fill : peak;
        network->wake(reader, *this, fcn_hw::sim::wait_t::read);
    }

    void read(pixel_T &pixel) { pixel = read(); }
    void operator>>(pixel_T &pixel) { pixel = read(); }
    void operator<<(const pixel_T &pixel) { write(pixel); }

  private:
    std::vector<pixel_T> ring;
    std::size_t first = 0;
};

} // namespace hls

#endif
