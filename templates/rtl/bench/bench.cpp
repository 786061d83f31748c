// Runs the RTL of a network in Verilator: frames in, every tapped stream compared code for code.
//
//   bench STALL SEED IDLE
//
// STALL   share of the clocks, in thousandths, in which a port of the top waits, chosen at random
// SEED    of these choices
// IDLE    clocks without a transfer after which the network stands still
//
// The frames of a file follow one another without a gap. The run ends some clocks after the last pixel
// that is expected, so that one too many is seen. Codes are little-endian in files of the working folder, <stream>.in and <stream>.expected, each in as
// many bytes as its width asks for. result.json tells of every stream how many pixels came, how many
// codes are wrong and which was the first, the most pixels that its FIFO held, the clock in which each
// frame ended, and who waits at its FIFO at the end.
#include "network.h"
#include "verilated.h"
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <vector>

// The codes of a stream, packed as the RTL has them: a word of whole bytes a pixel.
struct Pixels {
    int bits, bytes;
    std::vector<uint8_t> words;

    Pixels(const Shape &shape, const std::string &path)
        : bits(shape.width * shape.channels), bytes((bits + 7) / 8) {
        std::FILE *file = std::fopen(path.c_str(), "rb");
        if (!file) return;
        std::vector<uint8_t> raw;
        uint8_t chunk[1 << 16];
        for (size_t n; (n = std::fread(chunk, 1, sizeof chunk, file)) > 0;) raw.insert(raw.end(), chunk, chunk + n);
        std::fclose(file);
        const size_t pixels = raw.size() / (size_t(shape.code_bytes) * shape.channels);
        words.assign(pixels * bytes, 0);
        const uint8_t *code = raw.data();
        for (size_t pixel = 0; pixel < pixels; ++pixel)
            for (int c = 0; c < shape.channels; ++c, code += shape.code_bytes)
                for (int bit = 0, at = c * shape.width; bit < shape.width; ++bit, ++at)
                    words[pixel * bytes + at / 8] |= uint8_t(((code[bit / 8] >> (bit % 8)) & 1) << (at % 8));
    }
    size_t count() const { return words.size() / bytes; }
    const uint8_t *word(size_t pixel) const { return words.data() + pixel * bytes; }
};

static uint64_t code_at(const uint8_t *word, int at, int width) {
    uint64_t code = 0;
    for (int bit = 0; bit < width; ++bit, ++at) code |= uint64_t((word[at / 8] >> (at % 8)) & 1) << bit;
    return code;
}

struct Watched {
    Tap tap;
    Pixels expected;
    size_t pixels = 0, wrong = 0, first_wrong = 0, frame_pixels = 0;
    uint64_t first_expected = 0, first_actual = 0;
    long held = 0, peak = 0;
    std::vector<unsigned long> frame_ends;

    explicit Watched(const Tap &tap_) : tap(tap_), expected(tap_.shape, std::string(tap_.name) + ".expected") {}

    void take(unsigned long clock) {
        const uint8_t *word = static_cast<const uint8_t *>(tap.word);
        const bool known = pixels < expected.count();
        if (!known || std::memcmp(word, expected.word(pixels), expected.bytes) != 0) compare(word, known);
        if (++pixels % frame_pixels == 0) frame_ends.push_back(clock);
    }

  private:
    void compare(const uint8_t *word, bool known) {
        const Shape &shape = tap.shape;
        for (int c = 0; c < shape.channels; ++c) {
            const uint64_t actual = code_at(word, c * shape.width, shape.width);
            const uint64_t right = known ? code_at(expected.word(pixels), c * shape.width, shape.width) : 0;
            if (known && actual == right) continue;
            if (wrong++ == 0) first_wrong = pixels * shape.channels + c, first_expected = right, first_actual = actual;
        }
    }
};

static const char *json_bool(const unsigned char *signal) { return signal && *signal ? "true" : "false"; }

static const long CLOCKS_AFTER_LAST = 100;

// A share of all clocks, in thousandths.
struct Chance {
    uint64_t state;
    uint32_t limit;
    bool operator()() {
        state = state * 6364136223846793005u + 1442695040888963407u;
        return uint32_t(state >> 32) % 1000 < limit;
    }
};

int main(int argc, char **argv) {
    if (argc != 4) return 2;
    const long idle_limit = std::atol(argv[3]);
    Chance waits = {uint64_t(std::atoll(argv[2])) * 2654435761u + 1, uint32_t(std::atoi(argv[1]))};
    static TOP top;
    std::vector<Input> inputs = inputs_of(top);
    std::vector<Pixels> stimulus;
    for (const Input &input : inputs) stimulus.emplace_back(input.shape, std::string(input.name) + ".in");
    std::vector<Watched> watched;
    for (const Tap &tap : taps_of(top)) {
        watched.emplace_back(tap);
        watched.back().frame_pixels = tap.frame_pixels;
    }
    std::vector<size_t> given(inputs.size(), 0);
    std::vector<size_t> left;
    for (const Pixels &pixels : stimulus) left.push_back(pixels.count());

    top.rst = 1;
    for (int n = 0; n < 4; ++n) {
        top.clk = n & 1;
        top.eval();
    }
    top.rst = 0;
    // Behind the last pixel of a frame that leaves, a layer may compute others that a crop drops.
    size_t outputs_left = 0, pixels_left = 0;
    for (const Watched &item : watched) {
        pixels_left += item.expected.count();
        outputs_left += item.tap.full ? item.expected.count() : 0;
    }
    long idle = 0, after_last = 0;
    unsigned long clock = 0, last_clock = 0;
    const std::clock_t start = std::clock(); // processor time: other work on the machine is not counted
    for (; after_last < CLOCKS_AFTER_LAST && idle < idle_limit; ++clock) {
        for (size_t n = 0; n < inputs.size(); ++n) {
            const bool empty = given[n] == left[n] || (waits.limit && waits());
            *inputs[n].empty = empty;
            if (!empty) std::memcpy(inputs[n].word, stimulus[n].word(given[n]), stimulus[n].bytes);
        }
        if (waits.limit)
            for (Watched &item : watched)
                if (item.tap.full) *item.tap.full = waits();
        top.clk = 0;
        top.eval();
        bool moved = false;
        for (size_t n = 0; n < inputs.size(); ++n)
            if (*inputs[n].read) ++given[n], moved = true;
        for (Watched &item : watched) {
            const bool write = *item.tap.write, read = item.tap.read && *item.tap.read;
            if (write) {
                item.take(clock);
                moved = true;
                if (item.pixels <= item.expected.count()) {
                    --pixels_left;
                    if (item.tap.full) --outputs_left, last_clock = clock + 1;
                }
            }
            item.held += long(write) - long(read);
            if (item.tap.read && item.held > item.peak) item.peak = item.held;
        }
        idle = moved ? 0 : idle + 1;
        after_last += pixels_left == 0;
        top.clk = 1;
        top.eval();
    }
    const double seconds = double(std::clock() - start) / CLOCKS_PER_SEC;

    std::FILE *out = std::fopen("result.json", "w");
    if (!out) return 2;
    std::fprintf(out, "{\"clocks\": %lu, \"seconds\": %.3f, \"finished\": %s, \"streams\": {", last_clock, seconds,
                 outputs_left ? "false" : "true");
    const char *comma = "";
    for (const Watched &item : watched) {
        std::fprintf(out,
                     "%s\n  \"%s\": {\"pixels\": %zu, \"wrong\": %zu, \"first_wrong\": %zu, \"expected\": %llu, "
                     "\"actual\": %llu, \"held\": %ld, \"peak\": %ld, \"writer_waits\": %s, "
                     "\"reader_waits\": %s, \"frame_ends\": [",
                     comma, item.tap.name, item.pixels, item.wrong, item.first_wrong,
                     (unsigned long long)item.first_expected, (unsigned long long)item.first_actual, item.held,
                     item.peak, json_bool(item.tap.writer_waits), json_bool(item.tap.reader_waits));
        for (size_t n = 0; n < item.frame_ends.size(); ++n)
            std::fprintf(out, "%s%lu", n ? ", " : "", item.frame_ends[n]);
        std::fprintf(out, "]}");
        comma = ",";
    }
    std::fprintf(out, "\n}}\n");
    return std::fclose(out) == 0 ? 0 : 2;
}
