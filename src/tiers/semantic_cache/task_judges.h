// By what the semantic tier judges a task now: verifier, words' weights, threshold. The learner
// (cascade/semantic_learner.h) replaces them as it learns; requests read them. Thread rule: any thread; a lock held for
// a table look-up. A TaskJudge does not change any more; the counters do. Limits: kMostTasks tasks have counters of
// their own, the others share those of task 0.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "base/units.h"
#include "tiers/semantic_cache/verifier.h"

namespace weir::tiers::semantic {

// What a threshold was certified for: at most this share of the served hits is wrong, with this confidence.
struct HitPromise {
    double false_share = 0.02;
    double confidence = 0.95;
    friend bool operator==(const HitPromise&, const HitPromise&) = default;
};

struct TaskJudge {
    std::uint64_t task = 0;  // whose it is; tasks beyond kMostTasks share a place, but no proof
    HitPromise promise;
    std::shared_ptr<const Verifier> verifier;
    std::shared_ptr<const WordRarity> rarity;  // null: the verifier's own
    std::optional<double> threshold;  // of this task's gate; nothing: nothing is proven yet, the cascade's own holds

    const WordRarity& words() const { return rarity ? *rarity : verifier->rarity(); }
    // What was learned for another task, or under another promise, says nothing here.
    bool holds_for(std::uint64_t asked_task, const HitPromise& asked_promise) const {
        return task == asked_task && promise == asked_promise;
    }
};

// What the tier costs and brings for a task.
struct TaskCounters {
    std::atomic<std::uint64_t> look_ups{0}, hits{0}, passed{0};
    std::atomic<std::int64_t> look_up_micros{0};  // processor time, roughly: steady time on the reactor
    std::atomic<std::int64_t> saved_nanos{0};     // dollars not spent for hits
    std::atomic<std::int64_t> audit_nanos{0};     // dollars spent on audits of hits, and on judges
    std::atomic<std::uint32_t> suspect{0};        // so many hits to come are audited more often: see audit_rate.h
    std::atomic<std::shared_ptr<const TaskJudge>> judge;
};

class TaskJudges {
  public:
    static constexpr std::size_t kMostTasks = 10'000;
    // A processor hour, in nano-dollars: what a look-up's time is worth.
    static constexpr std::int64_t kProcessorHourNanos = 50'000'000;
    static constexpr std::uint64_t kFirstLookUps = 1'000;  // before the balance is drawn
    static constexpr std::uint64_t kProbe = 64;            // one look-up of so many goes on where the tier does not pay

    explicit TaskJudges(std::shared_ptr<const Verifier> shipped) {
        auto judge = std::make_shared<TaskJudge>();
        judge->verifier = std::move(shipped);
        default_ = std::move(judge);
    }

    std::shared_ptr<TaskCounters> of(std::uint64_t task) {
        const std::lock_guard lock(mutex_);
        auto found = tasks_.find(task);
        if (found == tasks_.end()) {
            found = tasks_.try_emplace(tasks_.size() < kMostTasks ? task : 0).first;
            if (!found->second) {
                found->second = std::make_shared<TaskCounters>();
                found->second->judge = default_;
            }
        }
        return found->second;
    }
    const std::shared_ptr<const TaskJudge>& shipped() const { return default_; }

    // Whether this look-up is worth its while: from kFirstLookUps on, only where hits have saved more than look-ups and
    // audits cost; else one of kProbe, since traffic changes.
    static bool pays(TaskCounters& task) {
        const std::uint64_t look_ups = task.look_ups.load(std::memory_order_relaxed);
        if (look_ups < kFirstLookUps) return true;
        const double spent = static_cast<double>(task.look_up_micros.load(std::memory_order_relaxed)) / 3.6e9 *
                                 static_cast<double>(kProcessorHourNanos) +
                             static_cast<double>(task.audit_nanos.load(std::memory_order_relaxed));
        if (static_cast<double>(task.saved_nanos.load(std::memory_order_relaxed)) > spent) return true;
        return task.passed.fetch_add(1, std::memory_order_relaxed) % kProbe == kProbe - 1;
    }

  private:
    std::shared_ptr<const TaskJudge> default_;
    mutable std::mutex mutex_;
    std::unordered_map<std::uint64_t, std::shared_ptr<TaskCounters>> tasks_;
};

}  // namespace weir::tiers::semantic
