// The verifier compiled into the program: trained on pairs made by scripts/make_verifier_pairs.py alone, so that it is
// free of anybody's data. `scripts/train_shipped_verifier.sh` makes shipped_verifier.inc anew. Thread rule: any thread.
#pragma once

#include <memory>

#include "tiers/semantic_cache/verifier.h"

namespace weir::tiers::semantic {

std::shared_ptr<const Verifier> shipped_verifier();

// What evaluations serve by default with the shipped verifier: strict, so that it also holds where no answer is ever
// compared.
inline constexpr double kShippedFalseShare = 0.02;
double shipped_threshold(bool dense);

// The score from which a task whose promise is `promise` is served before it has labels of its own. Under strict
// promises only what rules explain: the pairs that the verifier was trained on prove nothing about somebody's traffic
// to a hundredth. From kTrustedPromise on the verifier's own curve, from its point at 1 % on, by four points for each
// point of the promise: as recorded traffic has shown it to hold (docs/decisions.md).
inline constexpr double kTrustedPromise = 0.05;
double shipped_prior(double promise, bool dense);

}  // namespace weir::tiers::semantic
