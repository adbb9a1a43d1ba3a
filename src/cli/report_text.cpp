#include "cli/report_text.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string_view>

#include "cli/report_command.h"

namespace weir::cli {

std::string with_thousands(std::uint64_t value) {
    std::string text = std::to_string(value);
    for (std::size_t at = text.size(); at > 3;) {
        at -= 3;
        text.insert(at, ",");
    }
    return text;
}

std::string fixed(double value, int digits) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%.*f", digits, value);
    return text.data();
}

std::string percent(double share, int digits) {
    return fixed(share * 100, digits) + " %";
}

std::string share_text(std::uint64_t part, std::uint64_t whole) {
    return whole == 0 || part == 0 ? "-" : percent(static_cast<double>(part) / static_cast<double>(whole));
}

std::string shortened(const std::string& name) {
    constexpr std::size_t kMaxCharacters = 32;
    if (name.empty()) return "(none)";
    std::size_t characters = 0, cut = name.size();
    for (std::size_t i = 0; i < name.size(); ++i) {
        if ((static_cast<unsigned char>(name[i]) & 0xC0) == 0x80) continue;  // inside a character
        if (characters == kMaxCharacters - 3) cut = i;
        if (++characters > kMaxCharacters) return name.substr(0, cut) + "...";
    }
    return name;
}

std::vector<std::string> tiers_in_order(const std::map<std::string, std::uint64_t>& by_tier) {
    const auto rank = [](const std::string& tier) {
        constexpr std::array<std::string_view, 3> kFirst{"exact", "semantic", "student"};
        const auto at = std::find(kFirst.begin(), kFirst.end(), tier);
        if (at != kFirst.end()) return static_cast<int>(at - kFirst.begin());
        return tier == "reference" ? 5 : 4;
    };
    std::vector<std::string> tiers;
    for (const auto& [tier, requests] : by_tier) tiers.push_back(tier);
    std::stable_sort(tiers.begin(), tiers.end(),
                     [&rank](const std::string& a, const std::string& b) { return rank(a) < rank(b); });
    return tiers;
}

std::string format_dollars(Usd amount, int digits) {
    digits = std::clamp(digits, 0, 9);
    const bool negative = amount.nanos < 0;
    std::uint64_t nanos =
        negative ? ~static_cast<std::uint64_t>(amount.nanos) + 1 : static_cast<std::uint64_t>(amount.nanos);
    std::uint64_t step = 1;  // nano-dollars of the last digit shown
    for (int i = digits; i < 9; ++i) step *= 10;
    const std::uint64_t shown = (nanos + step / 2) / step;
    const std::uint64_t steps_in_dollar = 1'000'000'000 / step;
    std::string out = (negative && shown > 0 ? "-$" : "$") + with_thousands(shown / steps_in_dollar);
    if (digits == 0) return out;
    std::string fraction = std::to_string(shown % steps_in_dollar);
    fraction.insert(0, static_cast<std::size_t>(digits) - fraction.size(), '0');
    return out + "." + fraction;
}

}  // namespace weir::cli
