#include "tiers/model/endpoints.h"

#include <doctest/doctest.h>

#include <map>
#include <random>

namespace weir::tiers {
namespace {

constexpr Micros kSecond = 1'000'000;

struct Pool {
    Pool(std::initializer_list<unsigned> weights, Balance balance, const EjectionRules& rules = {})
        : endpoints(balance, rules) {
        for (const unsigned weight : weights) {
            Endpoint endpoint;
            endpoint.weight = weight;
            endpoint.path_prefix = std::to_string(endpoints.size());
            endpoints.add(std::move(endpoint));
        }
    }
    Endpoints endpoints;
};

}  // namespace

TEST_CASE("by weight: each gets its share in every round, none many at a time") {
    Pool pool({5, 1, 1}, Balance::weighted);
    std::string order;
    for (int i = 0; i < 14; ++i) order += pool.endpoints.take(0)->path_prefix;
    CHECK(order == "00102000010200");
}

TEST_CASE("by work: who has the least under way for its weight, equals in turn") {
    Pool pool({1, 1, 2}, Balance::least_busy);
    std::vector<Endpoints::Lease> held;
    std::map<std::string, int> count;
    for (int i = 0; i < 8; ++i) {
        held.push_back(pool.endpoints.take(0));
        ++count[held.back()->path_prefix];
    }
    CHECK(count["0"] == 2);
    CHECK(count["1"] == 2);
    CHECK(count["2"] == 4);
    held.clear();
    for (const auto& one : pool.endpoints.all()) CHECK(one->busy == 0);
    std::map<std::string, int> idle;
    for (int i = 0; i < 9; ++i) ++idle[pool.endpoints.take(0)->path_prefix];
    CHECK(idle.size() == 3);
}

TEST_CASE("those tried before come last") {
    Pool pool({1, 1}, Balance::least_busy);
    std::vector<const Endpoint*> tried{pool.endpoints.all()[0].get()};
    for (int i = 0; i < 4; ++i) CHECK(pool.endpoints.take(0, tried)->path_prefix == "1");
    tried.push_back(pool.endpoints.all()[1].get());
    CHECK_NOTHROW(pool.endpoints.take(0, tried));
}

TEST_CASE("an endpoint that fails is left out, tried by one call, and comes back or stays out for longer") {
    const EjectionRules rules{3, 10 * kSecond, 25 * kSecond};
    EndpointHealth health;
    using State = EndpointHealth::State;
    CHECK_FALSE(health.failed(0, rules));
    CHECK_FALSE(health.failed(0, rules));
    health.answered();  // not in a row
    CHECK_FALSE(health.failed(0, rules));
    CHECK_FALSE(health.failed(0, rules));
    CHECK(health.failed(0, rules));
    CHECK(health.state(9 * kSecond) == State::ejected);
    CHECK_FALSE(health.failed(9 * kSecond, rules));  // a call from before
    CHECK(health.ejected_until() == 10 * kSecond);

    Micros now = 10 * kSecond;
    CHECK(health.takes(now));
    health.begin(now);
    CHECK_FALSE(health.takes(now));  // one at a time
    health.told_nothing();
    CHECK(health.takes(now));
    health.begin(now);
    CHECK(health.failed(now, rules));  // for twice as long
    CHECK(health.ejected_until() == 30 * kSecond);
    now = 30 * kSecond;
    health.begin(now);
    CHECK(health.failed(now, rules));
    CHECK(health.ejected_until() == 55 * kSecond);  // the longest
    now = 55 * kSecond;
    health.begin(now);
    health.answered();
    CHECK(health.state(now) == State::open);
}

TEST_CASE("where all are left out the one that comes back first is asked") {
    Pool pool({1, 1, 1}, Balance::least_busy, {1, 10 * kSecond, 10 * kSecond});
    for (const Micros at : {3, 1, 2}) {
        Endpoints::Lease lease = pool.endpoints.take(at * kSecond);
        CHECK(lease.failed(at * kSecond));
    }
    const auto& first = *std::min_element(
        pool.endpoints.all().begin(), pool.endpoints.all().end(),
        [](const auto& a, const auto& b) { return a->health.ejected_until() < b->health.ejected_until(); });
    CHECK(&*pool.endpoints.take(4 * kSecond) == first.get());
}

TEST_CASE("any order of calls and outcomes: nothing is lost, and somebody is always asked") {
    for (unsigned seed = 0; seed < 50; ++seed) {
        CAPTURE(seed);
        std::mt19937 random(seed);
        Pool pool({1, 2, 3, 4}, seed % 2 == 0 ? Balance::weighted : Balance::least_busy, {2, kSecond, 4 * kSecond});
        std::vector<Endpoints::Lease> held;
        Micros now = 0;
        for (int step = 0; step < 500; ++step) {
            now += random() % 200'000;
            if (held.size() < 6 && random() % 2 == 0) {
                held.push_back(pool.endpoints.take(now));
            } else if (!held.empty()) {
                Endpoints::Lease& last = held[random() % held.size()];
                if (random() % 3 == 0) last.answered();
                if (random() % 3 == 1) last.failed(now);
                std::swap(last, held.back());
                held.pop_back();
            }
            std::size_t busy = 0;
            for (const auto& one : pool.endpoints.all()) busy += one->busy;
            CHECK(busy == held.size());
        }
        held.clear();
        for (const auto& one : pool.endpoints.all()) CHECK(one->busy == 0);
    }
}

}  // namespace weir::tiers
