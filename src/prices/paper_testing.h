// Schoolbook arithmetic on decimal digits, least significant first: shares nothing with the code it checks.
// Thread rule: tests.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace weir::prices::testing {

using Digits = std::vector<int>;

inline Digits to_digits(std::uint64_t value) {
    Digits digits;
    for (; value != 0; value /= 10) digits.push_back(static_cast<int>(value % 10));
    return digits;
}

inline void carry(Digits& digits) {
    for (std::size_t i = 0; i < digits.size(); ++i) {
        if (digits[i] < 10) continue;
        if (i + 1 == digits.size()) digits.push_back(0);
        digits[i + 1] += digits[i] / 10;
        digits[i] %= 10;
    }
}

inline void add_product(Digits& sum, const Digits& x, const Digits& y) {
    if (sum.size() < x.size() + y.size()) sum.resize(x.size() + y.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
        for (std::size_t j = 0; j < y.size(); ++j) sum[i + j] += x[i] * y[j];
    }
    carry(sum);
}
inline void add_product(Digits& sum, std::uint64_t a, std::uint64_t b) {
    add_product(sum, to_digits(a), to_digits(b));
}

// Drops the last `drop` digits, half up; the largest std::int64_t where it is more.
inline std::int64_t to_nanos(Digits digits, std::size_t drop) {
    digits.resize(std::max(digits.size(), drop + 1));
    digits[drop - 1] += 5;
    carry(digits);
    std::string text;
    for (std::size_t i = digits.size(); i-- > drop;) text.push_back(static_cast<char>('0' + digits[i]));
    text.erase(0, text.find_first_not_of('0'));
    if (text.empty()) return 0;
    const std::string max = std::to_string(std::numeric_limits<std::int64_t>::max());
    if (text.size() > max.size() || (text.size() == max.size() && text > max)) {
        return std::numeric_limits<std::int64_t>::max();
    }
    return std::stoll(text);
}

}  // namespace weir::prices::testing
