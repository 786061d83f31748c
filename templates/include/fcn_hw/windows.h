// Weighted sums over windows of a frame: the engine of conv2d.h, conv_transpose2d.h and
// depthwise_conv2d.h.
//
// An output pixel is the sum over a window of taps of the input, times weights. Every `phases` outputs
// the window moves by `move` input pixels, and each phase has weights of its own:
//   convolution by stride s             phases = 1, move = s
//   transposed convolution by stride s  phases = s, move = 1 (no inserted zeros)
// A tap outside the frame counts as code 0; padding is never stored.
//
// One process. The rows that windows reach lie in a ring. While a band of output rows (those of one
// vertical window position) is computed, the rows that the next band needs in addition are read into
// slots that no window uses any more, one pixel every `gap` cycles.
//
// Invariant: when an output is computed, the ring holds every row of the frame that its window
// touches, and none of these is overwritten before the band is complete.
//
// Cycles of a frame:
//   fill_rows * in_width + out_height * out_width * period + drain_rows * in_width
//   period = max(fold, ceil(pixels read during the first band / outputs of the first band))
//
// WINDOW_T: taps_height, taps_width   taps of the window
//           spread_height, ..width    distance of taps (dilation)
//           top, left                 input position of the first window's first tap, may be negative
//           move_height, move_width   see above
//           phases_height, ..width    see above
//           phase_top, phase_left     phase of the first output
// OPERANDS_T: the channels that a step multiplies, see mac_array.h
// tables: of shifts, of steps, both or none, see conv2d.h
#ifndef FCN_HW_WINDOWS_H_
#define FCN_HW_WINDOWS_H_

#include "fcn_hw/code.h"
#include "fcn_hw/mac_array.h"
#include "fcn_hw/pixel_steps.h"
#include "fcn_hw/row_ring.h"
#include "fcn_hw/types.h"

namespace fcn_hw {

// What follows from a configuration at compile time.
template <typename CONFIG_T, typename WINDOW_T> struct window_plan {
    static constexpr int reach = (WINDOW_T::taps_height - 1) * WINDOW_T::spread_height + 1;
    static constexpr int ring_rows = min_of(reach + WINDOW_T::move_height, CONFIG_T::in_height);
    static constexpr int ring_size = ring_rows * CONFIG_T::in_width;

    // Bands: output rows that share their input rows.
    static constexpr int bands =
        ceil_div(WINDOW_T::phase_top + CONFIG_T::out_height, WINDOW_T::phases_height);
    static constexpr int first_band_rows =
        min_of(WINDOW_T::phases_height - WINDOW_T::phase_top, CONFIG_T::out_height);

    // Rows read before the first output, by the last output, and after it.
    static constexpr int fill_rows = clamp(WINDOW_T::top + reach, 0, CONFIG_T::in_height);
    static constexpr int needed_rows = clamp(
        WINDOW_T::top + reach + (bands - 1) * WINDOW_T::move_height, 0, CONFIG_T::in_height);
    static constexpr int drain_rows = CONFIG_T::in_height - needed_rows;

    // Cycles of an output, long enough to read what the next band needs, and cycles of a read.
    static constexpr int band_reads = WINDOW_T::move_height * CONFIG_T::in_width;
    static constexpr int first_band_outputs = first_band_rows * CONFIG_T::out_width;
    static constexpr int period = max_of(CONFIG_T::fold, ceil_div(band_reads, first_band_outputs));
    static constexpr int gap = first_band_outputs * period / band_reads;

    // Largest coordinates that a tap can take.
    static constexpr int bottom = WINDOW_T::top + bands * WINDOW_T::move_height + reach;
    static constexpr int right =
        WINDOW_T::left +
        (WINDOW_T::phase_left + CONFIG_T::out_width) / WINDOW_T::phases_width * WINDOW_T::move_width +
        WINDOW_T::taps_width * WINDOW_T::spread_width;
};

// Walks over the taps of all windows in the order of the outputs.
//
// The counters hold where the window stands; STEPS_T, pixel_steps, tells which of its taps is at hand.
// The tap's row, column and slot follow from them and are no counters: nothing that the next step needs
// depends on them, so they may take several clocks where the counters have one.
//
// Invariant: the window's first tap is at (window_row, window_col). A row that the ring holds lies in
// the slots of its ring row; `window_ring_row` is that of window_row.
template <typename CONFIG_T, typename WINDOW_T, class STEPS_T> struct window_walk {
    typedef window_plan<CONFIG_T, WINDOW_T> plan;
    typedef coordinate_t<WINDOW_T::top, plan::bottom> row_t;
    typedef coordinate_t<WINDOW_T::left, plan::right> col_t;
    typedef count_t<plan::ring_rows - 1> ring_row_t;

    row_t window_row;
    col_t window_col;
    ring_row_t window_ring_row;
    STEPS_T steps;
    count_t<WINDOW_T::phases_height - 1> phase_row;
    count_t<WINDOW_T::phases_width - 1> phase_col;

    window_walk()
        : window_row(WINDOW_T::top), window_col(WINDOW_T::left),
          window_ring_row(modulo(WINDOW_T::top, plan::ring_rows)), phase_row(WINDOW_T::phase_top),
          phase_col(WINDOW_T::phase_left) {
        #pragma HLS INLINE
    }

    // The input position of the tap.
    row_t row() const {
        #pragma HLS INLINE
        return window_row + steps.tap_row * WINDOW_T::spread_height;
    }
    col_t col() const {
        #pragma HLS INLINE
        return window_col + steps.tap_col * WINDOW_T::spread_width;
    }

    // Whether the tap lies in the frame.
    bool inside() const {
        #pragma HLS INLINE
        return row() >= 0 && row() < CONFIG_T::in_height && col() >= 0 && col() < CONFIG_T::in_width;
    }

    // Where in the ring the tap lies; it must lie in the frame.
    int slot() const {
        #pragma HLS INLINE
        if (plan::ring_rows == CONFIG_T::in_height) { // a window may be higher than the ring
            return row() * CONFIG_T::in_width + col();
        }
        const count_t<2 * plan::ring_rows - 2> below =
            window_ring_row + steps.tap_row * WINDOW_T::spread_height;
        const ring_row_t ring_row = below - (below < plan::ring_rows ? 0 : plan::ring_rows);
        return ring_row * CONFIG_T::in_width + col();
    }

    // Rows that the frame must have given before the next band of outputs starts.
    int rows_wanted() const {
        #pragma HLS INLINE
        return min_of(window_row + (plan::reach + WINDOW_T::move_height), plan::needed_rows);
    }

    // Which set of weights the output takes.
    int phase() const {
        #pragma HLS INLINE
        return phase_row * WINDOW_T::phases_width + phase_col;
    }

    // To the next output, at the first tap.
    void next_output(bool end_of_row) {
        #pragma HLS INLINE
        if (!end_of_row) {
            if (phase_col == WINDOW_T::phases_width - 1) {
                window_col += WINDOW_T::move_width;
            }
            phase_col = next_of<WINDOW_T::phases_width>(phase_col);
        } else {
            phase_col = WINDOW_T::phase_left;
            window_col = WINDOW_T::left;
            if (phase_row == WINDOW_T::phases_height - 1) {
                window_row += WINDOW_T::move_height;
                window_ring_row = ring_row_below<WINDOW_T::move_height, plan::ring_rows>(window_ring_row);
            }
            phase_row = next_of<WINDOW_T::phases_height>(phase_row);
        }
    }
};

// One frame. CONFIG_T as documented in conv2d.h.
template <class in_T, class out_T, typename CONFIG_T, typename WINDOW_T, class OPERANDS_T,
          class... table_T>
void sum_windows(
    hls::stream<in_T> &in, hls::stream<out_T> &out,
    const typename CONFIG_T::weight_t weights[CONFIG_T::rom_depth]
                                             [mac_plan<CONFIG_T>::columns][CONFIG_T::simd],
    const typename CONFIG_T::bias_t biases[CONFIG_T::n_filt / CONFIG_T::pe][mac_plan<CONFIG_T>::sums],
    const table_T &...tables) {
    #pragma HLS INLINE
    typedef window_plan<CONFIG_T, WINDOW_T> plan;
    typedef code_t<typename in_T::value_type> input_code_t;
    typedef pixel_steps<lists_steps<table_T...>::value, WINDOW_T::taps_height, WINDOW_T::taps_width,
                        OPERANDS_T::channel_groups>
        steps_t;
    constexpr int filter_groups = CONFIG_T::n_filt / CONFIG_T::pe;

    static input_code_t ring[plan::ring_size][CONFIG_T::n_chan];
    #pragma HLS ARRAY_RESHAPE variable=ring dim=2
    #pragma HLS BIND_STORAGE variable=ring type=ram_s2p
    accumulator_t<CONFIG_T> sums[mac_plan<CONFIG_T>::sums];
    #pragma HLS ARRAY_PARTITION variable=sums
    typename out_T::value_type results[CONFIG_T::n_filt];
    #pragma HLS ARRAY_PARTITION variable=results

Fill:
    for (int n = 0; n < plan::fill_rows * CONFIG_T::in_width; ++n) {
        #pragma HLS PIPELINE II=1
        read_codes(in, ring[n]);
    }

    row_reader<in_T, CONFIG_T::in_height, CONFIG_T::in_width, plan::ring_rows, plan::gap> reader(
        plan::fill_rows);
    window_walk<CONFIG_T, WINDOW_T, steps_t> walk;
    OPERANDS_T operands;
    count_t<filter_groups - 1> filter_group = 0;

OutputRow:
    for (int i = 0; i < CONFIG_T::out_height; ++i) {
    OutputColumn:
        for (int j = 0; j < CONFIG_T::out_width; ++j) {
        Step:
            for (int step = 0; step < plan::period; ++step) {
                #pragma HLS PIPELINE II=1
                // The write to the ring needs nothing that is read from it and stands before the
                // read, so that it can be scheduled first: II=1 without a DEPENDENCE pragma.
                reader.step(in, ring, walk.rows_wanted());

                if (step < CONFIG_T::fold) {
                    const int word = walk.phase() * CONFIG_T::fold + step;
                    walk.steps.take(word, tables...);
                    const bool inside = walk.inside();
                    const int address = inside ? walk.slot() : 0;
                    input_code_t inputs[OPERANDS_T::count];
                    #pragma HLS ARRAY_PARTITION variable=inputs
                Inputs:
                    for (int k = 0; k < OPERANDS_T::count; ++k) {
                        #pragma HLS UNROLL
                        const input_code_t code =
                            ring[address][operands.channel(walk.steps.channel_group, k)];
                        inputs[k] = inside ? code : input_code_t(0);
                    }

                    if (walk.steps.first()) {
                        start_sums<CONFIG_T>(sums, biases[filter_group]);
                    }
                    add_products<CONFIG_T, OPERANDS_T>(sums, weights[word], inputs);
                    if (walk.steps.last()) {
                        finish_by<table_T...>::template sums<CONFIG_T>(results, sums, filter_group,
                                                                       tables...);
                        filter_group = next_of<filter_groups>(filter_group);
                        operands.next_filters();
                    }
                    if (step == CONFIG_T::fold - 1) {
                        write_pixel(out, results);
                    }
                    walk.steps.next();
                }
                if (step == plan::period - 1) {
                    walk.next_output(j == CONFIG_T::out_width - 1);
                }
            }
        }
    }

Drain:
    for (int n = 0; n < plan::drain_rows * CONFIG_T::in_width; ++n) {
        #pragma HLS PIPELINE II=1
        in.read();
    }
}

} // namespace fcn_hw

#endif
