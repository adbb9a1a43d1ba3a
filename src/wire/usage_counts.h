// Reads of single counts in usage objects, which the shapes in usage_form.cpp and usage_messages.cpp share.
// Thread rule: pure functions.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/units.h"
#include "json/scan.h"

namespace weir::wire {

// Beyond them a count is nonsense and would only overflow sums.
inline constexpr Tokens kMaxUsageTokens = 1'000'000'000'000;
inline constexpr Tokens kMaxUsagePieces = 1'000'000'000;

inline std::optional<Tokens> token_count(std::string_view raw) {
    // As nearly all are spelled.
    constexpr std::size_t kFewDigits = 12;
    if (!raw.empty() && raw.size() <= kFewDigits) {
        Tokens count = 0;
        std::size_t digits = 0;
        while (digits < raw.size() && raw[digits] >= '0' && raw[digits] <= '9')
            count = count * 10 + (raw[digits++] - '0');
        if (digits == raw.size()) return count;
    }
    const std::optional<double> value = json::as_double(raw);
    if (!value) return std::nullopt;
    return static_cast<Tokens>(std::llround(std::clamp(*value, 0.0, static_cast<double>(kMaxUsageTokens))));
}

inline std::uint32_t piece_count(std::optional<Tokens> count) {
    return static_cast<std::uint32_t>(std::clamp<Tokens>(count.value_or(0), 0, kMaxUsagePieces));
}

// The count called `name` in an object, null or nothing.
inline std::optional<Tokens> count_in(std::string_view document, json::Span object, std::string_view name) {
    const std::optional<json::Span> value = json::find_member(document, object, name);
    return value ? token_count(value->of(document)) : std::nullopt;
}

// The larger of two counts that say the same thing; nullopt where there is neither.
inline void raise(std::optional<Tokens>& to, std::optional<Tokens> count) {
    if (count) to = std::max(to.value_or(0), *count);
}

// Takes counts out of a whole, each at most what is left of it.
class Share {
  public:
    explicit Share(Tokens whole) : left_(whole) {}
    Tokens take(std::optional<Tokens> count) {
        const Tokens taken = std::clamp<Tokens>(count.value_or(0), 0, left_);
        left_ -= taken;
        return taken;
    }
    Tokens left() const { return left_; }

  private:
    Tokens left_;
};

}  // namespace weir::wire
