#include "cascade/policy_learner.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "learn/certificates.h"

namespace weir::cascade {
namespace {

constexpr std::size_t kFolds = 5;
constexpr std::size_t kLeastToFit = 20;             // graded trials of a tier
constexpr std::size_t kLeastToPlan = 8;             // trials of a task with all of a ladder's tiers graded
constexpr std::size_t kPrices = 60;                 // tested, in equal ratios
constexpr double kStrictest = 300, kLoosest = 1.5;  // harm prices, in mean costs of the reference
constexpr std::size_t kYoung = 16;                  // times task_trials
constexpr double kFirstPrice = 40;                  // plans are made for it before there is a certificate
// A plan is exchanged only for one that is expected to be so much cheaper: that of two rungs rests on the assumption
// that the second tier does as well on what the first one could not answer.
constexpr double kBetterPlan = 0.97, kBetterLadder = 0.85;
constexpr double kPays = 0.97;              // of the reference's cost: a plan that costs less pays
constexpr double kEnoughKnown = 0.25;       // of the present plan's graded trials, for another one
constexpr double kTriedInFull = 2'000;      // trials; then fewer and fewer while nothing may be served
constexpr std::size_t kSuspectAudits = 10;  // two worse answers among so many, and as many more come sooner, ...
constexpr double kSuspectFactor = 3;        // ... by this factor: faults come in bursts
constexpr double kClearlyWorse = 3;         // times the promise: of a task's served answers
constexpr double kNearPromise = 0.25;       // monitors watch over it, or over one that is larger or less by this part
constexpr double kHopeful = 3;              // see plan_task()
// The budget left is spent over so many trials to come: of those seen, at least.
constexpr double kHorizon = 2, kLeastHorizon = 500;
constexpr double kForeseenPenalty = 5;
constexpr double kTrust = 0.5;         // see learn/calibrated_count.h
constexpr double kKeptOfAlpha = 0.75;  // the rest goes to looking again and again

learn::GroupedLogistic::Options risk_options() {
    learn::GroupedLogistic::Options options;
    options.common = 4;
    options.common_penalty = {1, 3, 1, kForeseenPenalty};
    options.group_penalty = 5;
    return options;
}

learn::GroupedLogistic::Row risk_row(const TierTrial& tier, std::uint32_t group) {
    learn::GroupedLogistic::Row row;
    row.offset = prior_log_odds(tier.evidence, tier.kind);
    row.values = risk_values(row.offset, tier.kind, tier.foreseen);
    row.group = group;
    row.label = tier.worse ? 1 : 0;
    return row;
}

}  // namespace

PolicyLearner::Options PolicyLearner::options_of_students(double audit) {
    Options options;
    options.first_certificate = 100;
    options.growth = 1.1;
    options.hold_out = 0.007;
    // Answers somewhat riskier than the promise are audited so often, surer ones less.
    options.audits.base = 0.8 * audit;
    options.audits.least = 0.4 * audit;
    options.audits.most = std::min(1.0, 2.4 * audit);
    options.audits.start = 0;
    options.audits.graded = 1;
    return options;
}

PolicyLearner::PolicyLearner(const Options& options)
    : options_(options),
      promise_(options.promise),
      monitored_(options.promise),
      monitor_(monitor_options(std::min(0.9, options.bank * options.promise))),
      wait_(options.first_certificate) {
    publish(std::make_shared<Policy>());
}

learn::HitMonitor::Options PolicyLearner::monitor_options(double promise) const {
    learn::HitMonitor::Options monitor;
    monitor.promise = promise;
    monitor.alpha = 0.05;
    monitor.run_length = options_.run_length;
    monitor.least_audit = std::min(options_.audits.least, 1.0);
    return monitor;
}

learn::HitMonitor::Options PolicyLearner::task_monitor_options() const {
    learn::HitMonitor::Options monitor = monitor_options(std::min(0.9, kClearlyWorse * promise_));
    monitor.least_audit = 1;
    return monitor;
}

void PolicyLearner::hold_to(double promise) {
    const double larger = std::max(options_.promise, promise);
    if (larger == promise_) return;
    promise_ = larger;
    task_ready_ = true;
    if (std::abs(promise_ - monitored_) <= kNearPromise * monitored_) return;  // what they have seen is worth more
    monitored_ = promise_;
    monitor_ = learn::HitMonitor(monitor_options(std::min(0.9, options_.bank * promise_)));
    for (auto& [name, task] : tasks_) {
        task.monitor = learn::HitMonitor(task_monitor_options());
        task.complaints = learn::HitMonitor(task_monitor_options());
    }
}

PolicyLearner::Task& PolicyLearner::task_of(std::uint64_t task) {
    const auto found = tasks_.find(task);
    if (found != tasks_.end()) return found->second;
    // A task alone may be worse than the promise for all, and its served answers worse than all its answers; not by any
    // factor.
    return tasks_.try_emplace(task, static_cast<std::uint32_t>(tasks_.size()), task_monitor_options()).first->second;
}

void PolicyLearner::add(const Trial& trial) {
    if (tasks_.size() >= kMostTasks && !tasks_.contains(trial.task)) return;
    Task& task = task_of(trial.task);
    if (trial.complaint) return complained(task);
    if (trial.doubt) {
        // Nothing was worse: it begins as a new task does.
        const bool on_trust = task.on_trust;
        ++alarms_.inputs;
        forget(task.group);
        task.on_trust = on_trust;
        return;
    }
    if (trial.served != kReference) task.complaints.audited(false, 1);
    for (std::size_t tier = 0; tier < options_.tiers; ++tier) {
        if (!trial.tiers[tier].asked) continue;
        task.tiers[tier].add(trial.tiers[tier].cost_usd);
        // A student turns up when the task is no longer young.
        if ((options_.at_once >> tier & 1U) != 0 && at_doubling(task.tiers[tier].count)) task_ready_ = true;
    }
    if (trial.known) {
        task.reference.add(trial.reference_usd);
        reference_.add(trial.reference_usd);
        const bool worse = trial.served != kReference && trial.tiers[static_cast<std::size_t>(trial.served)].worse;
        const double probability = trial.served == kReference ? 1 : trial.known_probability;
        if (trial.served != kReference) suspect(task, worse);
        if (trial.served != kReference || !options_.per_answer) monitor_.audited(worse, probability);
        // Whoever was served: the coins of the audits do not look at outcomes, so each counts alike.
        if (trial.served != kReference) task.monitor.audited(worse, 1);
        if (trial.everything) ++task.everything;
        ++task.known;
        // While a task is young its plan is looked at again with every doubling.
        if (at_doubling(task.known)) task_ready_ = true;
    }
    KeptTrial kept{trial, task.group, {}};
    kept.risk.fill(1);
    window_.push_back(kept);
    ++since_;
    if (window_.size() > options_.window) window_.pop_front();
    if (monitor_.broken()) {
        ++alarms_.cascade;
        forget(std::nullopt);
    } else if (task.monitor.broken()) {
        ++alarms_.task;
        forget(task.group);
    }
}

bool PolicyLearner::at_doubling(std::size_t trials) const {
    const std::size_t times = trials / options_.task_trials;
    return trials % options_.task_trials == 0 && times <= kYoung && std::has_single_bit(times);
}

// Two worse answers among few audits: the task's next ones come sooner.
void PolicyLearner::suspect(Task& task, bool worse) {
    const bool before = task.suspect > 0;
    if (task.suspect > 0) --task.suspect;
    if (worse && task.clean < kSuspectAudits) task.suspect = kSuspectAudits;
    task.clean = worse ? 0 : task.clean + 1;
    if (before != (task.suspect > 0)) publish(std::make_shared<Policy>(*policy_));
}

void PolicyLearner::complained(Task& task) {
    const bool before = task.suspect > 0;
    task.suspect = kSuspectAudits;
    if (!before) publish(std::make_shared<Policy>(*policy_));
    task.complaints.audited(true, 1);
    if (!task.complaints.broken()) return;
    ++alarms_.task;
    forget(task.group);
}

void PolicyLearner::forget(std::optional<std::uint32_t> group) {
    alarmed_ = true;
    if (!group) {
        window_.clear();
        monitor_.restart();
        wait_ = options_.first_certificate;
    } else {
        std::erase_if(window_, [&](const KeptTrial& kept) { return kept.group == *group; });
    }
    for (auto& [name, task] : tasks_) {
        if (group && task.group != *group) continue;
        task.monitor.restart();
        task.complaints.restart();
        task.everything = task.known = 0;
        task.plan = TaskPlan{};
        task.plan.group = task.group;
        task.on_trust = task.on_trust && !group;
    }
}

void PolicyLearner::fit_risks(Policy& policy) {
    std::vector<learn::GroupedLogistic::Row> rows;
    const auto fit = [&](std::size_t tier, std::size_t left_out) {
        rows.clear();
        for (std::size_t i = 0; i < window_.size(); ++i) {
            const TierTrial& tried = window_[i].trial.tiers[tier];
            if (tried.graded && i % kFolds != left_out) rows.push_back(risk_row(tried, window_[i].group));
        }
        if (rows.size() < kLeastToFit) return learn::GroupedLogistic();
        return learn::GroupedLogistic::fit(rows, tasks_.size(), risk_options());
    };
    for (std::size_t tier = 0; tier < options_.tiers; ++tier) {
        policy.risks_[tier] = fit(tier, kFolds);
        for (std::size_t fold = 0; fold < kFolds; ++fold) {
            const learn::GroupedLogistic model = fit(tier, fold);
            for (std::size_t i = fold; i < window_.size(); i += kFolds) {
                KeptTrial& kept = window_[i];
                const TierTrial& tried = kept.trial.tiers[tier];
                if (!tried.asked) continue;
                const double prior = prior_log_odds(tried.evidence, tried.kind);
                const auto values = risk_values(prior, tried.kind, tried.foreseen);
                kept.risk[tier] = static_cast<float>(model.probability(prior, values, kept.group));
            }
        }
    }
}

// All ladders in which each tier costs more than the one before: the shorter ones first.
std::vector<std::vector<std::uint8_t>> PolicyLearner::ladders_of(const Task& task,
                                                                 const std::function<bool(std::size_t)>& usable) const {
    std::vector<std::vector<std::uint8_t>> ladders;
    std::size_t begin = 0;
    for (std::size_t rungs = 1; rungs <= options_.tiers; ++rungs) {
        const std::size_t end = ladders.size();
        for (std::size_t tier = 0; rungs == 1 && tier < options_.tiers; ++tier) {
            if (usable(tier)) ladders.push_back({static_cast<std::uint8_t>(tier)});
        }
        for (std::size_t shorter = begin; rungs > 1 && shorter < end; ++shorter) {
            for (std::size_t tier = 0; tier < options_.tiers; ++tier) {
                if (!usable(tier) || task.tiers[tier].mean() <= task.tiers[ladders[shorter].back()].mean()) continue;
                std::vector<std::uint8_t> longer = ladders[shorter];
                longer.push_back(static_cast<std::uint8_t>(tier));
                ladders.push_back(std::move(longer));
            }
        }
        begin = end;
    }
    return ladders;
}

// Compares all ladders, and none at all, on the trials with everything asked (of tiers that are asked for every
// request, on all).
void PolicyLearner::plan_task(Task& task, const std::vector<const KeptTrial*>& trials, const Policy& policy,
                              double harm_price) const {
    std::vector<const Trial*> full;
    for (const KeptTrial* kept : trials) {
        if (kept->trial.everything) full.push_back(&kept->trial);
    }
    if (full.size() < kLeastToPlan) return;
    // Of a tier that is asked for every request every one tells, known or not.
    std::array<std::vector<const Trial*>, kMostModelTiers> told;
    for (std::size_t tier = 0; tier < options_.tiers; ++tier) {
        if ((options_.at_once >> tier & 1U) == 0) {
            told[tier] = full;
            continue;
        }
        for (const KeptTrial* kept : trials) {
            if (kept->trial.tiers[tier].asked) told[tier].push_back(&kept->trial);
        }
    }
    const double reference = task.reference.mean();
    // What is to be expected after `tier` was asked, on the average, if a shut gate costs `beyond`.
    const auto cost_at = [&](double price, std::size_t tier, double beyond) {
        double sum = 0;
        for (const Trial* trial : told[tier]) {
            const TierTrial& tried = trial->tiers[tier];
            if (trial->skips(tier)) {
                sum += beyond;
                continue;
            }
            // Where it gave no answer the request goes on, as at a shut gate.
            const double worse = tried.asked ? price * policy.risk(tier, task.plan, tried) : beyond;
            sum += task.tiers[tier].mean() + std::min(worse, beyond);
        }
        return sum / static_cast<double>(told[tier].size());
    };
    const auto cost_with = [&](std::size_t tier, double beyond) { return cost_at(harm_price, tier, beyond); };
    // A failure now and then puts no tier out.
    const auto enough_asked = [&](std::size_t tier) {
        return std::count_if(told[tier].begin(), told[tier].end(), [tier](const Trial* trial) {
                   return trial->tiers[tier].asked;
               }) >= static_cast<std::ptrdiff_t>(kLeastToPlan);
    };
    // A certificate has only those trials to go by in which all of the ladder's tiers were graded.
    const auto trials_of = [&](const TaskPlan& plan) {
        return std::count_if(trials.begin(), trials.end(),
                             [&plan](const KeptTrial* kept) { return tells_of(plan, kept->trial); });
    };
    // What the plan costs; says what is to be expected behind each of its rungs.
    const auto cost_of = [&](TaskPlan& plan) {
        double cost = reference;
        for (std::size_t rung = plan.rungs; rung-- > 0;) {
            plan.beyond_usd[rung] = std::min(reference, cost);
            cost = cost_with(plan.ladder[rung], plan.beyond_usd[rung]);
        }
        return cost;
    };
    // A plan that pays is not given up for one of which much less is known.
    TaskPlan present = task.plan;
    const bool pays = present.rungs > 0 && cost_of(present) < kPays * reference;
    const double enough = pays ? kEnoughKnown * static_cast<double>(trials_of(task.plan)) : 0;

    TaskPlan best = task.plan;
    best.closed = !task.on_trust && best.closed;
    double least = std::numeric_limits<double>::infinity();
    for (const std::vector<std::uint8_t>& ladder : ladders_of(task, enough_asked)) {
        TaskPlan made = best;
        made.rungs = static_cast<std::uint8_t>(ladder.size());
        std::copy(ladder.begin(), ladder.end(), made.ladder.begin());
        const bool as_now = std::equal(ladder.begin(), ladder.end(), task.plan.ladder.begin(),
                                       task.plan.ladder.begin() + task.plan.rungs);
        const double better = ladder.size() == 1 ? kBetterPlan : kBetterLadder;
        const double cost = cost_of(made);
        if (cost >= least * (as_now ? 1 : better) || static_cast<double>(trials_of(made)) < enough) continue;
        least = cost;
        best = made;
    }
    // Straight to the reference only where the cheapest ladder would not pay at a much looser price either.
    double hopeful = std::numeric_limits<double>::infinity();
    for (std::size_t tier = 0; tier < options_.tiers; ++tier) {
        if (enough_asked(tier)) hopeful = std::min(hopeful, cost_at(harm_price / kHopeful, tier, reference));
    }
    if (hopeful >= reference) best.rungs = 0;
    best.reference_usd = reference;
    task.plan = best;
}

// By group: how many of as many requests as there are in the window will be the task's.
std::vector<double> PolicyLearner::expected_mix() const {
    std::vector<double> mix(tasks_.size(), 0.0);
    const double fade = options_.mix_half_life > 0 ? std::exp2(-1 / options_.mix_half_life) : 1;
    double weight = 1, sum = 0;
    for (auto kept = window_.rbegin(); kept != window_.rend(); ++kept, weight *= fade) {
        mix[kept->group] += weight;
        sum += weight;
    }
    for (double& each : mix) each *= static_cast<double>(window_.size()) / sum;
    return mix;
}

double PolicyLearner::price_at(std::size_t step) const {
    const double part = static_cast<double>(step) / static_cast<double>(kPrices - 1);
    return reference_.mean() * kStrictest * std::pow(kLoosest / kStrictest, part);
}

void PolicyLearner::test_prices(Policy& policy, const std::vector<std::vector<const KeptTrial*>>& by_task) {
    const double alpha = kKeptOfAlpha * (1 - options_.confidence);
    const auto trials = static_cast<double>(window_.size());
    const double ahead =
        options_.ahead > 0 ? static_cast<double>(options_.ahead) : std::max(kLeastHorizon, kHorizon * trials);
    std::vector<const TaskPlan*> plans(tasks_.size());
    for (const auto& [name, task] : tasks_) plans[task.group] = &task.plan;
    HarmCount count(window_, by_task, std::move(plans), expected_mix());
    // Of single answers so few prove nothing, however good they are.
    const auto fewest = static_cast<std::size_t>(-std::log(alpha) / promise_);
    certificate_.harm_price_usd.reset();
    certificate_.worse_bound = 1;
    certificate_.worse_so_far =
        (count.known_worse() + count.worse(std::numeric_limits<double>::infinity(), 0, true, kTrust, alpha).most) /
        trials;
    for (std::size_t step = 0; step < kPrices; ++step) {
        const double price = price_at(step);
        HarmCount::Service counted{1, fewest};
        if (options_.per_answer) counted = count.service(price);
        if (counted.known < fewest) continue;
        const double past = options_.per_answer ? count.past_served() : trials;
        const double allowed = promise_ * (past + counted.share * ahead) - count.known_worse();
        const learn::CountBound coming = count.worse(price, ahead, false, kTrust, alpha);
        const learn::CountBound all = count.worse(price, ahead, true, kTrust, alpha);
        // Of past and future together, as they are uncertain together.
        const double left = (allowed - (all.most - coming.most)) / ahead;
        const double now = std::clamp(left, 0.0, options_.bank * promise_ * counted.share);
        // The models' word helps a proof, it is none: what was seen alone has to do at twice the allowed error.
        const bool seen = count.worse(price, ahead, false, 0, 2 * (1 - options_.confidence)).most / ahead <= now;
        // A price so strict that nothing would be served keeps every promise, but for one that is broken already.
        const bool kept = now > 0 && seen && coming.most / ahead <= now;
        if (kept || certificate_.worse_bound == 1) {  // the first one says how far away it is
            certificate_.promise_now = now;
            certificate_.worse_seen = coming.likely / ahead;
            certificate_.worse_bound = coming.most / ahead;
        }
        if (!kept) break;
        certificate_.harm_price_usd = price;
    }
    // Plans go by it also where nothing would have been served at that price, which is no proof: no gate opens then.
    plan_price_usd_ = certificate_.harm_price_usd;
    if (certificate_.worse_bound <= 0) certificate_.harm_price_usd.reset();
    policy.harm_price_usd_ = certificate_.harm_price_usd;
}

// Whether the task's own trials show that what a price would serve of it is not clearly worse.
bool PolicyLearner::shows_itself(const Task& task, const std::vector<const KeptTrial*>& trials,
                                 double harm_price) const {
    std::size_t served = 0, worse = 0;
    for (const KeptTrial* kept : trials) {
        if (!tells_of(task.plan, kept->trial)) continue;
        const std::optional<std::size_t> tier = served_at(harm_price, task.plan, *kept);
        if (!tier) continue;
        ++served;
        worse += kept->trial.tiers[*tier].worse;
    }
    return learn::share_upper_bound(worse, served, 1 - options_.confidence) <= kClearlyWorse * promise_;
}

// A task that was clearly worse once does not borrow from the others again: it opens on its own trials, at the price
// that the others prove, or, where they prove none, at whichever it can. True: prices are to be tested with it.
bool PolicyLearner::trust_again(const std::vector<std::vector<const KeptTrial*>>& by_task) {
    const bool proved = certificate_.harm_price_usd.has_value();
    bool opened = false;
    for (auto& [name, task] : tasks_) {
        if (task.on_trust) continue;
        const auto shows = [&](double price) { return shows_itself(task, by_task[task.group], price); };
        task.plan.closed = true;
        if (proved) {
            task.plan.closed = !shows(*certificate_.harm_price_usd);
        } else {
            for (std::size_t step = 0; step < kPrices && task.plan.closed; ++step)
                task.plan.closed = !shows(price_at(step));
        }
        opened = opened || (!proved && !task.plan.closed);
    }
    return opened;
}

void PolicyLearner::certify() {
    ++certificate_.occasion;
    task_ready_ = alarmed_ = false;
    since_ = 0;
    wait_ = static_cast<std::size_t>(static_cast<double>(window_.size()) * (options_.growth - 1)) + 1;
    if (window_.size() < options_.first_certificate) wait_ = options_.first_certificate - window_.size();
    certificate_.trials = window_.size();
    certificate_.known = static_cast<std::size_t>(
        std::count_if(window_.begin(), window_.end(), [](const KeptTrial& kept) { return kept.trial.known; }));
    const auto policy = std::make_shared<Policy>();
    std::vector<std::vector<const KeptTrial*>> by_task(tasks_.size());
    for (const KeptTrial& kept : window_) by_task[kept.group].push_back(&kept);
    fit_risks(*policy);
    const double price = plan_price_usd_.value_or(kFirstPrice * reference_.mean());
    for (auto& [name, task] : tasks_) {
        if (task.everything >= options_.task_trials) plan_task(task, by_task[task.group], *policy, price);
    }
    const bool enough = !window_.empty() && window_.size() >= options_.first_certificate;
    if (enough) test_prices(*policy, by_task);
    if (trust_again(by_task) && enough) test_prices(*policy, by_task);
    publish(policy);
}

void PolicyLearner::publish(std::shared_ptr<Policy> policy) {
    policy->promise_ = promise_;
    policy->unknown_.wanted = options_.task_trials;
    policy->audits_ = options_.audits;
    policy->mean_reference_usd_ = reference_.mean();
    std::size_t served = 0;
    for (const KeptTrial& kept : window_) served += kept.trial.served != kReference;
    policy->audit_factor_ = std::clamp(std::sqrt(options_.audits.start / (static_cast<double>(served) + 50)), 1.0, 4.0);
    for (auto& [name, task] : tasks_) {
        const bool known = task.everything >= options_.task_trials;
        task.plan.everything = known ? options_.hold_out : 1;
        task.plan.wanted = known ? 0 : options_.task_trials - task.everything;
        task.plan.reference_usd = task.reference.mean();
        for (std::size_t rung = 0; rung < task.plan.rungs; ++rung)
            task.plan.cost_usd[rung] = task.tiers[task.plan.ladder[rung]].mean();
        task.plan.trial =
            policy->serving()
                ? 1
                : std::clamp(kTriedInFull / std::max(1.0, static_cast<double>(window_.size())), 0.05, 1.0);
        task.plan.audit_factor = task.suspect > 0 ? kSuspectFactor : 1;
        policy->plans_.insert_or_assign(name, task.plan);
    }
    policy_ = std::move(policy);
}

}  // namespace weir::cascade
