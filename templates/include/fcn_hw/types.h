// Integer types: of exact width in hardware, native in the C simulation.
//
// Synthesis sees ap_int and ap_uint, not one bit wider than needed. The C simulation sees the nearest
// native type that holds them, because ap_int objects cost it a factor of ten in control code and in
// multiplications, and minutes of compilation in a long ROM initialiser. The results are the same bit
// for bit: counters and codes never leave their range, and a sum becomes a code of accum_t's exact
// width before it is used, where arithmetic modulo 2^32 and then modulo 2^W equals arithmetic modulo
// 2^W. With FCN_HW_EXACT_WIDTHS defined the C simulation uses the exact types as well; the tests of
// the headers run both ways.
//
// With FCN_HW_LANES=N the codes of N frames are simulated side by side: a code is an each<> of native
// integers (templates/sim/lanes/each.h), while counters and elements of ROMs stay plain ones.
//
// This is the only place in fcn_hw that looks at __SYNTHESIS__.
#ifndef FCN_HW_TYPES_H_
#define FCN_HW_TYPES_H_

#include "ap_int.h"
#include "fcn_hw/sizes.h"

namespace fcn_hw {

#if defined(__SYNTHESIS__) || defined(FCN_HW_EXACT_WIDTHS)

// A constant of W bits.
template <int W> using signed_t = ap_int<W>;
template <int W> using unsigned_t = ap_uint<W>;

// A code of W bits: data of a frame.
template <int W> using signed_code_t = ap_int<W>;
template <int W> using unsigned_code_t = ap_uint<W>;

// A sum of W bits, two's complement.
template <int W> using sum_t = ap_int<W>;

// The number that the lowest W bits are, two's complement.
template <int W, int N> ap_int<W> lowest_bits(const ap_int<N> &word) {
    #pragma HLS INLINE
    return ap_int<W>(word);
}

// A counter of 0 to MAX.
template <int MAX> using count_t = ap_uint<bits_of(MAX)>;

// A coordinate of LOW to HIGH; LOW may be negative, in the padding.
template <int LOW, int HIGH> using coordinate_t = ap_int<1 + bits_of(max_of(-LOW, HIGH))>;

#else

template <int BYTES> struct native;
template <> struct native<1> {
    typedef signed char signed_type;
    typedef unsigned char unsigned_type;
};
template <> struct native<2> {
    typedef short signed_type;
    typedef unsigned short unsigned_type;
};
template <> struct native<8> {
    typedef long long signed_type;
    typedef unsigned long long unsigned_type;
};
constexpr int native_bytes(int bits) { return bits <= 8 ? 1 : bits <= 16 ? 2 : 8; }

template <bool WIDE> struct native_sum { typedef int type; };
template <> struct native_sum<true> { typedef long long type; };

template <int W> using signed_t = typename native<native_bytes(W)>::signed_type;
template <int W> using unsigned_t = typename native<native_bytes(W)>::unsigned_type;

#ifdef FCN_HW_LANES
template <int W> using signed_code_t = each<typename sim::storage<W, true>::type>;
template <int W> using unsigned_code_t = each<typename sim::storage<W, false>::type>;
template <int W> using sum_t = each<typename sim::storage<W, true>::sum_type>;
#else
template <int W> using signed_code_t = signed_t<W>;
template <int W> using unsigned_code_t = unsigned_t<W>;
template <int W> using sum_t = typename native_sum<(W > 31)>::type;
#endif

template <int W, class T> T lowest_bits(const T &word) {
    constexpr long long half = 1LL << (W - 1);
    return T(((word + half) & (2 * half - 1)) - half);
}

template <int MAX> using count_t = int;
template <int LOW, int HIGH> using coordinate_t = int;

#endif

// An element of a ROM of weights or biases: a signed code of W bits.
template <int W> using rom_t = signed_t<W>;

// a where the condition holds, else b. Of data there is no other choice: frames that are simulated side
// by side may differ in it.
template <class T> T choose(bool condition, const T &a, const T &b) {
    #pragma HLS INLINE
    return condition ? a : b;
}

// The entry of a table at an index that is data.
template <class T, int N, class index_T> T entry_of(const T (&table)[N], const index_T &index) {
    #pragma HLS INLINE
    return table[index];
}

// The number in the bits of a word from bit W on, where the W bits below are a number of their own,
// SIGNED or not: a negative one was subtracted from what stands above it.
template <int W, bool SIGNED, class T> T bits_above(const T &word) {
    #pragma HLS INLINE
    return T((word >> W) + ((word >> (W - 1)) & int(SIGNED)));
}

// A word without its lowest bits; how many is no data.
template <class T, class count_T> T shift_right(const T &word, const count_T &bits) {
    #pragma HLS INLINE
    return word >> bits;
}

// The next value of a counter that goes around 0 .. N-1.
template <int N, class counter_T> counter_T next_of(const counter_T &counter) {
    #pragma HLS INLINE
    return counter == N - 1 ? counter_T(0) : counter_T(counter + 1);
}

} // namespace fcn_hw

#endif
