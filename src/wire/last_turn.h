// The last user turn of a chat: what the semantic cache compares by meaning, and a digest of everything else, which has
// to be equal. Thread rule: pure functions; the request's body is alive. Limits: those of chat_request.h.
#pragma once

#include <optional>
#include <string>

#include "base/hash.h"
#include "wire/chat_request.h"

namespace weir::wire {

struct LastTurn {
    json::Span content;  // its value in the body
    std::string text;    // unescaped
};

// Nothing where the last message is not the user's, or is more than text (images, files), or empty.
std::optional<LastTurn> last_turn(const ChatRequest& request);

// canonical_digest() of the request without the last turn's text. `scope` as there; no partition is a key of the exact
// cache.
Digest256 partition_digest(const ChatRequest& request, const LastTurn& turn, std::string_view scope);

}  // namespace weir::wire
