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
#include "http/head.h"

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
// A caller's; empty where there is none.
inline std::string_view traceparent_of(const http::Headers& headers) {
    constexpr std::string_view kName = "traceparent";
    for (const http::Header& header : headers.list) {  // hardly any other has as many letters
        if (header.name.size() == kName.size() && http::equals_ignoring_case(header.name, kName)) return header.value;
    }
    return {};
}
void append_trace_id(const TraceId& trace, std::string& out);  // 32 hexadecimal digits
// The header line of a call that is recorded, with its end.
std::string traceparent_line(const TraceId& trace, SpanId span);

// Where one request stands in a trace.
struct RequestTrace {
    TraceId trace;          // the caller's, or one of Weir's own; none: nobody asked
    SpanId parent = 0;      // the caller's span
    SpanId span = 0;        // the request's own
    bool recorded = false;  // spans are made of it, and its upstreams are told of them
    bool own = false;       // the trace begins here: a tracestate that came alone is not passed on
};

// A request that something was asked for, later and in a trace of its own.
struct TraceOrigin {
    TraceId trace;  // none: it is not recorded
    SpanId span = 0;
    bool any() const { return span != 0; }
};
inline TraceOrigin origin_of(const RequestTrace& request) {
    return request.recorded ? TraceOrigin{request.trace, request.span} : TraceOrigin{};
}

// The span of the attempt that is number `index` in the ledger's row. Never 0.
SpanId attempt_span(const RequestTrace& trace, std::size_t index);

// The finaliser of SplitMix64 (G. Steele, D. Lea, C. Flood, OOPSLA 2014): a bijection, so that ids stay unique.
constexpr std::uint64_t mix_bits(std::uint64_t value) {
    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9U;
    value = (value ^ value >> 27) * 0x94d049bb133111ebU;
    return value ^ value >> 31;
}
constexpr std::uint64_t not_zero(std::uint64_t value) {
    return value == 0 ? 1 : value;
}

// Gives requests their place: the caller's sampling decision holds; where it has none, `sample` of the traces are
// recorded, by their number.
class TraceIds {
  public:
    // `seed`: of this process; ids are made of it and of the request's, which is unique.
    TraceIds(std::array<std::uint64_t, 2> seed, double sample, bool records);
    RequestTrace begin(RequestId request, std::string_view traceparent) const;
    // One that is recorded and begins here, whatever the share.
    RequestTrace own(RequestId request) const;
    // Whether begin() would say anything: mostly not, and cheap to know.
    bool begins(RequestId request, std::string_view traceparent) const {
        return !traceparent.empty() || is_drawn(request);
    }

  private:
    bool is_drawn(RequestId request) const { return records_ && low_half(request) <= sampled_below_; }
    SpanId span_of(RequestId request) const {
        return not_zero(mix_bits(static_cast<std::uint64_t>(request) + seed_[0] + seed_[1]));
    }
    std::uint64_t low_half(RequestId request) const {
        return not_zero(mix_bits(static_cast<std::uint64_t>(request) ^ seed_[1]));
    }

    std::array<std::uint64_t, 2> seed_;
    std::uint64_t sampled_below_;
    bool records_;
};

}  // namespace weir::telemetry
