// Values of windows of a frame: the engine of max_pool2d.h and average_pool2d.h. Positions outside the
// frame take no part. Windows may overlap and be padded.
//
// A window's value is made along the rows first: registers hold the value so far of every window that
// the current column lies in. When a window ends, its value of this row goes into the partial values
// of every row of windows that the current row lies in, which are kept in memory, an entry for each
// output column. A row and a column lie in at most ceil(pool / stride) windows, so window number n
// uses slot n % ceil(pool / stride). The scan goes on below and right of the frame, without reading,
// until the last window has ended.
//
// Invariant: slot m of a row (column) is at position `row_at[m]` (`col_at[m]`) of its window; a
// negative position means that the window has not begun.
//
// A position takes a cycle for each channel group, `pe` consecutive channels that are computed in
// parallel; the last group may have fewer.
//
// Cycles of a frame: rows * cols * ceil(channels / pe), where rows = max(in_height, bottom of the last
// window) and cols = max(in_width, right end of the last window, 8).
//
// Parameters:
//   in_T, out_T   nnet::array of ap_[u]fixed with the same number of channels; a beat is a pixel.
//   CONFIG_T      in_height, in_width, out_height, out_width, pool_height, pool_width, stride_height,
//                 stride_width, pad_top, pad_left, pe
//   POOL_T        value_t            what is kept of a part of a window
//                 merged(a, b)       the value of two parts together
//                 POOL_T(row, col)   the windows whose last position is (row, col)
//                 result(value)      the output of such a window
#ifndef FCN_HW_POOL2D_H_
#define FCN_HW_POOL2D_H_

#include "fcn_hw/code.h"
#include "fcn_hw/types.h"

namespace fcn_hw {

// Whether no window lies in the padding alone: such a one has no value.
template <typename CONFIG_T> constexpr bool every_window_has_a_pixel() {
    return CONFIG_T::pad_top < CONFIG_T::pool_height && CONFIG_T::pad_left < CONFIG_T::pool_width &&
           (CONFIG_T::out_height - 1) * CONFIG_T::stride_height - CONFIG_T::pad_top <
               CONFIG_T::in_height &&
           (CONFIG_T::out_width - 1) * CONFIG_T::stride_width - CONFIG_T::pad_left < CONFIG_T::in_width;
}

template <class in_T, class out_T, typename CONFIG_T, class POOL_T>
void pool_windows(hls::stream<in_T> &in, hls::stream<out_T> &out) {
    #pragma HLS INLINE
    typedef code_t<typename in_T::value_type> input_code_t;
    typedef typename POOL_T::value_t value_t;
    constexpr int channels = in_T::size;
    constexpr int pe = CONFIG_T::pe;
    constexpr int groups = ceil_div(channels, pe);
    constexpr int row_slots = ceil_div(CONFIG_T::pool_height, CONFIG_T::stride_height);
    constexpr int col_slots = ceil_div(CONFIG_T::pool_width, CONFIG_T::stride_width);
    constexpr int rows =
        max_of(CONFIG_T::in_height, (CONFIG_T::out_height - 1) * CONFIG_T::stride_height -
                                        CONFIG_T::pad_top + CONFIG_T::pool_height);
    // An entry of `partial` is updated once a row. 8 cycles are more than a read, a comparison or an
    // addition and a write take, which is what the DEPENDENCE pragma below states.
    constexpr int cols =
        max_of(max_of(CONFIG_T::in_width, 8), (CONFIG_T::out_width - 1) * CONFIG_T::stride_width -
                                                  CONFIG_T::pad_left + CONFIG_T::pool_width);
    // Windows that end in a row; those right of the last output column are of no use. All are counted,
    // so that the counter does not wait for a comparison.
    constexpr int windows_in_row =
        (cols + CONFIG_T::pad_left - CONFIG_T::pool_width) / CONFIG_T::stride_width + 1;
    // Where a slot stands after the end of a window: its next one begins so many positions later.
    constexpr int row_restart = CONFIG_T::pool_height - row_slots * CONFIG_T::stride_height;
    constexpr int col_restart = CONFIG_T::pool_width - col_slots * CONFIG_T::stride_width;
    typedef coordinate_t<min_of(row_restart, -row_slots * CONFIG_T::stride_height), CONFIG_T::pool_height>
        row_at_t;
    typedef coordinate_t<min_of(col_restart, -col_slots * CONFIG_T::stride_width), CONFIG_T::pool_width>
        col_at_t;

    static value_t partial[row_slots][CONFIG_T::out_width * groups][pe];
    #pragma HLS ARRAY_PARTITION variable=partial dim=1
    #pragma HLS ARRAY_RESHAPE variable=partial dim=3
    #pragma HLS BIND_STORAGE variable=partial type=ram_s2p
    #pragma HLS DEPENDENCE variable=partial inter RAW true distance=8
    value_t across[col_slots][groups][pe]; // goes around: the values of the next group come first
    #pragma HLS ARRAY_PARTITION variable=across dim=0
    input_code_t pixel[groups * pe];
    #pragma HLS ARRAY_PARTITION variable=pixel
    typename out_T::value_type results[groups * pe];
    #pragma HLS ARRAY_PARTITION variable=results
    row_at_t row_at[row_slots];
    #pragma HLS ARRAY_PARTITION variable=row_at
    col_at_t col_at[col_slots];
    #pragma HLS ARRAY_PARTITION variable=col_at
    count_t<windows_in_row> window = 0; // output column of the next window that ends

FirstRow:
    for (int m = 0; m < row_slots; ++m) {
        #pragma HLS UNROLL
        row_at[m] = CONFIG_T::pad_top - m * CONFIG_T::stride_height;
    }

Row:
    for (int row = 0; row < rows; ++row) {
    Column:
        for (int col = 0; col < cols; ++col) {
        ChannelGroup:
            for (int g = 0; g < groups; ++g) {
                #pragma HLS PIPELINE II=1
                if (col == 0 && g == 0) {
                    window = 0;
                FirstColumn:
                    for (int n = 0; n < col_slots; ++n) {
                        #pragma HLS UNROLL
                        col_at[n] = CONFIG_T::pad_left - n * CONFIG_T::stride_width;
                    }
                }

                // Along the row: the value of every window that the column lies in.
                const bool inside = row < CONFIG_T::in_height && col < CONFIG_T::in_width;
                if (inside && g == 0) {
                    read_groups(in, pixel);
                }
                value_t ended[pe];
                #pragma HLS ARRAY_PARTITION variable=ended
                bool ends = false;
            ColumnSlot:
                for (int n = 0; n < col_slots; ++n) {
                    #pragma HLS UNROLL
                    const bool open = inside && col_at[n] >= 0;
                    const bool begins = col_at[n] == 0 || col == 0;
                    const bool last = col_at[n] == CONFIG_T::pool_width - 1;
                Across:
                    for (int p = 0; p < pe; ++p) {
                        #pragma HLS UNROLL
                        value_t value = across[n][0][p];
                        if (open) {
                            const value_t given = pixel[p];
                            value = begins ? given : POOL_T::merged(value, given);
                        }
                        if (last) {
                            ended[p] = value;
                        }
                    NextGroup:
                        for (int k = 0; k < groups - 1; ++k) {
                            #pragma HLS UNROLL
                            across[n][k][p] = across[n][k + 1][p];
                        }
                        across[n][groups - 1][p] = value;
                    }
                    ends = ends || last;
                }
                next_group<pe>(pixel);

                // Down the columns: into every row of windows that the row lies in.
                if (ends && (windows_in_row == CONFIG_T::out_width || window < CONFIG_T::out_width)) {
                    const int place = window * groups + g;
                    value_t whole[pe];
                    #pragma HLS ARRAY_PARTITION variable=whole
                    bool complete = false;
                RowSlot:
                    for (int m = 0; m < row_slots; ++m) {
                        #pragma HLS UNROLL
                        if (row_at[m] >= 0) {
                            const bool begins = row_at[m] == 0 || row == 0;
                            const bool last = row_at[m] == CONFIG_T::pool_height - 1;
                        Down:
                            for (int p = 0; p < pe; ++p) {
                                #pragma HLS UNROLL
                                value_t value = partial[m][place][p];
                                if (row < CONFIG_T::in_height) {
                                    value = begins ? ended[p] : POOL_T::merged(value, ended[p]);
                                }
                                partial[m][place][p] = value;
                                if (last) {
                                    whole[p] = value;
                                }
                            }
                            complete = complete || last;
                        }
                    }
                    if (complete) {
                        const POOL_T windows(row, col);
                        next_group<pe>(results);
                    Result:
                        for (int p = 0; p < pe; ++p) {
                            #pragma HLS UNROLL
                            results[(groups - 1) * pe + p] = windows.result(whole[p]);
                        }
                        if (g == groups - 1) {
                            write_pixel(out, results);
                        }
                    }
                }

                if (g == groups - 1) {
                    if (ends) {
                        ++window;
                    }
                NextColumn:
                    for (int n = 0; n < col_slots; ++n) {
                        #pragma HLS UNROLL
                        const bool last = col_at[n] == CONFIG_T::pool_width - 1;
                        col_at[n] = last ? col_at_t(col_restart) : col_at_t(col_at[n] + 1);
                    }
                    if (col == cols - 1) {
                    NextRow:
                        for (int m = 0; m < row_slots; ++m) {
                            #pragma HLS UNROLL
                            const bool last = row_at[m] == CONFIG_T::pool_height - 1;
                            row_at[m] = last ? row_at_t(row_restart) : row_at_t(row_at[m] + 1);
                        }
                    }
                }
            }
        }
    }
}

} // namespace fcn_hw

#endif
