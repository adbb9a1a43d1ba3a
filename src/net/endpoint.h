// Where to connect to or listen on.
// Thread rule: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weir::net {

struct Endpoint {
    std::string host;  // a name or an address, IPv6 without brackets; for a Unix socket: empty
    std::uint16_t port = 0;
    std::string unix_path;  // a Unix socket, instead of host and port
    bool tls = false;

    std::string to_string() const;  // "host:port", "[::1]:80", "unix:/path"
    bool is_loopback() const;       // 127.0.0.0/8, ::1, localhost or a Unix socket
};

// "http://host[:port][/path]", "https://...", "unix:/path/to.sock[:/http/path]"; the path comes back in `path`, without
// a slash at its end. Error invalid says what is wrong.
Result<Endpoint> parse_url(std::string_view url, std::string& path);

// "host:port", "[::1]:port".
Result<Endpoint> parse_host_port(std::string_view text);

}  // namespace weir::net
