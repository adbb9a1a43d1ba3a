// What a request's `host` line says of an endpoint.
// Thread rule: pure. Limits: none.
#pragma once

#include <string>

#include "net/endpoint.h"

namespace weir::net {

// "example.com", "[::1]", with ":8080" where it is not the scheme's port; "localhost" for a Unix socket.
inline std::string host_header(const Endpoint& endpoint) {
    if (!endpoint.unix_path.empty()) return "localhost";
    std::string text = endpoint.to_string();
    if (endpoint.port == (endpoint.tls ? 443 : 80)) text.resize(text.rfind(':'));
    return text;
}

}  // namespace weir::net
