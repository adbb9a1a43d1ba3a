#include "cascade/ladder.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "cascade/trial_log.h"

using namespace weir;
using namespace weir::cascade;

namespace {

std::string body_of(const std::string& text) {
    return R"({"choices":[{"index":0,"message":{"role":"assistant","content":")" + text +
           R"("},"finish_reason":"stop"}]})";
}

// Declines without having been asked, or fails.
class Declining final : public tiers::Tier {
  public:
    explicit Declining(store::Outcome outcome) : outcome_(outcome) {}
    std::string_view name() const override { return "p/small"; }
    TierKind kind() const override { return TierKind::model; }
    Task<tiers::Climb> offer(const tiers::Question&, Cancellation&) override {
        tiers::Climb climb;
        climb.attempt.outcome = outcome_;
        climb.reason = "no example is similar";
        co_return climb;
    }

  private:
    store::Outcome outcome_;
};

}  // namespace

TEST_CASE("samples: the share of the others that agree, by form; failed ones do not") {
    const AgreementRules automatic;
    AgreementRules by_set;
    by_set.form = AgreementForm::set;
    const auto share = [](const std::string& first, const std::vector<std::string>& others,
                          const AgreementRules& rules) {
        TierTrial trial;
        note_agreement(body_of(first), others, {"How many?", rules}, trial);
        CHECK(trial.kind == EvidenceKind::self_agreement);
        return trial.evidence;
    };
    CHECK(share("#### 42", {body_of("#### 42"), body_of("So it is 42.\\n#### 42")}, automatic) == 1.0F);
    CHECK(share("#### 42", {body_of("#### 42"), body_of("#### 41")}, automatic) == 0.5F);
    CHECK(share("#### 42", {"", body_of("#### 42")}, automatic) == 0.5F);
    CHECK(share("#### 42", {"", ""}, automatic) == 0.0F);
    CHECK(share("red, green", {body_of("green, red")}, by_set) == 1.0F);

    TierTrial untouched;
    note_agreement(body_of("42"), {}, {"How many?", automatic}, untouched);
    CHECK(untouched.kind == EvidenceKind::none);
    CHECK(std::isnan(untouched.evidence));
}

TEST_CASE("samples share no scale with log-probabilities: the more agree the less the risk") {
    constexpr auto kAgreement = EvidenceKind::self_agreement;
    const auto risk = [](float share) { return 1 / (1 + std::exp(-prior_log_odds(share, kAgreement))); };
    CHECK(risk(1) == doctest::Approx(0.03));
    CHECK(risk(0) == doctest::Approx(0.4));
    CHECK(risk(0.5F) > risk(6.0F / 7));
    CHECK(prior_log_odds(kNoEvidence, kAgreement) == prior_log_odds(kNoEvidence));
    CHECK(risk_values(prior_log_odds(1, kAgreement), kAgreement)[2] == 1);
    CHECK(risk_values(prior_log_odds(6.0F / 7, kAgreement), kAgreement)[2] == 0);
}

TEST_CASE("a model's word on its answer: a scale of its own; no word is no evidence") {
    constexpr auto kWord = EvidenceKind::self_verification;
    const auto risk = [](float right) { return 1 / (1 + std::exp(-prior_log_odds(right, kWord))); };
    CHECK(risk(1) == doctest::Approx(0.03));
    CHECK(risk(0.5F) == doctest::Approx(0.315));
    CHECK(risk(0) == doctest::Approx(0.6));
    TierTrial trial;
    trial.kind = EvidenceKind::log_probability;
    trial.evidence = -0.5F;
    note_verification(0.75, trial);
    CHECK(trial.kind == kWord);
    CHECK(trial.evidence == 0.75F);
    note_verification(std::nullopt, trial);
    CHECK(trial.kind == EvidenceKind::none);
    CHECK(std::isnan(trial.evidence));
}

TEST_CASE("a tier's name says what it is judged by") {
    CHECK(tier_name("p/small", {}) == "p/small");
    CHECK(tier_name("p/small", {3}) == "p/small*3");
    CHECK(tier_name("p/small", {1, true}) == "p/small*verify");
    CHECK(tier_name("p/small", {1, false, {5}}) == "p/small+examples");
    CHECK(tier_name("p/small", {3, false, {5}}) == "p/small+examples*3");
    CHECK(tier_name("p/small", {1, true, {8, 1'500, 0.25}}) == "p/small+examples(8,1500,0.25)*verify");
    CHECK(ledger_name("p/small", {1, true, {8}}) == "p/small+examples");
    CHECK(ledger_name("p/small", {3}) == "p/small");
    for (const char* tier : {"p/small+examples", "p/small+examples*3", "p/small+examples(8,1500,0.25)*verify"}) {
        CHECK(ledger_name_of_tier(tier) == "p/small+examples");
        CHECK(model_of_tier(tier) == "p/small");
    }
    CHECK(ledger_name_of_tier("p/small(2)*3") == "p/small(2)");
    CHECK(model_of_tier("p/small*3") == "p/small");
    CHECK(model_of_tier("p/small*verify") == "p/small");
    CHECK(model_of_tier("p/small") == "p/small");
}

TEST_CASE("a tier that a question is not for is skipped, one that failed is not") {
    const std::vector<std::shared_ptr<tiers::Tier>> tiers = {std::make_shared<Declining>(store::Outcome::failed),
                                                             std::make_shared<Declining>(store::Outcome::declined)};
    LadderClimb climb;
    climb.policy = std::make_shared<Policy>();
    climb.plan.rungs = 2;
    climb.plan.ladder[1] = 1;
    const wire::ChatRequest chat;
    const tiers::Question question{chat, "t"};
    Cancellation cancellation;
    const AgreementRules rules;
    const Likeness likeness{"", rules};
    Ascent ascent;
    store::LedgerRow row;
    std::string why;
    spawn(climb_ladder(tiers, question, cancellation, StepRecorder(row, &why), likeness, climb, ascent));
    CHECK(!climb.trial.skips(0));
    CHECK(climb.trial.skips(1));
    CHECK(ascent.attempts.size() == 2);
    CHECK(why == "p/small: no example is similar -> p/small: no example is similar");
}
