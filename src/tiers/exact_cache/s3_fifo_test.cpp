#include "tiers/exact_cache/s3_fifo.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <map>
#include <set>
#include <string>

#include "tiers/exact_cache/exact_cache.h"
#include "tiers/exact_cache/policy_oracle.h"

using namespace weir;
using namespace weir::tiers;

namespace {

Digest256 key_of(std::uint64_t number) {
    return sha256(std::to_string(number));
}

struct Step {
    std::uint8_t what;
    std::uint8_t key;
    std::uint16_t bytes;
};

// What a cache in front of something does: ask, and store on a miss; now and then replace or erase. -> the number of
// the first step after which the two differ, or -1.
int first_difference(const std::vector<Step>& steps, std::uint64_t capacity, unsigned keys) {
    S3Fifo fast(capacity);
    SlowS3Fifo slow(capacity);
    std::vector<S3Fifo::Value> removed;
    for (std::size_t i = 0; i < steps.size(); ++i) {
        const Step& step = steps[i];
        const std::uint64_t number = step.key % keys;
        const Digest256 key = key_of(number);
        const std::uint32_t bytes = 1 + step.bytes % 300u;
        bool same = true;
        if (step.what % 16 == 0) {
            same = fast.erase(key, removed) == slow.erase(number);
        } else if (step.what % 16 == 1) {
            same = fast.insert(key, nullptr, bytes, removed) == slow.insert(number, bytes);
        } else {
            const bool hit = fast.find(key) != nullptr;
            same = hit == slow.find(number);
            if (!hit) same = fast.insert(key, nullptr, bytes, removed) == slow.insert(number, bytes) && same;
        }
        same = same && fast.bytes() == slow.bytes() && fast.entries() == slow.entries() && fast.bytes() <= capacity;
        if (!same) return static_cast<int>(i);
    }
    for (unsigned number = 0; number < keys; ++number) {
        if ((fast.find(key_of(number)) != nullptr) != slow.find(number)) return static_cast<int>(steps.size());
    }
    return -1;
}

double hit_ratio_s3(Zipf zipf, std::uint64_t capacity, int requests) {
    S3Fifo cache(capacity);
    std::vector<S3Fifo::Value> removed;
    int hits = 0;
    for (int i = 0; i < requests; ++i) {
        const Digest256 key = key_of(zipf.next());
        if (cache.find(key) != nullptr) {
            ++hits;
        } else {
            cache.insert(key, nullptr, 1, removed);
        }
    }
    return static_cast<double>(hits) / requests;
}

double hit_ratio_lru(Zipf zipf, std::uint64_t capacity, int requests) {
    Lru cache(capacity);
    int hits = 0;
    for (int i = 0; i < requests; ++i) {
        const std::uint64_t key = zipf.next();
        if (cache.find(key)) {
            ++hits;
        } else {
            cache.insert(key, 1);
        }
    }
    return static_cast<double>(hits) / requests;
}

}  // namespace

TEST_CASE("S3-FIFO does what the plain one does, on any trace") {
    CHECK(rc::check([] {
        const auto capacity = *rc::gen::inRange<std::uint64_t>(1, 3000);
        const auto keys = *rc::gen::inRange<unsigned>(2, 64);
        const auto steps = *rc::gen::container<std::vector<Step>>(
            rc::gen::build<Step>(rc::gen::set(&Step::what), rc::gen::set(&Step::key), rc::gen::set(&Step::bytes)));
        RC_ASSERT(first_difference(steps, capacity, keys) == -1);
    }));
}

TEST_CASE("S3-FIFO does what the plain one does, on long skewed traces") {
    for (const std::uint64_t seed : {1u, 2u, 3u, 4u}) {
        Zipf zipf(200, 0.8, seed);
        std::mt19937_64 random(seed);
        std::vector<Step> steps;
        for (int i = 0; i < 20'000; ++i) {
            steps.push_back({static_cast<std::uint8_t>(random()), static_cast<std::uint8_t>(zipf.next()),
                             static_cast<std::uint16_t>(random())});
        }
        CHECK(first_difference(steps, 500 + 2500 * seed, 200) == -1);
    }
}

TEST_CASE("what is asked for once passes through small and leaves main alone") {
    S3Fifo cache(100);
    std::vector<S3Fifo::Value> removed;
    for (std::uint64_t number = 0; number < 5; ++number) {
        cache.insert(key_of(number), nullptr, 10, removed);
        cache.find(key_of(number));
        cache.find(key_of(number));
    }
    for (std::uint64_t number = 100; number < 1100; ++number) cache.insert(key_of(number), nullptr, 10, removed);
    for (std::uint64_t number = 0; number < 5; ++number) CHECK(cache.contains(key_of(number)));
    CHECK(cache.entries() == 10);
    CHECK(cache.evicted() == 995);
    CHECK(cache.ghosts() == 9);  // of 10 bytes, in 90
}

TEST_CASE("a ghost that comes back goes to main") {
    S3Fifo cache(100);
    std::vector<S3Fifo::Value> removed;
    for (std::uint64_t number = 0; number < 11; ++number) cache.insert(key_of(number), nullptr, 10, removed);
    REQUIRE_FALSE(cache.contains(key_of(0)));
    cache.insert(key_of(0), nullptr, 10, removed);
    for (std::uint64_t number = 100; number < 200; ++number) cache.insert(key_of(number), nullptr, 10, removed);
    CHECK(cache.contains(key_of(0)));
    CHECK_FALSE(cache.contains(key_of(1)));
}

TEST_CASE("values are handed back, sizes are exact, the too large are refused") {
    S3Fifo cache(1000);
    std::vector<S3Fifo::Value> removed;
    const auto value = std::make_shared<const CacheEntry>();
    CHECK(cache.insert(key_of(1), value, 1000, removed));
    CHECK(*cache.find(key_of(1)) == value);
    CHECK(cache.bytes() == 1000);
    CHECK(cache.insert(key_of(1), nullptr, 10, removed));
    CHECK(removed.size() == 1);
    CHECK(removed[0] == value);
    CHECK(cache.bytes() == 10);
    CHECK_FALSE(cache.insert(key_of(2), value, 1001, removed));
    CHECK(cache.contains(key_of(1)));
    CHECK_FALSE(cache.insert(key_of(1), value, 1001, removed));  // the older value must not stay
    CHECK(cache.entries() == 0);
    CHECK(cache.bytes() == 0);
    CHECK_FALSE(cache.erase(key_of(1), removed));
}

TEST_CASE("ghosts stay bounded when each is recalled at once") {
    S3Fifo cache(1000);
    std::vector<S3Fifo::Value> removed;
    for (std::uint64_t number = 0; number < 200'000; ++number) {
        cache.insert(key_of(number % 150), nullptr, 10, removed);
        CHECK_MESSAGE(cache.ghosts() <= 90, number);
    }
}

TEST_CASE("on a Zipf trace S3-FIFO hits more often than LRU") {
    const double fifo = hit_ratio_s3(Zipf(10'000, 1.0, 42), 1000, 200'000);
    const double lru = hit_ratio_lru(Zipf(10'000, 1.0, 42), 1000, 200'000);
    INFO(fifo << " against " << lru);
    CHECK(fifo > lru + 0.03);
}

TEST_CASE("the fingerprint table is a map, crowded homes and all") {
    CHECK(rc::check([](const std::vector<std::pair<std::uint8_t, std::uint16_t>>& steps) {
        FingerprintTable<std::uint32_t> table;
        std::map<std::uint64_t, std::uint32_t> model;
        for (const auto& [what, number] : steps) {
            // Few homes, all near the end of the table: runs that wrap.
            const std::uint64_t fingerprint = (number % 40) * 0x10000ull + (0xFFFFu - number % 3) + 1 - (number % 2);
            if (what % 3 == 0) {
                RC_ASSERT(table.erase(fingerprint) == (model.erase(fingerprint) == 1));
            } else {
                table.insert(fingerprint, number);
                model[fingerprint] = number;
            }
        }
        RC_ASSERT(table.size() == model.size());
        for (std::uint64_t low = 0; low < 40; ++low) {
            for (std::uint64_t home = 0xFFFC; home <= 0x10000; ++home) {
                const std::uint64_t fingerprint = low * 0x10000 + home;
                const auto* found = table.find(fingerprint);
                const auto expected = model.find(fingerprint);
                RC_ASSERT((found != nullptr) == (expected != model.end()));
                if (found != nullptr) RC_ASSERT(*found == expected->second);
            }
        }
    }));
    FingerprintTable<> zero;
    zero.insert(0);
    CHECK(zero.contains(0));
    CHECK(zero.size() == 1);
    CHECK(zero.erase(0));
    CHECK_FALSE(zero.contains(0));
}
