// Watches a task's prompts and says when they are no longer like those that its certificate rests on: another language,
// another product, another kind of question under the same system prompt. How novel a prompt is, is seen from two
// sides, both by what the first `known` prompts were like (triage_features.h): how rare its words and pairs of words
// are on the average, counted in standard errors from the mean; and how far the numbers of its form lie from theirs.
// The next `compared` prompts say what is usual: a later one is novel where it exceeds all but the most novel `beyond`
// of them. While prompts are exchangeable, that has a chance near `beyond` (order statistics: Wilks, 1941). What is
// tested is more tolerant, for traffic comes in clumps: that no prompt's chance to be novel is above `tolerated`, by
// the bets of learn/hit_monitor.h, one a side; so the mean number of prompts until a false alarm is at least
// `run_length`, but for the one sample in a million (at the defaults) whose limit is exceeded by so large a share
// anyway. Thread rule: one owner. Limits: 20 KiB; linear in the prompt's words.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "cascade/triage_features.h"
#include "learn/hit_monitor.h"

namespace weir::cascade {

class InputMonitor {
  public:
    struct Options {
        std::size_t known = 100, compared = 100;  // prompts; known: 2 to 255
        double beyond = 0.05, tolerated = 0.25;   // shares, in (0, 1)
        double run_length = 20'000;               // prompts
    };
    explicit InputMonitor(const Options& options);

    // True: an alarm; everything begins anew with the prompts that come next.
    bool seen(const PromptFeatures& prompt);
    bool watches() const { return usual_.size() >= options_.compared; }

  private:
    static constexpr std::size_t kSides = 2;
    struct Sight {
        double rarity = 0, root = 0;  // mean of its grams'; square root of their number
        std::array<double, kSides> novelty{};
    };
    void know(const PromptFeatures& prompt);
    Sight look(const PromptFeatures& prompt) const;
    void begin_watching();
    void restart();

    Options options_;
    std::size_t known_ = 0;
    std::vector<std::uint8_t> grams_;  // in how many of the known prompts
    std::array<double, kPromptNumbers> sum_{}, squares_{};
    std::vector<Sight> usual_;
    double mean_rarity_ = 0;
    std::array<double, kSides> limits_{};
    std::array<learn::HitMonitor, kSides> monitors_;
};

}  // namespace weir::cascade
