#include "telemetry/trace_context.h"

#include <doctest/doctest.h>

#include <set>

using namespace weir::telemetry;

namespace {

constexpr std::string_view kSampled = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
constexpr std::string_view kNotSampled = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";

}  // namespace

TEST_CASE("a traceparent is read, and written as it was") {
    const auto parent = parse_traceparent(kSampled);
    REQUIRE(parent);
    CHECK(parent->trace == TraceId{0x0af7651916cd43ddU, 0x8448eb211c80319cU});
    CHECK(parent->span == 0xb7ad6b7169203331U);
    CHECK(parent->sampled);
    CHECK(!parse_traceparent(kNotSampled)->sampled);
    CHECK(traceparent_line(parent->trace, parent->span) == "traceparent: " + std::string(kSampled) + "\r\n");
}

TEST_CASE("flags and versions to come") {
    const std::string head(kSampled.substr(0, 53));
    CHECK(parse_traceparent(head + "ff")->sampled);
    CHECK(!parse_traceparent(head + "02")->sampled);
    CHECK(parse_traceparent("cc" + head.substr(2) + "01-what-the-future-will-be-like"));
    CHECK(!parse_traceparent("cc" + head.substr(2) + "01.what-the-future-will-be-like"));
}

TEST_CASE("what is malformed is none") {
    const std::string good(kSampled);
    for (const std::string& bad :
         {std::string(), good.substr(1), good.substr(0, 54), good + "-", good + " ", "ff" + good.substr(2),
          "0g" + good.substr(2), "00-" + std::string(32, '0') + good.substr(35),
          good.substr(0, 36) + std::string(16, '0') + "-01", good.substr(0, 3) + "0AF7" + good.substr(7),
          good.substr(0, 2) + "_" + good.substr(3), good.substr(0, 53) + "0x"}) {
        CAPTURE(bad);
        CHECK(!parse_traceparent(bad));
    }
}

TEST_CASE("the caller's decision holds, else the share does") {
    const TraceIds all({1, 2}, 1, true), none({1, 2}, 0, true), off({1, 2}, 1, false);
    const RequestTrace followed = all.begin(7, kSampled);
    CHECK(followed.recorded);
    CHECK(!followed.own);
    CHECK(followed.parent == 0xb7ad6b7169203331U);
    CHECK(followed.span != 0);
    CHECK(!all.begin(7, kNotSampled).recorded);
    CHECK(none.begin(7, kSampled).recorded);
    CHECK(!none.begin(7, "").trace.any());
    CHECK(all.begin(7, "nonsense").own);
    CHECK(!off.begin(7, kSampled).recorded);
    CHECK(off.begin(7, kSampled).trace.any());  // for the access log
    CHECK(!off.begin(7, "").trace.any());
}

TEST_CASE("a share of the traces, and no id twice") {
    const TraceIds tenth({11, 22}, 0.1, true);
    std::set<std::uint64_t> traces, spans;
    for (weir::RequestId request = 1; request <= 10'000; ++request) {
        const RequestTrace trace = tenth.begin(request, "");
        if (!trace.recorded) continue;
        traces.insert(trace.trace.low);
        spans.insert(trace.span);
        for (std::size_t i = 0; i < 6; ++i) spans.insert(attempt_span(trace, i));
    }
    CHECK(traces.size() > 850);
    CHECK(traces.size() < 1'150);
    CHECK(spans.size() == 7 * traces.size());
}
