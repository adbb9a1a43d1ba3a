#include "gateway/chat_life.h"
#include "gateway/spending.h"
#include "json/scan.h"
#include "wire/chat_answer.h"

namespace weir::gateway {
namespace {

void line(std::string& lines, std::string_view name, std::string_view value) {
    lines += name;
    lines += ": ";
    lines += value;
    lines += "\r\n";
}

// The request's id in the words of the caller's API: the provider's own where it answers in them.
void add_id_header(const RequestLife& life, std::string& lines) {
    const wire::Dialect::IdHeader header = life.dialect->id_header();
    if (header.name.empty()) return;
    const std::string own = std::string(header.prefix) + to_hex(static_cast<std::uint64_t>(life.row.id));
    line(lines, header.name, life.native_id.empty() ? own : life.native_id);
}

// The answer as the caller is to get it, where that is not the body as it is.
Result<void> render(const ChatLife& life, std::string_view body, std::string& out) {
    if (life.dialect == nullptr) return wire::body_to_stream(body, life.chat.include_usage, out);
    const wire::Echo& echo = life.foreign->echo;
    return life.chat.stream ? wire::body_to_dialect_stream(*life.dialect, body, echo, out)
                            : life.dialect->body_from_chat(body, echo, out);
}

}  // namespace

std::string error_body(const wire::Dialect* dialect, const wire::ApiError& error, RequestId id) {
    if (dialect == nullptr) return wire::render_error(error);
    return dialect->render_error(error, to_hex(static_cast<std::uint64_t>(id)));
}

std::string plain_error_body(const wire::ApiError& error) {
    std::string body = R"({"error":)";
    json::write_string(error.message, body);
    return body + "}";
}

std::string weir_headers(const RequestLife& life, std::string_view model, bool costs) {
    std::string lines;
    lines.reserve(320);
    lines += "x-weir-request-id: ";
    append_hex(static_cast<std::uint64_t>(life.row.id), lines);
    lines += "\r\n";
    if (life.dialect != nullptr) add_id_header(life, lines);
    if (life.row.tier) line(lines, "x-weir-tier", store::to_string(*life.row.tier));
    line(lines, "x-weir-cache", life.cache_state);
    life.admission.append_headers(life.lane.reactor.now(), lines);
    if (!model.empty()) line(lines, "x-weir-model", model);
    if (costs) {
        line(lines, "x-weir-cost-usd", life.row.cost_complete ? to_decimal(life.row.cost) : "unknown");
        const bool known = life.row.cost_complete && life.row.counterfactual_how != store::Counterfactual::unknown;
        line(lines, "x-weir-saved-usd", known ? to_decimal(life.row.saved()) : "unknown");
    }
    if (life.spending && !life.spending->downgraded.empty()) {
        line(lines, "x-weir-budget", "downgraded; budget=" + life.spending->downgraded);
    }
    if (!life.dropped.empty()) line(lines, "x-weir-dropped", life.dropped);
    if (life.debug && !life.why.empty()) {
        std::string clean = life.why;
        for (char& c : clean) {
            if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
        }
        line(lines, "x-weir-why", clean);
    }
    return lines;
}

Task<void> deliver_error(RequestLife& life, const wire::ApiError& error, std::string_view more_headers) {
    life.row.status = static_cast<std::uint16_t>(error.status);
    life.row.tier.reset();
    life.native_id.clear();  // the words are Weir's, and name the request as Weir does
    const std::string body = life.plain_errors ? plain_error_body(error) : error_body(life.dialect, error, life.row.id);
    std::string headers = weir_headers(life, {}, false);
    headers += "content-type: application/json\r\n";
    headers += more_headers;
    life.admission.free();
    co_await life.exchange.respond(error.status, headers, body);
}

Task<void> deliver_body(ChatLife& life, std::string_view body, std::string_view model, std::int64_t age_micros,
                        std::string_view more_headers, std::string_view native_body) {
    life.sum_costs();
    life.row.status = 200;
    std::string headers = weir_headers(life, model, true);
    headers += more_headers;
    if (age_micros >= 0) line(headers, "age", std::to_string(age_micros / 1'000'000));
    std::string rendered;
    if (!native_body.empty() && !life.chat.stream) {
        body = native_body;
    } else if (life.chat.stream || life.dialect != nullptr) {
        if (const Result<void> made = render(life, body, rendered); !made) {
            const wire::ApiError error{502, "The answer can't be given as it was asked for: " + made.error().message,
                                       "server_error", "bad_answer", ""};
            co_await deliver_error(life, error);
            co_return;
        }
        body = rendered;
    }
    headers += life.chat.stream ? "content-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\n"
                                : "content-type: application/json\r\n";
    life.admission.free();
    life.row.complete = co_await life.exchange.respond(200, headers, body);
}

}  // namespace weir::gateway
