#include <doctest/doctest.h>

#include "admin/admin_handler.h"

using namespace weir;
using namespace weir::admin;

TEST_CASE("what is asked of the log of decisions") {
    CHECK(parse_decision_query("")->course.empty());
    CHECK(parse_decision_query("")->most == 100);
    const auto query = parse_decision_query("course=c+harm%20a%2Fb&task=f0000000000000aF&most=4096");
    REQUIRE(query.has_value());
    CHECK(query->course == "c harm a/b");
    CHECK(query->task == 0xf0000000000000afU);
    CHECK(query->most == 4096);
    for (const char* wrong : {"curse=c", "course=%", "course=%4", "course=%zz", "task=1", "task=0123456789abcdeg",
                              "most=0", "most=4097", "most=-1", "most=", "most=1x", "x", "&"}) {
        CAPTURE(wrong);
        CHECK_FALSE(parse_decision_query(wrong).has_value());
    }
}

TEST_CASE("decisions as JSON: of a task with its state, of a course without") {
    cascade::Decision decision;
    decision.kind = cascade::Decision::Kind::promoted;
    decision.unix_micros = 17;
    decision.course = "c \"x\"";
    decision.task = 255;
    decision.state = "serving";
    decision.ladder = "a > b";
    decision.share = 0.1;
    const std::string numbers =
        R"("promise":0,"confidence":0,"trials":0,"known":0,"allowed_now":0,"worse_seen":0,"worse_at_most":1,)"
        R"("worse_so_far_at_most":0})";
    CHECK(render_decisions({decision}) ==
          R"({"decisions":[{"unix_us":17,"decision":"promoted","course":"c \"x\"","task":"00000000000000ff",)"
          R"("state":"serving","ladder":"a > b","share":0.1,)" +
              numbers + "]}");
    decision.task = 0;
    CHECK(render_decisions({decision, decision}).find("state") == std::string::npos);
    CHECK(render_decisions({}) == R"({"decisions":[]})");
}
