#include "tiers/exact_cache/in_flight.h"

namespace weir::tiers {

std::unique_ptr<InFlight::Lease> InFlight::begin(const Digest256& key) {
    const std::lock_guard lock(mutex_);
    if (!keys_.try_emplace(key).second) return nullptr;
    return std::make_unique<Lease>(*this, key);
}

bool InFlight::enlist(const Digest256& key, Executor& executor, std::coroutine_handle<> waiter) {
    const std::lock_guard lock(mutex_);
    const auto found = keys_.find(key);
    if (found == keys_.end()) return false;
    found->second.push_back({&executor, waiter});
    return true;
}

void InFlight::end(const Digest256& key) {
    std::vector<Waiter> waiters;
    {
        const std::lock_guard lock(mutex_);
        const auto found = keys_.find(key);
        waiters.swap(found->second);
        keys_.erase(found);
    }
    for (const Waiter& waiter : waiters) waiter.executor->post(waiter.resume);
}

std::size_t InFlight::size() const {
    const std::lock_guard lock(mutex_);
    return keys_.size();
}

}  // namespace weir::tiers
