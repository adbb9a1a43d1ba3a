// One model at one provider, as one reactor reaches it: connection pool, names, price, credentials.
// Thread rule: the reactor's thread; lives as long as a request uses it (shared_ptr).
// Limits: the HttpClient's; answers at most answer_bytes.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/head.h"
#include "prices/call_price.h"
#include "prices/price_table.h"
#include "store/ledger_row.h"
#include "tiers/model/endpoints.h"
#include "tiers/model/in_flight.h"
#include "tiers/model/retry_budget.h"
#include "wire/provider_form.h"
#include "wire/usage.h"

namespace weir::tiers {

// A provider on one reactor.
struct ProviderLink {
    explicit ProviderLink(Balance balance = Balance::least_busy, const EjectionRules& ejection = {},
                          const RetryRules& retry = {})
        : endpoints(balance, ejection), retries(retry), retry_budget(retry.budget) {}

    std::string name;
    std::string identity;                      // name and base URL: part of every cache key
    Endpoints endpoints;                       // at least one
    std::string query;                         // behind every path, without its '?'; mostly empty
    std::string fixed_lines;                   // whatever else the configuration sends, instead of the caller's
    const wire::ProviderForm* form = nullptr;  // of its API; nullptr: OpenAI's chat
    std::vector<const wire::ProviderForm*> native_forms;  // of the APIs that it takes as they are
    bool drop_unsupported = false;                        // wire::ProviderExchange
    bool passes_through = false;                          // takes requests at other paths
    std::shared_ptr<InFlight> in_flight;                  // over all reactors; null: no limit
    Micros queue_micros = 0;                              // how long a request may wait for a place
    const RetryRules retries;
    RetryBudget retry_budget;
    bool usage_in_streams = true;
    std::size_t answer_bytes = 64u << 20;
    // For supervised children: tells whether requests can be sent at present; null: always.
    bool (*ready)(const void* of) = nullptr;
    std::shared_ptr<const void> ready_of;

    bool is_ready() const { return ready == nullptr || ready(ready_of.get()); }

    // Whether log-probabilities can be asked for on Weir's behalf, whatever the model.
    bool gives_logprobs() const { return form == nullptr; }
    // The form of the API of that name (wire::Dialect::name()), where the provider takes it as it is; else nullptr.
    const wire::ProviderForm* native_form(std::string_view api) const;
};

struct ModelUpstream {
    std::shared_ptr<ProviderLink> provider;
    std::string full_name;      // "provider/model"
    std::string upstream_name;  // as sent
    store::NameId name_id = store::kNoName;
    std::optional<prices::Price> price;
    std::optional<prices::CallPrice> call_price;  // of what is no chat, instead
    std::optional<Tokens> max_output;             // wire::ProviderExchange
};

// What takes the place of the caller's traceparent; empty: that goes along as it is.
struct TraceLine {
    std::string_view traceparent;  // "traceparent: ...\r\n"
    bool drops_state = false;      // the caller's tracestate belongs to no trace that goes on
};

// The head of a POST to the provider's `path` ("/chat/completions"). `caller` may be null: Weir's own question; else
// its headers go along, but for hop-by-hop ones, credentials, cookies, accept-encoding, and Weir's own. `form` says
// which headers the API wants besides.
std::string request_head(const ProviderLink& provider, const Endpoint& endpoint, std::string_view path,
                         std::size_t body_bytes, const http::RequestHead* caller,
                         const wire::ProviderForm* form = nullptr, std::string_view content_type = "application/json",
                         const TraceLine& trace = {});

// A question to a model in its provider's own words.
struct ModelQuestion {
    std::string path, body;
    wire::ProviderExchange exchange;           // with a form
    const wire::ProviderForm* form = nullptr;  // of the answer; nullptr: it is chat
};
// `chat_body` has the upstream's name of the model in it, and `stream` as it is wanted; question.exchange what the
// gateway sets of it. Errors: ProviderForm's; without a form there are none.
Result<void> say(const ModelUpstream& upstream, std::string chat_body, std::string& error_param,
                 ModelQuestion& question);
// The same for Weir's own questions, which nobody is told of, and which want a body.
Result<ModelQuestion> question_to(const ModelUpstream& upstream, std::string chat_body);
// A whole answer as a chat body. Errors: ProviderForm::body_to_chat()'s.
Result<std::string> chat_answer_of(const ModelQuestion& question, std::string body);

// The usage as reported; where the provider reported none, an estimate that stays marked as one: four bytes a token of
// the request, and `output` tokens.
wire::Usage or_estimate(const wire::Usage& usage, std::size_t request_bytes, Tokens output);

// What is billed of an answer that was cut short: the counts until then, and of output no less than came; an estimate.
wire::Usage cut_short(const wire::Usage& counted, Tokens output);

// Puts token counts and cost of an answer into the attempt. What the provider says that it cost holds; what the price
// makes of it is kept beside it then. An answer that the price has no rate for stays unpriced.
void account(store::Attempt& attempt, const wire::Usage& usage, const std::optional<prices::Price>& price);

// The same for one more answer of the same attempt: adds to what stands there.
void account_more(store::Attempt& attempt, const wire::Usage& usage, const std::optional<prices::Price>& price);

// The same of a call that is billed as such; one without a price stays unpriced.
void account_call(store::Attempt& attempt, const std::optional<prices::CallPrice>& price, Micros taken);

// The outcome that a transport error is booked as.
store::Outcome outcome_of(ErrorCode code);

}  // namespace weir::tiers
