// The student as a tier: answers within microseconds, so it is asked for every request, before anybody else is
// (offer_at_once()). Its evidence is how likely the reference would have said the same (Offer::sure).
// Thread rule: one reactor's; the shelf is shared. Limits: requests of one question without tools; those of
// student_model.h.
#pragma once

#include "base/clock.h"
#include "store/example_store.h"
#include "tiers/student/student_shelf.h"
#include "tiers/tier.h"

namespace weir::tiers::student {

inline constexpr std::string_view kStudentName = "weir/student";  // as whose answers go

class StudentTier final : public Tier {
  public:
    // `rules`: what examples are kept by; null: none are, and there is no student.
    StudentTier(const StudentShelf& shelf, std::shared_ptr<const store::ExampleRules> rules, store::NameId name,
                const Clock& clock)
        : shelf_(shelf), rules_(std::move(rules)), name_(name), clock_(clock) {}

    std::string_view name() const override { return "student"; }
    store::TierKind kind() const override { return store::TierKind::student; }
    Task<Climb> offer(const Question& question, Cancellation& cancellation) override;
    bool offer_at_once(const Question& question, Climb& climb) override;

  private:
    std::shared_ptr<const ShelvedStudent> student_for(const Question& question) const;

    const StudentShelf& shelf_;
    const std::shared_ptr<const store::ExampleRules> rules_;
    const store::NameId name_;
    const Clock& clock_;
};

}  // namespace weir::tiers::student
