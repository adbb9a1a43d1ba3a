#include "tiers/semantic_cache/pair_features.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace weir::tiers::semantic {
namespace {

constexpr std::array<std::string_view, kPairFeatures> kNames{"dense_cosine",
                                                             "hashing_cosine",
                                                             "content_jaccard",
                                                             "content_rarity_jaccard",
                                                             "content_containment",
                                                             "asked_covered",
                                                             "cached_covered",
                                                             "word_jaccard",
                                                             "meaning_jaccard",
                                                             "bigram_jaccard",
                                                             "trigram_dice",
                                                             "word_length_ratio",
                                                             "byte_length_ratio",
                                                             "word_length_difference",
                                                             "fewer_content",
                                                             "more_content",
                                                             "edit_distance",
                                                             "common_sequence_of_longer",
                                                             "common_sequence_of_shorter",
                                                             "order_agreement",
                                                             "common_prefix",
                                                             "common_suffix",
                                                             "first_word_equal",
                                                             "last_content_equal",
                                                             "kind_relation",
                                                             "asked_kind",
                                                             "cached_kind",
                                                             "rarest_difference",
                                                             "cached_difference_rarity",
                                                             "asked_difference_rarity",
                                                             "cached_differences",
                                                             "asked_differences",
                                                             "rarest_shared",
                                                             "shared_content",
                                                             "fuzzy_mean",
                                                             "fuzzy_least",
                                                             "cached_unexplained",
                                                             "asked_unexplained",
                                                             "guard_matched",
                                                             "guard_spelling",
                                                             "guard_inflection",
                                                             "guard_dropped",
                                                             "guard_moved",
                                                             "explained",
                                                             "proper_jaccard",
                                                             "sentence_difference",
                                                             "quantities",
                                                             "negations",
                                                             "leans_on_context",
                                                             "refused_order",
                                                             "refused_roles",
                                                             "refused_logic",
                                                             "refused_time_order",
                                                             "refused_coreference",
                                                             "refused_modality",
                                                             "refused_question_kind",
                                                             "refused_word",
                                                             "refused_condition",
                                                             "lexical_margin",
                                                             "dense_lead",
                                                             "others_dense_mean",
                                                             "hashing_lead",
                                                             "others_hashing_mean",
                                                             "same_answers"};

constexpr float kUnknown = std::numeric_limits<float>::quiet_NaN();
constexpr std::size_t kNearestOthers = 4;

using Ids = std::vector<std::uint64_t>;

// One side of a pair, cut to kMostPairWords words, punctuation left out.
struct Side {
    std::vector<const text::Word*> words;
    Ids stems;    // of each word
    Ids content;  // stems of content words, in the text's order
    std::vector<const text::Word*> content_words;
    Ids sorted_content, sorted_words, sorted_bigrams, sorted_meanings, proper;
    std::vector<std::uint32_t> trigrams;  // sorted, with repeats
    std::size_t bytes = 0, sentences = 0;
};

template <class T>
void sort_once(std::vector<T>& items) {
    std::sort(items.begin(), items.end());
    items.erase(std::unique(items.begin(), items.end()), items.end());
}

void append_trigrams(std::string_view word, std::vector<std::uint32_t>& to) {
    std::uint32_t window = ' ';
    for (std::size_t i = 0; i <= word.size(); ++i) {
        window = ((window << 8) | (i < word.size() ? static_cast<std::uint8_t>(word[i]) : ' ')) & 0xFFFFFFU;
        if (i > 0 || word.size() == 1) to.push_back(window);
    }
}

Side side_of(const Question& question) {
    Side side;
    for (const text::Word& word : question.words) {
        side.sentences += word.starts_sentence ? 1 : 0;
        side.bytes = word.end;
        if (word.kind == text::WordKind::punctuation || side.words.size() == kMostPairWords) continue;
        const std::uint64_t stem = text::word_id(word.stem);
        side.words.push_back(&word);
        side.stems.push_back(stem);
        side.sorted_words.push_back(word.id);
        if (!word.function_word) {
            side.content.push_back(stem);
            side.content_words.push_back(&word);
        }
        if (word.capitalised && !word.starts_sentence) side.proper.push_back(stem);
        append_trigrams(word.lower, side.trigrams);
    }
    for (std::size_t i = 1; i < side.stems.size(); ++i) {
        side.sorted_bigrams.push_back(side.stems[i - 1] * 0x9E3779B97F4A7C15ULL + side.stems[i]);
    }
    for (const Term& term : question.terms) side.sorted_meanings.push_back(term.meaning);
    side.sorted_content = side.content;
    sort_once(side.sorted_content);
    sort_once(side.sorted_words);
    sort_once(side.sorted_bigrams);
    sort_once(side.sorted_meanings);
    sort_once(side.proper);
    std::sort(side.trigrams.begin(), side.trigrams.end());
    return side;
}

template <class T>
std::size_t shared_count(const std::vector<T>& a, const std::vector<T>& b) {
    std::size_t shared = 0;
    for (std::size_t i = 0, j = 0; i < a.size() && j < b.size();) {
        if (a[i] == b[j]) {
            ++shared, ++i, ++j;
        } else if (a[i] < b[j]) {
            ++i;
        } else {
            ++j;
        }
    }
    return shared;
}

float ratio(std::size_t part, std::size_t whole, float otherwise = 1) {
    return whole == 0 ? otherwise : static_cast<float>(part) / static_cast<float>(whole);
}

template <class T>
float jaccard(const std::vector<T>& a, const std::vector<T>& b, float otherwise = 1) {
    const std::size_t shared = shared_count(a, b);
    return ratio(shared, a.size() + b.size() - shared, otherwise);
}

// Levenshtein distance of words and the length of their longest common subsequence (Wagner and Fischer, 1974).
std::pair<std::size_t, std::size_t> edits_and_common(const Ids& a, const Ids& b) {
    std::array<std::uint16_t, kMostPairWords + 1> edits{}, common{};
    for (std::size_t j = 0; j <= b.size(); ++j) edits[j] = static_cast<std::uint16_t>(j);
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::uint16_t edits_before = edits[0], common_before = 0;
        edits[0] = static_cast<std::uint16_t>(i + 1);
        for (std::size_t j = 0; j < b.size(); ++j) {
            const bool equal = a[i] == b[j];
            const std::uint16_t edits_above = edits[j + 1], common_above = common[j + 1];
            const int changed = edits_before + (equal ? 0 : 1);
            edits[j + 1] = static_cast<std::uint16_t>(std::min({changed, edits_above + 1, edits[j] + 1}));
            common[j + 1] = equal ? static_cast<std::uint16_t>(common_before + 1) : std::max(common_above, common[j]);
            edits_before = edits_above;
            common_before = common_above;
        }
    }
    return {edits[b.size()], common[b.size()]};
}

// Of shared content words: the share of neighbours on one side that come in the same order on the other.
float order_agreement(const Ids& a, const Ids& b) {
    std::vector<std::size_t> places;
    for (const std::uint64_t stem : a) {
        const auto found = std::find(b.begin(), b.end(), stem);
        if (found != b.end()) places.push_back(static_cast<std::size_t>(found - b.begin()));
    }
    std::size_t agreeing = 0;
    for (std::size_t i = 1; i < places.size(); ++i) agreeing += places[i] >= places[i - 1] ? 1 : 0;
    return places.size() < 2 ? 1 : ratio(agreeing, places.size() - 1);
}

float trigram_similarity(std::string_view a, std::string_view b) {
    std::vector<std::uint32_t> x, y;
    append_trigrams(a, x);
    append_trigrams(b, y);
    std::sort(x.begin(), x.end());
    std::sort(y.begin(), y.end());
    return 2 * ratio(shared_count(x, y), x.size() + y.size());
}

// Content words of `side` whose stem `other` hasn't.
std::vector<const text::Word*> differing(const Side& side, const Side& other) {
    std::vector<const text::Word*> words;
    for (std::size_t i = 0; i < side.content.size(); ++i) {
        if (!std::binary_search(other.sorted_content.begin(), other.sorted_content.end(), side.content[i])) {
            words.push_back(side.content_words[i]);
        }
    }
    return words;
}

struct Setter {
    PairFeatures& values;
    void operator()(PairFeature feature, float value) { values[static_cast<std::size_t>(feature)] = value; }
    void operator()(PairFeature feature, std::size_t value) { (*this)(feature, static_cast<float>(value)); }
};

float sum_of_rarity(const std::vector<const text::Word*>& words, const WordRarity& rarity, float& largest) {
    float sum = 0;
    for (const text::Word* const word : words) {
        const float each = rarity.rarity(*word, text::word_id(word->stem));
        sum += each;
        largest = std::max(largest, each);
    }
    return sum;
}

void set_differences(const Side& cached, const Side& asked, const WordRarity& rarity, Setter set) {
    const auto only_cached = differing(cached, asked), only_asked = differing(asked, cached);
    float rarest = 0, rarest_shared = 0;
    const float cached_rarity = sum_of_rarity(only_cached, rarity, rarest);
    const float asked_rarity = sum_of_rarity(only_asked, rarity, rarest);
    std::vector<const text::Word*> shared;
    for (std::size_t i = 0; i < asked.content.size(); ++i) {
        if (std::binary_search(cached.sorted_content.begin(), cached.sorted_content.end(), asked.content[i])) {
            shared.push_back(asked.content_words[i]);
        }
    }
    const float shared_rarity = sum_of_rarity(shared, rarity, rarest_shared);
    const float all = shared_rarity + cached_rarity + asked_rarity;
    set(PairFeature::content_rarity_jaccard, all > 0 ? shared_rarity / all : 1.0F);
    set(PairFeature::asked_covered,
        shared_rarity + asked_rarity > 0 ? shared_rarity / (shared_rarity + asked_rarity) : 1.0F);
    set(PairFeature::cached_covered,
        shared_rarity + cached_rarity > 0 ? shared_rarity / (shared_rarity + cached_rarity) : 1.0F);
    set(PairFeature::rarest_difference, rarest);
    set(PairFeature::cached_difference_rarity, cached_rarity);
    set(PairFeature::asked_difference_rarity, asked_rarity);
    set(PairFeature::cached_differences, only_cached.size());
    set(PairFeature::asked_differences, only_asked.size());
    set(PairFeature::rarest_shared, rarest_shared);
    set(PairFeature::shared_content, shared.size());

    float sum = 0, least = 1;
    constexpr std::size_t kMost = 12;  // words a side that are compared letter by letter
    const std::size_t most_cached = std::min(kMost, only_cached.size()),
                      most_asked = std::min(kMost, only_asked.size());
    for (std::size_t i = 0; i < most_cached; ++i) {
        float best = 0;
        for (std::size_t j = 0; j < most_asked; ++j) {
            best = std::max(best, trigram_similarity(only_cached[i]->lower, only_asked[j]->lower));
        }
        sum += best;
        least = std::min(least, best);
    }
    set(PairFeature::fuzzy_mean, most_cached == 0 ? 1.0F : sum / static_cast<float>(most_cached));
    set(PairFeature::fuzzy_least, least);
}

void set_words(const Side& cached, const Side& asked, Setter set) {
    const std::size_t shorter = std::min(cached.words.size(), asked.words.size());
    const std::size_t longer = std::max(cached.words.size(), asked.words.size());
    const auto [edits, common] = edits_and_common(cached.stems, asked.stems);
    set(PairFeature::edit_distance, ratio(edits, longer, 0));
    set(PairFeature::common_sequence_of_longer, ratio(common, longer));
    set(PairFeature::common_sequence_of_shorter, ratio(common, shorter));
    const auto prefix = std::mismatch(cached.stems.begin(), cached.stems.end(), asked.stems.begin(), asked.stems.end());
    const auto suffix =
        std::mismatch(cached.stems.rbegin(), cached.stems.rend(), asked.stems.rbegin(), asked.stems.rend());
    set(PairFeature::common_prefix, ratio(static_cast<std::size_t>(prefix.first - cached.stems.begin()), longer));
    set(PairFeature::common_suffix, ratio(static_cast<std::size_t>(suffix.first - cached.stems.rbegin()), longer));
    set(PairFeature::first_word_equal, shorter > 0 && cached.stems[0] == asked.stems[0] ? 1.0F : 0.0F);
    const bool last_equal =
        !cached.content.empty() && !asked.content.empty() && cached.content.back() == asked.content.back();
    set(PairFeature::last_content_equal, last_equal ? 1.0F : 0.0F);
    set(PairFeature::order_agreement, order_agreement(cached.content, asked.content));
    set(PairFeature::word_length_ratio, ratio(shorter, longer));
    set(PairFeature::word_length_difference, longer - shorter);
    set(PairFeature::byte_length_ratio,
        ratio(std::min(cached.bytes, asked.bytes), std::max(cached.bytes, asked.bytes)));
    const std::size_t sentences = std::max(cached.sentences, asked.sentences);
    set(PairFeature::sentence_difference, sentences - std::min(cached.sentences, asked.sentences));
}

void set_sets(const Side& cached, const Side& asked, Setter set) {
    const std::size_t fewer = std::min(cached.sorted_content.size(), asked.sorted_content.size());
    set(PairFeature::content_jaccard, jaccard(cached.sorted_content, asked.sorted_content));
    set(PairFeature::content_containment, ratio(shared_count(cached.sorted_content, asked.sorted_content), fewer));
    set(PairFeature::fewer_content, fewer);
    set(PairFeature::more_content, std::max(cached.sorted_content.size(), asked.sorted_content.size()));
    set(PairFeature::word_jaccard, jaccard(cached.sorted_words, asked.sorted_words));
    set(PairFeature::meaning_jaccard, jaccard(cached.sorted_meanings, asked.sorted_meanings));
    set(PairFeature::bigram_jaccard, jaccard(cached.sorted_bigrams, asked.sorted_bigrams));
    set(PairFeature::trigram_dice,
        2 * ratio(shared_count(cached.trigrams, asked.trigrams), cached.trigrams.size() + asked.trigrams.size(), 0.5F));
    set(PairFeature::proper_jaccard, jaccard(cached.proper, asked.proper, -1));
}

struct Rebuttable {
    Refusal refusal;
    PairFeature feature;
};
constexpr std::array kRebuttable{Rebuttable{Refusal::order, PairFeature::refused_order},
                                 Rebuttable{Refusal::roles, PairFeature::refused_roles},
                                 Rebuttable{Refusal::logic, PairFeature::refused_logic},
                                 Rebuttable{Refusal::time_order, PairFeature::refused_time_order},
                                 Rebuttable{Refusal::coreference, PairFeature::refused_coreference},
                                 Rebuttable{Refusal::modality, PairFeature::refused_modality},
                                 Rebuttable{Refusal::question_kind, PairFeature::refused_question_kind},
                                 Rebuttable{Refusal::word, PairFeature::refused_word},
                                 Rebuttable{Refusal::condition, PairFeature::refused_condition}};

void set_guards(const Question& cached, const Question& asked, const GuardReport& report, Setter set) {
    set(PairFeature::cached_unexplained, std::size_t{report.unexplained_cached});
    set(PairFeature::asked_unexplained, std::size_t{report.unexplained_asked});
    set(PairFeature::guard_matched, ratio(report.matched, std::min(cached.terms.size(), asked.terms.size())));
    set(PairFeature::guard_spelling, std::size_t{report.spelling});
    set(PairFeature::guard_inflection, std::size_t{report.inflection});
    set(PairFeature::guard_dropped, std::size_t{report.dropped});
    set(PairFeature::guard_moved, std::size_t{report.moved});
    set(PairFeature::explained, report.explained ? 1.0F : 0.0F);
    set(PairFeature::quantities, std::max(cached.quantities.size(), asked.quantities.size()));
    set(PairFeature::negations, std::size_t{std::max(cached.negations, asked.negations)});
    set(PairFeature::leans_on_context, cached.leans_on_context || asked.leans_on_context ? 1.0F : 0.0F);
    const bool one_open = cached.kind == QuestionKind::other || asked.kind == QuestionKind::other;
    for (const Rebuttable& each : kRebuttable) {
        if (report.refusal == each.refusal) set(each.feature, 1.0F);
    }
    set(PairFeature::kind_relation, cached.kind == asked.kind ? 0.0F : one_open ? 1.0F : 2.0F);
    set(PairFeature::asked_kind, static_cast<std::size_t>(asked.kind));
    set(PairFeature::cached_kind, static_cast<std::size_t>(cached.kind));
}

// --- lexical features ---

enum class Family : std::uint64_t { differs = 1, differs_alone, substituted, shared, kinds, first_words };

void add_hashed(Family family, std::uint64_t id, float value, std::vector<learn::SparseValue>& out) {
    std::uint64_t mixed = (id + static_cast<std::uint64_t>(family)) * 0x9E3779B97F4A7C15ULL;
    mixed = (mixed ^ (mixed >> 29)) * 0xBF58476D1CE4E5B9ULL;
    out.push_back({static_cast<std::uint32_t>(mixed >> (64 - kLexicalBits)), value});
}

std::uint64_t unordered_pair(std::uint64_t a, std::uint64_t b) {
    return std::min(a, b) * 0xD6E8FEB86659FD93ULL + std::max(a, b);
}

Ids only_here(const Ids& words, const Ids& other) {
    Ids only;
    for (const std::uint64_t each : words) {
        if (std::find(other.begin(), other.end(), each) == other.end()) only.push_back(each);
    }
    return only;
}

}  // namespace

RefusalSet rebuttable_refusals() {
    RefusalSet set = 0;
    for (const Rebuttable& each : kRebuttable) set |= 1U << static_cast<unsigned>(each.refusal);
    return set;
}

std::string_view feature_name(std::size_t index) {
    return index < kNames.size() ? kNames[index] : "";
}

PairFeatures pair_features(const Question& cached, const Question& asked, const GuardReport& report,
                           const Similarities& similarities, const WordRarity& rarity) {
    PairFeatures values{};
    std::fill(values.begin() + kLonePairFeatures, values.end(), kUnknown);
    Setter set{values};
    set(PairFeature::dense_cosine, similarities.dense);
    set(PairFeature::hashing_cosine, similarities.hashing);
    const Side cached_side = side_of(cached), asked_side = side_of(asked);
    set_sets(cached_side, asked_side, set);
    set_words(cached_side, asked_side, set);
    set_differences(cached_side, asked_side, rarity, set);
    set_guards(cached, asked, report, set);
    return values;
}

void set_surroundings(std::span<const FoundBeside> all, std::size_t index, PairFeatures& features) {
    const auto set_way = [&](float Similarities::*way, PairFeature lead, PairFeature mean) {
        std::array<float, kNearestOthers + 1> best{};  // of the others, falling; one place to spare
        std::size_t count = 0;
        for (std::size_t i = 0; i < all.size(); ++i) {
            const float each = all[i].similarities.*way;
            if (i == index || std::isnan(each)) continue;
            std::size_t at = count;
            for (; at > 0 && best[at - 1] < each; --at) best[at] = best[at - 1];
            best[at] = each;
            count = std::min(count + 1, kNearestOthers);
        }
        Setter set{features};
        const float own = all[index].similarities.*way;
        set(lead, count == 0 ? kUnknown : own - best[0]);
        const float sum = std::accumulate(best.begin(), best.begin() + static_cast<std::ptrdiff_t>(count), 0.0F);
        set(mean, count == 0 ? kUnknown : sum / static_cast<float>(count));
    };
    set_way(&Similarities::dense, PairFeature::dense_lead, PairFeature::others_dense_mean);
    set_way(&Similarities::hashing, PairFeature::hashing_lead, PairFeature::others_hashing_mean);
    if (all[index].answer == 0) return;
    const auto same = std::count_if(all.begin(), all.end(),
                                    [&](const FoundBeside& each) { return each.answer == all[index].answer; });
    Setter{features}(PairFeature::same_answers, static_cast<std::size_t>(same - 1));
}

void lexical_features(const Question& cached, const Question& asked, std::vector<learn::SparseValue>& out) {
    const Side a = side_of(cached), b = side_of(asked);
    const Ids only_a = only_here(a.stems, b.stems), only_b = only_here(b.stems, a.stems);
    const std::size_t differences = only_a.size() + only_b.size();
    for (const Ids* const only : {&only_a, &only_b}) {
        for (const std::uint64_t each : *only) add_hashed(Family::differs, each, 1, out);
    }
    constexpr std::size_t kMostPaired = 4;
    if (only_a.size() <= kMostPaired && only_b.size() <= kMostPaired) {
        for (const std::uint64_t x : only_a) {
            for (const std::uint64_t y : only_b) add_hashed(Family::substituted, unordered_pair(x, y), 1, out);
        }
        if (differences == 1) add_hashed(Family::differs_alone, only_a.empty() ? only_b[0] : only_a[0], 1, out);
    }
    for (const std::uint64_t each : a.stems) {
        if (std::find(b.stems.begin(), b.stems.end(), each) != b.stems.end()) {
            add_hashed(Family::shared, each, 0.5F, out);
        }
    }
    const auto kind = [](const Question& question) { return static_cast<std::uint64_t>(question.kind) + 1; };
    add_hashed(Family::kinds, unordered_pair(kind(cached), kind(asked)), 1, out);
    if (!a.stems.empty() && !b.stems.empty()) {
        add_hashed(Family::first_words, unordered_pair(a.stems[0], b.stems[0]), 1, out);
    }
}

}  // namespace weir::tiers::semantic
