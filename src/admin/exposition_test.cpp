#include "admin/exposition.h"

#include <doctest/doctest.h>

using namespace weir::admin;

TEST_CASE("labels are escaped") {
    CHECK(Labels().text().empty());
    CHECK(Labels{{"a", "b"}, {"c", "d\"\\\n"}}.text() == R"({a="b",c="d\"\\\n"})");
}

TEST_CASE("a histogram's buckets are cumulative, and an empty one has them all") {
    constexpr std::array<std::int64_t, 2> kBounds = {1'000, 2'500'000};
    weir::telemetry::HistogramSum sum{{1, 2, 3}, 7'000'001};
    Exposition out;
    out.family("wait_seconds", "histogram", "Waits.");
    out.histogram("wait_seconds", {{"of", "a"}}, sum, kBounds, 1e-6);
    CHECK(out.take() == R"(# HELP weir_wait_seconds Waits.
# TYPE weir_wait_seconds histogram
weir_wait_seconds_bucket{of="a",le="0.001"} 1
weir_wait_seconds_bucket{of="a",le="2.5"} 3
weir_wait_seconds_bucket{of="a",le="+Inf"} 6
weir_wait_seconds_sum{of="a"} 7.000001
weir_wait_seconds_count{of="a"} 6
)");
    out.histogram("wait_seconds", {}, {}, kBounds, 1e-6);
    CHECK(out.take().find("weir_wait_seconds_bucket{le=\"+Inf\"} 0\n") != std::string::npos);
}
