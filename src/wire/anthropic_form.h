// Anthropic's Messages as a provider's API: chat requests in its words, its answers and streams as chat
// (docs/providers.md). Thread rule and limits: wire/provider_form.h's.
#pragma once

#include "wire/provider_form.h"

namespace weir::wire {

const ProviderForm& anthropic_form();

// Parts of it, each in a file of its own.
namespace anthropic {

Result<void> request_from_chat(std::string_view chat_body, std::string& error_param, ProviderExchange& exchange,
                               std::string& out);
Result<void> body_to_chat(std::string_view body, const ProviderExchange& exchange, std::string& chat_body);
std::unique_ptr<ProviderStream> stream_to_chat(const ProviderExchange& exchange);
ApiError error_of(unsigned status, std::string_view body);

}  // namespace anthropic

}  // namespace weir::wire
