// A settled request's trace: what was decided on its way, in order, of its row's attempts and steps together.
// docs/admin-api.md has it as JSON. Rows from before there were steps have a trace of what their attempts tell.
// Thread rule: pure functions. Limits: kMaxAttempts + kMostSteps + 1 entries; `said` is below 150 bytes, without text
// of a prompt.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/ledger_row.h"

namespace weir::cascade {

struct TraceEntry {
    std::optional<store::TierKind> tier;  // nothing: `label` says who
    std::string_view label{};
    store::NameId model = store::kNoName;
    store::NameId budget = store::kNoName;  // whose decision it was
    bool stands_in = false;                 // in the reference's place: a fallback, or what a budget still pays for
    store::StepVerdict verdict = store::StepVerdict::asked;
    std::string said{};
    std::optional<float> score{}, needed{};
    const store::Attempt* attempt = nullptr;  // of the row: cost and latency
};

// The entries point into `row`.
std::vector<TraceEntry> trace_of(const store::LedgerRow& row);

std::string_view to_string(store::StepVerdict verdict);

}  // namespace weir::cascade
