// Who is asked and who may answer, for the requests of one cascade with model tiers: each task's plan (which tiers, in
// which order), and the gates. All gates of a cascade turn on one number, the harm price: what one worse answer may
// cost at most in dollars saved elsewhere. A tier's answer is served where
//     harm price x risk  <=  what going on would cost (the next tiers, in the end the reference),
// so that the promise's budget is spent where it buys most. Risk is the probability that the answer is worse than the
// reference's, from the tier's evidence, by task, shrunk to the tier's mean. Without a harm price nothing is served.
// Made by PolicyLearner. Thread rule: immutable, shared by reactors. Limits: decisions take well under a microsecond.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <unordered_map>

#include "cascade/trial.h"
#include "learn/grouped_logistic.h"

namespace weir::cascade {

// Log-odds that an answer is worse, by its mean token log-probability alone, before anything was learned: 1 % where the
// model is certain, a quarter where it is not, much of that already at a millionth of doubt.
// By the share of samples that agree with the answer, from 40 % for none to 3 % for all; by P(True), from 60 % for 0 to
// 3 % for 1.
double prior_log_odds(float evidence, EvidenceKind kind = EvidenceKind::log_probability);
// The same as a row of GroupedLogistic's values: a constant, the evidence's own weight, and whether the model is
// certain.
// `foreseen`: TierTrial's, which orders answers of which the evidence says the same.
learn::GroupedLogistic::Values risk_values(double prior, EvidenceKind kind = EvidenceKind::log_probability,
                                           float foreseen = kNoEvidence);

struct TaskPlan {
    std::uint32_t group = 0xffffffff;                    // in the risk models; unknown there: the tier's mean
    std::array<std::uint8_t, kMostModelTiers> ladder{};  // tiers in the order in which they are asked
    std::uint8_t rungs = 0;                              // of them; 0: straight to the reference
    // What is expected to be spent from here on if the gate of this rung stays shut, in USD.
    std::array<double, kMostModelTiers> beyond_usd{};
    std::array<double, kMostModelTiers> cost_usd{};  // what asking this rung's tier costs on the average
    double reference_usd = 0;                        // a request's mean cost; 0: not known yet
    // The probability that all tiers and the reference are asked, whatever the ladder says, and the reference's answer
    // served: the hold-out, and all there is while the task is new.
    double everything = 1;
    std::size_t wanted = 10;  // while it is new: trials with everything asked that are still to come
    // The probability that the ladder is tried beside the reference for a request that is not served by it: less where
    // much was tried and nothing may be served yet.
    double trial = 1;
    double audit_factor = 1;  // audits are more frequent by it
    bool closed = true;       // nothing is served; the ladder is tried beside the reference

    std::optional<std::size_t> rung_of(std::size_t tier) const;
    // Whether any rung is left where these tiers are skipped (bits, by tier).
    bool asks(std::uint8_t skipped) const;
};

class Policy {
  public:
    struct Audits {
        double base = 0.05;  // of an answer whose risk is half the promise and whose price is the cascade's mean
        double least = 0.05;
        double most = 0.5;
        // While little was served so far audits tell most: before `start` answers were served their rate is higher, up
        // to four times at the very beginning.
        double start = 800;
        // Of climbs of which no gate was near to opening: the share that is graded. 1 where comparing costs nothing.
        double graded = 0.25;
        friend bool operator==(const Audits&, const Audits&) = default;
    };

    struct Judgement {
        bool open = false;
        double risk = 1;   // that the answer is worse
        double limit = 0;  // the highest risk that is served
    };

    // For the task's `rung`, whose tier did so. `leaving_usd`: what going on costs less than usual, or answering here
    // more, such as a prompt cache that is left (gateway/conversations.h).
    Judgement judge(const TaskPlan& plan, std::size_t rung, const TierTrial& tried, double leaving_usd = 0) const;
    double risk(std::size_t tier, const TaskPlan& plan, const TierTrial& tried) const;
    // Bits, by tier: those of the plan that cost more to ask than they are expected to spare. `opens`: how likely their
    // gates open; what triage knows nothing of is never skipped. Of a plan that serves.
    std::uint8_t skipped(const TaskPlan& plan, const Foreseen& opens, double leaving_usd = 0) const;
    // With which probability the reference is asked as well about an answer that was served at this risk: more often
    // where it is more likely to be worse and where asking is cheap (the best allocation for a given spend has the
    // square root of variance over cost: Neyman 1934).
    double audit_probability(const TaskPlan& plan, double risk) const;

    // With which probability the tiers of a climb that ended at the reference are graded: always where a somewhat lower
    // price would have let one of them answer, seldom where none came near.
    // Where all of them were skipped: with which the ladder is tried beside the reference, so that triage learns.
    double grading_probability(const TaskPlan& plan, const Trial& trial) const;

    // Of a task never seen: closed, everything is tried.
    const TaskPlan& plan(std::uint64_t task) const;
    // The plan's first tier whose gate would open, kReference if none; what the trial skips is passed over. Says the
    // risk.
    int would_serve(const TaskPlan& plan, const Trial& trial, double& risk) const;
    // What the ladder costs, climbed up to whom would_serve() says (in USD). What was no answer has cost something too;
    // what the trial skips is not asked.
    static double climb_cost_usd(const TaskPlan& plan, const Trial& trial, int served);

    // Whether the ladder is climbed for a caller.
    bool serves(const TaskPlan& plan) const { return serving() && !plan.closed && plan.rungs > 0; }
    bool serving() const { return harm_price_usd_.has_value(); }
    std::optional<double> harm_price_usd() const { return harm_price_usd_; }

  private:
    friend class PolicyLearner;

    std::array<learn::GroupedLogistic, kMostModelTiers> risks_;
    std::unordered_map<std::uint64_t, TaskPlan> plans_;
    TaskPlan unknown_;
    std::optional<double> harm_price_usd_;
    double promise_ = 0.02, mean_reference_usd_ = 0;
    double audit_factor_ = 4;
    Audits audits_;
};

}  // namespace weir::cascade
