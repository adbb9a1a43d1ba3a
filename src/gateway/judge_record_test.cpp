#include "gateway/judge_record.h"

#include <doctest/doctest.h>

using namespace weir;
using namespace weir::gateway;
using wire::JudgeWord;
using Ending = JudgeRecord::Ending;
using Orders = JudgeRecord::Orders;

namespace {

// Asks for `pairs`, each of which ends so if it was asked in both orders; returns how many were.
std::size_t ask(JudgeRecord& record, std::size_t pairs, Ending in_both) {
    std::size_t both = 0;
    for (std::size_t i = 0; i < pairs; ++i) {
        const Orders orders = record.next(0);
        if (orders == Orders::none) continue;
        both += orders == Orders::both ? 1 : 0;
        record.concluded(JudgeWord::same, orders == Orders::both ? in_both : Ending::one_order);
    }
    return both;
}

Digest256 key(std::size_t number) {
    return sha256(std::to_string(number));
}

}  // namespace

TEST_CASE("a judge that agrees with itself is asked in both orders twenty times, then every tenth pair") {
    JudgeRecord record;
    CHECK(ask(record, 20, Ending::agreed) == 20);
    CHECK(ask(record, 100, Ending::agreed) == 10);
    const JudgeRecord::View view = record.view();
    CHECK(view.twice == 30);
    CHECK(view.agreed == 30);
    CHECK(view.consistency == 1.0);
    CHECK(view.passed_over == 0);
}

TEST_CASE("while it contradicts itself it is asked in both orders; below a coin's worth hardly at all") {
    JudgeRecord record;
    ask(record, 18, Ending::agreed);
    ask(record, 2, Ending::contradicted);  // 90 %
    CHECK(ask(record, 20, Ending::agreed) == 20);
    CHECK(record.view().consistency == doctest::Approx(0.95));
    CHECK(ask(record, 10, Ending::agreed) == 1);

    for (const Ending ending : {Ending::contradicted, Ending::unreadable}) {
        JudgeRecord bad;
        CHECK(ask(bad, 20, ending) == 20);
        CHECK(ask(bad, 100, ending) == 10);
        CHECK(bad.view().passed_over == 90);
        CHECK(bad.view().twice == (ending == Ending::contradicted ? 30 : 0));
        CHECK(bad.view().agreed == 0);
        ask(bad, 10 * JudgeRecord::kWindow, Ending::agreed);  // it was changed: the window forgets
        CHECK(bad.view().consistency == 1.0);
        CHECK(ask(bad, 100, Ending::agreed) == 10);
    }
}

TEST_CASE("pairs under way count for the trial, but nothing is believed before some have ended") {
    JudgeRecord record;
    for (int i = 0; i < 50; ++i) CHECK(record.next(0) == Orders::both);
    for (int i = 0; i < 10; ++i) record.concluded(JudgeWord::a, Ending::agreed);
    CHECK(record.next(0) == Orders::one);
}

TEST_CASE("a judge that does not answer is left alone, longer each time, and asked again") {
    JudgeRecord record;
    record.failed(0);
    record.failed(0);
    CHECK(record.next(0) != Orders::none);
    record.failed(0);
    CHECK(record.next(999'999) == Orders::none);
    CHECK(record.next(1'000'000) != Orders::none);
    record.failed(1'000'000);
    CHECK(record.next(2'999'999) == Orders::none);
    CHECK(record.next(3'000'000) != Orders::none);
    for (int i = 0; i < 100; ++i) record.failed(0);
    CHECK(record.next(JudgeRecord::kMostPauseMicros - 1) == Orders::none);
    CHECK(record.next(JudgeRecord::kMostPauseMicros) != Orders::none);
    record.answered(Usd{7});
    record.failed(0);
    CHECK(record.next(0) != Orders::none);
    CHECK(record.view().cost.nanos == 7);
    CHECK(record.view().calls == 106);
    CHECK(record.view().failed == 105);
}

TEST_CASE("what was said is remembered, within a bound, the last used longest") {
    JudgeRecord record;
    CHECK_FALSE(record.remembered(key(0)).has_value());
    record.remember(key(0), {JudgeWord::a, true, Usd{5}});
    for (std::size_t i = 1; i < JudgeRecord::kRemembered; ++i) record.remember(key(i), {JudgeWord::b, false, {}});
    const auto first = record.remembered(key(0));
    REQUIRE(first.has_value());
    CHECK(first->word == JudgeWord::a);
    CHECK(first->both_orders);
    CHECK(first->cost.nanos == 0);  // this time
    record.remember(key(JudgeRecord::kRemembered), {JudgeWord::same, false, {}});
    CHECK(record.remembered(key(0)).has_value());
    CHECK_FALSE(record.remembered(key(1)).has_value());
    CHECK(record.view().remembered == 2);
    record.remember(key(0), {JudgeWord::same, false, {}});
    CHECK(record.remembered(key(0))->word == JudgeWord::same);
}

TEST_CASE("a record is the cascade's and the judge's") {
    JudgeBook book;
    const auto record = book.record_of("c", "p/m");
    CHECK(book.record_of("c", "p/m") == record);
    CHECK(book.record_of("d", "p/m") != record);
    CHECK(book.record_of("c", "p/n") != record);
    record->answered(Usd{3});
    const auto views = book.views();
    REQUIRE(views.size() == 3);
    CHECK(views[0].cascade == "c");
    CHECK(views[0].judge == "p/m");
    CHECK(views[0].calls == 1);
    CHECK_FALSE(views[0].consistency.has_value());
    for (std::size_t i = 0; i < JudgeBook::kMost + 5; ++i) book.record_of(std::to_string(i), "p/m");
    CHECK(book.views().size() <= JudgeBook::kMost);
}
