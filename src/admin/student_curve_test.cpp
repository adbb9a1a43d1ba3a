#include "admin/student_curve.h"

#include <doctest/doctest.h>

#include "json/scan.h"

using namespace weir;

namespace {

constexpr Micros kSecond = 1'000'000;

cascade::Trial trial(std::uint64_t task, std::uint32_t at, bool worse) {
    cascade::Trial of;
    of.task = task;
    of.unix_seconds = at;
    of.known = of.everything = true;
    of.tiers[1].asked = of.tiers[1].graded = true;
    of.tiers[1].worse = worse;
    return of;
}

}  // namespace

TEST_CASE("a student's answers, told apart by the version that gave them") {
    gateway::Students::View view;
    view.key = {"acme", "default", "p/big", 7, 0, 0};
    view.examples = 60;
    view.versions = {{1'000 * kSecond, 40, 500}, {2'000 * kSecond, 60, 700}};
    gateway::StudentCourse of;
    of.name = "default disagreement p/small student > p/big";
    of.promise.disagreement = 0.05;
    const gateway::StudentLife life = gateway::student_life(view, of);
    cascade::RecordedCourse course{of.name, 1, {}};
    for (const std::uint32_t at : {10U, 1'200U, 1'300U, 1'400U, 2'500U, 2'600U}) {
        course.trials.push_back(trial(7, at, at == 1'300));
        course.trials.push_back(trial(8, at, true));  // another task's
    }
    course.trials.push_back(trial(7, 0, true));  // nobody knows when
    cascade::Trial served = trial(7, 2'700, true);
    served.everything = false;
    served.in_force = true;
    served.served = 1;
    course.trials.push_back(served);
    const std::string told = admin::render_student_curve(life, course);
    std::vector<json::Member> members;
    CHECK(json::members(told, members));
    CHECK(told.find(R"("examples":40,"bytes":500,"compared":{"answers":3,"differ":1,)") != std::string::npos);
    CHECK(told.find(R"("examples":60,"bytes":700,"compared":{"answers":2,"differ":0,)") != std::string::npos);
    CHECK(told.find(R"("audited":{"answers":1,"differ":1,)") != std::string::npos);
    CHECK(told.find(R"("promise":0.05)") != std::string::npos);
}

TEST_CASE("of a student from before versions were kept there is one; of none there is none") {
    gateway::Students::View view;
    view.key = {"acme", "default", "p/big", 7, 0, 0};
    CHECK(admin::render_student_curve(gateway::student_life(view, {}), {})
              .ends_with(R"("course":null,"promise":null,"versions":[]})"));
    view.examples = 50;
    view.bytes = 9;
    view.trained_unix_micros = kSecond;
    CHECK(admin::render_student_curve(gateway::student_life(view, {}), {})
              .find(R"("versions":[{"trained_unix_us":1000000,"examples":50,"bytes":9,)") != std::string::npos);
}
