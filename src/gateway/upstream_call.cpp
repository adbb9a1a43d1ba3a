#include "gateway/upstream_call.h"

#include <algorithm>
#include <array>
#include <vector>

#include "json/scan.h"

namespace weir::gateway {
namespace {

constexpr std::size_t kMaxErrorBytes = 1u << 20;

// Headers of an upstream's answer that do not go on to the caller: its connection's, its cookies, and names that are
// Weir's own.
bool stays_here(std::string_view name) {
    static constexpr std::array<std::string_view, 12> kNames = {
        "connection", "keep-alive",   "proxy-authenticate", "trailer", "transfer-encoding", "upgrade",
        "date",       "content-type", "content-length",     "server",  "set-cookie",        "content-encoding"};
    return http::equals_ignoring_case(name.substr(0, 7), "x-weir-") ||
           std::any_of(kNames.begin(), kNames.end(),
                       [name](std::string_view known) { return http::equals_ignoring_case(name, known); });
}

// How much the provider lets the gateway ask for: to a caller with limits of its own it says nothing.
bool tells_rate_limits(std::string_view name) {
    return http::equals_ignoring_case(name.substr(0, 12), "x-ratelimit-") ||
           http::equals_ignoring_case(name.substr(0, 20), "anthropic-ratelimit-");
}

wire::ApiError upstream_failed(const Error& error) {
    const bool late = error.code == ErrorCode::timeout;
    return {late ? 504u : 502u, "The upstream did not answer: " + error.message, "server_error",
            late ? "upstream_timeout" : "upstream_unavailable", ""};
}

}  // namespace

void take_head(UpstreamCall& upstream) {
    const http::ResponseHead& response = upstream.call.response();
    upstream.status = response.status;
    upstream.attempt.status = static_cast<std::uint16_t>(response.status);
    if (response.status >= 400) {
        upstream.retry_after = retry_after_of(response.headers, upstream.life.lane.shared.clock.unix_micros());
        const std::string_view word = response.headers.value("x-should-retry");
        if (word == "true" || word == "false") upstream.should_retry = word == "true";
    }
    upstream.is_stream = response.headers.value("content-type").starts_with("text/event-stream");
    // The request's id under the name that the caller's API has for it is Weir's own, unless the provider speaks that
    // API.
    const wire::Dialect* const dialect = upstream.life.dialect;
    const std::string_view id = dialect != nullptr ? dialect->id_header().name : std::string_view();
    const bool own_limits = upstream.life.caller->has_rates();
    upstream.life.native_id = upstream.native && !id.empty() ? response.headers.value(id) : std::string_view();
    for (const http::Header& header : response.headers.list) {
        if (own_limits && tells_rate_limits(header.name)) continue;
        if (stays_here(header.name) || (!id.empty() && http::equals_ignoring_case(header.name, id))) continue;
        upstream.headers += header.name;
        upstream.headers += ": ";
        upstream.headers += header.value;
        upstream.headers += "\r\n";
    }
}

std::string without_rate_limits(std::string_view lines) {
    std::string kept;
    while (!lines.empty()) {
        const std::string_view line = lines.substr(0, std::min(lines.find("\r\n"), lines.size() - 2) + 2);
        lines.remove_prefix(line.size());
        if (!tells_rate_limits(line)) kept += line;
    }
    return kept;
}

void finish_attempt(UpstreamCall& upstream) {
    const Micros taken = upstream.life.lane.reactor.now() - upstream.begun;
    upstream.attempt.latency_micros = static_cast<std::int32_t>(std::min<Micros>(taken, INT32_MAX));
    if (upstream.attempt.outcome == store::Outcome::served && upstream.is_reference())
        upstream.life.plan->reference_times.answered(taken);
    upstream.life.upstream_micros += taken;
    upstream.life.add_attempt(upstream.attempt, upstream.begun);
}

void note_served(UpstreamCall& upstream) {
    RequestLife& life = upstream.life;
    upstream.attempt.outcome = store::Outcome::served;
    life.row.tier = store::TierKind::reference;
    life.row.served_model = upstream.model.name_id;
    if (life.debug) life.note(upstream.model.full_name + (upstream.is_reference() ? ": reference" : ": fallback"));
}

void set_measured(UpstreamCall& upstream, const wire::Usage& usage) {
    store::LedgerRow& row = upstream.life.row;
    const std::optional<prices::Price>& price = upstream.life.plan->reference->price;
    if (upstream.is_reference()) {
        if (!upstream.attempt.priced) return;
        row.counterfactual = upstream.attempt.cost;
        row.counterfactual_how = store::Counterfactual::measured;
    } else if (const std::optional<Usd> cost = price ? prices::reprice(usage, *price) : std::nullopt) {
        row.counterfactual = *cost;
        row.counterfactual_how = store::Counterfactual::repriced;
    }
}

Failure call_failed(UpstreamCall& upstream, const Error& error) {
    Failure failure;
    const bool executed = upstream.call.sent();
    failure.kind = executed ? Failure::Kind::executed : Failure::Kind::not_executed;
    if (upstream.life.cancellation.canceled()) failure.kind = Failure::Kind::caller_left;
    upstream.attempt.outcome = tiers::outcome_of(error.code);
    // What was sent may be billed: its cost is not known unless it was counted. An error status is not billed.
    upstream.attempt.priced = upstream.attempt.priced || !executed || upstream.status >= 400;
    finish_attempt(upstream);
    failure.error = upstream_failed(error);
    return failure;
}

namespace {

Failure::Kind kind_of(unsigned status) {
    switch (status) {
        case 408:
        case 429:
        case 503:
        case 529:
            return Failure::Kind::not_executed;
        case 401:
        case 402:
        case 403:
        case 404:
            return Failure::Kind::elsewhere;
        default:
            return status >= 400 && status < 500 ? Failure::Kind::refused : Failure::Kind::executed;
    }
}

// Whether the body is an error in OpenAI's form (or Anthropic's, which has the same member).
bool is_error_form(std::string_view body) {
    std::vector<json::Member> members;
    const auto is_error_object = [&](const json::Member& member) {
        return member.key == "error" && json::is_object(member.raw(body));
    };
    return json::members(body, members) && std::any_of(members.begin(), members.end(), is_error_object);
}

// The upstream's words, for the caller.
void tell(const UpstreamCall& upstream, std::string body, Failure& failure) {
    const unsigned status = upstream.status;
    if (status == 401 || status == 403) {
        // The caller's key was right; it is the gateway's own that the provider refuses.
        failure.error = {502, "The provider refused the gateway's credentials: " + wire::upstream_message(body),
                         "server_error", "upstream_auth", ""};
        return;
    }
    if (upstream.life.plain_errors && json::is_object(body)) {
        failure.error.status = status;
        failure.body = std::move(body);
        return;
    }
    if (upstream.form != nullptr && !upstream.native) {
        failure.error = upstream.form->error_of(status, body);
        return;
    }
    const bool own_form = is_error_form(body);
    if (own_form && (upstream.life.dialect == nullptr || upstream.native)) {
        failure.error.status = status;
        failure.body = std::move(body);
        return;
    }
    const std::string foreign = "The upstream answered with status " + std::to_string(status) + ": ";
    failure.error = {status >= 400 && status < 600 ? status : 502,
                     (own_form ? "" : foreign) + wire::upstream_message(body),
                     status < 500 ? "invalid_request_error" : "server_error", "upstream_error", ""};
    if (own_form) wire::take_type_and_code(body, failure.error);
}

}  // namespace

Task<Failure> read_failure(UpstreamCall& upstream) {
    std::string body;
    const Result<void> got = co_await upstream.call.read_all(body, kMaxErrorBytes);
    upstream.attempt.outcome = store::Outcome::failed;
    upstream.attempt.priced = true;
    finish_attempt(upstream);
    Failure failure;
    failure.kind = upstream.life.cancellation.canceled() ? Failure::Kind::caller_left : kind_of(upstream.status);
    failure.headers = upstream.headers;
    failure.retry_after = upstream.retry_after;
    failure.should_retry = upstream.should_retry;
    failure.of_endpoint = upstream.status != 404;  // whoever asks for what is not there must not shut it for others
    if (!got) body.clear();
    tell(upstream, std::move(body), failure);
    co_return failure;
}

}  // namespace weir::gateway
