// What a policy costs a request, and what learning costs the learner's thread.
#include <chrono>
#include <cstdio>
#include <vector>

#include "cascade/policy_learner.h"
#include "learn/random_bits.h"

using namespace weir::cascade;
using Time = std::chrono::steady_clock;

namespace {

constexpr std::size_t kTasks = 20, kTiers = 3;

Trial draw(weir::learn::RandomBits& random) {
    Trial trial;
    trial.task = random.next() % kTasks;
    trial.known = trial.everything = true;
    trial.reference_usd = 1;
    for (std::size_t i = 0; i < kTiers; ++i) {
        const bool certain = random.chance(0.6);
        trial.tiers[i].asked = trial.tiers[i].graded = true;
        trial.tiers[i].evidence = certain ? 0.0F : -static_cast<float>(random.uniform());
        trial.tiers[i].worse = random.chance(certain ? 0.003 : 0.3);
        trial.tiers[i].cost_usd = 0.05 * static_cast<double>(i + 1);
    }
    return trial;
}

double micros_since(Time::time_point begun) {
    return std::chrono::duration<double, std::micro>(Time::now() - begun).count();
}

}  // namespace

int main() {
    weir::learn::RandomBits random(1);
    PolicyLearner::Options options;
    options.tiers = kTiers;
    PolicyLearner learner(options);
    std::printf("%10s %14s %22s\n", "trials", "certify, ms", "us a trial until next");
    for (const std::size_t trials : {500U, 2'000U, 8'000U, 20'000U}) {
        static std::size_t added = 0;
        for (; added < trials; ++added) learner.add(draw(random));
        const auto begun = Time::now();
        learner.certify();
        const double micros = micros_since(begun);
        std::printf("%10zu %14.1f %22.1f\n", trials, micros / 1000,
                    micros / (static_cast<double>(trials) * (options.growth - 1)));
    }
    const std::shared_ptr<const Policy> policy = learner.policy();
    std::vector<Trial> asked;
    for (int i = 0; i < 1'000; ++i) asked.push_back(draw(random));
    constexpr int kRounds = 200;
    double sum = 0;
    const auto begun = Time::now();
    for (int round = 0; round < kRounds; ++round) {
        for (const Trial& trial : asked) {
            const TaskPlan& plan = policy->plan(trial.task);
            double risk = 0;
            const int served = policy->would_serve(plan, trial, risk);
            sum +=
                served == kReference ? policy->grading_probability(plan, trial) : policy->audit_probability(plan, risk);
        }
    }
    std::printf("a decision with its audit: %.3f us (mean probability %.3f)\n",
                micros_since(begun) / (kRounds * static_cast<double>(asked.size())),
                sum / (kRounds * static_cast<double>(asked.size())));
    return 0;
}
