// One budget's money: how much was spent in its window, and how much those under way may come to.
//
// A request has a *reserve*, the 95th percentile of what its task costs, and a *stake* that counts while it is under
// way: what such requests are *likely* to cost at most, or, near the limit, the *most* that it can cost. With X = spent
// + the stakes of all under way, a hard budget takes a request in, by one compare-and-swap, where
//     X + likely - reserve + most < limit     with `likely` as its stake                                 (1)
// or  X + most - reserve < limit              with `most`                                                (2)
// and else, where nobody under way has a stake and less than 1 - 1/kEdgeShare of the limit is spent, alone: its stake
// is then all that is left,
//     limit + reserve - spent                                                                            (3)
// so that whoever comes meanwhile finds no room. X grows by the stake, and by cost - stake on settling.
// Overshoot: where none taken by (1) or (2) costs more than its stake, settling only lowers X, and
//   spent <= X < limit + the reserve of the one that was taken in last, be there ever so many at once, in whatever
//   order they end. (Counting reserves alone would not do: of 1,000 at once 50 are above the 95th percentile, and where
//   dear answers take longest these 50 are what is left in the end.) Of those taken by (1) a few cost more than their
//   stake. While it is one at a time, that changes nothing as long as the last one, which counts with `most`, costs no
//   more than the difference: `most` - cost >= the other's most - likely. One taken by (3) is too much by what it costs
//   beyond a kEdgeShare of the limit: a reserve at most, too, unless it is dearer than both together, as it can be
//   where the budget is small for its requests and nobody knows beforehand what one costs. A stream that comes to its
//   stake asks for more before it goes on (grow()); where it is cut, (3) is at most a reserve too much as well.
// Use: refused for good, spent >= (1 - 1/kEdgeShare) * limit, or the limit where `most` is no more than the reserve.
//   With others under way a refusal says so (busy), where there may be room when they end.
// What can break the first: costs above `most`, for as much as they are above it.
//
// On the disk (limits/budget_book.h) stands a `lease`: spent + reserves may come to that much before it is written
// anew. After a crash all of the lease counts as spent, so nothing is forgotten, and at most a slice too much is
// charged. Thread rule: any thread, without a lock, but for the moment when a window ends. Limits: amounts to 2^60
// nano-dollars.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "limits/budget_rules.h"

namespace weir::limits {

// What a request wants of a budget. reserve <= likely <= most; what is less counts as that.
struct Claim {
    Usd reserve, likely, most;
};

class Budget {
  public:
    static constexpr std::int64_t kEdgeShare = 20;     // a 20th of the limit may be left
    static constexpr std::int64_t kSlices = 200;       // a lease is a 200th of the limit ahead
    static constexpr std::int64_t kBurstShare = 20;    // ... and a 20th at most, where many came at once
    static constexpr std::int64_t kMarginShare = 100;  // a 100th at most for what is under way, beyond its reserve
    // Nano-dollars that a claim counts at most, a million dollars: prices times tokens that callers name have no bound
    // of their own, and thousands of them are summed.
    static constexpr std::int64_t kMostClaim = std::int64_t{1} << 50;
    static constexpr std::size_t kSlots = 61;  // of a rolling window: a 60th of it each, and the one under way

    // What is counted in one window. Of a rolling budget there is one, for good.
    struct Period {
        Micros start = 0, end = 0;                              // unix
        std::atomic<std::int64_t> at_most{0};                   // X
        std::atomic<std::int64_t> charged{0};                   // spent, and reserves or what streams have come to
        std::atomic<std::int64_t> spent{0};                     // settled
        std::atomic<std::int64_t> lease{0};                     // `charged` may come to
        std::atomic<std::int64_t> under_way{0};                 // requests
        std::array<std::atomic<std::int64_t>, kSlots> slots{};  // rolling: spent by when
        std::int64_t newest = 0;                                // rolling: the slot's number since 1970; with mutex_
    };

    Budget(BudgetRules rules, std::string instance, Micros now_unix);

    const std::string& name() const { return name_; }
    const std::string& instance() const { return instance_; }
    // Limit and actions from now on; name and window stay. What was spent stays.
    void change(const BudgetRules& rules);
    std::shared_ptr<const BudgetRules> rules() const { return std::atomic_load(&rules_); }
    std::int64_t limit() const { return limit_.load(std::memory_order_relaxed); }
    // A stream that outgrows it.
    bool cuts_streams() const {
        const std::shared_ptr<const BudgetRules> now = rules();
        return now->hard && now->cut;
    }

    enum class Answer : std::uint8_t {
        in,
        spent,  // until the window ends
        busy,   // there may be room when those under way end
        later,  // once the lease on the disk is longer
    };
    // In: `period`, and reserve (of a hard one the limit at most) and stake as they count. A request that can cost
    // nothing needs no room.
    Answer take(const Claim& claim, Micros now_unix, Period*& period, Usd& reserve, Usd& stake);
    // As if it had not been taken.
    static void put_back(Period& period, Usd reserve, Usd stake);
    // `more` on top of the stake. False: it would be too much (nothing has changed). `force`: whatever comes of it.
    bool grow(Period& period, Usd reserve, Usd more, bool force);
    // It has come to more than its reserve: what settle() is told of as `charged` then.
    static void charge(Period& period, Usd more) { period.charged.fetch_add(more.nanos); }
    void settle(Period& period, Usd charged, Usd stake, Usd cost, Micros now_unix);

    void count_refusal() { refused_.fetch_add(1, std::memory_order_relaxed); }
    std::uint64_t refused() const { return refused_.load(std::memory_order_relaxed); }

    struct View {
        Micros start = 0, end = 0;  // unix; of a rolling one: from then on, and when the next of it is free
        Usd limit, spent, reserved;
        std::int64_t under_way = 0;
        double share = 0;  // spent and reserved of the limit
    };
    View view(Micros now_unix);
    // Of the limit, in percent: what was spent and what is reserved.
    std::int64_t percent(Micros now_unix);

    // For the book: whether the lease has to be written anew, to what, and that it was.
    struct Lease {
        Micros start = 0;
        std::int64_t lease = 0;
        std::vector<std::pair<std::int64_t, std::int64_t>> slots;  // number, nano-dollars
        Period* period = nullptr;
    };
    bool lease_is_short(Micros now_unix);
    bool lease_is_off(Micros now_unix);  // or much longer than it need be: at rest a slice of the limit is enough
    enum class Leasing : std::uint8_t {
        usual,  // never shorter than it is: whoever wants several budgets comes back to those that had room
        rest,   // shorter where it is much too long
        exact,  // what is charged: nothing more is let in
    };
    Lease next_lease(Micros now_unix, Leasing how);
    static void written(const Lease& lease);
    // What stood on the disk; before the first take().
    void restore(Micros start, std::int64_t spent, const std::vector<std::pair<std::int64_t, std::int64_t>>& slots,
                 Micros now_unix);

  private:
    Period& now(Micros now_unix);
    void turn(Micros now_unix);                    // a window or a slot has ended
    std::int64_t ahead(const Period& here) const;  // nano-dollars that a lease is to be ahead
    bool is_at_rest(const Period& here) const;     // one of many, with nothing spent or asked for: it needs no line
    std::int64_t slot_number(Micros now_unix) const { return now_unix / slot_length_; }

    const std::string name_, instance_;
    const bool rolling_;
    const Span span_;
    const TimeZone zone_;
    const Micros slot_length_;
    std::shared_ptr<const BudgetRules> rules_;
    std::atomic<std::int64_t> limit_;
    std::atomic<bool> hard_;
    std::atomic<std::int64_t> largest_{0};  // reserve since the last lease
    std::atomic<std::int64_t> recent_{0};   // ... of late
    std::atomic<std::int64_t> missed_{0};   // reserves that found no lease since the last one
    std::atomic<std::uint64_t> refused_{0};
    std::mutex mutex_;
    std::atomic<Period*> current_{nullptr};
    std::atomic<Micros> turns_at_{0};
    std::vector<std::unique_ptr<Period>> periods_;  // the current one last; one before it may still be settled
};

}  // namespace weir::limits
