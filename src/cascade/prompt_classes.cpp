#include "cascade/prompt_classes.h"

#include <algorithm>
#include <cstdio>
#include <vector>

namespace weir::cascade {
namespace {

constexpr double kWillDo = 0.9, kMayDo = 0.75;
constexpr double kMostWeight = 50;  // of a trial, for the coin by which it was graded: audits are no rarer than that

}  // namespace

PromptClasses::Verdict PromptClasses::judge(const SeenPrompt& prompt, std::uint64_t task, const Policy& policy) const {
    Verdict verdict;
    double first = -1, best = 0;
    const auto asked = asked_.find(task);
    const std::optional<double> price = policy.harm_price_usd();
    const bool foresees = asked != asked_.end() && harm_price_usd_ && price && *price >= kLooser * *harm_price_usd_;
    for (std::size_t tier = 0; tier < kMostModelTiers; ++tier) {
        if (foresees && opens_[tier].rows() > 0 && asked->second[tier] >= kLeastOfTask)
            verdict.opens[tier] = opens_[tier].predict(prompt.features, task, &prompt.embedding).agree;
        if (agree_[tier].rows() == 0) continue;
        const double agree = agree_[tier].predict(prompt.features, task, &prompt.embedding).agree;
        verdict.agree[tier] = agree;
        if (first < 0) first = agree;
        best = std::max(best, agree);
    }
    if (first < 0) return verdict;
    verdict.of = first >= kWillDo ? PromptClass::simple : best >= kMayDo ? PromptClass::moderate : PromptClass::complex;
    return verdict;
}

std::string describe(const PromptClasses::Verdict& verdict) {
    std::string text(store::to_string(verdict.of));
    char number[16];
    for (const double agree : verdict.agree) {
        if (agree <= 0) continue;
        std::snprintf(number, sizeof number, " %.2f", agree);
        text += number;
    }
    return text;
}

void PromptClassLearner::add(std::shared_ptr<const SeenPrompt> prompt, const Trial& trial) {
    bool asked = false;
    for (std::size_t tier = 0; tier < kMostModelTiers; ++tier) {
        asked = asked || (trial.tiers[tier].asked && !is_in(at_once_, tier));
    }
    if (!asked || !prompt) return;
    grams_ += prompt->features.grams.size();
    rows_.push_back({std::move(prompt), trial});
    ++since_;
    while (rows_.size() > kMostRows || grams_ > kMostGrams) {
        grams_ -= rows_.front().prompt->features.grams.size();
        rows_.pop_front();
    }
}

std::function<std::shared_ptr<const PromptClasses>()> PromptClassLearner::fitting(
    std::shared_ptr<const Policy> policy) {
    since_ = 0;
    wait_ = std::max(kLeastRows / 2, rows_.size() / 4);
    return [rows = rows_, policy = std::move(policy), at_once = at_once_] { return fit(rows, *policy, at_once); };
}

std::shared_ptr<const PromptClasses> PromptClassLearner::fit(const std::deque<Row>& all, const Policy& policy,
                                                             std::uint8_t at_once) {
    auto made = std::make_shared<PromptClasses>();
    made->harm_price_usd_ = policy.harm_price_usd();
    std::vector<TriageRow> agree, opens;
    const auto row = [](const Row& of, bool label, double weight) {
        return TriageRow{&of.prompt->features,  of.trial.task,
                         &of.prompt->embedding, label,
                         label ? 0.0F : 1.0F,   static_cast<float>(std::min(kMostWeight, weight))};
    };
    for (std::size_t tier = 0; tier < kMostModelTiers; ++tier) {
        if (is_in(at_once, tier)) continue;
        agree.clear();
        opens.clear();
        for (const Row& each : all) {
            const TierTrial& tried = each.trial.tiers[tier];
            const double weight = 1 / each.trial.known_probability;
            if (tried.graded) agree.push_back(row(each, !tried.worse, weight));
            const TaskPlan& plan = policy.plan(each.trial.task);
            const auto rung = plan.rung_of(tier);
            if (!rung || !tried.asked || !policy.serves(plan)) continue;
            // A tier that is skipped is asked by a coin; any other one always is, until one answers.
            ++made->asked_[each.trial.task][tier];
            opens.push_back(row(each, policy.judge(plan, *rung, tried).open, each.trial.skips(tier) ? weight : 1));
        }
        if (agree.size() >= kLeastRows) {
            if (auto model = TriageModel::fit(agree, {})) made->agree_[tier] = std::move(*model);
        }
        if (opens.size() >= kLeastRows) {
            if (auto model = TriageModel::fit(opens, {})) made->opens_[tier] = std::move(*model);
        }
    }
    return made;
}

}  // namespace weir::cascade
