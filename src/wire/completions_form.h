// OpenAI's Completions as a provider's API: for callers who speak it themselves, whose requests go up as they are. Its
// answers and streams as chat, for usage, the exact cache and flights. Nobody else is asked in it: a model goes on from
// a text here, where in chat it answers it, so its answers are never taken for chat's (answers_as_chat()).
// Thread rule and limits: wire/provider_form.h's; at most kMaxChoices (completions.h) choices an answer that is turned
// into chat, events as ChatStream's.
#pragma once

#include "wire/provider_form.h"

namespace weir::wire {

const ProviderForm& completions_form();

}  // namespace weir::wire
