// The exact cache under several reactors at once; meant for the tsan preset above all.
#include <doctest/doctest.h>

#include <random>
#include <thread>
#include <vector>

#include "tiers/exact_cache/exact_cache.h"
#include "tiers/exact_cache/exact_cache_fixture.h"

using namespace weir;
using namespace weir::tiers;
using EntryPtr = ExactCache::EntryPtr;

namespace {

// Every body tells its key, so that a wrong answer shows.
std::string body_of(std::uint64_t number, std::uint64_t version) {
    return std::to_string(number) + ":" + std::string(50 + version % 900, static_cast<char>('a' + number % 26));
}

Task<void> work(ExactCache& cache, const Clock& clock, Executor& executor, unsigned seed, int& wrong, bool& done) {
    std::mt19937_64 random(seed);
    for (int step = 0; step < 3000; ++step) {
        const std::uint64_t number = random() % 600;
        const Digest256 key = key_of(number);
        const std::uint64_t what = random() % 10;
        if (what == 0) {
            cache.erase(key);
        } else if (what < 4) {
            cache.store(key, entry_of(body_of(number, random()), clock));
        } else {
            bool maybe = false;
            EntryPtr found = cache.lookup_memory(key, maybe);
            if (found == nullptr && maybe) found = co_await cache.lookup(key, executor);
            const std::string start = std::to_string(number) + ":";
            if (found != nullptr && found->body.compare(0, start.size(), start) != 0) ++wrong;
        }
    }
    done = true;
}

}  // namespace

TEST_CASE("four reactors at once, over LMDB, with little memory") {
    const TempFolder folder;
    SystemClock clock;
    ExactCache::Options options;
    options.memory_bytes = 64u << 10;
    options.max_entry_bytes = 2000;
    options.write_interval_micros = 500;
    options.write_queue_entries = 64;
    std::vector<int> wrong(4, 0);
    {
        ExactCache cache(options, clock, open_store(folder.path(), 256u << 10));
        std::vector<std::thread> reactors;
        for (unsigned i = 0; i < 4; ++i) {
            reactors.emplace_back([&, i] {
                LoopExecutor executor;
                bool done = false;
                spawn(work(cache, clock, executor, i, wrong[i], done));
                while (!done) executor.run_one();
            });
        }
        for (std::thread& reactor : reactors) reactor.join();
        cache.flush();
        const ExactCache::Counters counters = cache.counters();
        CHECK(counters.bytes <= options.memory_bytes);
        CHECK(counters.memory_hits > 0);
        CHECK(counters.disk_hits > 0);
        CHECK(counters.damaged == 0);
        CHECK(counters.disk_bytes <= 256u << 10);
    }
    CHECK(wrong == std::vector<int>(4, 0));
    auto disk = open_store(folder.path(), 256u << 10);
    std::vector<Digest256> keys;
    REQUIRE(disk->each_key([&](const Digest256& key, std::size_t) { keys.push_back(key); }));
    CHECK_FALSE(keys.empty());
    for (const Digest256& key : keys) {
        const auto entry = decode(disk->get(key).value().value());
        REQUIRE(entry.has_value());
        CHECK(key == key_of(std::stoull(entry->body)));
    }
}
