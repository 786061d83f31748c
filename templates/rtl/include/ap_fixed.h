// ap_fixed and ap_ufixed as fcn_hw's headers use them, for fcn_hw's own HLS compiler (fcn_hw/rtl).
//
// Rounding and overflow modes are those of UG1399, "arbitrary precision fixed-point types", that a
// FixedFormat of fcn_hw can have; another mode does not compile.
#ifndef FCN_HW_RTL_AP_FIXED_H_
#define FCN_HW_RTL_AP_FIXED_H_

#include "ap_int.h"

enum ap_q_mode { AP_RND, AP_RND_ZERO, AP_RND_MIN_INF, AP_RND_INF, AP_RND_CONV, AP_TRN, AP_TRN_ZERO };
enum ap_o_mode { AP_SAT, AP_SAT_ZERO, AP_SAT_SYM, AP_WRAP, AP_WRAP_SM };

namespace rtl {

// A code without its last SHIFT bits, rounded by mode Q; code_t is signed and has a bit to spare.
template <ap_q_mode Q, int SHIFT, class code_t> constexpr code_t rounded(code_t code) {
    static_assert(Q == AP_TRN || Q == AP_TRN_ZERO || Q == AP_RND || Q == AP_RND_CONV,
                  "fcn_hw's compiler rounds by AP_TRN, AP_TRN_ZERO, AP_RND and AP_RND_CONV.");
    if constexpr (SHIFT == 0) {
        return code;
    } else {
        const code_t floor = code >> SHIFT;
        const bits_t<SHIFT, false> rest = bits_t<SHIFT, false>(code);
        const bool half = (rest >> (SHIFT - 1)) != 0;
        bool up = false;
        if constexpr (Q == AP_RND) {
            up = half;
        } else if constexpr (Q == AP_TRN_ZERO) {
            up = (code < 0) & (rest != 0);
        } else if constexpr (Q == AP_RND_CONV) {
            bool above_half = false;
            if constexpr (SHIFT > 1) {
                above_half = bits_t<SHIFT - 1, false>(rest) != 0;
            }
            up = half & (above_half | bool(floor & 1));
        }
        return code_t(floor + code_t(up));
    }
}

// A code of W bits from a number of WIDE_W signed bits, by overflow mode O.
template <int W, bool SIGNED, ap_o_mode O, int WIDE_W>
constexpr bits_t<W, SIGNED> kept(bits_t<WIDE_W, true> code) {
    static_assert(O == AP_WRAP || O == AP_SAT || O == AP_SAT_SYM,
                  "fcn_hw's compiler keeps codes by AP_WRAP, AP_SAT and AP_SAT_SYM.");
    typedef bits_t<WIDE_W, true> wide_t;
    typedef bits_t<W, SIGNED> result_t;
    constexpr int value_bits = SIGNED ? W - 1 : W;
    if constexpr (O == AP_WRAP && SIGNED && W == 1) { // of two bits the last one counts
        return result_t(-(code & 1));
    } else if constexpr (O == AP_WRAP) {
        return result_t(code);
    } else if constexpr (value_bits < WIDE_W - 1) {
        constexpr wide_t high = wide_t((wide_t(1) << value_bits) - 1);
        constexpr wide_t low = !SIGNED ? wide_t(0) : O == AP_SAT_SYM && W > 1 ? wide_t(-high) : wide_t(-high - 1);
        return result_t(code > high ? high : code < low ? low : code);
    } else {
        return !SIGNED && code < 0 ? result_t(0) : result_t(code);
    }
}

template <int W, int I, bool SIGNED, ap_q_mode Q, ap_o_mode O> struct fixed {
    static constexpr int width = W;
    static constexpr int iwidth = I;
    static constexpr int fraction = W - I;
    typedef bits_t<W, SIGNED> code_type;

    code_type code;

    fixed() = default;
    fixed(const fixed &other) : code(other.code) {}
    fixed &operator=(const fixed &other) {
        code = other.code;
        return *this;
    }
    template <int W2, int I2, bool S2, ap_q_mode Q2, ap_o_mode O2>
    fixed(const fixed<W2, I2, S2, Q2, O2> &other) : code(converted<W2, W2 - I2, S2>(other.code)) {}
    template <class T, class = typename enable_if<(operand<T>::width > 0)>::type>
    fixed(const T &value)
        : code(converted<operand<T>::width, 0, operand<T>::is_signed>(operand<T>::code_of(value))) {}

    all_bits<code_type, W> range() { return {code}; }
    all_bits<const code_type, W> range() const { return {code}; }

    template <int W2, int I2, bool S2, ap_q_mode Q2, ap_o_mode O2>
    fixed &operator+=(const fixed<W2, I2, S2, Q2, O2> &other) {
        return *this = fixed(*this + other);
    }

    // The code of a value that has the code `from`, FRACTION2 bits of it behind the binary point.
    template <int W2, int FRACTION2, bool S2> static code_type converted(bits_t<W2, S2> from) {
        constexpr int right = FRACTION2 > fraction ? FRACTION2 - fraction : 0;
        constexpr int left = fraction > FRACTION2 ? fraction - FRACTION2 : 0;
        constexpr int wide = most(W2 + !S2 + left, right + 1) + 1; // one more than the value: to round
        typedef bits_t<wide, true> wide_t;
        return kept<W, SIGNED, O, wide>(rounded<Q, right>(wide_t(wide_t(from) << left)));
    }
};

#define FCN_HW_RTL_PARAMETERS(N) int W##N, int I##N, bool S##N, ap_q_mode Q##N, ap_o_mode O##N
#define FCN_HW_RTL_FIXED(N) fixed<W##N, I##N, S##N, Q##N, O##N>

// Holds the sum and the difference of two values.
template <class A, class B> struct sum_of {
    static constexpr int fraction = most(A::fraction, B::fraction);
    static constexpr int integer = most(A::iwidth, B::iwidth) + 2;
    typedef fixed<fraction + integer, integer, true, AP_TRN, AP_WRAP> type;
};
template <FCN_HW_RTL_PARAMETERS(1), FCN_HW_RTL_PARAMETERS(2)>
typename sum_of<FCN_HW_RTL_FIXED(1), FCN_HW_RTL_FIXED(2)>::type
operator+(const FCN_HW_RTL_FIXED(1) &a, const FCN_HW_RTL_FIXED(2) &b) {
    typename sum_of<FCN_HW_RTL_FIXED(1), FCN_HW_RTL_FIXED(2)>::type x(a), y(b);
    x.code += y.code;
    return x;
}
template <FCN_HW_RTL_PARAMETERS(1), FCN_HW_RTL_PARAMETERS(2)>
typename sum_of<FCN_HW_RTL_FIXED(1), FCN_HW_RTL_FIXED(2)>::type
operator-(const FCN_HW_RTL_FIXED(1) &a, const FCN_HW_RTL_FIXED(2) &b) {
    typename sum_of<FCN_HW_RTL_FIXED(1), FCN_HW_RTL_FIXED(2)>::type x(a), y(b);
    x.code -= y.code;
    return x;
}
// Of one type, as the headers compare: two channels of a pixel.
template <FCN_HW_RTL_PARAMETERS(1)>
bool operator>(const FCN_HW_RTL_FIXED(1) &a, const FCN_HW_RTL_FIXED(1) &b) {
    return a.code > b.code;
}
template <FCN_HW_RTL_PARAMETERS(1)>
bool operator<(const FCN_HW_RTL_FIXED(1) &a, const FCN_HW_RTL_FIXED(1) &b) {
    return a.code < b.code;
}

#undef FCN_HW_RTL_FIXED
#undef FCN_HW_RTL_PARAMETERS

} // namespace rtl

#define FCN_HW_RTL_TYPE(NAME, SIGNED)                                                                  \
    template <int W, int I, ap_q_mode Q = AP_TRN, ap_o_mode O = AP_WRAP, int N = 0>                    \
    struct NAME : rtl::fixed<W, I, SIGNED, Q, O> {                                                     \
        typedef rtl::fixed<W, I, SIGNED, Q, O> base;                                                   \
        NAME() = default;                                                                              \
        NAME(const NAME &other) : base(static_cast<const base &>(other)) {}                            \
        NAME &operator=(const NAME &other) {                                                           \
            this->code = other.code;                                                                   \
            return *this;                                                                              \
        }                                                                                              \
        template <class T> NAME(const T &value) : base(value) {}                                       \
    };
FCN_HW_RTL_TYPE(ap_fixed, true)
FCN_HW_RTL_TYPE(ap_ufixed, false)
#undef FCN_HW_RTL_TYPE

#endif
