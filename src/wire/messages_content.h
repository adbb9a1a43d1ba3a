// The conversation of a Messages request: system and messages, with what their blocks hold, as chat's messages.
// Thread rule: pure function.
#pragma once

#include <string>

#include "wire/strict_object.h"

namespace weir::wire::messages {

// Appends the array of chat's messages. `system` may be empty.
Result<void> write_messages(StrictReader& in, json::Span system, json::Span messages, std::string& out);

}  // namespace weir::wire::messages
