// Notes on a request's way what its tiers do and what is decided about them: as steps of its row (store/step.h), and,
// where the caller asked for it, in words (x-weir-why). Both come from the same codes.
// Thread rule: one request, one reactor; row and words outlive it. Limits: kMostSteps; words are as many as steps.
#pragma once

#include <string>
#include <string_view>

#include "store/ledger_row.h"

namespace weir::cascade {

// What an attempt tells by itself: a look-up of the exact cache, a call that was served or failed. Not noted once more.
struct TellsItself {
    store::StepVerdict verdict;
    store::Said said;
};
TellsItself told_by(const store::Attempt& attempt);
// "status 503", "timed out"; empty: nothing but what was said of it.
std::string failure_of(const store::Attempt& attempt);

// What became of an attempt without an offer.
store::StepVerdict verdict_of(const store::Attempt& attempt, store::Said said);

class StepRecorder {
  public:
    // `words`: null, or what is appended to.
    StepRecorder(store::LedgerRow& row, std::string* words) : row_(row), words_(words) {}

    bool wordy() const { return words_ != nullptr; }

    // Of the attempt that is the row's `number`-th (from 0), or will be. `name`: its tier's; `fuller`: what the words
    // say instead of the reason's own.
    void tried(std::size_t number, const store::Attempt& attempt, std::string_view name, store::StepVerdict verdict,
               const store::Reason& reason, std::string_view fuller = {}) {
        // The path of a hit in memory.
        if (words_ == nullptr && reason.said == store::Said::same_request) return;
        note_attempt(number, attempt, name, verdict, reason, fuller);
    }
    // Of a tier that was not asked, before the `number`-th attempt.
    void not_asked(std::size_t number, store::TierKind tier, store::NameId model, std::string_view name,
                   store::StepVerdict verdict, const store::Reason& reason, std::string_view fuller = {});
    // Of none alone, after the row's attempts so far.
    void decided(store::StepVerdict verdict, const store::Reason& reason, std::string_view fuller = {});
    // The number of the next attempt that the row takes.
    std::size_t next() const { return row_.attempt_count; }

  private:
    void note_attempt(std::size_t number, const store::Attempt& attempt, std::string_view name,
                      store::StepVerdict verdict, const store::Reason& reason, std::string_view fuller);
    void add_own(std::size_t number, std::uint8_t who, store::NameId model, store::StepVerdict verdict,
                 const store::Reason& reason);
    void say(std::string_view name, std::string_view what);

    store::LedgerRow& row_;
    std::string* words_;
};

}  // namespace weir::cascade
