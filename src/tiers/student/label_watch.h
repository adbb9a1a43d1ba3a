// Notices that the teacher has come to say what a student can't: a new label, a renamed one, another form. To be told
// of the audits of served answers: whatever else the teacher is asked is what the student was unsure of, new labels
// first. An alarm wants clearly more answers outside the student's labels than there were in training. Two cumulative
// sums (Page, Biometrika 1954) of the likelihood ratio: one for labels renamed (half of the rest is outside), one for a
// new label (an eighth is). Mean time to a false alarm: above kPatience answers for either. Thread rule: one owner.
// Limits: none.
#pragma once

#include <array>

namespace weir::tiers::student {

class LabelWatch {
  public:
    static constexpr double kPatience = 10'000;

    LabelWatch() : LabelWatch(0) {}
    explicit LabelWatch(double outside_share) { expect(outside_share); }

    // Student::outside_share(), also of another student of the same task.
    void expect(double outside_share);
    void add(bool could_say);  // of a teacher's answer: Student::could_say()
    bool alarmed() const;

  private:
    double usual_ = 0;
    std::array<double, 2> sums_{};
};

}  // namespace weir::tiers::student
