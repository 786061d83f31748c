// ap_int and ap_uint as fcn_hw's headers use them, for fcn_hw's own HLS compiler (fcn_hw/rtl).
//
// A number of W bits is a _BitInt(W) of clang, so its exact width reaches LLVM. A signed _BitInt has 2
// bits at least: ap_int<1> takes 2, of which the last one counts. Results of operators have the widths
// of UG1399, "arbitrary precision integer types", so that no bit is lost before an assignment.
#ifndef FCN_HW_RTL_AP_INT_H_
#define FCN_HW_RTL_AP_INT_H_

#define AP_INT_MAX_W 4096

namespace rtl {

template <bool CONDITION, class T = void> struct enable_if {};
template <class T> struct enable_if<true, T> {
    typedef T type;
};
template <bool CONDITION, class A, class B> struct conditional {
    typedef A type;
};
template <class A, class B> struct conditional<false, A, B> {
    typedef B type;
};

constexpr int most(int a, int b) { return a > b ? a : b; }

template <int W, bool SIGNED> struct bits;
template <int W> struct bits<W, true> {
    typedef _BitInt(W < 2 ? 2 : W) type;
};
template <int W> struct bits<W, false> {
    typedef unsigned _BitInt(W < 1 ? 1 : W) type;
};
template <int W, bool SIGNED> using bits_t = typename bits<W, SIGNED>::type;

// What a native integer is as a number; width 0 for other types.
template <class T> struct native_number {
    static constexpr int width = 0;
    static constexpr bool is_signed = false;
};
#define FCN_HW_RTL_NATIVE(T, W, SIGNED)                                                                \
    template <> struct native_number<T> {                                                              \
        static constexpr int width = W;                                                                \
        static constexpr bool is_signed = SIGNED;                                                      \
    };
FCN_HW_RTL_NATIVE(bool, 1, false)
FCN_HW_RTL_NATIVE(char, 8, true)
FCN_HW_RTL_NATIVE(signed char, 8, true)
FCN_HW_RTL_NATIVE(unsigned char, 8, false)
FCN_HW_RTL_NATIVE(short, 16, true)
FCN_HW_RTL_NATIVE(unsigned short, 16, false)
FCN_HW_RTL_NATIVE(int, 32, true)
FCN_HW_RTL_NATIVE(unsigned, 32, false)
FCN_HW_RTL_NATIVE(long, 32, true)
FCN_HW_RTL_NATIVE(unsigned long, 32, false)
FCN_HW_RTL_NATIVE(long long, 64, true)
FCN_HW_RTL_NATIVE(unsigned long long, 64, false)
#undef FCN_HW_RTL_NATIVE

// The W bits of a value, to be copied to those of another one.
template <class BITS, int W> struct all_bits {
    BITS &code;

    all_bits(BITS &bits_of_value) : code(bits_of_value) {}
    all_bits(const all_bits &other) : code(other.code) {}
    all_bits &operator=(const all_bits &other) {
        code = other.code;
        return *this;
    }
    template <class OTHER, int W2> all_bits &operator=(const all_bits<OTHER, W2> &other) {
        code = BITS(other.code);
        if constexpr (W == 1 && BITS(-1) < BITS(0)) { // of two bits the last one counts
            code = BITS(-(code & BITS(1)));
        }
        return *this;
    }
};

// `width` of the W bits of a value, `low` and above, to be written.
template <class BITS, int W> struct some_bits {
    BITS &code;
    const int width, low;

    template <class T> some_bits &operator=(const T &value) {
        const BITS ones = BITS(BITS(~BITS(0)) >> (W - width));
        code = BITS((code & BITS(~BITS(ones << low))) | BITS(BITS(BITS(value) & ones) << low));
        return *this;
    }
};

template <int W, bool SIGNED> struct number {
    static constexpr int width = W;
    static constexpr bool is_signed = SIGNED;
    typedef bits_t<W, SIGNED> code_type;
    typedef typename conditional<(W < 32), int,
                                 typename conditional<SIGNED, long long, unsigned long long>::type>::type
        native_type;

    code_type code;

    number() = default;
    // Written out: a trivial copy would become one of bytes, in which the width is lost.
    constexpr number(const number &other) : code(other.code) {}
    number &operator=(const number &other) {
        code = other.code;
        return *this;
    }
    template <int W2, bool SIGNED2>
    constexpr number(const number<W2, SIGNED2> &other) : code(code_type(other.code)) {}
    template <class T, class = typename enable_if<(native_number<T>::width > 0)>::type>
    constexpr number(T value) : code(code_type(value)) {}

    constexpr operator native_type() const { return native_type(code); }

    all_bits<code_type, W> range() { return {code}; }
    all_bits<const code_type, W> range() const { return {code}; }

    some_bits<code_type, W> range(int high, int low) { return {code, high - low + 1, low}; }
    bool operator[](int bit) const { return bool((code >> bit) & code_type(1)); }

    template <class T> number &operator+=(const T &other) { return *this = number(*this + other); }
    template <class T> number &operator-=(const T &other) { return *this = number(*this - other); }
    template <class T> number &operator*=(const T &other) { return *this = number(*this * other); }
    template <class T> number &operator|=(const T &other) { return *this = number(*this | other); }
    number &operator<<=(int count) { return *this = *this << count; }
    number &operator>>=(int count) { return *this = *this >> count; }
    number &operator++() { return *this += 1; }
    number &operator--() { return *this -= 1; }
    template <class T> number operator<<(const T &count) const {
        number result;
        const int bits = int(count); // all of them leave nothing, which C++ does not say
        result.code = bits < W ? code_type(code << bits) : code_type(0);
        return result;
    }
    template <class T> number operator>>(const T &count) const {
        number result;
        const int bits = int(count); // all of them leave nothing, which C++ does not say
        result.code = bits < W ? code_type(code >> bits) : code_type(code < 0 ? -1 : 0);
        return result;
    }
};

// An operand of an operator, native or not.
template <class T> struct operand {
    static constexpr int width = native_number<T>::width;
    static constexpr bool is_signed = native_number<T>::is_signed;
    static constexpr bool is_number = false;
    static constexpr T code_of(T value) { return value; }
};
template <int W, bool SIGNED> struct operand<number<W, SIGNED>> {
    static constexpr int width = W;
    static constexpr bool is_signed = SIGNED;
    static constexpr bool is_number = true;
    static constexpr bits_t<W, SIGNED> code_of(const number<W, SIGNED> &value) { return value.code; }
};

// The least format of the values of both, where one of them at least is no native integer.
template <class A, class B, bool = (operand<A>::is_number || operand<B>::is_number) &&
                                   (operand<A>::width > 0) && (operand<B>::width > 0)>
struct common {};
template <class A, class B> struct common<A, B, true> {
    static constexpr bool is_signed = operand<A>::is_signed || operand<B>::is_signed;
    static constexpr int width = most(operand<A>::width + (is_signed && !operand<A>::is_signed),
                                      operand<B>::width + (is_signed && !operand<B>::is_signed));
    static constexpr int sum_width = width + 1;
    static constexpr int product_width = operand<A>::width + operand<B>::width;
    static constexpr bool exists = true;
};

#define FCN_HW_RTL_OPERATOR(OP, WIDTH, SIGNED)                                                         \
    template <class A, class B, bool = common<A, B>::exists>                                           \
    constexpr number<common<A, B>::WIDTH, SIGNED> operator OP(const A &a, const B &b) {                \
        typedef number<common<A, B>::WIDTH, SIGNED> result_t;                                          \
        typedef typename result_t::code_type code_t;                                                   \
        result_t result(0);                                                                            \
        result.code = code_t(code_t(operand<A>::code_of(a)) OP code_t(operand<B>::code_of(b)));        \
        return result;                                                                                 \
    }
#define FCN_HW_RTL_SIGN (common<A, B>::is_signed)
FCN_HW_RTL_OPERATOR(+, sum_width, FCN_HW_RTL_SIGN)
FCN_HW_RTL_OPERATOR(-, sum_width, true)
FCN_HW_RTL_OPERATOR(*, product_width, FCN_HW_RTL_SIGN)
FCN_HW_RTL_OPERATOR(/, sum_width, FCN_HW_RTL_SIGN)
FCN_HW_RTL_OPERATOR(%, width, FCN_HW_RTL_SIGN)
FCN_HW_RTL_OPERATOR(&, width, FCN_HW_RTL_SIGN)
FCN_HW_RTL_OPERATOR(|, width, FCN_HW_RTL_SIGN)
FCN_HW_RTL_OPERATOR(^, width, FCN_HW_RTL_SIGN)
#undef FCN_HW_RTL_SIGN
#undef FCN_HW_RTL_OPERATOR

// The bits of both, those of b lowest.
template <int W1, bool SIGNED1, int W2, bool SIGNED2>
number<W1 + W2, false> operator,(const number<W1, SIGNED1> &a, const number<W2, SIGNED2> &b) {
    typedef bits_t<W1 + W2, false> code_t;
    number<W1 + W2, false> both;
    both.code = code_t((code_t(bits_t<W1, false>(a.code)) << W2) | code_t(bits_t<W2, false>(b.code)));
    return both;
}

#define FCN_HW_RTL_COMPARISON(OP)                                                                      \
    template <class A, class B, bool = common<A, B>::exists>                                           \
    constexpr bool operator OP(const A &a, const B &b) {                                               \
        typedef bits_t<common<A, B>::width, common<A, B>::is_signed> code_t;                           \
        return code_t(operand<A>::code_of(a)) OP code_t(operand<B>::code_of(b));                       \
    }
FCN_HW_RTL_COMPARISON(==)
FCN_HW_RTL_COMPARISON(!=)
FCN_HW_RTL_COMPARISON(<)
FCN_HW_RTL_COMPARISON(<=)
FCN_HW_RTL_COMPARISON(>)
FCN_HW_RTL_COMPARISON(>=)
#undef FCN_HW_RTL_COMPARISON

} // namespace rtl

template <int W> using ap_int = rtl::number<W, true>;
template <int W> using ap_uint = rtl::number<W, false>;

#endif
