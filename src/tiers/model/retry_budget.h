// How many retries a provider may be sent: a share of the requests, so that an outage is not made worse by those who
// wait for its end (retry budgets as in Finagle and Envoy). Integers: hundredths of a retry.
// Thread rule: one owner; one reactor's. Limits: at most kReserve retries are saved up.
#pragma once

#include <algorithm>
#include <cstdint>

namespace weir::tiers {

class RetryBudget {
  public:
    static constexpr std::int64_t kReserve = 10;  // retries: what a quiet provider may be sent at once

    explicit RetryBudget(double share) : share_(static_cast<std::int64_t>(share * 100)) {}

    void request() { saved_ = std::min(saved_ + share_, kReserve * 100); }
    // False: there is none left.
    bool take() {
        if (saved_ < 100) return false;
        saved_ -= 100;
        return true;
    }

  private:
    std::int64_t share_;
    std::int64_t saved_ = kReserve * 100;
};

}  // namespace weir::tiers
