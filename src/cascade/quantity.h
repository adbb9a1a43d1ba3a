// Numbers in answers, with their units: "$1,234.50", "60 minutes", "3/4", "12 %", "2 million", "forty-two".
// Thread rule: pure functions.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::cascade {

struct Quantity {
    double value = 0;
    int decimals = 0;                // as written
    std::string unit;                // small, singular, empty where none is named: "apple", "minute", "$", "%"
    std::size_t begin = 0, end = 0;  // where in the text, unit left out
};

// All numbers of the text, in order; at most 1,000.
std::vector<Quantity> find_quantities(std::string_view text);
// The whole text is one number in words: "forty-two", "twelve apples".
std::optional<Quantity> number_in_words(std::string_view text);

enum class Same : unsigned char { yes, no, unknown };
// Unknown where the units can't be compared, or one was rounded to a whole number and the other was not.
Same same_quantity(const Quantity& a, const Quantity& b, double relative_tolerance);

}  // namespace weir::cascade
