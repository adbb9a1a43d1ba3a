// Climbs the ladder of a task's plan: the model tiers whose gates a policy keeps (cascade/policy.h). The tiers with
// gates of their own, the caches above all, come before it (cascade/climb.h). Thread rule: one request, one reactor.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "cascade/agreement.h"
#include "cascade/climb.h"
#include "cascade/policy.h"

namespace weir::cascade {

// What answers to one question are compared by.
struct Likeness {
    std::string_view question;
    const AgreementRules& rules;
};

// What a climb was made under and what came of it.
struct LadderClimb {
    std::shared_ptr<const Policy> policy;  // the snapshot that decided
    TaskPlan plan;
    Trial trial;
    // What was asked before the climb, for every request, as it takes no time: students (tiers/student/student_tier.h).
    std::array<std::optional<tiers::Climb>, kMostModelTiers> early;
    bool students_only = false;                                        // nobody is to be asked who costs anything
    double leaving_usd = 0;                                            // Policy::judge()
    double risk = 0;                                                   // of the answer that was served
    std::array<tiers::ExactCache::EntryPtr, kMostModelTiers> answers;  // of the tiers that were asked
};

// Asks the tiers that need no waiting, whatever the plan says: of every request it is known what they would have said.
void ask_early(const std::vector<std::shared_ptr<tiers::Tier>>& tiers, const tiers::Question& question,
               LadderClimb& climb);

// Asks the plan's tiers one after another until a gate opens; attempts and the served offer go into `ascent`.
// `tiers`: the cascade's, in the order that the policy knows them in. All arguments outlive the task.
// `likeness` is what a tier's samples are compared by, `steps` as climb()'s.
Task<void> climb_ladder(const std::vector<std::shared_ptr<tiers::Tier>>& tiers, const tiers::Question& question,
                        Cancellation& cancellation, StepRecorder steps, const Likeness& likeness, LadderClimb& climb,
                        Ascent& ascent);

// What a tier was judged by.
store::Reason reason_of(const TierTrial& trial, const Policy::Judgement& judgement);

// How a tier did, by its answer: its evidence, and its cost; not asked where what it gave is no answer.
void note_answer(const wire::ChatAnswer& read, wire::AnswerFlaw flaw, Usd cost, TierTrial& trial);

// Where it was asked several times: the share of the other answers that agree with this one, by their form alone, is
// its evidence. `others` as tiers::Offer's; empty: nothing is changed.
void note_agreement(const std::string& body, const std::vector<std::string>& others, const Likeness& likeness,
                    TierTrial& trial);

// Where it was asked about its own answer: the probability that it is right, by what it said, is its evidence. Nothing:
// there is none, whatever its log-probabilities were.
void note_verification(const std::optional<double>& right, TierTrial& trial);

}  // namespace weir::cascade
