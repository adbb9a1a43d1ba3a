// What requests of a task cost: the 95th percentile, which is what one reserves, and the most of late. Counted in
// quarter octaves, so a quantile is at most 19 % too high and never too low, nor above the most that was seen; old
// counts fade (halved at kFade).
// What the next one is likely to cost at most is exceeded by about one in kEnoughForLikely, its bound by one in
// kEnoughForBound: the most of so many, or of n that are fewer that many times more, kEnoughFor... / n. Where costs
// have a tail as heavy as P(cost > x) ~ 1/x (no mean any more) the next exceeds k times the most of n with a chance of
// 1/(1 + n k), so the risk is the same all along; where it is
// lighter, it is less for few. Thread rule: any thread, without a lock; what two do at once may be counted once.
// Limits: kMostTasks tasks with a model, later ones share one place; costs of 2^8 to 2^40 nano-dollars are told apart.
// About 2 MiB.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>

#include "base/units.h"

namespace weir::limits {

class CostBook {
  public:
    static constexpr std::size_t kMostTasks = 4096;
    static constexpr std::uint32_t kEnough = 20;  // costs, before they are believed
    static constexpr std::uint32_t kEnoughForLikely = 200;
    static constexpr std::uint32_t kEnoughForBound = 4096;
    static constexpr std::uint32_t kFade = 2 * kEnoughForBound;

    struct Usual {
        Usd p95, most, likely, bound;
        bool known = false;  // kEnough were seen
    };

    CostBook();
    Usual usual(std::uint64_t key) const;
    void add(std::uint64_t key, Usd cost);
    // Of a task and a model.
    static std::uint64_t key_of(std::uint64_t task, std::uint64_t model) {
        return (task ^ (model * 0x9e3779b97f4a7c15ULL)) | 1;
    }

  private:
    static constexpr std::size_t kBuckets = 128;
    struct Task {
        std::atomic<std::uint64_t> key{0};
        std::atomic<std::uint32_t> total{0};
        std::atomic<std::int64_t> p95{0}, most{0};  // nano-dollars
        std::array<std::atomic<std::uint16_t>, kBuckets> counts{};
    };
    const Task* find(std::uint64_t key) const;
    static void find_p95(Task& task);

    std::unique_ptr<std::array<Task, kMostTasks + 1>> tasks_;  // the last one: all that have no place
};

}  // namespace weir::limits
