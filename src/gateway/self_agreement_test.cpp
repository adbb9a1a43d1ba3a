#include "gateway/self_agreement.h"

#include <doctest/doctest.h>

#include <deque>

#include "base/hash.h"

using namespace weir;
using namespace weir::gateway;

namespace {

struct Kept {
    std::deque<store::Example> examples;
    RequestId next = 1;
    store::Example& add(const std::string& prompt, const std::string& answer) {
        store::Example example;
        example.request = next++;
        example.content = true;
        example.prompt = prompt;
        example.answer = answer;
        example.prompt_digest = store::example_digest("acme", prompt);
        example.answer_digest = store::example_digest("acme", answer);
        return examples.emplace_back(example);
    }
    void add_again(const std::string& prompt, const std::string& answer) {
        store::Example& again = add(prompt, answer);
        again.request = (--next) - 1;
        again.repeat = true;
    }
    SelfAgreement count(const std::vector<cascade::AgreementRules>& rules = {}) const {
        std::vector<const store::Example*> all;
        for (const store::Example& example : examples) all.push_back(&example);
        return self_agreement(all, rules);
    }
};

}  // namespace

TEST_CASE("self-agreement: the gateway's own second questions, and questions that came again") {
    Kept kept;
    kept.add("p", "billing");
    kept.add_again("p", "login");
    kept.add("q", "billing");
    kept.add_again("q", "Billing.");  // the same by its form
    kept.add("p", "billing");
    kept.add("r", "praise");
    kept.add("p", "login");
    const SelfAgreement seen = kept.count();
    CHECK(seen.drawn == cascade::OwnRepeats{2, 1});
    CHECK(seen.all == cascade::OwnRepeats{3, 2});
    CHECK(seen.differ_share() == doctest::Approx(2.0 / 3));
    CHECK(seen.differ_low() == doctest::Approx(0.0943).epsilon(0.01));
    CHECK(seen.differ_high() == doctest::Approx(0.9916).epsilon(0.01));
    CHECK(SelfAgreement{}.differ_low() == 0);
    CHECK(SelfAgreement{}.differ_high() == 1);
}

TEST_CASE("self-agreement: one odd first answer is one pair, and so is a change of mind") {
    Kept kept;
    kept.add("p", "login");
    for (int i = 0; i < 99; ++i) kept.add("p", "billing");
    CHECK(kept.count().all == cascade::OwnRepeats{50, 1});
    for (int i = 0; i < 99; ++i) kept.add("p", "Billing desk");
    CHECK(kept.count().all.differ <= 2);
}

TEST_CASE("self-agreement: what the form does not tell, and what has no texts, excuses nothing") {
    Kept kept;
    kept.add("Tell me of Rome", "Rome was founded on seven hills and has been a capital for a very long time.");
    kept.add("Tell me of Rome", "A city in Latium whose beginnings are lost; people have lived there for ages.");
    CHECK(kept.count().all == cascade::OwnRepeats{1, 0});
    kept.add("p", "billing");
    kept.add("p", "login").content = false;
    CHECK(kept.count().all.asked == 1);
    kept.add("p", "login");
    CHECK(kept.count().all == cascade::OwnRepeats{2, 1});
    // By every rule: a judge may have taken them for the same.
    cascade::AgreementRules judged;
    judged.form = cascade::AgreementForm::judge;
    CHECK(kept.count({{}, judged}).all == cascade::OwnRepeats{2, 0});
}
