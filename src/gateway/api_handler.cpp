#include "gateway/api_handler.h"

#include "gateway/chat.h"
#include "gateway/embeddings.h"
#include "wire/errors.h"

namespace weir::gateway {
namespace {

constexpr std::string_view kJson = "content-type: application/json\r\n";

Task<void> refuse(net::Exchange& exchange, const wire::ApiError& error, std::string_view more_headers) {
    const std::string body = wire::render_error(error);
    std::string headers(kJson);
    headers += more_headers;
    co_await exchange.respond(error.status, headers, body);
}

Task<void> refuse_method(net::Exchange& exchange, std::string_view allowed) {
    const wire::ApiError error{
        405,
        "Method " + std::string(exchange.head().method) + " is not allowed here; use " + std::string(allowed) + ".",
        "invalid_request_error", "method_not_allowed", ""};
    const std::string allow = "allow: " + std::string(allowed) + "\r\n";
    co_await refuse(exchange, error, allow);
}

}  // namespace

// The usual case goes without a coroutine of its own.
Task<void> ApiHandler::handle(net::Exchange& exchange) {
    const http::RequestHead& head = exchange.head();
    if (head.method == "POST" && head.path() == "/v1/chat/completions") return handle_chat(lane_, exchange);
    return route(exchange);
}

Task<void> ApiHandler::route(net::Exchange& exchange) {
    const std::string_view path = exchange.head().path();
    const std::string_view method = exchange.head().method;
    const bool reads = method == "GET" || method == "HEAD";
    if (path == "/v1/chat/completions") {
        co_await refuse_method(exchange, "POST");
    } else if (path == "/v1/embeddings") {
        if (method == "POST") {
            co_await handle_embeddings(lane_, exchange);
        } else {
            co_await refuse_method(exchange, "POST");
        }
    } else if (path == "/v1/models" || path.starts_with("/v1/models/")) {
        if (reads) {
            constexpr std::string_view kOne = "/v1/models/";
            std::string_view id;
            if (path.starts_with(kOne)) id = path.substr(kOne.size());
            co_await list_models(exchange, id);
        } else {
            co_await refuse_method(exchange, "GET");
        }
    } else if (path == "/health" && reads) {
        co_await exchange.respond(200, kJson, R"({"status":"ok"})");
    } else {
        const wire::ApiError error{
            404,
            "No such path: " + std::string(method) + " " + std::string(path.substr(0, 200)) +
                ". Weir answers POST /v1/chat/completions, POST /v1/embeddings and GET /v1/models.",
            "invalid_request_error", "not_found", ""};
        co_await refuse(exchange, error, {});
    }
}

Task<void> ApiHandler::list_models(net::Exchange& exchange, std::string_view id) {
    const Routes& routes = lane_.routes->routes();
    if (routes.tenant_of(limits::bearer_key(exchange.head().headers.value("authorization"))) == nullptr) {
        const wire::ApiError error{401, "Incorrect API key provided.", "invalid_request_error", "invalid_api_key", ""};
        co_await refuse(exchange, error, {});
        co_return;
    }
    std::vector<wire::ModelEntry> entries;
    for (auto& [name, owner] : routes.listed_models()) entries.push_back({name, owner});
    std::string body;
    if (id.empty()) {
        body = wire::render_models(entries, 0);
    } else {
        for (const wire::ModelEntry& entry : entries) {
            if (entry.id == id) body = wire::render_model(entry, 0);
        }
    }
    if (body.empty()) {
        const wire::ApiError error{404, "The model '" + std::string(id.substr(0, 256)) + "' does not exist here.",
                                   "invalid_request_error", "model_not_found", "model"};
        co_await refuse(exchange, error, {});
        co_return;
    }
    co_await exchange.respond(200, kJson, body);
}

std::string ApiHandler::protocol_error(unsigned status, std::string_view problem) {
    return wire::render_error({status, std::string(problem), "invalid_request_error", "", ""});
}

}  // namespace weir::gateway
