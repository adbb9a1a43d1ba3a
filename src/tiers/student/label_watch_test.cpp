#include "tiers/student/label_watch.h"

#include <doctest/doctest.h>

#include "learn/random_bits.h"

using namespace weir;
using namespace weir::tiers::student;

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
