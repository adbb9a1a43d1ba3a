#include "learn/hit_gate.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>

#include "learn/random_bits.h"

using namespace weir::learn;

namespace {

struct World {
    double error_factor =
        1;  // wrong with probability factor * (1 - score)^3, so of those above t factor * (1 - t)^3 / 4
    double later_factor = 1;  // the same in the second half
    int look_ups = 20'000;
    double audit = 0.05;
};

struct Outcome {
    double served = 0, wrong = 0;            // counts
    double late_served = 0, late_wrong = 0;  // of the last quarter
    std::uint64_t closures = 0;
};

Outcome live(const World& world, HitGate& gate, std::uint64_t seed) {
    RandomBits random(seed);
    Outcome outcome;
    for (int i = 0; i < world.look_ups; ++i) {
        const double score = random.uniform();
        const double factor = i < world.look_ups / 2 ? world.error_factor : world.later_factor;
        const bool wrong = random.chance(factor * (1 - score) * (1 - score) * (1 - score));
        const bool served = gate.serves(score);
        const std::uint64_t id = gate.looked_up(score);
        if (served) {
            outcome.served += 1;
            outcome.wrong += wrong ? 1 : 0;
            if (i >= world.look_ups * 3 / 4) {
                outcome.late_served += 1;
                outcome.late_wrong += wrong ? 1 : 0;
            }
            if (random.chance(world.audit)) gate.revealed(id, wrong, world.audit);
        } else {
            gate.revealed(id, wrong, std::nullopt);
        }
    }
    outcome.closures = gate.closures();
    return outcome;
}

HitGate::Options options_for(double promise) {
    HitGate::Options options;
    options.promise = promise;
    options.least_audit = 0.05;
    return options;
}

}  // namespace

TEST_CASE("a gate without prior opens by itself, keeps its promise, and serves a good part of what it could") {
    int broken = 0;
    double served = 0;
    constexpr int kSeeds = 60;
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
        HitGate gate(options_for(0.02));
        const Outcome outcome = live({}, gate, seed);
        broken += outcome.wrong > 0.02 * outcome.served ? 1 : 0;
        served += outcome.served / 20'000 / kSeeds;
        CHECK(outcome.closures == 0);
    }
    CHECK(broken <= kSeeds / 10);
    CHECK(served > 0.15);  // 0.43 with knowledge of everything from the beginning
}

TEST_CASE("a wrong prior is found out and closed, and the gate comes back with proof") {
    HitGate::Options options = options_for(0.02);
    options.prior_threshold = 0.2;  // false share 12.8 %
    int closed = 0, reopened = 0, late_broken = 0;
    constexpr int kSeeds = 40;
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
        HitGate gate(options);
        const Outcome outcome = live({}, gate, seed + 500);
        // Either a proof moved the threshold first, or the monitor closed it.
        closed += outcome.closures > 0 || gate.threshold() > 0.5 ? 1 : 0;
        reopened += gate.state() == HitGate::State::proven ? 1 : 0;
        late_broken += outcome.late_wrong > 0.02 * outcome.late_served + 3 ? 1 : 0;
    }
    CHECK(closed == kSeeds);
    CHECK(reopened >= kSeeds * 8 / 10);
    CHECK(late_broken <= kSeeds / 10);
}

// What this threshold lets through in `world` after the change: the mean of min(1, factor (1 - score)^3) above it.
double false_share_above(double threshold, const World& world) {
    constexpr int kSteps = 10'000;
    double sum = 0;
    for (int i = 0; i < kSteps; ++i) {
        const double far = (1 - threshold) * (i + 0.5) / kSteps;
        sum += std::min(1.0, world.later_factor * far * far * far);
    }
    return sum / kSteps;
}

TEST_CASE("drift: the world turns ten times worse, and no gate is left open on what was proven before") {
    World world;
    world.later_factor = 10;  // hits above 0.6, before within 2 %, now are 16 % wrong
    world.look_ups = 40'000;
    world.audit = 0.2;
    int open = 0;
    double late_served = 0, late_wrong = 0;
    constexpr int kSeeds = 60;
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
        HitGate::Options options = options_for(0.02);
        options.least_audit = 0.2;
        HitGate gate(options);
        const Outcome outcome = live(world, gate, seed + 900);
        late_served += outcome.late_served;
        late_wrong += outcome.late_wrong;
        CAPTURE(seed);
        if (gate.threshold() > 1) continue;
        ++open;
        // No tolerance: it is computed, not sampled. (A certificate may be wrong once in twenty; that none of these is
        // shows how much less than its alpha the union over occasions and starts uses.)
        CHECK(false_share_above(gate.threshold(), world) <= 0.02);
    }
    CHECK(open >= kSeeds * 8 / 10);  // and they do come back
    // Over all gates, those that were slow to see it among them.
    CHECK(late_wrong <= 0.02 * late_served);
}

TEST_CASE("a proof that its window has outlived gives way to a stricter one, or to none") {
    HitGate::Options options = options_for(0.05);
    options.window = 1000;
    options.first_proof = 200;
    HitGate gate(options);
    RandomBits random(3);
    // Nothing is audited, so that no monitor can see it: misses alone say what is wrong.
    const auto live_on = [&](int look_ups, double wrong_below) {
        for (int i = 0; i < look_ups; ++i) {
            const double score = random.uniform();
            gate.revealed(gate.looked_up(score), score < wrong_below, std::nullopt);
        }
    };
    live_on(1000, 0.3);
    REQUIRE(gate.state() == HitGate::State::proven);
    const double before = gate.threshold();
    REQUIRE(before < 0.4);
    live_on(900, 0.7);
    CHECK(gate.threshold() <= before);  // some of the look-ups that proved it are in the window yet
    live_on(2000, 0.7);
    CHECK(gate.state() == HitGate::State::proven);
    CHECK(gate.threshold() > 0.6);
    live_on(4000, 1);
    CHECK(gate.state() == HitGate::State::prior);
    CHECK(gate.threshold() == std::numeric_limits<double>::infinity());
}

TEST_CASE("a gate that is told to close serves nothing until new outcomes prove it") {
    HitGate::Options options = options_for(0.1);
    options.prior_threshold = 0.5;
    HitGate gate(options);
    for (int i = 0; i < 100; ++i) gate.revealed(gate.looked_up(0.9), false, std::nullopt);
    gate.close();
    CHECK(gate.state() == HitGate::State::closed);
    CHECK_FALSE(gate.serves(1));
    for (int i = 0; i < 149; ++i) gate.revealed(gate.looked_up(0.9), false, std::nullopt);
    CHECK_FALSE(gate.serves(1));
    gate.revealed(gate.looked_up(0.9), false, std::nullopt);
    CHECK(gate.state() == HitGate::State::proven);
    CHECK(gate.serves(0.9));
}

TEST_CASE("the monitor: false alarms are as rare as promised, real ones come soon") {
    int alarms = 0;
    constexpr int kStreams = 400;
    for (std::uint64_t seed = 0; seed < kStreams; ++seed) {
        HitMonitor monitor({0.05, 0.05, 1e9, 0.1});
        RandomBits random(seed);
        for (int i = 0; i < 3000; ++i) monitor.audited(random.chance(0.05), 0.1);
        alarms += monitor.broken() ? 1 : 0;
    }
    CHECK(alarms <= kStreams * 5 / 100 + 9);  // two standard deviations

    // A long good time does not hide a change.
    HitMonitor monitor({0.02, 0.05, 10'000, 0.1});
    RandomBits random(7);
    for (int i = 0; i < 5000; ++i) monitor.audited(random.chance(0.002), 0.1);
    REQUIRE_FALSE(monitor.broken());
    int until = 0;
    for (; until < 1000 && !monitor.broken(); ++until) monitor.audited(random.chance(0.2), 0.1);
    CHECK(until < 120);
    monitor.restart();
    CHECK_FALSE(monitor.broken());
    CHECK(monitor.audits() == 0);
}

TEST_CASE("ids that were forgotten, answered twice or never given are ignored") {
    HitGate::Options options = options_for(0.5);
    options.window = 10;
    options.first_proof = 1;
    HitGate gate(options);
    const std::uint64_t first = gate.looked_up(0.5);
    for (int i = 0; i < 20; ++i) gate.looked_up(0.5);
    gate.revealed(first, true, std::nullopt);
    gate.revealed(12345, true, std::nullopt);
    CHECK(gate.proofs() == 0);
    const std::uint64_t last = gate.looked_up(0.5);
    gate.revealed(last, false, std::nullopt);
    gate.revealed(last, false, std::nullopt);
    CHECK(gate.proofs() == 1);
    CHECK(gate.threshold() == std::numeric_limits<double>::infinity());
}
