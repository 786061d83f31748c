// A ring of rows: the line buffer of windowed ops.
//
// A slot holds one pixel, the codes of its channels. Row r lies in ring row r % ROWS: in the slots
// (r % ROWS) * WIDTH and following. Nothing is ever shifted.
#ifndef FCN_HW_ROW_RING_H_
#define FCN_HW_ROW_RING_H_

#include "fcn_hw/code.h"
#include "fcn_hw/types.h"

namespace fcn_hw {

// The ring row of the row that lies DOWN rows below that of `ring_row`.
template <int DOWN, int ROWS> int ring_row_below(int ring_row) {
    #pragma HLS INLINE
    constexpr int down = modulo(DOWN, ROWS);
    if (down == 1) { // no addition behind a comparison
        return next_of<ROWS>(ring_row);
    }
    constexpr int wrap = ROWS - down;
    return ring_row >= wrap ? ring_row - wrap : ring_row + down;
}

// Reads a frame of HEIGHT x WIDTH pixels into a ring, at most one pixel in GAP cycles.
//
// Invariant: rows 0 .. row-1 and the first `col` pixels of row `row` have been read, and `slot` is
// where the next pixel goes.
template <class in_T, int HEIGHT, int WIDTH, int ROWS, int GAP> struct row_reader {
    typedef code_t<typename in_T::value_type> input_code_t;

    count_t<HEIGHT> row;
    count_t<WIDTH - 1> col;
    count_t<ROWS * WIDTH - 1> slot;
    count_t<GAP - 1> wait;

    // Stands behind the first `rows_read` rows.
    explicit row_reader(int rows_read)
        : row(rows_read), col(0), slot(rows_read * WIDTH % (ROWS * WIDTH)), wait(0) {
        #pragma HLS INLINE
    }

    // One cycle. Reads a pixel if the next row is above `rows_wanted` and the gap has passed.
    void step(hls::stream<in_T> &in, input_code_t ring[ROWS * WIDTH][in_T::size], int rows_wanted) {
        #pragma HLS INLINE
        const bool reads = wait == 0 && row < rows_wanted;
        if (reads) {
            read_codes(in, ring[slot]);
            slot = next_of<ROWS * WIDTH>(slot);
            if (col == WIDTH - 1) {
                ++row;
            }
            col = next_of<WIDTH>(col);
            wait = GAP - 1;
        } else if (wait != 0) {
            --wait;
        }
    }
};

} // namespace fcn_hw

#endif
