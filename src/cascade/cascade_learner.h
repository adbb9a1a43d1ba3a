// Learns the policies of all cascades with model tiers, off every request's path: trials come in from the lanes, a
// policy goes out to them whenever its learner has certified anew (cascade/policy_learner.h). Trials are kept in a log,
// so that a restart forgets nothing that was learned but what a kill found waiting.
// Thread rule: one a process, with a thread of its own; everything else from any thread, without waiting for it. The
// destructor waits for the certificate under way (a second at most). Limits: Options; beyond kMostCourses new ones are
// not learned (nothing is served by them).
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "cascade/policy_learner.h"
#include "cascade/trial_log.h"
#include "store/record_log.h"

namespace weir::cascade {

// What is learned for one promise: a cascade's tiers before one reference (or before one task of it).
class Course {
  public:
    Course(std::string name, const PolicyLearner::Options& options)
        : name_(std::move(name)), options_(options), policy_(PolicyLearner(options).policy()) {}

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

  private:
    const std::string name_;
    const PolicyLearner::Options options_;
    mutable std::mutex mutex_;
    std::shared_ptr<const Policy> policy_;
};

class CascadeLearner {
  public:
    static constexpr std::size_t kMostCourses = 256;

    struct Options {
        std::string file;                // of trials; empty: nothing is kept over a restart
        std::size_t queue_most = 8'192;  // trials waiting; more are dropped (counted)
    };
    static Result<std::unique_ptr<CascadeLearner>> start(const Options& options);
    ~CascadeLearner();
    CascadeLearner(const CascadeLearner&) = delete;

    // The course of that name, which says who its tiers are, in order, and what counts as worse: trials of an earlier
    // run or of other promises are taken over by it. nullptr: there are too many.
    std::shared_ptr<Course> course(const std::string& name, const PolicyLearner::Options& options);
    void learn(std::shared_ptr<Course> course, const Trial& trial);

    struct View {
        std::string name;
        PolicyLearner::Options options;
        PolicyLearner::Certificate certificate;
        PolicyLearner::Alarms alarms;
        struct Task {
            std::uint64_t task = 0;
            std::size_t trials = 0;
            TaskPlan plan;
            double worse_seen = 0;  // share of the task's known trials whose served answer was worse
        };
        std::vector<Task> tasks;
    };
    std::vector<View> views() const;
    std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }
    void wait_until_idle();  // for tests and shutdown

  private:
    struct Item {
        std::shared_ptr<Course> course;
        std::optional<Trial> trial;  // none: the course is new
    };
    struct Pupil {
        std::shared_ptr<Course> course;
        std::unique_ptr<PolicyLearner> learner;
        std::deque<Trial> trials;  // of the learner's window, for a course of another promise
        std::size_t unnamed = 0;   // trials in the log since it was named there
    };

    explicit CascadeLearner(const Options& options) : options_(options) {}
    void run();
    void take(const Item& item);
    void begin(const Item& item);
    void keep(Pupil& pupil, const Trial& trial);
    void publish(Pupil& pupil);

    const Options options_;
    std::unique_ptr<store::RecordLog> log_;
    std::unordered_map<std::uint64_t, std::deque<Trial>> recorded_;  // by the course's number, read at start

    std::unordered_map<std::uint64_t, Pupil> pupils_;  // the thread's own, by the course's number

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Item> queue_;
    std::unordered_map<std::string, std::shared_ptr<Course>> courses_;
    std::unordered_map<std::uint64_t, View> views_;
    bool busy_ = false, stop_ = false;
    std::atomic<std::uint64_t> dropped_{0};
    std::thread thread_;  // the last member
};

}  // namespace weir::cascade
