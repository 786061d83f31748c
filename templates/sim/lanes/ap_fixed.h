// ap_fixed and ap_ufixed as fcn_hw's headers use them: codes as native integers, one for each frame
// (each.h).
//
// Rounding and overflow modes are those of UG1399, "arbitrary precision fixed-point types", that a
// FixedFormat of fcn_hw can have; another mode does not compile. tests/templates/test_lanes.py holds
// every assignment equal to the official headers.
//
// Invariant: a code is a number of W bits, signed or not; the bits of its native integer above them
// are the sign's.
#ifndef FCN_HW_SIM_AP_FIXED_H_
#define FCN_HW_SIM_AP_FIXED_H_

#include "ap_int.h"

enum ap_q_mode {
    AP_RND, AP_RND_ZERO, AP_RND_MIN_INF, AP_RND_INF, AP_RND_CONV, AP_TRN, AP_TRN_ZERO
};
enum ap_o_mode { AP_SAT, AP_SAT_ZERO, AP_SAT_SYM, AP_WRAP, AP_WRAP_SM };

namespace fcn_hw {
namespace sim {

constexpr int least(int a, int b) { return a < b ? a : b; }
constexpr int most(int a, int b) { return a > b ? a : b; }

// The narrowest native type of BITS bits or more.
template <int BITS>
using work_t = typename std::conditional<
    BITS <= 16, short,
    typename std::conditional<
        BITS <= 32, int,
        typename std::conditional<BITS <= 64, long long, __int128>::type>::type>::type;

// A code without its last SHIFT bits, rounded by mode Q. work_T has room for SHIFT bits and a sign.
template <ap_q_mode Q, int SHIFT, class work_T> inline work_T rounded(work_T code) {
    static_assert(Q == AP_TRN || Q == AP_TRN_ZERO || Q == AP_RND || Q == AP_RND_CONV,
                  "The lanes simulation rounds by AP_TRN, AP_TRN_ZERO, AP_RND and AP_RND_CONV.");
    const work_T floor = work_T(code >> SHIFT);
    const work_T rest = work_T(code - work_T(floor * (work_T(1) << SHIFT)));
    const work_T half = work_T(work_T(1) << (SHIFT - 1));
    switch (Q) {
    case AP_TRN_ZERO:
        return work_T(floor + ((code < 0) & (rest != 0)));
    case AP_RND:
        return work_T(floor + (rest >= half));
    case AP_RND_CONV:
        return work_T(floor + (rest + (floor & 1) > half));
    default:
        return floor;
    }
}

// A code of the format W, SIGNED from a number, by overflow mode O.
template <int W, bool SIGNED, ap_o_mode O, class work_T>
inline typename storage<W, SIGNED>::type kept(work_T number) {
    static_assert(O == AP_WRAP || O == AP_SAT || O == AP_SAT_SYM,
                  "The lanes simulation keeps codes by AP_WRAP, AP_SAT and AP_SAT_SYM.");
    if (O == AP_WRAP) {
        return storage<W, SIGNED>::wrapped(number);
    }
    // A bound that work_T can't hold is one that no number reaches.
    constexpr int room = least(SIGNED ? W - 1 : W, int(8 * sizeof(work_T)) - 1);
    constexpr work_T high = work_T(work_T(((work_T(1) << (room - (room > 0 ? 1 : 0))) - 1)) * 2 +
                                   (room > 0 ? 1 : 0));
    constexpr work_T low = !SIGNED ? 0 : work_T(O == AP_SAT_SYM && W > 1 ? -high : -high - 1);
    return typename storage<W, SIGNED>::type(number > high ? high : number < low ? low : number);
}

// Assignment from a code of IN_W bits, IN_F of them fraction bits.
template <int IN_W, bool IN_SIGNED, int IN_F, int W, bool SIGNED, int F, ap_q_mode Q, ap_o_mode O>
struct conversion {
    typedef typename storage<IN_W, IN_SIGNED>::type in_t;
    typedef typename storage<W, SIGNED>::type out_t;
    static constexpr int in_bits = least(IN_W, 64) + (IN_SIGNED ? 0 : 1);
    // Below two bits under the code's first one, all that is left is its sign.
    static constexpr int right = least(most(IN_F - F, 0), in_bits + 2);
    // What is shifted beyond W bits is cut off or saturates alike.
    static constexpr int left = least(most(F - IN_F, 0), 64);
    typedef work_t<most(in_bits + left + (O == AP_WRAP ? 0 : 1), right + 2)> work_t_;

    static out_t of(in_t code) {
        const work_t_ number = work_t_(code);
        if (right > 0) {
            return kept<W, SIGNED, O>(rounded<Q, right == 0 ? 1 : right>(number));
        }
        return kept<W, SIGNED, O>(work_t_(number * (work_t_(1) << left)));
    }
};

template <int W, int I, bool SIGNED, ap_q_mode Q, ap_o_mode O> struct fixed;

// The format that holds differences of two others.
template <class a_T, class b_T> struct difference {
    static constexpr int fraction = most(a_T::width - a_T::iwidth, b_T::width - b_T::iwidth);
    static constexpr int integer = most(a_T::iwidth, b_T::iwidth) + 2;
    typedef fixed<fraction + integer, integer, true, AP_TRN, AP_WRAP> type;
};

template <int W, int I, bool SIGNED, ap_q_mode Q, ap_o_mode O> struct fixed {
    typedef typename storage<W, SIGNED>::type code_t;
    static constexpr int width = W;
    static constexpr int iwidth = I;

    each<code_t> codes;

    fixed() = default;
    template <int W2, int I2, bool S2, ap_q_mode Q2, ap_o_mode O2>
    fixed(const fixed<W2, I2, S2, Q2, O2> &value) {
        typedef conversion<W2, S2, W2 - I2, W, SIGNED, W - I, Q, O> rule;
        FCN_HW_EACH_FRAME codes.of[frame] = rule::of(value.codes.of[frame]);
    }
    // Whole numbers.
    template <class T> fixed(const each<T> &numbers) {
        typedef conversion<8 * sizeof(T), std::is_signed<T>::value, 0, W, SIGNED, W - I, Q, O> rule;
        FCN_HW_EACH_FRAME codes.of[frame] = rule::of(numbers.of[frame]);
    }
    fixed(int number) : fixed(each<int>(number)) {}

    bits_of_value<code_t> range() { return {codes}; }
    bits_of_value<code_t> range() const { return {const_cast<each<code_t> &>(codes)}; }

    // The sum must fit, as in an accumulator: points are aligned, nothing is rounded.
    template <int W2, int I2, bool S2, ap_q_mode Q2, ap_o_mode O2>
    fixed &operator+=(const fixed<W2, I2, S2, Q2, O2> &value) {
        static_assert(W2 - I2 <= W - I,
                      "The lanes simulation adds to values that have as many fraction bits.");
        typedef conversion<W2, S2, W2 - I2, W, SIGNED, W - I, AP_TRN, AP_WRAP> aligned;
        FCN_HW_EACH_FRAME
        codes.of[frame] = storage<W, SIGNED>::wrapped(
            typename std::make_unsigned<code_t>::type(codes.of[frame]) +
            typename std::make_unsigned<code_t>::type(aligned::of(value.codes.of[frame])));
        return *this;
    }
};

template <int W, int I, bool S, ap_q_mode Q, ap_o_mode O, int W2, int I2, bool S2, ap_q_mode Q2,
          ap_o_mode O2>
inline typename difference<fixed<W, I, S, Q, O>, fixed<W2, I2, S2, Q2, O2>>::type
operator-(const fixed<W, I, S, Q, O> &a, const fixed<W2, I2, S2, Q2, O2> &b) {
    typedef typename difference<fixed<W, I, S, Q, O>, fixed<W2, I2, S2, Q2, O2>>::type result_t;
    typedef typename std::make_unsigned<typename result_t::code_t>::type raw_t;
    const result_t left = a, right = b;
    result_t result;
    FCN_HW_EACH_FRAME
    result.codes.of[frame] =
        typename result_t::code_t(raw_t(left.codes.of[frame]) - raw_t(right.codes.of[frame]));
    return result;
}

template <int W, int I, bool S, ap_q_mode Q, ap_o_mode O>
inline each<bool> operator>(const fixed<W, I, S, Q, O> &a, const fixed<W, I, S, Q, O> &b) {
    return a.codes > b.codes;
}

} // namespace sim

template <class fixed_T>
inline auto choose(const each<bool> &condition, const fixed_T &a, const fixed_T &b)
    -> decltype(a.codes, fixed_T()) {
    fixed_T result;
    result.codes = choose(condition, a.codes, b.codes);
    return result;
}

} // namespace fcn_hw

// Templates of their own, as code.h tells signed and unsigned formats apart by them.
template <int W, int I, ap_q_mode Q = AP_TRN, ap_o_mode O = AP_WRAP, int N = 0>
struct ap_fixed : fcn_hw::sim::fixed<W, I, true, Q, O> {
    ap_fixed() = default;
    template <class value_T>
    ap_fixed(const value_T &value) : fcn_hw::sim::fixed<W, I, true, Q, O>(value) {}
};

template <int W, int I, ap_q_mode Q = AP_TRN, ap_o_mode O = AP_WRAP, int N = 0>
struct ap_ufixed : fcn_hw::sim::fixed<W, I, false, Q, O> {
    ap_ufixed() = default;
    template <class value_T>
    ap_ufixed(const value_T &value) : fcn_hw::sim::fixed<W, I, false, Q, O>(value) {}
};

#endif
