// `weir eval cache pairs` and the data of `weir train verifier`: pairs of texts judged as the live semantic tier judges
// a cached question and one asked, each pair in a partition of its own. Thread rule: plain functions; they take minutes
// on large files and report progress. Limits: those of tsv.h.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "eval/text_vectors.h"
#include "eval/tsv.h"
#include "tiers/semantic_cache/verifier_training.h"

namespace weir::eval {

// (what, done, of how many); false: stop.
using Progress = std::function<bool(std::string_view, std::size_t, std::size_t)>;

struct PairsSummary {
    std::size_t pairs = 0, served = 0, explained = 0, refused = 0,
                below = 0;  // explained: of the served; below the threshold
    double threshold = 0;
    bool dense = false;
};

// One line of decisions for each pair: `id served matched_id similarity reason`. matched_id is the row's own id;
// similarity is the score where a candidate has one (1 for explained pairs), so that a curve can be drawn from it, and
// 0 where the guards refused.
Result<std::string> judge_pairs(const std::vector<PairRow>& pairs, const TextVectors& dense,
                                const tiers::semantic::Verifier& verifier, double threshold, const Progress& progress,
                                PairsSummary& summary);

// The texts of pairs, each once, in the order of their first appearance.
std::vector<std::string_view> texts_of(const std::vector<PairRow>& pairs);
std::vector<std::string_view> texts_of(const std::vector<StreamRow>& stream);

struct TrainingChoice {
    bool count_words = true;  // over the pairs' texts; else words weigh as they do in English at large
    tiers::semantic::RefusalSet overrules = tiers::semantic::rebuttable_refusals();
    // What is held out together: pairs that share a text, or all whose ids begin alike up to a colon.
    bool group_by_id = false;
};

// Features of labelled pairs.
Result<tiers::semantic::VerifierTraining> training_of(const std::vector<PairRow>& pairs, const TextVectors& dense,
                                                      const TrainingChoice& choice, const Progress& progress);

}  // namespace weir::eval
