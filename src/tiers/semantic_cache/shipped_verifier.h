// The verifier compiled into the program: trained on pairs made by scripts/make_verifier_pairs.py alone, so that it is
// free of anybody's data. `scripts/train_shipped_verifier.sh` makes shipped_verifier.inc anew. Thread rule: any thread.
#pragma once

#include <memory>

#include "tiers/semantic_cache/verifier.h"

namespace weir::tiers::semantic {

std::shared_ptr<const Verifier> shipped_verifier();

// What serves by default with the shipped verifier: strict, so that it also holds where no answer is ever compared.
inline constexpr double kShippedFalseShare = 0.02;
double shipped_threshold(bool dense);

}  // namespace weir::tiers::semantic
