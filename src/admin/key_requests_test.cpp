#include "admin/key_requests.h"

#include <doctest/doctest.h>

#include "admin/admin_handler.h"
#include "base/folder_testing.h"

using namespace weir;
using namespace weir::admin;

namespace {

class NoNames final : public store::LedgerSink {
  public:
    store::NameId intern(std::string_view) override { return 1; }
    bool append(unsigned, const store::LedgerRow&) override { return true; }
    void name_task(unsigned, std::uint64_t, std::string_view) override {}
};

}  // namespace

TEST_CASE("what is asked for of a key, by path and body") {
    using Action = KeyRequest::Action;
    CHECK(parse_key_request("/api/keys", R"({"tenant":"acme"})")->action == Action::create);
    const auto change = parse_key_request("/api/keys/0123456789ab", R"({"parallel":2})");
    REQUIRE(change);
    CHECK(change->action == Action::change);
    CHECK(change->name == "0123456789ab");
    CHECK(change->wish.parallel == 2);
    const auto revoke = parse_key_request("/api/keys/wk-Ab12Cd34.../revoke", "{}");
    REQUIRE(revoke);
    CHECK(revoke->action == Action::revoke);
    CHECK(revoke->name == "wk-Ab12Cd34");
    for (const char* const path :
         {"/api/keys/", "/api/keys//revoke", "/api/keys/a/b", "/api/keys/a/revoke/", "/api/keys/..."}) {
        CAPTURE(path);
        CHECK(parse_key_request(path, "{}").error().code == ErrorCode::not_found);
    }
    CHECK(parse_key_request("/api/keys/" + std::string(65, 'a'), "{}").error().code == ErrorCode::not_found);
    CHECK(parse_key_request("/api/keys", "[]").error().code == ErrorCode::invalid);
}

TEST_CASE("a key is told once, its hash never") {
    const TemporaryFolder folder;
    NoNames names;
    FakeClock clock;
    auto book = limits::KeyBook::open(folder.file("keys.jsonl"), names, clock);
    REQUIRE(book);
    REQUIRE((*book)->configure({}));
    const Micros now = clock.unix_micros();
    const auto asked = parse_key_request("/api/keys", R"({"tenant":"acme","models":["a","b*"],"expires_in_s":60})");
    const auto made = change_keys(**book, *asked, now);
    REQUIRE(made);
    CHECK(made->said.starts_with(R"({"key":"wk-)"));
    const limits::KeyRecord record = (*book)->records().at(0);
    const std::string about = R"("id":")" + record.id + R"(","begins":")" + record.prefix +
                              R"(...","tenant":"acme","name":"","state":"active","models":["a","b*"],)" +
                              R"("requests_per_minute":null,"tokens_per_minute":null,"parallel":null,)" +
                              R"("created_unix_us":1700000000000000,"expires_unix_us":1700000060000000,)" +
                              R"("revoked_unix_us":null})";
    CHECK(made->said.ends_with("," + about));
    CHECK(made->said.find(to_hex(record.digest)) == std::string::npos);
    CHECK(render_keys((*book)->records(), 3, false, now) ==
          R"({"keys":[{)" + about + R"(],"configured":3,"required":false})");
    CHECK(render_keys((*book)->records(), 0, false, now + 60'000'000).find(R"("state":"expired")") !=
          std::string::npos);
    const auto revoked = change_keys(**book, *parse_key_request("/api/keys/" + record.id + "/revoke", "{}"), now);
    REQUIRE(revoked);
    CHECK(made->before.empty());
    CHECK(made->after == "{" + about);
    CHECK(revoked->before == "{" + about);
    CHECK(revoked->after == revoked->said);
    CHECK(revoked->said.find(R"("state":"revoked")") != std::string::npos);
    CHECK(revoked->said.find("\"key\"") == std::string::npos);
    CHECK(change_keys(**book, *parse_key_request("/api/keys/ffffffffffff/revoke", "{}"), now).error().code ==
          ErrorCode::not_found);
    CHECK(render_keys({}, 0, true, now) == R"({"keys":[],"configured":0,"required":true})");
}
