#include "tiers/exact_cache/flight.h"

#include <algorithm>

namespace weir::tiers {

void Flight::begin(std::string header_lines, bool has_usage) {
    std::vector<Waiter> waiters;
    {
        const std::lock_guard lock(mutex_);
        state_.began = true;
        state_.has_usage = has_usage;
        header_lines_ = std::move(header_lines);
        waiters = take_waiters(Until::began_or_ended);
    }
    wake(waiters);
}

void Flight::append(std::string_view bytes) {
    std::vector<Waiter> waiters;
    {
        const std::lock_guard lock(mutex_);
        if (kept_.size() + bytes.size() > kKeptBytes) {
            // Half of it goes at once, so that bytes are moved rarely.
            const std::size_t drop = std::min(kept_.size(), std::max(kKeptBytes / 2, bytes.size()));
            kept_.erase(0, drop);
            kept_from_ += drop;
        }
        kept_ += bytes;
        waiters = take_waiters(Until::more_or_ended);
    }
    wake(waiters);
}

std::vector<Flight::Waiter> Flight::take_waiters(Until until) {
    const auto taken =
        std::partition(waiters_.begin(), waiters_.end(), [&](const Waiter& waiter) { return waiter.until != until; });
    std::vector<Waiter> waiters(taken, waiters_.end());
    waiters_.erase(taken, waiters_.end());
    return waiters;
}

void Flight::wake(std::vector<Waiter>& waiters) {
    for (const Waiter& waiter : waiters) waiter.executor->post(waiter.resume);
}

void Flight::when_deserted(std::function<void()> call) {
    {
        const std::lock_guard lock(mutex_);
        if (call == nullptr || followers_ > 0) {
            when_deserted_ = std::move(call);
            return;
        }
        when_deserted_ = nullptr;
    }
    call();
}

bool Flight::followed() const {
    const std::lock_guard lock(mutex_);
    return followers_ > 0;
}

Flight::State Flight::state() const {
    const std::lock_guard lock(mutex_);
    return state_;
}

std::string Flight::header_lines() const {
    const std::lock_guard lock(mutex_);
    return header_lines_;
}

void Flight::end(Ending ending) {
    std::vector<Waiter> waiters;
    {
        const std::lock_guard lock(mutex_);
        state_.ending = ending;
        when_deserted_ = nullptr;
        waiters.swap(waiters_);
    }
    wake(waiters);
}

Follower::Follower(std::shared_ptr<Flight> flight, Executor& executor)
    : flight_(std::move(flight)), executor_(executor) {
    const std::lock_guard lock(flight_->mutex_);
    ++flight_->followers_;
}

Follower::~Follower() {
    std::function<void()> deserted;
    {
        const std::lock_guard lock(flight_->mutex_);
        if (--flight_->followers_ == 0) deserted.swap(flight_->when_deserted_);
    }
    if (deserted) deserted();
}

bool Follower::enlist(Until until, std::coroutine_handle<> waiter) {
    const std::lock_guard lock(flight_->mutex_);
    const Flight::State& state = flight_->state_;
    if (canceled_ || state.ending != Flight::Ending::none) return false;
    if (until == Until::began_or_ended && state.began) return false;
    if (until == Until::more_or_ended && flight_->kept_from_ + flight_->kept_.size() > position_) return false;
    flight_->waiters_.push_back({this, until, &executor_, waiter});
    return true;
}

void Follower::cancel() {
    canceled_ = true;
    std::vector<Flight::Waiter> mine;
    {
        const std::lock_guard lock(flight_->mutex_);
        auto& waiters = flight_->waiters_;
        const auto gone =
            std::partition(waiters.begin(), waiters.end(), [this](const auto& waiter) { return waiter.owner != this; });
        mine.assign(gone, waiters.end());
        waiters.erase(gone, waiters.end());
    }
    Flight::wake(mine);
}

bool Follower::read(std::string& out) {
    const std::lock_guard lock(flight_->mutex_);
    if (position_ < flight_->kept_from_) return false;
    const std::size_t at = static_cast<std::size_t>(position_ - flight_->kept_from_);
    const std::string_view more = std::string_view(flight_->kept_).substr(at, Flight::kMaxReadBytes);
    out += more;
    position_ += more.size();
    return true;
}

Flights::Boarding Flights::board(const Digest256& key) {
    const std::lock_guard lock(mutex_);
    const auto [place, fresh] = flights_.try_emplace(key);
    if (!fresh) return {nullptr, place->second};
    place->second = std::make_shared<Flight>();
    return {std::make_unique<Lease>(*this, key, place->second), nullptr};
}

void Flights::end(const Digest256& key, Flight& flight, Flight::Ending ending) {
    {
        const std::lock_guard lock(mutex_);
        flights_.erase(key);
    }
    flight.end(ending);
}

std::size_t Flights::size() const {
    const std::lock_guard lock(mutex_);
    return flights_.size();
}

}  // namespace weir::tiers
