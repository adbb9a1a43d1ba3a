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

wire::ApiError upstream_failed(const Error& error) {
    const bool late = error.code == ErrorCode::timeout;
    return {late ? 504u : 502u, "The upstream did not answer: " + error.message, "server_error",
            late ? "upstream_timeout" : "upstream_unavailable", ""};
}

}  // namespace

Task<bool> reference_is_ready(RequestLife& life) {
    const tiers::ModelUpstream& reference = *life.plan->reference;
    if (reference.provider->is_ready()) co_return true;
    const wire::ApiError error{503, "The model '" + reference.full_name + "' is starting; try again in a moment.",
                               "server_error", "model_not_ready", ""};
    co_await deliver_error(life, error, "retry-after: 1\r\n");
    co_return false;
}

void take_head(UpstreamCall& upstream) {
    const http::ResponseHead& response = upstream.call.response();
    upstream.status = response.status;
    upstream.attempt.status = static_cast<std::uint16_t>(response.status);
    upstream.is_stream = response.headers.value("content-type").starts_with("text/event-stream");
    // The request's id under the name that the caller's API has for it is Weir's own.
    const wire::Dialect* const dialect = upstream.life.dialect;
    const std::string_view id = dialect != nullptr ? dialect->id_header().name : std::string_view();
    for (const http::Header& header : response.headers.list) {
        if (stays_here(header.name) || (!id.empty() && http::equals_ignoring_case(header.name, id))) continue;
        upstream.headers += header.name;
        upstream.headers += ": ";
        upstream.headers += header.value;
        upstream.headers += "\r\n";
    }
}

void finish_attempt(UpstreamCall& upstream) {
    const Micros taken = upstream.life.lane.reactor.now() - upstream.begun;
    upstream.attempt.latency_micros = static_cast<std::int32_t>(std::min<Micros>(taken, INT32_MAX));
    if (upstream.attempt.outcome == store::Outcome::served) upstream.life.plan->reference_times.answered(taken);
    upstream.life.upstream_micros += taken;
    upstream.life.add_attempt(upstream.attempt);
}

void note_served(UpstreamCall& upstream) {
    RequestLife& life = upstream.life;
    upstream.attempt.outcome = store::Outcome::served;
    life.row.tier = store::TierKind::reference;
    life.row.served_model = upstream.reference.name_id;
    if (life.debug) life.note(upstream.reference.full_name + ": reference");
}

Task<void> fail_call(UpstreamCall& upstream, const Error& error) {
    RequestLife& life = upstream.life;
    upstream.attempt.outcome = tiers::outcome_of(error.code);
    // What was sent may be billed: its cost is not known. An error status is not billed.
    upstream.attempt.priced = !upstream.call.sent() || upstream.status >= 400;
    finish_attempt(upstream);
    if (life.cancellation.canceled()) {
        life.caller_left();
        co_return;
    }
    const wire::ApiError told = upstream_failed(error);
    co_await deliver_error(life, told);
}

Task<void> relay_error(UpstreamCall& upstream) {
    RequestLife& life = upstream.life;
    std::string body;
    const Result<void> got = co_await upstream.call.read_all(body, kMaxErrorBytes);
    upstream.attempt.outcome = store::Outcome::failed;
    upstream.attempt.priced = true;
    finish_attempt(upstream);
    if (life.cancellation.canceled()) {
        life.caller_left();
        co_return;
    }
    if (!got) body.clear();
    if (upstream.status == 401 || upstream.status == 403) {
        // The caller's key was right; it is the gateway's own that the provider refuses.
        const wire::ApiError error{502,
                                   "The provider refused the gateway's credentials: " + wire::upstream_message(body),
                                   "server_error", "upstream_auth", ""};
        co_await deliver_error(life, error, upstream.headers);
        co_return;
    }
    std::vector<json::Member> members;
    if (upstream.form != nullptr && !upstream.native) {
        const wire::ApiError error = upstream.form->error_of(upstream.status, body);
        co_await deliver_error(life, error, upstream.headers);
        co_return;
    }
    const auto is_error_object = [&](const json::Member& member) {
        return member.key == "error" && json::is_object(member.raw(body));
    };
    const bool own_form = json::members(body, members) && std::any_of(members.begin(), members.end(), is_error_object);
    if (!own_form || (life.dialect != nullptr && !upstream.native)) {
        const unsigned status = upstream.status >= 400 && upstream.status < 600 ? upstream.status : 502;
        const std::string foreign = "The upstream answered with status " + std::to_string(upstream.status) + ": ";
        wire::ApiError error{status, (own_form ? "" : foreign) + wire::upstream_message(body),
                             status < 500 ? "invalid_request_error" : "server_error", "upstream_error", ""};
        if (own_form) wire::take_type_and_code(body, error);
        co_await deliver_error(life, error, upstream.headers);
        co_return;
    }
    life.row.status = static_cast<std::uint16_t>(upstream.status);
    std::string headers = weir_headers(life, upstream.reference.full_name, false);
    headers += upstream.headers;
    headers += "content-type: application/json\r\n";
    co_await life.exchange.respond(upstream.status, headers, body);
}

}  // namespace weir::gateway
