#include "limits/cost_book.h"

#include <doctest/doctest.h>

#include <cmath>
#include <memory>
#include <random>

using namespace weir;
using namespace weir::limits;

TEST_CASE("nothing is believed of a few requests") {
    CostBook book;
    CHECK_FALSE(book.usual(7).known);
    for (std::uint32_t i = 0; i + 1 < CostBook::kEnough; ++i) book.add(7, Usd{1'000'000});
    CHECK_FALSE(book.usual(7).known);
    book.add(7, Usd{1'000'000});
    CHECK(book.usual(7).known);
    CHECK_FALSE(book.usual(9).known);
}

TEST_CASE("the 95th percentile is never too low, and at most a quarter octave too high") {
    CostBook book;
    for (std::int64_t i = 1; i <= 1'000; ++i) book.add(1, Usd{std::int64_t{i} * 1'000'000});
    const CostBook::Usual usual = book.usual(1);
    CHECK(usual.p95.nanos >= 950'000'000);
    CHECK(usual.p95.nanos <= 1'130'500'000);
    CHECK(usual.most.nanos >= 1'000'000'000);
}

TEST_CASE("nothing is above what was seen, but for what a few say of the next") {
    CostBook book;
    for (std::uint32_t i = 0; i < CostBook::kEnough; ++i) book.add(7, Usd{1'234'560});
    CHECK(book.usual(7).p95 == Usd{1'234'560});
    CHECK(book.usual(7).most == Usd{1'234'560});
    CHECK(book.usual(7).likely == Usd{12'345'600});
    CHECK(book.usual(7).bound > Usd{200'000'000});
    for (std::uint32_t i = 0; i < CostBook::kEnoughForLikely; ++i) book.add(7, Usd{1'000});
    CHECK(book.usual(7).likely == Usd{1'234'560});
    for (std::uint32_t i = 0; i < CostBook::kEnoughForBound; ++i) book.add(7, Usd{1'000});
    CHECK(book.usual(7).most == Usd{1'234'560});
    CHECK(book.usual(7).bound == Usd{1'234'560});
}

TEST_CASE("however few were seen, and however heavy their tail, what is likely holds, and the bound more so") {
    for (const double exponent : {1.0, 1.3, 3.0}) {
        for (const std::uint32_t seen : {20U, 50U, 150U, 200U, 1'000U}) {
            CAPTURE(exponent);
            CAPTURE(seen);
            std::mt19937_64 random(seen);
            const auto draw = [&] {
                const double u = std::uniform_real_distribution<>(1e-9, 1)(random);
                return Usd{static_cast<std::int64_t>(10'000 * std::pow(u, -1 / exponent))};
            };
            int over_likely = 0;
            int over_bound = 0;
            constexpr int kTrials = 1'000;
            constexpr int kNext = 20;
            const auto book = std::make_unique<CostBook>();
            for (std::uint64_t trial = 1; trial <= kTrials; ++trial) {
                for (std::uint32_t i = 0; i < seen; ++i) book->add(trial, draw());
                for (int i = 0; i < kNext; ++i) {
                    const Usd next = draw();
                    over_likely += next > book->usual(trial).likely ? 1 : 0;
                    over_bound += next > book->usual(trial).bound ? 1 : 0;
                }
            }
            CHECK(over_likely < 1.3 * kTrials * kNext / 200);
            CHECK(over_bound < 2.5 * kTrials * kNext / 4'096);
        }
    }
}

TEST_CASE("what was long ago fades") {
    CostBook book;
    for (int i = 0; i < 100; ++i) book.add(1, Usd{1'000'000'000});
    for (int i = 0; i < 70'000; ++i) book.add(1, Usd{1'000'000});
    CHECK(book.usual(1).most.nanos < 2'000'000);
}

TEST_CASE("more tasks than places share one") {
    CostBook book;
    for (std::uint64_t key = 1; key < 20'000; ++key) book.add(key * 2 + 1, Usd{5'000'000});
    std::size_t known = 0;
    for (std::uint64_t key = 1; key < 20'000; ++key) known += book.usual(key * 2 + 1).known ? 1 : 0;
    CHECK(known > 10'000);  // ... from what others cost
}
