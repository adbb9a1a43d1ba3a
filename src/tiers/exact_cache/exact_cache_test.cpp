#include "tiers/exact_cache/exact_cache.h"

#include <doctest/doctest.h>

#include <stdexcept>
#include <thread>
#include <vector>

#include "store/fake_entry_store.h"
#include "tiers/exact_cache/exact_cache_fixture.h"

using namespace weir;
using namespace weir::tiers;
using store::FakeEntryStore;
using EntryPtr = ExactCache::EntryPtr;

namespace {

struct Waiting {
    EntryPtr found;
    bool done = false;
};

Task<void> look_up(ExactCache& cache, Digest256 key, Executor& executor, Waiting& waiting) {
    waiting.found = co_await cache.lookup(key, executor);
    waiting.done = true;
}

std::string body_after_lookup(ExactCache& cache, const Digest256& key, LoopExecutor& executor) {
    Waiting waiting;
    spawn(look_up(cache, key, executor, waiting));
    while (!waiting.done) executor.run_one();
    return waiting.found == nullptr ? "(none)" : waiting.found->body;
}

std::string body_in_memory(ExactCache& cache, const Digest256& key) {
    bool maybe = false;
    const EntryPtr found = cache.lookup_memory(key, maybe);
    if (found != nullptr) return found->body;
    return maybe ? "(maybe on disk)" : "(none)";
}

struct Fixture {
    FakeClock clock;
    LoopExecutor executor;
    FakeEntryStore::Shared disk;
    ExactCache::Options options;

    Fixture() { options.write_interval_micros = 3600ll * 1'000'000; }  // nothing is written by itself in a test
    std::unique_ptr<ExactCache> cache() {
        return std::make_unique<ExactCache>(options, clock, std::make_unique<FakeEntryStore>(disk));
    }
};

}  // namespace

TEST_CASE("memory alone: stored, replaced, erased, counted") {
    FakeClock clock;
    LoopExecutor executor;
    ExactCache cache({}, clock, nullptr);
    CHECK(body_in_memory(cache, key_of(1)) == "(none)");
    cache.store(key_of(1), entry_of("one", clock));
    CHECK(body_in_memory(cache, key_of(1)) == "one");
    cache.store(key_of(1), entry_of("uno", clock));
    CHECK(body_after_lookup(cache, key_of(1), executor) == "uno");
    CHECK(executor.resumed() == 0);  // never left the thread
    CHECK(cache.counters().entries == 1);
    CHECK(cache.counters().bytes > 3);
    cache.erase(key_of(1));
    cache.erase(key_of(1));
    CHECK(body_after_lookup(cache, key_of(1), executor) == "(none)");
    cache.store(key_of(1), nullptr);
    cache.flush();
    const ExactCache::Counters counters = cache.counters();
    CHECK(counters.memory_hits == 2);
    CHECK(counters.misses == 2);
    CHECK(counters.stored == 2);
    CHECK(counters.entries == 0);
    CHECK(counters.bytes == 0);
    CHECK(counters.not_persisted == 0);
}

TEST_CASE("an entry older than its time to live is not returned") {
    Fixture f;
    f.options.ttl_micros = 1000;
    auto cache = f.cache();
    cache->store(key_of(1), entry_of("one", f.clock));
    cache->flush();
    f.clock.advance(1000);
    CHECK(body_in_memory(*cache, key_of(1)) == "one");
    f.clock.advance(1);
    CHECK(body_in_memory(*cache, key_of(1)) == "(none)");
    CHECK(body_after_lookup(*cache, key_of(1), f.executor) == "(none)");
    CHECK(cache->counters().expired == 1);
    CHECK(cache->counters().entries == 0);
    cache->flush();
    CHECK(f.disk.values.empty());

    // From before a restart: known to be on disk, found expired there, then forgotten.
    cache->store(key_of(2), entry_of("two", f.clock));
    cache.reset();
    f.clock.advance(1001);
    cache = f.cache();
    CHECK(body_in_memory(*cache, key_of(2)) == "(maybe on disk)");
    CHECK(body_after_lookup(*cache, key_of(2), f.executor) == "(none)");
    CHECK(body_in_memory(*cache, key_of(2)) == "(none)");
    CHECK(cache->counters().expired == 1);
    cache->flush();
    CHECK(f.disk.values.empty());
}

TEST_CASE("ages at the ends of the number line") {
    FakeClock clock;
    for (const Micros ttl : {Micros{0}, Micros{1}, Micros{INT64_MAX}}) {
        ExactCache::Options options;
        options.ttl_micros = ttl;
        ExactCache cache(options, clock, nullptr);
        for (const Micros created : {Micros{INT64_MIN}, Micros{INT64_MAX}, clock.unix_micros() + 1}) {
            CacheEntry entry;
            entry.body = "x";
            entry.created_unix_micros = created;
            cache.store(key_of(1), std::make_shared<const CacheEntry>(entry));
            const bool too_old = created == INT64_MIN && ttl != 0;
            CHECK(body_in_memory(cache, key_of(1)) == (too_old ? "(none)" : "x"));
        }
    }
}

TEST_CASE("memory stays within its bytes, and an entry too large is not kept") {
    FakeClock clock;
    ExactCache::Options options;
    options.memory_bytes = 1u << 20;
    options.max_entry_bytes = 20'000;
    ExactCache cache(options, clock, nullptr);
    for (std::uint64_t i = 0; i < 3000; ++i) {
        cache.store(key_of(i), entry_of(std::string(1000 + i % 7 * 100, 'x'), clock));
        REQUIRE(cache.counters().bytes <= options.memory_bytes);
    }
    CHECK(cache.counters().evicted > 2000);
    CHECK(cache.counters().bytes > options.memory_bytes * 9 / 10);
    CHECK(cache.counters().entries + cache.counters().evicted == 3000);

    cache.store(key_of(9000), entry_of("small", clock));
    CHECK(body_in_memory(cache, key_of(9000)) == "small");
    cache.store(key_of(9000), entry_of(std::string(20'001, 'x'), clock));
    CHECK(body_in_memory(cache, key_of(9000)) == "(none)");  // the older answer is not the answer any more
    cache.store(key_of(9001), entry_of(std::string(20'000 - 18, 'x'), clock));  // 18: the model's name
    CHECK(body_in_memory(cache, key_of(9001)).size() == 20'000 - 18);
}

TEST_CASE("over a restart: from disk through the executor, then from memory") {
    const TempFolder folder;
    FakeClock clock;
    LoopExecutor executor;
    {
        ExactCache cache({}, clock, open_store(folder.path(), 4u << 20));
        for (std::uint64_t i = 0; i < 1000; ++i) cache.store(key_of(i), entry_of("answer " + std::to_string(i), clock));
        cache.erase(key_of(7));
    }
    {
        ExactCache cache({}, clock, open_store(folder.path(), 4u << 20));
        CHECK(cache.counters().entries == 0);
        CHECK(body_in_memory(cache, key_of(5)) == "(maybe on disk)");
        CHECK(body_after_lookup(cache, key_of(5), executor) == "answer 5");
        CHECK(executor.resumed() == 1);
        CHECK(body_in_memory(cache, key_of(5)) == "answer 5");
        CHECK(body_after_lookup(cache, key_of(5), executor) == "answer 5");
        CHECK(executor.resumed() == 1);

        bool maybe = false;
        const EntryPtr entry = cache.lookup_memory(key_of(5), maybe);
        CHECK(entry->model == "openai/gpt-4o-mini");
        CHECK(entry->cost == Usd{1234});
        CHECK(entry->priced);
        CHECK(entry->usage == wire::Usage{.input_uncached = 10, .output = 5, .reported = true});
        CHECK(entry->created_unix_micros == clock.unix_micros());

        CHECK(body_in_memory(cache, key_of(7)) == "(none)");
        CHECK(body_in_memory(cache, key_of(1000)) == "(none)");
        CHECK(cache.counters().disk_hits == 1);
        CHECK(cache.counters().disk_bytes > 0);
    }
}

TEST_CASE("what waits to be written is found") {
    Fixture f;
    f.options.memory_bytes = 0;  // nothing is kept in memory
    f.disk.hold_puts = true;
    auto cache = f.cache();
    cache->store(key_of(0), entry_of("zero", f.clock));
    CHECK(body_in_memory(*cache, key_of(0)) == "(maybe on disk)");
    CHECK(body_after_lookup(*cache, key_of(0), f.executor) == "zero");  // queued
    std::thread flusher([&] { cache->flush(); });
    f.disk.wait_until_held();
    CHECK(body_after_lookup(*cache, key_of(0), f.executor) == "zero");  // being written
    cache->store(key_of(0), entry_of("newer", f.clock));
    CHECK(body_after_lookup(*cache, key_of(0), f.executor) == "newer");
    cache->erase(key_of(0));
    CHECK(body_in_memory(*cache, key_of(0)) == "(none)");
    CHECK(f.disk.gets == 0);
    f.disk.hold(&FakeEntryStore::Shared::hold_puts, false);
    flusher.join();
    cache.reset();
    CHECK(f.disk.values.empty());
}

TEST_CASE("entries are written in groups, and when nobody asks, in the end") {
    Fixture f;
    auto cache = f.cache();
    for (std::uint64_t i = 0; i < 100; ++i) cache->store(key_of(i % 50), entry_of("x", f.clock));
    cache->flush();
    CHECK(f.disk.puts == 1);
    CHECK(f.disk.values.size() == 50);
    cache->store(key_of(100), entry_of("x", f.clock));
    cache.reset();
    CHECK(f.disk.values.size() == 51);
}

TEST_CASE("a full queue: in memory alone, counted, an older answer on disk is not taken for it") {
    for (const bool by_bytes : {false, true}) {
        Fixture f;
        f.options.write_queue_entries = by_bytes ? 1000 : 2;
        f.options.write_queue_bytes = by_bytes ? 5500 : 1u << 30;
        auto cache = f.cache();
        cache->store(key_of(9), entry_of("old", f.clock));
        cache->flush();
        cache->store(key_of(1), entry_of(std::string(2000, 'a'), f.clock));
        cache->store(key_of(2), entry_of(std::string(2000, 'b'), f.clock));
        cache->store(key_of(3), entry_of(std::string(2000, 'c'), f.clock));
        cache->store(key_of(9), entry_of(std::string(2000, 'd'), f.clock));
        CHECK(cache->counters().not_persisted == 2);
        CHECK(body_in_memory(*cache, key_of(3)) == std::string(2000, 'c'));
        CHECK(body_in_memory(*cache, key_of(9)) == std::string(2000, 'd'));
        cache->store(key_of(1), entry_of(std::string(2000, 'e'), f.clock));  // takes the queued one's place
        CHECK(cache->counters().not_persisted == 2);
        cache->erase(key_of(2));  // erasures still fit
        CHECK(cache->counters().not_persisted == 2);
        cache->flush();
        CHECK(f.disk.values.size() == 2);
        CHECK(decode(f.disk.values.at(key_of(1)))->body == std::string(2000, 'e'));
    }
}

TEST_CASE("a disk that refuses: in memory alone, counted, and not looked for on disk") {
    Fixture f;
    f.options.memory_bytes = 0;
    auto cache = f.cache();
    f.disk.fail = true;
    cache->store(key_of(1), entry_of("one", f.clock));
    cache->flush();
    CHECK(cache->counters().not_persisted == 1);
    CHECK(body_in_memory(*cache, key_of(1)) == "(none)");
    f.disk.fail = false;
    cache->store(key_of(1), entry_of("one", f.clock));
    cache->flush();
    CHECK(body_after_lookup(*cache, key_of(1), f.executor) == "one");
    f.disk.fail = true;
    CHECK(body_after_lookup(*cache, key_of(1), f.executor) == "(none)");
    CHECK(cache->counters().damaged == 1);
    CHECK_THROWS_AS(ExactCache(f.options, f.clock, std::make_unique<FakeEntryStore>(f.disk)), std::runtime_error);
}

TEST_CASE("an entry too large for the store does not take the others with it") {
    Fixture f;
    const TempFolder folder;
    {
        ExactCache cache(f.options, f.clock, open_store(folder.path(), 256u << 10));
        for (std::uint64_t i = 0; i < 10; ++i) {
            cache.store(key_of(i), entry_of(std::string(i == 5 ? 40'000 : 100, 'x'), f.clock));
        }
        cache.flush();
        CHECK(cache.counters().not_persisted == 1);
        CHECK(body_in_memory(cache, key_of(5)).size() == 40'000);
    }
    {
        ExactCache cache(f.options, f.clock, open_store(folder.path(), 256u << 10));
        for (std::uint64_t i = 0; i < 10; ++i) {
            CHECK(body_in_memory(cache, key_of(i)) == (i == 5 ? "(none)" : "(maybe on disk)"));
        }
    }
}

TEST_CASE("what the store dropped or damaged is a miss, once") {
    Fixture f;
    f.disk.values[key_of(1)] = "no entry";
    f.disk.values[key_of(2)] = encode(*entry_of("two", f.clock));
    auto cache = f.cache();
    f.disk.values.erase(key_of(2));
    for (const std::uint64_t number : {1, 2}) {
        CHECK(body_in_memory(*cache, key_of(number)) == "(maybe on disk)");
        CHECK(body_after_lookup(*cache, key_of(number), f.executor) == "(none)");
        CHECK(body_in_memory(*cache, key_of(number)) == "(none)");
    }
    CHECK(cache->counters().damaged == 1);
    CHECK(cache->counters().misses == 4);
    cache->flush();
    CHECK(f.disk.values.empty());
}

TEST_CASE("an answer that is erased or replaced while it is read from disk does not come to stay") {
    for (const bool replace : {false, true}) {
        Fixture f;
        f.disk.values[key_of(1)] = encode(*entry_of("old", f.clock));
        auto cache = f.cache();
        f.disk.hold(&FakeEntryStore::Shared::hold_gets, true);
        Waiting waiting;
        spawn(look_up(*cache, key_of(1), f.executor, waiting));
        f.disk.wait_until_held();
        if (replace) {
            cache->store(key_of(1), entry_of("new", f.clock));
        } else {
            cache->erase(key_of(1));
        }
        f.disk.hold(&FakeEntryStore::Shared::hold_gets, false);
        while (!waiting.done) f.executor.run_one();
        CHECK(waiting.found->body == "old");  // it was asked for before
        CHECK(body_in_memory(*cache, key_of(1)) == (replace ? "new" : "(none)"));
    }
}

TEST_CASE("a miss on disk does not hide what was stored meanwhile") {
    Fixture f;
    f.options.memory_bytes = 0;
    f.disk.values[key_of(1)] = encode(*entry_of("old", f.clock));
    auto cache = f.cache();
    f.disk.values.clear();
    f.disk.hold(&FakeEntryStore::Shared::hold_gets, true);
    Waiting waiting;
    spawn(look_up(*cache, key_of(1), f.executor, waiting));
    f.disk.wait_until_held();
    cache->store(key_of(1), entry_of("new", f.clock));
    f.disk.hold(&FakeEntryStore::Shared::hold_gets, false);
    while (!waiting.done) f.executor.run_one();
    CHECK(waiting.found == nullptr);
    CHECK(body_after_lookup(*cache, key_of(1), f.executor) == "new");
}

TEST_CASE("more look-ups than may wait for disk: the rest are misses at once") {
    Fixture f;
    f.options.read_queue_entries = 2;
    for (std::uint64_t i = 0; i < 4; ++i) f.disk.values[key_of(i)] = encode(*entry_of("x", f.clock));
    auto cache = f.cache();
    f.disk.hold(&FakeEntryStore::Shared::hold_gets, true);
    std::vector<Waiting> waiting(4);
    for (std::uint64_t i = 0; i < 4; ++i) spawn(look_up(*cache, key_of(i), f.executor, waiting[i]));
    CHECK_FALSE(waiting[0].done);
    CHECK_FALSE(waiting[1].done);
    CHECK(waiting[2].done);
    CHECK(waiting[3].done);
    CHECK(cache->counters().disk_refused == 2);
    f.disk.hold(&FakeEntryStore::Shared::hold_gets, false);
    while (!waiting[0].done || !waiting[1].done) f.executor.run_one();
    CHECK(waiting[0].found != nullptr);
    CHECK(body_after_lookup(*cache, key_of(2), f.executor) == "x");
}
