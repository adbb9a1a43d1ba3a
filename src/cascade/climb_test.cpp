#include "cascade/climb.h"

#include <doctest/doctest.h>

using namespace weir;
using namespace weir::cascade;

namespace {

// Offers (or declines) what it was told to, and counts how often it was asked.
class FakeTier final : public tiers::Tier {
  public:
    FakeTier(std::string name, TierKind kind, std::optional<double> logprob)
        : name_(std::move(name)), kind_(kind), logprob_(logprob) {}
    std::string_view name() const override { return name_; }
    TierKind kind() const override { return kind_; }
    Task<tiers::Climb> offer(const tiers::Question&, Cancellation& cancellation) override {
        ++asked;
        if (cancels) cancellation.cancel();
        tiers::Climb climb;
        climb.attempt.tier = kind_;
        climb.attempt.outcome = logprob_ ? store::Outcome::declined : store::Outcome::failed;
        climb.attempt.cost = Usd{100};
        climb.reason = "broken";
        if (logprob_) {
            climb.offer.emplace();
            climb.offer->answer = std::make_shared<tiers::CacheEntry>();
            climb.offer->read.finished = climb.offer->read.whole = true;
            climb.offer->read.logprobs = {*logprob_, *logprob_, 3};
        }
        co_return climb;
    }
    int asked = 0;
    bool cancels = false;

  private:
    std::string name_;
    TierKind kind_;
    std::optional<double> logprob_;
};

struct Ladder {
    std::shared_ptr<FakeTier> exact, small, mid;
    std::vector<Rung> rungs;
    store::LedgerRow row;
    std::string why;
    wire::ChatRequest chat;
    tiers::Question question{chat, "t", {}, true, false, false, 0};
    Cancellation cancellation;

    Ladder(std::optional<double> exact_hit, std::optional<double> small_logprob, std::optional<double> mid_logprob) {
        exact = std::make_shared<FakeTier>("exact", TierKind::exact, exact_hit);
        small = std::make_shared<FakeTier>("a/small", TierKind::model, small_logprob);
        mid = std::make_shared<FakeTier>("a/mid", TierKind::model, mid_logprob);
        rungs = {{exact, std::make_shared<OpenGate>()},
                 {small, std::make_shared<ThresholdGate>(-0.1)},
                 {mid, std::make_shared<ThresholdGate>(-0.1)}};
    }
};

// The first `parted` rungs by themselves.
Task<void> run(Ladder& ladder, Mode mode, std::size_t parted, Ascent& out) {
    const std::span<const Rung> rungs = ladder.rungs;
    const StepRecorder steps{ladder.row, &ladder.why};
    if (parted > 0) {
        co_await climb(rungs.first(parted), mode, ladder.question, ladder.cancellation, steps, out);
        if (out.served) co_return;
    }
    co_await climb(rungs.subspan(parted), mode, ladder.question, ladder.cancellation, steps, out);
}

Ascent ascend(Ladder& ladder, Mode mode, std::size_t parted = 0) {
    Ascent ascent;
    spawn(run(ladder, mode, parted, ascent));
    return ascent;
}

}  // namespace

TEST_CASE("climbed in two parts is climbed") {
    for (const Mode mode : {Mode::serve, Mode::observe, Mode::off}) {
        for (const std::optional<double> hit : {std::optional<double>(), std::optional<double>(0.0)}) {
            Ladder whole(hit, -0.5, -0.05), parts(hit, -0.5, -0.05);
            const Ascent one = ascend(whole, mode), two = ascend(parts, mode, 1);
            CHECK(one.tier == two.tier);
            CHECK(one.would_have == two.would_have);
            CHECK(one.attempts.size() == two.attempts.size());
            CHECK(whole.why == parts.why);
        }
    }
}

TEST_CASE("serve: the first open gate wins and nobody after it is asked") {
    Ladder ladder(std::nullopt, -0.05, -0.01);
    const Ascent ascent = ascend(ladder, Mode::serve);
    REQUIRE(ascent.served);
    CHECK(ascent.tier == TierKind::model);
    CHECK(ladder.exact->asked == 1);
    CHECK(ladder.mid->asked == 0);
    REQUIRE(ascent.attempts.size() == 2);
    CHECK(ascent.attempts[1].outcome == store::Outcome::served);
    CHECK(ladder.why == "exact: broken -> a/small: log-prob -0.05 >= -0.1");
}

TEST_CASE("serve: a closed gate and a failing tier are passed over, their costs kept") {
    Ladder ladder(std::nullopt, -0.5, std::nullopt);
    const Ascent ascent = ascend(ladder, Mode::serve);
    CHECK_FALSE(ascent.served);
    REQUIRE(ascent.attempts.size() == 3);
    CHECK(ascent.attempts[1].outcome == store::Outcome::declined);
    CHECK(ascent.attempts[2].outcome == store::Outcome::failed);
    CHECK(ascent.attempts[1].cost.nanos == 100);
}

TEST_CASE("observe: only the cache is looked at, and not served from") {
    Ladder ladder(0.0, 0.0, 0.0);
    const Ascent ascent = ascend(ladder, Mode::observe);
    CHECK_FALSE(ascent.served);
    CHECK(ascent.would_have == TierKind::exact);
    CHECK(ladder.small->asked == 0);
    REQUIRE(ascent.attempts.size() == 1);
    CHECK(ascent.attempts[0].outcome == store::Outcome::observed);
}

TEST_CASE("caches only: no model is asked, in serve mode too") {
    Ladder ladder(std::nullopt, 0.0, 0.0);
    ladder.question.caches_only = true;
    CHECK_FALSE(ascend(ladder, Mode::serve).served);
    CHECK(ladder.exact->asked == 1);
    CHECK(ladder.small->asked == 0);
}

TEST_CASE("off: nobody is asked") {
    Ladder ladder(0.0, 0.0, 0.0);
    CHECK(ascend(ladder, Mode::off).attempts.empty());
    CHECK(ladder.exact->asked == 0);
}

TEST_CASE("a caller that leaves ends the climb") {
    Ladder ladder(std::nullopt, -0.5, 0.0);
    ladder.small->cancels = true;
    CHECK_FALSE(ascend(ladder, Mode::serve).served);
    CHECK(ladder.mid->asked == 0);
}

TEST_CASE("a tier without a gate is not asked") {
    Ladder ladder(std::nullopt, 0.0, 0.0);
    ladder.rungs[1].gate = make_gate(TierOptions{});
    const Ascent ascent = ascend(ladder, Mode::serve);
    CHECK(ladder.small->asked == 0);
    CHECK(ladder.mid->asked == 1);
    CHECK(ascent.served);
}

TEST_CASE("the threshold gate wants a whole answer with log-probabilities at or above its threshold") {
    const ThresholdGate gate(-0.25);
    tiers::Offer offer;
    offer.read.finished = offer.read.whole = true;
    CHECK_FALSE(gate.judge(offer).open);  // no log-probabilities
    offer.read.logprobs = {-0.25, -1.0, 4};
    CHECK(gate.judge(offer).open);  // exactly at it
    offer.read.logprobs.mean = -0.2500001;
    CHECK_FALSE(gate.judge(offer).open);
    offer.read.logprobs.mean = 0;
    offer.read.refused = true;
    CHECK_FALSE(gate.judge(offer).open);
    offer.read.refused = false;
    offer.read.empty = true;
    CHECK_FALSE(gate.judge(offer).open);
    offer.read.empty = false;
    offer.read.whole = false;
    CHECK_FALSE(gate.judge(offer).open);
}
