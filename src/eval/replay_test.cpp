#include "eval/replay.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "cascade/simulated_cascade_testing.h"
#include "learn/certificates.h"

using namespace weir;
using namespace weir::eval;
using cascade::SimulatedRun;
using cascade::SimulatedTask;

namespace {

constexpr std::size_t kRequests = 4'000;

SimulatedTask two_tiers() {
    SimulatedTask world;
    world.tiers = {{0.05, 0.6, 0.004, 0.4}, {0.3, 0.8, 0.002, 0.3}};
    return world;
}

cascade::Promise promise_of(double share, bool by_harm = true) {
    cascade::Promise promise;
    promise.disagreement = share;
    promise.confidence = 0.9;
    promise.by_harm = by_harm;
    return promise;
}

ReplayCandidate candidate_of(double promise) {
    ReplayCandidate candidate;
    candidate.cascade = "c";
    candidate.mode = cascade::Mode::serve;
    candidate.learned = {"p/small", "p/mid"};
    candidate.promise = promise_of(promise);
    return candidate;
}

// The log of a gateway that served this world under a promise: trials, and a request of a dollar for each.
struct Logged {
    ReplayLog log;
    SimulatedRun run;
    const ReplayReference& reference() const { return log.references.front(); }
};

Logged serve(const SimulatedTask& world, double promise, std::uint64_t seed) {
    Logged logged;
    cascade::PolicyLearner learner(cascade::options_for(world, promise));
    learn::RandomBits random(seed);
    cascade::RecordedCourse course;
    course.name = "c harm p/small p/mid > p/large";
    for (std::size_t i = 0; i < kRequests; ++i) {
        course.trials.push_back(cascade::play(world, learner, random, logged.run));
    }
    logged.log.courses.push_back(std::move(course));
    ReplayReference reference;
    reference.name = "p/large";
    reference.requests = kRequests;
    reference.latency_micros = 1e6 * kRequests;
    ReplayTask& task = reference.tasks[world.task];
    task.requests = kRequests;
    task.reference_usd = kRequests;
    reference.spent_usd = logged.run.spent;
    logged.log.references.push_back(std::move(reference));
    for (const char* const model : {"p/small", "p/mid", "p/large"}) {
        ModelTimes& times = logged.log.models[model];
        times.answers = 1'000;
        const double micros = model == std::string("p/large") ? 2e6 : 5e5;
        times.sum_micros = micros * 1'000;
        times.squares = micros * micros * 1'000;
    }
    return logged;
}

bool within(const std::optional<Interval>& interval, double value, double slack = 0) {
    return interval && value >= interval->low - slack && value <= interval->high + slack;
}

}  // namespace

TEST_CASE("another promise: what a gateway under it really comes to lies within the intervals") {
    const SimulatedTask world = two_tiers();
    std::size_t saved = 0, late = 0, runs = 12;
    for (std::uint64_t seed = 1; seed <= runs; ++seed) {
        const Logged logged = serve(world, 0.003, seed);  // hardly anything is served
        const Logged truth = serve(world, 0.06, 1'000 + seed);
        const ReplayLine line = replay(logged.log, logged.reference(), candidate_of(0.06), seed);
        REQUIRE(line.usd);
        CHECK(line.cant_tell.empty());
        CHECK(line.serves);
        CHECK(line.baseline_usd == doctest::Approx(kRequests));
        CHECK(line.was_saved == doctest::Approx(logged.run.saved()));
        // Another run of the same gateway differs by chance too: its own draws, when certificates come.
        saved += within(line.saved, truth.run.saved(), 0.03);
        late += within(line.worse, truth.run.harm(), 0.005);
        CHECK(line.saved->mean > line.was_saved + 0.02);
        CHECK(line.saved->low < line.saved->mean);
        CHECK(line.micros->mean > 5e5);
        CHECK(line.micros->mean < 2.5e6);
        double served = 0;
        for (const auto& [tier, share] : line.served) served += share;
        CHECK(served == doctest::Approx(1));
    }
    CHECK(saved >= runs - 2);
    CHECK(late >= runs - 2);
}

TEST_CASE("the promise that was in force: what was, comes out again") {
    const Logged logged = serve(two_tiers(), 0.04, 3);
    const ReplayLine line = replay(logged.log, logged.reference(), candidate_of(0.04), 1);
    CHECK(within(line.saved, logged.run.saved(), 0.04));
    CHECK(within(line.worse, line.was_worse, 0.005));
    CHECK(line.saved_last_third->mean > line.saved->mean);  // young tasks save less
    CHECK(line.proof_usd > 0);
}

TEST_CASE("a fixed threshold is scored without a certificate") {
    const SimulatedTask world = two_tiers();
    const Logged logged = serve(world, 0.02, 5);
    ReplayCandidate candidate = candidate_of(0.02);
    candidate.learned.clear();
    candidate.fixed = {{"p/small", -0.1}};
    const ReplayLine line = replay(logged.log, logged.reference(), candidate, 1);
    const SimulatedTask::Tier& small = world.tiers[0];
    CHECK(within(line.saved, small.certain - small.price, 0.01));
    CHECK(within(line.worse, small.certain * small.worse_certain, 0.002));
    CHECK(line.proof_usd == 0);
    CHECK_FALSE(line.serves);
}

TEST_CASE("other prices change dollars, not what is worse") {
    const Logged logged = serve(two_tiers(), 0.02, 6);
    ReplayCandidate dearer = candidate_of(0.02);
    dearer.price_factor = {{"p/large", 2.0}, {"p/small", 2.0}, {"p/mid", 2.0}};
    const ReplayLine once = replay(logged.log, logged.reference(), candidate_of(0.02), 1);
    const ReplayLine twice = replay(logged.log, logged.reference(), dearer, 1);
    CHECK(twice.baseline_usd == doctest::Approx(2 * once.baseline_usd));
    CHECK(twice.usd->mean == doctest::Approx(2 * once.usd->mean));
    CHECK(twice.worse->mean == doctest::Approx(once.worse->mean));
}

TEST_CASE("what the log does not know is not told") {
    const Logged logged = serve(two_tiers(), 0.02, 7);
    SUBCASE("a model that was never tried") {
        ReplayCandidate candidate = candidate_of(0.02);
        candidate.learned = {"p/other"};
        const ReplayLine line = replay(logged.log, logged.reference(), candidate, 1);
        CHECK_FALSE(line.usd);
        CHECK_FALSE(line.worse);
        REQUIRE(line.cant_tell.size() == 1);
        CHECK(line.cant_tell[0].find("p/other: the log has no trials of it that look for harm; needs about " +
                                     std::to_string(trials_to_prove(0.02, 0.9)) + " audits") == 0);
    }
    SUBCASE("beside one that was") {
        ReplayCandidate candidate = candidate_of(0.02);
        candidate.learned = {"p/other", "p/small"};
        const ReplayLine line = replay(logged.log, logged.reference(), candidate, 1);
        CHECK(line.usd);
        REQUIRE(line.cant_tell.size() == 1);
        CHECK(line.cant_tell[0].find("p/other") == 0);
        CHECK_FALSE(line.served.contains("p/other"));
    }
    SUBCASE("another measure") {
        ReplayCandidate candidate = candidate_of(0.02);
        candidate.promise = promise_of(0.02, false);
        const ReplayLine line = replay(logged.log, logged.reference(), candidate, 1);
        CHECK_FALSE(line.usd);
        REQUIRE(line.cant_tell.size() == 2);
        CHECK(line.cant_tell[0].find("that look for disagreement") != std::string::npos);
    }
    SUBCASE("a promise that is too strict for what was seen") {
        const ReplayLine line = replay(logged.log, logged.reference(), candidate_of(0.0002), 1);
        REQUIRE(line.usd);
        CHECK_FALSE(line.serves);
        REQUIRE(line.cant_tell.size() == 1);
        CHECK(line.cant_tell[0].find("whether 0.02 % can be kept") == 0);
        CHECK(line.served.at("reference") == doctest::Approx(1));
    }
    SUBCASE("a cache that was never looked into") {
        ReplayCandidate candidate = candidate_of(0.02);
        candidate.exact = candidate.semantic = true;
        const ReplayLine line = replay(logged.log, logged.reference(), candidate, 1);
        REQUIRE(line.cant_tell.size() == 2);
        CHECK(line.cant_tell[0].find("what exact would have answered") == 0);
        CHECK(line.cant_tell[1].find("what semantic would have answered") == 0);
    }
    SUBCASE("tasks without trials") {
        Logged more = logged;
        more.log.references[0].tasks[99].requests = 1'000;
        more.log.references[0].tasks[99].reference_usd = 1'000;
        more.log.references[0].requests += 1'000;
        const ReplayLine line = replay(more.log, more.reference(), candidate_of(0.02), 1);
        REQUIRE(line.cant_tell.size() == 1);
        CHECK(line.cant_tell[0].find("1e+03 requests are of tasks without a usable trial") == 0);
    }
}

TEST_CASE("caches: those of the log stay, those that were only looked into begin to serve") {
    ReplayLog log;
    ReplayReference reference;
    reference.name = "p/large";
    reference.requests = 100;
    ReplayTask& task = reference.tasks[1];
    task = {100, 20, 0, 10, 5, 100.0, 25.0, 0, 15.0, 5.0};
    reference.looked_up_exact = reference.looked_up_semantic = 80;
    reference.spent_usd = 75;
    log.references.push_back(reference);
    ReplayCandidate candidate;
    candidate.cascade = "c";
    candidate.mode = cascade::Mode::serve;
    SUBCASE("exact alone") {
        candidate.exact = true;
        const ReplayLine line = replay(log, log.references[0], candidate, 1);
        CHECK(line.usd->mean == doctest::Approx(60));
        CHECK(line.usd->low == doctest::Approx(60));
        CHECK(line.served.at("exact") == doctest::Approx(0.3));
        CHECK(line.cant_tell.empty());
    }
    SUBCASE("both") {
        candidate.exact = candidate.semantic = true;
        CHECK(replay(log, log.references[0], candidate, 1).usd->mean == doctest::Approx(55));
    }
    SUBCASE("none, or not in service") {
        CHECK(replay(log, log.references[0], candidate, 1).usd->mean == doctest::Approx(100));
        candidate.exact = true;
        candidate.mode = cascade::Mode::observe;
        CHECK(replay(log, log.references[0], candidate, 1).usd->mean == doctest::Approx(100));
    }
}

TEST_CASE("how many trials a promise takes") {
    for (const double promise : {0.005, 0.02, 0.05, 0.2}) {
        const std::size_t trials = trials_to_prove(promise, 0.95);
        const auto worse = static_cast<std::size_t>(promise / 2 * static_cast<double>(trials));
        CHECK(learn::share_upper_bound(worse, trials, 0.05) <= promise);
        CHECK(trials < trials_to_prove(promise / 2, 0.95));
        CHECK(trials > trials_to_prove(promise, 0.8));
    }
}
