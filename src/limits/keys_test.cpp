#include "limits/keys.h"

#include <doctest/doctest.h>

#include <string>

using namespace weir;
using namespace weir::limits;

namespace {

Caller of(std::string tenant) {
    auto made = std::make_shared<Tenant>();
    made->name = std::move(tenant);
    Caller caller;
    caller.tenant = std::move(made);
    return caller;
}

std::optional<std::string> tenant_of(const KeyRing& ring, std::string_view key) {
    const Caller* const caller = ring.find(key);
    if (caller == nullptr) return std::nullopt;
    return caller->tenant->name;
}

}  // namespace

TEST_CASE("a key leads to its tenant, anything else to nobody") {
    KeyRing ring;
    CHECK(ring.find(std::nullopt) == nullptr);
    REQUIRE(ring.add("sk-acme-1", of("acme")));
    REQUIRE(ring.add("sk-acme-2", of("acme")));
    REQUIRE(ring.add("sk-birch-1", of("birch")));
    CHECK(ring.size() == 3);
    CHECK(tenant_of(ring, "sk-acme-2") == "acme");
    CHECK(tenant_of(ring, "sk-birch-1") == "birch");
    CHECK(tenant_of(ring, "sk-birch-") == std::nullopt);
    CHECK(tenant_of(ring, "sk-birch-11") == std::nullopt);
    CHECK(tenant_of(ring, "SK-BIRCH-1") == std::nullopt);
    CHECK(tenant_of(ring, "") == std::nullopt);
    CHECK(tenant_of(ring, std::string(1 << 20, 'x')) == std::nullopt);
}

TEST_CASE("a key belongs to one tenant") {
    KeyRing ring;
    REQUIRE(ring.add("sk-shared-key", of("acme")));
    CHECK(ring.add("sk-shared-key", of("acme")).has_value());
    CHECK(ring.size() == 1);
    const Result<void> again = ring.add("sk-shared-key", of("birch"));
    REQUIRE(!again);
    CHECK(again.error().code == ErrorCode::invalid);
    CHECK(again.error().message.find("sk-shared-key") == std::string::npos);
    CHECK(tenant_of(ring, "sk-shared-key") == "acme");
}

TEST_CASE("keys and tenants out of their limits are refused") {
    KeyRing ring;
    CHECK(!ring.add("1234567", of("acme")));
    CHECK(ring.add("12345678", of("acme")));
    CHECK(ring.add(std::string(512, 'k'), of("acme")));
    CHECK(!ring.add(std::string(513, 'k'), of("acme")));
    CHECK(!ring.add("sk with space", of("acme")));
    CHECK(!ring.add("sk-newline\n", of("acme")));
    CHECK(!ring.add("sk-schl\xC3\xBCssel", of("acme")));
    CHECK(!ring.add("sk-valid-key", of("")));
    CHECK(!ring.add("sk-valid-key", of("ac me")));
    CHECK(!ring.add("sk-valid-key", of("acme/one")));
    CHECK(!ring.add("sk-valid-key", of(std::string(65, 'a'))));
    CHECK(ring.add("sk-valid-key", of(std::string(64, 'a'))));
    CHECK(ring.size() == 3);
}

TEST_CASE("where no key is asked for everybody is the same one") {
    KeyRing ring;
    ring.open_to_all(of("default"));
    CHECK(tenant_of(ring, "whatever-key") == "default");
    REQUIRE(ring.find(std::nullopt) != nullptr);
}

TEST_CASE("the key in an authorization header") {
    CHECK(bearer_key("Bearer sk-1") == "sk-1");
    CHECK(bearer_key("bearer sk-1") == "sk-1");
    CHECK(bearer_key("BEARER \t sk-1  ") == "sk-1");
    CHECK(bearer_key("  Bearer sk-1") == "sk-1");
    CHECK(bearer_key("Bearer") == std::nullopt);
    CHECK(bearer_key("Bearer ") == std::nullopt);
    CHECK(bearer_key("Bearersk-1") == std::nullopt);
    CHECK(bearer_key("Bearer sk-1 sk-2") == std::nullopt);
    CHECK(bearer_key("Basic c2stMQ==") == std::nullopt);
    CHECK(bearer_key("sk-1") == std::nullopt);
    CHECK(bearer_key("") == std::nullopt);
    CHECK(bearer_key("   ") == std::nullopt);
}
