#include "cascade/quantity.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace weir::cascade {
namespace {

constexpr std::size_t kMostQuantities = 1000;
constexpr std::size_t kMostDigits = 40;

bool is_digit(char byte) {
    return byte >= '0' && byte <= '9';
}
char small(char byte) {
    return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte - 'A' + 'a') : byte;
}
bool is_letter(char byte) {
    const char lower = small(byte);
    return (lower >= 'a' && lower <= 'z') || static_cast<unsigned char>(byte) >= 0x80;
}

struct Unit {
    std::string_view name;
    std::string_view dimension;
    double factor;
};
constexpr std::array<Unit, 50> kUnits{{
    {"mm", "length", 0.001},
    {"millimeter", "length", 0.001},
    {"cm", "length", 0.01},
    {"centimeter", "length", 0.01},
    {"meter", "length", 1},
    {"metre", "length", 1},
    {"km", "length", 1000},
    {"kilometer", "length", 1000},
    {"kilometre", "length", 1000},
    {"inch", "length", 0.0254},
    {"inche", "length", 0.0254},
    {"foot", "length", 0.3048},
    {"feet", "length", 0.3048},
    {"ft", "length", 0.3048},
    {"yard", "length", 0.9144},
    {"mile", "length", 1609.344},
    {"mg", "mass", 1e-6},
    {"g", "mass", 0.001},
    {"gram", "mass", 0.001},
    {"kg", "mass", 1},
    {"kilogram", "mass", 1},
    {"kilo", "mass", 1},
    {"lb", "mass", 0.45359237},
    {"lbs", "mass", 0.45359237},
    {"ounce", "mass", 0.028349523125},
    {"oz", "mass", 0.028349523125},
    {"ton", "mass", 1000},
    {"ms", "time", 0.001},
    {"millisecond", "time", 0.001},
    {"s", "time", 1},
    {"sec", "time", 1},
    {"second", "time", 1},
    {"min", "time", 60},
    {"minute", "time", 60},
    {"h", "time", 3600},
    {"hr", "time", 3600},
    {"hour", "time", 3600},
    {"day", "time", 86400},
    {"week", "time", 604800},
    {"cent", "dollar", 0.01},
    {"$", "dollar", 1},
    {"dollar", "dollar", 1},
    {"usd", "dollar", 1},
    {"%", "percent", 1},
    {"percent", "percent", 1},
    {"ml", "volume", 0.001},
    {"l", "volume", 1},
    {"liter", "volume", 1},
    {"litre", "volume", 1},
    {"milliliter", "volume", 0.001},
}};

const Unit* find_unit(std::string_view name) {
    const auto found =
        std::find_if(kUnits.begin(), kUnits.end(), [name](const Unit& unit) { return unit.name == name; });
    return found == kUnits.end() ? nullptr : &*found;
}

// Words that follow a number and are no unit.
bool is_no_unit(std::string_view word) {
    constexpr std::array<std::string_view, 50> kOthers{
        "and",   "or",    "is",    "are",       "was",        "were",    "the",   "of",      "in",    "to",
        "for",   "a",     "an",    "per",       "with",       "on",      "at",    "by",      "from",  "so",
        "then",  "which", "total", "more",      "left",       "each",    "if",    "because", "since", "but",
        "than",  "as",    "that",  "remaining", "altogether", "would",   "will",  "can",     "times", "plus",
        "minus", "be",    "have",  "has",       "x",          "divided", "first", "third",   "next",  "last"};
    return std::find(kOthers.begin(), kOthers.end(), word) != kOthers.end();
}

double multiplier(std::string_view word) {
    if (word == "hundred") return 100;
    if (word == "thousand") return 1000;
    if (word == "million") return 1e6;
    if (word == "billion") return 1e9;
    if (word == "dozen") return 12;
    return 0;
}

std::string singular(std::string word) {
    if (word.size() > 3 && word.ends_with("ies")) return word.substr(0, word.size() - 3) + "y";
    if (word.size() > 2 && word.ends_with("s") && !word.ends_with("ss")) word.pop_back();
    return word;
}

// The word at or right behind `at`, small; moves `at` behind it. Empty where something else stands there.
std::string word_at(std::string_view text, std::size_t& at) {
    std::size_t from = at;
    while (from < text.size() && (text[from] == ' ' || text[from] == '-' || text[from] == '*')) ++from;
    std::size_t end = from;
    std::string word;
    while (end < text.size() && is_letter(text[end]) && word.size() < kMostDigits) word += small(text[end++]);
    if (!word.empty()) at = end;
    return word;
}

// "1,234.50" without its commas; moves `at` behind it.
std::string digits_at(std::string_view text, std::size_t& at, int& decimals) {
    std::string digits;
    bool point = false;
    for (; at < text.size() && digits.size() < kMostDigits; ++at) {
        const char byte = text[at];
        const bool more = at + 1 < text.size() && is_digit(text[at + 1]);
        if (is_digit(byte)) {
            digits += byte;
            decimals += point ? 1 : 0;
        } else if (byte == '.' && more && !point) {
            point = true;
            digits += byte;
        } else if (byte == ',' && more && !point && at + 3 < text.size() && is_digit(text[at + 2]) &&
                   is_digit(text[at + 3]) && (at + 4 >= text.size() || !is_digit(text[at + 4]))) {
            continue;  // thousands
        } else {
            break;
        }
    }
    while (at < text.size() && is_digit(text[at])) ++at;
    return digits;
}

double value_of(std::string_view digits) {
    double value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return value;
}

void read_unit(std::string_view text, std::size_t at, Quantity& quantity) {
    std::size_t behind = at;
    while (behind < text.size() && (text[behind] == ' ' || text[behind] == '\\' || text[behind] == '*')) ++behind;
    if (behind < text.size() && text[behind] == '%') {
        quantity.unit = "%";
        return;
    }
    std::string word = word_at(text, at);
    for (double times = multiplier(word); times != 0; times = multiplier(word)) {
        quantity.value *= times;
        quantity.end = at;
        word = word_at(text, at);
    }
    if (!quantity.unit.empty() || word.empty() || is_no_unit(word)) return;
    quantity.unit = word == "percent" ? "%" : singular(std::move(word));
    // "km/h", "miles per hour"
    std::size_t next = at;
    const bool slash = next < text.size() && text[next] == '/';
    if (slash) {
        ++next;
    } else if (word_at(text, next) != "per") {
        return;
    }
    if (std::string below = singular(word_at(text, next)); !below.empty()) {
        below = below == "hour" || below == "hr" ? "h" : below;
        quantity.unit += "/" + below;
    }
}

// "$", the euro and the pound sign before a number.
std::string currency_before(std::string_view text, std::size_t at) {
    std::string_view before = text.substr(0, at);
    while (before.ends_with(' ') || before.ends_with('-')) before.remove_suffix(1);
    if (before.ends_with('$')) return "$";
    if (before.ends_with("\u20ac")) return "euro";
    if (before.ends_with("\u00a3")) return "pound";
    return {};
}

std::optional<int> small_number(std::string_view word) {
    constexpr std::array<std::string_view, 20> kOnes{
        "zero", "one",    "two",    "three",    "four",     "five",    "six",     "seven",     "eight",    "nine",
        "ten",  "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"};
    constexpr std::array<std::string_view, 8> kTens{"twenty", "thirty",  "forty",  "fifty",
                                                    "sixty",  "seventy", "eighty", "ninety"};
    if (const auto at = std::find(kOnes.begin(), kOnes.end(), word); at != kOnes.end()) {
        return static_cast<int>(at - kOnes.begin());
    }
    if (const auto at = std::find(kTens.begin(), kTens.end(), word); at != kTens.end()) {
        return static_cast<int>(at - kTens.begin()) * 10 + 20;
    }
    return std::nullopt;
}

}  // namespace

std::vector<Quantity> find_quantities(std::string_view text) {
    std::vector<Quantity> found;
    for (std::size_t at = 0; at < text.size() && found.size() < kMostQuantities;) {
        const bool starts = is_digit(text[at]) && (at == 0 || !is_letter(text[at - 1]));
        if (!starts) {
            // A word with digits in it ("B12", "v2") is no number.
            const bool letter = is_letter(text[at]);
            ++at;
            while (letter && at < text.size() && (is_letter(text[at]) || is_digit(text[at]))) ++at;
            continue;
        }
        Quantity quantity;
        quantity.begin = at;
        const std::string digits = digits_at(text, at, quantity.decimals);
        quantity.value = value_of(digits);
        if (at + 1 < text.size() && text[at] == '/' && is_digit(text[at + 1])) {
            ++at;
            int ignored = 0;
            const double below = value_of(digits_at(text, at, ignored));
            if (below != 0) quantity.value /= below;
            quantity.decimals = 6;
        }
        quantity.end = at;
        quantity.unit = currency_before(text, quantity.begin);
        std::string_view before = text.substr(0, quantity.begin);
        while (before.ends_with('$')) before.remove_suffix(1);
        const bool minus = before.ends_with('-') || before.ends_with("\u2212");
        const std::size_t sign = before.ends_with('-') ? 1 : 3;
        const bool alone =
            minus && (before.size() == sign || before[before.size() - sign - 1] == ' ' ||
                      before[before.size() - sign - 1] == '{' || before[before.size() - sign - 1] == '(');
        if (alone) quantity.value = -quantity.value;
        read_unit(text, at, quantity);
        found.push_back(std::move(quantity));
    }
    return found;
}

std::optional<Quantity> number_in_words(std::string_view text) {
    std::size_t at = 0;
    std::string word = word_at(text, at);
    std::optional<int> number = small_number(word);
    if (!number) return std::nullopt;
    Quantity quantity;
    quantity.value = *number;
    quantity.end = at;
    if (*number >= 20) {
        std::size_t next = at;
        const std::optional<int> ones = small_number(word_at(text, next));
        if (ones && *ones > 0 && *ones < 10) {
            quantity.value += *ones;
            at = quantity.end = next;
        }
    }
    read_unit(text, at, quantity);
    std::size_t rest = quantity.end;
    if (!quantity.unit.empty()) word_at(text, rest);
    while (rest < text.size() && !is_letter(text[rest]) && !is_digit(text[rest])) ++rest;
    if (rest != text.size()) return std::nullopt;
    return quantity;
}

Same same_quantity(const Quantity& a, const Quantity& b, double relative_tolerance) {
    const Unit* const unit_a = find_unit(a.unit);
    const Unit* const unit_b = find_unit(b.unit);
    double x = a.value;
    double y = b.value;
    bool comparable = a.unit == b.unit;
    if (unit_a != nullptr && unit_b != nullptr) {
        if (unit_a->dimension != unit_b->dimension) return Same::no;
        if (unit_a->factor != unit_b->factor) {
            x *= unit_a->factor;
            y *= unit_b->factor;
        }
        comparable = true;
    }
    const bool one_bare = a.unit.empty() != b.unit.empty();
    const bool percent = a.unit == "%" || b.unit == "%";
    const double size = std::max(std::abs(x), std::abs(y));
    const bool equal = std::abs(x - y) <= relative_tolerance * size;
    if (equal) return comparable || (one_bare && !percent) ? Same::yes : Same::unknown;
    if (!comparable && !(one_bare && unit_a == nullptr && unit_b == nullptr)) return Same::unknown;
    if (a.decimals == b.decimals) return Same::no;
    const int coarse = std::min(a.decimals, b.decimals);
    const double step = std::pow(10.0, -coarse);
    if (std::abs(x - y) > step * (0.5 + 1e-9)) return Same::no;
    return coarse > 0 ? Same::yes : Same::unknown;
}

}  // namespace weir::cascade
