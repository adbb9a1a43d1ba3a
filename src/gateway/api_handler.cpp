#include "gateway/api_handler.h"

#include <array>

#include "gateway/chat.h"
#include "gateway/embeddings.h"
#include "gateway/inference.h"
#include "gateway/pass_through.h"
#include "gateway/request_life.h"
#include "wire/completions.h"
#include "wire/errors.h"
#include "wire/messages.h"
#include "wire/responses.h"

namespace weir::gateway {
namespace {

constexpr std::string_view kJson = "content-type: application/json\r\n";

// The APIs that are answered through chat, each at one path: a new one is a line here.
struct TranslatedApi {
    std::string_view path;
    const wire::Dialect& (*dialect)();
};
constexpr std::array kTranslatedApis = {
    TranslatedApi{"/v1/messages", wire::anthropic_messages},
    TranslatedApi{"/v1/responses", wire::responses_dialect},
    TranslatedApi{"/v1/completions", wire::completions_dialect},
};

// Whose path it is, or is above it; nullptr: OpenAI's chat and embeddings.
const TranslatedApi* api_of(std::string_view path) {
    for (const TranslatedApi& api : kTranslatedApis) {
        if (!path.starts_with(api.path)) continue;
        const std::string_view below = path.substr(api.path.size());
        if (below.empty() || below.front() == '/') return &api;
    }
    return nullptr;
}

// Anthropic's clients say which version of their API they speak, also at paths that both APIs have.
bool speaks_messages(const http::RequestHead& head) {
    return !head.headers.value("anthropic-version").empty();
}

const wire::Dialect* dialect_of(const http::RequestHead& head) {
    if (const TranslatedApi* const api = api_of(head.path())) return &api->dialect();
    return speaks_messages(head) ? &wire::anthropic_messages() : nullptr;
}

Task<void> refuse(Lane& lane, net::Exchange& exchange, const wire::ApiError& error,
                  std::string_view more_headers = {}) {
    const std::string body = error_body(dialect_of(exchange.head()), error, lane.ids.next());
    std::string headers(kJson);
    headers += more_headers;
    co_await exchange.respond(error.status, headers, body);
}

Task<void> refuse_method(Lane& lane, net::Exchange& exchange, std::string_view allowed) {
    const wire::ApiError error{
        405,
        "Method " + std::string(exchange.head().method) + " is not allowed here; use " + std::string(allowed) + ".",
        "invalid_request_error", "method_not_allowed", ""};
    const std::string allow = "allow: " + std::string(allowed) + "\r\n";
    co_await refuse(lane, exchange, error, allow);
}

Task<void> refuse_path(Lane& lane, net::Exchange& exchange) {
    std::string known = "POST /v1/chat/completions, ";
    for (const TranslatedApi& api : kTranslatedApis) known += "POST " + std::string(api.path) + ", ";
    const http::RequestHead& head = exchange.head();
    const wire::ApiError error{404,
                               "No such path: " + std::string(head.method) + " " +
                                   std::string(head.path().substr(0, 200)) + ". Weir answers " + known +
                                   "POST /v1/embeddings and GET /v1/models; other POSTs below /v1 go to the provider.",
                               "invalid_request_error", "not_found", ""};
    co_await refuse(lane, exchange, error);
}

// Those that the caller's key may ask for, by the name that is listed or by what it means.
std::vector<wire::ModelEntry> models_for(const limits::Caller& caller, const Routes& routes) {
    std::vector<wire::ModelEntry> entries;
    for (auto& [name, owner] : routes.listed_models()) {
        const auto means = routes.resolve(name, routes.cascade_for(name));
        if (caller.may_use(name, means ? means->full_name : name)) entries.push_back({name, owner});
    }
    return entries;
}

}  // namespace

// The usual case goes without a coroutine of its own.
Task<void> ApiHandler::handle(net::Exchange& exchange) {
    const http::RequestHead& head = exchange.head();
    const bool posts = head.method == "POST";
    if (posts && head.path() == "/v1/chat/completions") return handle_chat(lane_, exchange);
    const TranslatedApi* const api = api_of(head.path());
    if (posts && api != nullptr && api->path == head.path()) return handle_chat(lane_, exchange, &api->dialect());
    return route(exchange);
}

Task<void> ApiHandler::route(net::Exchange& exchange) {
    const std::string_view path = exchange.head().path();
    const std::string_view method = exchange.head().method;
    const bool reads = method == "GET" || method == "HEAD";
    const TranslatedApi* const api = api_of(path);
    if (lane_.routes->has_inference() && is_inference(*lane_.routes, path)) {
        co_await handle_inference(lane_, exchange);
    } else if (path == "/v1/chat/completions" || (api != nullptr && path == api->path)) {
        co_await refuse_method(lane_, exchange, "POST");
    } else if (path == "/v1/messages/count_tokens") {
        if (method == "POST") {
            co_await handle_count_tokens(lane_, exchange);
        } else {
            co_await refuse_method(lane_, exchange, "POST");
        }
    } else if (path == "/v1/embeddings") {
        if (method == "POST") {
            co_await handle_embeddings(lane_, exchange);
        } else {
            co_await refuse_method(lane_, exchange, "POST");
        }
    } else if (path == "/v1/models" || path.starts_with("/v1/models/")) {
        if (reads) {
            constexpr std::string_view kOne = "/v1/models/";
            std::string_view id;
            if (path.starts_with(kOne)) id = path.substr(kOne.size());
            co_await list_models(exchange, id);
        } else {
            co_await refuse_method(lane_, exchange, "GET");
        }
    } else if (path == "/health" && reads) {
        co_await exchange.respond(200, kJson, R"({"status":"ok"})");
    } else if (method == "POST" && path.starts_with("/v1/") && path.size() > 4) {
        const wire::Dialect* const dialect = api != nullptr ? &api->dialect() : nullptr;
        co_await handle_pass_through(lane_, exchange, dialect);
    } else {
        co_await refuse_path(lane_, exchange);
    }
}

Task<void> ApiHandler::list_models(net::Exchange& exchange, std::string_view id) {
    const std::shared_ptr<const LaneKeys> keys = lane_.keys;
    const auto caller = caller_of(*keys->ring, exchange.head(), lane_.shared.clock);
    if (!caller) {
        co_await refuse(lane_, exchange, caller.error());
        co_return;
    }
    const std::vector<wire::ModelEntry> entries = models_for(**caller, lane_.routes->routes());
    const bool to_anthropic = speaks_messages(exchange.head());
    std::string body;
    if (id.empty()) {
        body = to_anthropic ? wire::render_anthropic_models(entries) : wire::render_models(entries, 0);
    } else {
        for (const wire::ModelEntry& entry : entries) {
            if (entry.id != id) continue;
            body = to_anthropic ? wire::render_anthropic_model(entry) : wire::render_model(entry, 0);
        }
    }
    if (body.empty()) {
        const wire::ApiError error{404, "The model '" + std::string(id.substr(0, 256)) + "' does not exist here.",
                                   "invalid_request_error", "model_not_found", "model"};
        co_await refuse(lane_, exchange, error);
        co_return;
    }
    co_await exchange.respond(200, kJson, body);
}

// Nobody knows yet which API is spoken: the form is OpenAI's, and Anthropic's by its type.
std::string ApiHandler::protocol_error(unsigned status, std::string_view problem) {
    std::string body = wire::render_error({status, std::string(problem), "invalid_request_error", "", ""});
    body.insert(1, R"("type":"error",)");
    return body;
}

}  // namespace weir::gateway
