#include "prices/call_price.h"

#include <doctest/doctest.h>

namespace weir::prices {

TEST_CASE("a call costs by the call and by the second, rounded half up") {
    CHECK(cost_of_call({Usd{5}, std::nullopt}, 9'000'000).nanos == 5);
    CHECK(cost_of_call({std::nullopt, Usd{100'000}}, 2'000).nanos == 200);
    CHECK(cost_of_call({Usd{1}, Usd{1}}, 500'000).nanos == 2);
    CHECK(cost_of_call({std::nullopt, Usd{1}}, 499'999).nanos == 0);
    CHECK(cost_of_call({std::nullopt, Usd{1'000}}, -5).nanos == 0);
}

}  // namespace weir::prices
