// Triage in the live path: from the prompt alone, how likely each tier's answer is as good as the reference's, and the
// class that follows: simple (the first tier will do), complex (none of them will), moderate (in between). Learned for
// each course from its graded trials (cascade/triage.h). It is told, and decides nothing: what is served stays with the
// gates, which have seen the answer.
// Thread rule: PromptClasses immutable, any thread; its learner has one owner. Limits: the learner keeps the latest
// kMostRows prompts in up to kMostGrams grams, hashed, in memory only; a model takes 300 KiB a tier.
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "cascade/triage.h"
#include "cascade/trial.h"

namespace weir::cascade {

struct SeenPrompt {
    PromptFeatures features;
    bool first = true;  // message of its conversation
};

enum class PromptClass : std::uint8_t { unknown, simple, moderate, complex };  // unknown: too few trials yet
inline constexpr std::size_t kPromptClasses = 4;
std::string_view to_string(PromptClass of);

class PromptClasses {
  public:
    struct Verdict {
        PromptClass of = PromptClass::unknown;
        std::array<double, kMostModelTiers> agree{};  // probability, by tier; 0: not known
    };
    Verdict judge(const PromptFeatures& prompt, std::uint64_t task) const;

  private:
    friend class PromptClassLearner;
    std::array<TriageModel, kMostModelTiers> tiers_;
};
std::string describe(const PromptClasses::Verdict& verdict);  // a few words

class PromptClassLearner {
  public:
    static constexpr std::size_t kMostRows = 1'500, kMostGrams = 1'000'000;
    static constexpr std::size_t kLeastRows = 100;

    // Trials in which nothing was graded teach nothing.
    void add(std::shared_ptr<const SeenPrompt> prompt, const Trial& trial);
    bool due() const { return since_ >= wait_; }
    // What is to be learned now, to be done by any thread: it takes a second at most, and certificates must not wait.
    std::function<std::shared_ptr<const PromptClasses>()> fitting();

  private:
    struct Row {
        std::shared_ptr<const SeenPrompt> prompt;
        Trial trial;
    };
    static std::shared_ptr<const PromptClasses> fit(const std::deque<Row>& all);

    std::deque<Row> rows_;
    std::size_t grams_ = 0, since_ = 0, wait_ = kLeastRows;
};

}  // namespace weir::cascade
