#include "admin/admin_handler.h"

#include "json/scan.h"

namespace weir::admin {
namespace {

constexpr std::string_view kJson = "content-type: application/json\r\n";

std::string error_body(std::string_view message) {
    std::string body = R"({"error":{"message":)";
    json::write_string(message, body);
    body += "}}";
    return body;
}

}  // namespace

Task<void> AdminHandler::handle(net::Exchange& exchange) {
    const std::string_view path = exchange.head().path();
    const std::string_view method = exchange.head().method;
    constexpr std::string_view kRequests = "/api/requests/";
    if (method != "GET" && method != "HEAD") {
        const std::string body = error_body("this address answers GET only");
        const std::string headers = std::string(kJson) + "allow: GET\r\n";
        co_await exchange.respond(405, headers, body);
    } else if (path == "/health/live") {
        co_await exchange.respond(200, kJson, R"({"status":"live"})");
    } else if (path == "/health/ready") {
        std::string why;
        const bool ready = gateway_.ready(why);
        std::string body = R"({"status":)";
        json::write_string(ready ? "ready" : why, body);
        body += "}";
        const unsigned status = ready ? 200 : 503;
        co_await exchange.respond(status, kJson, body);
    } else if (path == "/metrics") {
        const std::string body = render_metrics(gateway_);
        co_await exchange.respond(200, "content-type: text/plain; version=0.0.4; charset=utf-8\r\n", body);
    } else if (path.starts_with(kRequests)) {
        co_await show_request(exchange, path.substr(kRequests.size()));
    } else {
        const std::string body =
            error_body("no such path; there are /health/live, /health/ready, /metrics, /api/requests/{id}");
        co_await exchange.respond(404, kJson, body);
    }
}

Task<void> AdminHandler::show_request(net::Exchange& exchange, std::string_view id) {
    const std::optional<RequestId> wanted = parse_request_id(id);
    Result<std::string> row = fail(ErrorCode::invalid, "a request id has 16 hexadecimal digits");
    if (wanted) {
        std::function<void()> look_up = [&] { row = render_request(gateway_.ledger(), *wanted); };
        co_await gateway_.worker().run(gateway_.first_reactor(), std::move(look_up));
    }
    if (row) {
        co_await exchange.respond(200, kJson, *row);
        co_return;
    }
    const unsigned status = row.error().code == ErrorCode::not_found ? 404u
                            : row.error().code == ErrorCode::invalid ? 400u
                                                                     : 500u;
    const std::string body = error_body(row.error().message);
    co_await exchange.respond(status, kJson, body);
}

std::string AdminHandler::protocol_error(unsigned, std::string_view problem) {
    return error_body(problem);
}

}  // namespace weir::admin
