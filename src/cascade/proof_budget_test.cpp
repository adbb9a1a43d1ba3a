#include "cascade/proof_budget.h"

#include <doctest/doctest.h>

#include "learn/random_bits.h"

using namespace weir;
using namespace weir::cascade;

namespace {

constexpr Micros kMinute = 60'000'000, kHour = 60 * kMinute, kDay = 24 * kHour;
constexpr Micros kStart = 1'700'000'000'000'000 / kMinute * kMinute;

std::shared_ptr<ProofBudget> capped(std::int64_t nanos) {
    auto budget = std::make_shared<ProofBudget>();
    ProofCaps caps;
    caps.per_day = Usd{nanos};
    budget->set_caps(caps);
    return budget;
}

void spend(ProofBudget& budget, Micros now, std::int64_t nanos) {
    const auto ticket = budget.begin(now, {});
    REQUIRE(ticket != nullptr);
    ticket->spent(Usd{nanos}, true, now);
}

}  // namespace

TEST_CASE("without a cap everything may be proved, and is counted") {
    const auto budget = std::make_shared<ProofBudget>();
    spend(*budget, kStart, 5'000'000'000'000);
    CHECK(budget->share(kStart, Usd{1'000}) == 1);
    CHECK(budget->view(kStart).spent == Usd{5'000'000'000'000});
    CHECK_FALSE(budget->view(kStart).cap.has_value());
    CHECK_FALSE(budget->blind(kStart + 2 * kDay));
}

TEST_CASE("proof thins out in the second half of the cap, and ends before it") {
    const auto budget = capped(1'000);
    CHECK(budget->share(kStart, {}) == 1);
    for (int i = 0; i < 50; ++i) spend(*budget, kStart, 10);
    CHECK(budget->share(kStart, {}) == 1);
    for (int i = 0; i < 25; ++i) spend(*budget, kStart, 10);
    CHECK(budget->share(kStart, {}) == doctest::Approx(0.5));
    CHECK(budget->share(kStart, Usd{251}) == 0);  // would go beyond it
    CHECK(budget->share(kStart, Usd{250}) == doctest::Approx(0.5));
    for (int i = 0; i < 20; ++i) spend(*budget, kStart, 10);
    CHECK(budget->share(kStart, {}) == doctest::Approx(0.1));
    spend(*budget, kStart, 10);
    CHECK(budget->share(kStart, {}) == 0);
}

TEST_CASE("a day later, to the minute, it is free again") {
    const auto budget = capped(100);
    spend(*budget, kStart + 59'999'999, 96);
    CHECK(budget->share(kStart + kDay, {}) == 0);
    CHECK(budget->share(kStart + kDay + kMinute - 1, {}) == 0);
    CHECK(budget->share(kStart + kDay + kMinute, Usd{100}) == 1);
    CHECK(budget->view(kStart + kDay + kMinute).spent == Usd{0});
}

TEST_CASE("what is under way counts as spent, and comes back") {
    const auto budget = capped(100);
    auto first = budget->begin(kStart, Usd{60});
    REQUIRE(first != nullptr);
    CHECK(budget->begin(kStart, Usd{60}) == nullptr);
    CHECK(budget->view(kStart).refused == 1);
    first->spent(Usd{7}, true, kStart);
    first.reset();
    CHECK(budget->view(kStart).under_way == Usd{0});
    CHECK(budget->view(kStart).spent == Usd{7});
    CHECK(budget->begin(kStart, Usd{60}) != nullptr);
}

TEST_CASE("a call without a price costs what was set aside for it") {
    const auto budget = capped(100);
    auto ticket = budget->begin(kStart, Usd{30});
    ticket->spent(Usd{0}, false, kStart);
    ticket->spent(Usd{0}, false, kStart);
    ticket->spent(Usd{5}, true, kStart);
    ticket.reset();
    CHECK(budget->view(kStart).spent == Usd{35});
}

TEST_CASE("blind after an hour without proof, seeing once an eighth is free") {
    const auto budget = capped(1'000);
    spend(*budget, kStart, 100);
    spend(*budget, kStart + kHour, 450);
    spend(*budget, kStart + kHour, 449);
    CHECK(budget->share(kStart + 2 * kHour, {}) == 0);
    CHECK_FALSE(budget->blind(kStart + 3 * kHour - 1));
    CHECK(budget->blind(kStart + 3 * kHour));
    CHECK(budget->blind(kStart + kDay));
    // 101 are free: proof, at a low rate; not enough to be seen as well.
    CHECK(budget->share(kStart + kDay + 2 * kMinute, {}) == 0);  // the dearest of late was 450
    CHECK(budget->blind(kStart + kDay + 2 * kMinute));
    CHECK_FALSE(budget->blind(kStart + kDay + 2 * kHour));
}

TEST_CASE("a share of what the traffic would have cost") {
    const auto budget = std::make_shared<ProofBudget>();
    ProofCaps caps;
    caps.share = 0.05;
    budget->set_caps(caps);
    CHECK(budget->share(kStart, {}) == 0);  // nothing to take a share of
    budget->traffic(kStart, Usd{10'000});
    CHECK(budget->view(kStart).cap == Usd{500});
    CHECK(budget->share(kStart, Usd{500}) == 1);
    CHECK(budget->share(kStart, Usd{501}) == 0);
    caps.per_day = Usd{100};
    budget->set_caps(caps);
    CHECK(budget->view(kStart).cap == Usd{100});  // the smaller one
}

TEST_CASE("never more than the cap in any day, whatever comes") {
    learn::RandomBits random(7);
    for (int round = 0; round < 20; ++round) {
        const auto budget = capped(10'000);
        std::deque<std::pair<Micros, std::int64_t>> spent;
        std::deque<ProofBudget::TicketPtr> under_way;
        Micros now = kStart;
        std::int64_t sum = 0, largest = 0;
        for (int i = 0; i < 5'000; ++i) {
            now += static_cast<Micros>(random.uniform() * 2 * static_cast<double>(kMinute));
            if (under_way.size() > 8) {
                const auto cost = static_cast<std::int64_t>(random.uniform() * 40);
                under_way.front()->spent(Usd{cost}, true, now);
                under_way.pop_front();
                spent.emplace_back(now, cost);
                sum += cost;
            }
            while (!spent.empty() && spent.front().first <= now - kDay) {
                sum -= spent.front().second;
                spent.pop_front();
            }
            largest = std::max(largest, sum);
            REQUIRE(sum <= 10'000);
            const double share = budget->share(now, Usd{40});
            if (!random.chance(share)) continue;
            if (auto ticket = budget->begin(now, Usd{40})) under_way.push_back(std::move(ticket));
        }
        CHECK(largest > 8'000);
    }
}

TEST_CASE("a restart forgets nothing of the day") {
    const auto before = capped(1'000);
    spend(*before, kStart, 100);
    before->traffic(kStart + kMinute, Usd{9});
    spend(*before, kStart + 2 * kMinute, 200);
    const auto closed = before->take_unsaved(kStart + 2 * kMinute, false);
    REQUIRE(closed.size() == 2);
    CHECK(closed[0].proof == Usd{100});
    CHECK(before->take_unsaved(kStart + 2 * kMinute, false).empty());
    spend(*before, kStart + 2 * kMinute, 1);
    const auto rest = before->take_unsaved(kStart + 2 * kMinute, true);
    REQUIRE(rest.size() == 1);
    CHECK(before->take_unsaved(kStart + 3 * kMinute, true).empty());

    const auto after = capped(1'000);
    for (const auto& spends : {closed, rest}) {
        for (const ProofBudget::Spend& each : spends) after->restore(each);
    }
    CHECK(after->view(kStart + 3 * kMinute).spent == Usd{301});
    CHECK(after->view(kStart + 3 * kMinute).traffic == Usd{9});
    CHECK(after->take_unsaved(kStart + 3 * kMinute, true).empty());
    CHECK(after->view(kStart + kDay + 2 * kMinute).spent == Usd{201});
}
