#include "tiers/model/tier_health.h"

#include <doctest/doctest.h>

using namespace weir;
using tiers::TierHealth;

namespace {
constexpr Micros kRest = 60'000'000;
}

TEST_CASE("a tier is waited for as long as its answers usually take, within the limits") {
    TierHealth health(20'000'000, kRest);
    CHECK(health.patience() == 20'000'000);  // nothing is known yet
    for (int i = 0; i < 50; ++i) health.answered(400'000 + 10'000 * (i % 5));
    CHECK(health.patience() >= TierHealth::kLeastPatience);
    CHECK(health.patience() < 2'000'000);
    for (int i = 0; i < 50; ++i) health.answered(5'000'000);
    CHECK(health.patience() >= 5'000'000 * 2);
    for (int i = 0; i < 50; ++i) health.answered(15'000'000);
    CHECK(health.patience() == 20'000'000);
    TierHealth short_of_time(300'000, kRest);
    short_of_time.answered(1'000);
    CHECK(short_of_time.patience() == 300'000);
}

TEST_CASE("one that fails in a row rests, longer each time, and is well again with its first answer") {
    TierHealth health(20'000'000, kRest);
    Micros now = 1'000'000'000;
    health.failed(now, false, 0);
    health.failed(now, false, 0);
    CHECK_FALSE(health.rests(now));
    health.failed(now, false, 0);
    CHECK(health.rests(now));
    CHECK_FALSE(health.rests(now + TierHealth::kFirstRest));
    now += TierHealth::kFirstRest;
    health.failed(now, false, 0);
    CHECK(health.rests(now + TierHealth::kFirstRest));
    for (int i = 0; i < 100; ++i) health.failed(now, false, 0);
    CHECK_FALSE(health.rests(now + kRest));
    health.answered(1'000);
    CHECK_FALSE(health.rests(now));
    health.failed(now, false, 0);
    CHECK_FALSE(health.rests(now));
}

TEST_CASE("one that has become slow for good is not given up for ever") {
    TierHealth health(20'000'000, kRest);
    for (int i = 0; i < 50; ++i) health.answered(100'000);
    const Micros before = health.patience();
    CHECK(before == TierHealth::kLeastPatience);
    for (int i = 0; i < 4; ++i) health.failed(0, true, health.patience());
    CHECK(health.patience() > 2 * before);
}

TEST_CASE("one that is not to rest never does") {
    TierHealth health(20'000'000, 0);
    for (int i = 0; i < 100; ++i) health.failed(1'000'000, false, 0);
    CHECK_FALSE(health.rests(1'000'000));
}

TEST_CASE("what it usually takes is forgotten while nobody asks it for want of time") {
    TierHealth health(20'000'000, kRest);
    CHECK(health.usual() == 0);
    for (int i = 0; i < 50; ++i) health.answered(800'000);
    CHECK(health.usual() >= 800'000);
    CHECK(health.usual() < 900'000);
    int until = 0;
    while (health.usual() >= 400'000 && until < 1'000) health.passed_over(), ++until;
    CHECK(until > 30);
    CHECK(until < 60);
}
