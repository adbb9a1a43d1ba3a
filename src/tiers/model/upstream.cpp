#include "tiers/model/upstream.h"

#include <algorithm>
#include <array>
#include <limits>

namespace weir::tiers {
namespace {

// Headers that end here: they belong to the caller's connection, to its credentials, or to Weir.
bool stays_here(std::string_view name) {
    static constexpr std::array<std::string_view, 17> kNames = {
        "host",         "connection",    "keep-alive",        "proxy-connection", "proxy-authorization",
        "te",           "trailer",       "transfer-encoding", "upgrade",          "content-length",
        "expect",       "authorization", "x-api-key",         "cookie",           "accept-encoding",
        "content-type", "forwarded"};
    const auto same = [name](std::string_view known) { return http::equals_ignoring_case(name, known); };
    if (std::any_of(kNames.begin(), kNames.end(), same)) return true;
    const auto starts = [name](std::string_view prefix) {
        return name.size() >= prefix.size() && http::equals_ignoring_case(name.substr(0, prefix.size()), prefix);
    };
    return starts("x-weir-") || starts("x-forwarded-");
}

std::int32_t clamp(Tokens tokens) {
    return static_cast<std::int32_t>(std::clamp<Tokens>(tokens, 0, std::numeric_limits<std::int32_t>::max()));
}

}  // namespace

std::string request_head(const ModelUpstream& upstream, std::string_view path, std::size_t body_bytes,
                         const http::RequestHead* caller) {
    const ProviderLink& provider = *upstream.provider;
    std::string head;
    head.reserve(512);
    head += "POST ";
    head += provider.path_prefix;
    head += path;
    head += " HTTP/1.1\r\nhost: ";
    head += provider.host_header;
    head += "\r\n";
    head += provider.authorization_line;
    head += "content-type: application/json\r\ncontent-length: ";
    head += std::to_string(body_bytes);
    head += "\r\n";
    if (caller != nullptr) {
        for (const http::Header& header : caller->headers.list) {
            if (stays_here(header.name) || caller->headers.has_token("connection", header.name)) continue;
            head += header.name;
            head += ": ";
            head += header.value;
            head += "\r\n";
        }
    }
    head += "\r\n";
    return head;
}

wire::Usage or_estimate(const wire::Usage& usage, std::size_t request_bytes, Tokens output) {
    if (usage.reported) return usage;
    wire::Usage estimate;
    estimate.input_uncached = static_cast<Tokens>(request_bytes / 4);
    estimate.output = output;
    return estimate;
}

void account(store::Attempt& attempt, const wire::Usage& usage, const std::optional<prices::Price>& price) {
    attempt.input_uncached = clamp(usage.input_uncached);
    attempt.input_cached = clamp(usage.input_cached);
    attempt.input_cache_write = clamp(usage.input_cache_write);
    attempt.output = clamp(usage.output);
    attempt.reasoning = clamp(usage.reasoning);
    attempt.usage_estimated = !usage.reported;
    attempt.priced = price.has_value();
    attempt.cost = price ? prices::cost_of(usage, *price) : Usd{};
}

void account_more(store::Attempt& attempt, const wire::Usage& usage, const std::optional<prices::Price>& price) {
    store::Attempt more;
    account(more, usage, price);
    const auto add = [](std::int32_t& to, std::int32_t what) { to = clamp(Tokens{to} + Tokens{what}); };
    add(attempt.input_uncached, more.input_uncached);
    add(attempt.input_cached, more.input_cached);
    add(attempt.input_cache_write, more.input_cache_write);
    add(attempt.output, more.output);
    add(attempt.reasoning, more.reasoning);
    attempt.usage_estimated = attempt.usage_estimated || more.usage_estimated;
    attempt.priced = attempt.priced && more.priced;
    attempt.cost += more.cost;
}

store::Outcome outcome_of(ErrorCode code) {
    switch (code) {
        case ErrorCode::timeout:
            return store::Outcome::timed_out;
        case ErrorCode::canceled:
            return store::Outcome::canceled;
        default:
            return store::Outcome::failed;
    }
}

}  // namespace weir::tiers
