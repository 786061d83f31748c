// each<T>: a T for every frame that is simulated side by side. C simulation only, never synthesised.
//
// What a process does, in which order and at which address, never depends on the data: counters and
// conditions of loops are plain integers. Only codes differ from frame to frame. So the emitted sources
// can compute FCN_HW_LANES frames at a time: their control runs once, and every operation on codes is a
// loop over the frames, which the compiler turns into vector instructions.
//
// Arithmetic is that of the element type, modulo 2^bits. A product of a constant and codes is not made
// until it is known what it is assigned or added to, whose type then is the type of the product.
#ifndef FCN_HW_SIM_EACH_H_
#define FCN_HW_SIM_EACH_H_

#include <type_traits>

#ifndef FCN_HW_LANES
#error "Compile with -DFCN_HW_LANES=N: the number of frames that are simulated side by side."
#endif

// A loop over the frames: no iteration depends on another one.
#define FCN_HW_EACH_FRAME                                                                          \
    _Pragma("GCC ivdep") for (int frame = 0; frame < FCN_HW_LANES; ++frame)

namespace fcn_hw {

template <class factor_T, class T> struct scaled;
template <class A, class B, class C, class D> struct scaled_sum;

template <class T> struct alignas(sizeof(T) * FCN_HW_LANES < 64 ? sizeof(T) * FCN_HW_LANES : 64) each {
    T of[FCN_HW_LANES];

    each() = default;

    // The same for all frames.
    template <class U, class = typename std::enable_if<std::is_arithmetic<U>::value>::type>
    each(U value) {
        FCN_HW_EACH_FRAME of[frame] = T(value);
    }
    template <class U> each(const each<U> &other) {
        FCN_HW_EACH_FRAME of[frame] = T(other.of[frame]);
    }
    template <class F, class U> each(const scaled<F, U> &product) {
        const T factor = T(product.factor);
        FCN_HW_EACH_FRAME of[frame] = T(factor * T(product.codes.of[frame]));
    }
    template <class F, class U, class G, class V> each(const scaled_sum<F, U, G, V> &sum) {
        const T a = T(sum.a.factor), b = T(sum.b.factor);
        FCN_HW_EACH_FRAME
        of[frame] = T(a * T(sum.a.codes.of[frame]) + b * T(sum.b.codes.of[frame]));
    }

    template <class U> each &operator+=(const each<U> &other) {
        FCN_HW_EACH_FRAME of[frame] = T(of[frame] + T(other.of[frame]));
        return *this;
    }
    template <class F, class U> each &operator+=(const scaled<F, U> &product) {
        const T factor = T(product.factor);
        FCN_HW_EACH_FRAME of[frame] = T(of[frame] + T(factor * T(product.codes.of[frame])));
        return *this;
    }
};

// factor * codes, not made yet. It does not outlive the expression that it stands in.
template <class factor_T, class T> struct scaled {
    const factor_T factor;
    const each<T> &codes;
};

template <class A, class B, class C, class D> struct scaled_sum {
    const scaled<A, B> a;
    const scaled<C, D> b;
};

template <class F> using if_number = typename std::enable_if<std::is_arithmetic<F>::value>::type;

template <class F, class T, class = if_number<F>>
inline scaled<F, T> operator*(F factor, const each<T> &codes) {
    return scaled<F, T>{factor, codes};
}
template <class F, class T, class = if_number<F>>
inline scaled<F, T> operator*(const each<T> &codes, F factor) {
    return scaled<F, T>{factor, codes};
}
template <class A, class B, class C, class D>
inline scaled_sum<A, B, C, D> operator+(const scaled<A, B> &a, const scaled<C, D> &b) {
    return scaled_sum<A, B, C, D>{a, b};
}

// Between codes: in C++'s common type, as between plain integers.
#define FCN_HW_BETWEEN(OP)                                                                         \
    template <class T, class U>                                                                    \
    inline auto operator OP(const each<T> &a, const each<U> &b)->each<decltype(T() OP U())> {      \
        each<decltype(T() OP U())> result;                                                         \
        FCN_HW_EACH_FRAME result.of[frame] = a.of[frame] OP b.of[frame];                           \
        return result;                                                                             \
    }                                                                                              \
    template <class T, class U, class = if_number<U>>                                              \
    inline auto operator OP(const each<T> &a, U b)->each<decltype(T() OP U())> {                   \
        each<decltype(T() OP U())> result;                                                         \
        FCN_HW_EACH_FRAME result.of[frame] = a.of[frame] OP b;                                     \
        return result;                                                                             \
    }

FCN_HW_BETWEEN(+)
FCN_HW_BETWEEN(>)
FCN_HW_BETWEEN(<=)
#undef FCN_HW_BETWEEN

template <class T, class U> inline each<decltype(T() * U())> operator*(const each<T> &a, const each<U> &b) {
    each<decltype(T() * U())> result;
    FCN_HW_EACH_FRAME result.of[frame] = a.of[frame] * b.of[frame];
    return result;
}

template <class F, class T, class U>
inline auto operator+(const scaled<F, T> &a, const each<U> &b) -> each<decltype(F() * T() + U())> {
    each<decltype(F() * T() + U())> result;
    FCN_HW_EACH_FRAME result.of[frame] = a.factor * a.codes.of[frame] + b.of[frame];
    return result;
}
template <class F, class T, class U>
inline auto operator+(const each<U> &b, const scaled<F, T> &a) -> each<decltype(F() * T() + U())> {
    return a + b;
}

// a where the condition holds, else b.
template <class T>
inline each<T> choose(const each<bool> &condition, const each<T> &a, const each<T> &b) {
    each<T> result;
    FCN_HW_EACH_FRAME result.of[frame] = condition.of[frame] ? a.of[frame] : b.of[frame];
    return result;
}

// The entry of a table at an index of each frame's own.
template <class T, int N, class U> inline each<T> entry_of(const T (&table)[N], const each<U> &index) {
    each<T> result;
    FCN_HW_EACH_FRAME result.of[frame] = table[index.of[frame]];
    return result;
}

// sum * 2^SHIFT.
template <int SHIFT, class T> inline each<T> shift_left(const each<T> &sum) {
    each<T> result;
    FCN_HW_EACH_FRAME result.of[frame] = T(sum.of[frame] * (T(1) << SHIFT));
    return result;
}

// See types.h.
template <int W, class T> inline each<T> lowest_bits(const each<T> &word) {
    constexpr long long half = 1LL << (W - 1);
    each<T> result;
    FCN_HW_EACH_FRAME result.of[frame] = T(((word.of[frame] + half) & (2 * half - 1)) - half);
    return result;
}
template <int W, bool SIGNED, class T> inline each<T> bits_above(const each<T> &word) {
    each<T> result;
    FCN_HW_EACH_FRAME
    result.of[frame] = T((word.of[frame] >> W) + (SIGNED ? (word.of[frame] >> (W - 1)) & 1 : 0));
    return result;
}
template <class T> inline each<T> shift_right(const each<T> &word, const int &bits) {
    each<T> result;
    FCN_HW_EACH_FRAME result.of[frame] = word.of[frame] >> bits;
    return result;
}

} // namespace fcn_hw

#endif
