// What the exact cache costs: look-ups, stores, memory, and what S3-FIFO is worth against LRU. Times are CPU time of
// the calling thread unless it says otherwise.
#include "tiers/exact_cache/exact_cache.h"

#include <malloc.h>
#include <unistd.h>

#include <cstdio>
#include <ctime>
#include <filesystem>
#include <vector>

#include "tiers/exact_cache/policy_oracle.h"
#include "tiers/exact_cache/policy_traffic.h"
#include "tiers/exact_cache/s3_fifo.h"

using namespace weir;
using namespace weir::tiers;

namespace {

constexpr std::size_t kEntries = 10'000;
constexpr std::size_t kBodyBytes = 1024;
constexpr std::size_t kLookups = 2'000'000;

// Of this thread alone, so that a busy machine does not count.
double cpu_nanos() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

double nanos_each(double from, std::size_t count) {
    return (cpu_nanos() - from) / static_cast<double>(count);
}

ExactCache::EntryPtr entry_of(const Clock& clock) {
    CacheEntry entry;
    entry.body = std::string(kBodyBytes, 'x');
    entry.model = "openai/gpt-4o-mini";
    entry.created_unix_micros = clock.unix_micros();
    return std::make_shared<const CacheEntry>(std::move(entry));
}

std::vector<Digest256> keys_from(std::size_t first) {
    std::vector<Digest256> keys;
    for (std::size_t i = 0; i < kEntries; ++i) keys.push_back(sha256(std::to_string(first + i)));
    return keys;
}

std::size_t heap_bytes() {
    return mallinfo2().uordblks;
}

double time_lookups(ExactCache& cache, const std::vector<Digest256>& keys, std::size_t& found) {
    std::mt19937_64 random(1);
    std::vector<std::uint32_t> order(kLookups);
    for (std::uint32_t& at : order) at = static_cast<std::uint32_t>(random() % keys.size());
    const auto start = cpu_nanos();
    for (const std::uint32_t at : order) {
        bool maybe = false;
        found += cache.lookup_memory(keys[at], maybe) != nullptr;
    }
    return nanos_each(start, kLookups);
}

void bench_memory() {
    SystemClock clock;
    const std::vector<Digest256> keys = keys_from(0);
    const std::vector<Digest256> others = keys_from(1'000'000);
    const std::size_t before = heap_bytes();
    ExactCache cache({}, clock, nullptr);
    std::vector<ExactCache::EntryPtr> entries;
    for (std::size_t i = 0; i < kEntries; ++i) entries.push_back(entry_of(clock));
    const auto start = cpu_nanos();
    for (std::size_t i = 0; i < kEntries; ++i) cache.store(keys[i], std::move(entries[i]));
    const double store_nanos = nanos_each(start, kEntries);
    entries = {};
    const double held = static_cast<double>(heap_bytes() - before) / kEntries;
    std::size_t found = 0;
    const double hit = time_lookups(cache, keys, found);
    const double miss = time_lookups(cache, others, found);
    std::printf("%zu entries of %zu bytes, one thread\n", kEntries, kBodyBytes);
    std::printf("  lookup_memory, hit     %8.0f ns\n", hit);
    std::printf("  lookup_memory, miss    %8.0f ns\n", miss);
    std::printf("  store, memory alone    %8.0f ns\n", store_nanos);
    std::printf("  heap beside the body   %8.0f bytes an entry (counted: %.0f)\n", held - kBodyBytes,
                static_cast<double>(cache.counters().bytes) / kEntries - kBodyBytes);
    if (found != kLookups) std::printf("  WRONG: %zu found\n", found);
}

void bench_churn() {
    SystemClock clock;
    ExactCache::Options options;
    options.memory_bytes = 8u << 20;
    const std::size_t before = heap_bytes();
    ExactCache cache(options, clock, nullptr);
    std::vector<Digest256> keys;
    for (std::size_t first = 0; first < 10 * kEntries; first += kEntries) {
        for (const Digest256& key : keys_from(first)) keys.push_back(key);
    }
    const std::size_t of_keys = keys.capacity() * sizeof(Digest256);
    const auto start = cpu_nanos();
    for (const Digest256& key : keys) cache.store(key, entry_of(clock));
    const double store_nanos = nanos_each(start, keys.size());
    std::printf("100,000 stores into 8 MiB\n");
    std::printf("  store with eviction    %8.0f ns (making the entry included)\n", store_nanos);
    std::printf("  heap / counted bytes   %8.3f\n",
                static_cast<double>(heap_bytes() - before - of_keys) / static_cast<double>(cache.counters().bytes));
}

void bench_disk() {
    std::string folder = (std::filesystem::temp_directory_path() / "weir-bench-XXXXXX").string();
    if (::mkdtemp(folder.data()) == nullptr) return;
    SystemClock clock;
    const std::vector<Digest256> keys = keys_from(0);
    ExactCache::Options options;
    options.write_queue_entries = kEntries;
    {
        ExactCache cache(options, clock, store::LmdbEntryStore::open({folder, 256u << 20}).value());
        std::vector<ExactCache::EntryPtr> entries;
        for (std::size_t i = 0; i < kEntries; ++i) entries.push_back(entry_of(clock));
        const auto start = cpu_nanos();
        for (std::size_t i = 0; i < kEntries; ++i) cache.store(keys[i], std::move(entries[i]));
        const double store_nanos = nanos_each(start, kEntries);
        const Micros flushing = clock.steady_micros();
        cache.flush();
        std::printf("in front of LMDB\n");
        std::printf("  store, as the caller   %8.0f ns\n", store_nanos);
        std::printf("  until it is on disk    %8.0f ns an entry, wall time\n",
                    static_cast<double>(clock.steady_micros() - flushing) * 1000 / kEntries);
        std::printf("  on disk                %8.0f bytes an entry\n",
                    static_cast<double>(cache.counters().disk_bytes) / kEntries);
    }
    auto disk = store::LmdbEntryStore::open({folder, 256u << 20}).value();
    std::size_t found = 0;
    auto start = cpu_nanos();
    for (const Digest256& key : keys) found += disk->get(key).value().has_value();
    std::printf("  read from the store    %8.0f ns\n", nanos_each(start, kEntries));
    std::vector<std::string> values;
    for (const Digest256& key : keys) values.push_back(disk->get(key).value().value());
    start = cpu_nanos();
    for (const std::string& value : values) found += decode(value).has_value();
    std::printf("  decode                 %8.0f ns\n", nanos_each(start, kEntries));
    start = cpu_nanos();
    for (const Digest256& key : keys)
        found += encode(*entry_of(clock)).size() + cache_key({"t", "a", "u"}, key)[0] != 0;
    std::printf("  encode and cache_key   %8.0f ns\n", nanos_each(start, kEntries));
    const std::size_t before = heap_bytes();
    start = cpu_nanos();
    ExactCache cache({}, clock, std::move(disk));
    std::printf("  reading the keys       %8.0f ns a key, %.0f bytes of heap a key\n", nanos_each(start, kEntries),
                static_cast<double>(heap_bytes() - before) / kEntries);
    std::filesystem::remove_all(folder);
}

void bench_policy() {
    constexpr std::size_t kKeys = 100'000;
    constexpr std::size_t kCapacity = kKeys / 10;
    constexpr int kRequests = 2'000'000;
    std::printf("hit ratio, %zu keys, room for 10 %%, %d requests\n", kKeys, kRequests);
    for (const double exponent : {0.7, 1.0}) {
        std::vector<Digest256> keys;
        for (std::size_t i = 0; i < kKeys; ++i) keys.push_back(sha256(std::to_string(i)));
        S3Fifo fifo(kCapacity);
        Lru lru(kCapacity);
        std::vector<S3Fifo::Value> removed;
        Zipf zipf(kKeys, exponent, 42);
        int fifo_hits = 0;
        int lru_hits = 0;
        for (int i = 0; i < kRequests; ++i) {
            const std::uint64_t number = zipf.next();
            if (fifo.find(keys[number]) != nullptr) {
                ++fifo_hits;
            } else {
                fifo.insert(keys[number], nullptr, 1, removed);
                removed.clear();
            }
            if (lru.find(number)) {
                ++lru_hits;
            } else {
                lru.insert(number, 1);
            }
        }
        std::printf("  Zipf(%.1f)              S3-FIFO %.4f   LRU %.4f\n", exponent,
                    static_cast<double>(fifo_hits) / kRequests, static_cast<double>(lru_hits) / kRequests);
    }
}

void bench_money() {
    std::printf("share of dollars saved, 20,000 keys, room for about 10 %%, 300,000 requests, mean of 3 seeds\n");
    const auto show = [](const char* name, const Traffic& traffic) {
        Saved sum;
        for (const std::uint64_t seed : {1u, 2u, 3u}) {
            const Saved saved = compare(traffic, seed);
            sum.money += saved.money / 3;
            sum.plain += saved.plain / 3;
            sum.lru += saved.lru / 3;
            sum.gdsf += saved.gdsf / 3;
        }
        std::printf("  %-26s by money %.4f   S3-FIFO %.4f   LRU %.4f   GDSF %.4f\n", name, sum.money, sum.plain,
                    sum.lru, sum.gdsf);
    };
    for (const NamedTraffic& one : kTraffics) show(one.name, one.traffic);
    show("equal prices", {0.9, 0, 0.8, 0, 0.1, 0});
    show("equal prices and sizes", {0.9, 0, 0, 0, 0.1, 0});
}

// What the policy itself costs an operation: a look-up, and an insert with its evictions on a miss.
void bench_policy_cost() {
    const auto time = [](bool priced) {
        constexpr int kRequests = 1'000'000;
        Numbered cache(20'000ull * 2550 / 10);
        Zipf zipf(20'000, 0.9, 7);
        std::vector<std::uint32_t> order(kRequests);
        for (std::uint32_t& at : order) at = static_cast<std::uint32_t>(zipf.next());
        const double start = cpu_nanos();
        for (const std::uint32_t key : order) {
            if (cache.find(key)) continue;
            const std::int64_t nanos = 1000ll << key % 12;
            cache.insert(key, 900 + key % 4096, priced ? nanos : MoneyScale::kUnknown);
        }
        return nanos_each(start, kRequests);
    };
    const double plain = time(false);
    std::printf("policy, an operation       by money %.0f ns   S3-FIFO %.0f ns\n", time(true), plain);
}

}  // namespace

int main() {
    bench_memory();
    bench_churn();
    bench_disk();
    bench_policy();
    bench_money();
    bench_policy_cost();
    return 0;
}
