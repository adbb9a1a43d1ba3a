// One model at one provider, as one reactor reaches it: connection pool, names, price, credentials.
// Thread rule: the reactor's thread; lives as long as a request uses it (shared_ptr).
// Limits: the HttpClient's; answers at most answer_bytes.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/head.h"
#include "net/http_client.h"
#include "prices/price_table.h"
#include "store/ledger_row.h"
#include "wire/usage.h"

namespace weir::tiers {

// A provider on one reactor.
struct ProviderLink {
    std::string name;
    std::string identity;     // name and base URL: part of every cache key
    std::string path_prefix;  // "/v1"
    std::string host_header;
    std::string authorization_line;  // "authorization: Bearer ...\r\n", or empty
    bool usage_in_streams = true;
    std::size_t answer_bytes = 64u << 20;
    std::unique_ptr<net::HttpClient> client;
    // For supervised children: tells whether requests can be sent at present; null: always.
    bool (*ready)(const void* of) = nullptr;
    std::shared_ptr<const void> ready_of;

    bool is_ready() const { return ready == nullptr || ready(ready_of.get()); }
};

struct ModelUpstream {
    std::shared_ptr<ProviderLink> provider;
    std::string full_name;      // "provider/model"
    std::string upstream_name;  // as sent
    store::NameId name_id = store::kNoName;
    std::optional<prices::Price> price;
};

// The head of a POST to the provider's `path` ("/chat/completions"). `caller` may be null: Weir's own question; else
// its headers go along, but for hop-by-hop ones, credentials, cookies, accept-encoding, and Weir's own.
std::string request_head(const ModelUpstream& upstream, std::string_view path, std::size_t body_bytes,
                         const http::RequestHead* caller);

// The usage as reported; where the provider reported none, an estimate that stays marked as one: four bytes a token of
// the request, and `output` tokens.
wire::Usage or_estimate(const wire::Usage& usage, std::size_t request_bytes, Tokens output);

// Puts token counts and cost of an answer into the attempt.
void account(store::Attempt& attempt, const wire::Usage& usage, const std::optional<prices::Price>& price);

// The same for one more answer of the same attempt: adds to what stands there.
void account_more(store::Attempt& attempt, const wire::Usage& usage, const std::optional<prices::Price>& price);

// The outcome that a transport error is booked as.
store::Outcome outcome_of(ErrorCode code);

}  // namespace weir::tiers
