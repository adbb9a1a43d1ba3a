#include "tiers/semantic_cache/word_rarity.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <unordered_set>

#include "text/stem.h"

namespace weir::tiers::semantic {
namespace {

constexpr std::size_t kCounters = 1U << 14;
constexpr double kStepsAnOctave = 8;
constexpr std::uint32_t kFewTexts = 200;  // with fewer, the guess counts as much as so many texts

// Content words that English uses most, as stems.
constexpr std::string_view kFrequent =
    " about account actual add age allow amount animal answer app apply area art ask available bad bank base be become "
    "begin "
    " believe benefit best better big body book boy break bring build business buy call car card care case cause "
    "change "
    " check child choose city class close college come common company compare computer cost country course create "
    "credit cut "
    " data date day deal decide die difference different do drink drive early earn earth easy eat effect end english "
    "enjoy "
    " example experience explain eye fact fall family fast feel field file find first food free friend full game get "
    "girl give "
    " go good government great group grow guy hand happen happy hard have head health hear help high history hold home "
    "hour "
    " house human idea important include increase indian information interest job join keep kind know language large "
    "last "
    " late law lead learn leave let level life like line list little live long look lose lot love low make man manage "
    "many "
    " market mean method mind minute mobile money month more most move movie much name near need new next number offer "
    "office "
    " old only open option order own part pay people person phone picture place plan play point possible power price "
    "problem "
    " process product program project provide public put question read real reason receive relate remain remember "
    "report result "
    " right run safe same say school science see sell send serve service set show side sign small social some sound "
    "speak "
    " spend stand start state stay step stop story student study system take talk teach tell test thing think time top "
    "town "
    " travel true try turn type understand university use value view visit wait walk want war watch water way website "
    "week "
    " well win woman word work world write wrong year young ";

bool is_frequent(std::string_view stem) {
    static const auto* const words = [] {
        auto* set = new std::unordered_set<std::string_view>;
        for (std::size_t begin = 0; begin < kFrequent.size();) {
            const std::size_t end = std::min(kFrequent.find(' ', begin), kFrequent.size());
            if (end > begin) set->insert(kFrequent.substr(begin, end - begin));
            begin = end + 1;
        }
        return set;
    }();
    return words->contains(stem);
}

// The share of texts that show the word, guessed.
double guessed_share(const text::Word& word) {
    if (word.function_word) return 0.1;
    if (word.kind == text::WordKind::punctuation) return 0.2;
    if (is_frequent(word.stem)) return 0.008;
    return 0.001 * std::exp(-0.25 * static_cast<double>(std::min<std::size_t>(word.stem.size(), 12)));
}

}  // namespace

void WordRarity::count(const Question& question) {
    if (counts_.empty()) counts_.assign(kCounters, 0);
    std::vector<std::uint32_t> slots;
    for (const text::Word& word : question.words) {
        if (word.kind != text::WordKind::punctuation) {
            slots.push_back(static_cast<std::uint32_t>(text::word_id(word.stem) >> 20) % kCounters);
        }
    }
    std::sort(slots.begin(), slots.end());
    slots.erase(std::unique(slots.begin(), slots.end()), slots.end());
    for (const std::uint32_t slot : slots) ++counts_[slot];
    ++texts_;
}

float WordRarity::rarity(const text::Word& word, std::uint64_t stem_id) const {
    const double guess = guessed_share(word);
    double share = guess;
    if (texts_ > 0) {
        const double counted = counts_[static_cast<std::uint32_t>(stem_id >> 20) % kCounters];
        share = (counted + guess * kFewTexts) / (static_cast<double>(texts_) + kFewTexts);
    }
    return static_cast<float>(std::clamp(-std::log(share), 0.1, static_cast<double>(kMostRarity)));
}

void WordRarity::write(learn::ModelWriter& to) const {
    to.put(texts_);
    if (texts_ == 0) return;
    for (const std::uint32_t count : counts_) {
        const double steps = count == 0 ? 0 : 1 + kStepsAnOctave * std::log2(static_cast<double>(count));
        to.put(static_cast<std::uint8_t>(std::min(255.0, std::round(steps))));
    }
}

Result<WordRarity> WordRarity::read(learn::ModelReader& from) {
    WordRarity rarity;
    rarity.texts_ = from.get<std::uint32_t>();
    if (rarity.texts_ > 0) {
        if (from.left() < kCounters) return fail(ErrorCode::invalid, "damaged table of words");
        rarity.counts_.reserve(kCounters);
        for (std::size_t i = 0; i < kCounters; ++i) {
            const std::uint8_t steps = from.get<std::uint8_t>();
            const double count = steps == 0 ? 0 : std::exp2((steps - 1) / kStepsAnOctave);
            rarity.counts_.push_back(static_cast<std::uint32_t>(std::min(count, 4e9)));
        }
    }
    if (!from.ok()) return fail(ErrorCode::invalid, "damaged table of words");
    return rarity;
}

}  // namespace weir::tiers::semantic
