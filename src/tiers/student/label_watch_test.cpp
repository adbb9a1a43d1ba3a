#include "tiers/student/label_watch.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "learn/random_bits.h"

using namespace weir;
using namespace weir::tiers::student;
using Of = LabelWatch::Of;

TEST_CASE("label watch: quiet while new labels are as usual, loud when they are not") {
    for (const double usual : {0.0, 0.1, 0.3}) {
        learn::RandomBits random(4);
        std::size_t alarms = 0;
        for (int run = 0; run < 40; ++run) {
            LabelWatch watch(usual);
            bool alarmed = false;
            for (int i = 0; i < 400; ++i) {
                watch.add(!random.chance(usual));
                alarmed = alarmed || watch.alarmed();
            }
            alarms += alarmed ? 1 : 0;
        }
        CHECK(alarms <= 2);
        LabelWatch watch(usual);
        for (int i = 0; i < 60; ++i) watch.add(true);
        int until = 0;
        while (!watch.alarmed() && until < 100) {
            ++until;
            watch.add(random.chance(0.2));  // a new label has taken over most of them
        }
        CHECK(until <= 60);
    }
    CHECK_FALSE(LabelWatch(0).alarmed());
}

TEST_CASE("label watch: renamed labels are told within four answers, and since when") {
    LabelWatch watch(0.015);  // none outside in 200 examples
    for (int i = 0; i < 500; ++i) watch.add(true, Of::all, i);
    CHECK_FALSE(watch.suspicious());
    int needed = 0;
    while (!watch.alarmed()) {
        REQUIRE(++needed <= 4);
        watch.add(false, Of::trusted, 1'000 + needed);
        CHECK(watch.suspicious());  // from the first one on
    }
    CHECK(watch.since() == 1'001);
}

TEST_CASE("label watch: one label that was not heard of makes it suspicious for some answers, and no more") {
    LabelWatch watch(0.015);
    for (int i = 0; i < 500; ++i) watch.add(true);
    watch.add(false);
    int cleared = 0;
    while (watch.suspicious()) {
        watch.add(true);
        ++cleared;
    }
    CHECK(cleared >= 20);
    CHECK(cleared <= 26);
    CHECK_FALSE(watch.alarmed());
    watch.add(false);  // what it may take is used up
    for (cleared = 0; watch.suspicious(); ++cleared) watch.add(true);
    CHECK(cleared <= 12);
}

TEST_CASE("label watch: what the student is not trusted with has its own usual share") {
    learn::RandomBits random(9);
    LabelWatch watch(0.015);
    std::size_t alarms = 0, suspicious = 0, heard = 0;
    for (int i = 0; i < 4'000; ++i) {
        // All that is new comes here: 0.5 % of all requests, of which nineteen in twenty are trusted to the student.
        const bool of_all = watch.suspicious();
        watch.add(!random.chance(of_all ? 0.005 : 0.1), of_all ? Of::all : Of::declined);
        alarms += watch.alarmed() ? 1 : 0;
        suspicious += watch.suspicious() ? 1 : 0;
        ++heard;
    }
    CHECK(alarms == 0);
    CHECK(suspicious < heard / 20);
    int needed = 0;
    while (!watch.alarmed() && ++needed < 30) watch.add(false, watch.suspicious() ? Of::all : Of::declined);
    CHECK(needed <= 12);
}

TEST_CASE("label watch: the time to a false alarm is long, also where hardly anything is tolerated") {
    // Each share at the bound that training tells, so above the truth; a stream of 20,000 answers heard.
    for (const double share : {0.005, 0.03, 0.1, 0.3, 0.6}) {
        std::size_t alarms = 0;
        learn::RandomBits random(31);
        for (int run = 0; run < 20; ++run) {
            LabelWatch watch(share);
            for (int i = 0; i < 1'000; ++i) {
                watch.add(!random.chance(share), i % 20 == 0 ? Of::trusted : Of::all);
                if (!watch.alarmed()) continue;
                ++alarms;
                break;
            }
        }
        CHECK(alarms <= 2);
    }
}

TEST_CASE("label watch: a new label that comes only with what the student is not trusted with is noticed as well") {
    LabelWatch watch(0.015);
    for (int i = 0; i < 300; ++i) watch.add(true);
    int needed = 0;
    while (!watch.suspicious() && ++needed < 20) watch.add(false, Of::declined);
    CHECK(needed <= 6);
    // Elsewhere half of what it is not trusted with has new labels: that is usual there, once it is known.
    LabelWatch used(0.1);
    learn::RandomBits random(7);
    std::size_t suspicious = 0;
    for (int i = 0; i < 4'000; ++i) {
        const bool of_all = used.suspicious();
        used.add(!random.chance(of_all ? 0.08 : 0.5), of_all ? Of::all : Of::declined);
        REQUIRE_FALSE(used.alarmed());
        if (i >= 1'000) suspicious += used.suspicious() ? 1 : 0;
    }
    CHECK(suspicious < 300);
}
