#include "gateway/chat_life.h"
#include "wire/chat_answer.h"

namespace weir::gateway {
namespace {

void line(std::string& lines, std::string_view name, std::string_view value) {
    lines += name;
    lines += ": ";
    lines += value;
    lines += "\r\n";
}

}  // namespace

std::string weir_headers(const RequestLife& life, std::string_view model, bool costs) {
    std::string lines;
    lines.reserve(320);
    lines += "x-weir-request-id: ";
    append_hex(static_cast<std::uint64_t>(life.row.id), lines);
    lines += "\r\n";
    if (life.row.tier) line(lines, "x-weir-tier", store::to_string(*life.row.tier));
    line(lines, "x-weir-cache", life.cache_state);
    if (!model.empty()) line(lines, "x-weir-model", model);
    if (costs) {
        line(lines, "x-weir-cost-usd", life.row.cost_complete ? to_decimal(life.row.cost) : "unknown");
        const bool known = life.row.cost_complete && life.row.counterfactual_how != store::Counterfactual::unknown;
        line(lines, "x-weir-saved-usd", known ? to_decimal(life.row.saved()) : "unknown");
    }
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
    const std::string body = wire::render_error(error);
    std::string headers = weir_headers(life, {}, false);
    headers += "content-type: application/json\r\n";
    headers += more_headers;
    co_await life.exchange.respond(error.status, headers, body);
}

Task<void> deliver_body(ChatLife& life, std::string_view body, std::string_view model, std::int64_t age_micros) {
    life.sum_costs();
    life.row.status = 200;
    std::string headers = weir_headers(life, model, true);
    if (age_micros >= 0) line(headers, "age", std::to_string(age_micros / 1'000'000));
    bool delivered = false;
    if (life.chat.stream) {
        std::string events;
        const Result<void> rendered = wire::body_to_stream(body, life.chat.include_usage, events);
        if (!rendered) {
            const wire::ApiError error{502, "The answer can't be given as a stream: " + rendered.error().message,
                                       "server_error", "bad_answer", ""};
            co_await deliver_error(life, error);
            co_return;
        }
        headers += "content-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\n";
        delivered = co_await life.exchange.respond(200, headers, events);
    } else {
        headers += "content-type: application/json\r\n";
        delivered = co_await life.exchange.respond(200, headers, body);
    }
    life.row.complete = delivered;
}

}  // namespace weir::gateway
