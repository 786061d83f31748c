// Maximum over windows; positions outside the frame take no part. Windows may overlap and be padded.
//
// Cycles of a frame: rows * cols, where rows = max(in_height, bottom of the last window) and
// cols = max(in_width, right end of the last window, 8). pool2d.h says how.
//
// Parameters:
//   in_T, out_T   nnet::array of ap_[u]fixed with the same number of channels; a beat is a pixel.
//   CONFIG_T      in_height, in_width, out_height, out_width, pool_height, pool_width, stride_height,
//                 stride_width, pad_top, pad_left
#ifndef FCN_HW_MAX_POOL2D_H_
#define FCN_HW_MAX_POOL2D_H_

#include "fcn_hw/code.h"
#include "fcn_hw/pool2d.h"
#include "fcn_hw/types.h"

namespace fcn_hw {

// The value of a part of a window is its largest code.
template <class input_T> struct window_maximum {
    typedef code_t<input_T> value_t;

    window_maximum(int /*row*/, int /*col*/) {
        #pragma HLS INLINE
    }

    static value_t merged(const value_t &a, const value_t &b) {
        #pragma HLS INLINE
        return choose(b > a, b, a);
    }

    input_T result(const value_t &maximum) const {
        #pragma HLS INLINE
        return from_code<input_T>(maximum);
    }
};

template <class in_T, class out_T, typename CONFIG_T>
void max_pool2d(hls::stream<in_T> &in, hls::stream<out_T> &out) {
    static_assert(in_T::size == out_T::size, "max_pool2d must write as many channels as it reads.");
    static_assert(every_window_has_a_pixel<CONFIG_T>(),
                  "Every window of max_pool2d must contain a pixel of the frame.");
    pool_windows<in_T, out_T, CONFIG_T, window_maximum<typename in_T::value_type>>(in, out);
}

} // namespace fcn_hw

#endif
