// hls::stream without a limit, for frames side by side: a queue of blocks.
//
// A block that has been read goes back to a pool, where the next writer takes it: memory is what is in
// the streams at a time, and what is written next is still in the cache. Reading an empty stream and
// ending with pixels left is reported in one line, which the harness takes for a failure.
#ifndef FCN_HW_SIM_LANES_HLS_STREAM_H_
#define FCN_HW_SIM_LANES_HLS_STREAM_H_

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace fcn_hw {
namespace sim {

// Memory of blocks.
class block_pool {
  public:
    static constexpr std::size_t block_bytes = std::size_t(1) << 17;
    static constexpr std::size_t alignment = 64;

    static void *take() {
        if (blocks().empty()) {
            void *fresh = nullptr;
            if (posix_memalign(&fresh, alignment, block_bytes)) {
                std::fprintf(stderr, "no memory for the frames: use fewer lanes\n");
                std::exit(1);
            }
            return fresh;
        }
        void *last = blocks().back();
        blocks().pop_back();
        return last;
    }
    static void give_back(void *block) { blocks().push_back(block); }

  private:
    static std::vector<void *> &blocks() {
        static std::vector<void *> all;
        return all;
    }
};

} // namespace sim
} // namespace fcn_hw

namespace hls {

// Invariant: pixel n of the queue is number (first + n) of the blocks, per_block in each.
template <class pixel_T> class stream {
    static_assert(sizeof(pixel_T) <= fcn_hw::sim::block_pool::block_bytes,
                  "A pixel of all lanes must fit in a block: use fewer lanes.");

  public:
    stream() : stream("stream") {}
    explicit stream(const std::string &name) : name(name) {}
    stream(const stream &) = delete;
    stream &operator=(const stream &) = delete;
    ~stream() {
        if (count) {
            std::printf("WARNING: Hls::stream '%s' still holds %zu pixels at its end\n", name.c_str(),
                        count);
        }
        for (; first_block < blocks.size(); ++first_block) {
            fcn_hw::sim::block_pool::give_back(blocks[first_block]);
        }
    }

    bool empty() const { return count == 0; }
    std::size_t size() const { return count; }

    pixel_T read() {
        if (count == 0) {
            std::printf("WARNING: Hls::stream '%s' is read while it is empty\n", name.c_str());
            return pixel_T();
        }
        const pixel_T *pixel = &blocks[first_block][first];
        --count;
        if (++first == per_block) {
            // The pixel stays readable: nobody takes the block before the caller has its copy.
            fcn_hw::sim::block_pool::give_back(blocks[first_block]);
            first = 0;
            if (++first_block == blocks.size()) {
                blocks.clear();
                first_block = 0;
            }
        }
        return *pixel;
    }

    void write(const pixel_T &pixel) {
        if (end == per_block || blocks.empty()) {
            blocks.push_back(static_cast<pixel_T *>(fcn_hw::sim::block_pool::take()));
            end = 0;
        }
        blocks.back()[end++] = pixel;
        ++count;
    }

    void read(pixel_T &pixel) { pixel = read(); }
    void operator>>(pixel_T &pixel) { pixel = read(); }
    void operator<<(const pixel_T &pixel) { write(pixel); }

    // Shows every pixel to `visit(pixels, number)`, in order, a run of neighbours in memory at a time.
    template <class visit_T> void visit_runs(visit_T visit) const {
        std::size_t left = count, from = first;
        for (std::size_t block = first_block; left > 0; ++block) {
            const std::size_t run = left < per_block - from ? left : per_block - from;
            visit(blocks[block] + from, run);
            left -= run;
            from = 0;
        }
    }

  private:
    static constexpr std::size_t per_block = fcn_hw::sim::block_pool::block_bytes / sizeof(pixel_T);

    const std::string name;
    std::vector<pixel_T *> blocks;
    std::size_t first_block = 0; // of the blocks before it, none is left
    std::size_t first = 0;       // pixel in that block
    std::size_t end = 0;         // pixels in the last block, read ones included
    std::size_t count = 0;
};

} // namespace hls

#endif
