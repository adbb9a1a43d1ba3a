#include "gateway/judge.h"

#include <doctest/doctest.h>

#include "gateway/judge_testing.h"

using namespace weir;
using namespace weir::gateway;
using namespace weir::gateway::testing;
using wire::JudgeWord;

namespace {

constexpr std::int64_t kCallNanos = 100 * 150 + 2 * 600;

// A judge that prefers "good" wherever it stands.
std::string_view fair(const Asked& asked) {
    return asked.a == asked.b ? "same" : asked.a.starts_with("good") ? "a" : asked.b.starts_with("good") ? "b" : "same";
}
std::string_view always_a(const Asked&) {
    return "a";
}

std::string numbered(std::string_view text, int number) {
    return std::string(text) + " " + std::to_string(number);
}

}  // namespace

TEST_CASE("a new judge is asked in both orders; what it says is of the pair as it was given") {
    JudgeWorld world;
    REQUIRE(world.ask("good 1", "bad 1"));
    std::vector<std::string> firsts;
    world.serve(2, [&](const Asked& asked) {
        CHECK(asked.system == "Be brief.");
        CHECK(asked.user == "Why?");
        firsts.push_back(asked.a);
        return fair(asked);
    });
    world.ended();
    CHECK(firsts[0] != firsts[1]);
    REQUIRE(world.ask("bad 2", "good 2"));
    world.serve(2, fair);
    world.ended();
    REQUIRE(world.ask("other 3", "words 3"));
    world.serve(2, fair);
    world.ended();
    REQUIRE(world.told.size() == 3);
    CHECK(world.told[0].word == JudgeWord::a);
    CHECK(world.told[1].word == JudgeWord::b);
    CHECK(world.told[2].word == JudgeWord::same);
    for (const Judgement& judgement : world.told) {
        CHECK(judgement.both_orders);
        CHECK(judgement.cost.nanos == 2 * kCallNanos);
    }
    CHECK(world.record->view().agreed == 3);
    CHECK(world.record->view().cost.nanos == 6 * kCallNanos);
}

TEST_CASE("every question to a judge is a row of its own, that is no request") {
    JudgeWorld world;
    REQUIRE(world.ask("good", "bad"));
    world.serve(2, fair);
    world.ended();
    REQUIRE(world.rows.kept.size() == 2);
    for (const store::LedgerRow& row : world.rows.kept) {
        CHECK(row.purpose == store::Purpose::judge);
        CHECK(row.tenant == 3);
        CHECK(row.task == 4);
        CHECK(row.reference == 7);
        CHECK(row.served_model == 8);
        CHECK(row.tier == store::TierKind::model);
        CHECK(row.cost.nanos == kCallNanos);
        CHECK(row.cost_complete);
        CHECK(row.complete);
        CHECK(row.saved().nanos == -kCallNanos);
        REQUIRE(row.attempt_count == 1);
        CHECK(row.attempts[0].tier == store::TierKind::model);
        CHECK(row.attempts[0].model == 8);
    }
}

TEST_CASE("a judge that likes what stands first is caught: its words do not count") {
    JudgeWorld world;
    for (int i = 0; i < 20; ++i) {
        REQUIRE(world.ask(numbered("x", i), numbered("y", i), i + 1));
        world.serve(2, always_a);
        world.ended();
    }
    REQUIRE(world.told.size() == 20);
    for (const Judgement& judgement : world.told) {
        CHECK(judgement.word == JudgeWord::none);
        CHECK_FALSE(judgement.both_orders);
    }
    CHECK(world.record->view().twice == 20);
    CHECK(world.record->view().agreed == 0);
    // No better than a coin: from now on one pair of ten is asked about at all.
    const auto calls = world.record->view().calls;
    for (int i = 20; i < 29; ++i) REQUIRE(world.ask(numbered("x", i), numbered("y", i), i + 1));
    world.ended();
    CHECK(world.told.size() == 29);
    CHECK(world.told.back().word == JudgeWord::none);
    CHECK(world.record->view().calls == calls);
    CHECK(world.record->view().passed_over == 9);
}

TEST_CASE("a judge that agrees with itself is asked once, in an order drawn by the request's coin") {
    JudgeWorld world;
    for (int i = 0; i < 20; ++i) {
        REQUIRE(world.ask(numbered("good", i), numbered("bad", i), i + 1));
        world.serve(2, fair);
        world.ended();
    }
    world.told.clear();
    const auto calls = world.record->view().calls;
    int good_first = 0;
    for (int i = 20; i < 110; ++i) {
        REQUIRE(world.ask(numbered("good", i), numbered("bad", i), i + 1));
        bool first = true;
        world.serve(i % 10 == 9 ? 2 : 1, [&](const Asked& asked) {
            if (std::exchange(first, false)) good_first += asked.a.starts_with("good") ? 1 : 0;
            return fair(asked);
        });
        world.ended();
    }
    CHECK(world.record->view().calls - calls == 90 + 9);
    CHECK(good_first > 25);
    CHECK(good_first < 65);
    REQUIRE(world.told.size() == 90);
    for (const Judgement& judgement : world.told) CHECK(judgement.word == JudgeWord::a);
}

TEST_CASE("the same texts are not asked about again, in either order; another tenant's are") {
    JudgeWorld world;
    REQUIRE(world.ask("good", "bad"));
    world.serve(2, fair);
    world.ended();
    REQUIRE(world.ask("good", "bad"));
    REQUIRE(world.ask("bad", "good"));
    REQUIRE(world.ask("equal", "equal"));
    world.ended();
    REQUIRE(world.told.size() == 4);
    CHECK(world.told[1].word == JudgeWord::a);
    CHECK(world.told[1].both_orders);
    CHECK(world.told[1].cost.nanos == 0);
    CHECK(world.told[2].word == JudgeWord::b);
    CHECK(world.told[3].word == JudgeWord::same);
    CHECK(world.rows.kept.size() == 2);
    const auto asked_again = [&](auto change) {
        REQUIRE(world.loop.call([&] {
            JudgeCall call = world.call_of("good", "bad");
            change(call);
            return judge(*world.lane, std::move(call));
        }));
        world.serve(2, fair);
        world.ended();
    };
    asked_again([](JudgeCall& call) { call.tenant = 9; });
    asked_again([](JudgeCall& call) { call.question_user = "How?"; });
    asked_again([](JudgeCall& call) { call.question_system = "Be long."; });
    CHECK(world.rows.kept.size() == 8);
}

TEST_CASE("what can't be asked is refused at once") {
    JudgeWorld world;
    const auto asks = [&](auto change) {
        return world.loop.call([&] {
            JudgeCall call = world.call_of("good", "bad");
            change(call);
            return judge(*world.lane, std::move(call));
        });
    };
    CHECK_FALSE(asks([](JudgeCall& call) { call.answer_b = std::string(wire::kJudgedTextBytes + 1, 'x'); }));
    CHECK_FALSE(asks([](JudgeCall& call) { call.answer_a.clear(); }));
    CHECK_FALSE(asks([](JudgeCall& call) { call.question_user.clear(); }));
    CHECK_FALSE(asks([](JudgeCall& call) {
        auto plan = std::make_shared<Plan>(*call.plan);
        plan->judge.reset();
        call.plan = plan;
    }));
    CHECK(world.told.empty());
    CHECK(world.record->view().calls == 0);
}

TEST_CASE("few pairs at a time, a bounded number wait, more are dropped") {
    JudgeWorld world;
    constexpr int kAll = static_cast<int>(kMostJudged + kMostWaitingForJudge);
    world.loop.call([&] {  // at once: nothing is answered meanwhile
        for (int i = 0; i < kAll; ++i) REQUIRE(judge(*world.lane, world.call_of(numbered("good", i), "bad", i + 1)));
        CHECK_FALSE(judge(*world.lane, world.call_of("good too many", "bad", 1)));
        CHECK(world.lane->background_running.load() == kMostJudged);
    });
    CHECK(world.record->view().dropped == 1);
    // Twenty pairs (or more, under way then) are asked in both orders: until all were told.
    while (world.loop.call([&] { return world.told.size(); }) < static_cast<std::size_t>(kAll)) {
        if (world.upstream.somebody_waits()) world.serve(1, fair);
    }
    world.ended();
    for (const Judgement& judgement : world.told) CHECK(judgement.word == JudgeWord::a);
    CHECK(world.ask("good too many", "bad"));  // there is room again
}

TEST_CASE("a dead judge has no word, and is left alone for a while") {
    JudgeWorld world;
    world.upstream.close();
    for (int i = 0; i < 10; ++i) {
        REQUIRE(world.ask(numbered("good", i), "bad"));
        world.ended();
    }
    REQUIRE(world.told.size() == 10);
    for (const Judgement& judgement : world.told) CHECK(judgement.word == JudgeWord::none);
    CHECK(world.record->view().calls == JudgeRecord::kFailures);
    CHECK(world.record->view().failed == JudgeRecord::kFailures);
    CHECK(world.rows.kept.size() == JudgeRecord::kFailures);
    for (const store::LedgerRow& row : world.rows.kept) {
        CHECK(row.purpose == store::Purpose::judge);
        CHECK(row.cost.nanos == 0);
        CHECK(row.cost_complete);
        CHECK_FALSE(row.complete);
    }
    world.loop.clock.advance(JudgeRecord::kFirstPauseMicros);
    REQUIRE(world.ask("good again", "bad"));
    world.ended();
    CHECK(world.record->view().calls == JudgeRecord::kFailures + 1);
}

TEST_CASE("what a judge says besides its word is no verdict, but it costs; an error costs nothing") {
    JudgeWorld world;
    REQUIRE(world.ask("good", "bad"));
    world.serve(1, [](const Asked&) { return "I can't decide."; });
    world.ended();
    REQUIRE(world.ask("good 2", "bad 2"));
    world.take().answer("a", "500 Internal Server Error");
    world.ended();
    REQUIRE(world.told.size() == 2);
    CHECK(world.told[0].word == JudgeWord::none);
    CHECK(world.told[0].cost.nanos == kCallNanos);
    CHECK(world.told[1].word == JudgeWord::none);
    CHECK(world.told[1].cost.nanos == 0);
    CHECK(world.record->view().unreadable == 1);
    CHECK(world.record->view().failed == 1);
    // What it could not say once it would not say again; what failed is another matter.
    REQUIRE(world.ask("good", "bad"));
    world.ended();
    CHECK(world.told.size() == 3);
    REQUIRE(world.ask("good 2", "bad 2"));
    world.serve(2, fair);
    world.ended();
    CHECK(world.told.back().word == JudgeWord::a);
}

TEST_CASE("while the gateway drains what is under way ends, and nothing more is asked") {
    JudgeWorld world;
    world.loop.call([&] {
        for (int i = 0; i < 10; ++i) REQUIRE(judge(*world.lane, world.call_of(numbered("good", i), "bad", i + 1)));
        close_background(*world.lane);
        CHECK_FALSE(judge(*world.lane, world.call_of("good", "bad")));
    });
    world.serve(static_cast<int>(kMostJudged), fair);
    world.ended();
    CHECK(world.told.size() == kMostJudged);
    for (const Judgement& judgement : world.told) CHECK(judgement.word == JudgeWord::none);  // one order is too few
    CHECK(world.rows.kept.size() == kMostJudged);
}

TEST_CASE("a stop cuts off what is under way; nobody is told") {
    JudgeWorld world;
    REQUIRE(world.ask("good", "bad"));
    JudgeWorld::Question question = world.take();
    world.loop.call([&] { cancel_background(*world.lane); });
    world.ended();
    CHECK(world.told.empty());
    REQUIRE(world.rows.kept.size() == 1);
    CHECK(world.rows.kept.front().status == 499);
    CHECK_FALSE(world.rows.kept.front().cost_complete);
}
