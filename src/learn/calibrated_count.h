// How many rare events there will be, bounded from above with the help of a model of their risks.
// The model says how likely each case's event is; the cases whose outcome is known say by which factor it errs (as a
// standardised mortality ratio does: observed over expected). Cases fall into strata; within one the model may err by
// any factor of its own, between strata the events carry weights of their own, and the one event that might as well
// have been seen (Clopper and Pearson 1934; for weighted counts Fay and Feuer, Statistics in Medicine 1997) falls where
// the model expects it, not where it would weigh most (so do Tiwari, Clegg and Zou, Statistical Methods in Medical
// Research 2006, with a mean weight). Which cases are known may depend on their risk in any way, but on nothing else of
// their outcome. Thread rule: pure functions. Limits: none.
#pragma once

#include <cstddef>
#include <span>

namespace weir::learn {

struct RiskStratum {
    double expected = 0;        // events among the cases to be bounded: the sum of their risks by the model
    double expected_known = 0;  // among the cases with known outcomes
    std::size_t seen = 0;       // events among these
};

struct CountBound {
    double likely = 0;  // events to be expected
    double most = 0;    // not exceeded with probability 1 - alpha
};

// `trust`: the model's word counts like so many events that came as it expected.
CountBound calibrated_count(std::span<const RiskStratum> strata, double trust, double alpha);

}  // namespace weir::learn
