// Constant arithmetic on sizes, evaluated at compile time.
#ifndef FCN_HW_SIZES_H_
#define FCN_HW_SIZES_H_

namespace fcn_hw {

constexpr int min_of(int a, int b) { return a < b ? a : b; }
constexpr int max_of(int a, int b) { return a > b ? a : b; }
constexpr int clamp(int a, int low, int high) { return max_of(low, min_of(a, high)); }
constexpr int ceil_div(int a, int b) { return (a + b - 1) / b; }

// a modulo b, never negative.
constexpr int modulo(int a, int b) { return (a % b + b) % b; }

constexpr int gcd_of(int a, int b) { return b == 0 ? a : gcd_of(b, a % b); }
constexpr int lcm_of(int a, int b) { return a / gcd_of(a, b) * b; }

// Bits of the numbers 0 to max; at least 1.
constexpr int bits_of(int max) { return max < 2 ? 1 : 1 + bits_of(max / 2); }

// Bytes of a code of so many bits in files and in a DMA's memory: the narrowest of 1, 2, 4 and 8.
constexpr int code_bytes(int bits) { return bits <= 8 ? 1 : bits <= 16 ? 2 : bits <= 32 ? 4 : 8; }

// Bits by which a code grows that is multiplied by a factor of at least 1.
constexpr int growth_of(int factor) { return factor < 2 ? 0 : bits_of(factor - 1); }

// How often 2 divides a number above 0.
constexpr int factors_of_two(int n) { return n % 2 != 0 ? 0 : 1 + factors_of_two(n / 2); }

} // namespace fcn_hw

#endif
