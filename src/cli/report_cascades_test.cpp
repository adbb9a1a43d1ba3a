#include <doctest/doctest.h>

#include "cli/report_command.h"

using namespace weir;
using namespace weir::cli;

namespace {

CascadeSection section() {
    CascadeSection section;
    section.asked = true;
    section.spent.answers = Usd{1'000'000'000};
    section.spent.passed_over = Usd{1};
    section.spent.audits = Usd{20'000'000};
    section.spent.judges = Usd{300'000};
    admin::CourseReport report;
    report.course = "c harm p/cheap > p/big";
    report.name = *cascade::parse_course_name(report.course);
    admin::CascadeFigures& total = report.total;
    total.ledger.requests = 10;
    total.ledger.by_tier = {{"exact", 1}, {"p/cheap", 6}, {"reference", 3}};
    total.ledger.spent = section.spent;
    total.ledger.counterfactual = Usd{2'000'000'000};
    total.ledger.saved = Usd{979'699'999};
    total.served_worse = admin::Estimate{0.015, 0.005, 0.03, 200};
    total.all_worse = 0.009;
    total.fixed = {{"p/cheap", 0.94, {0.12, 0.1, 0.14, 300}}, {"p/mid", 0.6, {0.01, 0.005, 0.02, 300}}};
    total.best_fixed = 1;
    total.shuffle_worse = 0.072;
    total.held_out = 40;
    total.hold_out_saved = admin::Estimate{0.6, 0.5, 0.7, 40};
    total.hold_out_net = 0.58;
    total.hold_out_worse = admin::Estimate{0, 0, 0.08, 40};
    cascade::Decision proof;
    proof.kind = cascade::Decision::Kind::renewed;
    proof.unix_micros = 1'738'324'800'000'000;  // 2025-01-31 12:00
    proof.trials = 1'234;
    proof.known = 200;
    proof.promise = 0.02;
    proof.confidence = 0.9;
    proof.allowed = 0.025;
    proof.worse_bound = 0.0189;
    total.state = proof;
    admin::CascadeFigures task = total;
    task.task = 255;
    task.name = "reviews";
    task.state->state = "serving";
    task.state->task = 255;
    report.tasks.push_back(task);
    section.courses.push_back(report);
    return section;
}

bool says(const std::string& text, const char* words) {
    return text.find(words) != std::string::npos;
}

}  // namespace

TEST_CASE("what cheaper models have brought, for people") {
    const std::string text = render_cascades(section(), 4);
    for (const char* words :
         {"Cheaper models of cascade c before p/big: promised are at most 2.0 % harm, 90 % sure.",
          "Proved at 2025-01-31 12:00 by 1,234 trials, 200 of them known: at most 1.89 % of all answers are worse, "
          "2.50 % "
          "are allowed at present.",
          "reviews  serving        10  10.0 %   60.0 %     30.0 %  1.5 % (0.5 % to 3.0 %)   0.9 %      7.2 %",
          "p/mid                  60.0 %     1.0 % (0.5 % to 2.0 %)  best that keeps the promise",
          "Measured on 40 requests held out at random: the tiers save 60.0 % (50.0 % to 70.0 %) of the reference's "
          "cost, "
          "58.0 % net of proof;",
          "total                 $1.0203"}) {
        CAPTURE(words);
        CAPTURE(text);
        CHECK(says(text, words));
    }
    CHECK(render_cascades({}, 4).empty());
}

TEST_CASE("a certificate that was lost, a course that has none, a hold-out that is too small") {
    CascadeSection made = section();
    made.courses[0].total.state->kind = cascade::Decision::Kind::lost;
    made.courses[0].total.hold_out_saved.reset();
    made.courses[0].total.best_fixed.reset();
    const std::string lost = render_cascades(made, 4);
    CHECK(says(lost, "In shadow since 2025-01-31 12:00: not proved any more."));
    CHECK(says(lost, "40 requests were held out at random while the tiers served, too few to measure savings by;"));
    CHECK(says(lost, "the only one that keeps the promise"));
    made.courses[0].total.state.reset();
    made.courses[0].total.held_out = 0;
    CHECK(says(render_cascades(made, 4), "before p/big, by harm: nothing is proved yet."));
    CHECK(says(render_cascades(made, 4), "Nothing was held out while the tiers served."));
}

TEST_CASE("the same as JSON: money exact") {
    const std::string json = cascades_json(section());
    for (const char* words :
         {R"("passed_over_usd": "0.000000001")", R"("total_usd": "1.020300001")", R"("net_saved_usd": "0.979699999")",
          R"("served_worse": {"value": 0.015000, "low": 0.005000, "high": 0.030000, "seen": 200})",
          R"("task": "00000000000000ff", "name": "reviews")", R"("decision": "renewed", "at": "2025-01-31T12:00:00Z")",
          R"("hold_out": {"requests": 40, "saved": {"value": 0.600000)",
          R"("measure": "harm", "tiers": ["p/cheap"])"}) {
        CAPTURE(words);
        CAPTURE(json);
        CHECK(says(json, words));
    }
    CascadeSection none;
    none.asked = true;
    CHECK(says(cascades_json(none), R"("cascades": [])"));
}
