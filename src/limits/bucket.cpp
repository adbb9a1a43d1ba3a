#include "limits/bucket.h"

#include <algorithm>

namespace weir::limits {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;  // the number alone matters; nothing is read by its leave

// The time in which `amount` flows in. Quotient and remainder apart: their product with the amount fits.
std::int64_t nanos_of(std::int64_t amount, std::int64_t per_minute) {
    const std::int64_t each = Bucket::kWindowNanos / per_minute;
    amount = std::clamp<std::int64_t>(
        amount, 0, std::min(Bucket::kMostDebt / std::max<std::int64_t>(each, 1), 100 * kMostPerMinute));
    const std::int64_t rest = Bucket::kWindowNanos % per_minute;
    return std::min(Bucket::kMostDebt, amount * each + amount * rest / per_minute);
}

}  // namespace

Micros Bucket::take(std::int64_t per_minute, std::int64_t amount, Micros now) {
    const std::int64_t now_nanos = now * 1000;
    const std::int64_t cost = nanos_of(std::min(amount, per_minute), per_minute);
    std::int64_t full_at = full_at_.load(kRelaxed);
    while (true) {
        const std::int64_t then = std::max(full_at, now_nanos) + cost;
        if (const std::int64_t excess = then - now_nanos - kWindowNanos; excess > 0) return (excess + 999) / 1000;
        if (full_at_.compare_exchange_weak(full_at, then, kRelaxed)) return 0;
    }
}

void Bucket::settle(std::int64_t per_minute, std::int64_t taken, std::int64_t used) {
    full_at_.fetch_add(nanos_of(used, per_minute) - nanos_of(std::min(taken, per_minute), per_minute), kRelaxed);
}

Bucket::Level Bucket::level(std::int64_t per_minute, Micros now) const {
    const std::int64_t empty = std::max<std::int64_t>(0, full_at_.load(kRelaxed) - now * 1000);
    const std::int64_t left = std::max<std::int64_t>(0, kWindowNanos - empty);
    return {std::min(per_minute, left / (kWindowNanos / per_minute)), (empty + 999) / 1000};
}

}  // namespace weir::limits
