// What came of one request of a cascade with model tiers: who was asked, what it cost, who answered, and, where the
// reference's answer is known too, which tiers' answers were worse. The learner's food (cascade/policy_learner.h).
// Thread rule: plain values. Limits: kMostModelTiers tiers of a cascade take part; the others are never asked.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "wire/answer_flaw.h"

namespace weir::cascade {

inline constexpr std::size_t kMostModelTiers = 4;
inline constexpr int kReference = -1;
inline constexpr float kNoEvidence = std::numeric_limits<float>::quiet_NaN();

// What `evidence` is: a logarithm up to 0, or a share or probability from 0 to 1. Kinds share no scale. `student`: the
// log-probability that the teacher would have said the same, calibrated by the student's training.
enum class EvidenceKind : std::uint8_t { none, log_probability, self_agreement, self_verification, student };
inline constexpr std::uint8_t kEvidenceKinds = 5;
constexpr bool is_logarithm(EvidenceKind kind) {
    return kind == EvidenceKind::log_probability || kind == EvidenceKind::student;
}

// How one tier did.
struct TierTrial {
    bool asked = false;   // it gave an answer
    bool graded = false;  // its answer was compared with the reference's ...
    bool worse = false;   // ... and counts against the promise
    // What it gave is no answer: never served, never graded, `asked` is false; the cost is what it cost.
    wire::AnswerFlaw flaw = wire::AnswerFlaw::none;
    EvidenceKind kind = EvidenceKind::none;
    float evidence = kNoEvidence;  // mean token log-probability
    // What else was seen of the answer; nothing is decided by it yet.
    float least = kNoEvidence;   // the least token log-probability
    float margin = kNoEvidence;  // mean distance of the likeliest token to the second one, in log-probability
    std::uint32_t tokens = 0;    // its length; 0: not known
    double cost_usd = 0;
    // Before it was asked: how likely its answer is as good as the reference's, by the prompt alone (triage). NaN:
    // nobody knew.
    float foreseen = kNoEvidence;

    // As before it was asked.
    TierTrial unasked() const {
        TierTrial before;
        before.foreseen = foreseen;
        return before;
    }
};

// Probabilities, by tier; 0: nobody knows.
using Foreseen = std::array<double, kMostModelTiers>;

struct Trial {
    std::uint64_t task = 0;
    std::array<TierTrial, kMostModelTiers> tiers{};  // in the cascade's order
    int served = kReference;                         // whose answer the caller got
    bool known = false;                              // the reference was asked, and graded those above
    double reference_usd = 0;                        // known: what it cost
    // The probability with which, all coins considered, it would have become known. Settled before anything was graded.
    double known_probability = 1;
    bool everything = false;  // known: by a coin, all tiers were asked, whatever the plan said
    // Bits, by tier: those that triage leaves out of the ladder, since asking them would not pay for this prompt.
    std::uint8_t skipped = 0;
    bool skips(std::size_t tier) const { return (skipped >> tier & 1U) != 0; }
    void foresee(const Foreseen& agree);

    std::uint32_t unix_seconds = 0;  // when the request came; 0: not known
    bool in_force = false;           // its ladder might have served it: certified, and in mode serve
    // known, in force, and the reference answered nevertheless (hold-out, canary): whose answer the gates let through,
    // and what the caller's answer would have cost, the reference's included where none was.
    int would_serve = kReference;
    double would_cost_usd = 0;
    // No trial of its own: somebody says of an answer of `served`, told before, that it was bad. Nothing else is set.
    bool complaint = false;
    // No trial either: what comes is not like what came, so nothing that is known of the task counts any more. Nothing
    // but the task is set.
    bool doubt = false;
};

inline void Trial::foresee(const Foreseen& agree) {
    for (std::size_t tier = 0; tier < kMostModelTiers; ++tier)
        tiers[tier].foreseen = agree[tier] > 0 ? static_cast<float>(agree[tier]) : kNoEvidence;
}

}  // namespace weir::cascade
