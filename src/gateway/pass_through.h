// Requests of which Weir reads no more than who is to answer: they go to the provider as they are, but for the model's
// name, and its answer comes back as it is. Moderations, reranking, speech and images, batches; and requests in an API
// that the provider itself speaks which chat has no words for (docs/providers.md).
// Never in a cache, never from a cheaper tier. The ledger has them: priced where the answer has a usage and the table a
// price, else as unpriced.
// Thread rule: one request, one reactor. Limits: a path of kMaxPassedPath bytes; a JSON answer at most limits.answer,
// other answers are passed on piece by piece; wire::UsageWatch's.
#pragma once

#include <string_view>

#include "gateway/request_life.h"
#include "wire/provider_form.h"

namespace weir::gateway {

constexpr std::size_t kMaxPassedPath = 512;

struct PassedRequest {
    std::string_view path;                     // below the provider's base URL: "/moderations"
    std::string_view model;                    // as the caller named it; empty: nowhere
    const wire::ProviderForm* form = nullptr;  // whose header lines go along; null: none
    const wire::ProviderForm* api = nullptr;   // whose answer it will be; null: one that Weir can't tell a whole one of
    bool stream = false;                       // is asked for; with `api`
    bool costs_nothing = false;                // whatever the answer counts
};

// For a request that was admitted and has its plan. The caller gets its answer.
Task<void> pass_on(RequestLife& life, PassedRequest request);

// POST of any other path below /v1; `dialect`: whose path it is below, nullptr: nobody's.
Task<void> handle_pass_through(Lane& lane, net::Exchange& exchange, const wire::Dialect* dialect);

// POST /v1/messages/count_tokens: by a provider that offers it, else refused.
Task<void> handle_count_tokens(Lane& lane, net::Exchange& exchange);

}  // namespace weir::gateway
