// Bilinear upsampling by 1 to 32 an axis: half-pixel centres, edges repeated (tf.image.resize).
//
// Output s*b - s/2 + q (0 <= q < s, s/2 rounded down) of an axis of scale s lies between inputs b-1 and
// b. If s is even, the weight of input b is (2q + 1) / 2s, else (q + 1) / s; that of input b-1 is the
// rest. The outputs of one b are a band; band 0 and the last one are about half as wide and have twice
// the same input. Scale 1 copies: band b is input b.
//
// All weights of an axis are multiples of 1/d, d = 2s or s, so the sum of the products with d times the
// weights is exact. Of both d together, the odd part stays a factor of the result, and the power of two
// is in its binary point. The conversion to the output's type rounds and saturates once.
//
// Two rows are buffered. The first output row of band b leaves while input row b is read, the others
// leave from the buffer. An output pixel takes a cycle for each channel group, `pe` consecutive channels
// that are computed in parallel; the last group may have fewer. The vertical sum is made when a column
// is fetched, the horizontal one for every output.
//
// Invariant: in band b, input row b-1 is in the buffer slot (b-1) % 2, and as much of row b as has been
// read is in slot b % 2. `left` and `right` are the vertical sums of columns c-1 and c of column band c.
//
// Cycles of a frame: in_height * scale_height * in_width * scale_width * ceil(channels / pe).
//
// Parameters:
//   in_T, out_T   nnet::array of ap_[u]fixed with the same number of channels; a beat is a pixel.
//   CONFIG_T      in_height, in_width, scale_height, scale_width, pe
#ifndef FCN_HW_UPSAMPLE_BILINEAR_H_
#define FCN_HW_UPSAMPLE_BILINEAR_H_

#include "fcn_hw/code.h"
#include "fcn_hw/types.h"

namespace fcn_hw {

// fixed_T with BITS more bits, FRACTION of them behind the binary point.
template <class fixed_T, int BITS, int FRACTION> struct refined;

template <int W, int I, ap_q_mode Q, ap_o_mode O, int N, int BITS, int FRACTION>
struct refined<ap_fixed<W, I, Q, O, N>, BITS, FRACTION> {
    typedef ap_fixed<W + BITS, I + BITS - FRACTION> type;
};

template <int W, int I, ap_q_mode Q, ap_o_mode O, int N, int BITS, int FRACTION>
struct refined<ap_ufixed<W, I, Q, O, N>, BITS, FRACTION> {
    typedef ap_ufixed<W + BITS, I + BITS - FRACTION> type;
};

// One axis.
template <int SCALE> struct bilinear_axis {
    static constexpr bool is_even = SCALE % 2 == 0;
    static constexpr int denominator = is_even ? 2 * SCALE : SCALE;
    // Phase of the first output: band 0 lacks the phases before it.
    static constexpr int first_phase = SCALE / 2;

    // Weight of input b in phase q, out of `denominator`; input b-1 has the rest.
    static int weight(int phase) {
        #pragma HLS INLINE
        return is_even ? 2 * phase + 1 : phase + 1;
    }
};

template <class in_T, class out_T, typename CONFIG_T>
void upsample_bilinear(hls::stream<in_T> &in, hls::stream<out_T> &out) {
    static_assert(in_T::size == out_T::size, "upsample_bilinear must write as many channels as it reads.");
    static_assert(CONFIG_T::scale_height <= 32 && CONFIG_T::scale_width <= 32,
                  "upsample_bilinear takes scales of 1 to 32.");
    typedef typename in_T::value_type input_t;
    typedef code_t<input_t> input_code_t;
    typedef bilinear_axis<CONFIG_T::scale_height> vertical;
    typedef bilinear_axis<CONFIG_T::scale_width> horizontal;
    constexpr int factor = vertical::denominator * horizontal::denominator;
    typedef typename refined<input_t, growth_of(factor), factors_of_two(factor)>::type exact_t;
    typedef sum_t<code_of<exact_t>::width + 1> exact_code_t;
    typedef unsigned_t<bits_of(vertical::denominator)> vertical_weight_t;
    typedef unsigned_t<bits_of(horizontal::denominator)> horizontal_weight_t;
    constexpr int channels = in_T::size;
    constexpr int pe = CONFIG_T::pe;
    constexpr int groups = ceil_div(channels, pe);

    static input_code_t buffer[2][CONFIG_T::in_width * groups][pe];
    #pragma HLS ARRAY_PARTITION variable=buffer dim=1
    #pragma HLS ARRAY_RESHAPE variable=buffer dim=3
    #pragma HLS BIND_STORAGE variable=buffer type=ram_s2p
    input_code_t fresh[groups * pe];
    #pragma HLS ARRAY_PARTITION variable=fresh
    // Both go around: the values of the next group come first.
    exact_code_t left[groups][pe];
    #pragma HLS ARRAY_PARTITION variable=left dim=0
    exact_code_t right[groups][pe];
    #pragma HLS ARRAY_PARTITION variable=right dim=0
    typename out_T::value_type results[groups * pe];
    #pragma HLS ARRAY_PARTITION variable=results

    count_t<CONFIG_T::in_height> row_band = 0;
    count_t<CONFIG_T::scale_height - 1> row_phase = vertical::first_phase;
    count_t<CONFIG_T::in_width> col_band = 0;
    count_t<CONFIG_T::scale_width - 1> col_phase = horizontal::first_phase;

OutputRow:
    for (int i = 0; i < CONFIG_T::in_height * CONFIG_T::scale_height; ++i) {
    OutputColumn:
        for (int j = 0; j < CONFIG_T::in_width * CONFIG_T::scale_width; ++j) {
        ChannelGroup:
            for (int g = 0; g < groups; ++g) {
                #pragma HLS PIPELINE II=1
                const bool fetch = (j == 0 || col_phase == 0) && col_band != CONFIG_T::in_width;
                const bool first_row_of_band = i == 0 || row_phase == 0;
                const bool below_exists = row_band != CONFIG_T::in_height;
                const bool read = fetch && first_row_of_band && below_exists;
                const int lower_slot = row_band % 2;
                const int place = col_band * groups + g;

                if (read && g == 0) {
                    read_groups(in, fresh);
                }
                const vertical_weight_t lower_weight = vertical::weight(row_phase);
                const vertical_weight_t upper_weight = vertical::denominator - lower_weight;
                const horizontal_weight_t right_weight = horizontal::weight(col_phase);
                const horizontal_weight_t left_weight = horizontal::denominator - right_weight;

                next_group<pe>(results);
            Channel:
                for (int p = 0; p < pe; ++p) {
                    #pragma HLS UNROLL
                    exact_code_t at_left = left[0][p];
                    exact_code_t at_right = right[0][p];
                    if (fetch) {
                        const input_code_t given = fresh[p];
                        if (read) {
                            buffer[lower_slot][place][p] = given;
                        }
                        const input_code_t above = buffer[1 - lower_slot][place][p];
                        input_code_t below = buffer[lower_slot][place][p];
                        if (read) {
                            below = given;
                        }
                        const input_code_t upper = row_band == 0 ? below : above;
                        const input_code_t lower = below_exists ? below : above;
                        const exact_code_t sum = upper_weight * upper + lower_weight * lower;
                        at_left = col_band == 0 ? sum : at_right;
                        at_right = sum;
                    } else if (col_phase == 0) {
                        at_left = at_right; // right of the last column
                    }
                NextGroup:
                    for (int n = 0; n < groups - 1; ++n) {
                        #pragma HLS UNROLL
                        left[n][p] = left[n + 1][p];
                        right[n][p] = right[n + 1][p];
                    }
                    left[groups - 1][p] = at_left;
                    right[groups - 1][p] = at_right;
                    const exact_code_t sum = left_weight * at_left + right_weight * at_right;
                    results[(groups - 1) * pe + p] =
                        convert<typename out_T::value_type>(from_code<exact_t>(sum));
                }
                next_group<pe>(fresh);
                if (g == groups - 1) {
                    write_pixel(out, results);

                    // The next output.
                    const bool end_of_row = j == CONFIG_T::in_width * CONFIG_T::scale_width - 1;
                    if (end_of_row) {
                        col_band = 0;
                        col_phase = horizontal::first_phase;
                        if (row_phase == CONFIG_T::scale_height - 1) {
                            ++row_band;
                        }
                        row_phase = next_of<CONFIG_T::scale_height>(row_phase);
                    } else {
                        if (col_phase == CONFIG_T::scale_width - 1) {
                            ++col_band;
                        }
                        col_phase = next_of<CONFIG_T::scale_width>(col_phase);
                    }
                }
            }
        }
    }
}

} // namespace fcn_hw

#endif
