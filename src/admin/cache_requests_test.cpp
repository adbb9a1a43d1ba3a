#include "admin/cache_requests.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

using namespace weir;
using namespace weir::admin;
using tiers::Mark;
using tiers::MarkKind;

namespace {

unsigned refused(std::vector<http::Header> headers, std::size_t bytes = 10, std::string_view host = "127.0.0.1") {
    http::RequestHead head;
    head.method = "POST";
    head.headers.list = std::move(headers);
    const auto refusal = refuse_post(head, bytes, host);
    if (refusal) CHECK_FALSE(refusal->message.empty());
    return refusal ? refusal->status : 0;
}

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

TEST_CASE("a web page can't post here through a browser") {
    const http::Header json{"Content-Type", "application/json"};
    const http::Header host{"Host", "127.0.0.1:8081"};
    CHECK(refused({json, host}) == 0);
    CHECK(refused({{"content-type", "Application/JSON ; charset=utf-8"}, host}) == 0);
    for (const char* type :
         {"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; x=application/json",
          "text/plain; application/json", "application/jsonx", "application/json, text/plain"}) {
        CHECK(refused({{"content-type", type}, host}) == 415);
    }
    CHECK(refused({host}) == 415);

    CHECK(refused({json, host, {"Origin", "http://127.0.0.1:8081"}}) == 0);
    for (const char* origin : {"null", "", "http://evil.example", "http://127.0.0.1:8080", "http://127.0.0.1",
                               "http://127.0.0.1:8081.evil.example", "file://127.0.0.1:8081"}) {
        CHECK(refused({json, host, {"Origin", origin}}) == 403);
    }
    // A name that somebody else has pointed here, with an origin to match.
    CHECK(refused({json, {"Host", "evil.example:8081"}, {"Origin", "http://evil.example:8081"}}) == 403);
    CHECK(refused({json, {"Host", ""}}) == 403);
    CHECK(refused({json}) == 403);
    CHECK(refused({json, {"Host", "127.0.0.1.evil.example"}}) == 403);
    CHECK(refused({json, {"Host", "localhost.evil.example"}}) == 403);
    CHECK(refused({json, {"Host", "LocalHost:8081"}}) == 0);
    CHECK(refused({json, {"Host", "[::1]:8081"}}) == 0);
    CHECK(refused({json, {"Host", "[::1"}}) == 403);
    CHECK(refused({json, {"Host", "weir.internal:8081"}}, 10, "weir.internal") == 0);
    CHECK(refused({json, host}, kMaxPostBytes) == 0);
    CHECK(refused({json, host}, kMaxPostBytes + 1) == 413);
}

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
