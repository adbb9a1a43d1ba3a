#include "cascade/cascade_learner.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <cmath>

#include "base/folder_testing.h"
#include "learn/model_bytes.h"
#include "learn/random_bits.h"

using namespace weir;
using namespace weir::cascade;

namespace {

PolicyLearner::Options with_promise(double promise) {
    PolicyLearner::Options options;
    options.promise = promise;
    return options;
}

// A tier that is certain of half of its answers, and right about these.
void teach(CascadeLearner& learner, const std::shared_ptr<Course>& course, int trials) {
    for (int i = 0; i < trials; ++i) {
        Trial trial;
        trial.task = 5;
        trial.known = trial.everything = true;
        trial.reference_usd = 1;
        trial.tiers[0].asked = trial.tiers[0].graded = true;
        trial.tiers[0].evidence = i % 2 == 0 ? 0.0F : -1.0F;
        trial.tiers[0].worse = i % 4 == 1;
        trial.tiers[0].cost_usd = 0.05;
        learner.learn(course, trial);
    }
    learner.wait_until_idle();
}

bool serves(const Course& course) {
    const std::shared_ptr<const Policy> policy = course.policy();
    return policy->serves(policy->plan(5));
}

}  // namespace

TEST_CASE("trials come in, a policy goes out") {
    auto learner = CascadeLearner::start({});
    REQUIRE(learner.has_value());
    const auto course = (*learner)->course("c", with_promise(0.02));
    REQUIRE(course != nullptr);
    CHECK(course == (*learner)->course("c", with_promise(0.02)));
    CHECK_FALSE(serves(*course));
    teach(**learner, course, 400);
    CHECK(serves(*course));
    const auto views = (*learner)->views();
    REQUIRE(views.size() == 1);
    CHECK(views[0].certificate.harm_price_usd.has_value());
    REQUIRE(views[0].tasks.size() == 1);
    CHECK(views[0].tasks[0].trials >= 300);  // as of the last certificate
}

TEST_CASE("a restart forgets nothing") {
    const TemporaryFolder folder;
    const CascadeLearner::Options options{folder.path() + "/trials"};
    {
        auto learner = CascadeLearner::start(options);
        REQUIRE(learner.has_value());
        teach(**learner, (*learner)->course("c", with_promise(0.02)), 400);
    }
    auto learner = CascadeLearner::start(options);
    REQUIRE(learner.has_value());
    const auto other = (*learner)->course("another", with_promise(0.02));
    const auto course = (*learner)->course("c", with_promise(0.02));
    (*learner)->wait_until_idle();
    CHECK(serves(*course));
    CHECK_FALSE(serves(*other));
}

TEST_CASE("inputs that are other ones close the task's gate, for good") {
    const TemporaryFolder folder;
    const CascadeLearner::Options options{folder.path() + "/trials", 8'192, folder.path() + "/decisions"};
    const auto prompt = [](std::string_view text, int number) {
        return std::make_shared<const SeenPrompt>(
            SeenPrompt{prompt_features("", std::string(text) + " " + std::to_string(number % 7)), true});
    };
    {
        auto learner = CascadeLearner::start(options);
        REQUIRE(learner.has_value());
        const auto course = (*learner)->course("c", with_promise(0.02));
        teach(**learner, course, 400);
        REQUIRE(serves(*course));
        Trial trial;
        trial.task = 5;
        const auto ask = [&](std::string_view text, int requests) {
            for (int i = 0; i < requests; ++i) (*learner)->learn(course, trial, prompt(text, i));
            (*learner)->wait_until_idle();
        };
        ask("is the parcel late", 300);
        CHECK(serves(*course));
        ask("ist die Rechnung schon bezahlt, und von wem?", 40);
        CHECK_FALSE(serves(*course));
        CHECK((*learner)->views()[0].alarms.inputs == 1);
        CHECK((*learner)->views()[0].alarms.task == 0);
        CHECK((*learner)->decisions().counts().at(Decision::Kind::novel) == 1);
    }
    auto learner = CascadeLearner::start(options);
    REQUIRE(learner.has_value());
    const auto course = (*learner)->course("c", with_promise(0.02));
    (*learner)->wait_until_idle();
    CHECK_FALSE(serves(*course));
    teach(**learner, course, 400);  // other trials prove it anew
    CHECK(serves(*course));
}

TEST_CASE("a stricter promise takes over what was tried, and proves it anew") {
    auto learner = CascadeLearner::start({});
    REQUIRE(learner.has_value());
    const auto loose = (*learner)->course("c", with_promise(0.02));
    teach(**learner, loose, 400);
    const auto strict = (*learner)->course("c", with_promise(0.0005));
    (*learner)->wait_until_idle();
    CHECK(strict != loose);
    CHECK_FALSE(serves(*strict));  // 400 trials can't prove that
    const auto again = (*learner)->course("c", with_promise(0.03));
    (*learner)->wait_until_idle();
    CHECK(serves(*again));
}

TEST_CASE("what was decided, what canaries have confirmed and what proof has cost outlives a restart") {
    const TemporaryFolder folder;
    FakeClock clock;
    CascadeLearner::Options options;
    options.file = folder.file("trials");
    options.decisions = folder.file("decisions");
    options.proof = folder.file("proof");
    options.clock = &clock;
    const std::string name = "c disagreement p/cheap > p/big";
    std::size_t decided = 0;
    {
        auto learner = CascadeLearner::start(options);
        REQUIRE(learner.has_value());
        (*learner)->budget("c")->begin(clock.unix_micros(), {})->spent(Usd{77}, true, clock.unix_micros());
        const auto course = (*learner)->course(name, with_promise(0.02), 0.1);
        CHECK(course->share_served(5) == 0.1);
        teach(**learner, course, 400);
        REQUIRE(serves(*course));
        CHECK(course->share_served(5) == 0.1);
        for (int i = 0; i < 30; ++i) {
            Trial trial;
            trial.task = 5;
            trial.known = trial.in_force = true;
            trial.would_serve = 0;
            trial.reference_usd = 1;
            trial.tiers[0].asked = trial.tiers[0].graded = true;
            trial.tiers[0].evidence = 0;
            (*learner)->learn(course, trial);
        }
        (*learner)->wait_until_idle();
        CHECK(course->share_served(5) == doctest::Approx(0.3));
        const auto decisions = (*learner)->decisions().latest({});
        decided = decisions.size();
        CHECK((*learner)->decisions().latest({name, 5, 100}).front().kind == Decision::Kind::raised);
        CHECK((*learner)->decisions().latest({name, 5, 100}).front().unix_micros == clock.unix_micros());
    }
    auto learner = CascadeLearner::start(options);
    REQUIRE(learner.has_value());
    const auto course = (*learner)->course(name, with_promise(0.02), 0.1);
    (*learner)->wait_until_idle();
    CHECK(serves(*course));
    CHECK(course->share_served(5) == doctest::Approx(0.3));
    CHECK((*learner)->decisions().latest({}).size() <= decided + 1);  // the certificate, of a few trials more
    CHECK((*learner)->budget("c")->view(clock.unix_micros()).spent == Usd{77});
    CHECK((*learner)->views().front().proof.spent == Usd{77});
    CHECK((*learner)->views().front().tasks.front().state == "serving");
}

TEST_CASE("a course is held to what the reference keeps with itself, and goes back to its promise") {
    auto learner = CascadeLearner::start({});
    REQUIRE(learner.has_value());
    const std::string name = "c disagreement p/small > p/big";
    const auto course = (*learner)->course(name, with_promise(0.02));
    const auto held_to = [&] { return (*learner)->views().at(0).held_to; };
    teach(**learner, course, 200);
    CHECK(held_to() == 0.02);
    (*learner)->measure_by("c", "p/other", {{5, {100, 50}}});
    (*learner)->measure_by("d", "p/big", {{5, {100, 50}}});
    (*learner)->measure_by("c", "p/big", {{5, {kLeastRepeats - 1, 20}}, {6, {100, 50}}});
    teach(**learner, course, 200);
    CHECK(held_to() == 0.02);
    (*learner)->measure_by("c", "p/big", {{5, {100, 20}}});
    teach(**learner, course, 1);                 // with the next trial
    CHECK(held_to() == doctest::Approx(0.126));  // from 12.67 % (Clopper and Pearson)
    CHECK((*learner)->views().at(0).options.promise == 0.02);
    CHECK((*learner)->views().at(0).tasks.at(0).graded[0].share() == doctest::Approx(0.25).epsilon(0.05));
    CHECK((*learner)->views().at(0).tasks.at(0).audited[0].count() == 0);
    // A course of other options begins with it.
    (void)(*learner)->course(name, with_promise(0.03));
    (*learner)->wait_until_idle();
    CHECK(held_to() == doctest::Approx(0.126));
    (*learner)->measure_by("c", "p/big", {});
    teach(**learner, (*learner)->course(name, with_promise(0.03)), 1);
    CHECK(held_to() == 0.03);
}

TEST_CASE("courses are bounded") {
    auto learner = CascadeLearner::start({});
    REQUIRE(learner.has_value());
    for (std::size_t i = 0; i < CascadeLearner::kMostCourses; ++i) {
        REQUIRE((*learner)->course("c" + std::to_string(i), with_promise(0.02)) != nullptr);
    }
    CHECK((*learner)->course("one more", with_promise(0.02)) == nullptr);
    CHECK((*learner)->course("c1", with_promise(0.02)) != nullptr);
    (*learner)->wait_until_idle();
}

TEST_CASE("trials of the first version are read: a mean log-probability is all they know of an answer") {
    learn::ModelWriter to;
    to.put(std::uint8_t{1});
    to.put(std::uint64_t{99});
    to.put(std::uint64_t{7});
    to.put(std::uint8_t{1});  // the first tier was served
    to.put(std::uint8_t{1});  // known
    to.put(0.5);
    to.put(0.25);
    to.put(std::uint8_t{1 | 2 | 4 | 8});
    to.put(-0.125F);
    to.put(0.01);
    to.put(std::uint8_t{1});  // no evidence
    to.put(0.02);
    to.put(std::uint8_t{0});
    to.put(std::uint8_t{64});  // no flaw there yet
    std::uint64_t course = 0;
    const auto read = read_trial(to.bytes(), course);
    REQUIRE(read.has_value());
    CHECK(course == 99);
    CHECK(read->served == 0);
    CHECK(read->tiers[0].worse);
    CHECK(read->tiers[0].kind == EvidenceKind::log_probability);
    CHECK(read->tiers[0].evidence == -0.125F);
    CHECK(std::isnan(read->tiers[0].least));
    CHECK(read->tiers[0].tokens == 0);
    CHECK(read->tiers[1].kind == EvidenceKind::none);
    CHECK(std::isnan(read->tiers[1].evidence));
    CHECK(read->tiers[1].cost_usd == 0.02);
    CHECK_FALSE(read->tiers[2].asked);
    CHECK(read->tiers[3].flaw == wire::AnswerFlaw::none);
}

TEST_CASE("trials as bytes: what is written is read, what is damaged is not taken for one") {
    rc::check([](std::uint64_t seed) {
        learn::RandomBits random(seed);
        Trial trial;
        trial.task = random.next();
        trial.known = random.chance(0.5);
        trial.complaint = random.chance(0.1);
        trial.everything = random.chance(0.5);
        trial.reference_usd = random.uniform();
        trial.known_probability = 0.01 + 0.99 * random.uniform();
        trial.unix_seconds = static_cast<std::uint32_t>(random.next());
        trial.in_force = random.chance(0.5);
        trial.would_cost_usd = random.uniform();
        for (TierTrial& tier : trial.tiers) {
            tier.asked = random.chance(0.7);
            if (!tier.asked && random.chance(0.5)) {
                tier.flaw = static_cast<wire::AnswerFlaw>(1 + random.next() % (wire::kAnswerFlaws - 1u));
            }
            if (!tier.asked && tier.flaw == wire::AnswerFlaw::none) continue;
            tier.graded = tier.asked && random.chance(0.5);
            tier.worse = tier.graded && random.chance(0.5);
            tier.kind = static_cast<EvidenceKind>(random.next() % kEvidenceKinds);
            const float sign = is_logarithm(tier.kind) ? -1 : 1;
            if (random.chance(0.7)) tier.evidence = sign * static_cast<float>(random.uniform());
            if (random.chance(0.7)) tier.least = -static_cast<float>(random.uniform());
            if (random.chance(0.3)) tier.margin = static_cast<float>(random.uniform());
            tier.tokens = static_cast<std::uint32_t>(random.next());
            tier.cost_usd = random.uniform();
            if (tier.asked && random.chance(0.3)) trial.would_serve = static_cast<int>(&tier - trial.tiers.data());
            if (tier.asked && (trial.complaint || random.chance(0.3)))
                trial.served = static_cast<int>(&tier - trial.tiers.data());
        }
        trial.complaint = trial.complaint && trial.served != kReference;
        std::string bytes = write_trial(99, trial);
        std::uint64_t course = 0;
        const auto read = read_trial(bytes, course);
        RC_ASSERT(read.has_value());
        RC_ASSERT(course == 99u);
        RC_ASSERT(write_trial(99, *read) == bytes);
        const std::size_t cut = static_cast<std::size_t>(random.uniform() * static_cast<double>(bytes.size()));
        RC_ASSERT(!read_trial(std::string_view(bytes).substr(0, cut), course).has_value());
        // Any damage gives a sound trial or none.
        bytes[cut] = static_cast<char>(random.next());
        const auto damaged = read_trial(bytes, course);
        if (damaged) {
            RC_ASSERT(damaged->known_probability > 0 && damaged->known_probability <= 1);
            RC_ASSERT(damaged->served >= kReference && damaged->served < static_cast<int>(kMostModelTiers));
            for (const TierTrial& tier : damaged->tiers) RC_ASSERT(tier.cost_usd >= 0);
        }
    });
}

TEST_CASE("of a new task no more requests are tried in full than are wanted, until a policy knows of them") {
    auto learner = CascadeLearner::start({});
    REQUIRE(learner.has_value());
    PolicyLearner::Options options;
    options.task_trials = 3;
    const auto course = (*learner)->course("c harm a > b", options);
    (*learner)->wait_until_idle();
    CHECK(course->policy()->plan(7).wanted == 3);
    Trial trial;
    trial.task = 7;
    trial.known = trial.everything = true;
    std::vector<Course::Turn> turns;
    for (int i = 0; i < 3; ++i) turns.push_back(course->take_turn(7, 3));
    CHECK(turns.back() != nullptr);
    CHECK(course->take_turn(7, 3) == nullptr);
    CHECK(course->take_turn(8, 3) != nullptr);  // another task's are others

    turns.pop_back();  // it came to nothing
    turns.push_back(course->take_turn(7, 3));
    CHECK(turns.back() != nullptr);

    for (int i = 0; i < 2; ++i)
        (*learner)->learn(course, trial, nullptr, std::move(turns[static_cast<std::size_t>(i)]));
    (*learner)->wait_until_idle();
    CHECK(course->take_turn(7, 3) == nullptr);  // learned, but in no policy yet
    (*learner)->learn(course, trial, nullptr, std::move(turns[2]));
    (*learner)->wait_until_idle();
    CHECK(course->policy()->plan(7).everything < 1);
    CHECK(course->take_turn(7, 3) != nullptr);
}
