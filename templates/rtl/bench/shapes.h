// What the bench knows of a stream; network.h, which fcn_hw writes, has a table of them.
#ifndef FCN_HW_RTL_BENCH_SHAPES_H_
#define FCN_HW_RTL_BENCH_SHAPES_H_
#include <cstddef>

// Codes of `width` bits, in files `code_bytes` each.
struct Shape {
    int width, channels, code_bytes;
};

struct Input {
    const char *name;
    Shape shape;
    void *word;
    unsigned char *empty;
    unsigned char *read;
};

// `read`, `writer_waits` and `reader_waits` are null for a stream that leaves the network, `full` for one
// that does not.
struct Tap {
    const char *name;
    Shape shape;
    size_t frame_pixels;
    void *word;
    unsigned char *write;
    unsigned char *read;
    unsigned char *full;
    unsigned char *writer_waits;
    unsigned char *reader_waits;
};

#endif
