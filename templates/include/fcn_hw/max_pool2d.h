// Maximum over windows; positions outside the frame take no part. Windows may overlap and be padded.
//
// The maximum is taken along the rows first: registers hold the running maximum of every window that
// the current column lies in. When a window ends, its maximum of this row goes into the partial
// maxima of every row of windows that the current row lies in, which are kept in memory, an entry for
// each output column. A row and a column lie in at most ceil(pool / stride) windows, so window number
// n uses slot n % ceil(pool / stride). The scan goes on below and right of the frame, without reading,
// until the last window has ended.
//
// Invariant: slot m of a row (column) is at position `row_at[m]` (`col_at[m]`) of its window; a
// negative position means that the window has not begun.
//
// Cycles of a frame: rows * cols, where rows = max(in_height, bottom of the last window) and
// cols = max(in_width, right end of the last window, 8).
//
// Parameters:
//   in_T, out_T   nnet::array of ap_[u]fixed with the same number of channels; a beat is a pixel.
//   CONFIG_T      in_height, in_width, out_height, out_width, pool_height, pool_width, stride_height,
//                 stride_width, pad_top, pad_left
#ifndef FCN_HW_MAX_POOL2D_H_
#define FCN_HW_MAX_POOL2D_H_

#include "fcn_hw/code.h"
#include "fcn_hw/types.h"

namespace fcn_hw {

template <class in_T, class out_T, typename CONFIG_T>
void max_pool2d(hls::stream<in_T> &in, hls::stream<out_T> &out) {
    static_assert(in_T::size == out_T::size, "max_pool2d must write as many channels as it reads.");
    static_assert(CONFIG_T::pad_top < CONFIG_T::pool_height && CONFIG_T::pad_left < CONFIG_T::pool_width &&
                      (CONFIG_T::out_height - 1) * CONFIG_T::stride_height - CONFIG_T::pad_top <
                          CONFIG_T::in_height &&
                      (CONFIG_T::out_width - 1) * CONFIG_T::stride_width - CONFIG_T::pad_left <
                          CONFIG_T::in_width,
                  "Every window of max_pool2d must contain a pixel of the frame.");
    typedef typename in_T::value_type input_t;
    typedef code_t<input_t> input_code_t;
    constexpr int channels = in_T::size;
    constexpr int row_slots = ceil_div(CONFIG_T::pool_height, CONFIG_T::stride_height);
    constexpr int col_slots = ceil_div(CONFIG_T::pool_width, CONFIG_T::stride_width);
    constexpr int rows =
        max_of(CONFIG_T::in_height, (CONFIG_T::out_height - 1) * CONFIG_T::stride_height -
                                        CONFIG_T::pad_top + CONFIG_T::pool_height);
    // An entry of `partial` is updated once a row. 8 cycles are more than a read, a comparison and a
    // write take, which is what the DEPENDENCE pragma below states.
    constexpr int cols =
        max_of(max_of(CONFIG_T::in_width, 8), (CONFIG_T::out_width - 1) * CONFIG_T::stride_width -
                                                  CONFIG_T::pad_left + CONFIG_T::pool_width);
    // Where a slot stands after the end of a window: its next one begins so many positions later.
    constexpr int row_restart = CONFIG_T::pool_height - row_slots * CONFIG_T::stride_height;
    constexpr int col_restart = CONFIG_T::pool_width - col_slots * CONFIG_T::stride_width;
    typedef coordinate_t<min_of(row_restart, -row_slots * CONFIG_T::stride_height), CONFIG_T::pool_height>
        row_at_t;
    typedef coordinate_t<min_of(col_restart, -col_slots * CONFIG_T::stride_width), CONFIG_T::pool_width>
        col_at_t;

    static input_code_t partial[row_slots][CONFIG_T::out_width][channels];
    #pragma HLS ARRAY_PARTITION variable=partial dim=1
    #pragma HLS ARRAY_RESHAPE variable=partial dim=3
    #pragma HLS BIND_STORAGE variable=partial type=ram_s2p
    #pragma HLS DEPENDENCE variable=partial inter RAW true distance=8
    input_code_t across[col_slots][channels];
    #pragma HLS ARRAY_PARTITION variable=across dim=0
    row_at_t row_at[row_slots];
    #pragma HLS ARRAY_PARTITION variable=row_at
    col_at_t col_at[col_slots];
    #pragma HLS ARRAY_PARTITION variable=col_at
    count_t<CONFIG_T::out_width> window = 0; // output column of the next window that ends

FirstRow:
    for (int m = 0; m < row_slots; ++m) {
        #pragma HLS UNROLL
        row_at[m] = CONFIG_T::pad_top - m * CONFIG_T::stride_height;
    }

Row:
    for (int row = 0; row < rows; ++row) {
    Column:
        for (int col = 0; col < cols; ++col) {
            #pragma HLS PIPELINE II=1
            if (col == 0) {
                window = 0;
            FirstColumn:
                for (int n = 0; n < col_slots; ++n) {
                    #pragma HLS UNROLL
                    col_at[n] = CONFIG_T::pad_left - n * CONFIG_T::stride_width;
                }
            }

            // Along the row: the maximum of every window that the column lies in.
            const bool inside = row < CONFIG_T::in_height && col < CONFIG_T::in_width;
            input_code_t pixel[channels];
            #pragma HLS ARRAY_PARTITION variable=pixel
            if (inside) {
                read_codes(in, pixel);
            }
            input_code_t ended[channels];
            #pragma HLS ARRAY_PARTITION variable=ended
            bool ends = false;
        ColumnSlot:
            for (int n = 0; n < col_slots; ++n) {
                #pragma HLS UNROLL
                const bool begins = col_at[n] == 0 || col == 0;
                const bool last = col_at[n] == CONFIG_T::pool_width - 1;
            Across:
                for (int c = 0; c < channels; ++c) {
                    #pragma HLS UNROLL
                    if (inside && (begins || pixel[c] > across[n][c])) {
                        across[n][c] = pixel[c];
                    }
                    if (last) {
                        ended[c] = across[n][c];
                    }
                }
                ends = ends || last;
                col_at[n] = last ? col_at_t(col_restart) : col_at_t(col_at[n] + 1);
            }

            // Down the columns: into every row of windows that the row lies in.
            if (ends && window < CONFIG_T::out_width) {
                // The rows of windows end one at a time; the tool can't know, so there is one write.
                out_T result;
                bool complete = false;
            RowSlot:
                for (int m = 0; m < row_slots; ++m) {
                    #pragma HLS UNROLL
                    if (row_at[m] >= 0) {
                        const bool begins = row_at[m] == 0 || row == 0;
                        const bool last = row_at[m] == CONFIG_T::pool_height - 1;
                    Down:
                        for (int c = 0; c < channels; ++c) {
                            #pragma HLS UNROLL
                            input_code_t maximum = partial[m][window][c];
                            if (row < CONFIG_T::in_height && (begins || ended[c] > maximum)) {
                                maximum = ended[c];
                            }
                            partial[m][window][c] = maximum;
                            if (last) {
                                result[c] = from_code<input_t>(maximum);
                            }
                        }
                        complete = complete || last;
                    }
                }
                if (complete) {
                    out.write(result);
                }
                ++window;
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

} // namespace fcn_hw

#endif
