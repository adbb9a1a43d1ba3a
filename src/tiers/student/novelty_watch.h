// Notices that a task's texts are no longer like those that came of late: another language, another subject. A student
// sees every text, so this is known of all of them, at no cost and before any harm.
//   How novel a text is: the share of its grams that training had not seen, counted in standard errors.
//   Only a tenth more of a text's grams than is usual counts at all: a number that grows is no other world.
//   A text is unusual where it is more novel than the latest kKept: one in kKept of the texts that are like these is
//   (order statistics: Wilks 1941). It should not be answered; what the teacher says to it is heard instead
//   (label_watch.h).
//   An alarm: a cumulative sum (Page 1954) for "six in ten are more novel than all but one in twenty of these", against
//   three in twenty, as traffic comes in clumps. Mean time to a false alarm: above kPatience texts while no more than
//   that are. Then what is known of the task does not count any more, and this begins anew.
// Thread rule: one owner. Limits: kKept texts, 4 KiB.
#pragma once

#include <array>
#include <cstddef>

namespace weir::tiers::student {

class NoveltyWatch {
  public:
    static constexpr std::size_t kKept = 500, kLeast = 200;
    static constexpr double kPatience = 10'000;

    enum class Sight : unsigned char { usual, unusual, alarm };
    // Of a text: StudentAnswer::novelty, and of how many grams; none, from a student of another kind, says nothing.
    Sight add(double novelty, std::size_t grams);

  private:
    struct Text {
        float novelty = 0, root = 0;
    };
    void find_limits();

    std::array<Text, kKept> texts_{};  // the latest, in a ring
    std::size_t seen_ = 0, look_at_ = kLeast;
    double mean_ = 0, most_ = 0, high_ = 0, sum_ = 0;
};

}  // namespace weir::tiers::student
