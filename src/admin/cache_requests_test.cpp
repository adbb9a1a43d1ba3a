#include "admin/cache_requests.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

using namespace weir;
using namespace weir::admin;
using tiers::Mark;
using tiers::MarkKind;

namespace {

std::string problem(const Result<Mark>& mark) {
    return mark ? "" : mark.error().message;
}
std::string problem(const Result<cascade::Feedback>& feedback) {
    return feedback ? "" : feedback.error().message;
}

bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("what to purge: exactly one mark, perhaps of one tenant or but for a version") {
    CHECK(*parse_purge(R"({"key":"ab"})") == Mark{MarkKind::key, "ab", "", ""});
    CHECK(*parse_purge(R"({"task":"cd"})") == Mark{MarkKind::task, "cd", "", ""});
    CHECK(*parse_purge(R"( {"tenant" : "acme"} )") == Mark{MarkKind::tenant, "acme", "", ""});
    CHECK(*parse_purge(R"({"tag":"r\u00e9d"})") == Mark{MarkKind::tag, "r\u00e9d", "", ""});
    CHECK(*parse_purge(R"({"keep":"v3","source":"doc"})") == Mark{MarkKind::source, "doc", "", "v3"});
    CHECK(*parse_purge(R"({"writer":"ann","only_tenant":"acme"})") == Mark{MarkKind::writer, "ann", "acme", ""});

    CHECK(has(problem(parse_purge("")), "no JSON object"));
    CHECK(has(problem(parse_purge("[]")), "no JSON object"));
    CHECK(has(problem(parse_purge("{}")), "exactly one"));
    CHECK(has(problem(parse_purge(R"({"only_tenant":"a"})")), "exactly one"));
    CHECK(has(problem(parse_purge(R"({"tag":"a","writer":"b"})")), "exactly one"));
    CHECK(has(problem(parse_purge(R"({"tag":"a","tag":"b"})")), "'tag' stands there twice"));
    CHECK(has(problem(parse_purge(R"({"tag":"a","t\u0061g":"b"})")), "'tag' stands there twice"));
    CHECK(has(problem(parse_purge(R"({"tag":3})")), "'tag' has to be a text"));
    CHECK(has(problem(parse_purge(R"({"tag":["a"]})")), "'tag' has to be a text"));
    CHECK(has(problem(parse_purge(R"({"tag":null})")), "'tag' has to be a text"));
    CHECK(has(problem(parse_purge(R"({"tags":"a"})")), "unknown member 'tags'"));
    CHECK(has(problem(parse_purge(R"({"tag":"a","all":"yes"})")), "unknown member 'all'"));
    CHECK(has(problem(parse_purge(R"({"tag":"a","keep":"v3"})")), "'keep' goes with 'source'"));
    CHECK(has(problem(parse_purge(R"({"source":"a","keep":""})")), "'keep' is empty"));
    CHECK(has(problem(parse_purge(R"({"tag":"a","only_tenant":""})")), "'only_tenant' is empty"));
    CHECK(has(problem(parse_purge(R"({"tenant":"a","only_tenant":"a"})")), "'only_tenant' does not go"));
    CHECK_FALSE(parse_purge(R"({"tag":"a"}x)").has_value());
    CHECK_FALSE(parse_purge(R"({"tag":"a",})").has_value());
}

TEST_CASE("feedback") {
    const auto bad = parse_feedback(R"({"request_id":"00000000000000ff","verdict":"bad","correct":"4\n2"})");
    REQUIRE(bad.has_value());
    CHECK(bad->request == 255);
    CHECK_FALSE(bad->good);
    CHECK(bad->correct == "4\n2");
    const auto good = parse_feedback(R"({"verdict":"good","request_id":"0123456789abcdef"})");
    REQUIRE(good.has_value());
    CHECK(good->good);
    CHECK_FALSE(good->correct.has_value());

    CHECK(has(problem(parse_feedback("{}")), "'request_id' is missing"));
    CHECK(has(problem(parse_feedback(R"({"request_id":"00000000000000ff"})")), "'verdict' is missing"));
    CHECK(has(problem(parse_feedback(R"({"verdict":"bad"})")), "'request_id' is missing"));
    CHECK(has(problem(parse_feedback(R"({"request_id":"ff","verdict":"bad"})")), "16 hexadecimal digits"));
    CHECK(has(problem(parse_feedback(R"({"request_id":255,"verdict":"bad"})")), "'request_id' has to be a text"));
    CHECK(has(problem(parse_feedback(R"({"request_id":"00000000000000ff","verdict":"Bad"})")), "'verdict' is"));
    CHECK(has(problem(parse_feedback(R"({"request_id":"00000000000000ff","verdict":"bad","why":"x"})")), "'why'"));
    CHECK(
        has(problem(parse_feedback(R"({"request_id":"00000000000000ff","verdict":"bad","verdict":"good"})")), "twice"));
}

TEST_CASE("any bytes: refused, or what is in them is what comes out") {
    CHECK(rc::check([](const std::string& bytes) {
        RC_ASSERT(parse_purge(bytes).has_value() == false);
        RC_ASSERT(parse_feedback(bytes).has_value() == false);
    }));
}
