// Mean over windows, times an odd divisor; positions outside the frame take no part. Windows may overlap
// and be padded.
//
//   out[i][j][c] = sum of the window's codes * multiple / positions
//
// where positions counts the window's positions inside the frame and multiple is the least common
// multiple of all these counts. It is an odd number times a power of two; the binary point of accum_t
// lies so many bits further right, so the value is the mean times the odd number, which is 1 where all
// counts are powers of two. Sums are exact; the conversion to the output's type rounds and saturates
// once.
//
// The positions are rows inside times columns inside, and the multiple is that of the rows times that
// of the columns. So a window's weight, multiple / positions, is a product of two constants that its
// last row and its last column choose: nothing is divided in hardware.
//
// Cycles of a frame: rows * cols, where rows = max(in_height, bottom of the last window) and
// cols = max(in_width, right end of the last window, 8). pool2d.h says how.
//
// Parameters:
//   in_T, out_T   nnet::array of ap_[u]fixed with the same number of channels; a beat is a pixel.
//   CONFIG_T      in_height, in_width, out_height, out_width, pool_height, pool_width, stride_height,
//                 stride_width, pad_top, pad_left
//                 multiple  see above
//                 accum_t   ap_[u]fixed that holds every weighted sum
#ifndef FCN_HW_AVERAGE_POOL2D_H_
#define FCN_HW_AVERAGE_POOL2D_H_

#include "fcn_hw/code.h"
#include "fcn_hw/pool2d.h"
#include "fcn_hw/types.h"

namespace fcn_hw {

// Positions of window number n of an axis that lie inside the frame.
constexpr int window_positions(int n, int length, int pool, int stride, int before) {
    return min_of(n * stride - before + pool, length) - max_of(n * stride - before, 0);
}

// The least common multiple of the positions of windows n to n + count - 1. By halves: a compiler
// limits the depth of such a recursion.
constexpr int positions_multiple(int n, int count, int length, int pool, int stride, int before) {
    return count == 1 ? window_positions(n, length, pool, stride, before)
                      : lcm_of(positions_multiple(n, count / 2, length, pool, stride, before),
                               positions_multiple(n + count / 2, count - count / 2, length, pool,
                                                  stride, before));
}

// The windows along an axis and their part of the weights.
template <int LENGTH, int POOL, int STRIDE, int BEFORE, int WINDOWS> struct window_axis {
    static constexpr int multiple = positions_multiple(0, WINDOWS, LENGTH, POOL, STRIDE, BEFORE);
    // The border cuts the first and the last window most.
    static constexpr int least = min_of(window_positions(0, LENGTH, POOL, STRIDE, BEFORE),
                                        window_positions(WINDOWS - 1, LENGTH, POOL, STRIDE, BEFORE));
    static constexpr int most = min_of(POOL, LENGTH);

    // multiple / positions of the window that ends at `last`: a choice between constants. A number of
    // positions that no window has may stand among them; it is never chosen.
    static count_t<multiple> weight(int last) {
        #pragma HLS INLINE
        const int positions = min_of(last, LENGTH - 1) - max_of(last - (POOL - 1), 0) + 1;
        count_t<multiple> weight = multiple / least;
    Weight:
        for (int n = least + 1; n <= most; ++n) {
            #pragma HLS UNROLL
            if (positions == n) {
                weight = multiple / n;
            }
        }
        return weight;
    }
};

// The value of a part of a window is the sum of its codes.
template <class input_T, class output_T, typename CONFIG_T> struct window_average {
    typedef window_axis<CONFIG_T::in_height, CONFIG_T::pool_height, CONFIG_T::stride_height,
                        CONFIG_T::pad_top, CONFIG_T::out_height>
        vertical;
    typedef window_axis<CONFIG_T::in_width, CONFIG_T::pool_width, CONFIG_T::stride_width,
                        CONFIG_T::pad_left, CONFIG_T::out_width>
        horizontal;
    typedef code_of<input_T> input_code;
    typedef code_of<typename CONFIG_T::accum_t> accum_code;
    static constexpr int most = vertical::most * horizontal::most;
    // Bits of a sum. An accumulator that has fewer holds every sum as well: no weight is below 1.
    static constexpr int sum_bits =
        input_code::width + (input_code::is_signed ? 0 : 1) + (most > 1 ? bits_of(most - 1) : 0);
    typedef sum_t<min_of(sum_bits, accum_code::width)> value_t;
    typedef sum_t<accum_code::width> accumulator_t;
    typedef count_t<vertical::multiple * horizontal::multiple> weight_t;

    weight_t weight; // of a window that ends at (row, col)

    window_average(int row, int col) : weight(vertical::weight(row) * horizontal::weight(col)) {
        #pragma HLS INLINE
    }

    static value_t merged(const value_t &a, const value_t &b) {
        #pragma HLS INLINE
        return a + b;
    }

    output_T result(const value_t &sum) const {
        #pragma HLS INLINE
        const accumulator_t weighted = accumulator_t(sum) * weight;
        return convert<output_T>(from_code<typename CONFIG_T::accum_t>(weighted));
    }
};

template <class in_T, class out_T, typename CONFIG_T>
void average_pool2d(hls::stream<in_T> &in, hls::stream<out_T> &out) {
    typedef window_average<typename in_T::value_type, typename out_T::value_type, CONFIG_T> average;
    static_assert(in_T::size == out_T::size, "average_pool2d must write as many channels as it reads.");
    static_assert(every_window_has_a_pixel<CONFIG_T>(),
                  "Every window of average_pool2d must contain a pixel of the frame.");
    static_assert(CONFIG_T::multiple == average::vertical::multiple * average::horizontal::multiple,
                  "The multiple of average_pool2d must be the least common multiple of the positions of "
                  "its windows.");
    static_assert(code_of<typename CONFIG_T::accum_t>::fraction ==
                      code_of<typename in_T::value_type>::fraction + factors_of_two(CONFIG_T::multiple),
                  "The accumulator of average_pool2d must have the fraction bits of its input and one "
                  "for each factor 2 of the multiple.");
    pool_windows<in_T, out_T, CONFIG_T, average>(in, out);
}

} // namespace fcn_hw

#endif
