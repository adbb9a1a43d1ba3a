// Which route a path belongs to, and what of the Open Inference Protocol is passed to a server without a row in the
// ledger: what is asked about servers and models.
#include <algorithm>
#include <array>

#include "gateway/inference.h"
#include "gateway/inference_life.h"
#include "net/http_client.h"
#include "wire/open_inference.h"

namespace weir::gateway {
namespace {

constexpr std::string_view kRoot = "/v2";
constexpr std::string_view kModels = "/v2/models/";
constexpr std::size_t kMostStatusBytes = 1u << 20;  // of an answer about servers and models
constexpr std::string_view kUnknown =
    "Of the Open Inference Protocol Weir knows /v2, /v2/health/live, /v2/health/ready and, of a model or a version of "
    "it, /infer, /ready, /config, /stats and nothing behind its name.";

// Where a request goes.
struct Place {
    std::shared_ptr<const Plan> plan;  // null: `problem`
    bool infers = false;
    std::string tail;  // behind the endpoint's path; of what is about the server itself: its whole path
    bool of_server = false;
    bool versioned = false;
    wire::ApiError problem;
};

std::string_view query_of(const http::RequestHead& head) {
    const std::size_t mark = head.target.find('?');
    return mark == std::string_view::npos ? std::string_view() : head.target.substr(mark);
}

bool is_server_path(std::string_view path) {
    return path == kRoot || path == "/v2/" || path == "/v2/health/live" || path == "/v2/health/ready";
}

bool is_about_model(std::string_view action) {
    constexpr std::array<std::string_view, 4> kActions{"", "/ready", "/config", "/stats"};
    return std::find(kActions.begin(), kActions.end(), action) != kActions.end();
}

Place place_of(const LaneRoutes& routes, const http::RequestHead& head) {
    Place place;
    const std::string_view path = head.path(), query = query_of(head);
    if ((place.plan = routes.inference_at(path))) {
        place.infers = true;
        place.tail = query;
        return place;
    }
    if (is_server_path(path)) {
        place.plan = routes.first_open_inference();
        place.of_server = true;
        place.tail = std::string(path) + std::string(query);
        return place;
    }
    const auto at = wire::open_inference_path(path);
    if (!at || (at->action != "/infer" && !is_about_model(at->action))) {
        place.problem = {404, std::string(kUnknown), "", "not_found", ""};
        return place;
    }
    place.plan = routes.inference_of(at->model);
    if (!place.plan) {
        place.problem = {404, "There is no model '" + std::string(at->model.substr(0, 128)) + "' here.", "",
                         "not_found", ""};
    }
    place.infers = at->action == "/infer";
    place.versioned = !at->version.empty();
    place.tail = std::string(at->rest) + std::string(query);
    return place;
}

Task<void> refuse(Lane& lane, net::Exchange& exchange, const wire::ApiError& error, std::string_view more_headers) {
    const std::string body = plain_error_body(error);
    std::string headers = "x-weir-request-id: " + to_hex(static_cast<std::uint64_t>(lane.ids.next())) + "\r\n";
    headers += "content-type: application/json\r\n";
    headers += more_headers;
    co_await exchange.respond(error.status, headers, body);
}

struct StatusAnswer {
    unsigned status = 0;
    std::string headers, body;
};

Task<Result<void>> ask_status(const tiers::ProviderLink& provider, const tiers::Endpoint& endpoint, const Place& place,
                              StatusAnswer& answer) {
    net::HttpCall call(*endpoint.client);
    std::string head = "GET " + endpoint.path_prefix;
    if (place.of_server) head.resize(head.rfind(kModels));
    head += place.tail + " HTTP/1.1\r\nhost: " + endpoint.host_header + "\r\n" + endpoint.key_line +
            provider.fixed_lines + "accept: application/json\r\n\r\n";
    Result<void> got = co_await call.send(head, {});
    if (!got) co_return got;
    const std::string_view type = call.response().headers.value("content-type");
    if (!type.empty()) answer.headers = "content-type: " + std::string(type) + "\r\n";
    answer.status = call.response().status;
    got = co_await call.read_all(answer.body, kMostStatusBytes);
    co_return got;
}

// It costs nothing, and no row tells of it. A server that does not answer is passed over where there is another.
Task<void> pass_status(Lane& lane, net::Exchange& exchange, const Place& place) {
    const std::shared_ptr<const LaneKeys> keys = lane.keys;
    const std::shared_ptr<LaneRoutes> routes = lane.routes;
    const auto caller = caller_of(*keys->ring, exchange.head(), lane.shared.clock);
    if (!caller) {
        co_await refuse(lane, exchange, caller.error(), {});
        co_return;
    }
    tiers::ProviderLink& provider = *place.plan->reference->provider;
    std::vector<const tiers::Endpoint*> been_to;
    std::string problem;
    while (been_to.size() < provider.endpoints.size()) {
        tiers::Endpoints::Lease endpoint = provider.endpoints.take(lane.reactor.now(), been_to);
        been_to.push_back(&*endpoint);
        StatusAnswer answer;
        const Result<void> got = co_await ask_status(provider, *endpoint, place, answer);
        if (got) {
            endpoint.answered();
            co_await exchange.respond(answer.status, answer.headers, answer.body);
            co_return;
        }
        endpoint.failed(lane.reactor.now());
        problem = got.error().message;
    }
    const wire::ApiError error{503, "The server did not answer: " + problem, "", "", ""};
    co_await refuse(lane, exchange, error, {});
}

}  // namespace

bool is_inference(const LaneRoutes& routes, std::string_view path) {
    if (routes.inference_at(path) != nullptr) return true;
    return (path == kRoot || path.starts_with("/v2/")) && routes.first_open_inference() != nullptr;
}

Task<void> handle_inference(Lane& lane, net::Exchange& exchange) {
    const http::RequestHead& head = exchange.head();
    Place place = place_of(*lane.routes, head);
    if (place.plan == nullptr) {
        co_await refuse(lane, exchange, place.problem, {});
        co_return;
    }
    const bool reads = head.method == "GET" || head.method == "HEAD";
    if (place.infers ? head.method != "POST" : !reads) {
        const std::string_view allow = place.infers ? "allow: POST\r\n" : "allow: GET\r\n";
        const wire::ApiError error{405, "Method " + std::string(head.method.substr(0, 32)) + " is not allowed here.",
                                   "", "", ""};
        co_await refuse(lane, exchange, error, allow);
        co_return;
    }
    if (!place.infers) {
        co_await pass_status(lane, exchange, place);
        co_return;
    }
    InferenceLife life(lane, exchange);
    life.plain_errors = true;
    life.tail = std::move(place.tail);
    life.versioned = place.versioned;
    life.about.operation = telemetry::Operation::other;
    life.begin();
    co_await answer_inference(life, std::move(place.plan));
    co_await settle(life);
}

}  // namespace weir::gateway
