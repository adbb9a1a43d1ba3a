// How often the reference says something else when it is asked the same again, from a task's kept examples. Each answer
// is compared once: a request that the gateway itself asked twice (a random sample of the traffic: the hold-out) with
// its own second answer; of what is left, questions that came again, in pairs, in their order. A question that is asked
// a hundred times is thus fifty pairs and not ninety-nine comparisons with one answer that may have been the odd one,
// and where the reference has changed only one pair lies across. Answers differ where their form says so
// (cascade/agreement.h, by every rule that the cascade has); what it does not tell counts as the same, so that nothing
// is excused by it. Examples without texts are left out.
// Thread rule: pure functions. Limits: none; linear in the examples, but for the comparisons.
#pragma once

#include <cstdint>
#include <vector>

#include "cascade/agreement.h"
#include "cascade/yardstick.h"
#include "store/example.h"

namespace weir::gateway {

struct SelfAgreement {
    cascade::OwnRepeats drawn;  // asked twice by the gateway: what a promise may be measured by
    cascade::OwnRepeats all;    // ... and questions that came again
    SelfAgreement& operator+=(const SelfAgreement& more);

    // Of `all`, with the ends of a 95 % interval (Clopper and Pearson).
    double differ_share() const;
    double differ_low() const;
    double differ_high() const;
};

// Of one instruction and form of answers, oldest first.
SelfAgreement self_agreement(const std::vector<const store::Example*>& examples,
                             const std::vector<cascade::AgreementRules>& rules);

}  // namespace weir::gateway
