#include "admin/student_requests.h"

#include <doctest/doctest.h>

#include "admin/admin_handler.h"
#include "json/scan.h"

using namespace weir;
using namespace weir::admin;

TEST_CASE("what is asked for of a student, by its path") {
    const auto demote = parse_student_request("/api/students/0f-1/demote");
    REQUIRE(demote);
    CHECK(demote->student == "0f-1");
    CHECK(demote->action == StudentAction::demote);
    CHECK(parse_student_request("/api/students/0f/promote")->action == StudentAction::promote);
    CHECK(parse_student_request("/api/students/0f/rollback")->action == StudentAction::rollback);
    for (const std::string path : {"/api/students/", "/api/students/0f", "/api/students/0f/", "/api/students/0f/retire",
                                   "/api/students//demote", "/api/students/0f/demote/", "/api/students/a/b/demote"}) {
        CAPTURE(path);
        REQUIRE_FALSE(parse_student_request(path));
        CHECK(parse_student_request(path).error().code == ErrorCode::not_found);
    }
    CHECK(parse_student_request("/api/students/" + std::string(kMostStudentName, 'a') + "/demote"));
    CHECK_FALSE(parse_student_request("/api/students/" + std::string(kMostStudentName + 1, 'a') + "/demote"));
}

TEST_CASE("students as JSON: what is not known is null") {
    gateway::Students::View view;
    view.key = {"ac\"me", "default", "fake/big", 7, 0, 0};
    view.kept = 12;
    view.wanted = 40;
    gateway::StudentCourse course;
    const std::string early = render_students({gateway::student_life(view, course)});
    std::vector<json::Member> members;
    REQUIRE(json::members(early, members));
    CHECK(early.find(R"("tenant":"ac\"me")") != std::string::npos);
    CHECK(early.find(
              R"("state":"observe","state_since_unix_us":null,"why":"12 of 40 examples","kind":null,"examples":0)") !=
          std::string::npos);
    CHECK(early.find(R"("gate":null,)") != std::string::npos);
    CHECK(early.find(R"("reference_repeats":null})") != std::string::npos);
    view.examples = 40;
    view.trained_unix_micros = 5;
    view.itself.all = {120, 5};
    view.itself.drawn = {3, 1};
    course.name = "default disagreement student > fake/big";
    course.trials = 30;
    course.graded.add(true, 1);
    const std::string later = render_students({gateway::student_life(view, course)});
    REQUIRE(json::members(later, members));
    CHECK(later.find(R"("state":"shadow","state_since_unix_us":5)") != std::string::npos);
    CHECK(later.find(R"("disagreement":{"answers":1,"differ":1,"share":1,)") != std::string::npos);
    CHECK(later.find(
              R"("drawn":3,"drawn_differ":1,"says":"the reference agrees with itself on 95.8 % of 120 repeats")") !=
          std::string::npos);
    CHECK(render_students({}) == R"({"students":[]})");
}
