// How long a cached answer is good: the volatility of a question by light rules of language, what age does to an entry
// of that class, and what audits of old hits teach about a task.
// Thread rule: classify() and judge() are pure; FreshnessLearner from any thread (a lock held for a table look-up; none
// where nothing has been learned).
// Limits: classify() reads the first 2 KiB and the last 1 KiB of a text; FreshnessLearner::kMaxTasks.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"
#include "base/units.h"
#include "cascade/options.h"
#include "tiers/exact_cache/cache_entry.h"

namespace weir::cascade {

using tiers::Volatility;

// English for the most part, and the commonest words for "today", "now" and "latest" of some other languages.
//   changing: prices, rates, weather, scores, news, "right now", "today" where the question does not tell a story
//   personal: the asker's own account, order, balance (not how one does something with them), somebody's, "order 4711"
//   slow:     who holds an office or a record, populations, versions, schedules, costs, years near `now`
//   timeless: everything else
// `now_unix` tells which years are near.
Volatility classify(std::string_view question, Micros now_unix);

enum class Freshness : std::uint8_t {
    fresh,
    stale_but_usable,  // serve it, and refresh it once in the background
    expired,
};
std::string_view to_string(Freshness freshness);  // "fresh", "stale", "expired"

// `age` since the entry was made. A class without a time of its own (0) has the cascade's ttl; the ttl is the end for
// all of them (0: there is none). Fresh up to the class's time, then usable for rules.stale_share of that time again.
// `max_age`: the caller's wish; older than that is expired. An entry more than a minute from the future (the clock was
// set) is expired: nobody knows its age.
Freshness judge(Micros age, Volatility volatility, const CacheRules& rules, std::optional<Micros> max_age = {});

// For how long answers of this class are fresh under these rules; 0: for ever.
Micros fresh_micros(Volatility volatility, const CacheRules& rules);

// The next shorter-lived class: timeless -> slow -> changing; personal -> changing.
Volatility tightened(Volatility volatility);

// What audits of hits say about a task's answers as they age. Where those past half of their class's fresh time
// disagree significantly more often than those before it (Fisher's exact test, one-sided, at 2e-3, looked at when the
// number of audits reaches 32, 64, 128, ...), the class is tightened one step for this task and counting begins anew.
class FreshnessLearner {
  public:
    static constexpr std::size_t kMaxTasks = 10'000;  // (task, class) pairs; the one not audited for longest goes first

    // A hit of the task, stored in class `volatility` and `age` old when served under `rules`, was compared with the
    // reference's answer of now.
    void observe_audit(std::uint64_t task, Volatility volatility, Micros age, const CacheRules& rules, bool agreed);

    // The class to judge by.
    Volatility effective(std::uint64_t task, Volatility volatility) const;

    std::size_t tightened_count() const { return tightened_.load(std::memory_order_acquire); }

    // All that has been learned, for the next start. restore() replaces it; Error invalid (nothing changed) where the
    // text is not one of save()'s.
    std::string save() const;
    Result<void> restore(std::string_view saved);

  private:
    struct Counts {
        std::uint32_t agreed = 0, disagreed = 0;
    };
    struct Lesson {
        std::uint64_t task = 0;
        Volatility volatility = Volatility::timeless;
        std::uint8_t steps = 0;  // tightened so often
        Counts young, old;
    };
    using Lessons = std::list<Lesson>;  // last audited first

    static std::uint64_t name_of(std::uint64_t task, Volatility volatility);
    Lesson& lesson_of(std::uint64_t task, Volatility volatility);

    mutable std::mutex mutex_;
    Lessons lessons_;
    std::unordered_map<std::uint64_t, Lessons::iterator> places_;
    std::atomic<std::size_t> tightened_{0};  // lessons with steps > 0
};

}  // namespace weir::cascade
