#include "cascade/semantic_learner.h"

#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>

#include "base/folder_testing.h"
#include "base/log.h"
#include "cascade/audit_rate.h"
#include "cascade/climb.h"
#include "learn/model_bytes.h"
#include "tiers/semantic_cache/semantic_tier_testing.h"

using namespace weir;
using namespace weir::cascade;
using namespace weir::tiers::semantic::testing;
namespace semantic = weir::tiers::semantic;

namespace {

using State = learn::HitGate::State;

std::string warnings;  // since CapturedLog's construction; of any thread, read when they have ended
class CapturedLog {
  public:
    CapturedLog() {
        warnings.clear();
        set_log_sink([](LogLevel, std::string_view message) { warnings += std::string(message) + "\n"; });
    }
    ~CapturedLog() { set_log_sink(nullptr); }
};

SemanticLearner::Promise promise_of(double false_share) {
    SemanticLearner::Promise promise;
    promise.false_share = false_share;
    promise.prior_threshold = 0.99;  // which the pair asked about below does not reach
    return promise;
}

// A task whose look-ups see one uncertain candidate; callers say what the reference answers.
struct LearnerWorld {
    TierWorld caches;
    SemanticLearner::Options options;
    std::unique_ptr<SemanticLearner> learner;
    SemanticLearner::Promise promise = promise_of(0.1);
    std::shared_ptr<const semantic::Look> look;

    explicit LearnerWorld(std::string file = {}) {
        options.file = std::move(file);
        options.learner.first_fit = 1'000'000;  // the shipped verifier judges throughout
        caches.store(kUncertain.cached, "42");
        look = caches.ask(rules(promise), caches.question(kUncertain.asked)).look;
        REQUIRE(look);
        REQUIRE(look->let_through);
        REQUIRE(look->seen.size() == 1);
        start();
    }
    void start() {
        auto started = SemanticLearner::start(options, caches.judges, caches.cache);
        REQUIRE(started.has_value());
        learner = std::move(*started);
    }

    tiers::SemanticTier::Rules rules(const SemanticLearner::Promise& of) const {
        tiers::SemanticTier::Rules rules;
        rules.prior_plain = rules.prior_dense = of.prior_threshold;
        rules.promise = of.bound();
        return rules;
    }
    bool serves(const SemanticLearner::Promise& under) {
        return caches.ask(rules(under), caches.question(kUncertain.asked)).offer.has_value();
    }

    void misses(int count, bool right, const SemanticLearner::Promise& under) {
        const auto fresh = caches.entry_of(kUncertain.asked, right ? "42" : "17");
        for (int i = 0; i < count; ++i) learner->answered(look, under, fresh, std::nullopt);
    }
    void audits(int count, bool right, const SemanticLearner::Promise& under) {
        const auto fresh = caches.entry_of(kUncertain.asked, right ? "42" : "17");
        for (int i = 0; i < count; ++i) learner->answered(look, under, fresh, under.audit_share);
    }
    SemanticLearner::View view() {
        learner->wait_until_idle();
        for (const SemanticLearner::View& view : learner->views()) {
            if (view.task == caches.task) return view;
        }
        return {};
    }
};

std::size_t records_in(const std::string& file) {
    std::size_t count = 0;
    store::RecordLog::Options options;
    options.file = file;
    options.name = "lessons";
    REQUIRE(store::RecordLog::open(options, [&](std::string_view) { ++count; }).has_value());
    return count;
}

}  // namespace

TEST_CASE("labels of misses certify a task's threshold, and the tier serves by it") {
    LearnerWorld world;
    CHECK_FALSE(world.serves(world.promise));
    world.misses(149, true, world.promise);
    CHECK(world.view().state == State::prior);
    CHECK_FALSE(world.serves(world.promise));
    world.misses(1, true, world.promise);
    CHECK(world.view().state == State::proven);
    CHECK(world.view().labels == 150);
    CHECK(world.serves(world.promise));
    // Wrong ones would not have.
    LearnerWorld other;
    other.misses(600, false, other.promise);
    CHECK(other.view().labels == 600);
    CHECK(other.view().proofs >= 3);
    CHECK_FALSE(other.serves(other.promise));
}

TEST_CASE("a burst of wrong audits shuts the gate; misses without fault open it again") {
    LearnerWorld world;
    world.misses(200, true, world.promise);
    REQUIRE(world.view().state == State::proven);
    int wrong = 0;
    for (; wrong < 40 && world.view().state != State::closed; ++wrong) world.audits(1, false, world.promise);
    CHECK(wrong >= 2);  // one is no burst
    CHECK(wrong <= 10);
    CHECK(world.view().closures == 1);
    CHECK_FALSE(world.serves(world.promise));
    SemanticLearner::Promise loose = world.promise;
    loose.prior_threshold = 0;
    CHECK_FALSE(world.serves(loose));  // no prior opens it
    world.misses(200, true, world.promise);
    CHECK(world.view().state == State::proven);
    CHECK(world.serves(world.promise));
}

TEST_CASE("a wrong hit makes its task suspect, a wrong miss does not") {
    LearnerWorld world;
    const auto suspect_hits = [&] {
        world.view();
        return world.caches.judges.of(world.caches.task)->suspect.load();
    };
    world.misses(5, false, world.promise);
    world.audits(5, true, world.promise);
    CHECK(suspect_hits() == 0);
    world.audits(1, false, world.promise);
    CHECK(suspect_hits() == kSuspectHits);
}

TEST_CASE("observe: what was learned is looked at, and nothing served") {
    LearnerWorld world;
    world.misses(200, true, world.promise);
    REQUIRE(world.view().state == State::proven);
    const std::vector<Rung> rungs{
        {std::make_shared<tiers::SemanticTier>(world.caches.parts(), world.rules(world.promise)),
         std::make_shared<SemanticGate>()}};
    const tiers::Question question = world.caches.question(kUncertain.asked);
    struct Run {
        static Task<void> run(const std::vector<Rung>& rungs, Mode mode, const tiers::Question& question, Ascent& to) {
            Cancellation cancellation;
            store::LedgerRow row;
            co_await climb(rungs, mode, question, cancellation, {row, nullptr}, to);
        }
    };
    Ascent observed, served;
    spawn(Run::run(rungs, Mode::observe, question, observed));
    spawn(Run::run(rungs, Mode::serve, question, served));
    CHECK_FALSE(observed.served);
    CHECK(observed.would_have == store::TierKind::semantic);
    REQUIRE(observed.attempts.size() == 1);
    CHECK(observed.attempts[0].outcome == store::Outcome::observed);
    CHECK(observed.look);
    CHECK(served.served);
}

TEST_CASE("a changed promise: the old proof is not used, what was learned is") {
    LearnerWorld world;
    world.misses(200, true, world.promise);
    REQUIRE(world.view().state == State::proven);
    REQUIRE(world.serves(world.promise));
    const SemanticLearner::Promise strict = promise_of(0.02);
    CHECK_FALSE(world.serves(strict));  // at once, before anything is heard under it
    world.misses(1, true, strict);
    CHECK(world.view().labels == 201);          // the new pupil knows the old one's
    CHECK(world.view().state == State::prior);  // 201 without fault are no proof of 2 %
    CHECK_FALSE(world.serves(strict));
    CHECK_FALSE(world.serves(world.promise));  // the tier goes by the promise heard of last
    world.misses(400, true, strict);
    CHECK(world.view().state == State::proven);
    CHECK(world.serves(strict));

    const SemanticLearner::Promise loose = promise_of(0.3);
    CHECK_FALSE(world.serves(loose));
    world.misses(1, true, loose);
    CHECK(world.view().labels == 602);
    CHECK(world.view().state == State::proven);  // by what the others were shown
    CHECK(world.serves(loose));
    world.misses(1, true, world.promise);  // back to the first: its pupil is there yet
    CHECK(world.view().state == State::proven);
    CHECK(world.serves(world.promise));
}

TEST_CASE("a promise that audits have refuted is not restored by asking for a stricter one") {
    LearnerWorld world;
    // What was right before the gate closed is no proof of anything afterwards.
    world.misses(2000, true, world.promise);
    for (int i = 0; i < 40 && world.view().state != State::closed; ++i) world.audits(1, false, world.promise);
    REQUIRE(world.view().state == State::closed);
    SemanticLearner::Promise strict = promise_of(0.05);
    strict.prior_threshold = 0;
    world.misses(1, true, strict);
    CHECK(world.view().state == State::closed);
    CHECK_FALSE(world.serves(strict));
}

TEST_CASE("what people say labels the answer that was served, and no other") {
    LearnerWorld world;
    auto both = std::make_shared<semantic::Look>(*world.look);
    both->seen.push_back(both->seen[0]);
    both->seen[1].key = sha256("served");
    both->seen[1].question = "Which way is the best one to learn the guitar as a beginner?";
    world.learner->judged_by_people(both, world.promise, sha256("neither"), true);
    CHECK(world.view().labels == 0);
    world.learner->judged_by_people(both, world.promise, sha256("served"), true);
    CHECK(world.view().labels == 1);
    CHECK(world.view().audits == 1);
    CHECK(world.view().audits_wrong == 1);
    // Praise is a label, but no audit: it can't buy a gate's innocence.
    for (int i = 0; i < 200; ++i) world.learner->judged_by_people(both, world.promise, sha256("served"), false);
    CHECK(world.view().labels == 201);
    CHECK(world.view().audits == 1);
}

TEST_CASE("a restart replays what was learned") {
    TemporaryFolder folder;
    LearnerWorld world(folder.file("lessons"));
    world.misses(180, true, world.promise);
    world.audits(2, true, world.promise);
    world.audits(1, false, world.promise);
    world.learner->judged_by_people(world.look, world.promise, world.look->seen[0].key, false);
    const SemanticLearner::View before = world.view();
    REQUIRE(before.state == State::proven);
    world.learner.reset();

    LearnerWorld again(folder.file("lessons"));
    const SemanticLearner::View after = again.view();
    CHECK(after.labels == before.labels);
    CHECK(after.labels == 184);
    CHECK(after.state == before.state);
    CHECK(after.threshold == before.threshold);
    CHECK(after.audits == 3);
    CHECK(after.audits_wrong == 1);
    CHECK(again.serves(again.promise));
    again.audits(40, false, again.promise);
    REQUIRE(again.view().state == State::closed);
    again.learner.reset();
    LearnerWorld third(folder.file("lessons"));
    CHECK(third.view().state == State::closed);
    CHECK_FALSE(third.serves(third.promise));
}

TEST_CASE("a log cut short by a kill loses its last lesson alone, and grows on") {
    TemporaryFolder folder;
    {
        LearnerWorld world(folder.file("lessons"));
        world.misses(50, true, world.promise);
        REQUIRE(world.view().labels == 50);
    }
    std::filesystem::resize_file(folder.file("lessons"), std::filesystem::file_size(folder.file("lessons")) - 5);
    {
        LearnerWorld world(folder.file("lessons"));
        CHECK(world.view().labels == 49);
        world.misses(2, true, world.promise);
        CHECK(world.view().labels == 51);
    }
    LearnerWorld world(folder.file("lessons"));
    CHECK(world.view().labels == 51);
}

TEST_CASE("lessons that wait when it ends are kept for the next start") {
    TemporaryFolder folder;
    constexpr int kLessons = 3000;
    {
        LearnerWorld world(folder.file("lessons"));
        world.misses(kLessons, true, world.promise);
        world.learner.reset();
    }
    CHECK(records_in(folder.file("lessons")) == kLessons);
    {  // ... and those that come while an earlier log is being replayed
        LearnerWorld world(folder.file("lessons"));
        world.misses(10, true, world.promise);
    }
    CHECK(records_in(folder.file("lessons")) == kLessons + 10);
    LearnerWorld world(folder.file("lessons"));
    CHECK(world.view().labels == kLessons + 10);
}

TEST_CASE("the end does not wait longer than it may") {
    TemporaryFolder folder;
    const CapturedLog log;
    {
        LearnerWorld world;
        world.options.file = folder.file("lessons");
        world.options.stop_micros = 0;
        world.learner.reset();
        world.start();
        world.misses(4000, true, world.promise);
        world.learner.reset();
    }
    const std::size_t kept = records_in(folder.file("lessons"));
    CHECK(kept < 4000);
    CHECK(warnings.find(std::to_string(4000 - kept) + " lessons could not be kept in time") != std::string::npos);
}

namespace {

struct RecordValues {
    double false_share = 0.1, confidence = 0.95, share = 0.05, prior = 0.99, audited = -1;
    std::int8_t right = 1;
    float hashing = 0.5F, dense = std::numeric_limits<float>::quiet_NaN();
};

std::string record_of(const RecordValues& values) {
    learn::ModelWriter out;
    out.put(std::uint8_t{1});
    out.put(std::uint64_t{7});
    for (const double number : {values.false_share, values.confidence, values.share, values.prior, values.audited}) {
        out.put(number);
    }
    out.put_text(kUncertain.asked);
    out.put(std::uint8_t{1});
    out.put(values.right);
    out.put(values.hashing);
    out.put(values.dense);
    out.put_text(kUncertain.cached);
    return out.bytes();
}

}  // namespace

TEST_CASE("a record with a value that can't be is skipped, and poisons nothing") {
    constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    std::vector<RecordValues> bad;
    const auto add = [&](auto RecordValues::*which, auto value) {
        RecordValues values;
        values.*which = static_cast<std::remove_reference_t<decltype(values.*which)>>(value);
        bad.push_back(values);
    };
    for (const double value : {kNan, kInfinity, -kInfinity, -0.1, 1e300}) {
        add(&RecordValues::false_share, value);
        add(&RecordValues::confidence, value);
        add(&RecordValues::share, value);
        add(&RecordValues::prior, value);
        add(&RecordValues::audited, value);
    }
    for (const double value : {0.0, 1.0}) {
        add(&RecordValues::false_share, value);
        add(&RecordValues::confidence, value);
    }
    add(&RecordValues::audited, 0.0);
    add(&RecordValues::audited, 1.5);
    add(&RecordValues::audited, -3.0);
    for (const float value : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(), 7.0F}) {
        add(&RecordValues::hashing, value);
    }
    add(&RecordValues::dense, -std::numeric_limits<float>::infinity());
    add(&RecordValues::dense, 3.0F);
    add(&RecordValues::right, 2);
    add(&RecordValues::right, -2);
    add(&RecordValues::right, -1);  // nothing known of any candidate

    TemporaryFolder folder;
    {
        store::RecordLog::Options options;
        options.file = folder.file("lessons");
        options.name = "lessons";
        auto log = store::RecordLog::open(options, [](std::string_view) {});
        REQUIRE(log.has_value());
        REQUIRE((*log)->append(record_of({})).has_value());
        for (const RecordValues& values : bad) REQUIRE((*log)->append(record_of(values)).has_value());
        const std::string whole = record_of({});
        for (std::size_t length = 0; length < whole.size(); ++length) {
            REQUIRE((*log)->append(whole.substr(0, length)).has_value());
        }
        REQUIRE((*log)->append(whole + "x").has_value());
        RecordValues audited;
        audited.audited = 1;
        REQUIRE((*log)->append(record_of(audited)).has_value());
        RecordValues praised;
        praised.audited = -2;
        praised.dense = 0.25F;
        REQUIRE((*log)->append(record_of(praised)).has_value());
    }
    const CapturedLog log;
    LearnerWorld world(folder.file("lessons"));
    const SemanticLearner::View view = world.view();
    CHECK(view.labels == 3);
    CHECK(view.audits == 1);
    const std::size_t skipped = bad.size() + record_of({}).size() + 1;
    CHECK(warnings.find(std::to_string(skipped) + " lessons in the log can't be used") != std::string::npos);
    // The gate works on.
    world.misses(200, true, world.promise);
    CHECK(world.view().state == State::proven);
    world.learner.reset();
}
