#include "eval/replay.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>
#include <set>

#include "cascade/policy_learner.h"
#include "eval/replay_samples.h"
#include "learn/certificates.h"
#include "learn/random_bits.h"

namespace weir::eval {
namespace {

using cascade::kReference;

constexpr std::size_t kSamples = 200;  // of the bootstrap
constexpr double kTail = 0.025;        // of an interval, each side
constexpr double kUntold = 0.05;       // of the requests: more without a trial are said
constexpr std::size_t kMostToProve = 1'000'000;

std::string text(double value) {
    char buffer[32];
    std::snprintf(buffer, sizeof buffer, "%.3g", value);
    return buffer;
}

std::string percent(double share) {
    return text(100 * share) + " %";
}

bool serves(const ReplayCandidate& candidate) {
    return candidate.mode == cascade::Mode::serve;
}

double factor_of(const ReplayCandidate& candidate, const std::string& model) {
    const auto found = candidate.price_factor.find(model);
    return found == candidate.price_factor.end() ? 1 : found->second;
}

// What caches would have done with a task's requests; what is left for models.
struct Left {
    double requests = 0, usd = 0;    // for models
    double exact = 0, semantic = 0;  // requests
};

Left left_of(const ReplayTask& task, const ReplayCandidate& candidate) {
    Left left{static_cast<double>(task.requests), task.reference_usd, 0, 0};
    if (!serves(candidate)) return left;
    if (candidate.exact) {
        left.exact = static_cast<double>(task.exact + task.would_be_exact);
        left.usd -= task.exact_usd + task.would_be_exact_usd;
    }
    if (candidate.semantic) {
        left.semantic = static_cast<double>(task.semantic + task.would_be_semantic);
        left.usd -= task.semantic_usd + task.would_be_semantic_usd;
    }
    left.requests = std::max(0.0, left.requests - left.exact - left.semantic);
    left.usd = std::max(0.0, left.usd);
    return left;
}

// A model's mean time, and its standard error.
struct Time {
    double mean = 0, error = 0;
    bool known = false;
};

Time time_of(const ReplayLog& log, const std::string& model) {
    const auto found = log.models.find(std::string(cascade::ledger_name_of_tier(model)));
    if (found == log.models.end() || found->second.answers == 0) return {};
    const ModelTimes& times = found->second;
    const auto answers = static_cast<double>(times.answers);
    const double variance = std::max(0.0, times.squares / answers - times.mean() * times.mean());
    return {times.mean(), std::sqrt(variance / answers), true};
}

// Adds up what scored trials say, in the ledger's proportions.
class Totals {
  public:
    Totals(const ReplayLog& log, const ReplayReference& reference, const ReplayCandidate& candidate,
           const ReplaySamples& samples, bool late)
        : reference_(reference), candidate_(candidate), samples_(samples) {
        reference_factor_ = factor_of(candidate, reference.name);
        for (const std::string& model : samples.models) times_.push_back(time_of(log, model));
        times_.push_back(time_of(log, reference.name));
        for (std::size_t i = 0; i < samples.scores.size(); ++i) {
            if (samples.scores[i].late || !late) by_task_[samples.scores[i].task].push_back(i);
        }
        if (reference.cached > 0) cache_micros_ = reference.cache_micros / static_cast<double>(reference.cached);
    }

    struct Sum {
        double usd = 0, proof_usd = 0, micros = 0, requests = 0, untold = 0;
        double worse = 0, worse_squares = 0;  // requests, and the squares of those that one trial stands for
        std::size_t trials = 0;
        std::vector<double> served;  // by model of the samples, the reference last
        double exact = 0, semantic = 0;
    };

    // With `random`: one sample of the bootstrap.
    Sum add_up(learn::RandomBits* random) const {
        std::vector<double> means;
        for (const Time& time : times_) {
            means.push_back(std::max(0.0, time.mean + (random == nullptr ? 0 : time.error * random->normal())));
        }
        Sum sum;
        sum.served.assign(times_.size(), 0);
        for (const auto& [number, task] : reference_.tasks) {
            const Left left = left_of(task, candidate_);
            sum.requests += static_cast<double>(task.requests);
            sum.exact += left.exact;
            sum.semantic += left.semantic;
            sum.micros += (left.exact + left.semantic) * cache_micros_;
            const auto found = by_task_.find(number);
            if (found == by_task_.end() || found->second.empty()) {
                sum.usd += left.usd * reference_factor_;
                sum.micros += left.requests * means.back();
                sum.served.back() += left.requests;
                sum.untold += left.requests;
            } else {
                add_task(found->second, left, means, random, sum);
            }
        }
        return sum;
    }

    bool times_known() const {
        return std::all_of(times_.begin(), times_.end(), [](const Time& time) { return time.known; });
    }
    double reference_factor() const { return reference_factor_; }

  private:
    void add_task(const std::vector<std::size_t>& scores, const Left& left, const std::vector<double>& means,
                  learn::RandomBits* random, Sum& sum) const {
        double weights = 0, usd = 0, proof = 0, reference = 0, worse = 0, squares = 0, micros = 0;
        std::vector<double> served(times_.size(), 0);
        for (std::size_t i = 0; i < scores.size(); ++i) {
            const ReplaySamples::Score& score =
                samples_.scores[scores[random == nullptr ? i : random->below(scores.size())]];
            weights += score.weight;
            usd += score.weight * score.usd;
            proof += score.weight * score.proof_usd;
            reference += score.weight * score.reference_usd;
            worse += score.weight * score.worse;
            squares += score.weight * score.weight * score.worse * score.worse;
            for (std::size_t model = 0; model < means.size(); ++model) {
                if ((score.asked >> model & 1U) != 0) micros += score.weight * means[model];
            }
            served[score.served] += score.weight;
        }
        const double price = reference > 0 ? left.usd * reference_factor_ / reference : 0;
        sum.usd += usd * price;
        sum.proof_usd += proof * price;
        sum.trials += scores.size();
        sum.worse += left.requests * worse / weights;
        sum.worse_squares += left.requests * left.requests * squares / (weights * weights);
        sum.micros += left.requests * micros / weights;
        for (std::size_t model = 0; model < served.size(); ++model) {
            sum.served[model] += left.requests * served[model] / weights;
        }
    }

    const ReplayReference& reference_;
    const ReplayCandidate& candidate_;
    const ReplaySamples& samples_;
    double reference_factor_ = 1, cache_micros_ = 0;
    std::vector<Time> times_;  // by model of the samples, the reference last
    std::map<std::uint64_t, std::vector<std::size_t>> by_task_;
};

Interval interval(double mean, std::vector<double> values) {
    std::sort(values.begin(), values.end());
    const auto at = [&](double share) {
        return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1) + 0.5)];
    };
    return {mean, at(kTail), at(1 - kTail)};
}

// Bounds that hold for a handful of worse answers and for none too, where a bootstrap would see no spread.
Interval worse_interval(const Totals::Sum& sum, double requests) {
    if (sum.trials == 0) return {};
    const double typical = requests / static_cast<double>(sum.trials);
    return {sum.worse / requests, learn::weighted_count_lower_bound(sum.worse, sum.worse_squares, kTail) / requests,
            std::min(1.0, learn::weighted_count_upper_bound(sum.worse, sum.worse_squares, typical, kTail) / requests)};
}

void tell(const ReplayLog& log, const ReplayReference& reference, const ReplayCandidate& candidate,
          const ReplaySamples& samples, std::uint64_t seed, ReplayLine& line) {
    const Totals totals(log, reference, candidate, samples, false), late(log, reference, candidate, samples, true);
    const Totals::Sum all = totals.add_up(nullptr), last = late.add_up(nullptr);
    learn::RandomBits random(seed);
    std::vector<double> usd, saved, micros, saved_late;
    const double requests = std::max(1.0, all.requests);
    const auto share_saved = [&line](double spent) {
        return line.baseline_usd > 0 ? 1 - spent / line.baseline_usd : 0;
    };
    for (std::size_t i = 0; i < kSamples; ++i) {
        const Totals::Sum sum = totals.add_up(&random);
        usd.push_back(sum.usd);
        saved.push_back(share_saved(sum.usd));
        micros.push_back(sum.micros / requests);
        saved_late.push_back(share_saved(late.add_up(&random).usd));
    }
    line.usd = interval(all.usd, usd);
    line.saved = interval(share_saved(all.usd), saved);
    line.worse = worse_interval(all, requests);
    if (last.trials > 0) {
        line.saved_last_third = interval(share_saved(last.usd), saved_late);
        line.worse_last_third = worse_interval(last, requests);
    }
    if (totals.times_known()) line.micros = interval(all.micros / requests, micros);
    line.proof_usd = all.proof_usd;
    if (all.exact > 0) line.served["exact"] = all.exact / requests;
    if (all.semantic > 0) line.served["semantic"] = all.semantic / requests;
    for (std::size_t model = 0; model < samples.models.size(); ++model) {
        if (all.served[model] > 0) line.served[samples.models[model]] = all.served[model] / requests;
    }
    line.served["reference"] = all.served.back() / requests;
    if (!samples.models.empty() && all.untold > kUntold * requests) {
        line.cant_tell.push_back(text(all.untold) +
                                 " requests are of tasks without a usable trial: taken to go to the reference");
    }
}

void note_caches(const ReplayReference& reference, const ReplayCandidate& candidate, ReplayLine& line) {
    if (!serves(candidate)) return;
    const auto unseen = [&](bool wanted, std::uint64_t looked_up, const char* tier) {
        if (!wanted || looked_up > 0) return;
        line.cant_tell.push_back(std::string("what ") + tier +
                                 " would have answered: the log has no look-ups of it (mode: observe makes them, at "
                                 "no cost)");
    };
    unseen(candidate.exact, reference.looked_up_exact, "exact");
    unseen(candidate.semantic, reference.looked_up_semantic, "semantic");
}

void note_certificate(const ReplaySamples& samples, const ReplayCandidate& candidate, ReplayLine& line) {
    if (candidate.learned.empty() || !candidate.promise) return;
    line.serves = samples.certified;
    line.worse_at_most = samples.worse_at_most;
    if (samples.certified || samples.known == 0) return;
    const double promise = candidate.promise->disagreement;
    std::size_t wanted = trials_to_prove(promise, candidate.promise->confidence);
    if (samples.worse_at_most < 1 && samples.worse_seen < promise) {
        // An interval's width falls with the root of the number of trials.
        const double ratio = (samples.worse_at_most - samples.worse_seen) / (promise - samples.worse_seen);
        wanted = std::max(wanted, static_cast<std::size_t>(static_cast<double>(samples.known) * ratio * ratio));
    }
    const std::size_t more = wanted > samples.known ? wanted - samples.known : samples.known / 2 + 1;
    line.cant_tell.push_back("whether " + percent(promise) + " can be kept: " + std::to_string(samples.known) +
                             " trials prove nothing yet; needs about " + std::to_string(more) + " more audits");
}

}  // namespace

std::size_t trials_to_prove(double promise, double confidence) {
    const auto proves = [&](std::size_t trials) {
        const auto worse = static_cast<std::size_t>(promise / 2 * static_cast<double>(trials));
        return learn::share_upper_bound(worse, trials, 1 - confidence) <= promise;
    };
    std::size_t high = 16;
    while (high < kMostToProve && !proves(high)) high *= 2;
    std::size_t low = high / 2;
    while (high - low > 1) {
        const std::size_t middle = low + (high - low) / 2;
        (proves(middle) ? high : low) = middle;
    }
    return high;
}

ReplayLine replay(const ReplayLog& log, const ReplayReference& reference, const ReplayCandidate& candidate,
                  std::uint64_t seed) {
    ReplayLine line;
    line.reference = reference.name;
    line.cascade = candidate.cascade;
    line.requests = reference.requests;
    line.unpriced = reference.unpriced;
    double reference_usd = 0;
    for (const auto& [number, task] : reference.tasks) reference_usd += task.reference_usd;
    line.baseline_usd = reference_usd * factor_of(candidate, reference.name);
    line.was_usd = reference.spent_usd + reference.proof_usd + reference.judge_usd;
    line.was_saved = reference_usd > 0 ? 1 - line.was_usd / reference_usd : 0;
    const std::uint64_t priced = reference.requests - reference.unpriced;
    if (priced > 0) line.was_micros = reference.latency_micros / static_cast<double>(priced);
    line.was_worse = worse_share_of(log, reference.name);
    note_caches(reference, candidate, line);

    const ReplaySamples samples = score_trials(log, reference, candidate, seed);
    line.trials = samples.scores.size();
    line.cant_tell.insert(line.cant_tell.end(), samples.cant_tell.begin(), samples.cant_tell.end());
    note_certificate(samples, candidate, line);
    if (samples.told) tell(log, reference, candidate, samples, seed, line);
    return line;
}

}  // namespace weir::eval
