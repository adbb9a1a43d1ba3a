// Notices that the teacher has come to say what a student can't: a new label, renamed ones, another form. It hears
// all that the teacher says to the task's requests, whoever was served. In a world that stays as it is one knows from
// training how many of the answers a student could not have said; clearly more of them are an alarm.
//   What an answer is a sample of: of all requests, or of what the student is trusted with (audits), it is compared
//   with training's share. What the student was not trusted with is heard most and costs nothing, but new labels come
//   there first in any world, so it has its own usual share: the highest that its latest kDeclined answers allow
//   (80 %), but for those of which it is not clear yet whether they are of this world.
//   Cumulative sums (Page, Biometrika 1954) of the likelihood ratio, for "nine tenths of what was inside are outside
//   now" (renamed), a half, and an eighth (a new label). Mean time to a false alarm: above kPatience answers for each,
//   where the usual shares are true.
//   suspicious(): long before an alarm, after one unheard-of label where there are hardly any, after some in a row
//   elsewhere. Then nothing should be served until either is clear: every request is heard meanwhile, which costs as
//   many of the teacher's answers as audits would until the same is known, and no wrong ones. It ends with an alarm,
//   or where a sequential test (Wald 1945) has ruled out an eighth (a miss: 5 %); but false suspicions may take only
//   kCredit answers and kCreditShare of all that is heard, and end sooner beyond that.
// Thread rule: one owner. Limits: kDeclined answers, twice.
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace weir::tiers::student {

class LabelWatch {
  public:
    static constexpr double kPatience = 10'000;
    static constexpr std::size_t kDeclined = 200;
    static constexpr double kCredit = 24, kMostCredit = 48, kCreditShare = 0.004;
    enum class Of : std::uint8_t { all, trusted, declined };

    LabelWatch() : LabelWatch(0) {}
    explicit LabelWatch(double outside_share) { expect(outside_share); }

    // Student::outside_share(), also of another student of the same task.
    void expect(double outside_share);
    // Of a teacher's answer: Student::could_say(), and when it was given, in the owner's time.
    void add(bool could_say, Of of = Of::trusted, std::int64_t when = 0);
    bool suspicious() const { return suspicious_; }
    bool alarmed() const;
    // When what the alarm rests on began: what the teacher said before is of another world.
    std::int64_t since() const;

  private:
    double usual_of(Of of) const;
    void suspect(bool could_say, double usual);

    double usual_ = 0;
    std::array<double, 3> sums_{};
    std::array<std::int64_t, 3> since_{};
    bool suspicious_ = false;
    double ruled_out_ = 0;  // the sequential test's sum since the suspicion began
    double credit_ = kCredit;
    std::bitset<kDeclined> outside_;  // the latest declined ones, in a ring
    std::size_t declined_ = 0;
    std::vector<bool> unclear_;  // those that come on top once no sum is above 0
};

}  // namespace weir::tiers::student
