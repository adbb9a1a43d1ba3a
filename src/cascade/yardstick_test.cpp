#include "cascade/yardstick.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "learn/certificates.h"

using namespace weir;
using namespace weir::cascade;

TEST_CASE("yardstick: nothing changes where repeats are unknown or few") {
    CHECK(own_disagreement({}, {}) == 0);
    CHECK(own_disagreement({{1, 100}}, {}) == 0);
    CHECK(own_disagreement({}, {{1, {100, 100}}}) == 0);
    CHECK(own_disagreement({{1, 100}}, {{1, {kLeastRepeats - 1, kLeastRepeats - 1}}}) == 0);
    CHECK(own_disagreement({{1, 100}}, {{2, {100, 100}}}) == 0);  // of a task that does not come
    CHECK(own_disagreement({{1, 100}, {2, 0}}, {{2, {100, 100}}}) == 0);
    CHECK(own_disagreement({{1, 100}}, {{1, {10'000, 0}}}) == 0);
    CHECK(held_to(0.02, 0) == 0.02);
    CHECK(held_to(0.02, 0.0199) == 0.02);
}

TEST_CASE("yardstick: the lower end of the exact interval, by the tasks' shares of the traffic") {
    // 12 of 120: from 5.27 to 16.8 % (Clopper and Pearson).
    const double alone = own_disagreement({{1, 7}}, {{1, {120, 12}}});
    CHECK(alone == doctest::Approx(0.0527).epsilon(0.01));
    CHECK(own_disagreement({{1, 10}, {2, 30}}, {{1, {120, 12}}, {2, {9, 9}}}) == doctest::Approx(alone / 4));
    CHECK(held_to(0.02, alone) == doctest::Approx(0.052));
    CHECK(held_to(0.1, alone) == 0.1);
    CHECK(held_to(0.02, 0.9) == doctest::Approx(kMostHeldTo));
}

TEST_CASE("yardstick: never looser than the promise and the lower bound, whatever is known") {
    rc::check("", [] {
        std::map<std::uint64_t, std::uint64_t> requests;
        TaskRepeats repeats;
        double all = 0, most = 0, seen = 0;
        const auto tasks = *rc::gen::inRange<std::uint64_t>(1, 6);
        for (std::uint64_t task = 1; task <= tasks; ++task) {
            const auto asked = *rc::gen::inRange<std::uint64_t>(0, 300);
            repeats[task] = {asked, *rc::gen::inRange<std::uint64_t>(0, asked + 1)};
            requests[task] = *rc::gen::inRange<std::uint64_t>(0, 1'000);
            all += static_cast<double>(requests[task]);
        }
        for (const auto& [task, count] : requests) {
            const OwnRepeats& of = repeats[task];
            if (of.asked < kLeastRepeats || count == 0) continue;
            const double share = static_cast<double>(count) / all;
            most += share * learn::share_lower_bound(of.differ, of.asked, kYardstickAlpha);
            seen += share * static_cast<double>(of.differ) / static_cast<double>(of.asked);
        }
        const double own = own_disagreement(requests, repeats);
        const double promise = *rc::gen::inRange(1, 500) / 1'000.0;
        RC_ASSERT(own >= 0);
        RC_ASSERT(own <= most + 1e-12);
        RC_ASSERT(own <= seen + 1e-12);
        RC_ASSERT(held_to(promise, own) >= promise);
        RC_ASSERT(held_to(promise, own) <= std::max(promise, own));
        // Another repeat that says the same never loosens anything.
        TaskRepeats more = repeats;
        for (auto& [task, of] : more) of.asked += of.asked >= kLeastRepeats ? 1 : 0;
        RC_ASSERT(own_disagreement(requests, more) <= own + 1e-12);
    });
}
