// Weighted sums over windows that lie in registers: the engine of convolutions that multiply several
// taps in parallel.
//
// The frame is scanned row by row. The column of pixels that ends at the scanned position is shifted
// into the registers of the window: the newest pixel comes from the input, those above it from the row
// buffer, which holds a word for each column. A position outside the frame counts as code 0; the scan
// goes on below and right of the frame, without reading, until the last window has ended. Where a window
// ends, the scan waits for `fold` steps; each of them multiplies `taps` taps of `simd` channels for each
// of `pe` filters. With one step for all, the weights are constants of the code and zeros cost nothing.
//
// Invariant: in step 0 of position (row, col) the row buffer holds, for each column from `col` on, the
// pixels of the `reach_height - 1` rows above `row`, and for each column before it those that end with
// `row`.
//
// Cycles of a frame: rows * cols + out_height * out_width * (fold - 1), where rows and cols are those
// that are scanned: max(in_height, end of the last window), and the same of columns; at least 8 columns
// where a window is higher than a row.
//
// WINDOW_T is that of windows.h; a window has one phase.
// OPERANDS_T: which taps and channels a step multiplies, all_channel_taps or own_channel_taps
// tables: of shifts, of steps, both or none, see conv2d.h; an operand group is the channel_group of
// pixel_steps.h
#ifndef FCN_HW_RASTER_WINDOWS_H_
#define FCN_HW_RASTER_WINDOWS_H_

#include "fcn_hw/code.h"
#include "fcn_hw/mac_array.h"
#include "fcn_hw/pixel_steps.h"
#include "fcn_hw/types.h"

namespace fcn_hw {

// A filter sums all channels. An operand group is `taps` taps of `simd` channels; every filter group
// multiplies all of them, one after another.
template <typename CONFIG_T> struct all_channel_taps {
    static constexpr int tap_groups = CONFIG_T::kernel_height * CONFIG_T::kernel_width / CONFIG_T::taps;
    static constexpr int channel_groups = CONFIG_T::n_chan / CONFIG_T::simd;
    static constexpr int steps = tap_groups * channel_groups; // of a filter group
    static constexpr int groups = steps;
    static constexpr int count = CONFIG_T::taps * CONFIG_T::simd; // operands of a group
    static constexpr int items = CONFIG_T::n_chan;                // operands of a tap

    // The channel that an item of a tap is.
    static constexpr int channel(int item) { return item; }

    // The operand group that an item of a tap belongs to, and its place there.
    static constexpr int group(int tap, int item) {
        return tap / CONFIG_T::taps * channel_groups + item / CONFIG_T::simd;
    }
    static constexpr int place(int tap, int item) {
        return tap % CONFIG_T::taps * CONFIG_T::simd + item % CONFIG_T::simd;
    }

    // The operand of product s of filter p.
    static constexpr int of(int /*p*/, int s) { return s; }

    // The operand group of a step of a pixel, which is a step of a filter group.
    static int group_of(int /*pixel_step*/, int filter_step) {
        #pragma HLS INLINE
        return filter_step;
    }
};

// A filter sums one channel. An operand group is `taps` taps of the channels of `pe` filters.
template <typename CONFIG_T> struct own_channel_taps {
    static constexpr int steps = CONFIG_T::kernel_height * CONFIG_T::kernel_width / CONFIG_T::taps;
    static constexpr int groups = steps * (CONFIG_T::n_filt / CONFIG_T::pe);
    static constexpr int count = CONFIG_T::taps * CONFIG_T::pe;
    static constexpr int items = CONFIG_T::n_filt;

    static constexpr int channel(int item) { return item / (CONFIG_T::n_filt / CONFIG_T::n_chan); }

    static constexpr int group(int tap, int item) {
        return item / CONFIG_T::pe * steps + tap / CONFIG_T::taps;
    }
    static constexpr int place(int tap, int item) {
        return item % CONFIG_T::pe * CONFIG_T::taps + tap % CONFIG_T::taps;
    }

    static constexpr int of(int p, int s) { return p * CONFIG_T::taps + s; }

    static int group_of(int pixel_step, int /*filter_step*/) {
        #pragma HLS INLINE
        return pixel_step;
    }
};

// What follows from a configuration at compile time.
template <typename CONFIG_T, typename WINDOW_T> struct raster_plan {
    static constexpr int reach_height = (WINDOW_T::taps_height - 1) * WINDOW_T::spread_height + 1;
    static constexpr int reach_width = (WINDOW_T::taps_width - 1) * WINDOW_T::spread_width + 1;
    static constexpr int rows_above = reach_height - 1;

    // Where the first window ends; before the frame if all of it lies in the padding.
    static constexpr int first_end_row = WINDOW_T::top + reach_height - 1;
    static constexpr int first_end_col = WINDOW_T::left + reach_width - 1;
    static constexpr int first_row = min_of(0, first_end_row);
    static constexpr int first_col = min_of(0, first_end_col);

    // What is scanned: `end_row` and `end_col` are the first positions that are not.
    static constexpr int end_row = max_of(
        CONFIG_T::in_height, first_end_row + (CONFIG_T::out_height - 1) * WINDOW_T::move_height + 1);
    static constexpr int needed_end_col = max_of(
        CONFIG_T::in_width, first_end_col + (CONFIG_T::out_width - 1) * WINDOW_T::move_width + 1);
    // A word of the row buffer is updated once a row. 8 cycles are more than its read, its choice and
    // its write take, which is what the DEPENDENCE pragma below states.
    static constexpr int end_col =
        rows_above == 0 ? needed_end_col : max_of(needed_end_col, first_col + 8);

    static constexpr int cycles = (end_row - first_row) * (end_col - first_col) +
                                  CONFIG_T::out_height * CONFIG_T::out_width * (CONFIG_T::fold - 1);
};

// One frame. CONFIG_T as documented in conv2d.h.
template <class in_T, class out_T, typename CONFIG_T, typename WINDOW_T, class OPERANDS_T,
          class... table_T>
void sum_raster_windows(
    hls::stream<in_T> &in, hls::stream<out_T> &out,
    const typename CONFIG_T::weight_t weights[CONFIG_T::fold][mac_plan<CONFIG_T>::columns]
                                             [CONFIG_T::taps * CONFIG_T::simd],
    const typename CONFIG_T::bias_t biases[CONFIG_T::n_filt / CONFIG_T::pe][mac_plan<CONFIG_T>::sums],
    const table_T &...tables) {
    #pragma HLS INLINE
    typedef raster_plan<CONFIG_T, WINDOW_T> plan;
    typedef code_t<typename in_T::value_type> input_code_t;
    constexpr bool listed = lists_steps<table_T...>::value;
    constexpr int filter_groups = CONFIG_T::n_filt / CONFIG_T::pe;
    constexpr int rows_buffered = max_of(plan::rows_above, 1); // no array is empty
    constexpr int gaps = max_of(WINDOW_T::spread_width - 1, 1);

    static input_code_t above[CONFIG_T::in_width][rows_buffered][CONFIG_T::n_chan];
    #pragma HLS ARRAY_RESHAPE variable=above dim=2
    #pragma HLS ARRAY_RESHAPE variable=above dim=3
    #pragma HLS BIND_STORAGE variable=above type=ram_s2p
    #pragma HLS DEPENDENCE variable=above inter RAW true distance=8
    input_code_t column[rows_buffered + 1][CONFIG_T::n_chan]; // that ends at the position
    #pragma HLS ARRAY_PARTITION variable=column dim=0
    input_code_t window[OPERANDS_T::groups][OPERANDS_T::count];
    #pragma HLS ARRAY_PARTITION variable=window dim=0
    // The columns between two taps of a row, from the left.
    input_code_t between[WINDOW_T::taps_height * WINDOW_T::taps_width][gaps][OPERANDS_T::items];
    #pragma HLS ARRAY_PARTITION variable=between dim=0
    accumulator_t<CONFIG_T> sums[mac_plan<CONFIG_T>::sums];
    #pragma HLS ARRAY_PARTITION variable=sums
    typename out_T::value_type results[CONFIG_T::n_filt];
    #pragma HLS ARRAY_PARTITION variable=results

    coordinate_t<plan::first_row, plan::end_row> row = plan::first_row;
    coordinate_t<plan::first_col, plan::end_col> col = plan::first_col;
    // Rows and columns that are scanned before the next one in which windows end.
    constexpr int first_rows_left = plan::first_end_row - plan::first_row;
    constexpr int first_cols_left = plan::first_end_col - plan::first_col;
    typedef count_t<max_of(first_rows_left, WINDOW_T::move_height - 1)> rows_left_t;
    typedef count_t<max_of(first_cols_left, WINDOW_T::move_width - 1)> cols_left_t;
    rows_left_t rows_left = first_rows_left;
    cols_left_t cols_left = first_cols_left;
    count_t<CONFIG_T::fold - 1> step = 0;
    // Of a filter group; what a table lists are operand groups.
    pixel_steps<listed, 1, 1, (listed ? OPERANDS_T::groups : OPERANDS_T::steps)> steps;
    count_t<filter_groups - 1> filter_group = 0;

Cycle:
    for (int n = 0; n < plan::cycles; ++n) {
        #pragma HLS PIPELINE II=1
        if (step == 0) {
            const bool in_columns = col >= 0 && col < CONFIG_T::in_width;
            const bool inside = in_columns && row >= 0 && row < CONFIG_T::in_height;
            const int place = in_columns ? int(col) : 0;
            input_code_t pixel[CONFIG_T::n_chan];
            #pragma HLS ARRAY_PARTITION variable=pixel
            if (inside) {
                read_codes(in, pixel);
            }
            // The buffer holds rows of the frame before until the first row is scanned.
            const bool known = in_columns && row != plan::first_row;
        ColumnChannel:
            for (int c = 0; c < CONFIG_T::n_chan; ++c) {
                #pragma HLS UNROLL
                column[plan::rows_above][c] = inside ? pixel[c] : input_code_t(0);
            ColumnRow:
                for (int r = 0; r < plan::rows_above; ++r) {
                    #pragma HLS UNROLL
                    const input_code_t code = above[place][r][c];
                    column[r][c] = known ? code : input_code_t(0);
                }
            }
            if (plan::rows_above > 0 && in_columns) {
            BufferRow:
                for (int r = 0; r < plan::rows_above; ++r) {
                    #pragma HLS UNROLL
                BufferChannel:
                    for (int c = 0; c < CONFIG_T::n_chan; ++c) {
                        #pragma HLS UNROLL
                        above[place][r][c] = column[r + 1][c];
                    }
                }
            }

            // Shifts the window by a column. What was left of the row's first position is outside.
            const bool starts = col == plan::first_col;
        WindowRow:
            for (int p = 0; p < WINDOW_T::taps_height; ++p) {
                #pragma HLS UNROLL
            WindowColumn:
                for (int q = 0; q < WINDOW_T::taps_width; ++q) {
                    #pragma HLS UNROLL
                    const int tap = p * WINDOW_T::taps_width + q;
                Item:
                    for (int m = 0; m < OPERANDS_T::items; ++m) {
                        #pragma HLS UNROLL
                        input_code_t next;
                        if (q == WINDOW_T::taps_width - 1) {
                            next = column[p * WINDOW_T::spread_height][OPERANDS_T::channel(m)];
                        } else {
                            const input_code_t right =
                                window[OPERANDS_T::group(tap + 1, m)][OPERANDS_T::place(tap + 1, m)];
                            next = WINDOW_T::spread_width == 1 ? right : between[tap][0][m];
                        Between:
                            for (int g = 0; g < WINDOW_T::spread_width - 1; ++g) {
                                #pragma HLS UNROLL
                                const input_code_t code =
                                    g == WINDOW_T::spread_width - 2 ? right : between[tap][g + 1][m];
                                between[tap][g][m] = starts ? input_code_t(0) : code;
                            }
                            next = starts ? input_code_t(0) : next;
                        }
                        window[OPERANDS_T::group(tap, m)][OPERANDS_T::place(tap, m)] = next;
                    }
                }
            }
        }

        const bool ends = rows_left == 0 && cols_left == 0 && col < plan::needed_end_col;
        if (ends) {
            steps.take(step, tables...);
            if (steps.first()) {
                start_sums<CONFIG_T>(sums, biases[filter_group]);
            }
            const int group =
                listed ? int(steps.channel_group) : OPERANDS_T::group_of(step, steps.channel_group);
            add_products<CONFIG_T, OPERANDS_T>(sums, weights[step], window[group]);
            if (steps.last()) {
                finish_by<table_T...>::template sums<CONFIG_T>(results, sums, filter_group, tables...);
                filter_group = next_of<filter_groups>(filter_group);
            }
            steps.next();
            if (step == CONFIG_T::fold - 1) {
                write_pixel(out, results);
            }
        }

        if (ends && step != CONFIG_T::fold - 1) {
            ++step;
        } else {
            step = 0;
            if (col == plan::end_col - 1) {
                col = plan::first_col;
                cols_left = first_cols_left;
                ++row;
                rows_left = rows_left == 0 ? rows_left_t(WINDOW_T::move_height - 1)
                                           : rows_left_t(rows_left - 1);
            } else {
                ++col;
                cols_left = cols_left == 0 ? cols_left_t(WINDOW_T::move_width - 1)
                                           : cols_left_t(cols_left - 1);
            }
        }
    }
}

} // namespace fcn_hw

#endif
