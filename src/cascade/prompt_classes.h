// Triage in the live path: from the prompt alone, how likely each tier's answer is as good as the reference's, the
// class that follows (simple: the first tier will do; complex: none of them will; moderate: in between), and how likely
// each tier's gate opens on its answer. Learned for each course from its trials (cascade/triage.h). The first orders
// answers of which the evidence says the same (risk_values()); the last says which tiers are not worth asking
// (Policy::skipped()). Tiers that cost nothing to ask need no triage. What is served stays with the gates, which have
// seen the answer.
// Thread rule: PromptClasses immutable, any thread; its learner has one owner. Limits: the learner keeps the latest
// kMostRows prompts in up to kMostGrams grams, hashed, and their embeddings, in memory only; two models a
// tier (triage.h).
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "cascade/policy.h"
#include "cascade/triage.h"
#include "cascade/trial.h"
#include "store/ledger_row.h"

namespace weir::cascade {

struct SeenPrompt {
    PromptFeatures features;
    bool first = true;              // message of its conversation
    embed::Int8Vector embedding{};  // of its question; empty: none at hand
};

using store::kPromptClasses;
using store::PromptClass;

class PromptClasses {
  public:
    struct Verdict {
        PromptClass of = PromptClass::unknown;
        Foreseen agree{}, opens{};  // probabilities, by tier; 0: not known
    };
    // `policy`: the one in force. Gates are foreseen only of tasks of which enough was asked while they served, and
    // only where the gates in force are not looser than those that were learned: what other tasks' prompts or stricter
    // gates say would keep away what was never tried.
    Verdict judge(const SeenPrompt& prompt, std::uint64_t task, const Policy& policy) const;

  private:
    friend class PromptClassLearner;
    static constexpr std::uint32_t kLeastOfTask = 50;
    static constexpr double kLooser = 0.9;  // times the harm price

    std::array<TriageModel, kMostModelTiers> agree_, opens_;
    std::unordered_map<std::uint64_t, std::array<std::uint32_t, kMostModelTiers>> asked_;  // by task
    std::optional<double> harm_price_usd_;
};
std::string describe(const PromptClasses::Verdict& verdict);  // a few words

class PromptClassLearner {
  public:
    static constexpr std::size_t kMostRows = 2'000, kMostGrams = 1'000'000;
    static constexpr std::size_t kLeastRows = 100;

    // `at_once`: bits, by tier, of those that triage has no word about (PolicyLearner::Options).
    explicit PromptClassLearner(std::uint8_t at_once = 0) : at_once_(at_once) {}

    // Trials in which nobody was asked teach nothing.
    void add(std::shared_ptr<const SeenPrompt> prompt, const Trial& trial);
    bool due() const { return since_ >= wait_; }
    // What is to be learned now, to be done by any thread: it takes 0.4 s a model (triage_bench, -O1, a busy machine),
    // so up to 3 s with two of four tiers, and certificates must not wait. `policy`: whose gates are to be foreseen.
    std::function<std::shared_ptr<const PromptClasses>()> fitting(std::shared_ptr<const Policy> policy);

  private:
    struct Row {
        std::shared_ptr<const SeenPrompt> prompt;
        Trial trial;
    };
    static std::shared_ptr<const PromptClasses> fit(const std::deque<Row>& all, const Policy& policy,
                                                    std::uint8_t at_once);
    static bool is_in(std::uint8_t tiers, std::size_t tier) { return (tiers >> tier & 1U) != 0; }

    std::uint8_t at_once_;
    std::deque<Row> rows_;
    std::size_t grams_ = 0, since_ = 0, wait_ = kLeastRows;
};

}  // namespace weir::cascade
