#include "cascade/step_recorder.h"

#include <algorithm>

#include "tiers/reason_words.h"

namespace weir::cascade {

using store::Attempt;
using store::Outcome;
using store::Reason;
using store::Said;
using store::Step;
using store::StepVerdict;
using store::TierKind;

TellsItself told_by(const Attempt& attempt) {
    const bool exact = attempt.tier == TierKind::exact;
    switch (attempt.outcome) {
        case Outcome::served:
            return {StepVerdict::served, exact ? Said::same_request : Said::nothing};
        case Outcome::declined:
            return {StepVerdict::declined, exact ? Said::miss : Said::nothing};
        case Outcome::observed:
            return {StepVerdict::asked, exact ? Said::same_request : Said::nothing};
        case Outcome::failed:
        case Outcome::timed_out:
        case Outcome::canceled:
            break;
    }
    return {StepVerdict::failed, Said::nothing};
}

std::string failure_of(const Attempt& attempt) {
    constexpr std::uint16_t kFirstFailure = 300;
    if (attempt.outcome == Outcome::timed_out) return "timed out";
    if (attempt.outcome == Outcome::canceled) return "the caller left";
    if (attempt.outcome != Outcome::failed) return {};
    if (attempt.status >= kFirstFailure) return "status " + std::to_string(attempt.status);
    return attempt.status == 0 ? "no answer" : "its answer broke off or can't be read";
}

StepVerdict verdict_of(const Attempt& attempt, Said said) {
    switch (said) {
        case Said::not_looked_up:
        case Said::not_cacheable:
        case Said::opted_out:
        case Said::off_for_task:
        case Said::not_ready:
        case Said::rests:
        case Said::no_time:
        case Said::no_place:
            return StepVerdict::skipped;
        case Said::context:
        case Said::guards:
        case Said::verifier:
        case Said::gate_closed:
        case Said::no_answer:
            return StepVerdict::refused;
        case Said::follows:
            return StepVerdict::asked;
        default:
            return told_by(attempt).verdict;
    }
}

void StepRecorder::note_attempt(std::size_t number, const Attempt& attempt, std::string_view name, StepVerdict verdict,
                                const Reason& reason, std::string_view fuller) {
    if (words_ != nullptr) {
        std::string own = fuller.empty() ? tiers::words_of(reason, verdict) : std::string();
        if (fuller.empty() && own.empty()) own = failure_of(attempt);
        say(name, fuller.empty() ? own : fuller);
    }
    const TellsItself told = told_by(attempt);
    if (told.verdict == verdict && (reason.said == told.said || reason.said == Said::nothing)) return;
    if (number < store::kMaxAttempts) {
        row_.add_step({reason, verdict, false, static_cast<std::uint8_t>(number), 0, store::kNoName});
    } else {
        add_own(number, static_cast<std::uint8_t>(attempt.tier), attempt.model, verdict, reason);
    }
}

void StepRecorder::not_asked(std::size_t number, TierKind tier, store::NameId model, std::string_view name,
                             StepVerdict verdict, const Reason& reason, std::string_view fuller) {
    if (words_ != nullptr) say(name, fuller.empty() ? tiers::words_of(reason, verdict) : std::string(fuller));
    add_own(number, static_cast<std::uint8_t>(tier), model, verdict, reason);
}

void StepRecorder::decided(StepVerdict verdict, const Reason& reason, std::string_view fuller) {
    if (words_ != nullptr) {
        say(tiers::label_of(reason.said), fuller.empty() ? tiers::words_of(reason, verdict) : std::string(fuller));
    }
    add_own(next(), Step::kNobody, store::kNoName, verdict, reason);
}

void StepRecorder::add_own(std::size_t number, std::uint8_t who, store::NameId model, StepVerdict verdict,
                           const Reason& reason) {
    const auto before = static_cast<std::uint8_t>(std::min(number, store::kMaxAttempts));
    row_.add_step({reason, verdict, true, before, who, model});
}

void StepRecorder::say(std::string_view name, std::string_view what) {
    if (what.empty()) return;
    if (!words_->empty()) *words_ += " -> ";
    *words_ += name;
    *words_ += ": ";
    *words_ += what;
}

}  // namespace weir::cascade
