#include "admin/access.h"

#include <doctest/doctest.h>

#include "admin/audit_log.h"
#include "base/files.h"
#include "base/folder_testing.h"

using namespace weir;
using namespace weir::admin;

namespace {

unsigned refused(std::vector<http::Header> headers, std::size_t bytes = 10, std::string_view host = "127.0.0.1") {
    http::RequestHead head;
    head.method = "POST";
    head.headers.list = std::move(headers);
    auto refusal = refuse_post(head, bytes);
    if (!refusal) refusal = refuse_host(head, host);
    if (refusal) CHECK_FALSE(refusal->message.empty());
    return refusal ? refusal->status : 0;
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
    CHECK(refused({json, host}, kMostPostBytes) == 0);
    CHECK(refused({json, host}, kMostPostBytes + 1) == 413);
}

namespace {

constexpr std::string_view kOperator = "operator-token-0001";
constexpr std::string_view kViewer = "viewer-token-00001";

gateway::Options with_tokens() {
    gateway::Options options;
    const auto add = [&](std::string_view token, const char* who, AdminRole role) {
        options.admin_access.tokens.push_back({std::string(token), sha256(token), who, role, 0});
    };
    add(kViewer, "board", AdminRole::view);
    add(kOperator, "ops", AdminRole::operate);
    add("feedback-token-001", "app", AdminRole::feedback);
    return options;
}

struct Asked {
    std::string who;  // empty: refused
    unsigned status = 0;
};

// One request, as its headers have it.
Asked ask(Access& access, const gateway::Options& options, std::vector<http::Header> headers,
          std::optional<AdminRole> needed, bool changes) {
    http::RequestHead head;
    headers.push_back({"host", "weir.example"});
    if (changes) headers.push_back({"content-type", "application/json"});
    head.headers.list = std::move(headers);
    const auto known = access.identify(options, head, 2, needed, changes);
    if (const Refusal* const no = std::get_if<Refusal>(&known)) return {"", no->status};
    return {std::get<Identity>(known).who, 200};
}

}  // namespace

TEST_CASE("a role may what it may, and no more") {
    FakeClock clock;
    Access access(clock);
    const gateway::Options options = with_tokens();
    const auto status = [&](std::string_view token, AdminRole needed) {
        const std::string value = "Bearer " + std::string(token);
        return ask(access, options, {{"authorization", value}}, needed, needed != AdminRole::view).status;
    };
    CHECK(status(kViewer, AdminRole::view) == 200);
    CHECK(status(kViewer, AdminRole::operate) == 403);
    CHECK(status(kViewer, AdminRole::feedback) == 403);
    CHECK(status(kOperator, AdminRole::view) == 200);
    CHECK(status(kOperator, AdminRole::operate) == 200);
    CHECK(status(kOperator, AdminRole::feedback) == 200);
    CHECK(status("feedback-token-001", AdminRole::feedback) == 200);
    CHECK(status("feedback-token-001", AdminRole::view) == 403);
    CHECK(status("feedback-token-001", AdminRole::operate) == 403);
    CHECK(status("nobody-token-00001", AdminRole::view) == 401);
    CHECK(ask(access, options, {}, AdminRole::view, false).status == 401);
    CHECK(ask(access, options, {{"authorization", "Basic b3BzOng="}}, AdminRole::view, false).status == 401);
    CHECK(ask(access, options, {}, std::nullopt, false).status == 200);  // what anybody may ask
}

TEST_CASE("a session is a cookie, and its changes bring its number") {
    FakeClock clock;
    Access access(clock);
    gateway::Options options = with_tokens();
    auto made = access.sign_in(options, kOperator);
    REQUIRE(std::holds_alternative<Access::Session>(made));
    const auto& session = std::get<Access::Session>(made);
    for (const char* const part : {"; HttpOnly", "; SameSite=Strict", "; Path=/", "; Max-Age=43200"}) {
        CHECK(session.cookie.find(part) != std::string::npos);
    }
    const std::string cookie = "a=b; " + session.cookie.substr(0, session.cookie.find(';')) + "; c=d";
    CHECK(ask(access, options, {{"cookie", cookie}}, AdminRole::view, false).who == "ops");
    CHECK(ask(access, options, {{"cookie", cookie}}, AdminRole::operate, true).status == 403);
    CHECK(ask(access, options, {{"cookie", cookie}, {"x-weir-csrf", "0"}}, AdminRole::operate, true).status == 403);
    const http::Header csrf{"x-weir-csrf", session.identity.csrf};
    CHECK(ask(access, options, {{"cookie", cookie}, csrf}, AdminRole::operate, true).who == "ops");
    CHECK(ask(access, options, {{"cookie", cookie}, csrf, {"origin", "https://evil.example"}}, AdminRole::operate, true)
              .status == 403);
    CHECK(ask(access, options, {{"cookie", cookie + "x"}}, AdminRole::view, false).status == 200);  // c=dx
    CHECK(ask(access, options, {{"cookie", "weir_session=abc"}}, AdminRole::view, false).status == 401);

    SUBCASE("until it ends") {
        clock.advance(options.admin_access.session_micros);
        CHECK(ask(access, options, {{"cookie", cookie}}, AdminRole::view, false).status == 401);
    }
    SUBCASE("until it is ended") {
        http::RequestHead head;
        head.headers.list = {{"cookie", cookie}};
        CHECK(access.sign_out(head).find("Max-Age=0") != std::string::npos);
        CHECK(ask(access, options, {{"cookie", cookie}}, AdminRole::view, false).status == 401);
    }
    SUBCASE("until its token is taken back") {
        options.admin_access.tokens.erase(options.admin_access.tokens.begin() + 1);
        CHECK(ask(access, options, {{"cookie", cookie}}, AdminRole::view, false).status == 401);
    }
    SUBCASE("or until too many have come after it") {
        for (std::size_t i = 0; i < kMostSessions; ++i) {
            clock.advance(1);
            REQUIRE(std::holds_alternative<Access::Session>(access.sign_in(options, kViewer)));
        }
        CHECK(ask(access, options, {{"cookie", cookie}}, AdminRole::view, false).status == 401);
    }
}

TEST_CASE("guessing is slow") {
    FakeClock clock;
    Access access(clock);
    const gateway::Options options = with_tokens();
    const auto guess = [&] {
        return ask(access, options, {{"authorization", "Bearer guess-guess-guess-1"}}, AdminRole::view, false).status;
    };
    for (std::size_t i = 0; i < kMostFailures; ++i) CHECK(guess() == 401);
    CHECK(guess() == 429);
    CHECK(std::get<Refusal>(access.sign_in(options, "guess-guess-guess-2")).status == 429);
    CHECK(std::holds_alternative<Access::Session>(access.sign_in(options, kOperator)));  // nobody locks others out
    clock.advance(60'000'000);
    CHECK(guess() == 401);
    CHECK(std::get<Refusal>(access.sign_in(gateway::Options{}, kOperator)).status == 400);
    // What is no question at all is a guess as well.
    for (std::size_t i = 1; i < kMostFailures; ++i) CHECK(access.malformed("no JSON").status == 400);
    CHECK(access.malformed("no JSON").status == 429);
    CHECK(guess() == 429);
}

TEST_CASE("an address that the network reaches is nobody's without tokens") {
    FakeClock clock;
    Access access(clock);
    gateway::Options options;
    const http::Header host{"host", "10.0.0.7:8081"};
    CHECK(ask(access, options, {host}, AdminRole::view, false).who == "local");
    options.admin.host = "0.0.0.0";
    CHECK(ask(access, options, {host}, AdminRole::view, false).status == 403);
    CHECK(ask(access, options, {host}, AdminRole::operate, true).status == 403);
    CHECK(ask(access, options, {host}, std::nullopt, false).status == 200);  // its health
}

TEST_CASE("the audit log keeps what was changed, newest first") {
    const TemporaryFolder folder;
    AuditLog log(folder.path());
    CHECK(*log.latest(10) == "[]");
    AuditEntry entry{5, "ops", "operate", "127.0.0.1", "POST", "/api/keys", 200, "", R"({"a":1})", R"({"a":2})"};
    REQUIRE(log.append(entry));
    const std::string first = R"({"at_unix_us":5,"who":"ops","role":"operate","from":"127.0.0.1","method":"POST",)"
                              R"("path":"/api/keys","status":200,"before":{"a":1},"after":{"a":2}})";
    CHECK(*log.latest(10) == "[" + first + "]");
    entry.at_unix_micros = 6;
    entry.status = 404;
    entry.said = "no \"such\" key";
    entry.before = entry.after = "";
    REQUIRE(log.append(entry));
    const std::string second = R"({"at_unix_us":6,"who":"ops","role":"operate","from":"127.0.0.1","method":"POST",)"
                               R"("path":"/api/keys","status":404,"said":"no \"such\" key"})";
    CHECK(*log.latest(10) == "[" + second + "," + first + "]");
    CHECK(*log.latest(1) == "[" + second + "]");

    SUBCASE("a line that a crash cut off is passed over") {
        const std::string file = folder.file("audit.jsonl");
        const auto bytes = read_file(file, 1u << 20);
        REQUIRE(write_file(file, *bytes + R"({"at_unix_us":7,"who")"));
        CHECK(*log.latest(10) == "[" + second + "," + first + "]");
        entry.status = 200;
        entry.said = "";
        REQUIRE(log.append(entry));  // after the restart, on a line of its own
        const std::string third = R"({"at_unix_us":6,"who":"ops","role":"operate","from":"127.0.0.1","method":"POST",)"
                                  R"("path":"/api/keys","status":200})";
        CHECK(*log.latest(10) == "[" + third + "," + second + "," + first + "]");
    }
    SUBCASE("a long refusal hides nothing else") {
        entry.said = std::string(2 * AuditLog::kMostReadBytes, 'x');
        REQUIRE(log.append(entry));
        const Result<std::string> list = log.latest(10);
        CHECK(list->find(second + "," + first) != std::string::npos);
        CHECK(list->size() < 16'384);
    }
    SUBCASE("a full file makes room") {
        entry.after = "\"" + std::string(AuditLog::kMostLineBytes / 2, 'x') + "\"";
        const std::size_t lines = AuditLog::kMostFileBytes / entry.after.size() + 1;
        for (std::size_t i = 0; i < lines; ++i) REQUIRE(log.append(entry));
        CHECK(read_file(folder.file("audit.1.jsonl"), AuditLog::kMostFileBytes));
        CHECK(read_file(folder.file("audit.jsonl"), AuditLog::kMostFileBytes / 2));
        CHECK(log.latest(3)->size() > 3 * entry.after.size());
    }
    SUBCASE("what is too long is told without its values") {
        entry.after = "\"" + std::string(AuditLog::kMostLineBytes, 'x') + "\"";
        REQUIRE(log.append(entry));
        CHECK(*log.latest(1) == "[" + second + "]");
    }
}
