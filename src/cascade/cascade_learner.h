// Learns the policies of all cascades with model tiers, off every request's path: trials come in from the lanes, a
// policy goes out to them whenever its learner has certified anew (cascade/policy_learner.h). Trials are kept in a log,
// so that a restart forgets nothing that was learned but what a kill found waiting. What was decided is written down
// (cascade/decision_log.h), and so is what proof has cost (cascade/proof_budget.h).
// Thread rule: one a process, with a thread of its own (and one more while triage is fitted); everything else from any
// thread, without waiting for it. The destructor waits for the certificate under way (a second at most) and for triage
// (three). Limits: Options; beyond kMostCourses new ones are not learned (nothing is served by them).
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "cascade/canary.h"
#include "cascade/decision_log.h"
#include "cascade/graded_count.h"
#include "cascade/input_monitor.h"
#include "cascade/policy_learner.h"
#include "cascade/prompt_classes.h"
#include "cascade/proof_budget.h"
#include "cascade/trial_log.h"
#include "cascade/yardstick.h"
#include "store/record_log.h"

namespace weir::cascade {

// What is learned for one promise: a cascade's tiers before one reference (or before one task of it).
class Course {
  public:
    Course(std::string name, const PolicyLearner::Options& options, double canary)
        : name_(std::move(name)), options_(options), canary_(canary), policy_(PolicyLearner(options).policy()) {}

    const std::string& name() const { return name_; }
    const PolicyLearner::Options& options() const { return options_; }
    std::shared_ptr<const Policy> policy() const {
        const std::lock_guard lock(mutex_);
        return policy_;
    }
    void set_policy(std::shared_ptr<const Policy> policy) {
        const std::lock_guard lock(mutex_);
        policy_ = std::move(policy);
    }

    // What triage has learned so far; null: nothing.
    std::shared_ptr<const PromptClasses> classes() const {
        const std::lock_guard lock(mutex_);
        return classes_;
    }
    void set_classes(std::shared_ptr<const PromptClasses> classes) {
        const std::lock_guard lock(mutex_);
        classes_ = std::move(classes);
    }

    // For a request of a new task, of which everything is to be asked (TaskPlan::wanted): null where as many are under
    // way. Counts until it is gone.
    using Turn = std::shared_ptr<const void>;
    Turn take_turn(std::uint64_t task, std::size_t wanted);

    // The share of a task's requests that its ladder may serve (cascade/canary.h); `canary`: as configured.
    void configure_canary(double canary) { canary_.store(canary, std::memory_order_relaxed); }
    double canary() const { return canary_.load(std::memory_order_relaxed); }
    double share_served(std::uint64_t task) const;
    using Shares = std::unordered_map<std::uint64_t, double>;
    void set_shares(std::shared_ptr<const Shares> shares) {
        const std::lock_guard lock(mutex_);
        shares_ = std::move(shares);
    }

  private:
    const std::string name_;
    const PolicyLearner::Options options_;
    std::atomic<double> canary_;
    mutable std::mutex mutex_;
    std::shared_ptr<const Policy> policy_;
    std::shared_ptr<const PromptClasses> classes_;
    std::shared_ptr<const Shares> shares_;  // those above the configured one; may be null
    struct Turns {
        std::mutex mutex;
        std::unordered_map<std::uint64_t, std::size_t> taken;  // by task; those of none are left out
    };
    const std::shared_ptr<Turns> turns_ = std::make_shared<Turns>();
};

// What a task's requests may expect: "new", "shadow", "serving" or "reference".
std::string_view state_of(const TaskPlan& plan, bool certified);

class CascadeLearner {
  public:
    static constexpr std::size_t kMostCourses = 256;
    static constexpr std::size_t kMostSorted = 16;      // courses with triage
    static constexpr std::size_t kMostWatched = 1'000;  // tasks whose inputs are watched, of all courses

    struct Options {
        std::string file;                // of trials; empty: nothing is kept over a restart
        std::size_t queue_most = 8'192;  // trials waiting, and as many being learned; more are dropped (counted)
        std::string decisions = {};      // file of cascade/decision_log.h; empty: nothing is kept over a restart
        std::string proof = {};          // file of what proof cost, by minute; the same
        const Clock* clock = nullptr;    // outlives the learner; nullptr: time stands still
    };
    static Result<std::unique_ptr<CascadeLearner>> start(const Options& options);
    ~CascadeLearner();
    CascadeLearner(const CascadeLearner&) = delete;

    // The course of that name, which says who its tiers are, in order, and what counts as worse: trials of an earlier
    // run or of other promises are taken over by it. `canary`: Course::canary(). nullptr: there are too many.
    std::shared_ptr<Course> course(const std::string& name, const PolicyLearner::Options& options, double canary = 1);
    // `prompt`: the request's, for triage (cascade/prompt_classes.h) and the watch over inputs
    // (cascade/input_monitor.h); it stays in memory. May be null.
    using Prompt = std::shared_ptr<const SeenPrompt>;
    // `turn`: Course::take_turn()'s, which is over once a policy knows of the trial.
    void learn(std::shared_ptr<Course> course, const Trial& trial, Prompt prompt = nullptr,
               Course::Turn turn = nullptr);
    // What proof may cost in the cascade of that name; one for all of its courses.
    std::shared_ptr<ProofBudget> budget(const std::string& cascade);
    const DecisionLog& decisions() const { return *decisions_; }
    // How far the reference agrees with itself (cascade/yardstick.h), for all courses of this cascade before it. Empty:
    // the promise stands as it is configured. Heeded with the next trial.
    void measure_by(const std::string& cascade, const std::string& reference, TaskRepeats repeats);

    struct View {
        std::string name;
        PolicyLearner::Options options;
        double held_to = 0;  // options.promise, or more (cascade/yardstick.h)
        PolicyLearner::Certificate certificate;
        PolicyLearner::Alarms alarms;
        struct Task {
            std::uint64_t task = 0;
            std::size_t trials = 0;
            TaskPlan plan;
            double worse_seen = 0;  // share of the task's known trials whose served answer was worse
            std::string_view state;
            double share = 1;  // of its requests that its ladder may serve
            std::size_t complaints = 0;
            // By tier: its answers that were compared with the reference's, whatever they said (in shadow, and of the
            // hold-out), and those that callers got and that were audited.
            std::array<GradedCount, kMostModelTiers> graded{}, audited{};
        };
        std::vector<Task> tasks;
        ProofBudget::View proof;  // of the cascade
    };
    std::vector<View> views() const;
    std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }
    void wait_until_idle();  // for tests and shutdown

  private:
    struct Item {
        std::shared_ptr<Course> course;
        std::optional<Trial> trial;  // none: the course is new
        Prompt prompt;
        Course::Turn turn;
    };
    struct Pupil {
        std::shared_ptr<Course> course;
        std::unique_ptr<PolicyLearner> learner;
        std::deque<Trial> trials;  // of the learner's window, for a course of another promise
        std::size_t unnamed = 0;   // trials in the log since it was named there
        std::shared_ptr<ProofBudget> budget;
        std::map<std::uint64_t, Canary> canaries;
        std::unordered_map<std::uint64_t, InputMonitor> inputs;  // by task
        std::unique_ptr<PromptClassLearner> classes;             // null: none
        bool blind = false;
        std::vector<Course::Turn> turns;  // of trials that no policy knows of yet
        std::uint64_t measured = 0;       // what it is held to is of this yardsticks_number_
    };

    explicit CascadeLearner(const Options& options) : options_(options) {}
    void run();
    void take(const Item& item);
    void begin(const Item& item);
    void add(Pupil& pupil, const Trial& trial);
    void keep(Pupil& pupil, const Trial& trial);
    void watch(Pupil& pupil, std::uint64_t task, const PromptFeatures& prompt);
    void sort(Pupil& pupil, const Item& item);
    void publish(Pupil& pupil);
    void measure(Pupil& pupil);
    Micros now() const { return options_.clock ? options_.clock->unix_micros() : 0; }

    // cascade_decisions.cpp
    Result<void> open_books();
    Decision decision_of(const Pupil& pupil, Decision::Kind kind, std::uint64_t task = 0) const;
    void note_alarms(const Pupil& pupil, std::uint64_t task, const PolicyLearner::Alarms& before);
    void note_certificate(const Pupil& pupil);
    void note_tasks(Pupil& pupil, const std::vector<View::Task>& tasks);
    void note_sight(Pupil& pupil);
    void step_canary(Pupil& pupil, const Trial& trial);
    void publish_shares(const Pupil& pupil);
    void keep_spending(bool all);
    double share_of(const Pupil& pupil, std::uint64_t task) const;

    const Options options_;
    std::unique_ptr<store::RecordLog> log_;
    std::unordered_map<std::uint64_t, std::deque<Trial>> recorded_;  // by the course's number, read at start

    std::unordered_map<std::uint64_t, Pupil> pupils_;  // the thread's own, by the course's number
    std::unique_ptr<DecisionLog> decisions_;
    std::unique_ptr<store::RecordLog> spending_;
    Micros spending_kept_ = 0;
    std::size_t watched_ = 0;  // tasks
    std::size_t sorted_ = 0;   // courses

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Item> queue_;
    std::unordered_map<std::string, std::shared_ptr<Course>> courses_;
    std::unordered_map<std::uint64_t, View> views_;
    std::map<std::string, std::shared_ptr<ProofBudget>> budgets_;            // by cascade
    std::map<std::pair<std::string, std::string>, TaskRepeats> yardsticks_;  // by cascade and reference
    std::atomic<std::uint64_t> yardsticks_number_{0};                        // goes up when they change
    bool busy_ = false, stop_ = false;
    std::size_t waiting_ = 0;  // callers of wait_until_idle()
    std::atomic<std::uint64_t> dropped_{0};
    std::atomic<bool> fitting_{false};  // triage, by a thread of its own, one course at a time
    std::thread fitter_;                // the learner thread's, to start and to join
    std::thread thread_;                // the last member
};

}  // namespace weir::cascade
