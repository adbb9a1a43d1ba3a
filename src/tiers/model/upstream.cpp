#include "tiers/model/upstream.h"

#include <algorithm>
#include <array>
#include <limits>

namespace weir::tiers {
namespace {

// Headers that end here: they belong to the caller's connection, to its credentials, or to Weir.
bool stays_here(std::string_view name) {
    static constexpr std::array<std::string_view, 19> kNames = {
        "host",         "connection",    "keep-alive",        "proxy-connection", "proxy-authorization",
        "te",           "trailer",       "transfer-encoding", "upgrade",          "content-length",
        "expect",       "authorization", "x-api-key",         "cookie",           "accept-encoding",
        "content-type", "forwarded",     "api-key",           "x-goog-api-key"};
    const auto same = [name](std::string_view known) {
        return name.size() == known.size() && http::equals_ignoring_case(name, known);
    };
    if (std::any_of(kNames.begin(), kNames.end(), same)) return true;
    const auto starts = [name](std::string_view prefix) {
        return name.size() >= prefix.size() && http::equals_ignoring_case(name.substr(0, prefix.size()), prefix);
    };
    return starts("x-weir-") || starts("x-forwarded-");
}

// Whether one of these lines is called so.
bool has_line(std::string_view lines, std::string_view name) {
    while (!lines.empty()) {
        if (http::equals_ignoring_case(lines.substr(0, lines.find(':')), name)) return true;
        lines.remove_prefix(lines.find("\r\n") + 2);
    }
    return false;
}

bool is_replaced(const TraceLine& trace, std::string_view name) {
    return http::equals_ignoring_case(name, "traceparent") ||
           (trace.drops_state && http::equals_ignoring_case(name, "tracestate"));
}

// The lines that the API wants, but for those that the caller has sent itself.
void add_lines_of(const wire::ProviderForm& form, const http::RequestHead* caller, std::string& head) {
    std::string_view lines = form.head_lines();
    while (!lines.empty()) {
        const std::size_t end = lines.find("\r\n") + 2;
        const std::string_view line = lines.substr(0, end);
        lines.remove_prefix(end);
        const std::string_view name = line.substr(0, line.find(':'));
        if (caller == nullptr || caller->headers.value(name).empty()) head += line;
    }
}

std::int32_t clamp(Tokens tokens) {
    return static_cast<std::int32_t>(std::clamp<Tokens>(tokens, 0, std::numeric_limits<std::int32_t>::max()));
}

std::uint16_t pieces(std::uint64_t count) {
    return static_cast<std::uint16_t>(std::min<std::uint64_t>(count, std::numeric_limits<std::uint16_t>::max()));
}

}  // namespace

const wire::ProviderForm* ProviderLink::native_form(std::string_view api) const {
    const auto found = std::find_if(native_forms.begin(), native_forms.end(),
                                    [api](const wire::ProviderForm* one) { return one->name() == api; });
    return found == native_forms.end() ? nullptr : *found;
}

std::string request_head(const ProviderLink& provider, const Endpoint& endpoint, std::string_view path,
                         std::size_t body_bytes, const http::RequestHead* caller, const wire::ProviderForm* form,
                         std::string_view content_type, const TraceLine& trace) {
    std::string head;
    head.reserve(512);
    head += "POST ";
    head += endpoint.path_prefix;
    head += path;
    if (!provider.query.empty()) {
        head += path.find('?') == std::string_view::npos ? '?' : '&';
        head += provider.query;
    }
    head += " HTTP/1.1\r\nhost: ";
    head += endpoint.host_header;
    head += "\r\n";
    head += endpoint.key_line;
    head += provider.fixed_lines;
    if (form != nullptr) add_lines_of(*form, caller, head);
    head += "content-type: ";
    head += content_type;
    head += "\r\ncontent-length: ";
    head += std::to_string(body_bytes);
    head += "\r\n";
    if (caller != nullptr) {
        const bool names_some = caller->headers.find("connection") != nullptr;
        for (const http::Header& header : caller->headers.list) {
            if (stays_here(header.name)) continue;
            if (names_some && caller->headers.has_token("connection", header.name)) continue;
            if (has_line(provider.fixed_lines, header.name)) continue;
            if (!trace.traceparent.empty() && is_replaced(trace, header.name)) continue;
            head += header.name;
            head += ": ";
            head += header.value;
            head += "\r\n";
        }
    }
    head += trace.traceparent;
    head += "\r\n";
    return head;
}

Result<void> say(const ModelUpstream& upstream, std::string chat_body, std::string& error_param,
                 ModelQuestion& question) {
    const ProviderLink& provider = *upstream.provider;
    question.form = provider.form;
    if (provider.form == nullptr) {
        question.path = "/chat/completions";
        question.body = std::move(chat_body);
        return {};
    }
    wire::ProviderExchange& exchange = question.exchange;
    exchange.drop_unsupported = provider.drop_unsupported;
    exchange.max_output = upstream.max_output;
    Result<void> said = provider.form->request_from_chat(chat_body, error_param, exchange, question.body);
    if (said) provider.form->append_path(exchange, question.path);
    return said;
}

Result<ModelQuestion> question_to(const ModelUpstream& upstream, std::string chat_body) {
    ModelQuestion question;
    question.exchange.model = upstream.upstream_name;
    std::string param;
    if (Result<void> said = say(upstream, std::move(chat_body), param, question); !said) {
        return tl::unexpected(said.error());
    }
    return question;
}

Result<std::string> chat_answer_of(const ModelQuestion& question, std::string body) {
    if (question.form == nullptr) return body;
    std::string chat_body;
    if (Result<void> read = question.form->body_to_chat(body, question.exchange, chat_body); !read) {
        return tl::unexpected(read.error());
    }
    return chat_body;
}

wire::Usage cut_short(const wire::Usage& counted, Tokens output) {
    wire::Usage estimate = counted;
    estimate.output = std::max(counted.output, output);
    estimate.reported = false;
    return estimate;
}

wire::Usage or_estimate(const wire::Usage& usage, std::size_t request_bytes, Tokens output) {
    if (usage.reported) return usage;
    wire::Usage estimate;
    estimate.input_uncached = static_cast<Tokens>(request_bytes / 4);
    estimate.output = output;
    estimate.tier = usage.tier;
    return estimate;
}

void account(store::Attempt& attempt, const wire::Usage& usage, const std::optional<prices::Price>& price) {
    attempt.input_uncached = clamp(usage.input_uncached);
    attempt.input_cached = clamp(usage.input_cached);
    attempt.input_cache_write = clamp(usage.input_cache_write);
    attempt.input_cache_write_1h = clamp(usage.input_cache_write_1h);
    attempt.output = clamp(usage.output);
    attempt.reasoning = clamp(usage.reasoning);
    attempt.web_searches = pieces(usage.web_searches);
    attempt.other_pieces = pieces(std::uint64_t{usage.file_searches} + usage.code_sessions + usage.search_units +
                                  usage.images + usage.other_pieces);
    attempt.service_tier = usage.tier;
    attempt.usage_estimated = !usage.reported;
    const std::optional<Usd> list = price ? prices::cost_of(usage, *price) : std::nullopt;
    attempt.cost_stated = usage.stated.has_value();
    attempt.listed = attempt.cost_stated && list.has_value();
    attempt.list_cost = attempt.listed ? *list : Usd{};
    attempt.priced = attempt.cost_stated || list.has_value();
    attempt.cost = usage.stated.value_or(list.value_or(Usd{}));
}

void account_more(store::Attempt& attempt, const wire::Usage& usage, const std::optional<prices::Price>& price) {
    store::Attempt more;
    account(more, usage, price);
    const auto add = [](std::int32_t& to, std::int32_t what) { to = clamp(Tokens{to} + Tokens{what}); };
    add(attempt.input_uncached, more.input_uncached);
    add(attempt.input_cached, more.input_cached);
    add(attempt.input_cache_write, more.input_cache_write);
    add(attempt.input_cache_write_1h, more.input_cache_write_1h);
    add(attempt.output, more.output);
    add(attempt.reasoning, more.reasoning);
    attempt.web_searches = pieces(std::uint64_t{attempt.web_searches} + more.web_searches);
    attempt.other_pieces = pieces(std::uint64_t{attempt.other_pieces} + more.other_pieces);
    if (attempt.service_tier != more.service_tier) attempt.service_tier = wire::ServiceTier::other;
    attempt.usage_estimated = attempt.usage_estimated || more.usage_estimated;
    attempt.priced = attempt.priced && more.priced;
    // Of what the provider said of one part only there is nothing to compare.
    const bool stated = attempt.cost_stated && more.cost_stated;
    attempt.listed = stated && attempt.listed && more.listed;
    attempt.list_cost = attempt.listed ? attempt.list_cost + more.list_cost : Usd{};
    attempt.cost_stated = stated;
    attempt.cost += more.cost;
}

void account_call(store::Attempt& attempt, const std::optional<prices::CallPrice>& price, Micros taken) {
    attempt.priced = price.has_value();
    if (price) attempt.cost = prices::cost_of_call(*price, taken);
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
