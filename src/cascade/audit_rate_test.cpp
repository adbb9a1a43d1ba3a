#include "cascade/audit_rate.h"

#include <doctest/doctest.h>

using namespace weir::cascade;

TEST_CASE("audits: the rate that was set, but for repeats and after a fault") {
    weir::tiers::semantic::TaskCounters task;
    for (std::uint32_t times = 1; times < 20; ++times) {
        CHECK(audit_share(0.05, times, task) == (times == kAuditedRepeat ? 1 : 0.05));
        CHECK(audit_share(0, times, task) == 0);
    }
    suspect(task);
    CHECK(audit_share(0, 1, task) == 0);
    CHECK(audit_share(0.05, kAuditedRepeat, task) == 1);
    for (std::uint32_t hit = 0; hit < kSuspectHits; ++hit) CHECK(audit_share(0.05, 1, task) == 0.05 * kSuspectFactor);
    CHECK(audit_share(0.05, 1, task) == 0.05);
    suspect(task);
    CHECK(audit_share(0.5, 1, task) == 1);
}
