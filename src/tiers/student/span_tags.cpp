#include "tiers/student/span_tags.h"

#include <algorithm>
#include <numeric>

namespace weir::tiers::student {
namespace {

constexpr std::size_t kMostPlacesTried = 64;  // of one value: a text of one letter over and over is not worth more

// The tokens that cover exactly these bytes; empty: none do.
TokenSpan covering(std::span<const SlotToken> tokens, std::size_t begin, std::size_t end) {
    const auto first = std::lower_bound(tokens.begin(), tokens.end(), begin,
                                        [](const SlotToken& token, std::size_t at) { return token.begin < at; });
    if (first == tokens.end() || first->begin != begin) return {};
    const auto last = std::lower_bound(first, tokens.end(), end,
                                       [](const SlotToken& token, std::size_t at) { return token.end < at; });
    if (last == tokens.end() || last->end != end) return {};
    return {0, static_cast<std::uint32_t>(first - tokens.begin()),
            static_cast<std::uint32_t>(last - tokens.begin() + 1)};
}

}  // namespace

std::size_t place_values(std::string_view text, std::span<const SlotToken> tokens, std::span<const SpanValue> values,
                         bool repeat, std::vector<TokenSpan>& out) {
    out.clear();
    std::vector<std::size_t> order(values.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return values[a].text.size() > values[b].text.size(); });
    std::vector<std::uint8_t> taken(tokens.size(), 0);
    const auto place = [&](const SpanValue& value, std::size_t& from) {
        if (value.text.empty()) return false;
        for (std::size_t tried = 0; tried < kMostPlacesTried; ++tried) {
            const std::size_t at = text.find(value.text, from);
            if (at == std::string_view::npos) return false;
            from = at + 1;
            TokenSpan span = covering(tokens, at, at + value.text.size());
            if (span.begin == span.end) continue;
            const auto begin = taken.begin() + span.begin, end = taken.begin() + span.end;
            if (std::find(begin, end, 1) != end) continue;
            std::fill(begin, end, std::uint8_t{1});
            span.label = value.label;
            out.push_back(span);
            return true;
        }
        return false;
    };
    std::size_t found = 0;
    for (const std::size_t index : order) {
        std::size_t from = 0;
        found += place(values[index], from) ? 1 : 0;
    }
    if (repeat) {
        for (const std::size_t index : order) {
            const bool elsewhere = std::any_of(values.begin(), values.end(), [&](const SpanValue& each) {
                return each.label != values[index].label && each.text == values[index].text;
            });
            if (elsewhere) continue;
            for (std::size_t from = 0; place(values[index], from);) continue;
        }
    }
    std::sort(out.begin(), out.end(), [](const TokenSpan& a, const TokenSpan& b) { return a.begin < b.begin; });
    return found;
}

learn::TagChain SpanTags::chain() const {
    learn::TagChain chain = learn::TagChain::all(count());
    const std::size_t boundary = count(), parts = ends_ ? 4 : 2;
    // Open: a tag that must be followed by its own inside or end. Of BIO none is.
    const auto part = [&](std::size_t of) { return static_cast<Part>((of - 1) % parts); };
    const auto goes_on = [&](std::size_t of) {
        return of != 0 && of != boundary && (part(of) == kInside || part(of) == kEnd);
    };
    const auto open = [&](std::size_t of) {
        return ends_ && of != 0 && of != boundary && (part(of) == kBegin || part(of) == kInside);
    };
    for (std::size_t from = 0; from <= boundary; ++from) {
        for (std::size_t to = 0; to <= boundary; ++to) {
            const bool inside_one = from != 0 && from != boundary && to != 0 && to != boundary &&
                                    (from - 1) / parts == (to - 1) / parts && (!ends_ || open(from));
            if (goes_on(to) ? !inside_one : open(from)) chain.forbid(from, to);
        }
    }
    return chain;
}

void SpanTags::encode(std::span<const TokenSpan> spans, std::size_t tokens, std::vector<std::uint8_t>& out) const {
    const std::size_t start = out.size();
    out.resize(start + tokens, 0);
    for (const TokenSpan& span : spans) {
        for (std::size_t token = span.begin; token < span.end; ++token) {
            Part part = token == span.begin ? kBegin : kInside;
            if (ends_ && token + 1 == span.end) part = part == kBegin ? kSingle : kEnd;
            out[start + token] = tag(span.label, part);
        }
    }
}

void SpanTags::decode(std::span<const std::uint8_t> tags, std::vector<TokenSpan>& out) const {
    out.clear();
    const std::size_t parts = ends_ ? 4 : 2;
    for (std::size_t token = 0; token < tags.size(); ++token) {
        if (tags[token] == 0 || tags[token] >= count()) continue;
        const auto label = static_cast<std::uint16_t>((tags[token] - 1U) / parts);
        const auto part = static_cast<Part>((tags[token] - 1U) % parts);
        const bool goes_on = part == kInside || part == kEnd;
        if (goes_on && !out.empty() && out.back().end == token && out.back().label == label) {
            out.back().end = static_cast<std::uint32_t>(token + 1);
        } else {
            out.push_back({label, static_cast<std::uint32_t>(token), static_cast<std::uint32_t>(token + 1)});
        }
    }
}

}  // namespace weir::tiers::student
