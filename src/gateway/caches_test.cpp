#include "gateway/caches.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/folder_testing.h"
#include "base/log.h"
#include "tiers/semantic_cache/semantic_tier_testing.h"

using namespace weir;
using namespace weir::gateway;
namespace semantic = weir::tiers::semantic;
using semantic::testing::kUncertain;
using semantic::testing::TierWorld;

namespace {

std::string warnings;
class CapturedLog {
  public:
    CapturedLog() {
        warnings.clear();
        set_log_sink([](LogLevel, std::string_view message) { warnings += std::string(message) + "\n"; });
    }
    ~CapturedLog() { set_log_sink(nullptr); }
};

std::unique_ptr<Caches> open_caches(const TemporaryFolder& folder, const Clock& clock) {
    Options options;
    options.data_folder = folder.path();
    options.cache.disk_bytes = 0;
    cascade::CascadeOptions cascade;
    cascade.tiers.emplace_back().kind = cascade::TierKind::semantic;
    options.cascades.push_back(cascade);
    auto opened = Caches::open(options, {}, clock);
    REQUIRE(opened.has_value());
    return std::move(*opened);
}

// Old answers of a task disagree, young ones don't: the class is tightened.
void teach_age(cascade::FreshnessLearner& freshness, std::uint64_t task) {
    const cascade::CacheRules rules;
    const Micros fresh = cascade::fresh_micros(cascade::Volatility::slow, rules);
    for (int i = 0; i < 64; ++i) {
        freshness.observe_audit(task, cascade::Volatility::slow, i % 2 == 0 ? fresh / 10 : fresh * 9 / 10, rules,
                                i % 2 == 0);
    }
    REQUIRE(freshness.effective(task, cascade::Volatility::slow) == cascade::Volatility::changing);
}

std::string read(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

// A semantic hit as a lane notes it: a look-up with candidates, one of which was served.
struct Hit {
    FakeClock clock;
    TemporaryFolder folder;
    std::unique_ptr<Caches> caches = open_caches(folder, clock);
    std::shared_ptr<ServedAnswers> served = std::make_shared<ServedAnswers>();
    Digest256 key = TierWorld::key_of(kUncertain.cached);
    RequestId request = 0x1234;

    Hit() {
        caches->add_served(served);
        TierWorld world;
        caches->exact().store(key, world.entry_of(kUncertain.cached, "42"));
        auto look = std::make_shared<semantic::Look>();
        look->task = world.task;
        look->asked = kUncertain.asked;
        look->let_through = true;
        // What would be the best match now was not what was served.
        look->seen.push_back({sha256("nearer"), "How should a beginner start learning to play a guitar?", {0.95F, {}}});
        look->seen.push_back({key, std::string(kUncertain.cached), {0.6F, {}}});
        look->seen[0].similarities.dense = look->seen[1].similarities.dense = std::numeric_limits<float>::quiet_NaN();
        served->note({request, key, look, std::make_shared<cascade::SemanticLearner::Promise>()});
    }
    Result<void> say(bool good, std::optional<std::string> correct = {}) {
        return caches->feedback({request, good, std::move(correct)});
    }
    cascade::SemanticLearner::View view() {
        auto& learner = *caches->semantic()->learner;
        learner.wait_until_idle();
        const auto views = learner.views();
        return views.empty() ? cascade::SemanticLearner::View{} : views[0];
    }
};

}  // namespace

TEST_CASE("what was learned about age outlives a restart") {
    FakeClock clock;
    const TemporaryFolder folder;
    const std::string file = folder.path() + "/freshness";
    {
        const auto caches = open_caches(folder, clock);
        caches->flush();
        CHECK_FALSE(std::filesystem::exists(file));  // nothing learned yet
        teach_age(caches->freshness(), 5);
        caches->flush();
        CHECK(std::filesystem::exists(file));
        teach_age(caches->freshness(), 6);
    }  // ... and what comes after the last flush is written at the end
    CHECK_FALSE(std::filesystem::exists(file + ".new"));
    const auto caches = open_caches(folder, clock);
    for (const std::uint64_t task : {5, 6}) {
        CHECK(caches->freshness().effective(task, cascade::Volatility::slow) == cascade::Volatility::changing);
    }
    CHECK(caches->freshness().tightened_count() == 2);
}

TEST_CASE("a damaged file of freshness gives a warning and an empty learner, and is replaced") {
    FakeClock clock;
    const TemporaryFolder folder;
    const std::string file = folder.path() + "/freshness";
    std::ofstream(file) << "weir.freshness.1\nnot a lesson\n";
    {
        const CapturedLog log;
        const auto caches = open_caches(folder, clock);
        CHECK(warnings.find("freshness: ") != std::string::npos);
        CHECK(caches->freshness().tightened_count() == 0);
        teach_age(caches->freshness(), 5);
    }
    const CapturedLog log;
    const auto caches = open_caches(folder, clock);
    CHECK(warnings.empty());
    CHECK(caches->freshness().tightened_count() == 1);
    CHECK(read(file) == caches->freshness().save());
}

TEST_CASE("feedback labels the candidate that was served, once, and takes out what is bad") {
    Hit hit;
    REQUIRE(hit.say(false).has_value());
    CHECK(hit.caches->exact().peek(hit.key) == nullptr);
    CHECK(hit.view().labels == 1);
    CHECK(hit.view().audits_wrong == 1);
    REQUIRE(hit.say(false).has_value());  // still known, but no second lesson
    CHECK(hit.view().labels == 1);
    const auto unknown = hit.caches->feedback({0x9999, false, {}});
    REQUIRE_FALSE(unknown.has_value());
    CHECK(unknown.error().code == ErrorCode::not_found);
}

TEST_CASE("feedback on a model tier's answer: what is bad is told to its learner, once") {
    struct Case {
        bool good;
        std::optional<std::string> correct;
        int complaints;
    };
    const Case cases[] = {{false, std::nullopt, 1},       {true, std::nullopt, 0}, {false, "The answer is 41.", 1},
                          {false, "The answer is 42", 0},  // what was served says the same
                          {true, "The answer is 41.", 1}, {false, "Who knows?", 1}};
    for (const Case& each : cases) {
        CAPTURE(each.good);
        CAPTURE(each.correct.value_or(""));
        Hit hit;
        int complaints = 0;
        ServedAnswer answer;
        answer.request = 0x77;
        answer.complain = [&complaints] { ++complaints; };
        answer.asked = "How many?";
        answer.said = "The answer is 42.";
        hit.served->note(answer);
        REQUIRE(hit.caches->feedback({0x77, each.good, each.correct}).has_value());
        REQUIRE(hit.caches->feedback({0x77, each.good, each.correct}).has_value());
        CHECK(complaints == each.complaints);
        CHECK(hit.caches->exact().peek(hit.key) != nullptr);  // another's
    }
    // One that is stored goes, as any other does.
    Hit hit;
    ServedAnswer answer;
    answer.request = 0x77;
    answer.key = hit.key;
    answer.complain = [] {};
    answer.said = std::string(ServedAnswers::kTextBytes + 1, 'x');
    hit.served->note(answer);
    REQUIRE(hit.caches->feedback({0x77, false, "41"}).has_value());
    CHECK(hit.caches->exact().peek(hit.key) == nullptr);
}

TEST_CASE("praise leaves the answer where it is") {
    Hit hit;
    REQUIRE(hit.say(true).has_value());
    CHECK(hit.caches->exact().peek(hit.key) != nullptr);
    CHECK(hit.view().labels == 1);
    CHECK(hit.view().audits == 0);
}

TEST_CASE("where the right answer is given, it tells whether the served one was wrong") {
    Hit hit;
    SUBCASE("bad for another reason: it says the same") {
        REQUIRE(hit.say(false, "42").has_value());
        CHECK(hit.view().labels == 1);
        CHECK(hit.view().audits == 0);
        CHECK(hit.caches->exact().peek(hit.key) == nullptr);  // nobody wants it all the same
    }
    SUBCASE("bad, and something else would have been right") {
        REQUIRE(hit.say(false, "17").has_value());
        CHECK(hit.view().audits_wrong == 1);
    }
    SUBCASE("called good, but what is said to be right is something else") {
        REQUIRE(hit.say(true, "17").has_value());
        CHECK(hit.view().audits_wrong == 1);
    }
    SUBCASE("where the rules can't tell the verdict counts") {
        REQUIRE(
            hit.say(false, "A long sentence, which neither agrees nor disagrees with what was served.").has_value());
        CHECK(hit.view().audits_wrong == 1);
    }
    SUBCASE("the answer is gone: the verdict counts") {
        hit.caches->exact().erase(hit.key);
        REQUIRE(hit.say(false, "42").has_value());
        CHECK(hit.view().audits_wrong == 1);
    }
}

TEST_CASE("of what was served only that is kept which feedback needs") {
    ServedAnswers answers;
    const auto promise = std::make_shared<cascade::SemanticLearner::Promise>();
    const auto look_of = [](std::size_t asked, std::size_t cached) {
        auto look = std::make_shared<semantic::Look>();
        look->task = 3;
        look->asked.assign(asked, 'a');
        look->vectors[0] = embed::Int8Vector(embed::Vector(256, 0.5F));
        for (int i = 0; i < 10; ++i) look->seen.push_back({sha256(std::to_string(i)), std::string(8000, 'b'), {}});
        look->seen[7].question.assign(cached, 'c');
        return look;
    };
    const Digest256 key = sha256("7");
    answers.note({1, key, look_of(1024, 1024), promise});
    answers.note({2, key, look_of(1025, 10), promise});
    answers.note({3, key, look_of(10, 1025), promise});
    answers.note({4, sha256("none of them"), look_of(10, 10), promise});
    answers.note({5, key, nullptr, nullptr});
    const auto kept = answers.take(1);
    REQUIRE(kept);
    REQUIRE(kept->look);
    CHECK(kept->promise);
    CHECK(kept->look->task == 3);
    CHECK(kept->look->asked.size() == 1024);
    CHECK(kept->look->vectors[0].empty());
    REQUIRE(kept->look->seen.size() == 1);
    CHECK(kept->look->seen[0].question == std::string(1024, 'c'));
    for (const RequestId request : {2, 3, 4, 5}) {
        const auto other = answers.take(request);
        REQUIRE(other);  // enough to take it out of the caches
        CHECK_FALSE(other->look);
        CHECK_FALSE(other->promise);
    }
    CHECK_FALSE(answers.take(6));
    const auto again = answers.take(1);
    REQUIRE(again);
    CHECK_FALSE(again->look);
    CHECK(again->key == key);
}

TEST_CASE("what is kept of served answers is bounded in number and in bytes") {
    constexpr auto kKept = static_cast<RequestId>(ServedAnswers::kKept);
    ServedAnswers answers;
    for (RequestId i = 1; i <= 2 * kKept; ++i) answers.note({i, {}, nullptr, nullptr});
    CHECK_FALSE(answers.take(kKept));
    CHECK(answers.take(kKept + 1));
    CHECK(answers.take(2 * kKept));

    ServedAnswers large;
    auto look = std::make_shared<semantic::Look>();
    look->asked.assign(ServedAnswers::kTextBytes, 'a');
    look->seen.push_back({sha256("k"), std::string(ServedAnswers::kTextBytes, 'b'), {}});
    for (RequestId i = 1; i <= kKept; ++i) {
        large.note({i, sha256("k"), look, nullptr});
        REQUIRE(large.bytes() <= ServedAnswers::kMostBytes);
    }
    CHECK(large.bytes() > ServedAnswers::kMostBytes / 2);
    CHECK_FALSE(large.take(1));
    CHECK(large.take(kKept));
}
