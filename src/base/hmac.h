// Signatures with a shared secret: HMAC-SHA256 (RFC 2104, by OpenSSL), and base64 (RFC 4648) to write them in.
// Thread rule: pure functions. Limits: none of its own.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/hash.h"

namespace weir {

Digest256 hmac_sha256(std::string_view key, std::string_view bytes);

std::string to_base64(std::string_view bytes);  // padded
// Nothing where it is none: another letter, a length that is no multiple of four.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace weir
