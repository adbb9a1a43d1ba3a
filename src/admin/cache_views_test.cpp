#include "admin/cache_views.h"

#include <doctest/doctest.h>

#include "base/folder_testing.h"
#include "json/scan.h"
#include "store/ledger_testing.h"
#include "store/name_table_testing.h"
#include "tiers/exact_cache/exact_cache_fixture.h"

using namespace weir;
using admin::CacheParts;

namespace {

constexpr Micros kHour = Micros{3600} * 1'000'000;

struct Shown {
    FakeClock clock{1'767'225'540'000'000};
    TemporaryFolder folder;
    std::unique_ptr<tiers::Purges> purges = std::move(*tiers::Purges::open({folder.file("purges"), 100}, clock));
    cascade::FreshnessLearner freshness;
    cascade::CascadeOptions cascade;
    tiers::ExactCache cache;

    explicit Shown(const tiers::ExactCache::Options& options = {})
        : cache(options, clock, tiers::open_store(folder.file("cache"), 8u << 20)) {
        cascade.name = "default";
        cascade.cache.never_for = {"shy"};
    }
    Digest256 keep(std::uint64_t number, const std::string& question, const std::string& tenant = "acme",
                   const std::string& model = "p/big") {
        tiers::CacheEntry entry = *tiers::entry_of("answer " + std::to_string(number), clock);
        entry.model = model;
        entry.provenance.question = question;
        entry.provenance.tenant = tenant;
        entry.provenance.task = number;
        entry.provenance.volatility = tiers::Volatility::slow;
        clock.advance(1);
        cache.store(tiers::key_of(number), std::make_shared<const tiers::CacheEntry>(std::move(entry)));
        return tiers::key_of(number);
    }
    CacheParts parts() {
        return {cache, nullptr, *purges, freshness, [this](const tiers::CacheEntry& entry) {
                    return admin::EntryRules{entry.model == "p/big" ? &cascade : nullptr, entry.model == "p/both"};
                }};
    }
    std::string ask(const std::string& query) {
        const auto told = render_cache_entries(parts(), query, clock);
        return told ? *told : told.error().message;
    }
    // Which of them are told, by their number, in order.
    std::string numbers(const std::string& query) {
        const std::string told = ask(query);
        std::string out;
        for (std::size_t at = 0; (at = told.find(R"("task":")", at)) != std::string::npos; ++at) {
            out += told.substr(at + 8 + 15, 1);
        }
        return out;
    }
};

bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("entries whose question has all the words, the newest first") {
    Shown it;
    it.keep(1, "What is the capital of France?");
    it.keep(2, "Was kostet ein \xC3\x84pfelkuchen?");  // a capital umlaut
    it.keep(3, "Which CAPITAL has Spain?", "other");
    CHECK(it.numbers("") == "321");
    CHECK(it.numbers("search=capital") == "31");
    CHECK(it.numbers("search=FRANCE%20%20capital") == "1");
    CHECK(it.numbers("search=%C3%A4pfel") == "2");
    CHECK(it.numbers("search=capital&tenant=other") == "3");
    CHECK(it.numbers("task=0000000000000002") == "2");
    CHECK(it.numbers("search=nothing") == "");
    CHECK(has(it.ask("most=2"), R"("looked_at":3,"more":true})"));
    CHECK(has(it.ask("most=3"), R"("looked_at":3,"more":false})"));
    for (const char* const wrong : {"most=0", "most=201", "task=1", "colour=red", "search=a+b%20%zz",
                                    "search=1%202%203%204%205%206%207%208%209%201%202%203%204%205%206%207%208"}) {
        CAPTURE(wrong);
        CHECK(render_cache_entries(it.parts(), wrong, it.clock).error().code == ErrorCode::invalid);
    }
}

TEST_CASE("whether an entry is served, and why") {
    Shown it;
    const Digest256 key = it.keep(1, "Who is the mayor?");
    bool on_disk = false;
    it.cache.lookup_memory(key, on_disk);
    it.cache.lookup_memory(key, on_disk);
    const std::string fresh = it.ask("");
    std::vector<json::Member> members;
    CHECK(json::members(fresh, members));
    CHECK(has(fresh, R"("key":")" + to_hex(key) + R"(","question":"Who is the mayor?","tenant":"acme")"));
    CHECK(has(fresh, R"("class":"slow")"));
    CHECK(has(fresh, R"("state":"fresh","why":"served, by the rules of cascade default","hits":2,)"));
    it.clock.advance(25 * kHour);
    it.cascade.cache.ttl_micros = 0;
    CHECK(has(it.ask(""), R"("state":"stale")"));
    it.clock.advance(25 * kHour);
    CHECK(has(it.ask(""), R"("state":"expired")"));
    it.keep(2, "q", "shy");
    it.keep(3, "q", "acme", "gone/model");
    CHECK(has(it.ask("task=0000000000000002"), "keeps this tenant out"));
    CHECK(has(it.ask("task=0000000000000003"), "no cascade answers with gone/model"));
    it.keep(4, "q", "acme", "p/both");
    CHECK(
        has(it.ask("task=0000000000000004"), R"("state":"unknown","why":"more than one cascade answers with p/both)"));
    REQUIRE(it.purges->add({tiers::MarkKind::tenant, "acme", "", ""}));
    CHECK(has(it.ask("task=0000000000000003"), R"("state":"purged")"));
}

TEST_CASE("an entry is judged by the cascade that asks the model which made it, as a tier as well") {
    gateway::Options options;
    options.providers["p"].name = "p";
    options.providers["p"].base_url = "http://127.0.0.1:1/v1";
    for (const char* const name : {"cheap", "mid", "big"}) {
        options.models.emplace_back();
        options.models.back().provider = "p";
        options.models.back().name = name;
    }
    const auto add = [&](const char* name, const char* match, std::vector<std::string> tiers) {
        cascade::CascadeOptions& cascade = options.cascades.emplace_back();
        cascade.name = name;
        cascade.match_models = {match};
        for (std::string& model : tiers) {
            cascade.tiers.emplace_back();
            cascade.tiers.back().model = std::move(model);
        }
    };
    add("first", "big", {"p/cheap", "p/mid"});
    add("second", "mid", {});
    store::testing::NameTable names;
    const auto routes = gateway::Routes::build(options, nullptr, names);
    REQUIRE(routes);
    const auto cascade_of = [&](const char* model) -> std::string {
        const admin::EntryRules rules = admin::rules_of_answer(**routes, model);
        return rules.several ? "several" : rules.cascade == nullptr ? "none" : rules.cascade->name;
    };
    CHECK(cascade_of("p/big") == "first");
    CHECK(cascade_of("p/cheap") == "first");
    CHECK(cascade_of("p/mid") == "several");  // asked for by name, or as a tier of the other
    CHECK(cascade_of("p/gone") == "none");
}

TEST_CASE("what is on disk alone is found as well, and what was erased is not") {
    TemporaryFolder folder;
    FakeClock clock{1'767'225'540'000'000};
    tiers::ExactCache::Options small;
    small.memory_bytes = 32u << 10;
    small.max_entry_bytes = 8u << 10;
    Shown it(small);
    for (std::uint64_t i = 1; i <= 9; ++i) it.keep(i, std::string(6'000, 'q') + " number" + std::to_string(i));
    it.cache.flush();
    CHECK(it.cache.counters().entries < 9);
    CHECK(it.cache.counters().disk_entries == 9);
    CHECK(it.numbers("search=number") == "987654321");
    CHECK(has(it.ask("search=number1"), R"("hits":null)"));
    it.cache.erase(tiers::key_of(4));
    CHECK(it.numbers("search=number") == "98765321");
    it.cache.flush();
    CHECK(it.numbers("search=number") == "98765321");
}

TEST_CASE("counts, and what the caches served of a range's requests") {
    store::testing::TempFolder data;
    const auto ledger = store::testing::open_ledger(data.path());
    Shown it;
    it.keep(1, "q");
    RequestIds ids(it.clock, 0);
    for (int i = 0; i < 4; ++i) {
        store::LedgerRow row;
        row.id = ids.next();
        row.status = 200;
        row.tier = i == 0 ? store::TierKind::reference : store::TierKind::exact;
        REQUIRE(ledger->append(0, row));
        it.clock.advance(1'000);
    }
    REQUIRE(ledger->flush());
    const auto told = render_cache(it.parts(), data.path(), "since=1h", it.clock.unix_micros() + 1);
    REQUIRE(told);
    CHECK(has(*told, R"("requests":4,"exact":{"entries":1,)"));
    CHECK(has(*told, R"("served":3,"share":0.75},"semantic":null,"purges":0})"));
    CHECK(render_cache(it.parts(), data.path(), "task=0", 9).error().code == ErrorCode::invalid);
}
