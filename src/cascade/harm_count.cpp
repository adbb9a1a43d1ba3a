#include "cascade/harm_count.h"

namespace weir::cascade {
namespace {

constexpr std::size_t kDoubts = 3;  // risk strata of a task
constexpr double kDoubtful = -3;    // log-odds by the prior: 5 %

}  // namespace

std::optional<std::size_t> served_at(double price, const TaskPlan& plan, const KeptTrial& kept) {
    for (std::size_t rung = 0; rung < plan.rungs; ++rung) {
        const std::size_t tier = plan.ladder[rung];
        if (kept.trial.skips(tier)) continue;
        if (price * static_cast<double>(kept.risk[tier]) <= plan.beyond_usd[rung]) return tier;
    }
    return std::nullopt;
}

bool tells_of(const TaskPlan& plan, const Trial& trial) {
    bool asks = false;
    for (std::size_t rung = 0; rung < plan.rungs; ++rung) {
        const std::size_t tier = plan.ladder[rung];
        if (trial.skips(tier)) continue;
        asks = true;
        if (!trial.tiers[tier].graded) return false;
    }
    return trial.known || !asks;
}

HarmCount::HarmCount(const std::deque<KeptTrial>& kept, std::span<const std::vector<const KeptTrial*>> by_task,
                     std::vector<const TaskPlan*> plans, std::span<const double> mix)
    : trials_(static_cast<double>(kept.size())),
      unseen_(kDoubts * by_task.size(), 0.0),
      usable_(by_task.size()),
      plans_(std::move(plans)),
      strata_(kDoubts * by_task.size()) {
    for (const KeptTrial& each : kept) {
        if (each.trial.served == kReference) continue;
        const auto tier = static_cast<std::size_t>(each.trial.served);
        ++past_served_;
        if (each.trial.known) {
            known_worse_ += each.trial.tiers[tier].worse ? 1 : 0;
        } else {
            const Answer answer = answer_of(each, tier);
            unseen_[answer.stratum] += answer.risk;
        }
    }
    for (std::size_t group = 0; group < by_task.size(); ++group) {
        const TaskPlan& plan = *plans_[group];
        if (plan.closed || plan.rungs == 0) continue;
        double sum = 0;
        for (const KeptTrial* one : by_task[group]) {
            if (!tells_of(plan, one->trial)) continue;
            // Where nobody would be asked that is known of every request, not only of those drawn.
            usable_[group].push_back({one, plan.asks(one->trial.skipped) ? 1 / one->trial.known_probability : 1});
            sum += usable_[group].back().weight;
        }
        for (Usable& each : usable_[group]) each.weight *= mix[group] / sum;
    }
}

HarmCount::Answer HarmCount::answer_of(const KeptTrial& kept, std::size_t tier) {
    const TierTrial& tried = kept.trial.tiers[tier];
    const double prior = prior_log_odds(tried.evidence, tried.kind);
    const std::size_t doubt = prior >= kDoubtful ? 2 : risk_values(prior, tried.kind)[2] > 0 ? 0 : 1;
    return {tier, static_cast<double>(kept.risk[tier]), kDoubts * kept.group + doubt};
}

HarmCount::Service HarmCount::service(double price) const {
    Service service;
    for (std::size_t group = 0; group < usable_.size(); ++group) {
        for (const Usable& each : usable_[group]) {
            if (!served_at(price, *plans_[group], *each.kept)) continue;
            service.share += each.weight / trials_;
            ++service.known;
        }
    }
    return service;
}

learn::CountBound HarmCount::worse(double price, double ahead, bool past, double trust, double alpha) {
    for (std::size_t i = 0; i < strata_.size(); ++i) strata_[i] = {past ? unseen_[i] : 0, 0, 0};
    for (std::size_t group = 0; group < usable_.size(); ++group) {
        for (const Usable& each : usable_[group]) {
            const std::optional<std::size_t> served = served_at(price, *plans_[group], *each.kept);
            const Trial& trial = each.kept->trial;
            if (!served && (trial.served == kReference || !trial.known)) continue;
            // A stricter price would not serve it again, but it tells of what was served.
            const Answer answer = answer_of(*each.kept, served.value_or(static_cast<std::size_t>(trial.served)));
            learn::RiskStratum& stratum = strata_[answer.stratum];
            if (served) stratum.expected += ahead / trials_ * each.weight * answer.risk;
            stratum.expected_known += answer.risk;
            stratum.seen += trial.tiers[answer.tier].worse ? 1 : 0;
        }
    }
    return learn::calibrated_count(strata_, trust, alpha);
}

}  // namespace weir::cascade
