#include "limits/key_book.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "base/files.h"
#include "base/folder_testing.h"
#include "limits/key_file.h"
#include "store/name_table_testing.h"

using namespace weir;
using namespace weir::limits;

namespace {

using store::testing::NameTable;

struct World {
    TemporaryFolder folder;
    std::string file = folder.file("keys.jsonl");
    NameTable names;
    FakeClock clock;
    std::shared_ptr<const KeyRing> ring;
    std::unique_ptr<KeyBook> book = open();

    std::unique_ptr<KeyBook> open(KeySettings settings = {}) {
        auto opened = KeyBook::open(file, names, clock);
        REQUIRE_MESSAGE(opened.has_value(), opened.error().message);
        auto first = (*opened)->configure(std::move(settings));
        REQUIRE_MESSAGE(first.has_value(), first.error().message);
        ring = *first;
        (*opened)->listen([this](std::shared_ptr<const KeyRing> now) { ring = std::move(now); });
        return std::move(*opened);
    }
    std::string tenant_of(std::string_view key) const {
        const Caller* const caller = ring->find(key);
        return caller == nullptr ? "nobody" : caller->tenant->name;
    }
};

KeyWish wish_for(std::string tenant) {
    KeyWish wish;
    wish.tenant = std::move(tenant);
    return wish;
}

ConfiguredKey configured(std::string_view key, std::string tenant, Rates rates = {}) {
    return {sha256(key), std::move(tenant), {}, rates};
}

}  // namespace

TEST_CASE("keys: without any everybody is the one tenant; from the first on a key is asked for") {
    World world;
    REQUIRE(world.ring->find(std::nullopt) != nullptr);
    CHECK(world.ring->find(std::nullopt)->tenant->name == kOnlyTenant);
    const auto made = world.book->create(wish_for("acme"));
    REQUIRE(made);
    CHECK(made->key.starts_with("wk-"));
    CHECK(made->key.size() == 35);
    CHECK(made->record.prefix == made->key.substr(0, 11));
    CHECK(world.tenant_of(made->key) == "acme");
    CHECK(world.ring->find(std::nullopt) == nullptr);
    CHECK(world.tenant_of("wk-another-one") == "nobody");
    REQUIRE(world.book->revoke(made->record.prefix));
    CHECK(world.tenant_of(made->key) == "nobody");
    CHECK(world.ring->find(std::nullopt) == nullptr);
    world.book = world.open();  // as after a restart
    CHECK(world.tenant_of(made->key) == "nobody");
    CHECK(world.ring->find(std::nullopt) == nullptr);
}

TEST_CASE("keys: a restart forgets nothing, and the file has no key in it") {
    World world;
    KeyWish wish = wish_for("acme");
    wish.name = "CI \"builds\"\n?";
    CHECK_FALSE(parse_key_wish(R"({"name":"two\nlines"})"));
    wish.name = "CI \"builds\"";
    wish.models = std::vector<std::string>{"gpt-4o*", "local/small"};
    wish.requests_per_minute = 60;
    wish.tokens_per_minute = 90'000;
    wish.parallel = 4;
    wish.expires_in_s = 3600;
    const auto first = world.book->create(wish);
    const auto second = world.book->create(wish_for("birch"));
    REQUIRE(first);
    REQUIRE(second);
    CHECK(first->key != second->key);
    const auto before = world.book->records();
    world.book = world.open();
    CHECK(world.book->records() == before);
    CHECK(world.tenant_of(first->key) == "acme");
    CHECK(world.ring->find(first->key)->rates == Rates{60, 90'000, 4});
    CHECK(world.ring->find(first->key)->expires_unix_micros == world.clock.unix_micros() + 3'600'000'000);
    CHECK(world.tenant_of(second->key) == "birch");
    const auto text = read_file(world.file, kMostKeyFileBytes);
    REQUIRE(text);
    CHECK(text->find(first->key) == std::string::npos);
    CHECK(text->find(first->key.substr(0, 12)) == std::string::npos);
    struct stat status {};
    REQUIRE(stat(world.file.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
}

TEST_CASE("keys: a damaged file is an error, whatever is damaged") {
    World world;
    REQUIRE(world.book->create(wish_for("acme")));
    REQUIRE(world.book->revoke(world.book->records()[0].id));
    REQUIRE(world.book->create(wish_for("birch")));
    const std::string good = *read_file(world.file, kMostKeyFileBytes);
    const auto refused = [&](const std::string& text) {
        REQUIRE(write_file(world.file, text));
        const auto opened = KeyBook::open(world.file, world.names, world.clock);
        return !opened && opened.error().code == ErrorCode::invalid &&
               opened.error().message.find(world.file + " is damaged") != std::string::npos;
    };
    CHECK(refused(""));
    CHECK(refused("\n"));
    for (std::size_t cut = 0; cut < good.size(); ++cut) REQUIRE(refused(good.substr(0, cut)));
    for (std::size_t at = 0; at < good.size(); ++at) {
        std::string flipped = good;
        flipped[at] = static_cast<char>(flipped[at] ^ 1);
        REQUIRE(refused(flipped));
    }
    CHECK(refused(good + good.substr(good.find('\n') + 1)));
    std::string newer = good;
    newer.replace(newer.find("\"weir_keys\":1"), 13, "\"weir_keys\":2");
    REQUIRE(write_file(world.file, newer));
    CHECK(KeyBook::open(world.file, world.names, world.clock).error().message.find("another version") !=
          std::string::npos);
    REQUIRE(write_file(world.file, good));
    CHECK(KeyBook::open(world.file, world.names, world.clock));
}

TEST_CASE("keys: what can't be written changes nothing") {
    World world;
    const auto made = world.book->create(wish_for("acme"));
    REQUIRE(made);
    auto elsewhere = KeyBook::open(world.folder.file("nowhere") + "/keys.jsonl", world.names, world.clock);
    REQUIRE(elsewhere);
    REQUIRE((*elsewhere)->configure({}));
    CHECK((*elsewhere)->create(wish_for("acme")).error().code == ErrorCode::io);
    CHECK((*elsewhere)->records().empty());
}

TEST_CASE("keys: changes hold at once, and what was counted stays counted") {
    World world;
    KeyWish wish = wish_for("acme");
    wish.requests_per_minute = 10;
    const auto made = world.book->create(wish);
    REQUIRE(made);
    const std::shared_ptr<Meter> meter = world.ring->find(made->key)->meter;
    REQUIRE(meter);
    KeyWish change;
    change.requests_per_minute = 20;
    change.name = "more";
    const auto changed = world.book->change(made->record.id, change);
    REQUIRE(changed);
    CHECK(changed->name == "more");
    CHECK(world.ring->find(made->key)->rates.requests_per_minute == 20);
    CHECK(world.ring->find(made->key)->meter == meter);
    CHECK(world.book->change("0123456789ab", change).error().code == ErrorCode::not_found);
    CHECK(world.book->change(made->record.id, wish).error().code == ErrorCode::invalid);
    REQUIRE(world.book->revoke(made->record.id));
    REQUIRE(world.book->revoke(made->record.id));  // again is no error
    CHECK(world.book->change(made->record.id, change).error().code == ErrorCode::invalid);
    CHECK(world.book->create({}).error().code == ErrorCode::invalid);
}

TEST_CASE("keys: configured ones stand beside, with their limits and their tenant's") {
    World world;
    const auto made = world.book->create(wish_for("acme"));
    REQUIRE(made);
    KeySettings settings;
    settings.keys = {configured("sk-acme-1", "acme", {1, 0, 0}), configured("sk-birch-1", "birch")};
    settings.tenants = {{"acme", {100, 0, 0}}};
    world.book = world.open(settings);
    CHECK(world.tenant_of("sk-acme-1") == "acme");
    CHECK(world.tenant_of("sk-birch-1") == "birch");
    const Caller* const one = world.ring->find("sk-acme-1");
    const Caller* const other = world.ring->find(made->key);
    CHECK(one->rates.requests_per_minute == 1);
    CHECK(one->tenant == other->tenant);
    CHECK(one->tenant->rates.requests_per_minute == 100);
    CHECK(one->tenant->meter != nullptr);
    CHECK(world.ring->find("sk-birch-1")->meter == nullptr);
    CHECK(world.book->configured() == 2);
    settings.keys = {configured("sk-same", "acme"), configured("sk-same", "birch")};
    CHECK_FALSE(world.book->configure(settings));
    CHECK(world.book->configured() == 2);
}

TEST_CASE("keys: one may be asked for though there is none") {
    World world;
    KeySettings settings;
    settings.require_key = true;
    world.book = world.open(settings);
    CHECK(world.ring->find(std::nullopt) == nullptr);
    CHECK(world.ring->find("anything-at-all") == nullptr);
}

TEST_CASE("what may be asked for of a key") {
    const auto wish = parse_key_wish(
        R"({"tenant":"acme","name":"n","models":["a","b*"],"requests_per_minute":1,"tokens_per_minute":null,)"
        R"("parallel":3,"expires_in_s":86400})");
    REQUIRE(wish);
    CHECK(wish->models->size() == 2);
    CHECK(wish->tokens_per_minute == 0);
    CHECK(wish->expires_in_s == 86'400);
    CHECK(parse_key_wish("{}"));
    CHECK(parse_key_wish(R"({"models":null})")->models->empty());
    for (const char* const wrong :
         {"", "[]", "{\"tenant\":1}", "{\"tenant\":\"a b\"}", "{\"tenant\":\"a\",\"tenant\":\"a\"}", "{\"rpm\":1}",
          "{\"requests_per_minute\":-1}", "{\"requests_per_minute\":1.5}", "{\"requests_per_minute\":\"1\"}",
          "{\"tokens_per_minute\":100000001}", "{\"parallel\":100001}", "{\"models\":\"a\"}", "{\"models\":[\"\"]}",
          "{\"models\":[1]}", "{\"expires_in_s\":1e12}"}) {
        CAPTURE(wrong);
        const auto refused = parse_key_wish(wrong);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == ErrorCode::invalid);
    }
    std::string many = "{\"models\":[\"a\"";
    for (int i = 0; i < 64; ++i) many += ",\"a\"";
    CHECK_FALSE(parse_key_wish(many + "]}"));
    CHECK_FALSE(parse_key_wish("{\"name\":\"" + std::string(129, 'n') + "\"}"));
    CHECK_FALSE(parse_key_wish("{\"models\":[\"" + std::string(257, 'n') + "\"]}"));
}
