// A bucket of tokens that refills evenly: a minute's worth when it is full. By the generic cell rate algorithm (ITU-T
// I.371, annex A; ATM Forum's traffic management, 1996): all that is kept is when the bucket will be full again, one
// number that reactors change by compare-and-swap. Nothing ticks, and a rate can be changed at any time: what has been
// taken stays taken, in time.
// Bounds, for a rate r a minute from the bucket's making on: of what is taken and settled never more than r + r * t is
// admitted in t minutes; who waits as long as it is told is admitted, unless others take what came meanwhile. What
// turns out to be more than was taken is owed: the bucket then fills from below.
// Thread rule: any thread, without a lock. Limits: rates of 1 to kMostPerMinute; costs are rounded down to the
// nanosecond (at the highest rate 0 %, at others of more than 10,000,000 a minute less than 0.2 % too cheap); a
// request owes kMostDebt at most.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/units.h"
#include "limits/rates.h"

namespace weir::limits {

class Bucket {
  public:
    static constexpr std::int64_t kWindowNanos = 60'000'000'000;
    static constexpr std::int64_t kMostDebt = 24 * 60 * kWindowNanos;

    // 0: `amount` was taken. Else nothing was, and there may be enough after that time (microseconds). An amount of
    // more than a minute's worth counts as a minute's: it is admitted by a full bucket and owes the rest once it is
    // settled. `now`: steady time, microseconds; may go back a little between threads.
    Micros take(std::int64_t per_minute, std::int64_t amount, Micros now);
    // What was taken as `taken` turns out to be `used`.
    void settle(std::int64_t per_minute, std::int64_t taken, std::int64_t used);

    struct Level {
        std::int64_t remaining = 0;  // that would be admitted at once
        Micros full_in = 0;          // 0: it is full
    };
    Level level(std::int64_t per_minute, Micros now) const;

  private:
    std::atomic<std::int64_t> full_at_{INT64_MIN / 4};  // nanoseconds of steady time
};

}  // namespace weir::limits
