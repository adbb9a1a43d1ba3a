#include "telemetry/trace_context.h"

#include <algorithm>
#include <cmath>

#include "base/hash.h"

namespace weir::telemetry {
namespace {

constexpr std::size_t kBytes = 55;  // of version 00

// The finaliser of SplitMix64 (G. Steele, D. Lea, C. Flood, OOPSLA 2014): a bijection, so that ids stay unique.
std::uint64_t mix(std::uint64_t value) {
    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9U;
    value = (value ^ value >> 27) * 0x94d049bb133111ebU;
    return value ^ value >> 31;
}

std::uint64_t not_zero(std::uint64_t value) {
    return value == 0 ? 1 : value;
}

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

void append_traceparent(const TraceParent& parent, std::string& out) {
    out += "00-";
    append_trace_id(parent.trace, out);
    out += '-';
    append_hex(parent.span, out);
    out += parent.sampled ? "-01" : "-00";
}

SpanId attempt_span(const RequestTrace& trace, std::size_t index) {
    return not_zero(mix(trace.span + 0x9e3779b97f4a7c15U * (index + 1)));
}

TraceIds::TraceIds(std::array<std::uint64_t, 2> seed, double sample, bool records)
    : seed_(seed),
      sampled_below_(sample >= 1 ? ~std::uint64_t{0}
                                 : static_cast<std::uint64_t>(std::ldexp(std::max(sample, 0.0), 64))),
      records_(records) {}

RequestTrace TraceIds::begin(RequestId request, std::string_view traceparent) const {
    RequestTrace begun;
    std::optional<TraceParent> parent;
    if (!traceparent.empty()) parent = parse_traceparent(traceparent);
    if (parent) {
        begun.trace = parent->trace;
        begun.parent = parent->span;
        begun.recorded = records_ && parent->sampled;
    } else if (records_) {
        const auto number = static_cast<std::uint64_t>(request);
        begun.trace = {mix(number ^ seed_[0]), not_zero(mix(number ^ seed_[1]))};
        begun.own = true;
        begun.recorded = begun.trace.low <= sampled_below_;
        if (!begun.recorded) begun = {};
    }
    if (begun.recorded) begun.span = not_zero(mix(static_cast<std::uint64_t>(request) + seed_[0] + seed_[1]));
    return begun;
}

}  // namespace weir::telemetry
