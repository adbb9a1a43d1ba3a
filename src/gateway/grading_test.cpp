#include "gateway/grading.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <optional>

#include "gateway/judge_testing.h"

using namespace weir;
using namespace weir::gateway;
using namespace weir::gateway::testing;
using cascade::Policy;
using cascade::TierTrial;
using cascade::Trial;

namespace {

constexpr std::string_view kRequest = R"({"model":"m","messages":[{"role":"user","content":"Why?"}]})";
// What is answered in free words: two of them say nothing by their form.
constexpr std::string_view kWords = "Practise slowly with open chords, then choose an easy song.";
constexpr std::string_view kOtherWords = "You should listen closely and keep relaxed the whole time.";

std::string chat_body(std::string_view text, std::optional<double> logprob = std::nullopt,
                      std::string_view finish = "stop") {
    std::string body = R"({"id":"c","object":"chat.completion","model":"m","choices":[{"index":0,)"
                       R"("message":{"role":"assistant","content":)";
    json::write_string(text, body);
    body += "}";
    if (logprob) {
        body += R"(,"logprobs":{"content":[{"token":"x","logprob":)" + std::to_string(*logprob) +
                R"(,"bytes":[120],"top_logprobs":[]}]})";
    }
    return body + R"(,"finish_reason":")" + std::string(finish) +
           R"("}],"usage":{"prompt_tokens":100,"completion_tokens":2,"total_tokens":102}})";
}

tiers::ExactCache::EntryPtr entry_of(std::string_view text) {
    auto entry = std::make_shared<tiers::CacheEntry>();
    entry->body = chat_body(text);
    return entry;
}

// A call as the models' server sees it.
struct Call {
    net::testing::Peer peer;
    std::string model, body;
    void answer(const std::string& answer, std::string_view status = "200 OK") {
        peer.send("HTTP/1.1 " + std::string(status) +
                  "\r\nconnection: close\r\ncontent-length: " + std::to_string(answer.size()) + "\r\n\r\n" + answer);
        peer.read_to_end();
    }
};

// A lane whose learner writes down what it is told; two tiers, a reference and a judge, all behind one address.
class World {
  public:
    explicit World(bool by_harm = false, bool with_judge = true) {
        judges.cascade.options.promise = cascade::Promise{0.1, 0.9, by_harm, false, 0};
        judges.cascade.options.agreement.repeat = 0;
        auto started = cascade::CascadeLearner::start({folder_.file("trials")});
        REQUIRE(started.has_value());
        learner_ = std::move(*started);
        cascade::PolicyLearner::Options options;
        options.tiers = 2;
        course_ = learner_->course("c", options);
        Shared& all = judges.shared();
        shared_.emplace(Shared{judges.loop.clock, judges.rows, all.caches, all.cache, all.worker, *learner_});
        judges.loop.call([&] {
            lane = std::make_unique<Lane>(judges.loop.reactor, *shared_);
            auto made = std::make_shared<Plan>(*judges.plan);
            if (!with_judge) made->judge.reset();
            for (const char* name : {"first", "second"}) {
                auto model = std::make_shared<tiers::ModelUpstream>(*made->reference);
                model->upstream_name = name;
                model->full_name = std::string("p/") + name;
                made->ladder_models.push_back(std::move(model));
            }
            plan_ = std::move(made);
        });
    }
    ~World() {
        judges.loop.call([&] { cancel_background(*lane); });
        ended();
        judges.loop.call([&] {
            plan_.reset();
            lane.reset();
        });
    }
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    // The reference answered the caller; the first tier was asked on the way.
    std::unique_ptr<Grading> graded(std::string_view reference, std::string_view tier) {
        auto grading = empty();
        grading->reference = entry_of(reference);
        grading->climb.trial.tiers[0].asked = true;
        grading->climb.answers[0] = entry_of(tier);
        return grading;
    }
    // The first tier answered the caller; the reference is to be asked.
    std::unique_ptr<Grading> audited(std::string_view tier) {
        auto grading = graded("", tier);
        grading->reference.reset();
        grading->climb.trial.served = 0;
        return grading;
    }
    std::unique_ptr<Grading> empty() {
        auto grading = std::make_unique<Grading>();
        grading->plan = plan_;
        grading->course = course_;
        grading->tenant = 3;
        grading->request = ++requests_;
        grading->body = kRequest;
        grading->system = "Be brief.";
        grading->question = "Why?";
        grading->climb.policy = policy_;
        grading->climb.plan.rungs = 1;
        grading->climb.trial.task = 4;
        return grading;
    }
    void grade(std::unique_ptr<Grading> grading) {
        judges.loop.call([&] { weir::gateway::grade(*lane, std::move(grading)); });
    }
    void ended() {
        judges.loop.eventually([&] { return lane->background_running.load() == 0; });
    }

    Call take() {
        net::testing::Peer peer = judges.upstream.accept();
        const std::string head = peer.read_until("\r\n\r\n");
        const std::size_t length = head.find("content-length: ");
        REQUIRE(length != std::string::npos);
        std::string body = peer.read_bytes(static_cast<std::size_t>(std::atoll(head.c_str() + length + 16)));
        const auto model = json::find_member(body, {0, body.size()}, "model");
        REQUIRE(model.has_value());
        std::string name = json::as_string(model->of(body)).value_or("");
        return {std::move(peer), std::move(name), std::move(body)};
    }
    // What the learner was told so far, as its log has it.
    std::vector<Trial> told() {
        ended();
        learner_->wait_until_idle();
        const auto courses = cascade::read_courses(folder_.file("trials"));
        REQUIRE(courses.has_value());
        std::vector<Trial> trials;
        for (const cascade::RecordedCourse& course : *courses) {
            trials.insert(trials.end(), course.trials.begin(), course.trials.end());
        }
        return trials;
    }
    Trial only_trial() {
        const std::vector<Trial> trials = told();
        REQUIRE(trials.size() == 1);
        return trials.front();
    }
    std::size_t rows_of(store::Purpose purpose) {
        return static_cast<std::size_t>(
            std::count_if(judges.rows.kept.begin(), judges.rows.kept.end(),
                          [purpose](const store::LedgerRow& row) { return row.purpose == purpose; }));
    }

    AgreementBook& agreements() { return *shared_->agreements; }

    JudgeWorld judges;
    std::unique_ptr<Lane> lane;

  private:
    TemporaryFolder folder_;
    std::unique_ptr<cascade::CascadeLearner> learner_;
    std::optional<Shared> shared_;
    std::shared_ptr<cascade::Course> course_;
    std::shared_ptr<const Plan> plan_;
    std::shared_ptr<const Policy> policy_ = std::make_shared<Policy>();
    RequestId requests_ = 0;
};

// A judge with an opinion on the texts, wherever they stand.
auto prefers(std::string_view text) {
    return [text](const Asked& asked) { return asked.a == text ? "a" : asked.b == text ? "b" : "same"; };
}

}  // namespace

TEST_CASE("what the form tells is believed without a judge") {
    struct Case {
        std::string_view reference, tier;
        bool worse;
    };
    const Case cases[] = {{"positive", "Positive.", false}, {"positive", "negative", true},
                          {"#### 42", "#### 41", true},     {"B", "The answer is B", false},
                          {"positive", "", true},           {kWords, kWords, false}};
    for (const Case& each : cases) {
        CAPTURE(each.reference);
        CAPTURE(each.tier);
        World world;
        world.grade(world.graded(each.reference, each.tier));
        const Trial trial = world.only_trial();
        CHECK(trial.known);
        CHECK(trial.task == 4);
        CHECK(trial.served == cascade::kReference);
        CHECK(trial.tiers[0].graded);
        CHECK(trial.tiers[0].worse == each.worse);
        CHECK_FALSE(trial.tiers[1].asked);
        CHECK_FALSE(trial.tiers[1].graded);
        CHECK(world.judges.rows.kept.empty());
        CHECK_FALSE(world.judges.upstream.somebody_waits());
    }
}

TEST_CASE("a promise on disagreement: of free words only the judge's `same` agrees") {
    struct Case {
        std::string_view preferred;
        bool worse;
    };
    for (const Case& each : {Case{"neither", false}, Case{kWords, true}, Case{kOtherWords, true}}) {
        CAPTURE(each.preferred);
        World world(false);
        world.grade(world.graded(kWords, kOtherWords));
        world.judges.serve(2, prefers(each.preferred));
        CHECK(world.only_trial().tiers[0].worse == each.worse);
        CHECK(world.rows_of(store::Purpose::judge) == 2);
    }
}

TEST_CASE("a promise on harm: worse is what the judge finds worse than the reference's, however it looks") {
    struct Case {
        std::string_view reference, tier, preferred;
        bool worse;
    };
    const Case cases[] = {{kWords, kOtherWords, "neither", false},     {kWords, kOtherWords, kWords, true},
                          {kWords, kOtherWords, kOtherWords, false},   {"positive", "negative", "positive", true},
                          {"positive", "negative", "negative", false}, {"positive", "negative", "neither", false}};
    for (const Case& each : cases) {
        CAPTURE(each.reference);
        CAPTURE(each.preferred);
        World world(true);
        world.grade(world.graded(each.reference, each.tier));
        world.judges.serve(2, prefers(each.preferred));
        const Trial trial = world.only_trial();
        CHECK(trial.known);
        CHECK(trial.tiers[0].graded);
        CHECK(trial.tiers[0].worse == each.worse);
    }
    World world(true);
    world.grade(world.graded("positive", "Positive."));  // nothing to judge
    CHECK_FALSE(world.only_trial().tiers[0].worse);
    CHECK(world.judges.rows.kept.empty());
}

TEST_CASE("without a word what is not seen to agree counts against the tier") {
    for (const bool by_harm : {false, true}) {
        CAPTURE(by_harm);
        SUBCASE("no judge") {
            World world(by_harm, false);
            world.grade(world.graded(kWords, kOtherWords));
            CHECK(world.only_trial().tiers[0].worse);
        }
        SUBCASE("a dead judge") {
            World world(by_harm);
            world.judges.upstream.close();
            world.grade(world.graded(kWords, kOtherWords));
            CHECK(world.only_trial().tiers[0].worse);
        }
        SUBCASE("a judge that contradicts itself") {
            World world(by_harm);
            world.grade(world.graded(kWords, kOtherWords));
            world.judges.serve(2, [](const Asked&) { return "b"; });
            CHECK(world.only_trial().tiers[0].worse);
        }
        SUBCASE("texts too long to be judged") {
            World world(by_harm);
            const std::string words(wire::kJudgedTextBytes + 1, 'x');
            world.grade(world.graded(kWords, words));
            CHECK(world.only_trial().tiers[0].worse);
        }
    }
}

TEST_CASE("by harm the owner's right answers come first: worse is wrong where the reference is right") {
    TemporaryFolder folder;
    std::ofstream(folder.file("gold")) << "Why?\tParis\n";
    struct Case {
        std::string_view reference, tier;
        bool worse;
    };
    const Case cases[] = {{"Paris", "Lyon", true},
                          {"Lyon", "Nice", false},
                          {"Lyon", "Paris", false},
                          {"It is Paris, of all the towns of France.", "Paris", false}};
    for (const Case& each : cases) {
        CAPTURE(each.reference);
        CAPTURE(each.tier);
        World world(true);
        world.judges.cascade.gold = *cascade::read_gold(folder.file("gold"));
        world.grade(world.graded(each.reference, each.tier));
        CHECK(world.only_trial().tiers[0].worse == each.worse);
        CHECK(world.judges.rows.kept.empty());
        CHECK(world.agreements().views().at(0).commonest() == "gold");
    }
    // What the file does not tell, and what a promise on disagreement asks, is compared as ever.
    World world(true);
    world.judges.cascade.gold = *cascade::read_gold(folder.file("gold"));
    auto grading = world.graded(kWords, kOtherWords);
    grading->question = "Another question?";
    world.grade(std::move(grading));
    world.judges.serve(2, prefers(kWords));
    CHECK(world.only_trial().tiers[0].worse);
    World by_disagreement;
    by_disagreement.judges.cascade.gold = world.judges.cascade.gold;
    by_disagreement.grade(by_disagreement.graded("Lyon", "Nice"));
    CHECK(by_disagreement.only_trial().tiers[0].worse);
}

TEST_CASE("each tier is graded by itself") {
    World world;
    auto grading = world.graded("positive", "negative");
    grading->climb.trial.tiers[1].asked = true;
    grading->climb.answers[1] = entry_of("positive");
    world.grade(std::move(grading));
    const Trial trial = world.only_trial();
    CHECK(trial.tiers[0].graded);
    CHECK(trial.tiers[0].worse);
    CHECK(trial.tiers[1].graded);
    CHECK_FALSE(trial.tiers[1].worse);
}

TEST_CASE("an audit asks the reference, as a row of its own, and keeps its answer") {
    World world;
    auto grading = world.audited("negative");
    tiers::ExactCache::EntryPtr kept;
    grading->keep_reference = [&](const std::shared_ptr<tiers::CacheEntry>& entry) { kept = entry; };
    world.grade(std::move(grading));
    SUBCASE("it answers") {
        Call call = world.take();
        CHECK(call.model == "reference");
        CHECK(call.body.find("logprobs") == std::string::npos);
        call.answer(chat_body("positive"));
        const Trial trial = world.only_trial();
        CHECK(trial.known);
        CHECK(trial.served == 0);
        CHECK(trial.tiers[0].worse);
        CHECK(trial.reference_usd == doctest::Approx((100 * 0.15 + 2 * 0.6) * 1e-6));
        REQUIRE(kept != nullptr);
        CHECK(kept->body == chat_body("positive"));
        REQUIRE(world.rows_of(store::Purpose::audit) == 1);
        CHECK(world.judges.rows.kept.front().cost.nanos == 100 * 150 + 2 * 600);
        CHECK(world.lane->counters.tier_audits == 1);
        CHECK(world.lane->counters.cache_audits == 0);
    }
    SUBCASE("it fails") {
        world.take().answer("{}", "503 Service Unavailable");
    }
    SUBCASE("its answer is cut short") {
        world.take().answer(chat_body("posi", std::nullopt, "length"));
    }
    if (kept != nullptr) return;
    const Trial trial = world.only_trial();
    CHECK_FALSE(trial.known);  // neither for the tier nor against it
    CHECK(trial.served == 0);
    CHECK_FALSE(trial.tiers[0].graded);
    CHECK_FALSE(trial.tiers[0].worse);
}

TEST_CASE("tiers on trial are asked with log-probabilities; one that fails is not graded, the other is") {
    World world;
    auto grading = world.empty();
    grading->reference = entry_of("positive");
    grading->climb.trial.everything = true;
    grading->to_ask = {true, true, true, true};  // more than there are
    world.grade(std::move(grading));
    for (int i = 0; i < 2; ++i) {
        Call call = world.take();
        CHECK(call.body.find(R"("logprobs":true)") != std::string::npos);
        if (call.model == "first") {
            call.answer("{}", "500 Internal Server Error");
        } else {
            CHECK(call.model == "second");
            call.answer(chat_body("negative", -0.25));
        }
    }
    const Trial trial = world.only_trial();
    CHECK(trial.known);
    CHECK(trial.everything);
    CHECK_FALSE(trial.tiers[0].asked);
    CHECK_FALSE(trial.tiers[0].graded);
    CHECK(trial.tiers[1].asked);
    CHECK(trial.tiers[1].worse);
    CHECK(trial.tiers[1].evidence == -0.25F);
    CHECK(trial.tiers[1].cost_usd == doctest::Approx((100 * 0.15 + 2 * 0.6) * 1e-6));
    CHECK(world.rows_of(store::Purpose::trial) == 2);
    for (const store::LedgerRow& row : world.judges.rows.kept) {
        CHECK(row.tenant == 3);
        CHECK(row.task == 4);
    }
}

TEST_CASE("a tier that is judged by samples is asked for all of them: its evidence is how far they agree") {
    World world;
    auto grading = world.empty();
    auto plan = std::make_shared<Plan>(*grading->plan);
    plan->ladder_gathers = {{3}, {}};
    grading->plan = plan;
    grading->reference = entry_of("positive");
    grading->to_ask[0] = true;
    bool fails = false;
    SUBCASE("one says something else") {}
    SUBCASE("one fails") {
        fails = true;
    }
    world.grade(std::move(grading));
    int varied = 0;
    for (int i = 0; i < 3; ++i) {
        Call call = world.take();
        CHECK(call.model == "first");
        CHECK(call.body.find("logprobs") == std::string::npos);
        if (call.body.find(R"("temperature":0.7)") == std::string::npos) {
            call.answer(chat_body("positive"));
        } else if (++varied == 1) {
            call.answer(chat_body("Positive."));
        } else if (fails) {
            call.answer("{}", "400 Bad Request");
        } else {
            call.answer(chat_body("negative"));
        }
    }
    CHECK(varied == 2);
    const Trial trial = world.only_trial();
    CHECK(trial.known);
    CHECK(trial.tiers[0].graded);
    CHECK_FALSE(trial.tiers[0].worse);
    CHECK(trial.tiers[0].kind == cascade::EvidenceKind::self_agreement);
    CHECK(trial.tiers[0].evidence == 0.5F);
    CHECK(trial.tiers[0].cost_usd == doctest::Approx((fails ? 2 : 3) * (100 * 0.15 + 2 * 0.6) * 1e-6));
    CHECK(world.rows_of(store::Purpose::trial) == 3);
}

TEST_CASE("a tier that is judged by its own word is asked about its answer") {
    World world;
    auto grading = world.empty();
    auto plan = std::make_shared<Plan>(*grading->plan);
    plan->ladder_gathers = {{1, true}, {}};
    grading->plan = plan;
    grading->reference = entry_of("positive");
    grading->to_ask[0] = true;
    world.grade(std::move(grading));
    world.take().answer(chat_body("positive"));
    Call question = world.take();
    CHECK(question.model == "first");
    CHECK(question.body.find(R"(\"proposed_answer\":\"positive\")") != std::string::npos);
    cascade::EvidenceKind kind = cascade::EvidenceKind::self_verification;
    SUBCASE("it tells") {
        std::string said = chat_body("True", -0.6931472, "length");
        said.replace(said.find(R"("token":"x")"), 11, R"("token":"True")");
        question.answer(said);
    }
    SUBCASE("it fails") {
        question.answer("{}", "400 Bad Request");
        kind = cascade::EvidenceKind::none;
    }
    const Trial trial = world.only_trial();
    const bool told = kind != cascade::EvidenceKind::none;
    CHECK(trial.tiers[0].graded);
    CHECK(trial.tiers[0].kind == kind);
    CHECK(trial.tiers[0].cost_usd == doctest::Approx((told ? 2 : 1) * (100 * 0.15 + 2 * 0.6) * 1e-6));
    if (told) CHECK(trial.tiers[0].evidence == doctest::Approx(0.5F));
    CHECK(world.rows_of(store::Purpose::trial) == 2);
}

TEST_CASE("what a tier says that is no answer is not graded, but told with what it cost") {
    struct Case {
        std::string_view text, finish, format;
        wire::AnswerFlaw flaw;
    };
    const Case cases[] = {{"I'm sorry, but I can't help with that.", "stop", "", wire::AnswerFlaw::refused},
                          {"posi", "length", "", wire::AnswerFlaw::cut_short},
                          {"", "stop", "", wire::AnswerFlaw::empty},
                          {"positive", "stop", R"({"type":"json_object"})", wire::AnswerFlaw::malformed}};
    for (const Case& each : cases) {
        CAPTURE(each.text);
        World world;
        auto grading = world.empty();
        grading->reference = entry_of("positive");
        grading->response_format = each.format;
        grading->to_ask[0] = true;
        world.grade(std::move(grading));
        world.take().answer(chat_body(each.text, -0.25, each.finish));
        const Trial trial = world.only_trial();
        CHECK(trial.known);
        CHECK_FALSE(trial.tiers[0].asked);
        CHECK_FALSE(trial.tiers[0].graded);
        CHECK(trial.tiers[0].flaw == each.flaw);
        CHECK(trial.tiers[0].evidence == -0.25F);
        CHECK(trial.tiers[0].least == -0.25F);
        CHECK(trial.tiers[0].tokens == 1);
        CHECK(trial.tiers[0].cost_usd == doctest::Approx((100 * 0.15 + 2 * 0.6) * 1e-6));
    }
}

TEST_CASE("the probability of being known is that of the coins, whatever they showed") {
    const auto probability = [](auto change) {
        World world;
        auto grading = world.graded("positive", "positive");
        grading->climb.plan.everything = 0.02;
        grading->climb.plan.trial = 0.5;
        change(*grading);
        world.grade(std::move(grading));
        return world.only_trial().known_probability;
    };
    CHECK(probability([](Grading& grading) { grading.climb.plan.everything = 1; }) == 1);
    CHECK(probability([](Grading&) {}) == doctest::Approx(0.02 + 0.98 * 0.5));
    // Held out or not: the same.
    CHECK(probability([](Grading& grading) { grading.climb.trial.everything = true; }) ==
          doctest::Approx(0.02 + 0.98 * 0.5));
    CHECK(probability([](Grading& grading) { grading.mode = cascade::Mode::shadow; }) ==
          doctest::Approx(0.02 + 0.98 * 0.5));
    // Where little is left of what proof may cost, every coin falls less often.
    CHECK(probability([](Grading& grading) { grading.proof_share = 0.25; }) ==
          doctest::Approx(0.005 + 0.995 * 0.25 * 0.5));
    CHECK(probability([](Grading& grading) { grading.blind = true; }) == doctest::Approx(0.02 + 0.98 * 0.5));
}

TEST_CASE("what is asked about a request is paid from what was set aside for it") {
    World world(true);
    const auto budget = std::make_shared<cascade::ProofBudget>();
    {
        auto grading = world.audited(kOtherWords);
        grading->proof = budget->begin(0, Usd{5'000'000});
        grading->to_ask[1] = true;
        world.grade(std::move(grading));
    }
    CHECK(budget->view(0).under_way == Usd{5'000'000});
    for (int i = 0; i < 2; ++i) {
        Call call = world.take();
        call.answer(chat_body(kWords, -0.25));
    }
    for (int i = 0; i < 2; ++i) world.take().answer(chat_body("same"));  // of the first tier's; the second's is equal
    CHECK(world.only_trial().known);
    Usd booked;
    for (const store::LedgerRow& row : world.judges.rows.kept) booked += row.cost;
    CHECK(booked > Usd{});
    CHECK(world.rows_of(store::Purpose::judge) == 2);
    const auto view = budget->view(world.judges.loop.clock.unix_micros());
    CHECK(view.spent == booked);
    CHECK(view.under_way == Usd{});
}

TEST_CASE("of requests held out the reference is asked again, a few times a task: how far it agrees with itself") {
    World world;
    world.judges.cascade.options.agreement.repeat = 2;
    const auto held_out = [&] {
        auto grading = world.graded("positive", "positive");
        grading->climb.trial.everything = true;
        grading->climb.plan.everything = 0.02;
        return grading;
    };
    // Of a new task all is tried in any case; of a request that was not held out nothing is.
    auto grading = held_out();
    grading->climb.plan.everything = 1;
    world.grade(std::move(grading));
    world.grade(world.graded("positive", "positive"));
    CHECK(world.told().size() == 2);
    CHECK(world.judges.rows.kept.empty());

    world.grade(held_out());
    Call call = world.take();
    CHECK(call.model == "reference");
    CHECK(call.body.find("logprobs") == std::string::npos);
    call.answer(chat_body("Positive."));
    CHECK(world.told().size() == 3);
    CHECK(world.rows_of(store::Purpose::audit) == 1);
    // One that fails is none.
    world.grade(held_out());
    world.take().answer("{}", "500 Internal Server Error");
    CHECK(world.told().size() == 4);
    world.grade(held_out());
    world.take().answer(chat_body("negative"));
    CHECK(world.told().size() == 5);
    world.grade(held_out());  // enough
    const std::vector<Trial> trials = world.told();
    CHECK(trials.size() == 6);
    CHECK(std::none_of(trials.begin(), trials.end(), [](const Trial& trial) { return trial.tiers[0].worse; }));
    CHECK_FALSE(world.judges.upstream.somebody_waits());
    const auto books = world.agreements().views();
    REQUIRE(books.size() == 1);
    CHECK(books[0].task == 4);
    CHECK(books[0].repeats == 2);
    CHECK(books[0].repeats_worse == 1);
}

TEST_CASE("few requests at a time, a bounded number wait; of one too many nothing is known") {
    World world;
    constexpr std::size_t kAll = kMostGraded + kMostWaitingToBeGraded;
    world.judges.loop.call([&] {  // at once: nothing is answered meanwhile
        for (std::size_t i = 0; i < kAll; ++i) grade(*world.lane, world.audited("negative"));
        CHECK(world.lane->background_running.load() == kMostGraded);
        CHECK(world.lane->counters.background_dropped == 0);
        grade(*world.lane, world.audited("negative"));
        CHECK(world.lane->counters.background_dropped == 1);
    });
    for (std::size_t i = 0; i < kAll; ++i) world.take().answer(chat_body("positive"));
    const std::vector<Trial> trials = world.told();
    REQUIRE(trials.size() == kAll + 1);
    CHECK(std::count_if(trials.begin(), trials.end(), [](const Trial& trial) {
              return trial.known && trial.tiers[0].graded && trial.tiers[0].worse;
          }) == static_cast<std::ptrdiff_t>(kAll));
    CHECK(world.rows_of(store::Purpose::audit) == kAll);
    // There is room again.
    world.grade(world.graded("positive", "positive"));
    CHECK(world.told().size() == kAll + 2);
}

TEST_CASE("while the gateway drains what is under way is learned, and what waits is not heard of again") {
    World world;
    world.judges.loop.call([&] {
        for (std::size_t i = 0; i < kMostGraded + 5; ++i) grade(*world.lane, world.audited("positive"));
        close_background(*world.lane);
        grade(*world.lane, world.graded("positive", "negative"));
    });
    for (std::size_t i = 0; i < kMostGraded; ++i) world.take().answer(chat_body("positive"));
    const std::vector<Trial> trials = world.told();
    CHECK(trials.size() == kMostGraded);
    for (const Trial& trial : trials) {
        CHECK(trial.known);
        CHECK_FALSE(trial.tiers[0].worse);
    }
    CHECK_FALSE(world.judges.upstream.somebody_waits());
}

TEST_CASE("a judge that can't be asked any more because the gateway ends is no word against the tier") {
    World world;
    SUBCASE("it was not asked yet") {
        world.grade(world.audited(kOtherWords));
        Call call = world.take();
        world.judges.loop.call([&] { close_background(*world.lane); });
        call.answer(chat_body(kWords));
    }
    SUBCASE("it was asked in one order") {
        world.grade(world.graded(kWords, kOtherWords));
        Call call = world.take();
        world.judges.loop.call([&] { close_background(*world.lane); });
        call.answer(chat_body("same"));
    }
    SUBCASE("it waits to be asked") {
        world.judges.loop.call([&] {
            for (std::size_t i = 0; i < kMostGraded; ++i) {
                grade(*world.lane, world.graded(kWords, std::string(kOtherWords) + std::to_string(i)));
            }
            cancel_background(*world.lane);
        });
    }
    for (const Trial& trial : world.told()) CHECK_FALSE(trial.tiers[0].worse);
}
