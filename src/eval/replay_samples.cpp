#include "eval/replay_samples.h"

#include <algorithm>
#include <map>
#include <memory>

#include "cascade/policy_learner.h"
#include "learn/random_bits.h"

namespace weir::eval {
namespace {

using cascade::CourseName;
using cascade::kReference;
using cascade::Policy;
using cascade::PolicyLearner;
using cascade::TaskPlan;
using cascade::TierTrial;
using cascade::Trial;

constexpr std::size_t kMostModels = 30;  // bits of Score::asked, less the reference's
constexpr double kCovered = 0.9;         // of a task's known trials: tiers fail now and then

// A trial with the candidate's tiers in the candidate's order, at the candidate's prices.
struct Sample {
    Trial trial;                   // of the learned tiers
    std::vector<TierTrial> tiers;  // of all its models
};

// Whose trials are used, and where the candidate's models stand in them.
struct Source {
    const cascade::RecordedCourse* course = nullptr;
    bool by_harm = false;
    std::vector<int> places;  // by model; -1: not among its tiers
    std::size_t held() const {
        return static_cast<std::size_t>(std::count_if(places.begin(), places.end(), [](int at) { return at >= 0; }));
    }
};

std::vector<std::string> models_of(const ReplayCandidate& candidate) {
    std::vector<std::string> models = candidate.learned;
    for (const ReplayCandidate::Fixed& fixed : candidate.fixed) {
        if (std::find(models.begin(), models.end(), fixed.model) == models.end()) models.push_back(fixed.model);
    }
    if (models.size() > kMostModels) models.resize(kMostModels);
    return models;
}

std::vector<Source> sources_of(const ReplayLog& log, const std::string& reference, const ReplayCandidate& candidate,
                               const std::vector<std::string>& models) {
    std::vector<Source> sources;
    for (const cascade::RecordedCourse& course : log.courses) {
        const auto name = cascade::parse_course_name(course.name);
        if (!name || name->reference != reference || course.trials.empty()) continue;
        if (candidate.promise && candidate.promise->by_harm != name->by_harm) continue;
        Source source{&course, name->by_harm, {}};
        for (const std::string& model : models) {
            const auto at = std::find(name->tiers.begin(), name->tiers.end(), model);
            source.places.push_back(at == name->tiers.end() ? -1 : static_cast<int>(at - name->tiers.begin()));
        }
        sources.push_back(std::move(source));
    }
    // Those that know the most of the candidate's models; of others less would be known of each request.
    std::size_t most = 0;
    for (const Source& source : sources) most = std::max(most, source.held());
    std::erase_if(sources, [most](const Source& source) { return source.held() < most; });
    if (!sources.empty()) {
        const Source first = sources.front();
        std::erase_if(sources, [&first](const Source& source) {
            return source.by_harm != first.by_harm ||
                   !std::equal(first.places.begin(), first.places.end(), source.places.begin(),
                               [](int a, int b) { return (a < 0) == (b < 0); });
        });
    }
    return sources;
}

class Scorer {
  public:
    Scorer(const ReplayLog& log, const ReplayReference& reference, const ReplayCandidate& candidate, std::uint64_t seed)
        : log_(log), reference_(reference), candidate_(candidate), coins_(seed) {}

    ReplaySamples run();

  private:
    bool collect();
    void learn_and_score();
    PolicyLearner::Options options() const;
    bool usable(const Sample& sample, const TaskPlan& plan) const;
    void add_proof(const Sample& sample, const TaskPlan& plan, ReplaySamples::Score& score) const;
    ReplaySamples::Score score(const Sample& sample, const Policy& policy) const;
    Trial told_of(const Sample& sample, const Policy& policy, const ReplaySamples::Score* score);
    double mean_cost(std::size_t model) const { return asked_[model] > 0 ? spent_[model] / asked_[model] : 0; }
    bool serves() const { return candidate_.mode == cascade::Mode::serve; }
    std::uint64_t learner_of(std::uint64_t task) const {
        return candidate_.promise && candidate_.promise->over_task ? task : 0;
    }
    double price_factor(const std::string& model) const {
        const auto found = candidate_.price_factor.find(std::string(cascade::model_of_tier(model)));
        return found == candidate_.price_factor.end() ? 1 : found->second;
    }

    const ReplayLog& log_;
    const ReplayReference& reference_;
    const ReplayCandidate& candidate_;
    std::vector<Sample> samples_;
    PolicyLearner::Options options_;
    std::vector<double> asked_, spent_;  // by model
    std::size_t learned_ = 0;            // the first of the models have gates that are learned
    double judge_usd_ = 0;               // a known trial's
    learn::RandomBits coins_;
    ReplaySamples result_;
};

// Nothing to go by: false.
bool Scorer::collect() {
    std::vector<std::string> models = models_of(candidate_);
    const std::vector<Source> sources = sources_of(log_, reference_.name, candidate_, models);
    const auto confidence = candidate_.promise ? candidate_.promise->confidence : 0.95;
    const auto promise = candidate_.promise ? candidate_.promise->disagreement : 0.02;
    const std::string needed = std::to_string(trials_to_prove(promise, confidence));
    std::vector<bool> held(models.size(), false);
    for (const Source& source : sources) {
        for (std::size_t i = 0; i < models.size(); ++i) held[i] = held[i] || source.places[i] >= 0;
    }
    for (std::size_t i = 0; i < models.size(); ++i) {
        if (held[i]) continue;
        const bool by_harm = candidate_.promise && candidate_.promise->by_harm;
        result_.cant_tell.push_back(
            models[i] + ": the log has no trials of it" +
            (candidate_.promise ? by_harm ? " that look for harm" : " that look for disagreement" : "") +
            "; needs about " + needed + " audits (mode: shadow makes them)");
    }
    std::vector<std::size_t> kept;
    for (std::size_t i = 0; i < models.size(); ++i) {
        if (!held[i]) continue;
        kept.push_back(i);
        learned_ += i < candidate_.learned.size();
        result_.models.push_back(models[i]);
    }
    if (kept.empty()) return models.empty();
    asked_.assign(kept.size(), 0);
    spent_.assign(kept.size(), 0);
    const double reference_factor = price_factor(reference_.name);
    for (const Source& source : sources) {
        for (const Trial& trial : source.course->trials) {
            Sample sample;
            sample.trial = Trial();
            sample.trial.task = trial.task;
            sample.trial.known = trial.known;
            sample.trial.everything = trial.everything;
            sample.trial.known_probability = trial.known_probability;
            sample.trial.reference_usd = trial.reference_usd * reference_factor;
            for (std::size_t i = 0; i < kept.size(); ++i) {
                TierTrial tier = trial.tiers[static_cast<std::size_t>(source.places[kept[i]])];
                tier.cost_usd *= price_factor(result_.models[i]);
                if (tier.asked) asked_[i] += 1, spent_[i] += tier.cost_usd;
                // What triage skipped then it would skip again.
                const bool skipped = trial.skips(static_cast<std::size_t>(source.places[kept[i]]));
                if (i < learned_) sample.trial.tiers[i] = tier;
                if (i < learned_ && skipped)
                    sample.trial.skipped = static_cast<std::uint8_t>(sample.trial.skipped | 1U << i);
                sample.tiers.push_back(tier);
            }
            result_.known += trial.known;
            samples_.push_back(std::move(sample));
        }
    }
    if (result_.known > 0) judge_usd_ = reference_.judge_usd / static_cast<double>(result_.known);
    return true;
}

PolicyLearner::Options Scorer::options() const {
    PolicyLearner::Options options;
    options.tiers = std::max<std::size_t>(learned_, 1);
    // Of the answers that it would have served, the learner gets to see only those of known trials.
    options.audits.start *= static_cast<double>(result_.known) / static_cast<double>(samples_.size());
    if (candidate_.promise) {
        options.promise = candidate_.promise->disagreement;
        options.confidence = candidate_.promise->confidence;
        options.per_answer = candidate_.promise->per_answer;
    }
    return options;
}

// Whether the trial says what the plan would have come to.
bool Scorer::usable(const Sample& sample, const TaskPlan& plan) const {
    if (!sample.trial.known) return false;
    if (sample.trial.everything) return true;
    for (std::size_t rung = 0; rung < plan.rungs; ++rung) {
        if (!sample.tiers[plan.ladder[rung]].graded) return false;
    }
    return std::all_of(sample.tiers.begin() + static_cast<std::ptrdiff_t>(learned_), sample.tiers.end(),
                       [](const TierTrial& tier) { return tier.graded; });
}

// What proof costs, on the average: the hold-out (whose callers get the reference's answer), audits, shadow, judges.
void Scorer::add_proof(const Sample& sample, const TaskPlan& plan, ReplaySamples::Score& score) const {
    const bool served = score.served != result_.models.size();
    const bool learns = learned_ > 0 && (serves() || candidate_.mode == cascade::Mode::shadow);
    if (!learns || (served && !score.by_ladder)) return;
    double rest = 0, all = 0;  // tiers that were not asked yet
    for (std::size_t model = 0; model < learned_; ++model) {
        if ((score.asked >> model & 1U) == 0) all += mean_cost(model);
    }
    for (std::size_t rung = 0; rung < plan.rungs; ++rung) {
        if ((score.asked >> plan.ladder[rung] & 1U) == 0) rest += mean_cost(plan.ladder[rung]);
    }
    const double reference = served ? sample.trial.reference_usd : 0;
    const double otherwise = (1 - plan.everything) * score.otherwise_known;
    score.proof_usd =
        plan.everything * (reference + all) +
        otherwise * (reference + (score.climbed && !served && plan.asks(sample.trial.skipped) ? 0 : rest)) +
        (plan.everything + otherwise) * judge_usd_;
    score.worse *= 1 - plan.everything;
    score.usd += score.proof_usd;
}

// What the policy would have done, and what that costs.
ReplaySamples::Score Scorer::score(const Sample& sample, const Policy& policy) const {
    const TaskPlan& plan = policy.plan(sample.trial.task);
    ReplaySamples::Score score;
    score.task = sample.trial.task;
    score.reference_usd = sample.trial.reference_usd;
    const std::size_t by_reference = result_.models.size();
    score.served = by_reference;
    const auto ask = [&](std::size_t model) -> const TierTrial* {
        const TierTrial& tier = sample.tiers[model];
        score.asked |= 1U << model;
        if (!tier.asked) return nullptr;  // it failed then
        score.usd += tier.cost_usd;
        return &tier;
    };
    double risk = 0;
    bool by_ladder = false, climbed = false;
    const Trial& trial = sample.trial;
    if (serves()) {
        for (const ReplayCandidate::Fixed& fixed : candidate_.fixed) {
            const auto at = std::find(result_.models.begin(), result_.models.end(), fixed.model);
            if (at == result_.models.end() || score.served != by_reference) continue;
            const auto model = static_cast<std::size_t>(at - result_.models.begin());
            const TierTrial* const tier = ask(model);
            if (tier != nullptr && static_cast<double>(tier->evidence) >= fixed.least_evidence) score.served = model;
        }
        climbed = score.served == by_reference && policy.serves(plan);
        for (std::size_t rung = 0; climbed && rung < plan.rungs && score.served == by_reference; ++rung) {
            if (trial.skips(plan.ladder[rung])) continue;
            const TierTrial* const tier = ask(plan.ladder[rung]);
            if (tier == nullptr) continue;
            const Policy::Judgement judgement = policy.judge(plan, rung, *tier);
            if (!judgement.open) continue;
            score.served = plan.ladder[rung];
            risk = judgement.risk;
            by_ladder = true;
        }
    }
    score.by_ladder = by_ladder;
    score.climbed = climbed;
    if (score.served != by_reference) {
        score.worse = sample.tiers[score.served].worse ? 1 : 0;
    } else {
        score.usd += sample.trial.reference_usd;
        score.asked |= 1U << by_reference;
    }
    score.otherwise_known = by_ladder ? policy.audit_probability(plan, risk)
                            : climbed ? policy.grading_probability(plan, trial)
                                      : plan.trial;
    add_proof(sample, plan, score);
    return score;
}

// What the candidate's learner would have been told of the request: the log knows more of some than it would have, so
// coins thin it out. `score`: nothing where the trial does not say what the policy would have come to.
Trial Scorer::told_of(const Sample& sample, const Policy& policy, const ReplaySamples::Score* score) {
    Trial trial = sample.trial;
    const TaskPlan& plan = policy.plan(trial.task);
    const auto forget = [&trial](bool untried) {
        trial.known = trial.everything = false;
        for (TierTrial& tier : trial.tiers) {
            tier.graded = tier.worse = false;
            if (untried) tier = tier.unasked();
        }
    };
    if (score == nullptr) {
        forget(false);
        return trial;
    }
    const double logged = trial.known_probability;
    const double everything = trial.everything ? (logged < 1 ? options_.hold_out : 1) : 0;
    const double wanted = plan.everything + (1 - plan.everything) * score->otherwise_known;
    trial.known_probability = std::min(wanted, logged);
    if (trial.everything && coins_.chance(plan.everything / everything)) return trial;
    trial.everything = false;
    const bool known = coins_.chance(score->otherwise_known / logged);
    for (std::size_t model = 0; model < learned_; ++model) {
        bool asked = (score->asked >> model & 1U) != 0;
        for (std::size_t rung = 0; known && rung < plan.rungs; ++rung) asked = asked || plan.ladder[rung] == model;
        if (!asked) trial.tiers[model] = trial.tiers[model].unasked();
    }
    if (!known) forget(!score->climbed);
    if (score->by_ladder) trial.served = static_cast<int>(score->served);
    return trial;
}

// In the log's order, as it would have been: each trial is scored under the policy that was learned from those before.
void Scorer::learn_and_score() {
    options_ = options();
    std::map<std::uint64_t, std::unique_ptr<PolicyLearner>> learners;  // by the promise's task (0: one for all)
    struct Seen {
        std::size_t known = 0, covered = 0;
    };
    std::map<std::uint64_t, Seen> seen;  // by task: trials known by another coin than the hold-out's
    std::vector<std::pair<std::size_t, ReplaySamples::Score>> scores;  // with the sample's number
    for (std::size_t i = 0; i < samples_.size(); ++i) {
        auto& learner = learners[learner_of(samples_[i].trial.task)];
        if (!learner) learner = std::make_unique<PolicyLearner>(options_);
        const Policy& policy = *learner->policy();
        const Trial& trial = samples_[i].trial;
        const bool usable_now = usable(samples_[i], policy.plan(trial.task));
        if (trial.known && !trial.everything) {
            ++seen[trial.task].known;
            seen[trial.task].covered += usable_now;
        }
        if (usable_now) scores.emplace_back(i, score(samples_[i], policy));
        learner->add(told_of(samples_[i], policy, usable_now ? &scores.back().second : nullptr));
        if (learner->due()) learner->certify();
    }
    for (auto& [number, score] : scores) {
        const Trial& trial = samples_[number].trial;
        const Seen& task = seen[trial.task];
        const bool covered = static_cast<double>(task.covered) >= kCovered * static_cast<double>(task.known);
        if (!covered && !trial.everything) continue;
        score.weight = covered ? 1 / trial.known_probability : 1;
        score.late = number >= samples_.size() * 2 / 3;
        result_.scores.push_back(score);
    }
    for (const auto& [task, learner] : learners) {
        const PolicyLearner::Certificate& proof = learner->certificate();
        // Of several promises, over a task each: the best one.
        if (result_.certified || proof.worse_bound >= result_.worse_at_most) continue;
        // A price at which nothing would be served proves nothing.
        result_.certified = proof.harm_price_usd.has_value() && proof.worse_bound > 0;
        result_.worse_at_most = proof.worse_bound;
        result_.worse_seen = proof.worse_seen;
    }
}

ReplaySamples Scorer::run() {
    result_.told = collect();
    if (result_.told && !result_.models.empty()) {
        learn_and_score();
        if (result_.scores.empty()) {
            result_.told = false;
            result_.cant_tell.push_back("no trial of the log was seen with all of these tiers: needs the hold-out's");
        }
    }
    return std::move(result_);
}

}  // namespace

ReplaySamples score_trials(const ReplayLog& log, const ReplayReference& reference, const ReplayCandidate& candidate,
                           std::uint64_t seed) {
    return Scorer(log, reference, candidate, seed).run();
}

double worse_share_of(const ReplayLog& log, const std::string& reference) {
    double worse = 0, all = 0;
    for (const cascade::RecordedCourse& course : log.courses) {
        const auto name = cascade::parse_course_name(course.name);
        if (!name || name->reference != reference) continue;
        for (const Trial& trial : course.trials) {
            all += 1;
            if (trial.served == kReference || !trial.known) continue;
            if (trial.tiers[static_cast<std::size_t>(trial.served)].worse) worse += 1 / trial.known_probability;
        }
    }
    return all > 0 ? worse / all : 0;
}

}  // namespace weir::eval
