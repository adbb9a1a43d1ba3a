// The router's curve and its evaluator.
#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include "eval/route_curve.h"
#include "eval/route_eval.h"
#include "learn/random_bits.h"

using namespace weir;
using namespace weir::eval;

namespace {

using Truths = std::vector<bool>;

double apgr_of(std::vector<double> scores, const Truths& weak, const Truths& strong) {
    return apgr(scores, weak, strong);
}

CascadeRow row(std::string prompt, bool weak, bool strong, std::string task = "t") {
    CascadeRow made;
    made.id = prompt;
    made.task = std::move(task);
    made.prompt = std::move(prompt);
    made.models.resize(2);
    made.models[0].correct = weak;
    made.models[1].correct = strong;
    return made;
}

// The strong model helps with tax and with nothing else.
std::vector<CascadeRow> tax_rows(std::size_t count) {
    learn::RandomBits random(3);
    std::vector<CascadeRow> rows;
    for (std::size_t i = 0; i < count; ++i) {
        const bool tax = random.chance(0.5);
        std::string text = tax ? "the tax on income" : "the leaf of a plant";
        for (int word = 0; word < 6; ++word) text += " w" + std::to_string(random.below(40));
        rows.push_back(row(text, !tax || random.chance(0.3), tax || random.chance(0.95)));
    }
    return rows;
}

}  // namespace

TEST_CASE("APGR against values computed by hand") {
    // Four requests, one to gain. First: recovered 1, 1, 1, 1 of 1 at 1/4 .. 4/4: 1/8 + 3/4. Last: 1/8.
    CHECK(apgr_of({4, 3, 2, 1}, {false, true, true, true}, {true, true, true, true}) == doctest::Approx(0.875));
    CHECK(apgr_of({1, 2, 3, 4}, {false, true, true, true}, {true, true, true, true}) == doctest::Approx(0.125));
    // A loss first: recovered -1, 0, 1 of 1 at thirds: (-0.5 - 0.5 + 0.5) / 3.
    CHECK(apgr_of({3, 2, 1}, {true, false, false}, {false, true, true}) == doctest::Approx(-0.5 / 3));
    // The other way round it recovers 1, 2, 1: more than the whole gap on the way.
    CHECK(apgr_of({1, 2, 3}, {true, false, false}, {false, true, true}) == doctest::Approx(3.5 / 3));
    // Equal scores move together, whatever the order of rows; only the order of scores counts.
    CHECK(apgr_of({5, 5, 5}, {true, false, false}, {false, true, true}) == doctest::Approx(0.5));
    CHECK(apgr_of({7, 5, 5, 0}, {false, false, true, true}, {true, true, true, true}) ==
          doctest::Approx((0.25 + 1.5 + 1) / 4));
    CHECK(apgr_of({7, 5, 5, 0}, {false, true, false, true}, {true, true, true, true}) ==
          doctest::Approx((0.25 + 1.5 + 1) / 4));
    CHECK(apgr_of({-1e9, -2e9}, {false, true}, {true, true}) == doctest::Approx(0.75));
    CHECK(std::isnan(apgr_of({1, 2}, {true, false}, {false, true})));
    CHECK(std::isnan(apgr_of({}, {}, {})));
}

TEST_CASE("random scores recover half on the mean") {
    learn::RandomBits random(1);
    Truths weak, strong;
    for (int i = 0; i < 500; ++i) {
        weak.push_back(random.chance(0.6));
        strong.push_back(random.chance(0.9));
    }
    double sum = 0;
    for (int round = 0; round < 200; ++round) {
        std::vector<double> scores(500);
        for (double& each : scores) each = random.uniform();
        sum += apgr(scores, weak, strong);
    }
    CHECK(sum / 200 == doctest::Approx(0.5).epsilon(0.02));
}

TEST_CASE("calibration error against values computed by hand") {
    const std::vector<double> probabilities{0.9, 0.9, 0.1, 0.1};
    CHECK(calibration_error(probabilities, {true, true, false, false}, 2) == doctest::Approx(0.1));
    CHECK(calibration_error(probabilities, {false, false, true, true}, 2) == doctest::Approx(0.9));
    CHECK(calibration_error(probabilities, {true, true, false, false}, 1) == doctest::Approx(0));
    CHECK(calibration_error({}, {}, 10) == 0);
}

TEST_CASE("the evaluator: learns what can be learned, the same for the same seed, folds as well as labels") {
    const std::vector<CascadeRow> rows = tax_rows(400);
    const FakeClock clock;
    RoutePlay play;
    play.labels = 200;
    play.redraws = 3;
    const auto one = evaluate_router(rows, play, clock), two = evaluate_router(rows, play, clock);
    REQUIRE(one);
    REQUIRE(two);
    CHECK(one->apgr.mean > 0.7);
    CHECK(one->apgr.low <= one->apgr.mean);
    CHECK(one->apgr.high >= one->apgr.mean);
    CHECK(one->apgr.mean == two->apgr.mean);
    CHECK(one->length_apgr.mean < 0.65);
    CHECK(one->labels == 200);
    CHECK(one->strong_accuracy > one->weak_accuracy);
    CHECK(one->fit_millis == 0);  // by the clock that was given
    play.seed = 2;
    CHECK(evaluate_router(rows, play, clock)->apgr.mean != one->apgr.mean);
    play.folds = 5;
    const auto folds = evaluate_router(rows, play, clock);
    REQUIRE(folds);
    CHECK(folds->apgr.mean > 0.7);
    CHECK(folds->labels == 320);
}

TEST_CASE("labels of the rows that are scored are not looked at") {
    std::vector<CascadeRow> rows = tax_rows(300);
    learn::RandomBits random(4);
    // Without anything to learn from the text, the curve is that of chance.
    for (CascadeRow& each : rows) {
        each.models[0].correct = random.chance(0.5);
        each.models[1].correct = random.chance(0.8);
    }
    RoutePlay play;
    play.labels = 150;
    play.redraws = 40;
    const auto summary = evaluate_router(rows, play, FakeClock());
    REQUIRE(summary);
    CHECK(summary->apgr.mean > 0.4);
    CHECK(summary->apgr.mean < 0.6);
}

TEST_CASE("what can't be evaluated is said") {
    std::vector<CascadeRow> rows = tax_rows(30);
    const FakeClock clock;
    RoutePlay play;
    CHECK(evaluate_router(rows, play, clock).error().message.find("--folds") != std::string::npos);
    play.labels = 0;
    CHECK_FALSE(evaluate_router(rows, play, clock));
    play.labels = 10;
    play.redraws = 0;
    CHECK_FALSE(evaluate_router(rows, play, clock));
    play.redraws = 1;
    CHECK(evaluate_router(rows, play, clock));
    for (const std::size_t folds : {0U, 1U, 31U}) {
        play.folds = folds;
        CHECK_FALSE(evaluate_router(rows, play, clock));
    }
    play.folds.reset();
    std::vector<CascadeRow> equal;
    for (int i = 0; i < 30; ++i) equal.push_back(row("p" + std::to_string(i), true, true));
    CHECK(evaluate_router(equal, play, clock).error().message.find("no gap") != std::string::npos);
    rows[3].models[1].correct.reset();
    CHECK(evaluate_router(rows, play, clock).error().message.find(rows[3].id) != std::string::npos);
}
