// The life of one chat request, from its bytes to its ledger row: what the steps in chat.cpp, deliver.cpp and relay.cpp
// work on.
// Thread rule: one request, one reactor; lives in handle_chat's frame.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/cancellation.h"
#include "gateway/lane.h"
#include "net/http_server.h"
#include "store/ledger_row.h"
#include "wire/chat_request.h"
#include "wire/errors.h"

namespace weir::gateway {

// x-weir-cache, as asked for.
enum class CacheWish : std::uint8_t { none, no_store, refresh, only };

class ChatLife final : public net::PeerWatcher {
  public:
    ChatLife(Lane& owner, net::Exchange& on) : lane(owner), exchange(on), routes(owner.routes) {}

    void on_peer_gone() override { cancellation.cancel(); }

    // Adds an attempt to the row; beyond kMaxAttempts its cost goes to the last one.
    void add_attempt(const store::Attempt& attempt);
    // Nobody is there to be answered any more.
    void caller_left();
    // Sums the attempts' costs into the row.
    void sum_costs();

    Lane& lane;
    net::Exchange& exchange;
    std::shared_ptr<LaneRoutes> routes;  // held to the end: a reload takes nothing away

    wire::ChatRequest chat;
    const Routes::Tenant* tenant = nullptr;
    std::shared_ptr<const Plan> plan;
    cascade::Mode mode = cascade::Mode::off;
    CacheWish cache_wish = CacheWish::none;
    bool debug = false;
    bool may_look_up = false;  // exact cache
    bool may_store = false;
    std::string_view cache_state = "bypass";  // x-weir-cache of the answer
    Digest256 cache_key{};
    Cancellation cancellation;

    store::LedgerRow row;
    std::int64_t upstream_micros = 0;  // spent waiting for upstreams
    std::string why;                   // x-weir-why
};

// deliver.cpp: answers to the caller.
Task<void> deliver_error(ChatLife& life, const wire::ApiError& error, std::string_view more_headers = {});
// A complete answer, as body or stream as the caller asked. `age_micros` < 0: fresh. `hide_logprobs`: see tiers::Offer.
Task<void> deliver_body(ChatLife& life, std::string_view body, std::string_view model, std::int64_t age_micros);
// The x-weir-* lines. With `costs` (known only once the answer is complete).
std::string weir_headers(const ChatLife& life, std::string_view model, bool costs);

// relay.cpp: the reference answers.
Task<void> relay_reference(ChatLife& life);

}  // namespace weir::gateway
