// hls::stream for fcn_hw's own HLS compiler (fcn_hw/rtl), and the marks that its pragmas become.
//
// A pixel that is read or to be written is a token, of which the compiler knows the width; a channel is
// taken out of it, or put in, by its number. So no wide integer and no aggregate reaches LLVM.
#ifndef FCN_HW_RTL_HLS_STREAM_H_
#define FCN_HW_RTL_HLS_STREAM_H_

#include "ap_int.h"

extern "C" {
unsigned fcn_hw_read(void *stream) noexcept;
void fcn_hw_write(void *stream, unsigned token) noexcept;
}
template <class BITS> BITS fcn_hw_channel(unsigned token, unsigned channel) noexcept __attribute__((const));
template <class BITS>
unsigned fcn_hw_with_channel(unsigned token, unsigned channel, BITS code) noexcept __attribute__((const));

// A pixel that no channel has been put in.
static const unsigned FCN_HW_NO_CHANNELS = 0;

// ARRAY_RESHAPE, ARRAY_PARTITION, DEPENDENCE and BIND_STORAGE of an array that stays a memory.
void fcn_hw_reshape(const void *array, int dimension) noexcept;
void fcn_hw_partition(const void *array, int dimension) noexcept;
void fcn_hw_distance(const void *array, int iterations) noexcept;
void fcn_hw_storage(const void *array, int is_lutram) noexcept;

// BIND_OP with impl=dsp of a product.
template <class BITS> BITS fcn_hw_dsp(BITS product) noexcept __attribute__((const));
template <int W, bool SIGNED> void fcn_hw_in_dsp(rtl::number<W, SIGNED> &product) {
    product.code = fcn_hw_dsp(product.code);
}

namespace hls {

template <class pixel_T> class stream {
    typedef typename pixel_T::value_type::code_type code_t;
    char unused;

  public:
    pixel_T read() {
        const unsigned token = fcn_hw_read(this);
        pixel_T pixel;
        _Pragma("clang loop unroll(full)") for (unsigned c = 0; c < pixel_T::size; ++c) {
            pixel.data[c].code = fcn_hw_channel<code_t>(token, c);
        }
        return pixel;
    }

    void write(const pixel_T &pixel) {
        unsigned token = FCN_HW_NO_CHANNELS;
        _Pragma("clang loop unroll(full)") for (unsigned c = 0; c < pixel_T::size; ++c) {
            token = fcn_hw_with_channel<code_t>(token, c, pixel.data[c].code);
        }
        fcn_hw_write(this, token);
    }
};

} // namespace hls

#endif
