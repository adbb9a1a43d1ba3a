// W3C Trace Context (level 2, https://www.w3.org/TR/trace-context-2/): who the caller's span is, and what Weir's own
// are called.
// Thread rule: pure functions. Limits: one traceparent of 55 bytes, or longer ones of versions to come.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/request_id.h"

namespace weir::telemetry {

using SpanId = std::uint64_t;  // 0: none

struct TraceId {
    std::uint64_t high = 0, low = 0;
    bool any() const { return high != 0 || low != 0; }
    friend bool operator==(const TraceId&, const TraceId&) = default;
};

struct TraceParent {
    TraceId trace;
    SpanId span = 0;
    bool sampled = false;
    friend bool operator==(const TraceParent&, const TraceParent&) = default;
};

// Nothing where the value is malformed (upper case, zeros, version ff, a version 00 with more behind it).
std::optional<TraceParent> parse_traceparent(std::string_view value);
// "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
void append_traceparent(const TraceParent& parent, std::string& out);
void append_trace_id(const TraceId& trace, std::string& out);  // 32 hexadecimal digits

// Where one request stands in a trace.
struct RequestTrace {
    TraceId trace;          // the caller's, or one of Weir's own; none: nobody asked
    SpanId parent = 0;      // the caller's span
    SpanId span = 0;        // the request's own
    bool recorded = false;  // spans are made of it, and its upstreams are told of them
    bool own = false;       // the trace begins here: a tracestate that came alone is not passed on
};

// The span of the attempt that is number `index` in the ledger's row. Never 0.
SpanId attempt_span(const RequestTrace& trace, std::size_t index);

// Gives requests their place: the caller's sampling decision holds; where it has none, `sample` of the traces are
// recorded, by their number.
class TraceIds {
  public:
    // `seed`: of this process; ids are made of it and of the request's, which is unique.
    TraceIds(std::array<std::uint64_t, 2> seed, double sample, bool records);
    RequestTrace begin(RequestId request, std::string_view traceparent) const;

  private:
    std::array<std::uint64_t, 2> seed_;
    std::uint64_t sampled_below_;
    bool records_;
};

}  // namespace weir::telemetry
