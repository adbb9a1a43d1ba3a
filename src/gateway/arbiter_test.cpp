#include "gateway/arbiter.h"

#include <doctest/doctest.h>

#include <future>
#include <map>

#include "gateway/judge_testing.h"

using namespace weir;
using namespace weir::gateway;
using namespace weir::gateway::testing;
using cascade::Agreed;

namespace {

// Vectors by text, at once; others are errors.
class FakeEmbedder final : public embed::Embedder {
  public:
    const std::string& identity() const override { return identity_; }
    std::size_t dimensions() const override { return 2; }
    Task<Result<embed::Vector>> embed(std::string_view text, std::string_view /*head_lines*/) override {
        const auto found = vectors.find(std::string(text));
        if (found == vectors.end()) co_return fail(ErrorCode::too_large, "no vector");
        co_return found->second;
    }
    std::map<std::string, embed::Vector> vectors{
        {"x", {1, 0}}, {"near x", {0.96F, 0.28F}}, {"off x", {0.6F, 0.8F}}, {"not x", {0, 1}}};

  private:
    std::string identity_ = "fake:2";
};

struct World : JudgeWorld {
    World() {
        cascade.options.agreement.judge = "p/judge";
        cascade.options.agreement.similarity = 0.9;
        cascade.options.agreement.difference = 0.5;
    }
    bool arbitrate(std::string a, std::string b) {
        return loop.call([&] {
            return gateway::arbitrate(
                *lane, call_of(std::move(a), std::move(b)),
                [this](const Arbitration& arbitration) { arbitrations.push_back(arbitration); }, &embedder);
        });
    }
    void without_judge() {
        auto changed = std::make_shared<Plan>(*plan);
        changed->judge.reset();
        plan = changed;
    }

    FakeEmbedder embedder;
    std::vector<Arbitration> arbitrations;
};

std::string_view same(const Asked&) {
    return "same";
}

}  // namespace

TEST_CASE("embeddings decide where they can, a judge between the two") {
    World world;
    REQUIRE(world.arbitrate("x", "near x"));
    REQUIRE(world.arbitrate("x", "not x"));
    world.ended();
    REQUIRE(world.arbitrations.size() == 2);
    CHECK(world.arbitrations[0].agreed == Agreed::agree);
    CHECK_FALSE(world.arbitrations[0].by_judge);
    CHECK(world.arbitrations[1].agreed == Agreed::differ);
    CHECK(world.rows.kept.empty());

    REQUIRE(world.arbitrate("x", "off x"));
    world.serve(2, same);
    world.ended();
    REQUIRE(world.arbitrate("x", "a text without a vector"));
    world.serve(2, [](const Asked& asked) { return asked.a == "x" ? "a" : "b"; });
    world.ended();
    REQUIRE(world.arbitrations.size() == 4);
    CHECK(world.arbitrations[2].agreed == Agreed::agree);
    CHECK(world.arbitrations[2].by_judge);
    CHECK(world.arbitrations[3].agreed == Agreed::differ);
    CHECK(world.arbitrations[3].judgement.word == wire::JudgeWord::a);
    CHECK(world.arbitrations[3].judgement.cost.nanos > 0);
}

TEST_CASE("each of the two bounds stands alone, and without them vectors are not looked at") {
    World world;
    world.without_judge();
    world.cascade.options.agreement.similarity.reset();
    REQUIRE(world.arbitrate("x", "near x"));
    REQUIRE(world.arbitrate("x", "not x"));
    world.cascade.options.agreement = {};
    world.cascade.options.agreement.similarity = 0.9;
    REQUIRE(world.arbitrate("x", "near x"));
    REQUIRE(world.arbitrate("x", "not x"));
    world.cascade.options.agreement = {};
    CHECK_FALSE(world.arbitrate("x", "near x"));  // nobody to ask
    world.ended();
    std::vector<Agreed> agreed;
    for (const Arbitration& arbitration : world.arbitrations) agreed.push_back(arbitration.agreed);
    CHECK(agreed == std::vector<Agreed>{Agreed::undecided, Agreed::differ, Agreed::agree, Agreed::undecided});
}

TEST_CASE("the learner's arbiter works from another thread, and outlives lane and plan") {
    auto world = std::make_unique<World>();
    world->cascade.options.agreement.similarity.reset();
    world->cascade.options.agreement.difference.reset();
    const cascade::ArbiterPtr arbiter =
        world->loop.call([&] { return make_arbiter(*world->lane, world->call_of("", "")); });
    REQUIRE(arbiter);
    CHECK(arbiter->takes_misses());
    const auto ask = [&](std::string a) {
        auto promise = std::make_shared<std::promise<Agreed>>();
        const bool asked =
            arbiter->ask({"Why?", std::move(a), "b"}, [promise](Agreed agreed) { promise->set_value(agreed); });
        return std::make_pair(asked, promise->get_future());
    };
    auto [asked, word] = ask("a");
    CHECK(asked);
    world->serve(2, same);
    CHECK(net::testing::get(word) == Agreed::agree);
    auto [long_asked, long_word] = ask(std::string(wire::kJudgedTextBytes + 1, 'x'));
    CHECK(long_asked);
    CHECK(net::testing::get(long_word) == Agreed::undecided);
    world->ended();
    world->loop.call([&] { world->plan.reset(); });  // as after a reload
    auto [late_asked, late_word] = ask("late");
    CHECK(late_asked);
    CHECK(net::testing::get(late_word) == Agreed::undecided);
    world.reset();
    CHECK_FALSE(ask("too late").first);
}

TEST_CASE("nobody is asked for a cascade without rules, or where nothing may be spent") {
    World world;
    const auto arbiter_in = [&](cascade::Mode mode) {
        return world.loop.call([&] {
            JudgeCall about = world.call_of("", "");
            about.mode = mode;
            return make_arbiter(*world.lane, about);
        });
    };
    CHECK(arbiter_in(cascade::Mode::serve));
    CHECK(arbiter_in(cascade::Mode::shadow));
    CHECK_FALSE(arbiter_in(cascade::Mode::observe));
    CHECK_FALSE(arbiter_in(cascade::Mode::off));
    world.cascade.options.agreement = {};
    CHECK_FALSE(arbiter_in(cascade::Mode::serve));
}

TEST_CASE("the share of misses that are asked about is drawn by request") {
    World world;
    const auto taken = [&](double share) {
        world.cascade.options.agreement.judge_share = share;
        return world.loop.call([&] {
            int count = 0;
            for (int i = 1; i <= 1000; ++i) {
                JudgeCall about = world.call_of("", "", i);
                count += make_arbiter(*world.lane, about)->takes_misses() ? 1 : 0;
            }
            return count;
        });
    };
    CHECK(taken(0) == 0);
    CHECK(taken(1) == 1000);
    CHECK(taken(0.25) > 200);
    CHECK(taken(0.25) < 300);
}
