#include "tiers/student/span_features.h"

#include <algorithm>

#include "text/utf8.h"

namespace weir::tiers::student {
namespace {

constexpr std::uint64_t kStart = 0xcbf29ce484222325U;

std::uint64_t grown(std::uint64_t hash, std::uint64_t value) {
    return (hash ^ value) * 0x9E3779B97F4A7C15U + (hash >> 29U);
}
std::uint32_t finished(std::uint64_t hash) {
    hash = (hash ^ (hash >> 32U)) * 0xD6E8FEB86659FD93U;
    return static_cast<std::uint32_t>((hash ^ (hash >> 32U)) >> 16U);
}

// Which feature it is; what follows from it is part of a model's bytes, so numbers are never used again.
enum Feature : std::uint64_t {
    kWord = 1,
    kLower,
    kBefore,
    kBehind,
    kBefore2,
    kBehind2,
    kPairBefore,
    kPairBehind,
    kAround,
    kTwoBefore,
    kShape,
    kOutline,
    kOutlineBefore,
    kOutlineBehind,
    kOutlines,
    kPrefix,
    kSuffix,
    kFlags,
    kPlace,
    kCases,
    kKnown,
    kKnownBefore,
    kKnownBehind,
    kTold,
    kToldBefore,
    kToldBehind,
    kTolds,
    kOtherBefore,
    kOtherBehind,
    kOtherTold,
    kAlways,
    kWordPlace,
    kCasesBefore,
    kCasesBehind,
};

std::uint32_t feature(Feature kind, std::uint64_t a, std::uint64_t b = 0, std::uint64_t c = 0) {
    return finished(grown(grown(grown(grown(kStart, kind), a), b), c));
}

char32_t class_of(char32_t value, bool& capital, bool& letter) {
    capital = text::is_capital(value);
    letter = capital || (value < 0x80 ? value >= 'a' && value <= 'z' : text::is_letter(value));
    if (value >= '0' && value <= '9') return '0';
    return capital ? 'A' : letter ? 'a' : value;
}

TokenTraits traits_of(std::string_view token) {
    TokenTraits traits;
    std::uint64_t word = kStart, lower = kStart, shape = kStart, outline = kStart, prefix = kStart;
    std::array<char32_t, 4> last{};
    std::size_t count = 0, capitals = 0, letters = 0;
    char32_t class_before = 0;
    for (std::size_t at = 0; at < token.size(); ++count) {
        const text::CodePoint point = text::decode(token, at);
        at += point.size;
        const char32_t small = text::to_lower(point.value);
        bool capital = false, letter = false;
        const char32_t kind = class_of(point.value, capital, letter);
        capitals += capital ? 1 : 0;
        letters += letter ? 1 : 0;
        if (count == 0) traits.capital = capital;
        traits.digit = traits.digit || kind == '0';
        word = grown(word, point.value);
        lower = grown(lower, small);
        if (count < 10) shape = grown(shape, kind);
        if (kind != class_before) outline = grown(outline, kind);
        class_before = kind;
        if (count < 4) {
            prefix = grown(prefix, small);
            traits.prefix[count] = finished(prefix);
        }
        last[count % 4] = small;
    }
    std::uint64_t suffix = kStart;
    for (std::size_t size = 0; size < std::min<std::size_t>(count, 4); ++size) {
        suffix = grown(suffix, last[(count - 1 - size) % 4]);
        traits.suffix[size] = finished(suffix);
    }
    traits.word = finished(word);
    traits.lower = finished(lower);
    traits.shape = finished(shape);
    traits.outline = finished(outline);
    traits.letter = letters > 0;
    traits.capitals = letters > 0 && capitals == letters;
    traits.small = letters > 0 && capitals == 0;
    return traits;
}

bool ends_sentence(std::string_view token) {
    return token == "." || token == "!" || token == "?" || token == ":" || token == "\"" || token == "``" ||
           token == "-";
}

std::uint64_t bucket(unsigned count) {
    return count < 3 ? count : count < 8 ? 3 : 4;
}

}  // namespace

void SpanFeatures::look(std::string_view text, std::span<const SlotToken> tokens) {
    traits_.clear();
    std::size_t words = 0, small = 0;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        TokenTraits traits = traits_of(tokens[i].of(text));
        traits.starts =
            i == 0 || ends_sentence(tokens[i - 1].of(text)) ||
            text.substr(tokens[i - 1].end, tokens[i].begin - tokens[i - 1].end).find('\n') != std::string_view::npos;
        if (!traits.starts && tokens[i - 1].end - tokens[i - 1].begin > 2) {
            const char end = text[tokens[i - 1].end - 1];
            traits.starts = end == '?' || end == '!' || (end == '.' && traits_.back().small);
        }
        traits.attached = i > 0 && tokens[i - 1].end == tokens[i].begin;
        words += traits.letter ? 1 : 0;
        small += traits.small ? 1 : 0;
        traits_.push_back(traits);
    }
    shouting_ = small * 5 <= words;
    by_word_.clear();
    for (std::size_t i = 0; i < traits_.size(); ++i) by_word_.push_back(std::uint64_t{traits_[i].lower} << 32U | i);
    std::sort(by_word_.begin(), by_word_.end());
    other_.resize(traits_.size());
    for (std::size_t i = 0; i < by_word_.size(); ++i) {
        const auto token = static_cast<std::uint32_t>(by_word_[i]);
        other_[token] = token;
        if (i > 0 && by_word_[i - 1] >> 32U == by_word_[i] >> 32U) {
            other_[token] = static_cast<std::uint32_t>(by_word_[i - 1]);
        } else if (i + 1 < by_word_.size() && by_word_[i + 1] >> 32U == by_word_[i] >> 32U) {
            other_[token] = static_cast<std::uint32_t>(by_word_[i + 1]);
        }
    }
}

const TokenTraits& SpanFeatures::at(std::size_t token, int offset) const {
    static const TokenTraits outside;
    const std::size_t place = token + static_cast<std::size_t>(offset);  // wraps below the first
    return place < traits_.size() ? traits_[place] : outside;
}

std::uint32_t SpanFeatures::span_hash(std::size_t begin, std::size_t end) const {
    std::uint64_t hash = kStart;
    for (std::size_t i = begin; i < end; ++i) hash = grown(hash, traits_[i].lower);
    return finished(hash);
}

void SpanFeatures::teach(std::span<const TokenSpan> spans, SpanKnowledge& knowledge, OwnCounts& own) const {
    const std::size_t none = knowledge.words.columns() - 1;
    std::vector<std::size_t> labels(traits_.size(), none);
    for (const TokenSpan& span : spans) {
        for (std::size_t i = span.begin; i < span.end; ++i) labels[i] = span.label;
        if (span.end - span.begin <= kLongestKnown) {
            own.spans.push_back({span_hash(span.begin, span.end), span.label});
        }
    }
    for (std::size_t i = 0; i < traits_.size(); ++i) {
        own.words.push_back({traits_[i].lower, static_cast<std::uint32_t>(labels[i])});
        if (shouting_ || !traits_[i].letter) continue;
        if (traits_[i].small) knowledge.cases.add(traits_[i].lower, 0);
        if (traits_[i].capital && !traits_[i].starts) knowledge.cases.add(traits_[i].lower, 1);
    }
    for (auto* entries : {&own.spans, &own.words}) {
        std::sort(entries->begin(), entries->end());
        entries->erase(std::unique(entries->begin(), entries->end()), entries->end());
    }
    for (const OwnCounts::Entry& each : own.spans) knowledge.spans.add(each.hash, each.column);
    for (const OwnCounts::Entry& each : own.words) knowledge.words.add(each.hash, each.column);
}

SpanFeatures::Novelty SpanFeatures::novelty(const SpanKnowledge& knowledge) const {
    Novelty found;
    for (const TokenTraits& each : traits_) {
        if (!each.small) continue;
        ++found.words;
        found.unknown += knowledge.words.find(each.lower) == nullptr ? 1 : 0;
    }
    return found;
}

// known_: 0, or what the longest known span at the token is and where in it the token stands. told_: 0 for a word never
// seen, else its most frequent label and how sure that is.
void SpanFeatures::find_known(const SpanKnowledge& knowledge, const OwnCounts* own) {
    const std::size_t count = traits_.size(), labels = knowledge.spans.columns();
    known_.assign(count, 0);
    told_.assign(count, 0);
    for (std::size_t i = 0; i < count;) {
        std::uint64_t hash = kStart;
        std::size_t longest = 0, label = 0;
        for (std::size_t end = i; end < std::min(count, i + kLongestKnown); ++end) {
            hash = grown(hash, traits_[end].lower);
            const std::uint32_t span = finished(hash);
            const std::uint8_t* counts = knowledge.spans.find(span);
            if (counts == nullptr) continue;
            unsigned most = 0;
            for (std::size_t each = 0; each < labels; ++each) {
                const unsigned times =
                    counts[each] -
                    (own != nullptr && counts[each] < 255 && OwnCounts::has(own->spans, span, each) ? 1U : 0U);
                if (times <= most) continue;
                most = times;
                longest = end + 1 - i;
                label = each;
            }
        }
        for (std::size_t j = 0; j < longest; ++j) {
            const std::size_t part = (j == 0 ? 1U : 0U) + (j + 1 == longest ? 2U : 0U);
            known_[i + j] = static_cast<std::uint32_t>(1 + 4 * label + part);
        }
        i += std::max<std::size_t>(longest, 1);
    }
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint8_t* counts = knowledge.words.find(traits_[i].lower);
        if (counts == nullptr) continue;
        unsigned most = 0, total = 0, best = 0;
        for (unsigned column = 0; column <= labels; ++column) {
            const unsigned times =
                counts[column] -
                (own != nullptr && counts[column] < 255 && OwnCounts::has(own->words, traits_[i].lower, column) ? 1U
                                                                                                                : 0U);
            total += times;
            if (times <= most) continue;
            most = times;
            best = column;
        }
        if (total == 0) continue;
        const unsigned sure = most == total ? 3 : 10 * most >= 9 * total ? 2 : 3 * most >= 2 * total ? 1 : 0;
        told_[i] = static_cast<std::uint32_t>(1 + (best * 4 + sure) * 8 + bucket(total));
    }
}

void SpanFeatures::add_word(std::size_t token, learn::TokenFeatures& out) const {
    auto& to = out.hashes;
    const TokenTraits& own = traits_[token];
    const TokenTraits &before = at(token, -1), &behind = at(token, 1), &before2 = at(token, -2),
                      &behind2 = at(token, 2);
    to.push_back(feature(kAlways, 0));
    to.push_back(feature(kWord, own.word));
    to.push_back(feature(kLower, own.lower));
    to.push_back(feature(kBefore, before.lower));
    to.push_back(feature(kBehind, behind.lower));
    to.push_back(feature(kBefore2, before2.lower));
    to.push_back(feature(kBehind2, behind2.lower));
    to.push_back(feature(kPairBefore, before.lower, own.lower));
    to.push_back(feature(kPairBehind, own.lower, behind.lower));
    to.push_back(feature(kAround, before.lower, behind.lower));
    to.push_back(feature(kTwoBefore, before2.lower, before.lower));
    to.push_back(feature(kShape, own.shape));
    to.push_back(feature(kOutline, own.outline, shouting_ ? 1 : 0));
    to.push_back(feature(kOutlineBefore, before.outline));
    to.push_back(feature(kOutlineBehind, behind.outline));
    to.push_back(feature(kOutlines, before.outline, own.outline, behind.outline));
    for (std::size_t size = 0; size < 4; ++size) {
        if (own.prefix[size] != 0) to.push_back(feature(kPrefix, own.prefix[size], size));
        if (own.suffix[size] != 0) to.push_back(feature(kSuffix, own.suffix[size], size));
    }
    const std::uint64_t flags = (own.capital ? 1U : 0U) | (own.capitals ? 2U : 0U) | (own.digit ? 4U : 0U) |
                                (own.letter ? 8U : 0U) | (own.starts ? 16U : 0U) | (own.attached ? 32U : 0U);
    to.push_back(feature(kFlags, flags, shouting_ ? 1 : 0));
    const std::size_t place = std::min<std::size_t>(token, 3), left = std::min<std::size_t>(traits_.size() - token, 3);
    to.push_back(feature(kPlace, place, left, std::min<std::size_t>(traits_.size(), 8)));
    to.push_back(feature(kWordPlace, own.outline, place, std::min<std::size_t>(traits_.size(), 8)));
}

void SpanFeatures::add_knowledge(std::size_t token, const SpanKnowledge& knowledge, learn::TokenFeatures& out) const {
    auto& to = out.hashes;
    const TokenTraits& own = traits_[token];
    const auto cases = [&](const TokenTraits& of) -> std::uint64_t {
        const std::uint8_t* counts = of.letter ? knowledge.cases.find(of.lower) : nullptr;
        return counts == nullptr ? 99 : bucket(counts[0]) * 8 + bucket(counts[1]);
    };
    const std::uint64_t form = (own.capital ? 1U : 0U) | (own.starts ? 2U : 0U) | (shouting_ ? 4U : 0U);
    to.push_back(feature(kCases, cases(own), form));
    to.push_back(feature(kCasesBefore, cases(at(token, -1)), form));
    to.push_back(feature(kCasesBehind, cases(at(token, 1)), form));
    const auto of = [&](const std::vector<std::uint32_t>& from, int offset) -> std::uint64_t {
        const std::size_t place = token + static_cast<std::size_t>(offset);
        return place < from.size() ? from[place] : 0;
    };
    if (of(known_, 0) != 0) to.push_back(feature(kKnown, of(known_, 0), own.capital ? 1 : 0));
    if (of(known_, -1) != 0) to.push_back(feature(kKnownBefore, of(known_, -1)));
    if (of(known_, 1) != 0) to.push_back(feature(kKnownBehind, of(known_, 1)));
    to.push_back(feature(kTold, of(told_, 0), own.capital ? 1 : 0));
    to.push_back(feature(kToldBefore, of(told_, -1), own.capital ? 1 : 0));
    to.push_back(feature(kToldBehind, of(told_, 1), own.capital ? 1 : 0));
    to.push_back(feature(kTolds, of(told_, -1) / 8, of(told_, 0) / 8, of(told_, 1) / 8));
    const std::size_t other = other_[token];
    if (other != token && own.capital) {
        to.push_back(feature(kOtherBefore, at(other, -1).lower));
        to.push_back(feature(kOtherBehind, at(other, 1).lower));
    }
}

void SpanFeatures::features(const SpanKnowledge& knowledge, const OwnCounts* own, learn::TokenFeatures& out) {
    out.clear();
    find_known(knowledge, own);
    for (std::size_t token = 0; token < traits_.size(); ++token) {
        add_word(token, out);
        add_knowledge(token, knowledge, out);
        out.end_token();
    }
}

}  // namespace weir::tiers::student
