#include <doctest/doctest.h>

#include "tiers/semantic_cache/semantic_tier_testing.h"

using namespace weir;
using namespace weir::tiers;
using namespace weir::tiers::semantic::testing;

namespace {

constexpr std::string_view kCached = "How do I reverse a list in Python?";
constexpr std::string_view kAsked = "How can I reverse a list in Python, please?";  // explained by rules

bool has(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

// Serves what the rules explain, and what the verifier gives at least this score.
SemanticTier::Rules rules_from(double prior) {
    SemanticTier::Rules rules;
    rules.prior_plain = rules.prior_dense = prior;
    return rules;
}

double score_of_uncertain() {
    TierWorld world;
    world.store(kUncertain.cached, "x");
    const Climb climb = world.ask(rules_from(0), world.question(kUncertain.asked));
    REQUIRE(climb.offer);
    REQUIRE(climb.offer->score > 0.1);
    REQUIRE(climb.offer->score < 1);
    return climb.offer->score;
}

}  // namespace

TEST_CASE("another wording is offered the answer, with its evidence") {
    TierWorld world;
    world.store(kCached, "Use reversed().");
    const Climb climb = world.ask(rules_from(0.99), world.question(kAsked));
    REQUIRE(climb.offer);
    CHECK(climb.offer->answer->body == body_of("Use reversed()."));
    CHECK(climb.offer->answer_key == TierWorld::key_of(kCached));
    CHECK(climb.offer->score == semantic::kCertain);
    CHECK(climb.offer->threshold == 0.99);
    CHECK_FALSE(climb.offer->stale);
    CHECK(climb.words() == "explained");
    CHECK(climb.attempt.priced);
    CHECK(climb.attempt.tier == store::TierKind::semantic);
    REQUIRE(climb.look);
    CHECK(climb.look->task == world.task);
    CHECK(climb.look->asked == kAsked);
    CHECK(climb.look->let_through);
    REQUIRE(climb.look->seen.size() == 1);
    CHECK(climb.look->seen[0].key == TierWorld::key_of(kCached));
}

TEST_CASE("why there is no offer is said, and quotes the request only where that was asked for") {
    TierWorld world;
    const auto reason = [&](std::string_view text, double prior, bool debug) {
        weir::tiers::Question question = world.question(text);
        question.debug = debug;
        const Climb climb = world.ask(rules_from(prior), question);
        CHECK_FALSE(climb.offer);
        return climb.words();
    };
    CHECK(reason("Is 51 a prime number?", 0, false) == "no candidate");
    world.store("Is 15 a prime number?", "No.");
    CHECK(reason("Is 51 a prime number?", 0, false) == "guards: numbers");
    CHECK(has(reason("Is 51 a prime number?", 0, true), "51"));
    world.store(kUncertain.cached, "x");
    const std::string below = reason(kUncertain.asked, 0.99, false);
    CHECK(has(below, "verifier 0."));
    CHECK(has(below, "< 0.9900"));
    CHECK(has(reason(kUncertain.asked, 2, false), "< 2.0000"));
    world.store(kCached, "x");
    CHECK(reason(kAsked, 2, false) == "explained, but the gate is closed");

    CHECK(world.ask(rules_from(0), world.question("")).words() == "no question to compare");
    const std::string longer(semantic::kQuestionBytesMost + 1, 'a');
    CHECK(world.ask(rules_from(0), world.question(longer)).words() == "no question to compare");
    weir::tiers::Question question = world.question(kAsked);
    question.may_look_up = false;
    const Climb not_asked = world.ask(rules_from(0), question);
    CHECK(not_asked.words() == "not looked up");
    CHECK_FALSE(not_asked.look);
}

TEST_CASE("nothing crosses a partition or a tenant, whatever the index says") {
    TierWorld world;
    world.store(kCached, "x");
    weir::tiers::Question apart = world.question(kAsked);
    apart.partition = sha256("another");
    CHECK(world.ask(rules_from(0), apart).words() == "no candidate");
    weir::tiers::Question other = world.question(kAsked);
    other.tenant = "birch";
    const Climb climb = world.ask(rules_from(0), other);
    CHECK_FALSE(climb.offer);
    CHECK(has(climb.words(), "the answer is another's"));
    CHECK(world.memory->index().entries() == 0);  // such a record is of no use to anybody
}

TEST_CASE("an answer that is gone or purged is no offer, and its question is forgotten") {
    TierWorld world;
    world.store(kCached, "x");
    world.cache.erase(TierWorld::key_of(kCached));
    CHECK(has(world.ask(rules_from(0), world.question(kAsked)).words(), "the answer is gone"));
    CHECK(world.memory->index().entries() == 0);
    world.store(kCached, "x");
    world.entries.voided = true;
    CHECK(has(world.ask(rules_from(0), world.question(kAsked)).words(), "purged"));
    CHECK(world.memory->index().entries() == 0);
}

TEST_CASE("the caller's wish only raises the threshold") {
    const double score = score_of_uncertain();
    TierWorld world;
    world.store(kUncertain.cached, "x");
    weir::tiers::Question question = world.question(kUncertain.asked);
    question.least_score = score + 0.01;
    CHECK_FALSE(world.ask(rules_from(score - 0.01), question).offer);
    question.least_score = score - 0.005;
    const Climb climb = world.ask(rules_from(score - 0.01), question);
    REQUIRE(climb.offer);
    CHECK(climb.offer->threshold == doctest::Approx(score - 0.005));
    question.least_score = 0;
    CHECK_FALSE(world.ask(rules_from(score + 0.01), question).offer);
}

TEST_CASE("a stale answer is passed over: only the exact tier refreshes") {
    TierWorld world;
    world.store(kCached, "Old.");
    world.clock.advance(90'000'000);
    const Climb climb = world.ask(rules_from(0), world.question(kAsked));
    CHECK_FALSE(climb.offer);
    CHECK(climb.words() == "passed over (stale); no candidate");
    // The world may have moved on: what a fresh answer says teaches nothing about this pair.
    REQUIRE(climb.look);
    CHECK(climb.look->seen.empty());
    CHECK_FALSE(climb.look->let_through);
    CHECK(world.memory->index().entries() == 1);  // it may be refreshed yet

    SUBCASE("the next best serves, if it is fresh") {
        world.store("How to reverse a list in Python?", "New.");
        const Climb next = world.ask(rules_from(0), world.question(kAsked));
        REQUIRE(next.offer);
        CHECK(next.offer->answer->body == body_of("New."));
        CHECK_FALSE(next.offer->stale);
        REQUIRE(next.look);
        CHECK(next.look->let_through);
        for (const auto& seen : next.look->seen) CHECK(seen.key != TierWorld::key_of(kCached));
    }
    SUBCASE("expired, by age or by the caller's wish") {
        world.clock.advance(90'000'000);
        CHECK(has(world.ask(rules_from(0), world.question(kAsked)).words(), "passed over (expired)"));
        world.store(kCached, "New.");
        world.clock.advance(2'000'000);
        weir::tiers::Question question = world.question(kAsked);
        question.max_age = 1'000'000;
        CHECK(has(world.ask(rules_from(0), question).words(), "passed over (expired)"));
        question.max_age = 3'000'000;
        CHECK(world.ask(rules_from(0), question).offer);
    }
}

TEST_CASE("not more answers are fetched than a few") {
    TierWorld world;
    for (const std::string_view text :
         {"How do I reverse a list in Python?", "How to reverse a list in Python?",
          "How can one reverse a list in Python?", "How does one reverse a list in Python?"}) {
        world.store(text, "Old.");
    }
    world.clock.advance(90'000'000);
    const Climb climb = world.ask(rules_from(0), world.question(kAsked));
    CHECK_FALSE(climb.offer);
    CHECK(climb.words() == "passed over (stale); passed over (stale); passed over (stale)");
}

TEST_CASE("what a task has learned holds for its promise, and for no other task") {
    const double score = score_of_uncertain();
    TierWorld world;
    world.store(kUncertain.cached, "x");
    SemanticTier::Rules rules = rules_from(score + 0.01);  // the prior does not serve it
    rules.promise = {0.05, 0.9};
    auto judge = std::make_shared<semantic::TaskJudge>(*world.judges.shipped());
    judge->task = world.task;
    judge->promise = {0.05, 0.9};
    judge->threshold = score - 0.01;
    world.judges.of(world.task)->judge.store(judge);
    CHECK(world.ask(rules, world.question(kUncertain.asked)).offer);

    SUBCASE("a stricter share") {
        rules.promise.false_share = 0.02;
    }
    SUBCASE("a looser share") {
        rules.promise.false_share = 0.1;
    }
    SUBCASE("another confidence") {
        rules.promise.confidence = 0.95;
    }
    SUBCASE("a task that shares the place, beyond those that have one of their own") {
        judge = std::make_shared<semantic::TaskJudge>(*judge);
        judge->task = 1234;
        world.judges.of(world.task)->judge.store(judge);
    }
    const Climb climb = world.ask(rules, world.question(kUncertain.asked));
    CHECK_FALSE(climb.offer);
    CHECK(has(climb.words(), "verifier"));
}

TEST_CASE("a gate that learning has closed serves nothing, what rules explain included") {
    TierWorld world;
    world.store(kCached, "x");
    auto judge = std::make_shared<semantic::TaskJudge>(*world.judges.shipped());
    judge->task = world.task;
    judge->threshold = std::numeric_limits<double>::infinity();
    world.judges.of(world.task)->judge.store(judge);
    const Climb climb = world.ask(rules_from(0), world.question(kAsked));
    CHECK_FALSE(climb.offer);
    CHECK(climb.words() == "explained, but the gate is closed");
}

TEST_CASE("look-ups that cost more than hits save are left out, but for a few") {
    TierWorld world;
    world.store(kCached, "x");
    const auto counters = world.judges.of(world.task);
    counters->look_ups = semantic::TaskJudges::kFirstLookUps;
    counters->look_up_micros = 1'000'000;
    int looked = 0;
    for (std::uint64_t i = 0; i < 2 * semantic::TaskJudges::kProbe; ++i) {
        const Climb climb = world.ask(rules_from(0), world.question(kAsked));
        looked += climb.offer ? 1 : 0;
        if (!climb.offer) CHECK(has(climb.words(), "off for this task"));
    }
    CHECK(looked == 2);
}
