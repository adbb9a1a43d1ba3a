#include "gateway/reload_rules.h"

#include <doctest/doctest.h>

using namespace weir;
using namespace weir::gateway;

namespace {

Options open_to_the_network() {
    Options options;
    options.admin = {"0.0.0.0", 8081};
    options.admin_access.tokens.push_back({"operator-token-0001", {}, "ops", AdminRole::operate, 1});
    options.listen = {"::", 8080};
    options.require_key = true;
    return options;
}

}  // namespace

TEST_CASE("what changes with a restart only is what runs, whatever the file says") {
    Options running;
    running.data_folder = "/one";
    Options wanted = running;
    wanted.listen.port = 9;
    wanted.admin.port = 10;
    wanted.tls_certificate_file = "a.pem";
    wanted.data_folder = "/two";
    wanted.reactors = 3;
    wanted.cache.max_entry_bytes = 1;
    wanted.ledger.ring_rows = 1;
    wanted.telemetry.label_sets = 1;
    wanted.telemetry.access_log = "-";
    wanted.require_key = true;
    std::vector<std::string> kept;
    const auto now = with_running(wanted, running, kept);
    REQUIRE(now);
    CHECK(kept == std::vector<std::string>{"listen", "admin", "tls", "data", "reactors", "cache", "ledger", "telemetry",
                                           "access_log"});
    CHECK(now->listen.port == running.listen.port);
    CHECK(now->admin.port == running.admin.port);
    CHECK(now->tls_certificate_file.empty());
    CHECK(now->data_folder == "/one");
    CHECK(now->reactors == 0);
    CHECK(now->cache.max_entry_bytes == running.cache.max_entry_bytes);
    CHECK(now->ledger.ring_rows == running.ledger.ring_rows);
    CHECK(now->telemetry == running.telemetry);
    CHECK(now->require_key);  // all else is as the file has it

    // Compared with what runs, not with the file before: told again, and no more once the file says what runs.
    kept.clear();
    REQUIRE(with_running(wanted, *now, kept));
    CHECK(kept.size() == 9);
    kept.clear();
    REQUIRE(with_running(running, *now, kept));
    CHECK(kept.empty());
}

TEST_CASE("an address that stays open to the network goes on asking for tokens and keys") {
    const Options running = open_to_the_network();
    std::vector<std::string> kept;
    CHECK(with_running(running, running, kept));
    Options wanted = running;
    wanted.admin = {"127.0.0.1", 8081};
    CHECK(with_running(wanted, running, kept));
    wanted.admin_access.tokens.clear();
    const auto without_tokens = with_running(wanted, running, kept);
    REQUIRE_FALSE(without_tokens);
    CHECK(without_tokens.error().code == ErrorCode::invalid);
    CHECK(without_tokens.error().message.starts_with("admin: the gateway goes on listening at 0.0.0.0"));

    wanted = running;
    wanted.listen = {"127.0.0.1", 8080};
    wanted.require_key = false;
    const auto without_keys = with_running(wanted, running, kept);
    REQUIRE_FALSE(without_keys);
    CHECK(without_keys.error().message.starts_with("listen: the gateway goes on listening at ::"));
    wanted.keys.emplace_back().tenant = "acme";
    CHECK(with_running(wanted, running, kept));

    // The other way round: on loopback nothing is asked for, however far the file would reach.
    Options local;
    CHECK(with_running(running, local, kept));
    wanted = running;
    wanted.admin_access.tokens.clear();
    CHECK(with_running(wanted, local, kept));
}
