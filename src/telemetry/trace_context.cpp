#include "telemetry/trace_context.h"

#include <algorithm>
#include <cmath>

#include "base/hash.h"
#include "base/hex.h"

namespace weir::telemetry {
namespace {

constexpr std::size_t kBytes = 55;  // of version 00

bool is_lower_hex(std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace

std::optional<TraceParent> parse_traceparent(std::string_view value) {
    if (value.size() < kBytes || value[2] != '-' || value[35] != '-' || value[52] != '-') return std::nullopt;
    const std::string_view version = value.substr(0, 2), trace = value.substr(3, 32), span = value.substr(36, 16),
                           flags = value.substr(53, 2);
    if (!is_lower_hex(version) || !is_lower_hex(trace) || !is_lower_hex(span) || !is_lower_hex(flags)) {
        return std::nullopt;
    }
    if (version == "ff" || (version == "00" && value.size() != kBytes)) return std::nullopt;
    if (value.size() > kBytes && value[kBytes] != '-') return std::nullopt;
    TraceParent parent;
    parent.trace = {parse_hex(trace.substr(0, 16)).value_or(0), parse_hex(trace.substr(16)).value_or(0)};
    parent.span = parse_hex(span).value_or(0);
    parent.sampled = ((flags[1] <= '9' ? flags[1] - '0' : flags[1] - 'a' + 10) & 1) != 0;
    if (!parent.trace.any() || parent.span == 0) return std::nullopt;
    return parent;
}

void append_trace_id(const TraceId& trace, std::string& out) {
    append_hex(trace.high, out);
    append_hex(trace.low, out);
}

std::string traceparent_line(const TraceId& trace, SpanId span) {
    std::string line = "traceparent: 00-00000000000000000000000000000000-0000000000000000-01\r\n";
    constexpr std::size_t kTrace = 16, kSpan = kTrace + 33;  // where they stand
    write_hex(trace.high, &line[kTrace]);
    write_hex(trace.low, &line[kTrace + 16]);
    write_hex(span, &line[kSpan]);
    return line;
}

SpanId attempt_span(const RequestTrace& trace, std::size_t index) {
    return not_zero(mix_bits(trace.span + 0x9e3779b97f4a7c15U * (index + 1)));
}

TraceIds::TraceIds(std::array<std::uint64_t, 2> seed, double sample, bool records)
    : seed_(seed),
      sampled_below_(sample >= 1 ? ~std::uint64_t{0}
                                 : static_cast<std::uint64_t>(std::ldexp(std::max(sample, 0.0), 64))),
      records_(records) {}

RequestTrace TraceIds::own(RequestId request) const {
    const auto number = static_cast<std::uint64_t>(request);
    RequestTrace begun;
    begun.trace = {mix_bits(number ^ seed_[0]), low_half(request)};
    begun.span = span_of(request);
    begun.recorded = begun.own = true;
    return begun;
}

RequestTrace TraceIds::begin(RequestId request, std::string_view traceparent) const {
    std::optional<TraceParent> parent;
    if (!traceparent.empty()) parent = parse_traceparent(traceparent);
    if (!parent) return is_drawn(request) ? own(request) : RequestTrace{};
    RequestTrace begun;
    begun.trace = parent->trace;
    begun.parent = parent->span;
    begun.recorded = records_ && parent->sampled;
    if (begun.recorded) begun.span = span_of(request);
    return begun;
}

}  // namespace weir::telemetry
