// Learns a cascade's policy (cascade/policy.h) from trials and proves that it keeps the promise: of all the traffic
// that comes to the model tiers, at most the promised share gets an answer worse than the reference's.
//
// On every occasion (certify(), whenever trials have grown by a part):
//   1. Risks: for each tier a logistic model of "worse" from its evidence and the task, on all graded trials, shrunk
//      hard (learn/grouped_logistic.h).
//   2. Plans: for each task the ladder of tiers, of whatever length, that is expected to cost least, worse answers
//      counted at the harm price (the dynamic program of optimal stopping over each trial's evidence). A tier that does
//      not pay is left out.
//   3. Certificate: harm prices are tested in a fixed sequence from strict to loose. What a policy with that price
//      would let through is counted (harm_count.h) with risks from models that had not seen the trial (five folds), and
//      bounded from above (learn/calibrated_count.h). The loosest price whose bound keeps the promise is used; where
//      none does, or nothing would be served at it, nothing is served.
//   4. Budget: the promise is one over past and future, twice as many requests as the window has to come. What it
//      leaves unspent so far (bounded from above too) may be spent on these, at most `bank` times the promise at once.
//      So a test that was lucky is paid back from the same budget at the next occasion, instead of being guarded
//      against beforehand.
// Between occasions two monitors (learn/hit_monitor.h) watch every outcome: over all traffic, and by task. Where one
// finds the promise broken, the past is no longer a guide: what was learned before is set aside (of the task, or of
// all), and service begins anew with proof from what comes after; a task's then from its own trials alone.
// What people say (Trial::complaint) proves nothing, since they tell what they like to tell: it is no label and no
// audit. It is a lower bound, though: as many answers were bad as somebody complained of. So a third monitor, by task,
// takes every served answer as good until somebody says otherwise, and audits come sooner after a complaint.
// Assumed between two alarms: requests to come are like those in the window.
// Thread rule: one owner. Limits: `window` trials of about 200 bytes; certify() takes about 10 ms a 1,000 trials: not
// on a reactor. kMostTasks tasks have plans of their own; the others are tried as new ones.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "cascade/harm_count.h"
#include "cascade/policy.h"
#include "cascade/trial.h"
#include "learn/hit_monitor.h"

namespace weir::cascade {

class PolicyLearner {
  public:
    static constexpr std::size_t kMostTasks = 1'000;

    struct Options {
        std::size_t tiers = 1;     // of the cascade's, 1 to kMostModelTiers
        std::uint8_t at_once = 0;  // bits, by tier: those that are asked for every request, at no cost
        double promise = 0.02;     // share of all traffic that may be worse, in (0, 1)
        double confidence = 0.9;
        bool per_answer = false;  // the promise is a share of the answers that tiers give, not of all traffic
        double bank = 1.5;        // see 4.; 1: nothing unspent is carried over
        std::size_t first_certificate = 150;  // trials
        double growth = 1.15;                 // of the trials, until the next occasion
        std::size_t window = 20'000;          // trials
        std::size_t ahead = 0;                // requests to come, where their number is known; 0: it goes on and on
        std::size_t task_trials = 10;         // of a new task, with everything asked, before its plan is made
        double hold_out = 0.015;              // share of requests for which everything is asked, ever after
        // Tomorrow's mix of tasks is like that of so many trials past (half of it; older ones count less and less).
        // 0: like that of the whole window.
        double mix_half_life = 150;
        Policy::Audits audits;
        double run_length = 20'000;  // mean trials to a monitor's false alarm
        friend bool operator==(const Options&, const Options&) = default;
    };

    // Where the only tiers are students, with audits of `audit`: they cost nothing, so every audit costs a saving, and
    // whatever they are not trusted with has the reference's answer and is known for nothing. Chosen on rows of
    // scripts/student_rows.py.
    static Options options_of_students(double audit = 0.05);

    // What the last occasion found; shares of all traffic in the window.
    struct Certificate {
        std::uint64_t occasion = 0;
        std::size_t trials = 0, known = 0;
        std::optional<double> harm_price_usd;    // none: nothing may be served
        double promise_now = 0;                  // what the budget allows from here on
        double worse_seen = 0, worse_bound = 1;  // at that price, or at the strictest one
        double worse_so_far = 0;                 // of what was really served: bound
    };
    struct Alarms {
        std::uint64_t cascade = 0, task = 0;
        std::uint64_t inputs = 0;  // Trial::doubt
    };

    explicit PolicyLearner(const Options& options);

    void add(const Trial& trial);
    bool due() const { return since_ >= wait_ || task_ready_ || alarmed_; }
    void certify();
    std::shared_ptr<const Policy> policy() const { return policy_; }
    const Certificate& certificate() const { return certificate_; }
    const Alarms& alarms() const { return alarms_; }

    // The promise that gates are held to: as configured, until a larger one is given (cascade/yardstick.h). The next
    // occasion is due then, and monitors begin anew where it is clearly another. Never below the configured one.
    void hold_to(double promise);
    double promise() const { return promise_; }

  private:
    struct Sum {
        double total = 0;
        std::uint64_t count = 0;
        void add(double value) { total += value, ++count; }
        double mean() const { return count == 0 ? 0 : total / static_cast<double>(count); }
    };
    struct Task {
        Task(std::uint32_t number, const learn::HitMonitor::Options& options)
            : group(number), monitor(options), complaints(options) {
            plan.group = number;
        }
        std::uint32_t group;
        Sum reference;
        std::array<Sum, kMostModelTiers> tiers;
        std::size_t everything = 0;  // trials with everything asked, since the last alarm
        std::size_t known = 0;       // trials with a known outcome, since then
        bool on_trust = true;        // what others prove counts for it too
        std::size_t suspect = 0;     // audits that are still to come sooner
        std::size_t clean = 1'000;   // audits since the last worse answer
        learn::HitMonitor monitor;
        learn::HitMonitor complaints;  // of all that was served: whether somebody said that it was bad
        TaskPlan plan;
    };
    learn::HitMonitor::Options monitor_options(double promise) const;
    learn::HitMonitor::Options task_monitor_options() const;
    Task& task_of(std::uint64_t task);
    bool at_doubling(std::size_t trials) const;  // of a young task's trials
    void suspect(Task& task, bool worse);
    void complained(Task& task);
    void forget(std::optional<std::uint32_t> group);
    void fit_risks(Policy& policy);
    std::vector<std::vector<std::uint8_t>> ladders_of(const Task& task,
                                                      const std::function<bool(std::size_t)>& usable) const;
    void plan_task(Task& task, const std::vector<const KeptTrial*>& trials, const Policy& policy,
                   double harm_price) const;
    void test_prices(Policy& policy, const std::vector<std::vector<const KeptTrial*>>& by_task);
    bool shows_itself(const Task& task, const std::vector<const KeptTrial*>& trials, double harm_price) const;
    bool trust_again(const std::vector<std::vector<const KeptTrial*>>& by_task);
    double price_at(std::size_t step) const;  // from strict to loose
    std::vector<double> expected_mix() const;
    void publish(std::shared_ptr<Policy> policy);

    const Options options_;
    double promise_, monitored_;
    std::deque<KeptTrial> window_;
    std::unordered_map<std::uint64_t, Task> tasks_;
    learn::HitMonitor monitor_;
    Sum reference_;
    std::size_t since_ = 0, wait_;  // trials since the last occasion; until the next one
    bool task_ready_ = false, alarmed_ = false;
    Certificate certificate_;
    std::optional<double> plan_price_usd_;  // the loosest that would keep the promise, perhaps by serving nothing
    Alarms alarms_;
    std::shared_ptr<const Policy> policy_;
};

}  // namespace weir::cascade
