#include "admin/cascade_report.h"

#include <doctest/doctest.h>

#include "base/folder_testing.h"
#include "base/hash.h"
#include "learn/random_bits.h"

using namespace weir;
using namespace weir::admin;
using cascade::kReference;
using cascade::Trial;

namespace {

const std::string kCourse = "c harm p/cheap p/mid > p/big";
constexpr std::uint32_t kNow = 1'700'000'000;

Trial trial_of(std::uint64_t task, int served) {
    Trial trial;
    trial.task = task;
    trial.unix_seconds = kNow;
    trial.served = served;
    trial.in_force = true;
    trial.reference_usd = 1;
    if (served != kReference) trial.tiers[static_cast<std::size_t>(served)].asked = true;
    return trial;
}

void grade(Trial& trial, std::size_t tier, bool worse, double cost) {
    trial.tiers[tier].asked = trial.tiers[tier].graded = true;
    trial.tiers[tier].worse = worse;
    trial.tiers[tier].cost_usd = cost;
}

Trial held_out(std::uint64_t task, bool cheap_worse, bool mid_worse, int would_serve) {
    Trial trial = trial_of(task, kReference);
    trial.known = trial.everything = true;
    grade(trial, 0, cheap_worse, 0.1);
    grade(trial, 1, mid_worse, 0.4);
    trial.would_serve = would_serve;
    trial.would_cost_usd = would_serve == kReference ? 1.1 : would_serve == 0 ? 0.1 : 0.5;
    return trial;
}

cascade::RecordedCourse course_of(std::deque<Trial> trials) {
    return {kCourse, cascade::course_number(kCourse), std::move(trials)};
}

cascade::Decision certified(double promise) {
    cascade::Decision decision;
    decision.kind = cascade::Decision::Kind::certified;
    decision.course = kCourse;
    decision.promise = promise;
    return decision;
}

}  // namespace

TEST_CASE("what was served is judged by audits and the hold-out, each weighted for its coin") {
    std::deque<Trial> trials;
    for (int i = 0; i < 100; ++i) trials.push_back(trial_of(7, 0));  // nothing is known of these
    for (int i = 0; i < 10; ++i) {
        Trial audited = trial_of(7, 0);
        audited.known = true;
        audited.known_probability = i == 0 ? 0.5 : 0.1;  // the worse one was audited more often than the others
        grade(audited, 0, i == 0, 0.1);
        trials.push_back(audited);
    }
    const auto reports = cascade_reports({course_of(trials)}, {}, {}, {});
    REQUIRE(reports.size() == 1);
    const CascadeFigures& total = reports[0].total;
    CHECK(total.trials == 110);
    CHECK(total.served == 110);
    CHECK(total.known == 10);
    REQUIRE(total.served_worse.has_value());
    CHECK(total.served_worse->value == doctest::Approx(2.0 / 92));
    CHECK(total.served_worse->low > 0);
    CHECK(total.served_worse->high > 0.05);
    CHECK(total.served_worse->seen == 10);
    CHECK(*total.all_worse == doctest::Approx(2.0 / 92));
    CHECK_FALSE(total.shuffle_worse.has_value());
    CHECK(reports[0].tasks.size() == 1);
    CHECK_FALSE(total.state.has_value());
}

TEST_CASE("the hold-out: pairs of what was paid and would have been, and how good that would have been") {
    std::deque<Trial> trials;
    for (int i = 0; i < 50; ++i) trials.push_back(held_out(7, i % 10 == 0, false, i % 5 == 0 ? kReference : 0));
    trials.push_back(held_out(7, true, false, 0));
    store::CostLine costs;
    costs.cascade = "c";
    costs.reference = "p/big";
    costs.task = 7;
    costs.past_caches_counterfactual = Usd{1'000};
    costs.spent.audits = Usd{50};
    costs.spent.judges = Usd{25};
    store::CostLine other = costs;
    other.cascade = "another";
    const auto reports = cascade_reports({course_of(trials)}, {certified(0.02)}, {costs, other}, {});
    REQUIRE(reports.size() == 1);
    const CascadeFigures& total = reports[0].total;
    CHECK(total.held_out == 51);
    const double paid = (10 * 1.1 + 41 * 0.1) / 51;
    CHECK(total.hold_out_saved->value == doctest::Approx(1 - paid));
    CHECK(total.hold_out_saved->low < total.hold_out_saved->value);
    CHECK(total.hold_out_saved->high > total.hold_out_saved->value);
    CHECK(*total.hold_out_net == doctest::Approx(1 - paid - 0.075));
    CHECK(total.hold_out_worse->value == doctest::Approx(1.0 / 51));
    CHECK(total.ledger.spent.total() == Usd{75});
    CHECK(total.state->promise == 0.02);
}

TEST_CASE("few held-out requests say how good answers were, not what was saved") {
    std::deque<Trial> trials;
    for (std::size_t i = 0; i + 1 < kLeastHeldOut; ++i) trials.push_back(held_out(7, false, false, 0));
    const CascadeFigures few = cascade_reports({course_of(trials)}, {}, {}, {})[0].total;
    CHECK_FALSE(few.hold_out_saved.has_value());
    CHECK(few.hold_out_worse->seen == kLeastHeldOut - 1);
    trials.push_back(held_out(7, false, false, 0));
    CHECK(cascade_reports({course_of(trials)}, {}, {}, {})[0].total.hold_out_saved.has_value());
}

TEST_CASE("always the same model, and as many answers drawn at random: tasks count as often as they come") {
    std::deque<Trial> trials;
    for (int i = 0; i < 10; ++i) trials.push_back(held_out(1, i < 5, false, kReference));  // half of cheap's are worse
    for (int i = 0; i < 10; ++i) trials.push_back(held_out(2, false, i == 0, 0));
    for (int i = 0; i < 80; ++i) trials.push_back(trial_of(2, 0));
    const auto reports = cascade_reports({course_of(trials)}, {certified(0.09)}, {}, {});
    const CascadeFigures& total = reports[0].total;
    REQUIRE(total.fixed.size() == 2);
    CHECK(total.fixed[0].model == "p/cheap");
    CHECK(total.fixed[0].saved == doctest::Approx(0.9));
    CHECK(total.fixed[0].worse.value == doctest::Approx(0.05));  // a tenth of the traffic, half of it
    CHECK(total.fixed[1].worse.value == doctest::Approx(0.09));
    CHECK(total.best_fixed == 0);
    CHECK(*total.shuffle_worse == doctest::Approx(0.8 * 0.05));
    const CascadeFigures& first = reports[0].tasks[0].task == 1 ? reports[0].tasks[0] : reports[0].tasks[1];
    CHECK(first.fixed[0].worse.value == doctest::Approx(0.5));
    CHECK(first.best_fixed == 1);
    CHECK(*first.shuffle_worse == 0);
}

TEST_CASE("no answer at all counts against a model that always answers") {
    std::deque<Trial> trials;
    for (int i = 0; i < 10; ++i) {
        trials.push_back(held_out(1, false, false, kReference));
        if (i == 0) trials.back().tiers[0] = {};
    }
    const auto reports = cascade_reports({course_of(trials)}, {certified(0.02)}, {}, {});
    CHECK(reports[0].total.fixed[0].worse.value == doctest::Approx(0.1));
    CHECK(reports[0].total.best_fixed == 1);
}

TEST_CASE("only trials of the report's time count, and of several courses the latest is in charge") {
    std::deque<Trial> trials{trial_of(1, 0), trial_of(1, 0), trial_of(1, 0), trial_of(1, 0)};
    trials[0].unix_seconds = 0;
    trials[1].unix_seconds = kNow - 10;
    const Micros second = 1'000'000;
    cascade::RecordedCourse before = course_of({trial_of(1, 0)});
    before.name = "c harm p/cheap > p/big";
    before.trials[0].unix_seconds = kNow - 100;
    const std::vector<cascade::RecordedCourse> courses{before, course_of(trials)};
    const auto all = cascade_reports(courses, {}, {}, {});
    REQUIRE(all.size() == 1);
    CHECK(all[0].course == kCourse);
    CHECK(all[0].total.trials == 4);
    CHECK(cascade_reports(courses, {}, {}, {(kNow - 20) * second, INT64_MAX})[0].total.trials == 3);
    CHECK(cascade_reports(courses, {}, {}, {kNow * second, INT64_MAX})[0].total.trials == 2);
    CHECK(cascade_reports(courses, {}, {}, {(kNow + 1) * second, INT64_MAX}).empty());
    CHECK(cascade_reports(courses, {}, {}, {(kNow - 20) * second, kNow * second})[0].total.trials == 1);
}

TEST_CASE("the interval for what was served holds the truth") {
    // Audits depend on the risk, and the risk tells of the outcome: unweighted the share would be far off.
    learn::RandomBits random(11);
    int inside = 0;
    double sum = 0;
    constexpr int kRounds = 300;
    constexpr double kTruth = 0.5 * 0.01 + 0.5 * 0.07;
    for (int round = 0; round < kRounds; ++round) {
        std::deque<Trial> trials;
        for (int i = 0; i < 3'000; ++i) {
            const bool risky = random.chance(0.5);
            Trial trial = trial_of(1, 0);
            const double audit = risky ? 0.4 : 0.1;
            const bool bad = random.chance(risky ? 0.07 : 0.01);
            trial.known = random.chance(audit);
            trial.known_probability = audit;
            if (trial.known) grade(trial, 0, bad, 0.1);
            trials.push_back(trial);
        }
        const Estimate estimate = *cascade_reports({course_of(trials)}, {}, {}, {})[0].total.served_worse;
        inside += estimate.low <= kTruth && kTruth <= estimate.high;
        sum += estimate.value / kRounds;
    }
    CHECK(sum == doctest::Approx(kTruth).epsilon(0.03));
    CHECK(inside >= 0.94 * kRounds);
}

TEST_CASE("a folder without trials has nothing to report") {
    const TemporaryFolder folder;
    const auto reports = read_cascade_reports(folder.path(), {}, {});
    REQUIRE(reports.has_value());
    CHECK(reports->empty());
}
