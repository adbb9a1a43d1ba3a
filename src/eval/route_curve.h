// How well a router orders requests: the average performance gap recovered, and calibration.
// Thread rule: pure functions. Limits: those of memory.
#pragma once

#include <span>
#include <vector>

namespace weir::eval {

// APGR (Ong et al., "RouteLLM: Learning to Route LLMs with Preference Data", 2024, section 3.2 and its evaluator's
// apgr_metric): the requests with the highest scores go to the strong model; for each share of them, the gap recovered
// is (accuracy - weak's) / (strong's - weak's); its integral over shares from 0 to 1, by trapezes. Here the curve has
// a point at every score that occurs (RouteLLM: at ten quantiles), requests of equal score move together. Random scores
// give 0.5 in expectation, equal ones exactly. NaN where both models are equally often correct; all spans are equally
// long, and scores finite.
double apgr(std::span<const double> scores, const std::vector<bool>& weak_correct,
            const std::vector<bool>& strong_correct);

// Expected calibration error (Naeini, Cooper, Hauskrecht, AAAI 2015) in `bins` bins of equally many predictions: the
// mean of |mean prediction - share that came true|. 0 where there is nothing.
double calibration_error(std::span<const double> probabilities, const std::vector<bool>& came_true,
                         std::size_t bins = 10);

}  // namespace weir::eval
