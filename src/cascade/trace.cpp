#include "cascade/trace.h"

#include <algorithm>
#include <cmath>

#include "cascade/step_recorder.h"
#include "tiers/reason_words.h"

namespace weir::cascade {
namespace {

using store::Attempt;
using store::LedgerRow;
using store::Reason;
using store::Said;
using store::Step;
using store::StepVerdict;
using store::TierKind;

// Whether the score and what was needed are numbers to compare: a gate that is shut needs more than there is.
bool compares(const Reason& reason) {
    return reason.said == Said::log_probability || (reason.said == Said::verifier && reason.needed <= 1);
}

void add_reason(const Reason& reason, TraceEntry& to) {
    to.said = tiers::said_of(reason, to.verdict);
    if (reason.has_all(Reason::kScore) && reason.said != Said::prompt_cache) to.score = reason.score;
    if (reason.has_all(Reason::kNeeded) && compares(reason)) to.needed = reason.needed;
    if (reason.said == Said::verifier && !compares(reason)) to.said += ", its gate is closed";
}

TraceEntry entry_of(const LedgerRow& row, const Attempt& attempt, const Step* step) {
    TraceEntry entry;
    entry.attempt = &attempt;
    entry.tier = attempt.tier;
    entry.model = attempt.model;
    entry.stands_in = attempt.tier == TierKind::reference && attempt.model != store::kNoName &&
                      row.reference != store::kNoName && attempt.model != row.reference;
    const TellsItself told = told_by(attempt);
    const bool served = attempt.outcome == store::Outcome::served;
    entry.verdict = step != nullptr && !served ? step->verdict : told.verdict;
    add_reason(step != nullptr && step->reason.said != Said::nothing ? step->reason : Reason::of(told.said), entry);
    if (step == nullptr && attempt.evidence) {
        entry.score = attempt.tier == TierKind::student ? std::exp(*attempt.evidence) : *attempt.evidence;
    }
    if (step == nullptr && entry.said.empty() && attempt.outcome == store::Outcome::observed)
        entry.said = "only looked at";
    const std::string failure = failure_of(attempt);
    const bool went_on =
        step == nullptr || step->reason.said == Said::asked_again || step->reason.said == Said::next_asked;
    if (!failure.empty() && went_on) entry.said = entry.said.empty() ? failure : failure + ", " + entry.said;
    return entry;
}

TraceEntry entry_of(const Step& step) {
    TraceEntry entry;
    entry.verdict = step.verdict;
    if (step.who == Step::kNobody) {
        entry.label = tiers::label_of(step.reason.said);
        if (entry.label == tiers::kBudgetLabel) entry.budget = step.reason.named();
    } else {
        entry.tier = static_cast<TierKind>(step.who);
        entry.model = step.model;
    }
    add_reason(step.reason, entry);
    return entry;
}

// The last attempt beyond those that a row keeps.
void add_who_served(const LedgerRow& row, std::vector<TraceEntry>& trace) {
    const bool known = std::any_of(trace.begin(), trace.end(),
                                   [](const TraceEntry& entry) { return entry.verdict == StepVerdict::served; });
    if (!row.tier || known || !row.complete || row.attempt_count < store::kMaxAttempts) return;
    TraceEntry entry;
    entry.tier = row.tier;
    entry.model = row.served_model;
    entry.verdict = StepVerdict::served;
    trace.push_back(std::move(entry));
}

}  // namespace

std::vector<TraceEntry> trace_of(const LedgerRow& row) {
    std::vector<TraceEntry> trace;
    std::size_t told = 0;  // attempts
    const auto tell_up_to = [&](std::size_t end) {
        for (; told < std::min<std::size_t>(end, row.attempt_count); ++told) {
            trace.push_back(entry_of(row, row.attempts[told], nullptr));
        }
    };
    for (std::size_t i = 0; i < row.step_count; ++i) {
        const Step& step = row.steps[i];
        tell_up_to(step.attempt);
        if (step.own || step.attempt >= row.attempt_count) {
            trace.push_back(entry_of(step));
        } else if (step.attempt == told) {
            trace.push_back(entry_of(row, row.attempts[told++], &step));
        }
    }
    tell_up_to(row.attempt_count);
    add_who_served(row, trace);
    return trace;
}

std::string_view to_string(StepVerdict verdict) {
    switch (verdict) {
        case StepVerdict::served:
            return "served";
        case StepVerdict::refused:
            return "refused";
        case StepVerdict::declined:
            return "declined";
        case StepVerdict::failed:
            return "failed";
        case StepVerdict::skipped:
            return "skipped";
        case StepVerdict::asked:
            break;
    }
    return "asked";
}

}  // namespace weir::cascade
