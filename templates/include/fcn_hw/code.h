// Integer codes of fixed-point values, and pixels of them.
//
// An ap_[u]fixed<W, I> holds an integer code of W bits; its value is code * 2^-(W - I). Multiplying
// and adding happens on codes, where no binary point is in the way. A result becomes a value again
// just before it is assigned to the output's type, whose rounding and overflow modes then apply.
#ifndef FCN_HW_CODE_H_
#define FCN_HW_CODE_H_

#include "ap_fixed.h"
#include "ap_int.h"
#include "fcn_hw/types.h"
#include "hls_stream.h"

namespace fcn_hw {

template <class fixed_T> struct code_of;

template <int W, int I, ap_q_mode Q, ap_o_mode O, int N> struct code_of<ap_fixed<W, I, Q, O, N>> {
    static constexpr int width = W;
    static constexpr int fraction = W - I;
    static constexpr bool is_signed = true;
    typedef ap_int<W> bits_type;
    typedef signed_code_t<W> type;
};

template <int W, int I, ap_q_mode Q, ap_o_mode O, int N> struct code_of<ap_ufixed<W, I, Q, O, N>> {
    static constexpr int width = W;
    static constexpr int fraction = W - I;
    static constexpr bool is_signed = false;
    typedef ap_uint<W> bits_type;
    typedef unsigned_code_t<W> type;
};

// The integer type that holds the codes of a fixed-point type.
template <class fixed_T> using code_t = typename code_of<fixed_T>::type;

// The code of a value: its bits, unchanged.
template <class fixed_T> code_t<fixed_T> to_code(const fixed_T &value) {
    #pragma HLS INLINE
    typename code_of<fixed_T>::bits_type bits;
    bits.range() = value.range();
    return bits;
}

// The value that has a code: no rounding, no saturation.
template <class fixed_T, class code_T> fixed_T from_code(const code_T &code) {
    #pragma HLS INLINE
    const typename code_of<fixed_T>::bits_type bits = code;
    fixed_T value;
    value.range() = bits.range();
    return value;
}

// fixed_T with BITS more bits in front.
template <class fixed_T, int BITS> struct widened;

template <int W, int I, ap_q_mode Q, ap_o_mode O, int N, int BITS>
struct widened<ap_fixed<W, I, Q, O, N>, BITS> {
    typedef ap_fixed<W + BITS, I + BITS> type;
};

template <int W, int I, ap_q_mode Q, ap_o_mode O, int N>
struct widened<ap_fixed<W, I, Q, O, N>, 0> {
    typedef ap_fixed<W, I, Q, O, N> type;
};

template <int W, int I, ap_q_mode Q, ap_o_mode O, int N, int BITS>
struct widened<ap_ufixed<W, I, Q, O, N>, BITS> {
    typedef ap_ufixed<W + BITS, I + BITS> type;
};

template <int W, int I, ap_q_mode Q, ap_o_mode O, int N>
struct widened<ap_ufixed<W, I, Q, O, N>, 0> {
    typedef ap_ufixed<W, I, Q, O, N> type;
};

// The value as an out_T, by out_T's rounding and overflow modes.
//
// ap_fixed looks at the bit just below the result's last one, and the simulation aborts if the value
// has no bit so far up, because all of it lies below. Bits in front give it one.
template <class out_T, class in_T> out_T convert(const in_T &value) {
    #pragma HLS INLINE
    constexpr int gap = code_of<in_T>::fraction - code_of<out_T>::fraction - code_of<in_T>::width;
    const typename widened<in_T, max_of(gap, 0)>::type &wide = value;
    return wide;
}

// Reads a pixel: the codes of its channels.
template <class pixel_T>
void read_codes(hls::stream<pixel_T> &in, code_t<typename pixel_T::value_type> codes[pixel_T::size]) {
    #pragma HLS INLINE
    const pixel_T pixel = in.read();
ReadCodes:
    for (unsigned c = 0; c < pixel_T::size; ++c) {
        #pragma HLS UNROLL
        codes[c] = to_code(pixel[c]);
    }
}

// Reads a pixel into groups of channels of one size: what the last group has beyond them is 0.
template <class pixel_T, unsigned SIZE>
void read_groups(hls::stream<pixel_T> &in, code_t<typename pixel_T::value_type> (&codes)[SIZE]) {
    #pragma HLS INLINE
    read_codes(in, codes);
LastGroup:
    for (unsigned c = pixel_T::size; c < SIZE; ++c) {
        #pragma HLS UNROLL
        codes[c] = 0;
    }
}

// Values of the next group come first; what the last group holds stays. Registers that shift take no
// choice by the number of the group.
template <int PE, class value_T, unsigned SIZE>
void next_group(value_T (&values)[SIZE]) {
    #pragma HLS INLINE
NextGroup:
    for (unsigned k = PE; k < SIZE; ++k) {
        #pragma HLS UNROLL
        values[k - PE] = values[k];
    }
}

// Writes a pixel: exact results of its channels, each converted to the output's type.
template <class pixel_T, class exact_T>
void write_converted(hls::stream<pixel_T> &out, const exact_T exact[pixel_T::size]) {
    #pragma HLS INLINE
    pixel_T pixel;
WriteConverted:
    for (unsigned c = 0; c < pixel_T::size; ++c) {
        #pragma HLS UNROLL
        pixel[c] = convert<typename pixel_T::value_type>(exact[c]);
    }
    out.write(pixel);
}

// Writes a pixel.
template <class pixel_T>
void write_pixel(hls::stream<pixel_T> &out, const typename pixel_T::value_type values[pixel_T::size]) {
    #pragma HLS INLINE
    pixel_T pixel;
WritePixel:
    for (unsigned c = 0; c < pixel_T::size; ++c) {
        #pragma HLS UNROLL
        pixel[c] = values[c];
    }
    out.write(pixel);
}

} // namespace fcn_hw

#endif
