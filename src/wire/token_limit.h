// What chat calls the limit on an answer's tokens, which depends on the model that is asked.
// Thread rule: pure function.
#pragma once

#include <string_view>

namespace weir::wire {

// "max_completion_tokens" or "max_tokens". OpenAI's reasoning models refuse max_tokens; of the others' servers not all
// know max_completion_tokens.
std::string_view token_limit_name(std::string_view model);

}  // namespace weir::wire
