// `weir eval router`: recorded requests through the live triage model. For each re-draw it learns from some rows whose
// two answers are known and orders the others, from their prompts alone; scored by what sending the first ones to the
// strong model recovers (route_curve.h). A router by length alone and by chance (0.5) stand beside it.
// Thread rule: one thread; about 0.15 s a re-draw of 1,000 labels. Limits: those of cascade_rows.h and triage.h.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "cascade/triage.h"
#include "eval/cascade_rows.h"
#include "eval/text_vectors.h"

namespace weir::eval {

struct RoutePlay {
    std::size_t labels = 1000;         // rows to learn from, drawn at random; the others are scored
    std::optional<std::size_t> folds;  // instead: learn from all folds but one, score that one, in turn
    std::size_t redraws = 20;
    std::uint64_t seed = 1;
    cascade::TriageModel::Options triage;
};

struct RouteSummary {
    // Over re-draws: the mean, and between what the middle 90 % lie.
    struct Spread {
        double mean = 0, low = 0, high = 0;
    };
    std::size_t rows = 0, labels = 0, redraws = 0;
    double weak_accuracy = 0, strong_accuracy = 0;
    Spread apgr, length_apgr;
    double agree_calibration_error = 0, gain_calibration_error = 0;  // means over re-draws
    double fit_millis = 0, decision_micros = 0;  // means of wall time; a decision: features and prediction
};

// Each row has two models: weak, then strong. Errors: a row without the grader's word on either, both equally often
// right, more labels or folds than rows.
// `vectors`: of the prompts, as far as there are any.
Result<RouteSummary> evaluate_router(const std::vector<CascadeRow>& rows, const RoutePlay& play, const Clock& clock,
                                     const TextVectors& vectors = {});

}  // namespace weir::eval
