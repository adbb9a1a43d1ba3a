// An answer that no provider made, as a body of the chat API: one choice, a text, and nothing else.
// Thread rule: pure function. Limits: linear in the text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "wire/usage.h"

namespace weir::wire {

std::string render_plain_answer(std::string_view id, std::string_view model, std::int64_t created_unix_s,
                                std::string_view text, const Usage& usage);

}  // namespace weir::wire
