#include "gateway/webhook.h"

#include <utility>

#include "wire/grader.h"

namespace weir::gateway {
namespace {

Task<std::optional<std::string>> ask(Lane& lane, const WebhookCall& call, net::HttpCall& http) {
    const tiers::Endpoint& link = call.link->endpoints.first();
    const std::string path = link.path_prefix.empty() ? "/" : link.path_prefix;
    std::string traceparent;
    if (call.origin.any()) traceparent = telemetry::traceparent_line(call.origin.trace, call.origin.span);
    const std::string head =
        "POST " + path + " HTTP/1.1\r\nhost: " + link.host_header + "\r\n" + link.key_line + traceparent +
        "content-type: application/json\r\ncontent-length: " + std::to_string(call.body.size()) + "\r\n\r\n";
    const Result<void> sent = co_await http.send(head, call.body, lane.reactor.now() + kWebhookMicros);
    if (!sent) co_return std::nullopt;
    const unsigned status = http.response().status;
    std::string answer;
    const Result<void> got = co_await http.read_all(answer, wire::kGraderBytes);
    if (!got || status != 200) co_return std::nullopt;
    co_return answer;
}

Task<void> run(Lane& lane, std::unique_ptr<WebhookCall> call) {
    std::optional<std::string> answer;
    bool stopped = false;
    {
        net::HttpCall http(*call->link->endpoints.first().client);
        const auto place = lane.background.insert(lane.background.end(), &http);
        answer = co_await ask(lane, *call, http);
        stopped = *place == nullptr;
        lane.background.erase(place);
    }
    if (!stopped) call->then(std::move(answer));
    call.reset();
    lane.background_running.fetch_sub(1);
}

}  // namespace

bool call_webhook(Lane& lane, WebhookCall call) {
    if (lane.background_closed) return false;
    lane.background_running.fetch_add(1);
    auto owned = std::make_unique<WebhookCall>(std::move(call));
    spawn(run(lane, std::move(owned)));
    return true;
}

}  // namespace weir::gateway
