#include "cli/keys_command.h"

#include <doctest/doctest.h>

#include <sstream>

#include "base/files.h"
#include "base/folder_testing.h"

using namespace weir;
using namespace weir::cli;

namespace {

KeysArguments asking(std::string action, std::string key = {}) {
    KeysArguments arguments;
    arguments.action = std::move(action);
    arguments.key = std::move(key);
    return arguments;
}

}  // namespace

TEST_CASE("keys: what the options ask for") {
    KeysArguments arguments = asking("create");
    CHECK(key_wish_body(arguments) == "{}");
    arguments.tenant = "acme";
    arguments.name = "a \"b\"";
    arguments.models = "gpt-4o,,local/*";
    arguments.rpm = "60";
    arguments.tpm = "none";
    arguments.expires = "30d";
    CHECK(key_wish_body(arguments) ==
          R"({"tenant":"acme","name":"a \"b\"","models":["gpt-4o", "local/*"],"requests_per_minute":60,)"
          R"("tokens_per_minute":0,"expires_in_s":2592000})");
    arguments.expires = "never";
    CHECK(key_wish_body(arguments)->ends_with(R"("expires_in_s":0})"));
    for (const char* const wrong : {"0s", "10ms", "soon", "-1d", ""}) {
        arguments.expires = wrong;
        CHECK_FALSE(key_wish_body(arguments));
    }
    arguments.expires.reset();
    arguments.parallel = "2.5";
    CHECK_FALSE(key_wish_body(arguments));
}

TEST_CASE("keys: what the gateway says as a table") {
    const auto table = render_keys_table(
        R"({"keys":[{"id":"0123456789ab","begins":"wk-Ab12Cd34...","tenant":"acme","name":"CI","state":"active",)"
        R"("models":["a","b*"],"requests_per_minute":60,"tokens_per_minute":90000,"parallel":null,)"
        R"("created_unix_us":1700000000000000,"expires_unix_us":null}],"configured":2})");
    REQUIRE(table);
    CHECK(table->find("0123456789ab  wk-Ab12Cd34...  acme    CI    active  a,b*     60  90,000         -  "
                      "2023-11-14 22:13  -\n") != std::string::npos);
    CHECK(table->ends_with("\nThe configuration has 2 more.\n"));
    CHECK(render_keys_table(R"({"keys":[],"configured":0})")->starts_with("No keys"));
    CHECK_FALSE(render_keys_table("no JSON"));
    CHECK_FALSE(render_keys_table(R"({"other":[]})"));
    CHECK(render_keys_table(R"({"keys":[1,"two",{"models":3}]})"));
}

TEST_CASE("keys: wrong usage is told before anybody is asked") {
    const TemporaryFolder folder;
    const std::string config = folder.file("weir.yaml");
    REQUIRE(write_file(config,
                       "admin: 127.0.0.1:0\nproviders: { p: { api: openai, base_url: \"http://127.0.0.1:9\" } }\n"));
    const auto problem = [&](KeysArguments arguments) {
        arguments.config_file = config;
        std::ostringstream out, err;
        CHECK(keys_command(arguments, {}, out, err) == 2);
        CHECK(out.str().empty());
        return err.str();
    };
    CHECK(problem(asking("create")) == "weir keys: create needs --tenant: whose key is it?\n");
    CHECK(problem(asking("create", "abc")) == "weir keys: create takes no key\n");
    CHECK(problem(asking("revoke")).find("which key?") != std::string::npos);
    CHECK(problem(asking("set", "0123456789ab")).find("set what?") != std::string::npos);
    CHECK(problem(asking("revoke", "../students")) == "weir keys: no key begins with \"../students\"\n");
    CHECK(problem(asking("list")).find("port 0") != std::string::npos);
}
