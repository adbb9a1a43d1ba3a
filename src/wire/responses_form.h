// OpenAI's Responses as a provider's API: for callers who speak it themselves, whose requests go up as they are. Its
// answers and streams as chat, for usage, caches and flights. Nobody else is asked in it: chat does for all models that
// have both. Thread rule and limits: wire/provider_form.h's; at most kMaxResponseCalls tool calls an answer.
#pragma once

#include "wire/provider_form.h"

namespace weir::wire {

constexpr std::size_t kMaxResponseCalls = 1024;

const ProviderForm& responses_form();

}  // namespace weir::wire
