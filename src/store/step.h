// One step on a request's way to its answer: who was looked at, asked or passed over, what became of it and why, as
// codes and numbers. A row keeps the steps that its attempts don't tell by themselves; cascade/trace.h puts both
// together, tiers/reason_words.h says them in words, docs/formats.md ("Steps") lists the codes.
// No text of a prompt is in it, but for two differing whole numbers below 100 (Said::guards).
// Thread rule: plain values; trivial, so that a row with room for steps costs nothing where there are none.
// Limits: kMostSteps a row; further ones are left out.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>

namespace weir::store {

constexpr std::size_t kMostSteps = 12;

// In files: never renumbered, added at the end.
enum class StepVerdict : std::uint8_t {
    served,    // its answer went to the caller
    refused,   // it had an answer, and a gate or a guard kept it back
    declined,  // it had none for this request
    failed,    // it was asked in vain
    skipped,   // it was not asked
    asked,     // it was looked at or asked, and nothing was served of it
};
inline constexpr unsigned kStepVerdicts = 6;

// Why. In files: never renumbered, added at the end. In brackets what goes with it.
enum class Said : std::uint8_t {
    nothing,  // what the attempt tells
    // Caches.
    same_request,
    miss,
    not_looked_up,
    expired,
    purged,
    follows,        // the stream under way for the same request
    not_cacheable,  // [detail: Uncacheable]
    opted_out,      // the tenant
    no_key,         // the request has not the fields that the key is made of
    known_of,       // [counts: so many items of so many]
    not_together,   // known items whose vectors have another form
    no_question,
    off_for_task,
    no_candidate,
    context,      // [score: similarity]
    guards,       // [detail: semantic::Refusal; score: similarity; counts: two numbers that differ]
    verifier,     // [score, needed]
    gate_closed,  // [score: similarity]
    explained,    // [score: similarity]
    passed_over,  // [detail: Unusable]
    // Any tier that is asked.
    not_asked,
    no_gate,
    not_ready,
    rests,
    no_time,
    no_place,
    no_examples,
    cant_be_said,  // in the words of its provider's API
    no_answer,     // [detail: wire::AnswerFlaw]
    asked_again,
    next_asked,
    length_changed,  // of an embedding model's vectors
    // Gates.
    answer_not_whole,
    no_log_probabilities,
    log_probability,       // [score, needed]
    risk,                  // [risk, needed: the highest that is served]; the others also [score: the evidence]
    risk_log_probability,  // mean log-probability of a token
    risk_samples,          // share of the samples that agree
    risk_own_word,         // P(True)
    risk_student,          // probability that the reference would say the same
    // Students.
    not_for_students,
    no_student,
    suspicious,  // the reference has said what it can't
    too_long,
    unlike,        // what came of late
    not_known,     // [detail: student::Declined]
    needs_hidden,  // its answer needs what was taken out of the prompt
    other_form,    // than is asked for
    // What is decided before or beside the tiers.
    triage,        // [detail: PromptClass; score: how likely the first tier's answer is as good as the reference's]
    prompt_cache,  // [score: USD that leaving the reference's warm one gives up]
    enough_trials,
    held_out,
    new_task,
    skipped_by_triage,
    not_in_canary,
    cap_spent,
    not_for_task,
    in_shadow,
    passed_on,  // as it is
    binary,
    unreadable,
    // Budgets [counts: Reason::naming() the budget].
    budget_spent,
    budget_full,  // requests under way may need the rest
    budget_unpriced,
    budget_unwritten,
    budget_cheaper,
    budget_free,  // models that cost nothing alone
    budget_cut,   // a stream that has outgrown its reserve
    // Other inference.
    not_for_version,  // the caller wants a certain version of the reference
    kept_of_tier,     // the entry is a cheaper model's, which may not answer this request
};

// Why a request is in no cache. In files.
enum class Uncacheable : std::uint8_t { unknown, temperature, several };

// Why an answer that the semantic tier found is not used. In files.
enum class Unusable : std::uint8_t { unknown, gone, stale, expired, purged, anothers };

// Reason{} says nothing.
struct Reason {
    static constexpr std::uint8_t kScore = 1, kNeeded = 2, kRisk = 4, kCounts = 8;

    Said said;
    std::uint8_t detail;
    std::uint8_t has;          // bits: which of the following it has
    std::uint16_t one, other;  // counts
    float score, needed, risk;

    static constexpr Reason of(Said said, std::uint8_t detail = 0) { return {said, detail, 0, 0, 0, 0, 0, 0}; }
    // What is no finite number is left out.
    Reason scored(double value) const { return with(kScore, &Reason::score, value); }
    Reason needing(double value) const { return with(kNeeded, &Reason::needed, value); }
    Reason risking(double value) const { return with(kRisk, &Reason::risk, value); }
    Reason counting(std::uint16_t first, std::uint16_t second) const {
        Reason reason = *this;
        reason.has |= kCounts;
        reason.one = first;
        reason.other = second;
        return reason;
    }
    // The number of a name in the ledger, in place of two counts; 0: none.
    Reason naming(std::uint32_t name) const {
        if (name == 0) return *this;
        return counting(static_cast<std::uint16_t>(name), static_cast<std::uint16_t>(name >> 16U));
    }
    std::uint32_t named() const { return has_all(kCounts) ? one | std::uint32_t{other} << 16U : 0; }
    bool has_all(unsigned bits) const { return (has & bits) == bits; }

  private:
    Reason with(std::uint8_t bit, float Reason::*member, double value) const {
        Reason reason = *this;
        const auto number = static_cast<float>(value);
        if (!std::isfinite(number)) return reason;
        reason.has = static_cast<std::uint8_t>(reason.has | bit);
        reason.*member = number;
        return reason;
    }
};

}  // namespace weir::store
