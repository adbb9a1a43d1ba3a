#include "cascade/cacheable.h"

#include <doctest/doctest.h>

#include <limits>

using namespace weir;
using cascade::cacheable_request;
using cascade::CacheDecision;
using cascade::CacheRules;
using cascade::storable_answer;

namespace {

const CacheDecision kAllowed{};
const CacheDecision kTemperature{false, store::Uncacheable::temperature};
const CacheDecision kN{false, store::Uncacheable::several};

CacheDecision decide(std::optional<double> temperature, std::int64_t n, bool without, bool above_zero) {
    wire::ChatRequest request;
    request.temperature = temperature;
    request.n = n;
    CacheRules rules;
    rules.cache_without_temperature = without;
    rules.cache_temperature_above_zero = above_zero;
    return cacheable_request(request, rules);
}

}  // namespace

TEST_CASE("by default no temperature and zero are cacheable, more is not") {
    const CacheRules rules;
    wire::ChatRequest request;
    CHECK(cacheable_request(request, rules) == kAllowed);
    request.temperature = 0.0;
    CHECK(cacheable_request(request, rules) == kAllowed);
    request.temperature = -0.0;
    CHECK(cacheable_request(request, rules) == kAllowed);
    for (const double value : {1e-300, 0.2, 1.0, 2.0, std::numeric_limits<double>::infinity(),
                               std::numeric_limits<double>::quiet_NaN(), -1.0}) {
        request.temperature = value;
        CHECK(cacheable_request(request, rules) == kTemperature);
    }
}

TEST_CASE("both temperature rules can be turned round, each for its own case") {
    for (const bool other : {false, true}) {
        CHECK(decide(std::nullopt, 1, true, other) == kAllowed);
        CHECK(decide(std::nullopt, 1, false, other) == kTemperature);
        CHECK(decide(0.7, 1, other, true) == kAllowed);
        CHECK(decide(0.7, 1, other, false) == kTemperature);
        CHECK(decide(0.0, 1, other, false) == kAllowed);
        CHECK(decide(0.0, 1, other, true) == kAllowed);
    }
    CHECK(decide(std::numeric_limits<double>::quiet_NaN(), 1, true, true) == kTemperature);
    CHECK(decide(-0.5, 1, true, true) == kTemperature);
}

TEST_CASE("several samples, or a number that makes no sense, are not cacheable") {
    for (const std::int64_t n : {std::int64_t{2}, std::int64_t{0}, std::int64_t{-1}, INT64_MAX, INT64_MIN}) {
        CHECK(decide(std::nullopt, n, true, true) == kN);
        CHECK(decide(0.0, n, true, true) == kN);
    }
}

TEST_CASE("only an answer that is finished, whole, not refused and not empty is stored") {
    for (unsigned bits = 0; bits < 16; ++bits) {
        wire::ChatAnswer answer;
        answer.finished = (bits & 1) != 0;
        answer.whole = (bits & 2) != 0;
        answer.refused = (bits & 4) != 0;
        answer.empty = (bits & 8) != 0;
        CHECK(storable_answer(answer) == (bits == 3));
    }
    CHECK_FALSE(storable_answer(wire::ChatAnswer{}));
}
