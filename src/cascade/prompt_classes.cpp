#include "cascade/prompt_classes.h"

#include <algorithm>
#include <cstdio>
#include <vector>

namespace weir::cascade {
namespace {

constexpr double kWillDo = 0.9, kMayDo = 0.75;
constexpr double kMostWeight = 20;  // of a trial, for the coin by which it was graded

}  // namespace

std::string_view to_string(PromptClass of) {
    static constexpr std::array<std::string_view, kPromptClasses> kNames{"unknown", "simple", "moderate", "complex"};
    return kNames[static_cast<std::size_t>(of)];
}

PromptClasses::Verdict PromptClasses::judge(const PromptFeatures& prompt, std::uint64_t task) const {
    Verdict verdict;
    double first = -1, best = 0;
    for (std::size_t tier = 0; tier < tiers_.size(); ++tier) {
        if (tiers_[tier].rows() == 0) continue;
        const double agree = tiers_[tier].predict(prompt, task).agree;
        verdict.agree[tier] = agree;
        if (first < 0) first = agree;
        best = std::max(best, agree);
    }
    if (first < 0) return verdict;
    verdict.of = first >= kWillDo ? PromptClass::simple : best >= kMayDo ? PromptClass::moderate : PromptClass::complex;
    return verdict;
}

std::string describe(const PromptClasses::Verdict& verdict) {
    std::string text = "triage: " + std::string(to_string(verdict.of));
    char number[16];
    for (const double agree : verdict.agree) {
        if (agree <= 0) continue;
        std::snprintf(number, sizeof number, " %.2f", agree);
        text += number;
    }
    return text;
}

void PromptClassLearner::add(std::shared_ptr<const SeenPrompt> prompt, const Trial& trial) {
    const bool graded =
        std::any_of(trial.tiers.begin(), trial.tiers.end(), [](const TierTrial& tier) { return tier.graded; });
    if (!graded || !prompt) return;
    grams_ += prompt->features.grams.size();
    rows_.push_back({std::move(prompt), trial});
    ++since_;
    while (rows_.size() > kMostRows || grams_ > kMostGrams) {
        grams_ -= rows_.front().prompt->features.grams.size();
        rows_.pop_front();
    }
}

std::function<std::shared_ptr<const PromptClasses>()> PromptClassLearner::fitting() {
    since_ = 0;
    wait_ = std::max(kLeastRows / 2, rows_.size() / 2);
    return [rows = rows_] { return fit(rows); };
}

std::shared_ptr<const PromptClasses> PromptClassLearner::fit(const std::deque<Row>& all) {
    auto made = std::make_shared<PromptClasses>();
    std::vector<TriageRow> rows;
    for (std::size_t tier = 0; tier < kMostModelTiers; ++tier) {
        rows.clear();
        for (const Row& row : all) {
            const TierTrial& tried = row.trial.tiers[tier];
            if (!tried.graded) continue;
            const double weight = std::min(kMostWeight, 1 / row.trial.known_probability);
            rows.push_back({&row.prompt->features,
                            row.trial.task,
                            {},
                            !tried.worse,
                            tried.worse ? 1.0F : 0.0F,
                            static_cast<float>(weight)});
        }
        if (rows.size() < kLeastRows) continue;
        if (auto model = TriageModel::fit(rows, {})) made->tiers_[tier] = std::move(*model);
    }
    return made;
}

}  // namespace weir::cascade
