// The student as a tier: answers within microseconds, so it is asked for every request, before anybody else is
// (offer_at_once()). Its evidence is how likely the reference would have said the same (Offer::sure).
// Thread rule: one reactor's; the shelf is shared. Limits: requests of one question without tools, of
// kMostLivePromptBytes, whose varying part has most_live_bytes() at most; where a task has several instructions, these
// of kMostLiveContextBytes.
#pragma once

#include "base/clock.h"
#include "store/example_store.h"
#include "tiers/student/context.h"
#include "tiers/student/student_shelf.h"
#include "tiers/tier.h"

namespace weir::tiers::student {

inline constexpr std::string_view kStudentName = "weir/student";  // as whose answers go
// A reactor waits for the answer: of what varies in a prompt so much that this student takes about 130 us, and of the
// whole prompt so much that its redaction takes 20 (student_bench).
std::size_t most_live_bytes(const Student& student);
inline constexpr std::size_t kMostLivePromptBytes = 8 * 1024;

// Whose request it is; null: there is no such student.
std::shared_ptr<const ShelvedStudent> student_for(const Question& question, const StudentShelf& shelf,
                                                  const store::ExampleRules& rules);

class StudentTier final : public Tier {
  public:
    // `rules`: what examples are kept by; null: none are, and there is no student.
    StudentTier(const StudentShelf& shelf, std::shared_ptr<const store::ExampleRules> rules, store::NameId name,
                const Clock& clock)
        : shelf_(shelf), rules_(std::move(rules)), name_(name), clock_(clock) {}

    std::string_view name() const override { return "student"; }
    store::TierKind kind() const override { return store::TierKind::student; }
    store::NameId model() const override { return name_; }
    Task<Climb> offer(const Question& question, Cancellation& cancellation) override;
    bool offer_at_once(const Question& question, Climb& climb) override;

  private:
    const StudentShelf& shelf_;
    const std::shared_ptr<const store::ExampleRules> rules_;
    const store::NameId name_;
    const Clock& clock_;
    Student::Scratch scratch_;
};

}  // namespace weir::tiers::student
