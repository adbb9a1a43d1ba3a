// How a chat completion, or a chunk of one, begins that is made of another API's answer.
// Thread rule: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "wire/provider_form.h"

namespace weir::wire {

// Raw values of the provider's answer; what it does not tell is empty.
struct ChatHead {
    std::string_view raw_id, raw_model, raw_tier;
};

// Appends {"id":..,"object":..,"created":..,"model":..,["service_tier":..,] up to the choices. An id or a model that
// the provider does not tell is the exchange's.
void append_chat_head(std::string_view object, const ChatHead& head, const ProviderExchange& exchange,
                      std::string& out);

}  // namespace weir::wire
