// What the verifier looks at in a pair of questions: similarities, overlaps, edits, order, the guards' counts, as an
// array of numbers of fixed meaning; and, as hashed sparse features for the lexical model, which words differ and which
// are shared. Thread rule: pure functions. Limits: the first kMostPairWords words of each side are compared; < 50 us
// for questions of 30 words.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

#include "learn/logistic_regression.h"
#include "tiers/semantic_cache/guards.h"
#include "tiers/semantic_cache/question.h"
#include "tiers/semantic_cache/word_rarity.h"

namespace weir::tiers::semantic {

inline constexpr std::size_t kMostPairWords = 160;
// Raise it when a feature's meaning changes: models name the version they were trained with.
inline constexpr std::uint32_t kPairFeaturesVersion = 1;

enum class PairFeature : std::uint8_t {
    dense_cosine,  // NaN where there are no dense vectors
    hashing_cosine,
    content_jaccard,  // of content stems
    content_rarity_jaccard,
    content_containment,  // shared / the shorter side's
    asked_covered,        // share of the asked side's rarity that is shared
    cached_covered,
    word_jaccard,  // of all words, as written in lower case
    meaning_jaccard,
    bigram_jaccard,
    trigram_dice,  // of characters
    word_length_ratio,
    byte_length_ratio,
    word_length_difference,
    fewer_content,
    more_content,
    edit_distance,  // words, as a share of the longer side
    common_sequence_of_longer,
    common_sequence_of_shorter,
    order_agreement,  // of shared content words: neighbours in the same order
    common_prefix,    // words, as a share of the longer side
    common_suffix,
    first_word_equal,
    last_content_equal,
    kind_relation,  // 0 equal, 1 one has none, 2 different
    asked_kind,
    cached_kind,
    rarest_difference,  // the largest rarity of a content word that only one side has
    cached_difference_rarity,
    asked_difference_rarity,
    cached_differences,  // content words that only this side has
    asked_differences,
    rarest_shared,
    shared_content,
    fuzzy_mean,  // best character similarity of content words that only one side has
    fuzzy_least,
    cached_unexplained,
    asked_unexplained,
    guard_matched,  // share of the shorter side's terms
    guard_spelling,
    guard_inflection,
    guard_dropped,
    guard_moved,
    explained,
    proper_jaccard,  // of capitalised words inside sentences; -1: there are none
    sentence_difference,
    quantities,
    negations,
    leans_on_context,
    // 1 where the guards refused for this reason; only a verifier that may overrule them sees other than 0.
    refused_order,
    refused_roles,
    refused_logic,
    refused_time_order,
    refused_coreference,
    refused_modality,
    refused_question_kind,
    refused_word,
    refused_condition,
    lexical_margin,  // filled in by the verifier from its lexical model; 0 here
    // How the candidate stands among those found with it (set_surroundings()): a question with many others near it is
    // easily taken for one of them. NaN for a pair by itself.
    dense_lead,  // dense_cosine less that of the best other
    others_dense_mean,
    hashing_lead,
    others_hashing_mean,
    same_answers,  // others whose answer is the same; NaN where this one's isn't known
    count_,
};
inline constexpr std::size_t kPairFeatures = static_cast<std::size_t>(PairFeature::count_);
// Those of a pair by itself come first; a verifier trained on such pairs knows only them.
inline constexpr std::size_t kLonePairFeatures = static_cast<std::size_t>(PairFeature::lexical_margin) + 1;
using PairFeatures = std::array<float, kPairFeatures>;
std::string_view feature_name(std::size_t index);

// Refusals that rest on a single word's or construction's usual meaning: rules by default, but a verifier that was
// trained on a task's own pairs may overrule them. All others (numbers, names, negation, ...) are final whatever the
// model says.
using RefusalSet = std::uint32_t;  // bit: 1 << refusal
RefusalSet rebuttable_refusals();
constexpr bool contains(RefusalSet set, Refusal refusal) {
    return (set >> static_cast<unsigned>(refusal) & 1U) != 0;
}

struct Similarities {
    float hashing = 0;
    float dense = std::numeric_limits<float>::quiet_NaN();
};

PairFeatures pair_features(const Question& cached, const Question& asked, const GuardReport& report,
                           const Similarities& similarities, const WordRarity& rarity);

struct FoundBeside {
    Similarities similarities;
    std::uint64_t answer = 0;  // equal for answers that say the same; 0: not known
};
// Of candidate `index` among all that were found for a question.
void set_surroundings(std::span<const FoundBeside> all, std::size_t index, PairFeatures& features);

inline constexpr std::uint32_t kLexicalBits = 16;
// Appends to `out`: words that only one side has, pairs of them, words shared, kinds of question, hashed to features
// below 2^kLexicalBits.
void lexical_features(const Question& cached, const Question& asked, std::vector<learn::SparseValue>& out);

}  // namespace weir::tiers::semantic
