// The steps of an output pixel: which operands each of them multiplies.
//
// An output pixel is done filter group by filter group, and a filter group operand by operand: taps row
// by row, and the channel groups of a tap. Without a table all of these steps are done, and counters
// tell where a step stands. With a table only the steps that it lists are done, in the same order: a step
// whose weights are all zero adds nothing. Of each filter group at least one step is listed, so that
// its sums are started and finished.
//
// An element of the table has, from the lowest bit on, the fields
//   last, first     1 bit each: whether the step is the last and the first one of its filter group
//   channel_group, tap_col, tap_row     as many bits as their largest value needs, none for 0
// fcn_hw/ops/pixel_steps.py makes the table.
#ifndef FCN_HW_PIXEL_STEPS_H_
#define FCN_HW_PIXEL_STEPS_H_

#include "fcn_hw/types.h"

namespace fcn_hw {

// Whether the tables that a convolution is given list its steps. That of its filters' shifts, which has two
// axes, stands before (mac_array.h).
template <class... table_T> struct lists_steps {
    static constexpr bool value = sizeof...(table_T) != 0;
};
template <class shift_T, int GROUPS, int PE, class... table_T>
struct lists_steps<shift_T[GROUPS][PE], table_T...> {
    static constexpr bool value = sizeof...(table_T) != 0;
};

// Whether an output pixel may take `fold` steps: all of them, or fewer that a table lists.
constexpr bool right_fold(bool listed, int fold, int all_steps, int filter_groups) {
    return listed ? filter_groups <= fold && fold < all_steps : fold == all_steps;
}

// All steps, one after another.
//
// Invariant: the counters are those of the step that is at hand.
template <bool LISTED, int TAP_ROWS, int TAP_COLS, int CHANNEL_GROUPS> struct pixel_steps {
    count_t<TAP_ROWS - 1> tap_row;
    count_t<TAP_COLS - 1> tap_col;
    count_t<CHANNEL_GROUPS - 1> channel_group;

    pixel_steps() : tap_row(0), tap_col(0), channel_group(0) {
        #pragma HLS INLINE
    }

    // Takes up the step whose word of the weight ROM has this address.
    void take(int /*address*/) {
        #pragma HLS INLINE
    }
    template <class shift_T, int GROUPS, int PE>
    void take(int /*address*/, const shift_T (&/*shifts*/)[GROUPS][PE]) {
        #pragma HLS INLINE
    }

    bool first() const {
        #pragma HLS INLINE
        return tap_row == 0 && tap_col == 0 && channel_group == 0;
    }

    bool last() const {
        #pragma HLS INLINE
        return tap_row == TAP_ROWS - 1 && tap_col == TAP_COLS - 1 && channel_group == CHANNEL_GROUPS - 1;
    }

    // To the next channel group or tap; from the last tap back to the first.
    void next() {
        #pragma HLS INLINE
        if (channel_group == CHANNEL_GROUPS - 1) {
            if (tap_col == TAP_COLS - 1) {
                tap_row = next_of<TAP_ROWS>(tap_row);
            }
            tap_col = next_of<TAP_COLS>(tap_col);
        }
        channel_group = next_of<CHANNEL_GROUPS>(channel_group);
    }
};

// Bits of a field that takes COUNT values.
constexpr int field_bits(int count) { return count == 1 ? 0 : bits_of(count - 1); }

// The field of COUNT values that begins at bit FROM of a word.
template <int FROM, int COUNT, class word_T> count_t<COUNT - 1> field_of(const word_T &word) {
    #pragma HLS INLINE
    constexpr int bits = field_bits(COUNT);
    constexpr int from = bits == 0 ? 0 : FROM;
    return count_t<COUNT - 1>((word >> from) & ((1 << bits) - 1));
}

// The steps that a table lists.
template <int TAP_ROWS, int TAP_COLS, int CHANNEL_GROUPS>
struct pixel_steps<true, TAP_ROWS, TAP_COLS, CHANNEL_GROUPS> {
    count_t<TAP_ROWS - 1> tap_row;
    count_t<TAP_COLS - 1> tap_col;
    count_t<CHANNEL_GROUPS - 1> channel_group;
    count_t<1> is_first;
    count_t<1> is_last;

    pixel_steps() : tap_row(0), tap_col(0), channel_group(0), is_first(0), is_last(0) {
        #pragma HLS INLINE
    }

    template <class step_T, int STEPS> void take(int address, const step_T (&table)[STEPS]) {
        #pragma HLS INLINE
        constexpr int channel_bits = field_bits(CHANNEL_GROUPS);
        constexpr int col_bits = field_bits(TAP_COLS);
        const step_T word = table[address];
        is_last = field_of<0, 2>(word);
        is_first = field_of<1, 2>(word);
        channel_group = field_of<2, CHANNEL_GROUPS>(word);
        tap_col = field_of<2 + channel_bits, TAP_COLS>(word);
        tap_row = field_of<2 + channel_bits + col_bits, TAP_ROWS>(word);
    }
    template <class shift_T, int GROUPS, int PE, class step_T, int STEPS>
    void take(int address, const shift_T (&/*shifts*/)[GROUPS][PE], const step_T (&table)[STEPS]) {
        #pragma HLS INLINE
        take(address, table);
    }

    bool first() const {
        #pragma HLS INLINE
        return is_first == 1;
    }

    bool last() const {
        #pragma HLS INLINE
        return is_last == 1;
    }

    void next() {
        #pragma HLS INLINE
    }
};

} // namespace fcn_hw

#endif
