// A step function of each channel: out[..., c] = base[c] + step[c] * n, where n is how many of the
// ascending thresholds of channel c are <= in[..., c].
//
// n is found by bisection, its highest bit first: n has `levels` bits, and level l compares with one of
// 2^l thresholds. So a channel takes `levels` comparators and not one for each threshold, and reads
// `levels` narrow ROMs and not a word of all thresholds: for the 255 thresholds of 8 bits, 8 comparators
// instead of 255. The price is some cycles of latency. The levels are stages of one pipeline, each with
// a ROM of its own, so a channel group still enters in every cycle.
//
// pe rows of comparators work on a channel group, pe consecutive channels; the groups of a pixel follow
// one another, and so do the pixels.
//
// Cycles of a frame: height * width * fold.
//
// Parameters:
//   in_T, out_T   nnet::array of ap_[u]fixed with n_chan channels; a beat is a pixel.
//   CONFIG_T      height, width, n_chan
//                 pe             channels that are computed in parallel
//                 fold           channel groups, n_chan / pe
//                 levels         bits of the count
//                 total_t        sum_t (types.h) that holds every base + step * n
//                 base_t, step_t   elements of the ROMs, rom_t (types.h)
//   bases, steps  [fold][pe], codes of the output
//   thresholds    `levels` ROMs, level l has [fold][pe][2^l]: of the thresholds 1 to 2^levels - 1 its
//                 entry m is number (2m + 1) * 2^(levels - 1 - l). Thresholds are codes of the input or
//                 beyond its range; those that no value reaches fill the ROMs up. Each row of
//                 comparators has an address of its own, so the top function, where each ROM has a
//                 name, partitions dimension 2.
#ifndef FCN_HW_THRESHOLD_H_
#define FCN_HW_THRESHOLD_H_

#include "fcn_hw/code.h"
#include "fcn_hw/types.h"
#include "hls_stream.h"

namespace fcn_hw {

// All levels are done.
template <class count_T, class ordered_T>
void search_levels(count_T &, const ordered_T &, int, int) {
    #pragma HLS INLINE
}

// Invariant: `found` is n without its last bits, as many as levels are left.
template <class count_T, class ordered_T, class threshold_T, int FOLD, int PE, int ENTRIES,
          class... finer_T>
void search_levels(count_T &found, const ordered_T &code, int group, int p,
                   const threshold_T (&level)[FOLD][PE][ENTRIES], const finer_T &...finer) {
    #pragma HLS INLINE
    const ordered_T threshold = entry_of(level[group][p], found);
    found = 2 * found + choose(threshold <= code, count_T(1), count_T(0));
    search_levels(found, code, group, p, finer...);
}

// Invariant: `group` is the channel group at hand, of the pixel that was read in group 0.
template <class in_T, class out_T, typename CONFIG_T, class... level_T>
void threshold(hls::stream<in_T> &in, hls::stream<out_T> &out,
               const typename CONFIG_T::base_t bases[CONFIG_T::fold][CONFIG_T::pe],
               const typename CONFIG_T::step_t steps[CONFIG_T::fold][CONFIG_T::pe],
               const level_T &...thresholds) {
    typedef typename in_T::value_type input_t;
    typedef typename out_T::value_type result_t;
    typedef typename CONFIG_T::total_t total_t;
    static_assert(in_T::size == CONFIG_T::n_chan && out_T::size == CONFIG_T::n_chan,
                  "The pixels that threshold reads and writes must have n_chan channels.");
    static_assert(CONFIG_T::n_chan % CONFIG_T::pe == 0,
                  "threshold computes pe channels in parallel, so pe must divide n_chan.");
    static_assert(CONFIG_T::fold * CONFIG_T::pe == CONFIG_T::n_chan,
                  "The fold of threshold must be the steps that pe rows of comparators need for a pixel.");
    static_assert(sizeof...(level_T) == CONFIG_T::levels,
                  "threshold needs a ROM for each level of the search.");
    static_assert(CONFIG_T::levels <= 12,
                  "threshold counts to 4095 at most, as a search of 12 levels finds it.");
    static_assert(code_of<input_t>::width <= 61,
                  "threshold compares 63 bits at most, so its input has 61 bits at most.");
    // Holds every code of the input and the thresholds just beyond it, whether it is signed or not.
    typedef signed_code_t<code_of<input_t>::width + 2> ordered_t;

    // The constants of a channel group are one word of each ROM.
    #pragma HLS ARRAY_RESHAPE variable=bases dim=2
    #pragma HLS ARRAY_RESHAPE variable=steps dim=2
    code_t<input_t> pixel[CONFIG_T::n_chan];
    #pragma HLS ARRAY_PARTITION variable=pixel
    result_t results[CONFIG_T::n_chan];
    #pragma HLS ARRAY_PARTITION variable=results
    count_t<CONFIG_T::fold - 1> group = 0;

Cycle:
    for (int n = 0; n < CONFIG_T::height * CONFIG_T::width * CONFIG_T::fold; ++n) {
        #pragma HLS PIPELINE II=1
        if (group == 0) {
            read_codes(in, pixel);
        }
    Channels:
        for (int p = 0; p < CONFIG_T::pe; ++p) {
            #pragma HLS UNROLL
            const int channel = group * CONFIG_T::pe + p;
            const ordered_t code = pixel[channel];
            unsigned_code_t<CONFIG_T::levels> found = 0;
            search_levels(found, code, group, p, thresholds...);
            const total_t base = bases[group][p];
            const total_t step = steps[group][p];
            results[channel] = from_code<result_t>(total_t(base + step * found));
        }
        if (group == CONFIG_T::fold - 1) {
            write_pixel(out, results);
        }
        group = next_of<CONFIG_T::fold>(group);
    }
}

} // namespace fcn_hw

#endif
