#include "tiers/exact_cache/s3_fifo.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <map>
#include <set>
#include <string>

#include "tiers/exact_cache/exact_cache.h"
#include "tiers/exact_cache/policy_oracle.h"
#include "tiers/exact_cache/policy_traffic.h"

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
    std::uint16_t worth = 0;  // a power of two of nano-dollars; with `priced` false: not known
    bool priced = false;

    std::int64_t worth_nanos() const { return priced ? (std::int64_t{1} << worth % 40) - 1 : MoneyScale::kUnknown; }
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
            same = fast.insert(key, nullptr, bytes, removed, step.worth_nanos()) ==
                   slow.insert(number, bytes, step.worth_nanos());
        } else {
            const bool hit = fast.find(key) != nullptr;
            same = hit == slow.find(number);
            if (!hit) {
                same = fast.insert(key, nullptr, bytes, removed, step.worth_nanos()) ==
                           slow.insert(number, bytes, step.worth_nanos()) &&
                       same;
            }
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
            rc::gen::build<Step>(rc::gen::set(&Step::what), rc::gen::set(&Step::key), rc::gen::set(&Step::bytes),
                                 rc::gen::set(&Step::worth), rc::gen::set(&Step::priced)));
        RC_ASSERT(first_difference(steps, capacity, keys) == -1);
    }));
}

TEST_CASE("S3-FIFO does what the plain one does, on long skewed traces") {
    for (const std::uint64_t seed : {1u, 2u, 3u, 4u, 5u, 6u, 7u, 8u}) {
        Zipf zipf(200, 0.8, seed);
        std::mt19937_64 random(seed);
        std::vector<Step> steps;
        for (int i = 0; i < 20'000; ++i) {
            steps.push_back({static_cast<std::uint8_t>(random()), static_cast<std::uint8_t>(zipf.next()),
                             static_cast<std::uint16_t>(random()), static_cast<std::uint16_t>(random()),
                             seed > 4 && random() % 4 != 0});
        }
        CHECK(first_difference(steps, 500 + 2500 * (seed % 4), 200) == -1);
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

TEST_CASE("an entry's credits go by its worth a byte against the others'") {
    MoneyScale scale;
    CHECK(scale.credits_of(MoneyScale::kUnknown, 100) == 4);
    for (int i = 0; i < 100; ++i) CHECK(scale.credits_of(1000, 100) == 4);
    CHECK(scale.credits_of(MoneyScale::kUnknown, 1) == 4);
    CHECK(scale.credits_of(1000, 0) == 4);
    CHECK(scale.credits_of(4000, 100) == 16);
    CHECK(scale.credits_of(1000, 400) == 1);
    CHECK(scale.credits_of(0, 100) == 1);
    CHECK(scale.credits_of(INT64_MAX, 1) == 252);
    MoneyScale free;  // everything costs nothing: all are the same again
    for (int i = 0; i < 100; ++i) CHECK(free.credits_of(0, 100) == 4);
    MoneyScale dearer;
    for (int i = 0; i < 20'000; ++i) dearer.credits_of(i < 10'000 ? 1000 : 100'000, 100);
    CHECK(dearer.credits_of(100'000, 100) == 4);
    CHECK(dearer.credits_of(1000, 100) == 1);
}

TEST_CASE("an eviction looks at a bounded number of entries, and then gives up the poorest") {
    S3Fifo cache(1000);
    std::vector<S3Fifo::Value> removed;
    for (std::uint64_t number = 100; number < 1100; ++number) cache.insert(key_of(number), nullptr, 180, removed, 1);
    for (std::uint64_t number = 0; number < 5; ++number) {
        cache.insert(key_of(number), nullptr, 180, removed, 1'000'000'000);  // worth 252 credits an access
    }
    cache.insert(key_of(5), nullptr, 180, removed, 1);  // the five go to main, and one of them out
    std::vector<std::uint64_t> kept;
    for (std::uint64_t number = 0; number < 5; ++number) {
        if (cache.contains(key_of(number))) kept.push_back(number);
    }
    REQUIRE(kept.size() >= 4);
    // Credits for 180 rounds and more, but for one of them: too many to be used up in one eviction.
    for (const std::uint64_t number : kept) {
        for (int i = 0; i < 3 && number != kept[2]; ++i) cache.find(key_of(number));
    }
    cache.find(key_of(kept[2]));
    cache.erase(key_of(5), removed);
    while (cache.contains(key_of(kept[2]))) {
        const std::size_t before = cache.entries();
        cache.insert(key_of(2000), nullptr, 100, removed, 1'000'000'000);
        cache.find(key_of(2000));
        cache.find(key_of(2000));
        cache.insert(key_of(2001), nullptr, 280, removed, 1'000'000'000);
        REQUIRE(cache.entries() <= before + 2);
    }
    for (const std::uint64_t number : kept) CHECK(cache.contains(key_of(number)) == (number != kept[2]));
}

TEST_CASE("with mixed prices and sizes, eviction by money saves clearly more dollars") {
    for (const auto& [name, traffic, more] : kTraffics) {
        for (const std::uint64_t seed : {1u, 2u, 3u}) {
            const Saved saved = compare(traffic, seed);
            const std::string shown = std::string(name) + ": " + std::to_string(saved.money) + ", plain " +
                                      std::to_string(saved.plain) + ", LRU " + std::to_string(saved.lru);
            INFO(shown);
            CHECK(saved.money > saved.plain + more);
            CHECK(saved.money > saved.lru + more);
        }
    }
}

TEST_CASE("at equal prices it is no worse than S3-FIFO, and at equal sizes too the very same") {
    for (const std::uint64_t seed : {1u, 2u, 3u}) {
        const Saved by_size = compare({0.9, 0, 0.8, 0, 0.1, 0}, seed);
        INFO(by_size.money << " against " << by_size.plain);
        CHECK(by_size.money > by_size.plain - 0.001);
        const Saved equal = compare({0.9, 0, 0, 0, 0.1, 0}, seed);
        CHECK(equal.money == equal.plain);
    }
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
