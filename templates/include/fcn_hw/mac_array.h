// PE x SIMD x taps multiply-accumulate units, shared by conv2d.h, conv_transpose2d.h and
// depthwise_conv2d.h.
//
// The work of one output pixel is cut into `fold` steps of one clock. In a step each of PE filters takes
// SIMD products of each of `taps` taps: pe * simd * taps multipliers. PE filters (a filter group) are
// done at a time, over all taps and channels, so that there are only PE accumulators. The scheme is that
// of the matrix-vector unit of FINN (Umuroglu et al., FPGA 2017).
//
// With `lanes` above 1 one multiplier of a DSP slice makes the products of so many filters by the operand
// that they share: its other factor is their weights, lane_width bits apart. What a lane carries into
// the one above is taken back where lanes are read. fcn_hw/ops/lanes.py proves that no bit is lost. The
// filters of a multiplier are a column; the last `lut_columns` of them have a multiplier of LUTs for each
// filter all the same, so that a layer may take what slices there are.
//
// Where filters have shifts of their own, the codes of a filter's weights are those of the layer divided
// by a power of two, and its sum is shifted when it is finished. fcn_hw/ops/filter_shifts.py says why that
// is exact.
//
// CONFIG_T: pe, simd, taps, lanes, n_chan, n_filt, weight_t, bias_t, accum_t, product_shift, bias_shift;
// conv2d.h says what they are. With lanes also
//   lane_width    bits from a lane to the next
//   lane_terms    0: the sums of all steps stay packed, biases included, and lane_width is accum_t's;
//                 else how many products are added, at most, before lanes are read
//   lut_columns   columns whose products are made of LUTs
//   weight_width, input_width   of a code of a filter's weights, and of a factor that holds those of the
//                 input
// and with shifts
//   most_shift    the largest shift
//   shifted_t     ap_[u]fixed that holds every sum behind its shift
//
// OPERANDS_T says which channels of a pixel a step multiplies: all_channels or own_channels, and those
// of raster_windows.h, whose steps take several taps.
#ifndef FCN_HW_MAC_ARRAY_H_
#define FCN_HW_MAC_ARRAY_H_

#include "fcn_hw/code.h"
#include "fcn_hw/types.h"

namespace fcn_hw {

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

// What follows from a configuration at compile time. A column is the multipliers of the filters whose
// products are made together; `sums` are those of a filter group.
template <typename CONFIG_T, bool PACKED> struct lanes_plan {
    static constexpr int lanes = 1;
    static constexpr bool sums_packed = false;
    static constexpr int sum_width = code_of<typename CONFIG_T::accum_t>::width;
    static constexpr int columns = CONFIG_T::pe;
    static constexpr int sums = CONFIG_T::pe;
};

template <typename CONFIG_T> struct lanes_plan<CONFIG_T, true> {
    static_assert(CONFIG_T::pe % CONFIG_T::lanes == 0,
                  "A DSP slice makes the products of `lanes` filters of a group, so lanes must divide pe.");
    static constexpr int lanes = CONFIG_T::lanes;
    static constexpr bool sums_packed = CONFIG_T::lane_terms == 0;
    static constexpr int accum_width = code_of<typename CONFIG_T::accum_t>::width;
    // One bit more: the lowest sum of all lanes but the first, less what the first one carries.
    static constexpr int sum_width = sums_packed ? lanes * accum_width + 1 : accum_width;
    static constexpr int columns = CONFIG_T::pe / lanes;
    static constexpr int dsp_columns = columns - CONFIG_T::lut_columns;
    static constexpr int sums = sums_packed ? columns : CONFIG_T::pe;
    static constexpr int factor_width = (lanes - 1) * CONFIG_T::lane_width + CONFIG_T::weight_width + 1;
    typedef signed_t<factor_width> factor_t;
    // A product of a column, and a sum of such products.
    typedef sum_t<factor_width + CONFIG_T::input_width> product_t;
    typedef sum_t<lanes * CONFIG_T::lane_width + 1> word_t;
};

template <typename CONFIG_T> struct mac_plan : lanes_plan<CONFIG_T, (CONFIG_T::lanes > 1)> {
    static constexpr int terms = CONFIG_T::taps * CONFIG_T::simd; // of a filter in a step
};

// An accumulator: holds the codes of accum_t, or those of `lanes` filters behind one another.
template <typename CONFIG_T> using accumulator_t = sum_t<mac_plan<CONFIG_T>::sum_width>;

// The factor of a column's multiplier: the weights of its filters, lane_width apart. All of it is wires,
// for an element of the ROM holds what a lane is: its weight, less the carry of the lanes below. The
// lowest one has weight_width bits, each other one a bit more.
template <typename CONFIG_T>
typename mac_plan<CONFIG_T>::factor_t spread_weights(const typename CONFIG_T::weight_t &weights) {
    #pragma HLS INLINE
    typedef typename mac_plan<CONFIG_T>::factor_t factor_t;
    constexpr int width = CONFIG_T::weight_width;
    constexpr int top = CONFIG_T::lanes - 1;
    const factor_t lane_bits = (factor_t(1) << CONFIG_T::lane_width) - 1;
    factor_t factor = factor_t(weights >> (top * (width + 1) - 1));
Spread:
    for (int lane = top - 1; lane > 0; --lane) {
        #pragma HLS UNROLL
        const factor_t weight = lowest_bits<width + 1>(factor_t(weights >> (lane * (width + 1) - 1)));
        factor = factor_t(shift_left<CONFIG_T::lane_width>(factor) | (weight & lane_bits));
    }
    const factor_t weight = lowest_bits<width>(factor_t(weights));
    return factor_t(shift_left<CONFIG_T::lane_width>(factor) | (weight & lane_bits));
}

// Starts the sums of a filter group with its biases, aligned to the accumulator's binary point.
template <typename CONFIG_T>
void start_sums(accumulator_t<CONFIG_T> sums[mac_plan<CONFIG_T>::sums],
                const typename CONFIG_T::bias_t biases[mac_plan<CONFIG_T>::sums]) {
    #pragma HLS INLINE
StartSums:
    for (int p = 0; p < mac_plan<CONFIG_T>::sums; ++p) {
        #pragma HLS UNROLL
        const accumulator_t<CONFIG_T> bias = biases[p];
        sums[p] = shift_left<CONFIG_T::bias_shift>(bias);
    }
}

// The product of the weights of a column by an operand.
template <typename CONFIG_T, class input_code_T>
typename mac_plan<CONFIG_T>::product_t column_product(const typename CONFIG_T::weight_t &weights,
                                                      const input_code_T &input) {
    #pragma HLS INLINE
    typename mac_plan<CONFIG_T>::product_t product = spread_weights<CONFIG_T>(weights) * input;
    #pragma HLS BIND_OP variable=product op=mul impl=dsp
    return product;
}

// The products of a filter of a column of LUTs, added: an element of the ROM holds the codes of the column's
// filters side by side.
template <typename CONFIG_T, class OPERANDS_T, class input_code_T>
sum_t<mac_plan<CONFIG_T>::accum_width>
lane_products(const typename CONFIG_T::weight_t weights[mac_plan<CONFIG_T>::terms], int lane,
              const input_code_T inputs[OPERANDS_T::count]) {
    #pragma HLS INLINE
    typedef typename mac_plan<CONFIG_T>::factor_t factor_t;
    sum_t<mac_plan<CONFIG_T>::accum_width> products = 0;
LaneProducts:
    for (int s = 0; s < mac_plan<CONFIG_T>::terms; ++s) {
        #pragma HLS UNROLL
        const signed_t<CONFIG_T::weight_width> weight = lowest_bits<CONFIG_T::weight_width>(
            factor_t(weights[s] >> (lane * CONFIG_T::weight_width)));
        products += weight * inputs[OPERANDS_T::of(0, s)];
    }
    return products;
}

// The result of filter p of a group: its sum, rounded and saturated by the modes of the output's type.
template <typename CONFIG_T, class result_T, class word_T>
result_T result_of(const word_T &sum, int /*p*/) {
    #pragma HLS INLINE
    return convert<result_T>(from_code<typename CONFIG_T::accum_t>(sum));
}

// The same where filters have shifts. An element of their table has, from the lowest bit on, the fields
//   rest      most_shift bits: what a shift leaves below the sum, the lowest bits of the bias, then zeros
//   back      most_shift less the filter's shift
template <typename CONFIG_T, class result_T, class word_T, class shift_T>
result_T result_of(const word_T &sum, int p, const shift_T *shifts) {
    #pragma HLS INLINE
    typedef typename CONFIG_T::accum_t accum_t;
    typedef typename CONFIG_T::shifted_t shifted_t;
    constexpr int most = CONFIG_T::most_shift;
    typedef sum_t<code_of<accum_t>::width + most + 1> shifted_word_t;
    const count_t<(1 << most) - 1> rest = shifts[p] & ((1 << most) - 1);
    const count_t<most> back = shifts[p] >> most;
    const shifted_word_t code = to_code(from_code<accum_t>(sum));
    const shifted_word_t furthest = shift_left<most>(code) + rest;
    return convert<result_T>(from_code<shifted_t>(shift_right(furthest, back)));
}

// How products are made and sums are read: a multiplier for each filter.
template <bool PACKED, bool SUMS_PACKED> struct mac_columns {
    template <typename CONFIG_T, class OPERANDS_T, class input_code_T>
    static void add(accumulator_t<CONFIG_T> sums[mac_plan<CONFIG_T>::sums],
                    const typename CONFIG_T::weight_t weights[mac_plan<CONFIG_T>::columns]
                                                             [mac_plan<CONFIG_T>::terms],
                    const input_code_T inputs[OPERANDS_T::count]) {
        #pragma HLS INLINE
    Filters:
        for (int p = 0; p < CONFIG_T::pe; ++p) {
            #pragma HLS UNROLL
            accumulator_t<CONFIG_T> products = 0;
        Products:
            for (int s = 0; s < mac_plan<CONFIG_T>::terms; ++s) {
                #pragma HLS UNROLL
                products += weights[p][s] * inputs[OPERANDS_T::of(p, s)];
            }
            sums[p] += shift_left<CONFIG_T::product_shift>(products);
        }
    }

    template <typename CONFIG_T, class result_T, class... shift_T>
    static void finish(result_T results[CONFIG_T::pe],
                       const accumulator_t<CONFIG_T> sums[mac_plan<CONFIG_T>::sums],
                       const shift_T *...shifts) {
        #pragma HLS INLINE
    Finish:
        for (int p = 0; p < CONFIG_T::pe; ++p) {
            #pragma HLS UNROLL
            results[p] = result_of<CONFIG_T, result_T>(sums[p], p, shifts...);
        }
    }
};

// Sums stay packed until they are finished.
template <> struct mac_columns<true, true> {
    template <typename CONFIG_T, class OPERANDS_T, class input_code_T>
    static void add(accumulator_t<CONFIG_T> sums[mac_plan<CONFIG_T>::sums],
                    const typename CONFIG_T::weight_t weights[mac_plan<CONFIG_T>::columns]
                                                             [mac_plan<CONFIG_T>::terms],
                    const input_code_T inputs[OPERANDS_T::count]) {
        #pragma HLS INLINE
    Columns:
        for (int m = 0; m < mac_plan<CONFIG_T>::columns; ++m) {
            #pragma HLS UNROLL
            accumulator_t<CONFIG_T> products = 0;
            if (m < mac_plan<CONFIG_T>::dsp_columns) {
            Products:
                for (int s = 0; s < mac_plan<CONFIG_T>::terms; ++s) {
                    #pragma HLS UNROLL
                    products += column_product<CONFIG_T>(weights[m][s], inputs[OPERANDS_T::of(0, s)]);
                }
            } else {
            Pack:
                for (int lane = CONFIG_T::lanes - 1; lane >= 0; --lane) {
                    #pragma HLS UNROLL
                    products = shift_left<CONFIG_T::lane_width>(products) +
                               lane_products<CONFIG_T, OPERANDS_T>(weights[m], lane, inputs);
                }
            }
            sums[m] += shift_left<CONFIG_T::product_shift>(products);
        }
    }

    template <typename CONFIG_T, class result_T, class... shift_T>
    static void finish(result_T results[CONFIG_T::pe],
                       const accumulator_t<CONFIG_T> sums[mac_plan<CONFIG_T>::sums],
                       const shift_T *...shifts) {
        #pragma HLS INLINE
        typedef code_of<typename CONFIG_T::accum_t> code;
    Finish:
        for (int m = 0; m < mac_plan<CONFIG_T>::columns; ++m) {
            #pragma HLS UNROLL
            accumulator_t<CONFIG_T> word = sums[m];
        Lanes:
            for (int lane = 0; lane < CONFIG_T::lanes; ++lane) {
                #pragma HLS UNROLL
                const int p = m * CONFIG_T::lanes + lane;
                results[p] = result_of<CONFIG_T, result_T>(word, p, shifts...); // of the lowest bits
                word = bits_above<code::width, code::is_signed>(word);
            }
        }
    }
};

// At most lane_terms products are added before lanes are read; sums are those of single filters.
template <> struct mac_columns<true, false> {
    template <typename CONFIG_T, class OPERANDS_T, class input_code_T>
    static void add(accumulator_t<CONFIG_T> sums[mac_plan<CONFIG_T>::sums],
                    const typename CONFIG_T::weight_t weights[mac_plan<CONFIG_T>::columns]
                                                             [mac_plan<CONFIG_T>::terms],
                    const input_code_T inputs[OPERANDS_T::count]) {
        #pragma HLS INLINE
        typedef mac_plan<CONFIG_T> plan;
        constexpr int most = min_of(plan::terms, CONFIG_T::lane_terms);
        constexpr int parts = ceil_div(plan::terms, most);
    Columns:
        for (int m = 0; m < plan::columns; ++m) {
            #pragma HLS UNROLL
            accumulator_t<CONFIG_T> products[CONFIG_T::lanes];
            #pragma HLS ARRAY_PARTITION variable=products
        Start:
            for (int lane = 0; lane < CONFIG_T::lanes; ++lane) {
                #pragma HLS UNROLL
                products[lane] = 0;
            }
            if (m < plan::dsp_columns) {
            Parts:
                for (int part = 0; part < parts; ++part) {
                    #pragma HLS UNROLL
                    typename plan::word_t word = 0;
                Products:
                    for (int s = 0; s < most; ++s) {
                        #pragma HLS UNROLL
                        const int term = part * most + s;
                        if (term < plan::terms) {
                            word += column_product<CONFIG_T>(weights[m][term],
                                                             inputs[OPERANDS_T::of(0, term)]);
                        }
                    }
                Read:
                    for (int lane = 0; lane < CONFIG_T::lanes; ++lane) {
                        #pragma HLS UNROLL
                        products[lane] += lowest_bits<CONFIG_T::lane_width>(word);
                        word = bits_above<CONFIG_T::lane_width, true>(word);
                    }
                }
            } else {
            Filters:
                for (int lane = 0; lane < CONFIG_T::lanes; ++lane) {
                    #pragma HLS UNROLL
                    products[lane] = lane_products<CONFIG_T, OPERANDS_T>(weights[m], lane, inputs);
                }
            }
        Add:
            for (int lane = 0; lane < CONFIG_T::lanes; ++lane) {
                #pragma HLS UNROLL
                sums[m * CONFIG_T::lanes + lane] +=
                    shift_left<CONFIG_T::product_shift>(products[lane]);
            }
        }
    }

    template <typename CONFIG_T, class result_T, class... shift_T>
    static void finish(result_T results[CONFIG_T::pe],
                       const accumulator_t<CONFIG_T> sums[mac_plan<CONFIG_T>::sums],
                       const shift_T *...shifts) {
        #pragma HLS INLINE
        mac_columns<false, false>::finish<CONFIG_T>(results, sums, shifts...);
    }
};

// Adds taps * simd products to the sum of each filter, of its weights and the operands of the step. The
// accumulator holds every partial sum in every order (proved from the weights when the graph was made),
// so no bit is ever lost.
template <typename CONFIG_T, class OPERANDS_T, class input_code_T>
void add_products(accumulator_t<CONFIG_T> sums[mac_plan<CONFIG_T>::sums],
                  const typename CONFIG_T::weight_t weights[mac_plan<CONFIG_T>::columns]
                                                           [mac_plan<CONFIG_T>::terms],
                  const input_code_T inputs[OPERANDS_T::count]) {
    #pragma HLS INLINE
    mac_columns<(CONFIG_T::lanes > 1), mac_plan<CONFIG_T>::sums_packed>::template add<CONFIG_T, OPERANDS_T>(
        sums, weights, inputs);
}

// Finishes the sums of a filter group, its channels of the output pixel.
template <typename CONFIG_T, class result_T, class... shift_T>
void finish_group(result_T results[CONFIG_T::n_filt],
                  const accumulator_t<CONFIG_T> sums[mac_plan<CONFIG_T>::sums], int filter_group,
                  const shift_T *...shifts) {
    #pragma HLS INLINE
    result_T finished[CONFIG_T::pe];
    #pragma HLS ARRAY_PARTITION variable=finished
    mac_columns<(CONFIG_T::lanes > 1), mac_plan<CONFIG_T>::sums_packed>::template finish<CONFIG_T>(
        finished, sums, shifts...);
FinishGroup:
    for (int p = 0; p < CONFIG_T::pe; ++p) {
        #pragma HLS UNROLL
        results[filter_group * CONFIG_T::pe + p] = finished[p];
    }
}

// The same by the tables that a convolution is given, see conv2d.h.
template <class... table_T> struct finish_by {
    template <typename CONFIG_T, class result_T>
    static void sums(result_T results[CONFIG_T::n_filt],
                     const accumulator_t<CONFIG_T> sums[mac_plan<CONFIG_T>::sums], int filter_group,
                     const table_T &.../*steps*/) {
        #pragma HLS INLINE
        finish_group<CONFIG_T>(results, sums, filter_group);
    }
};

template <class shift_T, int GROUPS, int PE, class... table_T>
struct finish_by<shift_T[GROUPS][PE], table_T...> {
    template <typename CONFIG_T, class result_T>
    static void sums(result_T results[CONFIG_T::n_filt],
                     const accumulator_t<CONFIG_T> sums[mac_plan<CONFIG_T>::sums], int filter_group,
                     const shift_T (&shifts)[GROUPS][PE], const table_T &.../*steps*/) {
        #pragma HLS INLINE
        static_assert(GROUPS == CONFIG_T::n_filt / CONFIG_T::pe && PE == CONFIG_T::pe,
                      "The table of shifts must have a word for each of the pe filters of each filter "
                      "group.");
        static_assert(code_of<typename CONFIG_T::shifted_t>::fraction ==
                          code_of<typename CONFIG_T::accum_t>::fraction,
                      "A sum must have the same binary point in front of its shift and behind it.");
        static_assert(code_of<typename CONFIG_T::shifted_t>::width >=
                          code_of<typename CONFIG_T::accum_t>::width,
                      "A sum must have as many bits behind its shift as in front of it, or more.");
        finish_group<CONFIG_T>(results, sums, filter_group, shifts[filter_group]);
    }
};

} // namespace fcn_hw

#endif
