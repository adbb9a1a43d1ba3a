#include "cascade/decision_log.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "base/folder_testing.h"
#include "learn/random_bits.h"

using namespace weir;
using namespace weir::cascade;
using Kind = Decision::Kind;

namespace {

Decision decision_of(Kind kind, std::string course, std::uint64_t task = 0, std::string state = {}) {
    Decision decision;
    decision.kind = kind;
    decision.unix_micros = 1'700'000'000'000'000;
    decision.course = std::move(course);
    decision.task = task;
    decision.state = std::move(state);
    decision.ladder = "p/cheap > p/mid";
    decision.trials = 400;
    decision.known = 200;
    decision.promise = 0.02;
    decision.worse_bound = 0.017;
    return decision;
}

}  // namespace

TEST_CASE("decisions are found again, newest first, by course, cascade and task") {
    auto log = DecisionLog::open({});
    REQUIRE(log.has_value());
    (*log)->record(decision_of(Kind::certified, "c harm p/cheap > p/big"));
    (*log)->record(decision_of(Kind::promoted, "c harm p/cheap > p/big", 7, "serving"));
    (*log)->record(decision_of(Kind::demoted, "c harm p/cheap > p/big", 8, "shadow"));
    (*log)->record(decision_of(Kind::certified, "cc harm p/cheap > p/big"));
    CHECK((*log)->latest({}).size() == 4);
    CHECK((*log)->latest({}).front().course.starts_with("cc "));
    CHECK((*log)->latest({"c", std::nullopt, 100}).size() == 3);
    CHECK((*log)->latest({"c", std::nullopt, 2}).front().task == 8);
    CHECK((*log)->latest({"c harm p/cheap > p/big", 7, 100}).size() == 1);
    CHECK((*log)->latest({"another", std::nullopt, 100}).empty());
    CHECK((*log)->last("c harm p/cheap > p/big", 0)->kind == Kind::certified);
    CHECK((*log)->last("c harm p/cheap > p/big", 7)->state == "serving");
    CHECK_FALSE((*log)->last("c harm p/cheap > p/big", 9).has_value());
    CHECK((*log)->counts()[Kind::certified] == 2);
    (*log)->record(decision_of(Kind::planned, "c harm p/cheap > p/big", 8, "shadow"));
    CHECK((*log)->last_turn("c harm p/cheap > p/big", 8)->kind == Kind::demoted);
    CHECK((*log)->last_turn("c harm p/cheap > p/big", 7)->kind == Kind::promoted);
    CHECK_FALSE((*log)->last_turn("c harm p/cheap > p/big", 9).has_value());
}

TEST_CASE("a restart reads back what was decided, and a reader disturbs nobody") {
    const TemporaryFolder folder;
    const std::string file = folder.file("decisions");
    CHECK(read_decisions(file).error().code == ErrorCode::not_found);
    {
        auto log = DecisionLog::open(file);
        REQUIRE(log.has_value());
        for (std::uint64_t task = 1; task <= 5; ++task)
            (*log)->record(decision_of(Kind::promoted, "c", task, "serving"));
        CHECK(read_decisions(file)->size() == 5);
    }
    auto log = DecisionLog::open(file);
    REQUIRE(log.has_value());
    CHECK((*log)->latest({}).size() == 5);
    CHECK((*log)->last("c", 3) == decision_of(Kind::promoted, "c", 3, "serving"));
    CHECK((*log)->counts().empty());
}

TEST_CASE("what is kept in memory is bounded") {
    auto log = DecisionLog::open({});
    REQUIRE(log.has_value());
    for (std::size_t i = 0; i < DecisionLog::kKept + 10; ++i) {
        (*log)->record(decision_of(Kind::renewed, "c"));
    }
    CHECK((*log)->latest({"", std::nullopt, 1'000'000}).size() == DecisionLog::kKept);
}

TEST_CASE("a decision says what it rests on") {
    const std::string line = describe(decision_of(Kind::promoted, "c", 7, "serving"));
    CHECK(line ==
          "cascade c, task 0000000000000007: promoted, serving by p/cheap > p/mid, 100 % of its requests (400 trials, "
          "200 known: worse answers at most 1.700 % of all, 0.000 % allowed, 2.000 % promised)");
}

TEST_CASE("decisions as bytes: what is written is read, what is damaged is sound or nothing") {
    rc::check([](std::uint64_t seed) {
        learn::RandomBits random(seed);
        Decision decision = decision_of(static_cast<Kind>(random.next() % 11), "course", random.next(), "shadow");
        decision.share = random.uniform();
        decision.known = random.next();
        std::string bytes = write_decision(decision);
        RC_ASSERT(read_decision(bytes) == decision);
        const std::size_t cut = static_cast<std::size_t>(random.uniform() * static_cast<double>(bytes.size()));
        RC_ASSERT(!read_decision(std::string_view(bytes).substr(0, cut)).has_value());
        bytes[cut] = static_cast<char>(random.next());
        const auto damaged = read_decision(bytes);
        if (damaged) {
            RC_ASSERT(damaged->share >= 0 && damaged->share <= 1);
            RC_ASSERT(!to_string(damaged->kind).empty());
        }
    });
}
