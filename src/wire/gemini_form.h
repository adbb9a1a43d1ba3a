// Gemini's generateContent as a provider's API: chat requests in its words, its answers and streams as chat
// (docs/providers.md). Thread rule and limits: wire/provider_form.h's.
#pragma once

#include "wire/provider_form.h"

namespace weir::wire {

const ProviderForm& gemini_form();

}  // namespace weir::wire
