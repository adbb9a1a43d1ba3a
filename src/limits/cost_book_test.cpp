#include "limits/cost_book.h"

#include <doctest/doctest.h>

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

TEST_CASE("nothing is above what was seen, and the most of a few is not believed") {
    CostBook book;
    for (std::uint32_t i = 0; i < CostBook::kEnough; ++i) book.add(7, Usd{1'234'567});
    CHECK(book.usual(7).p95 == Usd{1'234'567});
    CHECK(book.usual(7).most == Usd{1'234'567});
    CHECK_FALSE(book.usual(7).most_known);
    for (std::uint32_t i = 0; i < CostBook::kEnoughForMost; ++i) book.add(7, Usd{1'000});
    CHECK(book.usual(7).most == Usd{1'234'567});
    CHECK(book.usual(7).most_known);
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
