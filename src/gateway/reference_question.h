// What a model is sent on a chat request's behalf, as its reference: in chat, in the words of its provider's API, or,
// where the caller speaks that API itself, the caller's own bytes with the model's name put in. Thread rule: one
// request, one reactor. Limits: wire/provider_form.h's.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gateway/chat_life.h"
#include "tiers/model/upstream.h"
#include "wire/provider_form.h"

namespace weir::gateway {

struct ReferenceQuestion {
    ReferenceQuestion() = default;
    ReferenceQuestion(const ReferenceQuestion&) = delete;  // `body` may point into it

    std::string path;
    std::string_view body;
    std::string changed;                       // what `body` views, where it is not the caller's
    wire::ProviderExchange exchange;           // with `form`
    const wire::ProviderForm* form = nullptr;  // of the answer; null: it is chat
    bool native = false;                       // ... and is the caller's own API: its bytes pass
    bool usage_added = false;                  // a stream's usage was asked for on Weir's behalf
};

// An error: what the caller is told instead.
std::optional<wire::ApiError> question_to_reference(ChatLife& life, const tiers::ModelUpstream& reference,
                                                    ReferenceQuestion& question);

}  // namespace weir::gateway
