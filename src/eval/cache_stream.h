// `weir eval cache stream`: questions in order of arrival into one partition that starts empty, found by the index and
// judged by the matcher, the gate and the online learner of the live semantic tier. A question that is not served is
// answered upstream and becomes an entry. Answers, where given, are looked at only when the live system would have
// them: of a question that was not served, or of a served one that was chosen for an audit. Thread rule: one thread;
// takes minutes on large files and reports progress. Limits: those of tsv.h.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "eval/cache_pairs.h"
#include "tiers/semantic_cache/online_learner.h"

namespace weir::eval {

struct StreamOptions {
    double promise = 0.02;                                  // bound on the false share among hits
    double audit = 0.05;                                    // share of hits audited; with answers only
    double prior_threshold = 2;                             // the given verifier's, before anything is proven
    std::uint64_t seed = 1;                                 // of the audits
    std::uint64_t memory_bytes = std::uint64_t{64} << 20U;  // of the index, as cache.semantic_memory
};

struct StreamSummary {
    std::size_t questions = 0, served = 0, explained = 0, audits = 0, audits_wrong = 0, fits = 0;
    std::uint64_t proofs = 0, closures = 0, evicted = 0;
    double threshold = 0;                    // at the end
    std::optional<double> seen_false_share;  // by the gate's own reckoning, at the end
    bool dense = false, learned = false;
};

// Decisions as judge_pairs() writes them; matched_id: of the entry served, or that came nearest to it. `answers` empty:
// nothing is learned or audited, the threshold stays where it is.
Result<std::string> judge_stream(const std::vector<StreamRow>& stream,
                                 const std::unordered_map<std::string, std::string>& answers, const TextVectors& dense,
                                 std::shared_ptr<const tiers::semantic::Verifier> verifier,
                                 const StreamOptions& options, const Progress& progress, StreamSummary& summary);

}  // namespace weir::eval
