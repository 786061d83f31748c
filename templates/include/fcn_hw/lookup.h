// Any function of a value, from a table; all channels alike.
//
// Every channel looks up a value in every cycle, each at an address of its own. So there is a copy of
// the table for each channel: a ROM of n_chan ports (rom_np), in LUTs, where a port costs no block RAM.
// The storage is bound in the top function, beside the table.
//
// Cycles of a frame: height * width.
//
// Parameters:
//   in_T, out_T   nnet::array of ap_[u]fixed with the same number of channels; a beat is a pixel.
//   CONFIG_T      height, width
//                 entries   of the table, one for each code of the input
//                 table_t   element of the table, rom_t (types.h)
//   table         [entries], codes of the output, from the input's least code upwards
#ifndef FCN_HW_LOOKUP_H_
#define FCN_HW_LOOKUP_H_

#include "fcn_hw/code.h"
#include "fcn_hw/types.h"
#include "hls_stream.h"

namespace fcn_hw {

template <class in_T, class out_T, typename CONFIG_T>
void lookup(hls::stream<in_T> &in, hls::stream<out_T> &out,
            const typename CONFIG_T::table_t (&table)[CONFIG_T::entries]) {
    typedef typename in_T::value_type input_t;
    typedef typename out_T::value_type result_t;
    typedef unsigned_code_t<code_of<input_t>::width> entry_t;
    static_assert(in_T::size == out_T::size, "lookup must write as many channels as it reads.");
    static_assert(code_of<input_t>::width <= 12,
                  "lookup takes an input of 12 bits at most, because each channel has a whole table.");
    static_assert(CONFIG_T::entries == 1 << code_of<input_t>::width,
                  "The table of lookup must have one entry for each code of the input.");
    // A signed code counts from its least one.
    constexpr int offset = code_of<input_t>::is_signed ? CONFIG_T::entries / 2 : 0;
Pixel:
    for (int n = 0; n < CONFIG_T::height * CONFIG_T::width; ++n) {
        #pragma HLS PIPELINE II=1
        const in_T pixel = in.read();
        out_T result;
    Channel:
        for (unsigned c = 0; c < in_T::size; ++c) {
            #pragma HLS UNROLL
            const entry_t entry = to_code(pixel[c]) + offset;
            result[c] = from_code<result_t>(entry_of(table, entry));
        }
        out.write(result);
    }
}

} // namespace fcn_hw

#endif
