#include "cli/top_view.h"

#include <doctest/doctest.h>

#include "cli/terminal.h"
#include "json/scan.h"

using namespace weir;
using namespace weir::cli;

namespace {

constexpr std::string_view kCascades =
    R"({"cascades":[{"name":"default","serving":true,"certificate":{"worse_at_most":0.015,"allowed_now":0.02},)"
    R"("tasks":[{"task":"00000000000000aa","trials":12,"state":"shadow","ladder":[]},)"
    R"({"task":"00000000000000bb","trials":340,"state":"serving","ladder":["local/small","openai/mini"]}]}]})";

TopSample sample(Micros at, double requests, double errors, double cost) {
    TopSample made;
    made.at = at;
    made.metrics = {{"weir_requests_total{tier=\"exact\",model=\"\"}", requests / 4},
                    {"weir_requests_total{tier=\"reference\",model=\"a\"}", requests / 2},
                    {"weir_requests_total{tier=\"reference\",model=\"b\"}", requests / 4},
                    {"weir_responses_total{class=\"5xx\"}", errors},
                    {"weir_tokens_total{tier=\"reference\",class=\"input\"}", requests * 60},
                    {"weir_tokens_total{tier=\"reference\",class=\"input_cached\"}", requests * 40},
                    {"weir_cost_usd_total", cost},
                    {"weir_saved_usd", cost / 2},
                    {"weir_overhead_seconds_sum", requests * 30e-6},
                    {"weir_semantic_tasks{gate=\"proven\"}", 2},
                    {"weir_alerts_firing{alert=\"errors\"}", 0},
                    {"weir_alerts_firing{alert=\"budget_near\"}", 2},
                    {"weir_requests_active", 3}};
    made.cascades = kCascades;
    return made;
}

}  // namespace

TEST_CASE("top: samples of Prometheus text") {
    const auto read = parse_metrics(
        "# HELP weir_a b\n# TYPE weir_a counter\nweir_a 5\nweir_b{x=\"y z\"} 1.5\n\nnonsense\n weird\nweir_c x\nweir_d "
        "2");
    CHECK(read.size() == 3);
    CHECK(read.at("weir_a") == 5);
    CHECK(read.at("weir_b{x=\"y z\"}") == 1.5);
    CHECK(read.at("weir_d") == 2);
}

TEST_CASE("top: what happened between two looks") {
    const TopView view = top_view(sample(1'000'000, 100, 0, 1), sample(3'000'000, 140, 4, 1.01));
    CHECK(view.seconds == 2);
    CHECK(view.requests_per_s == 20);
    CHECK(view.tokens_in_per_s == 2000);
    CHECK(view.spent_usd_per_hour == doctest::Approx(18));
    CHECK(view.saved_usd_per_hour == doctest::Approx(9));
    CHECK(view.error_share == 0.1);
    CHECK(view.overhead_micros.value_or(0) == doctest::Approx(30));
    REQUIRE(view.tiers.size() == 2);
    CHECK(view.tiers[0].name == "exact");
    CHECK(view.tiers[0].per_s == 5);
    CHECK(view.tiers[1].total == 105);
    REQUIRE(view.cascades.size() == 1);
    CHECK(view.cascades[0].tasks == std::map<std::string, std::size_t>{{"serving", 1}, {"shadow", 1}});
    REQUIRE(view.tasks.size() == 2);
    CHECK(view.tasks[0].task == "00000000000000bb");  // most trials first
    CHECK(view.tasks[0].ladder == "local/small > openai/mini");

    const std::string table = top_table(view, "weir");
    CAPTURE(table);
    CHECK(table.starts_with("weir, over 2.0 s\nalerts: budget_near (2)\n3 active, 0 waiting for a provider,"));
    CHECK(table.find("exact       5.0  25.0 %") != std::string::npos);
    CHECK(table.find("default  serving") != std::string::npos);
    CHECK(table.find("2 proven") != std::string::npos);
    const std::string json = top_json(view);
    std::vector<json::Member> members;
    CHECK(json::members(json, members));
    CHECK(json.find(R"("error_share":0.1,)") != std::string::npos);
    CHECK(json.find(R"("alerts":{"budget_near":2},)") != std::string::npos);
    CHECK(json.find(R"({"tier":"exact","per_s":5,"total":35})") != std::string::npos);
}

TEST_CASE("top: nothing asked, a gateway started anew, answers that say something else") {
    const TopView idle = top_view(sample(0, 10, 0, 1), sample(1'000'000, 10, 0, 1));
    CHECK_FALSE(idle.error_share);
    CHECK_FALSE(idle.overhead_micros);
    CHECK(top_json(idle).find(R"("error_share":null,"overhead_us":null)") != std::string::npos);
    const TopView anew = top_view(sample(0, 1000, 0, 9), sample(1'000'000, 10, 0, 1));
    CHECK(anew.requests_per_s == 10);
    CHECK(anew.spent_usd_per_hour == 3600);
    TopSample odd;
    for (const char* const text : {"", "x", "{}", R"({"cascades":5})", R"({"cascades":[7,{"tasks":[1,{}]}]})"}) {
        odd.cascades = text;
        CHECK(top_view(TopSample(), odd).requests == 0);
    }
}

TEST_CASE("top: a frame clears what is behind it and below it, and nothing that is drawn again") {
    CHECK(screen_frame("ab\n\nc\n", {10, 80}) == "\x1b[Hab\x1b[K\r\n\x1b[K\r\nc\x1b[K\x1b[J");
    CHECK(screen_frame("1\n2\n3\n", {2, 80}) == "\x1b[H1\x1b[K\r\n2\x1b[K\x1b[J");
    CHECK(screen_frame("caf\xC3\xA9s", {2, 4}) == "\x1b[Hcaf\xC3\xA9\x1b[K\x1b[J");
    CHECK(screen_frame("", {2, 4}) == "\x1b[H\x1b[J");
}
