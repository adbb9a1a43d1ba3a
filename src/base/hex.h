// Sixteen hexadecimal digits, lower case, by arithmetic on all of them at once.
// Thread rule: pure functions.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

namespace weir {

// Those of 32 bits, the first one in the lowest byte (x86-64 and arm64: little endian). Each step halves the pieces and
// puts the upper half first; then each byte below 16 becomes its digit.
constexpr std::uint64_t eight_digits(std::uint64_t bits) {
    bits = (bits & 0xffffU) << 32 | bits >> 16;
    bits = (bits & 0x000000ff000000ffU) << 16 | (bits & 0x0000ff000000ff00U) >> 8;
    bits = (bits & 0x000f000f000f000fU) << 8 | (bits & 0x00f000f000f000f0U) >> 4;
    const std::uint64_t letters = (bits + 0x0606060606060606U) >> 4 & 0x0101010101010101U;
    return bits + 0x3030303030303030U + letters * ('a' - 10 - '0');
}

// 16 bytes.
inline void write_hex(std::uint64_t value, char* to) {
    const std::array<std::uint64_t, 2> digits = {eight_digits(value >> 32), eight_digits(value & 0xffffffffU)};
    std::memcpy(to, digits.data(), sizeof digits);
}

}  // namespace weir
