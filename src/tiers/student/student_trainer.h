// Trains a student of labels on a teacher's answers: finds the form of the answers, the grams that matter, fits a
// softmax regression (learn/softmax_regression.h) and calibrates its word on examples held out. Where enough
// examples have an embedding by the model that the latest one has, another one is fitted on these, and pooled with the
// first (learn/score_pool.h).
// Thread rule: pure; on a thread of its own, as it takes up to seconds. Deterministic: the same examples in the same
// order with the same options give the same bytes. Limits: kMostExamples, the latest ones; kMostLabelsBytes.
#pragma once

#include <cstdint>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/result.h"
#include "tiers/student/student_model.h"

namespace weir::tiers::student {

inline constexpr std::size_t kMostExamples = 20'000;
inline constexpr std::size_t kLeastExamples = 20;
// With embeddings: at least so many, and this share of all; of more than that the latest.
inline constexpr std::size_t kLeastEmbedded = 40, kMostEmbedded = 6'000;
inline constexpr double kLeastShareEmbedded = 0.3;

struct TrainingOptions {
    std::uint64_t seed = 1;
    std::size_t most_weight_bytes = 6u << 20;  // rarer grams are left out beyond it
};

// The labels' part of a student's file. Errors: invalid (too few examples; the answers are not narrow), canceled.
Result<std::string> train_student(std::span<const StudentExample> examples, const TrainingOptions& options,
                                  const std::stop_token& stop = {});

// SHA-256 over the examples, in order.
Digest256 training_set_digest(std::span<const StudentExample> examples);

}  // namespace weir::tiers::student
