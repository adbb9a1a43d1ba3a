#include "limits/keys.h"

#include <doctest/doctest.h>

#include <string>

using namespace weir;
using namespace weir::limits;

TEST_CASE("a key leads to its tenant, anything else to nobody") {
    KeyRing ring;
    CHECK(ring.empty());
    REQUIRE(ring.add("sk-acme-1", "acme"));
    REQUIRE(ring.add("sk-acme-2", "acme"));
    REQUIRE(ring.add("sk-birch-1", "birch"));
    CHECK(ring.size() == 3);
    CHECK(ring.tenant_of("sk-acme-2") == "acme");
    CHECK(ring.tenant_of("sk-birch-1") == "birch");
    CHECK(ring.tenant_of("sk-birch-") == std::nullopt);
    CHECK(ring.tenant_of("sk-birch-11") == std::nullopt);
    CHECK(ring.tenant_of("SK-BIRCH-1") == std::nullopt);
    CHECK(ring.tenant_of("") == std::nullopt);
    CHECK(ring.tenant_of(std::string(1 << 20, 'x')) == std::nullopt);
}

TEST_CASE("a key belongs to one tenant") {
    KeyRing ring;
    REQUIRE(ring.add("sk-shared-key", "acme"));
    CHECK(ring.add("sk-shared-key", "acme").has_value());
    CHECK(ring.size() == 1);
    const Result<void> again = ring.add("sk-shared-key", "birch");
    REQUIRE(!again);
    CHECK(again.error().code == ErrorCode::invalid);
    CHECK(again.error().message.find("sk-shared-key") == std::string::npos);
    CHECK(ring.tenant_of("sk-shared-key") == "acme");
}

TEST_CASE("keys and tenants out of their limits are refused") {
    KeyRing ring;
    CHECK(!ring.add("1234567", "acme"));
    CHECK(ring.add("12345678", "acme"));
    CHECK(ring.add(std::string(512, 'k'), "acme"));
    CHECK(!ring.add(std::string(513, 'k'), "acme"));
    CHECK(!ring.add("sk with space", "acme"));
    CHECK(!ring.add("sk-newline\n", "acme"));
    CHECK(!ring.add("sk-schl\xC3\xBCssel", "acme"));
    CHECK(!ring.add("sk-valid-key", ""));
    CHECK(!ring.add("sk-valid-key", "ac me"));
    CHECK(!ring.add("sk-valid-key", "acme/one"));
    CHECK(!ring.add("sk-valid-key", std::string(65, 'a')));
    CHECK(ring.add("sk-valid-key", std::string(64, 'a')));
    CHECK(ring.size() == 3);
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
