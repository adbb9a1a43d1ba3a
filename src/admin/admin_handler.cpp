#include "admin/admin_handler.h"

#include "admin/cache_requests.h"
#include "admin/key_requests.h"
#include "admin/student_requests.h"
#include "json/scan.h"

namespace weir::admin {
namespace {

constexpr std::string_view kJson = "content-type: application/json\r\n";
constexpr std::string_view kFeedback = "/v1/feedback";
constexpr std::string_view kPurge = "/api/cache/purge";

std::string error_body(std::string_view message) {
    std::string body = R"({"error":{"message":)";
    json::write_string(message, body);
    body += "}}";
    return body;
}

unsigned status_of(ErrorCode code) {
    switch (code) {
        case ErrorCode::invalid:
            return 400;
        case ErrorCode::not_found:
            return 404;
        case ErrorCode::too_large:
            return 413;
        case ErrorCode::unavailable:
            return 503;
        default:
            return 500;
    }
}

// What was purged, in the words of the request.
std::string purged_body(const tiers::Mark& mark, Micros until) {
    std::string body = R"({"purged":{)";
    const auto member = [&body](std::string_view name, std::string_view value) {
        if (body.back() != '{') body += ',';
        json::write_string(name, body);
        body += ':';
        json::write_string(value, body);
    };
    member(tiers::to_string(mark.kind), mark.value);
    if (!mark.keep.empty()) member("keep", mark.keep);
    if (!mark.tenant.empty()) member("only_tenant", mark.tenant);
    return body + R"(},"created_until_unix_us":)" + std::to_string(until) + "}";
}

}  // namespace

Task<void> AdminHandler::handle(net::Exchange& exchange) {
    const std::string_view path = exchange.head().path();
    const std::string_view method = exchange.head().method;
    const bool lists_keys = path == kKeys && method != "POST";
    const bool changes =
        path == kFeedback || path == kPurge || is_below_students(path) || (is_at_keys(path) && !lists_keys);
    const bool allowed = changes ? method == "POST" : method == "GET" || method == "HEAD";
    if (!allowed) {
        const std::string_view methods = changes ? "POST" : lists_keys ? "GET, HEAD, POST" : "GET, HEAD";
        const std::string body = error_body("this path answers " + std::string(methods) + " only");
        const std::string headers = std::string(kJson) + "allow: " + std::string(methods) + "\r\n";
        co_await exchange.respond(405, headers, body);
    } else if (changes) {
        co_await change(exchange, path);
    } else {
        co_await show(exchange, path);
    }
}

Task<void> AdminHandler::show(net::Exchange& exchange, std::string_view path) {
    constexpr std::string_view kRequests = "/api/requests/";
    if (path == "/health/live") {
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
    } else if (path == "/api/cascades") {
        const std::string body = render_cascades(gateway_.cascades().views(), gateway_.agreements());
        co_await exchange.respond(200, kJson, body);
    } else if (path == kStudents) {
        const std::string body = render_students(gateway_.student_lives());
        co_await exchange.respond(200, kJson, body);
    } else if (path == kKeys) {
        const limits::KeyBook& keys = gateway_.keys();
        std::string body;
        std::function<void()> list = [&] {  // a change under way waits for the disk, and so would this
            body = render_keys(keys.records(), keys.configured(), unix_micros());
        };
        co_await gateway_.worker().run(gateway_.first_reactor(), std::move(list));
        co_await exchange.respond(200, kJson, body);
    } else if (path == "/api/cascades/log") {
        const Result<cascade::DecisionLog::Query> query = parse_decision_query(exchange.head().query());
        if (!query) {
            co_await answer_error(exchange, query.error());
            co_return;
        }
        const std::string body = render_decisions(gateway_.cascades().decisions().latest(*query));
        co_await exchange.respond(200, kJson, body);
    } else if (path.starts_with(kRequests)) {
        co_await show_request(exchange, path.substr(kRequests.size()));
    } else {
        const std::string body = error_body(
            "no such path; there are /health/live, /health/ready, /metrics, /api/requests/{id}, /api/cascades, "
            "/api/cascades/log, /api/students, /api/keys, and to POST to /v1/feedback, /api/cache/purge, "
            "/api/students/{student}/promote, /demote and /rollback, /api/keys, /api/keys/{key} and "
            "/api/keys/{key}/revoke");
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
    } else {
        co_await answer_error(exchange, row.error());
    }
}

Task<void> AdminHandler::answer_error(net::Exchange& exchange, const Error& error) {
    const std::string body = error_body(error.message);
    const unsigned status = status_of(error.code);
    co_await exchange.respond(status, kJson, body);
}

Task<void> AdminHandler::change(net::Exchange& exchange, std::string_view path) {
    const std::string admin_host = gateway_.routes()->options().admin.host;
    std::optional<Refusal> refusal = refuse_post(exchange.head(), exchange.body().size(), admin_host);
    if (!refusal && caches_ == nullptr && !is_below_students(path) && !is_at_keys(path))
        refusal = Refusal{501, "this gateway has no caches to change"};
    if (refusal) {
        const std::string body = error_body(refusal->message);
        co_await exchange.respond(refusal->status, kJson, body);
        co_return;
    }
    Result<std::string> done = std::string();
    std::function<void()> work;
    if (is_below_students(path)) {
        const Result<StudentRequest> request = parse_student_request(path);
        if (!request) done = tl::unexpected(request.error());
        if (request) {
            work = [this, &done, asked = *request] { done = change_student(gateway_.students(), asked); };
        }
    } else if (is_at_keys(path)) {
        Result<KeyRequest> request = parse_key_request(path, exchange.body());
        if (!request) done = tl::unexpected(request.error());
        if (request) {
            work = [this, &done, asked = *request] { done = change_keys(gateway_.keys(), asked, unix_micros()); };
        }
    } else if (path == kPurge) {
        Result<tiers::Mark> mark = parse_purge(exchange.body());
        if (!mark) done = tl::unexpected(mark.error());
        if (mark) {
            work = [this, &done, marked = *mark] {
                const Result<Micros> until = caches_->purge(marked);
                if (until) {
                    done = purged_body(marked, *until);
                } else {
                    done = tl::unexpected(until.error());
                }
            };
        }
    } else {
        Result<cascade::Feedback> feedback = parse_feedback(exchange.body());
        if (!feedback) done = tl::unexpected(feedback.error());
        if (feedback) {
            work = [this, &done, said = *feedback] {
                const Result<void> taken = caches_->feedback(said);
                if (taken) {
                    done = R"({"request_id":")" + to_hex(static_cast<std::uint64_t>(said.request)) +
                           R"(","verdict":")" + (said.good ? "good" : "bad") + "\"}";
                } else {
                    done = tl::unexpected(taken.error());
                }
            };
        }
    }
    if (work) co_await gateway_.worker().run(gateway_.first_reactor(), std::move(work));
    if (done) {
        // A new key is told once, and kept nowhere on its way.
        const std::string headers = std::string(kJson) + (path == kKeys ? "cache-control: no-store\r\n" : "");
        co_await exchange.respond(200, headers, *done);
    } else {
        co_await answer_error(exchange, done.error());
    }
}

Micros AdminHandler::unix_micros() const {
    return gateway_.clock().unix_micros();
}

std::string AdminHandler::protocol_error(unsigned, std::string_view problem) {
    return error_body(problem);
}

}  // namespace weir::admin
