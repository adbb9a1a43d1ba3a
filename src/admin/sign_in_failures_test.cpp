#include "admin/sign_in_failures.h"

#include <doctest/doctest.h>

using namespace weir;
using namespace weir::admin;

TEST_CASE("of failed sign-ins a few an hour are told, the rest as a number") {
    constexpr Micros kHour = SignInFailures::kHourMicros;
    SignInFailures failures;
    std::size_t told = 0;
    for (int i = 0; i < 1'000; ++i) told += failures.count(7 + i) ? 1 : 0;
    CHECK(told == SignInFailures::kTold);
    CHECK(failures.take_untold(kHour - 1) == 0);  // more may come
    CHECK(failures.take_untold(7 + kHour) == 1'000 - SignInFailures::kTold);
    CHECK(failures.take_untold(8 + kHour) == 0);
    CHECK(failures.count(9 + kHour));
    for (Micros hour = 2; hour < 50; ++hour) CHECK(failures.count(hour * kHour + 100));
    CHECK(failures.take_untold(99 * kHour) == 0);
}
