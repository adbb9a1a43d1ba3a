// What the traces of wire/usage_traces_testing.h cost, worked out by hand there.
#include <doctest/doctest.h>

#include "prices/price_table.h"
#include "wire/usage_traces_chat_testing.h"
#include "wire/usage_traces_other_testing.h"

using namespace weir;
using namespace weir::prices;
using wire::testing::UsageTrace;

TEST_CASE("every trace costs what it says") {
    std::vector<UsageTrace> traces = wire::testing::chat_traces();
    for (UsageTrace& trace : wire::testing::other_traces()) traces.push_back(std::move(trace));
    CHECK(traces.size() > 80);
    for (const UsageTrace& trace : traces) {
        CAPTURE(trace.name);
        PriceTable table;
        const auto merged = table.merge_json(R"({"m":)" + std::string(trace.price) + "}", "t");
        REQUIRE_MESSAGE(merged, merged.error().message);
        const Price* const price = table.find("", "m");
        REQUIRE(price);
        const std::optional<Usd> cost = cost_of(trace.usage, *price);
        CHECK(cost.has_value() == trace.cost.has_value());
        if (cost && trace.cost) CHECK(cost->nanos == *trace.cost);
    }
}
