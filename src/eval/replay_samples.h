// Scores the log's trials under a candidate configuration: which tier would have answered, what that would have cost,
// and whether it would have been worse. The first half of replay.h, which says how and on which assumptions.
// Thread rule: pure functions; about a second for 20,000 trials.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "eval/replay.h"

namespace weir::eval {

struct ReplaySamples {
    struct Score {
        std::uint64_t task = 0;
        double weight = 1;
        double usd = 0;  // everything, proof included
        double proof_usd = 0;
        double reference_usd = 0;
        double worse = 0;                         // the chance that the caller got a worse answer
        std::size_t served = 0;                   // index of `models`; its size: the reference
        bool late = false;                        // in the last third of the log
        bool by_ladder = false, climbed = false;  // by a gate that is learned; such gates were asked
        double otherwise_known = 0;               // the chance that it would have become known, but for the hold-out
        std::uint32_t asked = 0;  // bit for each of `models` that the caller waited for, then the reference's
    };
    std::vector<std::string> models;  // the candidate's model tiers of which the log has trials
    std::vector<Score> scores;
    bool told = true;  // false: the log has nothing to go by
    std::size_t known = 0;
    bool certified = false;
    double worse_at_most = 1, worse_seen = 0;
    std::vector<std::string> cant_tell;
};

ReplaySamples score_trials(const ReplayLog& log, const ReplayReference& reference, const ReplayCandidate& candidate,
                           std::uint64_t seed);

// The share of the model tiers' requests that got a worse answer, as it was: by audits, each standing for those unseen.
double worse_share_of(const ReplayLog& log, const std::string& reference);

}  // namespace weir::eval
