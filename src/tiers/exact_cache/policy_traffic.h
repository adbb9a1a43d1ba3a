// For tests and benchmarks: traffic with prices and sizes, and the dollars that each way to evict saves on it.
// Thread rule: none. The same numbers everywhere: no library's distributions are used.
#pragma once

#include <array>
#include <cmath>
#include <cstring>

#include "tiers/exact_cache/policy_oracle.h"
#include "tiers/exact_cache/s3_fifo.h"

namespace weir::tiers {

struct Traffic {
    double popularity = 0.9;    // Zipf's exponent
    double price_spread = 1.2;  // of the logarithm
    double size_spread = 0.8;
    double price_with_size = 0.3;  // correlation of the two
    double asked_once = 0.1;       // share of requests that never come again
    double drift = 0;              // share of requests after which a key's popularity becomes another's
};

// Share of all dollars that hits saved.
template <class Cache, class Insert>
double dollars_saved(Cache& cache, Insert insert, const Traffic& traffic, std::uint64_t seed) {
    constexpr std::size_t kKeys = 20'000;
    constexpr int kRequests = 300'000;
    std::mt19937_64 random(seed);
    // Box and Muller; std::normal_distribution differs between libraries.
    const auto uniform = [&] { return (static_cast<double>(random() >> 11) + 0.5) * 0x1p-53; };
    const auto normal = [&] { return std::sqrt(-2 * std::log(uniform())) * std::cos(6.283185307179586 * uniform()); };
    struct Item {
        std::uint32_t bytes;
        std::int64_t nanos;
    };
    const auto draw = [&] {
        const double size = normal();
        const double price = traffic.price_with_size * size +
                             std::sqrt(1 - traffic.price_with_size * traffic.price_with_size) * normal();
        return Item{static_cast<std::uint32_t>(900 + 1200 * std::exp(traffic.size_spread * size)),
                    static_cast<std::int64_t>(500'000 * std::exp(traffic.price_spread * price))};
    };
    std::vector<Item> items;
    std::vector<std::uint64_t> key_at;
    for (std::size_t i = 0; i < kKeys; ++i) {
        items.push_back(draw());
        key_at.push_back(i);
    }
    Zipf zipf(kKeys, traffic.popularity, seed + 1000);
    double spent = 0;
    double saved = 0;
    for (std::uint64_t i = 0; i < kRequests; ++i) {
        const bool once = uniform() < traffic.asked_once;
        if (uniform() < traffic.drift) std::swap(key_at[random() % kKeys], key_at[random() % kKeys]);
        const std::uint64_t key = once ? 1'000'000'000 + i : key_at[zipf.next()];
        const Item item = once ? draw() : items[key];
        spent += static_cast<double>(item.nanos);
        if (cache.find(key)) {
            saved += static_cast<double>(item.nanos);
        } else {
            insert(cache, key, item.bytes, item.nanos);
        }
    }
    return saved / spent;
}

// S3Fifo by number.
struct Numbered {
    explicit Numbered(std::uint64_t capacity) : cache(capacity) {}
    static Digest256 key_of(std::uint64_t number) {
        Digest256 key{};
        for (int i = 0; i < 4; ++i) {
            number = (number ^ number >> 31) * 0x9e3779b97f4a7c15 + static_cast<std::uint64_t>(i);
            std::memcpy(key.data() + 8 * i, &number, 8);
        }
        return key;
    }
    bool find(std::uint64_t number) { return cache.find(key_of(number)) != nullptr; }
    void insert(std::uint64_t number, std::uint32_t bytes, std::int64_t nanos) {
        cache.insert(key_of(number), nullptr, bytes, removed, nanos);
        removed.clear();
    }
    S3Fifo cache;
    std::vector<S3Fifo::Value> removed;
};

// By money, as plain S3-FIFO (no worth known), by LRU and by GreedyDual-Size-Frequency.
struct Saved {
    double money = 0, plain = 0, lru = 0, gdsf = 0;
};

inline Saved compare(const Traffic& traffic, std::uint64_t seed) {
    constexpr std::uint64_t kCapacity = 20'000ull * 2550 / 10;  // about a tenth of what the keys take
    Numbered money(kCapacity);
    Numbered plain(kCapacity);
    Lru lru(kCapacity);
    Gdsf gdsf(kCapacity);
    const auto with_worth = [](Numbered& to, std::uint64_t key, std::uint32_t bytes, std::int64_t nanos) {
        to.insert(key, bytes, nanos);
    };
    const auto without = [](Numbered& to, std::uint64_t key, std::uint32_t bytes, std::int64_t) {
        to.insert(key, bytes, MoneyScale::kUnknown);
    };
    const auto into_lru = [](Lru& to, std::uint64_t key, std::uint32_t bytes, std::int64_t) { to.insert(key, bytes); };
    const auto into_gdsf = [](Gdsf& to, std::uint64_t key, std::uint32_t bytes, std::int64_t nanos) {
        to.insert(key, bytes, static_cast<double>(nanos));
    };
    return {dollars_saved(money, with_worth, traffic, seed), dollars_saved(plain, without, traffic, seed),
            dollars_saved(lru, into_lru, traffic, seed), dollars_saved(gdsf, into_gdsf, traffic, seed)};
}

struct NamedTraffic {
    const char* name;
    Traffic traffic;
    double more;  // dollars saved than by plain S3-FIFO, in shares of all: at least
};
inline constexpr std::array<NamedTraffic, 7> kTraffics{{
    {"mixed prices", {}, 0.03},
    {"flat popularity", {0.7, 1.2, 0.8, 0.3, 0.1, 0}, 0.05},
    {"steep popularity", {1.1, 1.2, 0.8, 0.3, 0.1, 0}, 0.005},
    {"very mixed prices", {0.9, 2.0, 0.8, 0.3, 0.1, 0}, 0.06},
    {"many asked once", {0.9, 1.2, 0.8, 0.3, 0.4, 0}, 0.01},
    {"popularity that drifts", {0.9, 1.2, 0.8, 0.3, 0.1, 0.05}, 0.03},
    {"prices that go with sizes", {0.9, 1.0, 0.8, 0.9, 0.1, 0}, 0.0},
}};

}  // namespace weir::tiers
