// PE x SIMD x taps multiply-accumulate units, shared by conv2d.h, conv_transpose2d.h and
// depthwise_conv2d.h.
//
// The work of one output pixel is cut into `fold` steps of one clock. In a step each of PE filters takes
// SIMD products of each of `taps` taps: pe * simd * taps multipliers. PE filters (a filter group) are
// done at a time, over all taps and channels, so that there are only PE accumulators. The scheme is that
// of the matrix-vector unit of FINN (Umuroglu et al., FPGA 2017).
//
// CONFIG_T: pe, simd, taps, n_chan, n_filt, weight_t, bias_t, accum_t, product_shift, bias_shift; conv2d.h
// says what they are.
//
// OPERANDS_T says which channels of a pixel a step multiplies: all_channels or own_channels, and those
// of raster_windows.h, whose steps take several taps.
#ifndef FCN_HW_MAC_ARRAY_H_
#define FCN_HW_MAC_ARRAY_H_

#include "fcn_hw/code.h"
#include "fcn_hw/types.h"

namespace fcn_hw {

// An accumulator: holds the codes of accum_t.
template <typename CONFIG_T>
using accumulator_t = sum_t<code_of<typename CONFIG_T::accum_t>::width>;

// sum * 2^SHIFT; a left shift of a negative number is undefined in C++14.
template <int SHIFT, class sum_T> sum_T shift_left(const sum_T &sum) {
    #pragma HLS INLINE
    return sum * (sum_T(1) << SHIFT);
}

// A filter sums all channels: a step takes simd of them, a channel group, for all of its filters.
template <typename CONFIG_T> struct all_channels {
    static constexpr int count = CONFIG_T::simd;
    static constexpr int channel_groups = CONFIG_T::n_chan / CONFIG_T::simd;

    // The channel that operand k of a step is.
    static int channel(int channel_group, int k) {
        #pragma HLS INLINE
        return channel_group * CONFIG_T::simd + k;
    }

    // The operand of product s of filter p.
    static constexpr int of(int /*p*/, int s) { return s; }

    // To the next filter group; it reads the same channels.
    void next_filters() {
        #pragma HLS INLINE
    }
};

// A filter sums one channel, and every channel has n_filt / n_chan filters behind one another: a step
// takes a channel for each of its filters.
//
// Invariant: the filter group's first filter is number `filter` of those of channel `first`.
template <typename CONFIG_T> struct own_channels {
    static constexpr int count = CONFIG_T::pe;
    static constexpr int channel_groups = 1;
    static constexpr int filters = CONFIG_T::n_filt / CONFIG_T::n_chan;

    count_t<CONFIG_T::n_chan> first;
    count_t<2 * filters> filter;

    own_channels() : first(0), filter(0) {
        #pragma HLS INLINE
    }

    // The channel that operand k of a step is, that of filter k of the group. The divisions are of
    // constants, for k is one.
    int channel(int /*channel_group*/, int k) const {
        #pragma HLS INLINE
        return first + k / filters + (filter + k % filters >= filters ? 1 : 0);
    }

    static constexpr int of(int p, int /*s*/) { return p; }

    void next_filters() {
        #pragma HLS INLINE
        first += CONFIG_T::pe / filters;
        filter += CONFIG_T::pe % filters;
        if (filter >= filters) {
            filter -= filters;
            ++first;
        }
        if (first == CONFIG_T::n_chan) { // the last filter of the pixel is done
            first = 0;
        }
    }
};

// Starts the sums of a filter group with its biases, aligned to the accumulator's binary point.
template <typename CONFIG_T>
void start_sums(accumulator_t<CONFIG_T> sums[CONFIG_T::pe],
                const typename CONFIG_T::bias_t biases[CONFIG_T::pe]) {
    #pragma HLS INLINE
StartSums:
    for (int p = 0; p < CONFIG_T::pe; ++p) {
        #pragma HLS UNROLL
        const accumulator_t<CONFIG_T> bias = biases[p];
        sums[p] = shift_left<CONFIG_T::bias_shift>(bias);
    }
}

// Adds taps * simd products to each sum, of its weights and the operands of the step. The accumulator holds
// every partial sum in every order (proved from the weights when the graph was made), so no bit is
// ever lost.
template <typename CONFIG_T, class OPERANDS_T, class input_code_T>
void add_products(accumulator_t<CONFIG_T> sums[CONFIG_T::pe],
                  const typename CONFIG_T::weight_t weights[CONFIG_T::pe][CONFIG_T::taps * CONFIG_T::simd],
                  const input_code_T inputs[OPERANDS_T::count]) {
    #pragma HLS INLINE
Filters:
    for (int p = 0; p < CONFIG_T::pe; ++p) {
        #pragma HLS UNROLL
        accumulator_t<CONFIG_T> products = 0;
    Products:
        for (int s = 0; s < CONFIG_T::taps * CONFIG_T::simd; ++s) {
            #pragma HLS UNROLL
            products += weights[p][s] * inputs[OPERANDS_T::of(p, s)];
        }
        sums[p] += shift_left<CONFIG_T::product_shift>(products);
    }
}

// Rounds and saturates the sums of a filter group to its channels of the output pixel, by the modes of
// the output's type.
template <typename CONFIG_T, class result_T>
void finish_sums(result_T results[CONFIG_T::n_filt], const accumulator_t<CONFIG_T> sums[CONFIG_T::pe],
                 int filter_group) {
    #pragma HLS INLINE
FinishSums:
    for (int p = 0; p < CONFIG_T::pe; ++p) {
        #pragma HLS UNROLL
        results[filter_group * CONFIG_T::pe + p] =
            convert<result_T>(from_code<typename CONFIG_T::accum_t>(sums[p]));
    }
}

} // namespace fcn_hw

#endif
