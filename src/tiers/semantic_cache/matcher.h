// The one judgement of the semantic cache, for the live tier and for evaluation: which candidate's answer may be served
// for the question asked, if any, and why.
//   candidates -> guards -> explained: certain -> else the verifier's score against a threshold
// The threshold is the gate's affair (learn/hit_gate.h) or the caller's.
// Thread rule: judge() is pure: from any thread; verifier and rarity must outlive the matcher. Limits: kMostCandidates
// are looked at.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "store/step.h"
#include "tiers/semantic_cache/guards.h"
#include "tiers/semantic_cache/pair_features.h"
#include "tiers/semantic_cache/question.h"
#include "tiers/semantic_cache/verifier.h"

namespace weir::tiers::semantic {

inline constexpr std::size_t kMostCandidates = 64;

struct Candidate {
    std::uint64_t entry = 0;  // the caller's name for it
    const Question* question = nullptr;
    Similarities similarities;
    std::uint64_t answer = 0;  // equal for answers that say the same; 0: not known
};

// What was computed about a candidate that the guards let through, or refused for a reason that a verifier may
// overrule: what a learner wants to keep. The score is 0 where the verifier at hand may not overrule.
struct JudgedPair {
    std::size_t candidate = 0;  // index in the candidates
    double score = 0;
    bool explained = false;
    bool refused = false;  // by the guards, for a reason that a verifier may overrule
    PairFeatures features{};
    std::vector<learn::SparseValue> lexical;
};

enum class MatchStage : std::uint8_t {
    no_candidate,  // nothing near
    context,       // the question leans on what was said before, and that may differ
    guards,        // the guards refused every candidate
    verifier,      // the best candidate scored below the threshold
    explained,     // served: every difference is accounted for by the guards
    verified,      // served: the verifier's score reaches the threshold
};
std::string_view to_string(MatchStage stage);

struct Match {
    bool serve = false;
    MatchStage stage = MatchStage::no_candidate;
    std::size_t candidate = 0;  // index of the best that the guards let through; without one: of the most similar
    std::uint64_t entry = 0;
    double score = 0;      // kCertain, or a probability; 0 where the guards refused all
    float similarity = 0;  // of that candidate: dense if there is one, else hashing
    GuardReport report;    // of that candidate
    bool judged() const { return stage >= MatchStage::verifier; }  // a candidate has a score
    store::Reason because(double threshold) const;                 // of its stage
    // "explained", "verifier 0.93 >= 0.90", "guards: negation (not)": no text of a prompt but the detail of a guard,
    // which is left out unless asked for.
    std::string reason(double threshold, bool with_detail) const;
};

struct MatchRules {
    double threshold = 2;      // serve scores from here on; above kCertain: nothing at all
    bool same_history = true;  // conversation before the question is equal on both sides, or there is none: then
                               // leaning on context is no obstacle
};

class Matcher {
  public:
    // `rarity`: the words' weights; those that the verifier was trained with unless it was trained with these.
    explicit Matcher(const Verifier& verifier) : Matcher(verifier, verifier.rarity()) {}
    Matcher(const Verifier& verifier, const WordRarity& rarity) : verifier_(verifier), rarity_(rarity) {}
    // `kept` (may be null) is filled with what a learner could want.
    Match judge(std::span<const Candidate> candidates, const Question& asked, const MatchRules& rules,
                std::vector<JudgedPair>* kept = nullptr) const;

  private:
    const Verifier& verifier_;
    const WordRarity& rarity_;
};

}  // namespace weir::tiers::semantic
