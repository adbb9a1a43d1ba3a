#include "limits/bucket.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <thread>
#include <vector>

using namespace weir;
using namespace weir::limits;

namespace {
constexpr Micros kSecond = 1'000'000;
constexpr Micros kMinute = 60 * kSecond;
}  // namespace

TEST_CASE("bucket: a minute's worth at once, then as fast as it refills") {
    for (const std::int64_t rate : {1, 7, 59, 60, 70'000, 1'000'000}) {
        CAPTURE(rate);
        Bucket bucket;
        Micros now = 5 * kSecond;
        CHECK(bucket.level(rate, now).remaining == rate);
        CHECK(bucket.level(rate, now).full_in == 0);
        CHECK(bucket.take(rate, rate - 1, now) == 0);
        CHECK(bucket.level(rate, now).remaining == 1);
        CHECK(bucket.take(rate, 1, now) == 0);
        CHECK(bucket.level(rate, now).remaining == 0);
        const Micros wait = bucket.take(rate, 1, now);
        CHECK(wait > 0);
        CHECK(wait <= kMinute / rate + 1);
        CHECK(bucket.take(rate, 1, now + wait - 1) > 0);
        CHECK(bucket.take(rate, 1, now + wait) == 0);
        now += 2 * kMinute;
        CHECK(bucket.take(rate, rate, now) == 0);  // no more than a minute's worth is saved up
        CHECK(bucket.take(rate, 1, now) > 0);
    }
}

TEST_CASE("bucket: what turns out otherwise is given back or owed") {
    Bucket bucket;
    CHECK(bucket.take(600, 500, 0) == 0);
    bucket.settle(600, 500, 100);
    CHECK(bucket.level(600, 0).remaining == 500);
    bucket.settle(600, 0, 800);  // owes 300
    CHECK(bucket.level(600, 0).remaining == 0);
    CHECK(bucket.level(600, 0).full_in == 90 * kSecond);
    CHECK(bucket.take(600, 1, 30 * kSecond) > 0);
    CHECK(bucket.take(600, 1, 30 * kSecond + kSecond / 10) == 0);
}

TEST_CASE("bucket: what is larger than a minute's worth is admitted by a full bucket, and owes the rest") {
    Bucket bucket;
    CHECK(bucket.take(100, 100'000, kMinute) == 0);
    CHECK(bucket.take(100, 1, kMinute) > 0);
    bucket.settle(100, 100'000, 250);
    CHECK(bucket.level(100, kMinute).full_in == 150 * kSecond);
    bucket.settle(100, 0, INT64_MAX);
    CHECK(bucket.level(100, kMinute).full_in <= 25 * 60 * kMinute);
    CHECK(bucket.take(1, 1, 40 * 60 * kMinute) == 0);
}

TEST_CASE("bucket: another rate from now on") {
    Bucket bucket;
    CHECK(bucket.take(60, 30, 0) == 0);
    CHECK(bucket.level(600, 0).remaining == 300);  // half a minute is taken
    CHECK(bucket.level(6, 0).remaining == 3);
}

// Against a bound that knows nothing of how the bucket works.
TEST_CASE("bucket: never more than burst + rate * t, and nobody who waits as told starves") {
    std::mt19937_64 random(7);
    const auto pick = [&](std::int64_t low, std::int64_t high) {
        return std::uniform_int_distribution<std::int64_t>(low, high)(random);
    };
    for (int round = 0; round < 300; ++round) {
        const std::int64_t rate = pick(1, 200'000);
        Bucket bucket;
        Micros now = pick(0, kMinute);
        const Micros begun = now;
        double used = 0;  // as it is known so far: estimates until they are settled
        double least_owed = 0;
        struct Running {
            std::int64_t taken, used;
        };
        std::vector<Running> running;
        for (int step = 0; step < 300; ++step) {
            const std::int64_t amount = std::min(rate, pick(1, std::max<std::int64_t>(1, rate / 3)));
            const Micros wait = bucket.take(rate, amount, now);
            if (wait == 0) {
                used += static_cast<double>(amount);
                running.push_back({amount, pick(0, 2 * amount)});
                const double minutes = static_cast<double>(now - begun) / kMinute;
                const double bound = static_cast<double>(rate) * (1 + minutes) + 1;
                REQUIRE(used <= bound + 1e-3 * bound / 60);
                least_owed = std::max(least_owed, used);
            } else if (pick(0, 1) == 0) {
                REQUIRE(bucket.take(rate, amount, now + wait) == 0);  // nobody else takes any
                used += static_cast<double>(amount);
                now += wait;
                running.push_back({amount, pick(0, 2 * amount)});
            }
            if (!running.empty() && pick(0, 2) == 0) {
                const Running ended = running.back();
                running.pop_back();
                bucket.settle(rate, ended.taken, ended.used);
                used += static_cast<double>(ended.used - ended.taken);
            }
            now += pick(0, kMinute / 20);
        }
    }
}

TEST_CASE("bucket: who always asks gets all of the rate") {
    Bucket bucket;
    const std::int64_t rate = 90;
    std::int64_t admitted = 0;
    for (Micros now = 0; now < 10 * kMinute; now += 1'000) admitted += bucket.take(rate, 1, now) == 0 ? 1 : 0;
    CHECK(admitted >= rate + 10 * rate - 1);
    CHECK(admitted <= rate + 10 * rate);
}

TEST_CASE("bucket: threads together get what one would") {
    Bucket bucket;
    constexpr std::int64_t kRate = 10'000;
    std::atomic<std::int64_t> admitted{0};
    std::atomic<Micros> now{0};
    std::vector<std::thread> threads;
    for (int each = 0; each < 4; ++each) {
        threads.emplace_back([&] {
            for (int i = 0; i < 20'000; ++i) {
                const Micros at = now.fetch_add(1'000);
                if (bucket.take(kRate, 1, at) == 0) ++admitted;
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    const std::int64_t most = kRate + kRate * now.load() / kMinute;
    CHECK(admitted <= most + 1);
    CHECK(admitted >= most - 4);
    // And what all of them give back is there again.
    Bucket other;
    threads.clear();
    for (int each = 0; each < 4; ++each) {
        threads.emplace_back([&] {
            for (int i = 0; i < 20'000; ++i) {
                if (other.take(kRate, 7, 0) == 0) other.settle(kRate, 7, 0);
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(other.level(kRate, 0).remaining == kRate);
}
