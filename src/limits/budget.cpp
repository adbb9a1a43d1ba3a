#include "limits/budget.h"

#include <algorithm>

namespace weir::limits {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;
constexpr Micros kKeepPeriods = 3'600'000'000;  // how long after its end one may still be settled, at least

}  // namespace

std::string_view to_string(BudgetOf of) {
    constexpr std::string_view kNames[] = {"all", "tenant", "key", "task", "model"};
    return kNames[static_cast<std::size_t>(of)];
}

std::string_view to_string(BudgetAction action) {
    constexpr std::string_view kNames[] = {"none", "refuse", "queue", "downgrade"};
    return kNames[static_cast<std::size_t>(action)];
}

Budget::Budget(BudgetRules rules, std::string instance, Micros now_unix)
    : name_(rules.name),
      instance_(std::move(instance)),
      rolling_(rules.rolling),
      span_(rules.span),
      zone_(rules.zone),
      slot_length_(rolling_length(rules.span) / static_cast<Micros>(kSlots - 1)),
      limit_(rules.limit.nanos),
      hard_(rules.hard) {
    rules_ = std::make_shared<const BudgetRules>(std::move(rules));
    turn(now_unix);
}

void Budget::change(const BudgetRules& rules) {
    std::atomic_store(&rules_, std::make_shared<const BudgetRules>(rules));
    limit_.store(rules.limit.nanos, kRelaxed);
    hard_.store(rules.hard, kRelaxed);
}

Budget::Period& Budget::now(Micros now_unix) {
    if (now_unix >= turns_at_.load(std::memory_order_acquire)) turn(now_unix);
    return *current_.load(std::memory_order_acquire);
}

void Budget::turn(Micros now_unix) {
    const std::lock_guard lock(mutex_);
    Period* period = current_.load(kRelaxed);
    if (period != nullptr && now_unix < turns_at_.load(kRelaxed)) return;
    if (rolling_ && period != nullptr) {
        const std::int64_t newest = std::max(period->newest, slot_number(now_unix));
        const std::int64_t ended = std::min(newest - period->newest, static_cast<std::int64_t>(kSlots));
        for (std::int64_t i = 1; i <= ended; ++i) {
            auto& slot = period->slots[static_cast<std::size_t>((newest - ended + i) % static_cast<Micros>(kSlots))];
            const std::int64_t gone = slot.exchange(0, kRelaxed);
            period->spent.fetch_sub(gone, kRelaxed);
            period->charged.fetch_sub(gone);
            period->at_most.fetch_sub(gone, kRelaxed);
        }
        period->newest = newest;
        turns_at_.store((newest + 1) * slot_length_, std::memory_order_release);
        return;
    }
    auto made = std::make_unique<Period>();
    if (rolling_) {
        made->newest = slot_number(now_unix);
        made->end = (made->newest + 1) * slot_length_;
    } else {
        const TimeWindow window = calendar_window(span_, zone_, now_unix);
        made->start = window.start;
        made->end = window.end;
    }
    std::erase_if(periods_, [&](const std::unique_ptr<Period>& old) {
        return old.get() != period && old->under_way.load() == 0 && old->end + kKeepPeriods < now_unix;
    });
    current_.store(made.get(), std::memory_order_release);
    turns_at_.store(made->end, std::memory_order_release);
    periods_.push_back(std::move(made));
}

Budget::Answer Budget::take(const Claim& claim, Micros now_unix, Period*& period, Usd& held, Usd& stake) {
    Period& here = now(now_unix);
    const std::int64_t limit = this->limit();
    const bool hard = hard_.load(kRelaxed);
    // What is more would have the disk say that more than all of it may be spent.
    const std::int64_t reserve = std::min(claim.reserve.nanos, hard ? std::min(limit, kMostClaim) : kMostClaim);
    held.nanos = reserve;
    const std::int64_t likely = std::max(reserve, std::min(claim.likely.nanos, kMostClaim));
    const std::int64_t most = std::max(likely, std::min(claim.most.nanos, kMostClaim));
    // Acquire: settle() changes X before what was spent, so that the two are equal only where no stake is out.
    std::int64_t at_most = here.at_most.load(std::memory_order_acquire);
    do {
        stake.nanos = at_most + likely - reserve + most < limit ? likely : most;
        if (!hard || (most > 0 && at_most + stake.nanos - reserve < limit)) continue;
        const std::int64_t spent = here.spent.load(std::memory_order_acquire);
        if (most == 0 && spent < limit) continue;
        const bool alone = spent < limit - limit / kEdgeShare;
        const bool fits = most > 0 && spent + most - reserve < limit;  // once others have ended
        if (!alone && !fits) return Answer::spent;
        if (!alone || at_most != spent) return Answer::busy;
        stake.nanos = limit + reserve - spent;
    } while (!here.at_most.compare_exchange_weak(at_most, at_most + stake.nanos, std::memory_order_acq_rel));
    here.under_way.fetch_add(1, kRelaxed);
    period = &here;
    std::int64_t largest = largest_.load(kRelaxed);
    while (largest < reserve && !largest_.compare_exchange_weak(largest, reserve, kRelaxed)) {
    }
    // Sequentially consistent with next_lease(): one of the two sees the other.
    if (here.charged.fetch_add(reserve) + reserve <= here.lease.load()) return Answer::in;
    put_back(here, held, stake);
    missed_.fetch_add(reserve, kRelaxed);
    return Answer::later;
}

void Budget::put_back(Period& period, Usd reserve, Usd stake) {
    period.charged.fetch_sub(reserve.nanos);
    period.at_most.fetch_sub(stake.nanos, kRelaxed);
    period.under_way.fetch_sub(1, kRelaxed);
}

bool Budget::grow(Period& period, Usd reserve, Usd more, bool force) {
    const std::int64_t room = limit() + reserve.nanos - more.nanos;
    std::int64_t at_most = period.at_most.load(kRelaxed);
    do {
        if (!force && hard_.load(kRelaxed) && at_most > room) return false;
    } while (!period.at_most.compare_exchange_weak(at_most, at_most + more.nanos, kRelaxed));
    return true;
}

void Budget::settle(Period& period, Usd charged, Usd stake, Usd cost, Micros now_unix) {
    if (rolling_) now(now_unix);  // what has gone out of the window first
    period.at_most.fetch_add(cost.nanos - stake.nanos, std::memory_order_acq_rel);  // before `spent`: see take()
    period.spent.fetch_add(cost.nanos, std::memory_order_acq_rel);
    if (rolling_) {
        // By when it was settled. A turn meanwhile may take it for the slot before: a 60th of the window early.
        const auto slot = static_cast<std::size_t>(slot_number(now_unix) % static_cast<Micros>(kSlots));
        period.slots[slot].fetch_add(cost.nanos, kRelaxed);
    }
    period.charged.fetch_add(cost.nanos - charged.nanos);
    period.under_way.fetch_sub(1);
}

std::int64_t Budget::percent(Micros now_unix) {
    const std::int64_t most = std::max<std::int64_t>(limit(), 1);
    const std::int64_t charged = now(now_unix).charged.load(kRelaxed);
    return static_cast<std::int64_t>(static_cast<double>(charged) * 100.0 / static_cast<double>(most));
}

Budget::View Budget::view(Micros now_unix) {
    const Period& here = now(now_unix);
    View view;
    view.start = rolling_ ? now_unix - rolling_length(span_) : here.start;
    view.end = rolling_ ? turns_at_.load() : here.end;
    view.limit = Usd{limit()};
    view.spent = Usd{here.spent.load()};
    const std::int64_t charged = here.charged.load();
    view.reserved = Usd{std::max<std::int64_t>(0, charged - view.spent.nanos)};
    view.under_way = here.under_way.load();
    if (limit() > 0) view.share = static_cast<double>(charged) / static_cast<double>(limit());
    return view;
}

std::int64_t Budget::ahead(const Period& here) const {
    const std::int64_t slice = std::max<std::int64_t>(limit() / kSlices, 1);
    if (here.under_way.load(kRelaxed) == 0) return slice;
    const std::int64_t beyond = here.at_most.load(kRelaxed) - here.charged.load(kRelaxed);
    const std::int64_t two = 2 * std::max(largest_.load(kRelaxed), recent_.load(kRelaxed));
    return std::max({slice, std::min(two, limit() / kBurstShare), std::min(beyond, limit() / kMarginShare)});
}

bool Budget::is_at_rest(const Period& here) const {
    return !instance_.empty() && here.charged.load() == 0 && here.under_way.load(kRelaxed) == 0 &&
           missed_.load(kRelaxed) == 0;
}

bool Budget::lease_is_short(Micros now_unix) {
    const Period& here = now(now_unix);
    if (is_at_rest(here)) return false;
    return here.lease.load(kRelaxed) - here.charged.load(kRelaxed) < ahead(here) / 2;
}

bool Budget::lease_is_off(Micros now_unix) {
    const Period& here = now(now_unix);
    if (is_at_rest(here)) return here.lease.load() > 0;
    return lease_is_short(now_unix) || here.lease.load() - here.charged.load() > 4 * ahead(here);
}

Budget::Lease Budget::next_lease(Micros now_unix, Leasing how) {
    Lease next;
    Period& here = now(now_unix);
    next.period = &here;
    next.start = here.start;
    // Whoever missed it gets it, and of many at once what they wanted, but no more than a 20th of the limit.
    const bool at_rest = is_at_rest(here);
    const std::int64_t largest = largest_.exchange(0, kRelaxed);
    const std::int64_t recent = recent_.load(kRelaxed);
    recent_.store(std::max(largest, recent - recent / 8), kRelaxed);
    const std::int64_t missed = std::min(missed_.exchange(0, kRelaxed), std::max(limit() / kBurstShare, largest));
    next.lease = here.charged.load() + std::max(ahead(here), missed);
    const std::int64_t before = here.lease.load();
    if (how == Leasing::exact) {
        next.lease = here.charged.load();
    } else if (at_rest && (how == Leasing::rest || before == 0)) {
        here.lease.store(0);  // as below
        next.lease = here.charged.load();
    } else if (how == Leasing::usual || (next.lease < before && !lease_is_off(now_unix))) {
        next.lease = std::max(next.lease, before);
    } else if (next.lease < before) {
        // Shorter: first for those who come, so that none is beyond what will stand on the disk.
        here.lease.store(next.lease);
        next.lease = std::max(next.lease, here.charged.load());
    }
    if (rolling_) {
        const std::lock_guard lock(mutex_);
        for (std::size_t i = 0; i < kSlots; ++i) {
            const std::int64_t number = here.newest - static_cast<std::int64_t>(i);
            const std::int64_t spent =
                here.slots[static_cast<std::size_t>(number % static_cast<Micros>(kSlots))].load(kRelaxed);
            if (spent != 0) next.slots.emplace_back(number, spent);
        }
        next.start = here.newest * slot_length_;
    }
    return next;
}

void Budget::written(const Lease& lease) {
    lease.period->lease.store(lease.lease);
}

void Budget::restore(Micros start, std::int64_t spent, const std::vector<std::pair<std::int64_t, std::int64_t>>& slots,
                     Micros now_unix) {
    Period& here = now(now_unix);
    if (!rolling_) {
        if (start < here.start || start >= here.end) return;
    } else {
        const std::int64_t oldest = here.newest - static_cast<std::int64_t>(kSlots) + 1;
        std::int64_t left = spent;
        std::int64_t kept = 0;
        for (const auto& [number, nanos] : slots) {
            left -= nanos;
            if (number < oldest || number > here.newest) continue;
            here.slots[static_cast<std::size_t>(number % static_cast<Micros>(kSlots))] = nanos;
            kept += nanos;
        }
        // What was leased and not settled is of the file's last slot.
        const std::int64_t last = start / slot_length_;
        if (last >= oldest && left > 0) {
            const std::int64_t at = std::min(last, here.newest);
            here.slots[static_cast<std::size_t>(at % static_cast<Micros>(kSlots))].fetch_add(left);
            kept += left;
        }
        spent = kept;
    }
    here.spent = spent;
    here.charged = spent;
    here.at_most = spent;
}

}  // namespace weir::limits
