#include "cascade/proof_budget.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "learn/model_bytes.h"

namespace weir::cascade {
namespace {

constexpr Micros kMicrosPerMinute = 60'000'000;
constexpr double kFreely = 0.5;  // of the cap: spent at full rate
constexpr std::uint8_t kSpendVersion = 1;
constexpr std::size_t kMostCascadeName = 64;
constexpr std::int64_t kFadeOneIn = 100;  // the dearest proof counts so much less with each that ends

}  // namespace

void ProofBudget::Ticket::spent(Usd cost, bool priced, Micros now) {
    if (!priced) {
        if (std::exchange(unpriced_, true)) return;
        cost = std::max(cost, reserved_);
    }
    spent_ += cost;
    const std::lock_guard lock(budget_->mutex_);
    budget_->minute_at(now).proof += cost;
    budget_->spent_ += cost;
}

void ProofBudget::set_caps(const ProofCaps& caps) {
    const std::lock_guard lock(mutex_);
    caps_ = caps;
}

ProofBudget::Minute& ProofBudget::minute_at(Micros now) {
    forget(now);
    const std::int64_t minute = now / kMicrosPerMinute;
    // A clock that was set back goes on in the minute where it was.
    if (minutes_.empty() || minutes_.back().minute < minute) {
        minutes_.push_back({});
        minutes_.back().minute = minute;
    }
    return minutes_.back();
}

void ProofBudget::forget(Micros now) {
    // The first minute counts as long as any part of it is within the day.
    const std::int64_t first = now / kMicrosPerMinute - kMinutes;
    while (!minutes_.empty() && minutes_.front().minute < first) {
        spent_ -= minutes_.front().proof;
        traffic_ -= minutes_.front().traffic;
        minutes_.pop_front();
    }
}

std::optional<Usd> ProofBudget::cap() const {
    std::optional<Usd> cap = caps_.per_day;
    if (caps_.share) {
        const Usd part{static_cast<std::int64_t>(std::floor(*caps_.share * static_cast<double>(traffic_.nanos)))};
        cap = cap ? std::min(*cap, part) : part;
    }
    return cap;
}

double ProofBudget::share_now(Micros now, Usd expected) {
    forget(now);
    double share = 1;
    if (const std::optional<Usd> most = cap()) {
        const Usd taken = spent_ + reserved_;
        const double used = most->nanos > 0 ? static_cast<double>(taken.nanos) / static_cast<double>(most->nanos) : 1;
        share = used <= kFreely ? 1 : (1 - used) / (1 - kFreely);
        if (share < kLeastShare || taken + std::max(expected, dearest_) > *most) share = 0;
    }
    if (share > 0) {
        dark_since_.reset();
    } else if (!dark_since_) {
        dark_since_ = now;
    }
    if (dark_since_ && now - *dark_since_ >= caps_.blind_micros) blind_ = true;
    if (share >= kSeesAgain) blind_ = false;
    return share;
}

double ProofBudget::share(Micros now, Usd expected) {
    const std::lock_guard lock(mutex_);
    return share_now(now, expected);
}

bool ProofBudget::blind(Micros now) {
    const std::lock_guard lock(mutex_);
    share_now(now, {});
    return blind_;
}

ProofBudget::TicketPtr ProofBudget::begin(Micros now, Usd expected) {
    const std::lock_guard lock(mutex_);
    forget(now);
    const Usd reserved = std::max(expected, dearest_);
    const std::optional<Usd> most = cap();
    if (most && spent_ + reserved_ + reserved > *most) {
        ++refused_;
        return nullptr;
    }
    reserved_ += reserved;
    return TicketPtr(new Ticket(shared_from_this(), reserved));
}

void ProofBudget::end(Usd reserved, Usd spent) {
    const std::lock_guard lock(mutex_);
    reserved_ -= reserved;
    dearest_ = std::max(spent, Usd{dearest_.nanos - dearest_.nanos / kFadeOneIn});
}

void ProofBudget::traffic(Micros now, Usd reference_cost) {
    const std::lock_guard lock(mutex_);
    minute_at(now).traffic += reference_cost;
    traffic_ += reference_cost;
}

ProofBudget::View ProofBudget::view(Micros now) {
    const std::lock_guard lock(mutex_);
    View view;
    view.share = share_now(now, {});
    view.caps = caps_;
    view.spent = spent_;
    view.under_way = reserved_;
    view.traffic = traffic_;
    view.cap = cap();
    view.blind = blind_;
    view.refused = refused_;
    return view;
}

void ProofBudget::restore(const Spend& spend) {
    const std::lock_guard lock(mutex_);
    Minute& minute = minute_at(spend.minute * kMicrosPerMinute);
    minute.proof += spend.proof;
    minute.traffic += spend.traffic;
    minute.saved_proof += spend.proof;
    minute.saved_traffic += spend.traffic;
    spent_ += spend.proof;
    traffic_ += spend.traffic;
}

std::vector<ProofBudget::Spend> ProofBudget::take_unsaved(Micros now, bool all) {
    const std::lock_guard lock(mutex_);
    std::vector<Spend> unsaved;
    const std::int64_t present = now / kMicrosPerMinute;
    for (Minute& minute : minutes_) {
        if (!all && minute.minute >= present) continue;
        const Spend more{minute.minute, minute.proof - minute.saved_proof, minute.traffic - minute.saved_traffic};
        if (more.proof == Usd{} && more.traffic == Usd{}) continue;
        minute.saved_proof = minute.proof;
        minute.saved_traffic = minute.traffic;
        unsaved.push_back(more);
    }
    return unsaved;
}

store::RecordLog::Options spend_log(const std::string& file) {
    store::RecordLog::Options log;
    log.file = file;
    log.name = "proof";
    log.most_bytes = 8u << 20;
    return log;
}

std::string write_spend(std::string_view cascade, const ProofBudget::Spend& spend) {
    learn::ModelWriter to;
    to.put(kSpendVersion);
    to.put_text(cascade.substr(0, kMostCascadeName));
    to.put(spend.minute);
    to.put(spend.proof.nanos);
    to.put(spend.traffic.nanos);
    return std::move(to.bytes());
}

std::optional<ProofBudget::Spend> read_spend(std::string_view record, std::string& cascade) {
    learn::ModelReader from(record);
    if (from.get<std::uint8_t>() != kSpendVersion) return std::nullopt;
    cascade = from.get_text(kMostCascadeName);
    ProofBudget::Spend spend;
    spend.minute = from.get<std::int64_t>();
    spend.proof.nanos = from.get<std::int64_t>();
    spend.traffic.nanos = from.get<std::int64_t>();
    constexpr std::int64_t kLastMinute = std::int64_t{1} << 36;  // times in microseconds stay within their range
    constexpr std::int64_t kMostNanos = std::int64_t{1} << 50;
    const auto sound = [](Usd cost) { return cost.nanos >= 0 && cost.nanos <= kMostNanos; };
    if (!from.ok() || from.left() > 0 || spend.minute < 0 || spend.minute > kLastMinute) return std::nullopt;
    if (!sound(spend.proof) || !sound(spend.traffic)) return std::nullopt;
    return spend;
}

}  // namespace weir::cascade
