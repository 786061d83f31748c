// ap_int and ap_uint as fcn_hw's headers use them: bits of codes, one for each frame (each.h).
#ifndef FCN_HW_SIM_AP_INT_H_
#define FCN_HW_SIM_AP_INT_H_

#include "each.h"

namespace fcn_hw {
namespace sim {

// The integer that holds a code of W bits. A wider format is met with codes only that 64 bits hold:
// the widest format of a graph has 63 bits, and convert() in code.h puts unused bits in front.
template <int W, bool SIGNED> struct storage {
    typedef typename std::conditional<
        W <= 8, signed char,
        typename std::conditional<
            W <= 16, short, typename std::conditional<W <= 32, int, long long>::type>::type>::type
        signed_type;
    typedef typename std::conditional<SIGNED, signed_type,
                                      typename std::make_unsigned<signed_type>::type>::type type;
    // Sums are of 16 bits at least, so that a product of bytes is one instruction.
    typedef typename std::conditional<W <= 8, short, signed_type>::type sum_type;
    static constexpr int bits = int(8 * sizeof(type));
    static constexpr int unused = W < bits ? bits - W : 0;

    // The code whose W bits are the last ones of a number.
    template <class T> static type wrapped(T number) {
        typedef typename std::make_unsigned<type>::type raw_t;
        return type(type(raw_t(raw_t(number) << unused)) >> unused);
    }
};

// All bits of a value, to be read or assigned.
template <class T> struct bits_of_value {
    each<T> &codes;
    bits_of_value &operator=(const bits_of_value &other) {
        codes = other.codes;
        return *this;
    }
    template <class U> bits_of_value &operator=(const bits_of_value<U> &other) {
        codes = other.codes;
        return *this;
    }
};

template <int W, bool SIGNED>
struct integer : each<typename storage<W, SIGNED>::type> {
    typedef storage<W, SIGNED> rule;
    typedef typename rule::type code_t;

    integer() = default;
    template <class U> integer(const each<U> &number) {
        FCN_HW_EACH_FRAME this->of[frame] = rule::wrapped(number.of[frame]);
    }
    template <class U, class = if_number<U>> integer(U number) : each<code_t>(rule::wrapped(number)) {}

    bits_of_value<code_t> range() { return {*this}; }
    bits_of_value<code_t> range() const { return {const_cast<integer &>(*this)}; }
};

} // namespace sim
} // namespace fcn_hw

template <int W> using ap_int = fcn_hw::sim::integer<W, true>;
template <int W> using ap_uint = fcn_hw::sim::integer<W, false>;

#endif
